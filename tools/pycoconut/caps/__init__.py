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

from .limits import NO_LIMITS, Limits
from .model import Capability, decode, decode_list, encode_list
from .objects import (
    Abstract,
    Agents,
    Device,
    Digest,
    Memory,
    Network,
    Object,
    Path,
    Service,
)
from .subset import covering, is_subset, shortfall
from .text import parse
from .words import CapError, escape, seconds, unescape

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
    "covering",
    "decode",
    "decode_list",
    "encode_list",
    "escape",
    "is_subset",
    "parse",
    "seconds",
    "shortfall",
    "unescape",
]
