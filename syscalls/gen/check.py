# SPDX-License-Identifier: Apache-2.0
"""What a specification must hold to beyond its form.

Each rule is a function from the specification to (line, message) pairs; RULES
is the list of them.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator

from .model import SIZES, Bits, Spec
from .parse import Complaint, SpecError

__all__ = ["RULES", "check"]

Found = Iterator[tuple[int, str]]

# Mainline has given out or is about to give out what lies below; above 511 stand x32's numbers.
FIRST_NR, LAST_NR = 472, 511
# An ENOSYS of its own would make a call look absent: the magic alone may answer it.
RESERVED_ERRNOS = frozenset({"ENOSYS"})


def check(spec: Spec) -> None:
    """Applies every rule.

    Raises:
        SpecError: At least one is broken; all that are stand in it.
    """
    complaints = [
        Complaint(spec.path, line, message) for rule in RULES for line, message in rule(spec)
    ]
    if complaints:
        raise SpecError(complaints)


def _twice(pairs: Iterable[tuple[int, object]], what: str) -> Found:
    seen: dict[object, int] = {}
    for line, key in pairs:
        if key in seen:
            yield line, f"{what} {key} is taken by line {seen[key]}"
        else:
            seen[key] = line


def _names(spec: Spec) -> Found:
    """No name twice: in C they share one name space, and so do the Python classes."""

    def c_names() -> Iterator[tuple[int, object]]:
        for constant in spec.constants():
            yield constant.line, constant.name
        for group in spec.groups():
            for item in group.items:
                yield item.line, item.name
            if isinstance(group, Bits) and group.all_name:
                yield group.line, group.all_name
        for ioctl in spec.ioctls():
            yield ioctl.line, ioctl.name

    yield from _twice(c_names(), "the name")
    classes = [(d.line, d.python) for d in spec.groups()]
    yield from _twice(classes + [(d.line, d.python) for d in spec.structs()], "the Python name")
    tags = [(d.line, d.name) for d in spec.enums()]
    yield from _twice(tags + [(d.line, d.name) for d in spec.structs()], "the tag")


def _prefixes(spec: Spec) -> Found:
    for group in spec.groups():
        for item in group.items:
            if not item.name.startswith(group.prefix) or item.name == group.prefix:
                yield item.line, f"{item.name} does not start with {group.prefix}"


def _values(spec: Spec) -> Found:
    for enum in spec.enums():
        yield from _twice(((item.line, item.value) for item in enum.items), "the value")
        for want, item in enumerate(sorted(enum.items, key=lambda i: i.value)):
            if item.value != want:
                yield item.line, f"enum {enum.name} leaves out {want}"
                break
    for bits in spec.bits():
        yield from _twice(((item.line, item.bit) for item in bits.items), "the bit")
    for constant in spec.constants():
        if constant.value >= 1 << 64 or (constant.value >= 1 << 31 and not constant.wide):
            yield constant.line, f"{constant.name} does not fit; is it a u64?"


def _rights(spec: Spec) -> Found:
    """Rights are dense from bit 0, so that ..._ALL is one expression; their class exists."""
    classes = {item.name for enum in spec.enums() for item in enum.items}
    for bits in spec.bits():
        if not bits.all_name:
            continue
        if bits.class_name not in classes:
            yield bits.line, f"no class {bits.class_name}"
        for want, item in enumerate(bits.items):
            if item.bit != want:
                yield item.line, f"{item.name} is bit {item.bit}; the next one is {want}"
                break


def _flags(spec: Spec) -> Found:
    """The flags of one call do not overlap."""
    groups = {bits.name: bits for bits in spec.bits() if not bits.all_name}
    for call in spec.calls:
        mask = 0
        for name in call.flags:
            if name not in groups:
                yield call.line, f"{call.name}: no flags {name}"
                continue
            if mask & groups[name].mask:
                yield call.line, f"{call.name}: the flags of {name} overlap with others"
            mask |= groups[name].mask


def _layout(spec: Spec) -> Found:
    """No hole, natural alignment, the same on 32 and 64 bits."""
    for struct in spec.structs():
        yield from _twice(((f.line, f.name) for f in struct.fields), f"{struct.name}: the field")
        for field, offset in struct.offsets():
            size = SIZES[field.type]
            if offset % size:
                yield field.line, f"{field.name} is at byte {offset}, no multiple of {size}"
        if struct.size % 8:
            yield struct.line, f"{struct.name} is {struct.size} bytes, no multiple of 8"
        ends = {offset + field.size for field, offset in struct.offsets()}
        if struct.min_size not in ends:
            yield struct.line, f"{struct.name}: no field ends at its min_size, {struct.min_size}"


def _docs(spec: Spec) -> Found:
    """Nothing goes into the reference page without a word on it."""

    def documented() -> Iterator[tuple[int, str, str]]:
        for constant in spec.constants():
            yield constant.line, constant.name, constant.note + constant.doc
        for group in spec.groups():
            for item in group.items:
                yield item.line, item.name, item.note + item.doc
        for struct in spec.structs():
            for field in struct.fields:
                yield field.line, field.name, field.note + field.doc
        for ioctl in spec.ioctls():
            yield ioctl.line, ioctl.name, ioctl.note + ioctl.doc

    for line, name, text in documented():
        if not text:
            yield line, f"{name} has neither note nor doc"


def _calls(spec: Spec) -> Found:
    yield from _twice(((call.line, call.nr) for call in spec.calls), "the number")
    yield from _twice(((call.line, call.name) for call in spec.calls), "the call")
    yield from _twice(((call.line, call.args) for call in spec.calls), "the structure")
    for call in spec.calls:
        if not FIRST_NR <= call.nr <= LAST_NR:
            yield call.line, f"{call.name}: {call.nr} is not between {FIRST_NR} and {LAST_NR}"
        struct = spec.struct(call.args)
        if struct is None:
            yield call.line, f"{call.name}: no struct {call.args}"
            continue
        head = [(f.name, f.type) for f in struct.fields[:2]]
        if head != [("magic", "u64"), ("flags", "u64")]:
            yield struct.line, f"{struct.name} does not open with u64 magic, u64 flags"
        if call.names_agent and ("aid", "u64") not in [(f.name, f.type) for f in struct.fields]:
            yield struct.line, f"{struct.name} names an agent and has no u64 aid"


def _errors(spec: Spec) -> Found:
    own = [error for call in spec.calls for error in call.errors]
    for error in (*spec.errors, *spec.agent_errors, *own):
        if not hasattr(errno, error.name):
            yield error.line, f"no errno {error.name}"
    for error in (*spec.agent_errors, *own):
        if error.name in RESERVED_ERRNOS:
            yield error.line, f"{error.name} is not a call's own to answer"


def _ioctl_numbers(spec: Spec) -> Found:
    yield from _twice(((i.line, i.nr) for i in spec.ioctls()), "the ioctl number")
    tags = {f"struct {struct.name}" for struct in spec.structs()}
    for ioctl in spec.ioctls():
        if (ioctl.direction == "none") != (ioctl.type == ""):
            yield ioctl.line, f"{ioctl.name}: a type goes with a direction, and with it only"
        elif ioctl.type and ioctl.type not in SIZES and ioctl.type not in tags:
            yield ioctl.line, f"{ioctl.name}: no type {ioctl.type}"


RULES: tuple[Callable[[Spec], Found], ...] = (
    _names,
    _prefixes,
    _values,
    _rights,
    _flags,
    _layout,
    _docs,
    _calls,
    _errors,
    _ioctl_numbers,
)
