# SPDX-License-Identifier: Apache-2.0
"""Reads a specification: YAML, then its form against the schema, then the model.

Each complaint names the file and the line it stands on, and all are collected:
who edits a specification sees every mistake at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from .model import (
    Bit,
    Bits,
    Call,
    Constant,
    Constants,
    Definition,
    Enum,
    EnumItem,
    ErrorText,
    Field,
    Ioctl,
    Ioctls,
    Spec,
    Struct,
)

__all__ = ["SCHEMA", "Complaint", "SpecError", "parse"]

SCHEMA = Path(__file__).parent.parent / "agent.schema.json"

KINDS = ("constants", "flags", "rights", "enum", "struct", "ioctls")

Where = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Complaint:
    """One mistake, on one line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class SpecError(Exception):
    """The specification is wrong; `complaints` says where."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = sorted(complaints)
        super().__init__("\n".join(str(c) for c in self.complaints))


@dataclass
class _Document:
    path: Path
    lines: dict[Where, int] = field(default_factory=dict)
    texts: dict[Where, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def complain(self, line: int, message: str) -> None:
        self.complaints.append(Complaint(self.path, line, message))

    def value(self, node: yaml.Node, where: Where) -> Any:
        """Plain data of a node; notes the line of each part and the text of each scalar."""
        self.lines[where] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, i)) for i, item in enumerate(node.value)]
        self.texts[where] = node.value
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in node.value:
            if key.value in found:
                self.complain(key.start_mark.line + 1, f"{key.value} stands twice")
            found[key.value] = self.value(item, (*where, key.value))
            self.lines[(*where, key.value)] = key.start_mark.line + 1
        return found


def _scalar(node: yaml.Node) -> Any:
    constructor = yaml.SafeLoader("")
    try:
        return constructor.construct_object(node)
    finally:
        constructor.dispose()


def parse(path: Path, shown: Path | None = None) -> Spec:
    """Reads `path`.

    Args:
        path: The YAML file.
        shown: The name to give it in complaints and in what is generated.

    Raises:
        SpecError: It is no YAML, or not of the schema's form.
        OSError: It cannot be read.
    """
    document = _Document(shown or path)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        document.complain(line, f"no YAML: {error.problem}")
        raise SpecError(document.complaints) from None
    if node is None:
        document.complain(1, "empty")
        raise SpecError(document.complaints)
    data = document.value(node, ())
    _check_form(document, data)
    if document.complaints:
        raise SpecError(document.complaints)
    return _Builder(document, data).spec()


def _check_form(document: _Document, data: Any) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(data):
        where = tuple(error.absolute_path)
        document.complain(document.lines.get(where, 1), _explain(error))


def _explain(error: jsonschema.ValidationError) -> str:
    where = "/".join(str(part) for part in error.absolute_path)
    if error.validator == "oneOf":
        return f"{where}: is none, or more than one, of {', '.join(KINDS)}"
    if error.validator == "not":
        return f"{where}: '*/' would end the comment"
    return f"{where}: {error.message}" if where else str(error.message)


class _Builder:
    """Makes the model of data that has the schema's form."""

    def __init__(self, document: _Document, data: Mapping[str, Any]) -> None:
        self._document = document
        self._data = data
        self._constants: dict[str, int] = {}

    def spec(self) -> Spec:
        data = self._data
        definitions = tuple(
            self._definition(item, ("definitions", i)) for i, item in enumerate(data["definitions"])
        )
        calls = tuple(self._call(item, ("syscalls", i)) for i, item in enumerate(data["syscalls"]))
        errors = self._errors(data["errors"], ("errors",))
        agent_errors = self._errors(data["agent_errors"], ("agent_errors",))
        if self._document.complaints:
            raise SpecError(self._document.complaints)
        return Spec(
            path=self._document.path,
            header=data["header"],
            guard=data["guard"],
            ioctl_type=data["ioctl_type"],
            definitions=definitions,
            errors=errors,
            agent_errors=agent_errors,
            calls=calls,
        )

    def _line(self, where: Where) -> int:
        return self._document.lines[where]

    def _definition(self, item: Mapping[str, Any], where: Where) -> Definition:
        make: Mapping[str, Callable[[Mapping[str, Any], Where], Definition]] = {
            "constants": self._constants_block,
            "flags": self._bits,
            "rights": self._bits,
            "enum": self._enum,
            "struct": self._struct,
            "ioctls": self._ioctls,
        }
        return next(make[kind] for kind in make if kind in item)(item, where)

    def _constants_block(self, item: Mapping[str, Any], where: Where) -> Constants:
        items = []
        for i, entry in enumerate(item["items"]):
            at = (*where, "items", i)
            self._constants[entry["name"]] = entry["value"]
            items.append(
                Constant(
                    line=self._line(at),
                    name=entry["name"],
                    value=entry["value"],
                    literal=self._document.texts[(*at, "value")],
                    wide=entry.get("type") == "u64",
                    note=entry.get("note", ""),
                    doc=entry.get("doc", ""),
                )
            )
        return Constants(self._line(where), item["constants"], item.get("note", ""), tuple(items))

    def _bits(self, item: Mapping[str, Any], where: Where) -> Bits:
        return Bits(
            line=self._line(where),
            name=item.get("flags") or item["rights"],
            python=item["python"],
            prefix=item["prefix"],
            note=item.get("note", ""),
            items=tuple(
                Bit(
                    line=self._line((*where, "items", i)),
                    name=entry["name"],
                    bit=entry["bit"],
                    note=entry.get("note", ""),
                    doc=entry.get("doc", ""),
                )
                for i, entry in enumerate(item["items"])
            ),
            class_name=item.get("class", ""),
            all_name=item.get("all", ""),
        )

    def _enum(self, item: Mapping[str, Any], where: Where) -> Enum:
        return Enum(
            line=self._line(where),
            name=item["enum"],
            python=item["python"],
            prefix=item["prefix"],
            note=item.get("note", ""),
            doc=item.get("doc", ""),
            items=tuple(
                EnumItem(
                    line=self._line((*where, "items", i)),
                    name=entry["name"],
                    value=entry["value"],
                    note=entry.get("note", ""),
                    doc=entry.get("doc", ""),
                )
                for i, entry in enumerate(item["items"])
            ),
        )

    def _struct(self, item: Mapping[str, Any], where: Where) -> Struct:
        return Struct(
            line=self._line(where),
            name=item["struct"],
            python=item["python"],
            note=item.get("note", ""),
            doc=item.get("doc", ""),
            min_size=item["min_size"],
            fields=tuple(
                self._field(entry, (*where, "fields", i)) for i, entry in enumerate(item["fields"])
            ),
        )

    def _field(self, entry: Mapping[str, Any], where: Where) -> Field:
        count = entry.get("count", 0)
        if isinstance(count, str):
            if count not in self._constants:
                self._document.complain(self._line(where), f"no constant {count} above this line")
            count = self._constants.get(count, 1)
        return Field(
            line=self._line(where),
            name=entry["name"],
            type=entry["type"],
            count=count,
            count_text=str(entry.get("count", "")),
            note=entry.get("note", ""),
            doc=entry.get("doc", ""),
        )

    def _ioctls(self, item: Mapping[str, Any], where: Where) -> Ioctls:
        return Ioctls(
            line=self._line(where),
            name=item["ioctls"],
            note=item.get("note", ""),
            items=tuple(
                Ioctl(
                    line=self._line((*where, "items", i)),
                    name=entry["name"],
                    direction=entry["dir"],
                    nr=entry["nr"],
                    type=entry.get("type", ""),
                    note=entry.get("note", ""),
                    doc=entry.get("doc", ""),
                )
                for i, entry in enumerate(item["items"])
            ),
        )

    def _errors(self, errors: Mapping[str, str], where: Where) -> tuple[ErrorText, ...]:
        return tuple(
            ErrorText(self._line((*where, name)), name, doc) for name, doc in errors.items()
        )

    def _call(self, item: Mapping[str, Any], where: Where) -> Call:
        return Call(
            line=self._line(where),
            name=item["name"],
            nr=item["nr"],
            args=item["args"],
            names_agent=item.get("names_agent", False),
            flags=tuple(item["flags"]),
            signature=item["signature"],
            doc=item["doc"],
            errors=self._errors(item["errors"], (*where, "errors")),
        )
