# SPDX-License-Identifier: Apache-2.0
"""The machine's TPM 2, as far as the audit chain needs it: to ask for a quote, and to read one."""

from .device import Device, TpmError
from .p256 import PublicPoint
from .quote import Attested, Quote, QuoteError, take_quote

__all__ = [
    "Attested",
    "Device",
    "PublicPoint",
    "Quote",
    "QuoteError",
    "TpmError",
    "take_quote",
]
