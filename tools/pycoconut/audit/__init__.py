# SPDX-License-Identifier: Apache-2.0
"""The audit chain: records, seals, logs; verifying, proving, searching them."""

from .log import LogError
from .prove import Proof, ProofError, check_proof, prove
from .query import Filter, records
from .record import Record, RecordError
from .seal import Seal, SealError
from .verify import EXIT_CODES, BootReport, Report, Verdict, verify

__all__ = [
    "EXIT_CODES",
    "BootReport",
    "Filter",
    "LogError",
    "Proof",
    "ProofError",
    "Record",
    "RecordError",
    "Report",
    "Seal",
    "SealError",
    "Verdict",
    "check_proof",
    "prove",
    "records",
    "verify",
]
