# SPDX-License-Identifier: Apache-2.0
"""A record of the chain: the bytes that are hashed, and its line in chain.log.

The line is JSON in one form only, from which the bytes follow exactly. Parsing is
the hot loop of the verifier, hence one pattern and one function for all of it.
Form: syscalls/record.cddl.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import cbor
from ..abi import Class, Decision, Event
from ..aid import format_aid
from ..errors import CoconutError

__all__ = [
    "LINE",
    "LINE_MAX",
    "MAC_SIZE",
    "Record",
    "RecordError",
    "event_bytes",
    "object_bytes",
    "object_text",
]

MAC_SIZE = 32
#: Bytes of the longest line, its LF included.
LINE_MAX = 2048
OBJECT_MAX = 256

_N = rb"(0|[1-9][0-9]{0,19})"
_I = rb"(0|-?[1-9][0-9]{0,18})"
_PLAIN = rb"[ !#-\[\]-~]*"
#: A whole line, its LF included. Nothing else than this is a record.
LINE = re.compile(
    rb'\{"seq":' + _N + rb',"boot":"([0-9a-f]{32})","mono":' + _N + rb',"real":' + _I
    + rb',"cpu":' + _N + rb',"aid":"a:([0-9]{5}|[1-9][0-9]{5,19})","tid":' + _N
    + rb',"event":"([a-z]+)","class":"([a-z]+)","decision":"([a-z]+)","cap":' + _N
    + rb',"rights":' + _N + rb',"object":"(' + _PLAIN
    + rb'(?:\\(?:["\\]|u00[0-9a-f]{2})' + _PLAIN + rb')*)","result":'
    + _I + rb',"mac":"([0-9a-f]{64})"\}\n'
)  # fmt: skip
ESCAPE = re.compile(rb'\\(?:(["\\])|u00([0-9a-f]{2}))')


class RecordError(CoconutError):
    """Bytes or a line that are no record."""


def _codes(kind: type[Event] | type[Class] | type[Decision]) -> dict[bytes, bytes]:
    return {member.name.lower().encode(): cbor.head(cbor.UINT, member) for member in kind}


_EVENTS, _CLASSES, _DECISIONS = _codes(Event), _codes(Class), _codes(Decision)
_SMALL = [cbor.head(cbor.UINT, n) for n in range(1024)]
_OBJECT_HEADS = [cbor.head(cbor.BYTES, n) for n in range(OBJECT_MAX + 1)]
_I64, _I32 = 1 << 63, 1 << 31
#: Array of 14, then the head of a byte string of 16.
_START = b"\x8e\x50"


def _uint(value: int) -> bytes:
    return _SMALL[value] if value < 1024 else cbor.head(cbor.UINT, value)


def _int(value: int) -> bytes:
    return _uint(value) if value >= 0 else cbor.head(cbor.NEGATIVE, -1 - value)


def _unescape(text: bytes) -> bytes:
    data = ESCAPE.sub(lambda m: m[1] or bytes((int(m[2], 16),)), text)
    # One byte has one spelling: what needs no escape must have none.
    if object_text(data).encode() != text:
        raise RecordError("an object with an escape that it does not need")
    return data


def object_bytes(text: bytes) -> bytes:
    """What object_text() made, from the line.

    Raises:
        RecordError: It has an escape where none belongs.
    """
    return _unescape(text) if b"\\" in text else text


def event_bytes(match: re.Match[bytes]) -> bytes:
    """The bytes that are hashed, of a line that LINE matched.

    Raises:
        RecordError: A name is unknown, a number too large.
    """
    (seq, boot, mono, real, cpu, aid, tid, event, klass, decision, cap, rights, what, result, _) = (
        match.groups()
    )
    if b"\\" in what:
        what = _unescape(what)
    real_ns, code = int(real), int(result)
    cpu_number, task = int(cpu), int(tid)
    try:
        # Times are far above 2^32: eight bytes, but for the first seconds of a boot.
        mono_ns = int(mono)
        data = (
            _START
            + bytes.fromhex(boot.decode())
            + _uint(int(seq))
            + (b"\x1b" + mono_ns.to_bytes(8, "big") if mono_ns >> 32 else _uint(mono_ns))
            + (b"\x1b" + real_ns.to_bytes(8, "big") if real_ns >> 32 > 0 else _int(real_ns))
            + _uint(cpu_number)
            + _uint(int(aid))
            + _uint(task)
            + _EVENTS[event]
            + _CLASSES[klass]
            + _DECISIONS[decision]
            + _uint(int(cap))
            + _uint(int(rights))
            + _OBJECT_HEADS[len(what)]
            + what
            + _int(code)
        )
    except (KeyError, IndexError, OverflowError, cbor.CborError):
        raise RecordError("a name or a number that no record has") from None
    if not -_I32 <= code < _I32 or not -_I64 <= real_ns < _I64 or (cpu_number | task) >> 32:
        raise RecordError("a number that does not fit")
    return data


def object_text(data: bytes) -> str:
    """An object as the line shows it, without its quotes."""
    return "".join(
        (f"\\{chr(b)}" if b in b'"\\' else chr(b)) if 0x20 <= b <= 0x7E else f"\\u00{b:02x}"
        for b in data
    )


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes:
        boot: Boot id, 16 bytes.
        seq: Dense in a boot, from 1; orders time.
        mono: Nanoseconds, CLOCK_MONOTONIC.
        real: Nanoseconds, CLOCK_REALTIME.
        cpu: The CPU that made it.
        aid: The agent that acted.
        tid: The task, in the initial PID namespace; 0: none.
        event: What happened.
        kind: Of which class the object is.
        decision: What was decided.
        capability: The capability that decided; 0: none.
        rights: Of the class, all that were asked for; 0: none were. With RIGHT_NEVER among
            them, something that no capability gives.
        object: What it was done to; at most 256 bytes.
        result: 0 or a negative errno.
        mac: 32 bytes; not part of what is hashed. Empty where it is not known.
    """

    boot: bytes
    seq: int
    mono: int
    real: int
    cpu: int
    aid: int
    tid: int
    event: Event
    kind: Class
    decision: Decision
    capability: int
    rights: int
    object: bytes
    result: int
    mac: bytes = b""

    def encode(self) -> bytes:
        """The bytes that are hashed."""
        return cbor.encode(
            [
                self.boot,
                self.seq,
                self.mono,
                self.real,
                self.cpu,
                self.aid,
                self.tid,
                int(self.event),
                int(self.kind),
                int(self.decision),
                self.capability,
                self.rights,
                self.object,
                self.result,
            ]
        )

    def line(self) -> bytes:
        """The line of chain.log, its LF included."""
        text = (
            f'{{"seq":{self.seq},"boot":"{self.boot.hex()}","mono":{self.mono}'
            f',"real":{self.real},"cpu":{self.cpu},"aid":"{format_aid(self.aid)}"'
            f',"tid":{self.tid},"event":"{self.event.name.lower()}"'
            f',"class":"{self.kind.name.lower()}","decision":"{self.decision.name.lower()}"'
            f',"cap":{self.capability},"rights":{self.rights}'
            f',"object":"{object_text(self.object)}"'
            f',"result":{self.result},"mac":"{self.mac.hex()}"}}\n'
        )
        return text.encode()

    @classmethod
    def parse(cls, line: bytes) -> Record:
        """Reads a line of chain.log, its LF included.

        Raises:
            RecordError: It is not the line of a record, to the byte.
        """
        match = LINE.fullmatch(line)
        if match is None:
            raise RecordError("not the line of a record")
        mac = bytes.fromhex(match[15].decode())
        return cls.from_value(cbor.decode(event_bytes(match)), mac)

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """Reads the bytes that are hashed.

        Raises:
            RecordError: They are no record.
            CborError: They are not deterministic CBOR.
        """
        return cls.from_value(cbor.decode(data))

    @classmethod
    def from_value(cls, value: Any, mac: bytes = b"") -> Record:
        """Of the decoded array."""
        if not isinstance(value, list) or len(value) != 14:
            raise RecordError("a record is an array of 14")
        boot, what = value[0], value[12]
        numbers = [item for i, item in enumerate(value) if i not in (0, 12)]
        if not isinstance(boot, bytes) or len(boot) != 16 or not isinstance(what, bytes):
            raise RecordError("boot id and object are byte strings")
        if len(what) > OBJECT_MAX or any(type(n) is not int for n in numbers):
            raise RecordError("a record holds numbers, and an object of at most 256 bytes")
        if any(n < 0 for n in (*numbers[:2], *numbers[3:-1])):
            raise RecordError("a negative number where none may be")
        if not -_I64 <= value[3] < _I64 or not -_I32 <= value[13] < _I32:
            raise RecordError("a number that does not fit")
        try:
            event, kind, decision = Event(value[7]), Class(value[8]), Decision(value[9])
        except ValueError as error:
            raise RecordError(str(error)) from None
        seq, mono, real, cpu, aid, tid = value[1:7]
        capability, rights, result = value[10], value[11], value[13]
        return cls(
            boot,
            seq,
            mono,
            real,
            cpu,
            aid,
            tid,
            event,
            kind,
            decision,
            capability,
            rights,
            what,
            result,
            mac,
        )

    def to_json(self) -> Mapping[str, Any]:
        """For programs: as the line has it, less the mac."""
        return {
            "seq": self.seq,
            "boot": self.boot.hex(),
            "mono": self.mono,
            "real": self.real,
            "cpu": self.cpu,
            "aid": format_aid(self.aid),
            "tid": self.tid,
            "event": self.event.name.lower(),
            "class": self.kind.name.lower(),
            "decision": self.decision.name.lower(),
            "cap": self.capability,
            "rights": self.rights,
            "object": self.object.decode("utf-8", "backslashreplace"),
            "result": self.result,
        }
