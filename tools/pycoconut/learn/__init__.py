# SPDX-License-Identifier: Apache-2.0
"""What records say of capabilities: which one was missing, and what manifest a program needs."""

from .manifest import Learned, learn
from .need import needed
from .why import Near, Reason, explain

__all__ = ["Learned", "Near", "Reason", "explain", "learn", "needed"]
