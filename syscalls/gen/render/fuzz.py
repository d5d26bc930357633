# SPDX-License-Identifier: Apache-2.0
"""tests/fuzz/descriptions.h: what the fuzzer has to know of each call and each of its fields.

A field's kind follows from how the specification speaks of it, so that a new field is
fuzzed by itself: `reserved` must be 0, `x_len` is the length of `x`, `length` alone is
one of memory, a note that begins with "pointer" is one, and so on. What follows no rule
is a number.
"""

from __future__ import annotations

import re

from ..model import Call, Field, Spec, Struct
from .text import source

__all__ = ["kind_of", "render"]

POINTERS = (
    ("CBOR array of capabilities", "FUZZ_CAPS"),
    ("CBOR capability", "FUZZ_CAP"),
    ("COSE_Sign1", "FUZZ_MANIFEST"),
)
"""What stands behind "pointer:", and its kind; the first that fits."""


def _sibling(struct: Struct, name: str) -> int:
    """The index of the field of that name; -1 where there is none."""
    return next((i for i, field in enumerate(struct.fields) if field.name == name), -1)


def _pointer(struct: Struct, field: Field) -> str:
    length = _sibling(struct, f"{field.name}_len")
    if length >= 0 and "out:" in struct.fields[length].note:
        return "FUZZ_ROOM"
    for words, kind in POINTERS:
        if words in field.note:
            return kind
    return "FUZZ_BYTES"


def kind_of(spec: Spec, call: Call, struct: Struct, field: Field) -> tuple[str, int]:
    """The kind of a field, and what goes with it.

    That is for flags those that the call knows, for an enum how many values it has, for
    a length the index of the field whose length it is.
    """
    if field.name == "magic":
        return "FUZZ_MAGIC", 0
    if field.name == "flags":
        known = [bits for bits in spec.bits() if bits.name in call.flags]
        return "FUZZ_FLAGS", sum(bits.mask for bits in known)
    if re.match(r"out(?! of)\b", field.note):
        return "FUZZ_OUT", 0
    if field.name == "aid":
        return "FUZZ_AID", 0
    if field.doc == "Must be 0.":
        return "FUZZ_ZERO", 0
    if field.note.startswith("pointer"):
        return _pointer(struct, field), 0
    if field.name.endswith("_len") and (of := _sibling(struct, field.name[:-4])) >= 0:
        return "FUZZ_LENGTH", of
    if field.name == "length":
        return "FUZZ_PAGES", 0
    if found := re.match(r"enum (\w+)\.$", field.doc):
        return "FUZZ_ENUM", next(len(e.items) for e in spec.enums() if e.name == found[1])
    return "FUZZ_NUMBER", 0


def _fields(spec: Spec, call: Call, struct: Struct) -> list[str]:
    lines = [f"static const struct fuzz_field {call.name}_fields[] = {{"]
    for field, offset in struct.offsets():
        kind, detail = kind_of(spec, call, struct, field)
        words = f'"{field.name}", {offset}, {field.size}, {kind}, {detail:#x}ULL'
        lines.append(f"\t{{ {words} }},")
    return [*lines, "};", ""]


def _errnos(spec: Spec, call: Call) -> list[str]:
    names = ", ".join(spec.errors_of(call))
    return [f"static const int {call.name}_errnos[] = {{ {names}, 0 }};", ""]


def render(spec: Spec) -> str:
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        f"/* {source(spec)} */",
        "#ifndef TESTS_FUZZ_DESCRIPTIONS_H",
        "#define TESTS_FUZZ_DESCRIPTIONS_H",
        "",
        '#include "describe.h"',
        "",
    ]
    rows = []
    for call in spec.calls:
        struct = spec.struct(call.args)
        assert struct is not None
        lines += _fields(spec, call, struct) + _errnos(spec, call)
        rows.append(
            f'\t{{ "{call.name}", {call.nr}, {struct.size}, {struct.min_size}, '
            f"{len(struct.fields)}, {call.name}_fields, {call.name}_errnos }},"
        )
    lines += ["static const struct fuzz_call fuzz_calls[] = {", *rows, "};", ""]
    return "\n".join([*lines, "#endif /* TESTS_FUZZ_DESCRIPTIONS_H */", ""])
