# SPDX-License-Identifier: Apache-2.0
"""Capabilities: what they hold, as one line of text, as CBOR.

Text is CLASS:OBJECT:RIGHTS[;LIMIT...], as `/agent/live/<aid>/caps` shows it:

    fs:/data/*:read_file,read_dir;except=/data/secret
    exec:/usr/bin/*:run
    exec:blake3=<64 hex>:run
    net:tcp/127.0.0.1/32/80-443:connect
    net:unix/@name*:connect
    agent:children/4:spawn,signal          the 4: live children at most, 0: no limit
    agent:aid/17/0:message
    dev:tty/0x5401-0x5408:use
    mem:ram/1048576:use
    svc:tool:web_fetch:use;uses=5;rate=100/60s;expires=1h;depth=0;approval

Rights follow the last colon before the first semicolon. In objects \\xNN stands for
a byte; the backslash, the semicolon and what is not printable are written so.
Form of the CBOR: syscalls/capability.cddl.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

from . import cbor
from .abi import RIGHTS, Class, NetProto, Tier, Who
from .errors import CoconutError

__all__ = [
    "NO_LIMITS",
    "Abstract",
    "Agents",
    "CapError",
    "Capability",
    "Device",
    "Digest",
    "Limits",
    "Memory",
    "Network",
    "Object",
    "Path",
    "Service",
    "decode",
    "decode_list",
    "encode_list",
    "escape",
    "parse",
    "seconds",
    "unescape",
]

PATH_MAX = 4095
CARVES_MAX = 64
NAME_MAX = 255
DEVICE_MAX = 64
ABSTRACT_MAX = 107
SECONDS_MAX = (1 << 32) - 1
U16, U32, U64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
DEPTH_MAX = 254
FAMILIES = {4: 2, 6: 10}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "sec": 1, "min": 60, "hour": 3600, "day": 86400}


class CapError(CoconutError):
    """Text or CBOR that is no capability."""


def escape(data: bytes) -> str:
    """Bytes as they stand in the text of a capability."""
    plain = range(0x21, 0x7F)
    return "".join(chr(b) if b in plain and b not in b"\\;" else f"\\x{b:02x}" for b in data)


def unescape(text: str) -> bytes:
    """What escape() made; other text stands for its UTF-8.

    Raises:
        CapError: A backslash is followed by something else than xNN, or control
            characters stand there as they are.
    """
    if re.search(r"\\(?!x[0-9a-fA-F]{2})", text):
        raise CapError(f"a backslash without xNN: {text}", hint="a backslash itself is \\x5c")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise CapError(f"a control character: {text!r}", hint="write it \\xNN")
    parts = re.split(r"\\x([0-9a-fA-F]{2})", text)
    return b"".join(
        bytes.fromhex(part) if i % 2 else part.encode("utf-8", "surrogateescape")
        for i, part in enumerate(parts)
    )


def _number(text: str, most: int, what: str, least: int = 0) -> int:
    try:
        value = int(text, 16 if text.startswith("0x") else 10)
    except ValueError:
        raise CapError(f"{what}: no number: {text}") from None
    if not least <= value <= most or not text[:1].isdigit():
        raise CapError(f"{what}: {text} is not between {least} and {most}")
    return value


def _check_path(path: bytes) -> None:
    if not path.startswith(b"/"):
        raise CapError(f"not absolute: {escape(path)}", hint="a path starts with /")
    if b"\0" in path or len(path) > PATH_MAX:
        raise CapError(f"a path has no NUL and at most {PATH_MAX} bytes")


def _check_name(name: str, most: int, what: str) -> None:
    size = len(name.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= most or "\0" in name:
        raise CapError(f"{what}: between 1 and {most} bytes, no NUL")


@dataclass(frozen=True)
class Path:
    """A hierarchy: what stands at `path` and all beneath it. For fs and exec."""

    path: bytes
    #: Was it, or is it to be, written with /* at its end? Says the same.
    beneath: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        _check_path(self.path)

    @classmethod
    def parse(cls, text: str) -> Path:
        beneath = text.endswith("/*")
        name = text[:-2] if beneath else text
        if "*" in name:
            raise CapError(
                f"a '*' in the middle of a path: {text}",
                hint="a hierarchy is written /data/*; a '*' that is part of a name is \\x2a",
            )
        path = unescape(name)
        return cls(path or (b"/" if beneath else b""), beneath)

    def __str__(self) -> str:
        if self.beneath:
            return f"{_star(escape(self.path.rstrip(b'/')))}/*"
        return _star(escape(self.path))

    def cbor(self) -> Any:
        return self.path

    @classmethod
    def from_cbor(cls, value: Any) -> Path:
        if not isinstance(value, bytes):
            raise CapError("a path is a byte string")
        return cls(value)


def _star(text: str) -> str:
    return text.replace("*", "\\x2a")


@dataclass(frozen=True)
class Digest:
    """A program, by the BLAKE3 of its file. For exec."""

    digest: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != 32:
            raise CapError("a digest has 32 bytes")

    @classmethod
    def parse(cls, text: str) -> Digest:
        try:
            return cls(bytes.fromhex(text.removeprefix("blake3=")))
        except ValueError:
            raise CapError(f"no hexadecimal digest: {text}") from None

    def __str__(self) -> str:
        return f"blake3={self.digest.hex()}"

    def cbor(self) -> Any:
        return [1, self.digest]

    @classmethod
    def from_cbor(cls, value: Any) -> Digest:
        match value:
            case [1, bytes(digest)]:
                return cls(digest)
        raise CapError("no digest of a program")


@dataclass(frozen=True)
class Network:
    """Addresses under a prefix, and a range of ports, both ends in it."""

    proto: NetProto
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.proto == NetProto.UNIX_ABSTRACT:
            raise CapError("a unix socket has no address")
        if not 0 <= self.first <= self.last <= U16:
            raise CapError(f"no range of ports: {self.first}-{self.last}")

    @classmethod
    def parse(cls, text: str) -> Network:
        parts = text.split("/")
        if len(parts) != 4 or parts[0] not in ("any", "tcp", "udp"):
            raise CapError(
                f"no network object: {text}",
                hint="tcp/10.0.0.0/8/80-443, or udp, any, or unix/@name",
            )
        try:
            network = ipaddress.ip_network(f"{parts[1]}/{parts[2]}")
        except ValueError as error:
            raise CapError(f"no address prefix: {error}") from None
        first, _, last = parts[3].partition("-")
        low = _number(first, U16, "port")
        high = _number(last, U16, "port") if last else low
        return cls(NetProto[parts[0].upper()], network, low, high)

    def __str__(self) -> str:
        ports = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.proto.name.lower()}/{self.network}/{ports}"

    def cbor(self) -> Any:
        family = FAMILIES[self.network.version]
        address = self.network.network_address.packed
        return [self.proto, family, address, self.network.prefixlen, self.first, self.last]

    @classmethod
    def from_cbor(cls, value: Any) -> Network:
        match value:
            case [
                0 | 1 | 2 as proto,
                2 | 10 as family,
                bytes(packed),
                int(prefix),
                int(first),
                int(last),
            ] if len(packed) == (4 if family == 2 else 16) and 0 <= prefix <= 8 * len(packed):
                address = ipaddress.ip_address(packed)
                try:
                    network = ipaddress.ip_network(f"{address}/{prefix}")
                except ValueError as error:
                    raise CapError(f"no address prefix: {error}") from None
                return cls(NetProto(proto), network, first, last)
        raise CapError("no network object")


@dataclass(frozen=True)
class Abstract:
    """Abstract unix sockets by name; a '*' at its end is a wildcard."""

    name: bytes

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= ABSTRACT_MAX or b"\0" in self.name:
            raise CapError(f"an abstract name has 1 to {ABSTRACT_MAX} bytes, no NUL")

    @classmethod
    def parse(cls, text: str) -> Abstract:
        return cls(unescape(text.removeprefix("unix/@")))

    def __str__(self) -> str:
        return f"unix/@{escape(self.name)}"

    def cbor(self) -> Any:
        return [NetProto.UNIX_ABSTRACT, self.name]

    @classmethod
    def from_cbor(cls, value: Any) -> Abstract:
        match value:
            case [3, bytes(name)]:
                return cls(name)
        raise CapError("no abstract name")


@dataclass(frozen=True)
class Agents:
    """Other agents. `most`: live children that may be spawned at most; 0: no limit."""

    who: Who
    aid: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        if self.aid and self.who != Who.AID:
            raise CapError("an AID goes with `aid` only")

    @classmethod
    def parse(cls, text: str) -> Agents:
        parts = text.split("/")
        names = {"self": Who.SELF, "children": Who.CHILDREN, "aid": Who.AID}
        who = names.get(parts[0])
        if who is None or len(parts) != (3 if who == Who.AID else 2):
            raise CapError(f"no agents: {text}", hint="self/0, children/4 or aid/17/0")
        aid = _number(parts[1], U64, "AID") if who == Who.AID else 0
        return cls(who, aid, _number(parts[-1], U32, "children"))

    def __str__(self) -> str:
        middle = f"{self.aid}/" if self.who == Who.AID else ""
        return f"{self.who.name.lower()}/{middle}{self.most}"

    def cbor(self) -> Any:
        return [self.who, self.aid, self.most]

    @classmethod
    def from_cbor(cls, value: Any) -> Agents:
        match value:
            case [0 | 1 | 2 as who, int(aid), int(most)] if aid >= 0 and 0 <= most <= U32:
                return cls(Who(who), aid, most)
        raise CapError("no agents")


@dataclass(frozen=True)
class Device:
    """Devices of a class, and a range of ioctl numbers, both ends in it."""

    name: str
    first: int = 0
    last: int = U32

    def __post_init__(self) -> None:
        _check_name(self.name, DEVICE_MAX, "device class")
        if not 0 <= self.first <= self.last <= U32:
            raise CapError(f"no range of ioctls: {self.first:#x}-{self.last:#x}")

    @classmethod
    def parse(cls, text: str) -> Device:
        name, slash, ioctls = text.rpartition("/")
        if not slash:
            return cls(unescape(text).decode("utf-8", "replace"))
        first, _, last = ioctls.partition("-")
        low = _number(first, U32, "ioctl")
        return cls(_text(unescape(name)), low, _number(last, U32, "ioctl") if last else low)

    def __str__(self) -> str:
        return f"{escape(self.name.encode())}/{self.first:#x}-{self.last:#x}"

    def cbor(self) -> Any:
        return [self.name, self.first, self.last]

    @classmethod
    def from_cbor(cls, value: Any) -> Device:
        match value:
            case [str(name), int(first), int(last)]:
                return cls(name, first, last)
        raise CapError("no device")


@dataclass(frozen=True)
class Memory:
    """So many bytes of a tier."""

    tier: Tier
    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= U64:
            raise CapError("an amount of memory is not 0")

    @classmethod
    def parse(cls, text: str) -> Memory:
        tier, _, size = text.partition("/")
        if tier not in ("hbm", "ram", "ssd"):
            raise CapError(f"no tier: {tier}", hint="hbm, ram or ssd, then bytes: ram/1048576")
        return cls(Tier[tier.upper()], _number(size, U64, "bytes", 1))

    def __str__(self) -> str:
        return f"{self.tier.name.lower()}/{self.size}"

    def cbor(self) -> Any:
        return [self.tier, self.size]

    @classmethod
    def from_cbor(cls, value: Any) -> Memory:
        match value:
            case [0 | 1 | 2 as tier, int(size)]:
                return cls(Tier(tier), size)
        raise CapError("no amount of memory")


@dataclass(frozen=True)
class Service:
    """A name that a broker knows; a '*' at its end is a wildcard."""

    name: str

    def __post_init__(self) -> None:
        _check_name(self.name, NAME_MAX, "service")

    @classmethod
    def parse(cls, text: str) -> Service:
        return cls(_text(unescape(text)))

    def __str__(self) -> str:
        return escape(self.name.encode())

    def cbor(self) -> Any:
        return self.name

    @classmethod
    def from_cbor(cls, value: Any) -> Service:
        if not isinstance(value, str):
            raise CapError("a service is text")
        return cls(value)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CapError("a name that is not UTF-8") from None


Object = Path | Digest | Network | Abstract | Agents | Device | Memory | Service


def _exec(text: str) -> Object:
    return Digest.parse(text) if text.startswith("blake3=") else Path.parse(text)


def _net(text: str) -> Object:
    return Abstract.parse(text) if text.startswith("unix/@") else Network.parse(text)


PARSERS: Mapping[Class, Callable[[str], Object]] = {
    Class.FS: Path.parse,
    Class.EXEC: _exec,
    Class.NET: _net,
    Class.AGENT: Agents.parse,
    Class.DEV: Device.parse,
    Class.MEM: Memory.parse,
    Class.SVC: Service.parse,
}
#: Which objects a class has; from_cbor of each says what its CBOR is.
OBJECTS: Mapping[Class, tuple[type[Object], ...]] = {
    Class.FS: (Path,),
    Class.EXEC: (Path, Digest),
    Class.NET: (Network, Abstract),
    Class.AGENT: (Agents,),
    Class.DEV: (Device,),
    Class.MEM: (Memory,),
    Class.SVC: (Service,),
}


@dataclass(frozen=True)
class Limits:
    """Constraints; None where there is none.

    Attributes:
        expires: Seconds from the grant on.
        uses: How often it may be used.
        rate: Uses in each window, and the window in seconds.
        depth: How many times it may be delegated on.
        approval: Each use needs a human's answer.
    """

    expires: int | None = None
    uses: int | None = None
    rate: tuple[int, int] | None = None
    depth: int | None = None
    approval: bool = False

    def __post_init__(self) -> None:
        count, window = self.rate or (1, 1)
        for what, value, least, most in (
            ("expires", self.expires, 1, SECONDS_MAX),
            ("uses", self.uses, 1, U64),
            ("rate", count, 1, U32),
            ("rate's window", window, 1, SECONDS_MAX),
            ("depth", self.depth, 0, DEPTH_MAX),
        ):
            if value is not None and not least <= value <= most:
                raise CapError(f"{what}: {value} is not between {least} and {most}")

    def text(self) -> list[str]:
        parts = []
        if self.expires is not None:
            parts.append(f"expires={self.expires}s")
        if self.uses is not None:
            parts.append(f"uses={self.uses}")
        if self.rate is not None:
            parts.append(f"rate={self.rate[0]}/{self.rate[1]}s")
        if self.depth is not None:
            parts.append(f"depth={self.depth}")
        if self.approval:
            parts.append("approval")
        return parts

    def cbor(self) -> dict[int, Any]:
        rate = None if self.rate is None else list(self.rate)
        values = (self.expires, self.uses, rate, self.depth, self.approval or None)
        return {key: value for key, value in enumerate(values, 1) if value is not None}

    @classmethod
    def from_cbor(cls, value: Any) -> Limits:
        if not isinstance(value, dict) or not value or not set(value) <= set(range(1, 6)):
            raise CapError("no limits")
        for key in (1, 2, 4):
            if key in value and (type(value[key]) is not int):
                raise CapError("a limit is a number")
        rate = None
        if 3 in value:
            match value[3]:
                case [int(count), int(window)]:
                    rate = (count, window)
                case _:
                    raise CapError("no rate")
        if value.get(5, True) is not True:
            raise CapError("approval is true or absent")
        return cls(value.get(1), value.get(2), rate, value.get(4), 5 in value)


NO_LIMITS = Limits()


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
            every |= right
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
            _check_path(carve)
            if not carve.startswith(above) or len(carve) == len(above):
                raise CapError(f"except={escape(carve)} is not beneath {escape(self.object.path)}")

    def __str__(self) -> str:
        rights = ",".join(r.name.lower() for r in RIGHTS[self.kind] if r in self.rights and r.name)
        parts = [f"{self.kind.name.lower()}:{self.object}:{rights}", *self.limits.text()]
        parts += [f"except={_star(escape(carve))}" for carve in self.carves]
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
        every |= right
    if not 0 < value <= every:
        raise CapError(f"rights of {kind.name.lower()}: {value:#x}")
    return RIGHTS[kind](value)


def _parse_rights(kind: Class, text: str) -> IntFlag:
    known = {right.name.lower(): right for right in RIGHTS[kind] if right.name}
    rights = RIGHTS[kind](0)
    for name in text.split(","):
        if name == "all":
            for right in known.values():
                rights |= right
        elif name in known:
            rights |= known[name]
        else:
            raise CapError(
                f"class {kind.name.lower()} has no right {name!r}",
                hint=f"its rights: {', '.join(known)}, or all",
            )
    return rights


def seconds(text: str) -> int:
    """60s, 5m, 2h, 1d, min, hour as seconds; a bare unit is one of it."""
    match = re.fullmatch(r"([0-9]{0,18})([a-z]*)", text, re.ASCII)
    if match is None or not text or (match[2] or "s") not in SECONDS:
        raise CapError(f"no time: {text}", hint="60s, 5m, 2h or 1d")
    return int(match[1] or "1") * SECONDS[match[2] or "s"]


def _parse_limits(parts: list[str]) -> tuple[Limits, tuple[bytes, ...]]:
    found: dict[str, Any] = {}
    carves: list[bytes] = []
    for part in parts:
        name, equals, text = part.partition("=")
        if name == "except":
            carves.append(Path.parse(text).path)
            continue
        if name in found:
            raise CapError(f"{name} stands twice")
        if name == "approval" and not equals:
            found[name] = True
        elif name == "expires":
            found[name] = seconds(text)
        elif name == "rate":
            count, _, window = text.partition("/")
            found[name] = (_number(count, U32, "rate", 1), seconds(window))
        elif name == "uses":
            found[name] = _number(text, U64, name, 1)
        elif name == "depth":
            found[name] = _number(text, DEPTH_MAX, name)
        else:
            raise CapError(
                f"no limit: {part}",
                hint="expires=60s, uses=5, rate=100/60s, depth=2, approval, except=/path",
            )
    return Limits(**found), tuple(carves)


def parse(text: str) -> Capability:
    """Reads the text of one capability.

    The other spellings, which can stand for several, are in pycoconut.spellings.

    Raises:
        CapError: It is none; says what is wrong.
    """
    text = text.strip()
    head, *limits = text.split(";")
    name, colon, rest = head.partition(":")
    target, second, rights = rest.rpartition(":")
    kinds = {kind.name.lower(): kind for kind in PARSERS}
    if not colon or not second or name not in kinds:
        raise CapError(
            f"no capability: {text!r}",
            hint="CLASS:OBJECT:RIGHTS[;LIMIT...], such as fs:/data/*:read_file; "
            f"classes: {', '.join(kinds)}",
        )
    kind = kinds[name]
    parsed, carves = _parse_limits(limits)
    return Capability(kind, PARSERS[kind](target), _parse_rights(kind, rights), parsed, carves)


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
