# SPDX-License-Identifier: Apache-2.0
"""Coconut OS from user space: the agent calls, and what builds and tests the system."""
