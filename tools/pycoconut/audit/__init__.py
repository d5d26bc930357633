# SPDX-License-Identifier: Apache-2.0
"""The audit chain: records, seals, logs; verifying, proving, searching them."""

from .brief import BriefProof, check_brief, prove_briefly
from .checkpoint import Checkpoint, CheckpointError, SealTree, seal_trees
from .checkpoint import compare as compare_checkpoint
from .log import LogError, Progress, files
from .note import NoteError, NoteKey, read_note
from .ocsf import ocsf_event
from .opening import Opening
from .prove import Proof, ProofError, check_proof, prove
from .query import Filter, records
from .quoted import Measured, compare_quote, measured
from .record import Record, RecordError
from .seal import Seal, SealError
from .tlog import consistency
from .verify import EXIT_CODES, BootReport, Report, Verdict, verify
from .witness import Conflict, WitnessError, submit

__all__ = [
    "EXIT_CODES",
    "BootReport",
    "BriefProof",
    "Checkpoint",
    "CheckpointError",
    "Conflict",
    "Filter",
    "LogError",
    "Measured",
    "NoteError",
    "NoteKey",
    "Opening",
    "Progress",
    "Proof",
    "ProofError",
    "Record",
    "RecordError",
    "Report",
    "Seal",
    "SealError",
    "SealTree",
    "Verdict",
    "WitnessError",
    "check_brief",
    "check_proof",
    "compare_checkpoint",
    "compare_quote",
    "consistency",
    "files",
    "measured",
    "ocsf_event",
    "prove",
    "prove_briefly",
    "read_note",
    "records",
    "seal_trees",
    "submit",
    "verify",
]
