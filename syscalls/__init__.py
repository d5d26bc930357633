# SPDX-License-Identifier: Apache-2.0
"""The ABI of Coconut OS, written once (agent.yaml), and its generator (gen)."""
