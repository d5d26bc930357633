# SPDX-License-Identifier: Apache-2.0
"""One capability, and its CBOR. Form: syscalls/capability.cddl."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from .. import cbor
from ..abi import RIGHTS, Class
from .limits import NO_LIMITS, Limits
from .objects import OBJECTS, Object, Path
from .words import CapError, check_path, escape, star

__all__ = ["Capability", "decode", "decode_list", "encode_list"]

CARVES_MAX = 64


@dataclass(frozen=True)
class Capability:
    """One capability.

    Attributes:
        kind: Its class.
        object: What it speaks of.
        rights: The RIGHTS of its class; at least one.
        limits: Constraints.
        carves: Hierarchies beneath the object that it does not cover; fs and exec only.
        id: The kernel's number for it; 0: not granted yet.
        parent: What it was derived from; 0: nothing.
    """

    kind: Class
    object: Object
    rights: IntFlag
    limits: Limits = NO_LIMITS
    carves: tuple[bytes, ...] = ()
    id: int = 0
    parent: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.object, OBJECTS.get(self.kind, ())):
            raise CapError(f"class {self.kind.name.lower()} has no such object")
        known = RIGHTS[self.kind]
        object.__setattr__(self, "rights", known(int(self.rights)))
        every = 0
        for right in known:
            every |= int(right)
        if not self.rights or int(self.rights) & ~every:
            raise CapError(f"rights of {self.kind.name.lower()}: {int(self.rights):#x}")
        self._check_carves()

    def _check_carves(self) -> None:
        if not self.carves:
            return
        if not isinstance(self.object, Path):
            raise CapError("except goes with a hierarchy")
        if len(self.carves) > CARVES_MAX:
            raise CapError(f"at most {CARVES_MAX} exceptions")
        above = self.object.path.rstrip(b"/") + b"/"
        for carve in self.carves:
            check_path(carve)
            if not carve.startswith(above) or len(carve) == len(above):
                raise CapError(f"except={escape(carve)} is not beneath {escape(self.object.path)}")

    def __str__(self) -> str:
        rights = ",".join(r.name.lower() for r in RIGHTS[self.kind] if r in self.rights and r.name)
        parts = [f"{self.kind.name.lower()}:{self.object}:{rights}", *self.limits.text()]
        parts += [f"except={star(escape(carve))}" for carve in self.carves]
        return ";".join(parts)

    def to_cbor(self) -> dict[int, Any]:
        """The map of syscalls/capability.cddl, without id and parent."""
        value: dict[int, Any] = {
            1: int(self.kind),
            2: self.object.cbor(),
            3: int(self.rights),
        }
        limits = self.limits.cbor()
        if limits:
            value[4] = limits
        if self.carves:
            value[5] = list(self.carves)
        return value

    def encode(self) -> bytes:
        """Deterministic CBOR, as agent_cap_grant() and agent_cap_present() take it."""
        return cbor.encode(self.to_cbor())

    @classmethod
    def from_cbor(cls, value: Any, *, written_by_kernel: bool = False) -> Capability:
        """Reads a decoded map; keys 6 and 7 only where the kernel wrote it.

        Raises:
            CapError: It is no capability.
        """
        _refuse_truth(value)
        most = 7 if written_by_kernel else 5
        if not isinstance(value, dict) or not {1, 2, 3} <= set(value) <= set(range(1, most + 1)):
            raise CapError("no capability: keys 1, 2, 3 are needed, others not known")
        if value[1] not in list(OBJECTS) or type(value[3]) is not int:
            raise CapError("no capability: class or rights")
        kind = Class(value[1])
        carves = value.get(5, [])
        if 5 in value and not (isinstance(carves, list) and carves):
            raise CapError("exceptions are a list")
        if not all(isinstance(carve, bytes) for carve in carves):
            raise CapError("an exception is a byte string")
        return cls(
            kind=kind,
            object=_object(kind, value[2]),
            rights=_rights(kind, value[3]),
            limits=Limits.from_cbor(value[4]) if 4 in value else NO_LIMITS,
            carves=tuple(carves),
            id=value.get(6, 0),
            parent=value.get(7, 0),
        )


def _refuse_truth(value: Any, key: int = 0) -> None:
    """True and False are no numbers here, though Python has them so; approval is the exception."""
    if isinstance(value, bool) and key != 5:
        raise CapError("true or false where a number stands")
    if isinstance(value, dict):
        for inner, item in value.items():
            _refuse_truth(item, inner if isinstance(item, bool) else 0)
    elif isinstance(value, list):
        for item in value:
            _refuse_truth(item)


def _object(kind: Class, value: Any) -> Object:
    problem = CapError("no object")
    for form in OBJECTS[kind]:
        try:
            return form.from_cbor(value)
        except CapError as error:
            problem = error
    raise problem


def _rights(kind: Class, value: int) -> IntFlag:
    every = 0
    for right in RIGHTS[kind]:
        every |= int(right)
    if not 0 < value <= every:
        raise CapError(f"rights of {kind.name.lower()}: {value:#x}")
    return RIGHTS[kind](value)


def decode(data: bytes, *, written_by_kernel: bool = False) -> Capability:
    """Reads one capability in CBOR.

    Raises:
        CapError: It is none.
        CborError: It is not deterministic CBOR.
    """
    return Capability.from_cbor(cbor.decode(data), written_by_kernel=written_by_kernel)


def encode_list(caps: list[Capability] | tuple[Capability, ...]) -> bytes:
    """A CBOR array of capabilities, as agent_spawn() takes it."""
    return cbor.encode([cap.to_cbor() for cap in caps])


def decode_list(data: bytes) -> tuple[Capability, ...]:
    """What encode_list() made. Raises as decode()."""
    value = cbor.decode(data)
    if not isinstance(value, list):
        raise CapError("no array of capabilities")
    return tuple(Capability.from_cbor(item) for item in value)
