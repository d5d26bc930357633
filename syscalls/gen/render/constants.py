# SPDX-License-Identifier: Apache-2.0
"""tools/pycoconut/abi/constants.py"""

from __future__ import annotations

from ..model import Bit, Bits, EnumItem, Ioctl, Spec
from .text import docstring, python_head, wrap

__all__ = ["names", "render"]

IOC_DIRECTIONS = {"none": 0, "w": 1, "r": 2, "rw": 3}
C_PREFIX = "AGENT_"


def names(spec: Spec) -> list[str]:
    return [
        "RIGHTS",
        *(c.name.removeprefix(C_PREFIX) for c in spec.constants()),
        *(i.name.removeprefix(C_PREFIX) for i in spec.ioctls()),
        *(f"NR_{c.name.upper()}" for c in spec.calls),
        *(d.python for d in spec.groups()),
    ]


def _item(group_prefix: str, item: Bit | EnumItem) -> list[str]:
    value = f"1 << {item.bit}" if isinstance(item, Bit) else str(item.value)
    lines = [f"    {item.name.removeprefix(group_prefix)} = {value}"]
    text = item.note or item.doc
    if text:
        lines += wrap(text, "    #: ")[:1] if len(text) <= 80 else wrap(text, "    #: ")
    return [*lines[1:], lines[0]]


def _literal(text: str) -> str:
    """A number as Python's formatter has it: hexadecimal digits in upper case."""
    return f"0x{text[2:].upper()}" if text.startswith("0x") else text


def _bits(bits: Bits) -> list[str]:
    what = f"Rights of class {bits.name}." if bits.all_name else f"Flags: {bits.name}."
    lines = [f"class {bits.python}(IntFlag):", *docstring(what, "    "), ""]
    for item in bits.items:
        lines += _item(bits.prefix, item)
    return lines


def _ioctl(ioctl: Ioctl, spec: Spec) -> int:
    """The number as _IOC() makes it on the architectures that agents run on."""
    if ioctl.type.startswith("struct "):
        struct = spec.struct(ioctl.type.removeprefix("struct "))
        size = struct.size if struct else 0
    else:
        size = int(ioctl.type[1:]) // 8 if ioctl.type else 0
    direction = IOC_DIRECTIONS[ioctl.direction]
    return direction << 30 | size << 16 | ord(spec.ioctl_type) << 8 | ioctl.nr


def render(spec: Spec) -> str:
    lines = python_head(spec, "Constants, enumerations, flags and rights.", names(spec))
    at = lines.index("__all__ = [")
    lines[at:at] = ["from collections.abc import Mapping", "from enum import IntEnum, IntFlag", ""]
    for constant in spec.constants():
        lines += wrap(constant.note or constant.doc, "#: ")
        lines.append(f"{constant.name.removeprefix(C_PREFIX)} = {_literal(constant.literal)}")
    lines.append("")
    for call in spec.calls:
        lines.append(f"NR_{call.name.upper()} = {call.nr}")
    lines.append("")
    for ioctl in spec.ioctls():
        lines += wrap(ioctl.note or ioctl.doc, "#: ")
        lines.append(
            f"{ioctl.name.removeprefix(C_PREFIX)} = {_literal(f'{_ioctl(ioctl, spec):#010x}')}"
        )
    for bits in spec.bits():
        lines += ["", "", *_bits(bits)]
    for enum in spec.enums():
        what = enum.doc or f"{enum.note[:1].upper()}{enum.note[1:]}."
        lines += ["", "", f"class {enum.python}(IntEnum):", *docstring(what, "    "), ""]
        for item in enum.items:
            lines += _item(enum.prefix, item)
    lines += ["", "", "#: The rights of each class that has some.", *_rights(spec)]
    return "\n".join([*lines, ""])


def _rights(spec: Spec) -> list[str]:
    classes = next(enum for enum in spec.enums() if enum.name == "agent_class")
    rows = [
        f"    {classes.python}.{bits.class_name.removeprefix(classes.prefix)}: {bits.python},"
        for bits in spec.bits()
        if bits.all_name
    ]
    return [f"RIGHTS: Mapping[{classes.python}, type[IntFlag]] = {{", *rows, "}"]
