# SPDX-License-Identifier: Apache-2.0
"""Documentation/userspace-api/coconut/abi.rst"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import Bits, Call, Constants, Enum, Ioctls, Spec, Struct
from .text import source, wrap

__all__ = ["render"]

INTRO = (
    "Each call takes ``(struct *args, size_t size)``: a pointer to its structure and the size "
    "that the caller knows it by. A structure grows at its end. A caller that knows less gets "
    "what it knows; a caller that knows more must have left zero what this kernel does not "
    "know. Each structure opens with ``AGENT_MAGIC``. A call answers 0, or -1 with errno set.",
    "Every number here is of one ABI for all architectures; ``/agent/abi`` says which version "
    "and which parts a running kernel has.",
)


def _title(text: str, mark: str) -> list[str]:
    return [text, mark * len(text), ""]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        for i, cell in enumerate(row):
            lead = "   * - " if i == 0 else "     - "
            lines += wrap(cell, "       ", first=lead, width=96) or [lead.rstrip()]
    return [*lines, ""]


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", ":", "?")) else f"{text}."


def _prose(text: str) -> str:
    """A line of the specification as the page shows it: `a_call()` and CONSTANT in code."""
    words = []
    for word in text.split(" "):
        bare = word.rstrip(".,;:)")
        name = bare.strip("(")
        if name.endswith("(") or name.startswith(("AGENT_", "/agent")):
            words.append(word.replace(name, f"``{name}``"))
        elif "*" in word:
            words.append(word.replace("*", "\\*"))
        else:
            words.append(word)
    return " ".join(words)


def _call(call: Call, spec: Spec) -> list[str]:
    struct = spec.struct(call.args)
    lines = [f".. _{call.name}:", "", *_title(f"{call.name}, {call.nr}", "-")]
    lines += [f"``{call.signature}``", "", *wrap(_prose(call.doc)), ""]
    if struct:
        lines += _struct(struct)
    groups = {bits.name: bits for bits in spec.bits() if not bits.all_name}
    flags = [item for name in call.flags for item in groups[name].items]
    if flags:
        lines += _table(
            ("Flag", "Meaning"),
            ((f"``{item.name}``", _prose(_sentence(item.note or item.doc))) for item in flags),
        )
    errors = (
        (f"``{name}``", _prose(" Or: ".join(texts))) for name, texts in spec.errors_of(call).items()
    )
    return lines + _table(("Error", "Meaning"), errors)


def _struct(struct: Struct) -> list[str]:
    rows = (
        (
            str(offset),
            f"``__{field.type} {field.name}" + (f"[{field.count_text}]``" if field.count else "``"),
            _prose(_sentence(field.note or field.doc)),
        )
        for field, offset in struct.offsets()
    )
    lead = f"``struct {struct.name}``: {struct.size} bytes, {struct.min_size} at the least."
    return [lead, "", *_table(("Byte", "Field", "Meaning"), rows)]


def _enum(enum: Enum) -> list[str]:
    rows = (
        (f"``{item.name}``", str(item.value), _prose(_sentence(item.note or item.doc)))
        for item in enum.items
    )
    return [
        *_title(f"enum {enum.name}", "-"),
        *wrap(_prose(_sentence(enum.doc or enum.note))),
        "",
        *_table(("Name", "Value", "Meaning"), rows),
    ]


def _rights(bits: Bits) -> list[str]:
    rows = (
        (f"``{item.name}``", str(item.bit), _prose(_sentence(item.note or item.doc)))
        for item in bits.items
    )
    return [
        *_title(f"Rights of class {bits.name}", "-"),
        f"All of them: ``{bits.all_name}``.",
        "",
        *_table(("Name", "Bit", "Meaning"), rows),
    ]


def render(spec: Spec) -> str:
    lines = [f".. {source(spec)}", ".. SPDX-License-Identifier: GPL-2.0", ""]
    lines += [*_title("The eight calls, their structures and errors", "=")]
    for text in INTRO:
        lines += [*wrap(text), ""]
    lines += _title("Calls", "=")
    for call in spec.calls:
        lines += _call(call, spec)
    lines += _title("Constants", "=")
    constants = (
        (f"``{item.name}``", f"``{item.literal}``", _prose(_sentence(item.doc or item.note)))
        for block in spec.definitions
        if isinstance(block, Constants)
        for item in block.items
    )
    lines += _table(("Name", "Value", "Meaning"), constants)
    for bits in spec.bits():
        if bits.all_name:
            lines += _rights(bits)
    for enum in spec.enums():
        lines += _enum(enum)
    lines += _title("ioctls", "=")
    called = {call.args for call in spec.calls}
    for struct in spec.structs():
        if struct.name not in called:
            lines += _struct(struct)
    ioctls = (
        (f"``{item.name}``", block.name, _prose(_sentence(item.doc or item.note)))
        for block in spec.definitions
        if isinstance(block, Ioctls)
        for item in block.items
    )
    lines += _table(("Name", "File", "Meaning"), ioctls)
    return "\n".join(lines[:-1]) + "\n"
