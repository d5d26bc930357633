# SPDX-License-Identifier: Apache-2.0
"""tools/pycoconut/abi/structs.py"""

from __future__ import annotations

from ..model import Field, Spec, Struct
from .text import python_head, wrap

__all__ = ["names", "render"]

CTYPES = {
    "u8": "c_uint8",
    "u16": "c_uint16",
    "u32": "c_uint32",
    "u64": "c_uint64",
    "s32": "c_int32",
    "s64": "c_int64",
}


def names(spec: Spec) -> list[str]:
    return ["MIN_SIZES", "OFFSETS", *(struct.python for struct in spec.structs())]


def _field(field: Field) -> str:
    kind = f"ctypes.{CTYPES[field.type]}"
    if field.count:
        kind += f" * {field.count}"
    return f'        ("{field.name}", {kind}),'


def _annotation(field: Field) -> str:
    return f"ctypes.Array[ctypes.{CTYPES[field.type]}]" if field.count else "int"


def _struct(struct: Struct) -> list[str]:
    lines = [f"class {struct.python}(ctypes.Structure):", f'    """struct {struct.name}', ""]
    for field in struct.fields:
        lines += wrap(f"{field.name}: {field.note or field.doc}", "        ", first="    ")
    lines += ['    """', "", "    _fields_: ClassVar = ["]
    lines += [_field(field) for field in struct.fields]
    lines += ["    ]", ""]
    return lines + [f"    {field.name}: {_annotation(field)}" for field in struct.fields]


def render(spec: Spec) -> str:
    lines = python_head(spec, "The argument structures, as ctypes lays them out.", names(spec))
    at = lines.index("__all__ = [")
    lines[at:at] = [
        "import ctypes",
        "from collections.abc import Mapping",
        "from typing import ClassVar",
        "",
    ]
    structs = list(spec.structs())
    for struct in structs:
        lines += ["", *_struct(struct), ""]
    lines += [
        "",
        "#: The size of each structure's first version, in bytes.",
        "MIN_SIZES: Mapping[type[ctypes.Structure], int] = {",
        *(f"    {struct.python}: {struct.min_size}," for struct in structs),
        "}",
        "",
        "#: Where each field stands, in bytes, as the specification counts it.",
        "OFFSETS: Mapping[type[ctypes.Structure], Mapping[str, int]] = {",
    ]
    for struct in structs:
        lines.append(f"    {struct.python}: {{")
        lines += [f'        "{field.name}": {offset},' for field, offset in struct.offsets()]
        lines.append("    },")
    return "\n".join([*lines, "}", ""])
