# SPDX-License-Identifier: Apache-2.0
"""The build half: from the base and our rooms to a kernel, and from there to a tested guest."""
