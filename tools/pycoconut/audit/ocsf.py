# SPDX-License-Identifier: Apache-2.0
"""Records as events of the Open Cybersecurity Schema Framework (https://schema.ocsf.io, 1.3.0).

An event is a view for other programs' searches: it cannot be verified, and says in
`unmapped` the whole record that it is of.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

from ..abi import Class, Decision, Event
from ..aid import format_aid
from .record import Record

__all__ = ["ocsf_event"]

VERSION = "1.3.0"
OTHER = 99
FILE_ACTIVITY, PROCESS_ACTIVITY, NETWORK_ACTIVITY, API_ACTIVITY = 1001, 1007, 4001, 6003
#: By the class of the object; what is in no other class is a call of the kernel's.
CLASSES: Mapping[Class, int] = {
    Class.FS: FILE_ACTIVITY,
    Class.EXEC: PROCESS_ACTIVITY,
    Class.NET: NETWORK_ACTIVITY,
}
NAMES = {
    FILE_ACTIVITY: "File System Activity",
    PROCESS_ACTIVITY: "Process Activity",
    NETWORK_ACTIVITY: "Network Activity",
    API_ACTIVITY: "API Activity",
}
#: action_id: 1 allowed, 2 denied, 99 other (a permissive agent was let pass); 0 unknown.
ACTIONS = {Decision.NONE: 0, Decision.ALLOWED: 1, Decision.DENIED: 2, Decision.PERMITTED: OTHER}
#: severity_id: 1 informational, 3 medium.
SEVERITIES = {Decision.DENIED: 3, Decision.PERMITTED: 3}
#: EXEC records open with the digest of the program.
DIGEST_SIZE = 32


def ocsf_event(record: Record) -> dict[str, Any]:
    """The event of a record; `time` is milliseconds of its wall clock, which orders nothing."""
    kind = CLASSES.get(record.kind, API_ACTIVITY)
    event: dict[str, Any] = {
        "metadata": {
            "version": VERSION,
            "product": {"name": "Coconut OS", "vendor_name": "Coconut OS"},
            "uid": f"{record.boot.hex()}:{record.seq}",
            "sequence": record.seq,
        },
        "category_uid": kind // 1000,
        "class_uid": kind,
        "class_name": NAMES[kind],
        "activity_id": OTHER,
        "activity_name": record.event.name.lower(),
        "type_uid": kind * 100 + OTHER,
        "time": record.real // 10**6,
        "severity_id": SEVERITIES.get(record.decision, 1),
        "action_id": ACTIONS[record.decision],
        "status_id": 2 if record.result < 0 else 1,
        "status_code": errno.errorcode.get(-record.result, str(record.result)),
        "actor": {"process": {"tid": record.tid}, "user": {"name": format_aid(record.aid)}},
        "device": {"type_id": 0, "uid": record.boot.hex()},
        "unmapped": {**record.to_json(), "mac": record.mac.hex()},
    }
    if record.result == 0:
        del event["status_code"]
    return event | _object(record, kind)


def _object(record: Record, kind: int) -> dict[str, Any]:
    """What it was done to, where the class asks for it."""
    what = record.object
    if record.event == Event.EXEC and len(what) >= DIGEST_SIZE:
        what = what[DIGEST_SIZE:]
    name = what.decode("utf-8", "backslashreplace")
    file = {"name": name.rpartition("/")[2] or name, "path": name, "type_id": 0}
    if kind == FILE_ACTIVITY:
        return {"file": file}
    if kind == PROCESS_ACTIVITY:
        return {"process": {"file": file}}
    if kind == NETWORK_ACTIVITY:
        return {"dst_endpoint": {"name": name}}
    return {"api": {"operation": record.event.name.lower()}, "src_endpoint": {"name": "kernel"}}
