# SPDX-License-Identifier: Apache-2.0
"""Guests that our kernels are booted in: one way to run, one to hear the end."""
