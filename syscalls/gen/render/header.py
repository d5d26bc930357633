# SPDX-License-Identifier: Apache-2.0
"""include/uapi/linux/agent.h"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..model import Bits, Constants, Enum, Ioctl, Ioctls, Spec, Struct
from .text import TAB, source, tabbed

__all__ = ["render"]

COLUMN = 32
IOC = {"none": "_IO", "r": "_IOR", "w": "_IOW", "rw": "_IOWR"}


def _note(text: str) -> str:
    return f"\t/* {text} */" if text else ""


def _lead(note: str) -> list[str]:
    return [f"/* {note} */"] if note else []


def _defines(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    entries = list(rows)
    longest = max(len(f"#define {name}") for name, _, _ in entries)
    column = max(COLUMN, (longest // TAB + 1) * TAB)
    return [
        tabbed(f"#define {name}", column) + value + _note(note) for name, value, note in entries
    ]


def _constants(block: Constants, _spec: Spec) -> list[str]:
    return _lead(block.note) + _defines((i.name, i.text, i.note) for i in block.items)


def _bits(block: Bits, _spec: Spec) -> list[str]:
    rows = [(i.name, f"(1ULL << {i.bit})", i.note) for i in block.items]
    if block.all_name:
        one = len(block.items) == 1
        every = block.items[0].name if one else f"((1ULL << {len(block.items)}) - 1)"
        rows.append((block.all_name, every, ""))
    return _lead(block.note) + _defines(rows)


def _enum(block: Enum, _spec: Spec) -> list[str]:
    longest = max(TAB + len(item.name) for item in block.items)
    column = (longest // TAB + 1) * TAB
    return [
        *_lead(block.note),
        f"enum {block.name} {{",
        *(tabbed(f"\t{i.name}", column) + f"= {i.value}," + _note(i.note) for i in block.items),
        "};",
    ]


def _struct(block: Struct, _spec: Spec) -> list[str]:
    lines = [*_lead(block.note), f"struct {block.name} {{"]
    for field in block.fields:
        count = f"[{field.count_text}]" if field.count else ""
        text = f"\t__{field.type} {field.name}{count};"
        lines.append(tabbed(text, COLUMN) + f"/* {field.note} */" if field.note else text)
    return [*lines, "};"]


def _ioctl_value(ioctl: Ioctl, spec: Spec) -> str:
    kind = ioctl.type if ioctl.type.startswith("struct ") else f"__{ioctl.type}"
    rest = f", {kind}" if ioctl.type else ""
    return f"{IOC[ioctl.direction]}('{spec.ioctl_type}', {ioctl.nr:#x}{rest})"


def _ioctls(block: Ioctls, spec: Spec) -> list[str]:
    return _lead(block.note) + _defines(
        (i.name, _ioctl_value(i, spec), i.note) for i in block.items
    )


RENDER: dict[type, Callable[[Any, Spec], list[str]]] = {
    Constants: _constants,
    Bits: _bits,
    Enum: _enum,
    Struct: _struct,
    Ioctls: _ioctls,
}


def render(spec: Spec) -> str:
    lines = [
        "/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */",
        f"/* {source(spec)} */",
        f"#ifndef {spec.guard}",
        f"#define {spec.guard}",
        "",
        "#include <linux/types.h>",
        "",
    ]
    for definition in spec.definitions:
        lines += [*RENDER[type(definition)](definition, spec), ""]
    return "\n".join([*lines, f"#endif /* {spec.guard} */", ""])
