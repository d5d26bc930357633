# SPDX-License-Identifier: Apache-2.0
"""What a capability speaks of: for each class its objects, as text and as CBOR."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..abi import Class, NetProto, Tier, Who
from .words import (
    U16,
    U32,
    U64,
    CapError,
    check_name,
    check_path,
    escape,
    number,
    star,
    unescape,
    utf8,
)

__all__ = [
    "OBJECTS",
    "Abstract",
    "Agents",
    "Device",
    "Digest",
    "Memory",
    "Network",
    "Object",
    "Path",
    "Service",
]

NAME_MAX = 255
DEVICE_MAX = 64
ABSTRACT_MAX = 107
FAMILIES = {4: 2, 6: 10}


@dataclass(frozen=True)
class Path:
    """A hierarchy: what stands at `path` and all beneath it. For fs and exec."""

    path: bytes
    #: Was it, or is it to be, written with /* at its end? Says the same.
    beneath: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        check_path(self.path)

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
            return f"{star(escape(self.path.rstrip(b'/')))}/*"
        return star(escape(self.path))

    def cbor(self) -> Any:
        return self.path

    @classmethod
    def from_cbor(cls, value: Any) -> Path:
        if not isinstance(value, bytes):
            raise CapError("a path is a byte string")
        return cls(value)


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
        low = number(first, U16, "port")
        high = number(last, U16, "port") if last else low
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
        aid = number(parts[1], U64, "AID") if who == Who.AID else 0
        return cls(who, aid, number(parts[-1], U32, "children"))

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
        check_name(self.name, DEVICE_MAX, "device class")
        if not 0 <= self.first <= self.last <= U32:
            raise CapError(f"no range of ioctls: {self.first:#x}-{self.last:#x}")

    @classmethod
    def parse(cls, text: str) -> Device:
        name, slash, ioctls = text.rpartition("/")
        if not slash:
            return cls(unescape(text).decode("utf-8", "replace"))
        first, _, last = ioctls.partition("-")
        low = number(first, U32, "ioctl")
        return cls(utf8(unescape(name)), low, number(last, U32, "ioctl") if last else low)

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
        return cls(Tier[tier.upper()], number(size, U64, "bytes", 1))

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
        check_name(self.name, NAME_MAX, "service")

    @classmethod
    def parse(cls, text: str) -> Service:
        return cls(utf8(unescape(text)))

    def __str__(self) -> str:
        return escape(self.name.encode())

    def cbor(self) -> Any:
        return self.name

    @classmethod
    def from_cbor(cls, value: Any) -> Service:
        if not isinstance(value, str):
            raise CapError("a service is text")
        return cls(value)


Object = Path | Digest | Network | Abstract | Agents | Device | Memory | Service
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
