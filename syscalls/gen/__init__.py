# SPDX-License-Identifier: Apache-2.0
"""Renders syscalls/agent.yaml: parse, check, one renderer an output."""
