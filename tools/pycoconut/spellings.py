# SPDX-License-Identifier: Apache-2.0
"""Other spellings of capabilities, read as the same thing.

    file_read: /data/project/*                        tool: web_fetch
    capability://file/data/*?action=read&rate=100/min
    file:/home/user/data/*:read                       agent:spawn{max:5}

One of them can stand for several capabilities. A constraint that the kernel does
not enforce is refused: to leave it out would grant more than was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, unquote

from . import caps
from .caps import Capability, CapError

__all__ = ["read"]

#: What the words for actions on files mean in rights.
FILE_RIGHTS: Mapping[str, str] = {
    "read": "read_file,read_dir",
    "write": "write_file,make_reg,truncate",
    "list": "read_dir",
    "delete": "remove_file,remove_dir",
    "create": "make_reg,make_dir",
}
WORD = re.compile(r"[a-z][a-z0-9_]*")
PAIR = re.compile(r"([a-z][a-z0-9_]*): *(\S.*)")
COLONS = re.compile(r"(file|http|shell):(.+):([a-z*,]+)(?:\{(.*)\})?")
AGENT = re.compile(r"agent:spawn(?:\{(.*)\})?")
HINT = "see pycoconut.caps for the grammar; the classes are fs, exec, net, agent, dev, mem, svc"


def read(text: str) -> tuple[Capability, ...]:
    """Reads a capability in any spelling.

    Raises:
        CapError: It is none.
    """
    text = text.strip()
    if text.startswith("capability://"):
        return _uri(text)
    if match := COLONS.fullmatch(text):
        return _make(match[1], match[2], _actions(match[3]), _braces(match[4] or ""))
    if match := AGENT.fullmatch(text):
        return _make("agent", "", ["spawn"], _braces(match[1] or ""))
    if (match := PAIR.fullmatch(text)) and match[1] in PAIRS:
        return (caps.parse(PAIRS[match[1]](match[2].strip())),)
    if WORD.fullmatch(text):
        return (caps.parse(f"svc:{text}:use"),)
    return (caps.parse(text),)


def _file(rights: str) -> Callable[[str], str]:
    return lambda path: f"fs:{path}:{FILE_RIGHTS[rights]}"


PAIRS: Mapping[str, Callable[[str], str]] = {
    "file_read": _file("read"),
    "file_write": _file("write"),
    "tool": lambda name: f"svc:tool:{name}:use",
    "skill": lambda name: f"svc:skill:{name}:use",
    "inference": lambda name: f"svc:inference:{name}:use",
    "http": lambda name: f"svc:http:{name}:use",
    "spawn_child": lambda _: "agent:children/0:spawn",
}


def _actions(text: str) -> list[str]:
    return [action for action in text.split(",") if action]


def _braces(text: str) -> dict[str, str]:
    """timeout:30s,max:5 as a mapping."""
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, colon, value = part.partition(":")
        if not colon:
            raise CapError(f"no constraint: {part}", hint="name:value")
        found[name.strip()] = value.strip()
    return found


def _uri(text: str) -> tuple[Capability, ...]:
    target, _, query = text.removeprefix("capability://").partition("?")
    resource, slash, path = unquote(target).partition("/")
    constraints = dict(parse_qsl(query, keep_blank_values=True))
    nested = constraints.pop("constraint", "")
    constraints.update(_braces(nested))
    actions = _actions(constraints.pop("action", ""))
    return _make(resource, slash + path, actions, constraints)


def _limits(constraints: dict[str, str]) -> str:
    """What is left of the constraints, as limits."""
    out = ""
    if "rate" in constraints:
        out += f";rate={constraints.pop('rate')}"
    for name in ("uses", "expires"):
        if name in constraints:
            out += f";{name}={constraints.pop(name)}"
    if constraints:
        raise CapError(
            f"no constraint of a capability: {', '.join(constraints)}",
            hint="known ones: rate, uses, expires; the end of a task is its parent's to decide",
        )
    return out


def _make(
    resource: str, path: str, actions: list[str], constraints: dict[str, str]
) -> tuple[Capability, ...]:
    make = RESOURCES.get(resource)
    if make is None:
        raise CapError(f"no resource: {resource}", hint=f"known: {', '.join(RESOURCES)}")
    objects = make(path, actions, constraints)
    limits = _limits(constraints)
    return tuple(caps.parse(text + limits) for text in objects)


def _make_file(path: str, actions: list[str], _constraints: dict[str, str]) -> list[str]:
    every = list(FILE_RIGHTS) if "*" in actions else actions
    rights = []
    for action in every:
        if action not in FILE_RIGHTS:
            raise CapError(f"no action on files: {action}", hint=f"one of {', '.join(FILE_RIGHTS)}")
        rights.append(FILE_RIGHTS[action])
    if not rights:
        raise CapError("a capability without an action", hint="action=read")
    return [f"fs:{path.replace(';', chr(92) + 'x3b')}:{','.join(rights)}"]


def _make_http(host: str, _actions: list[str], _constraints: dict[str, str]) -> list[str]:
    host = host.lstrip("/")
    return [f"svc:http:{host if '/' in host else host + '/*'}:use"]


def _make_shell(path: str, actions: list[str], constraints: dict[str, str]) -> list[str]:
    if set(actions) - {"execute", "*"}:
        raise CapError(f"no action on programs: {', '.join(actions)}", hint="execute")
    allowed = _actions(constraints.pop("allowlist", ""))
    if allowed:
        return [f"exec:{name if name[0] == '/' else '/usr/bin/' + name}:run" for name in allowed]
    return [f"exec:{'/*' if path in ('', '*', '/*') else path}:run"]


def _make_agent(_path: str, actions: list[str], constraints: dict[str, str]) -> list[str]:
    return [f"agent:children/{constraints.pop('max', '0')}:{','.join(actions)}"]


RESOURCES: Mapping[str, Callable[[str, list[str], dict[str, str]], list[str]]] = {
    "file": _make_file,
    "http": _make_http,
    "shell": _make_shell,
    "agent": _make_agent,
}
