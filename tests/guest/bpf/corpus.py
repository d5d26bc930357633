# SPDX-License-Identifier: Apache-2.0
"""Pairs of a manifest and an operation, made from a seed: the same each time.

The tree that they speak of has folders that capabilities name and files that operations
touch; what an operation moves or removes is never what a capability names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pycoconut.abi import AuditLevel
from pycoconut.caps import parse
from pycoconut.manifest import Manifest

__all__ = ["EXCEPTIONS", "FOLDERS", "NAMES_TAKEN", "TOP", "Operation", "manifests", "pool"]

TOP = "/differential"
FOLDERS = ("a", "a/sub", "a/sub/deep", "a/secret", "a/bound", "a/ram", "b", "b/sub", "c")
"""a/bound shows b by a bind mount; a/ram is a file system of its own."""

SEED = 20261
MANIFESTS = 50
PER_MANIFEST = 46
FS_RIGHTS = (
    "read_file", "write_file", "read_dir", "remove_dir", "remove_file", "make_char", "make_dir",
    "make_reg", "make_sock", "make_fifo", "make_block", "make_sym", "refer", "truncate",
    "ioctl_dev", "setattr", "connect",
)  # fmt: skip
NET_RIGHTS = ("connect", "bind", "listen", "send")
NETWORKS = (
    "tcp/127.0.0.0/8/1000-2000", "tcp/127.0.0.1/32/80", "udp/127.0.0.1/32/0-65535",
    "any/0.0.0.0/0/53", "any/10.0.0.0/8/0-65535", "tcp/::1/128/1000-2000", "any/::/0/0-65535",
    "tcp/0.0.0.0/0/0-65535", "udp/fd00::/8/53",
)  # fmt: skip
NAMES = ("unix/@broker", "unix/@bro*", "unix/@other*", "unix/@brokers")
PEERS = (
    "127.0.0.1", "127.1.2.3", "10.1.2.3", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "fd00::1",
)  # fmt: skip
PORTS = (53, 80, 1500, 2001)
SOCKETS = ("packet", "raw", "raw6", "netlink_route", "netlink_audit", "unix", "tcp6", "alg")
ON_TASKS = ("kill", "kill_0", "pidfd_kill", "nice", "scheduler", "ptrace", "vm_read", "pgid")
NAMES_TAKEN = ("broker", "brokers", "bro", "others", "x")


@dataclass(frozen=True)
class Operation:
    """@verb is a function of operations.py; @words are its arguments."""

    verb: str
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.verb, *self.words))


EXCEPTIONS = {
    "utime": "inode_setattr is told a directory entry without the mount it was reached by",
    "setxattr": "inode_setxattr is told a directory entry without the mount it was reached by",
    "prlimit": "task_prlimit is told credentials, and what holds a task is not on them",
    "mqueue": "who made a queue would have to be kept with its inode",
    "rename_folder": "what lies beneath a folder cannot be searched for carve-outs, so it stays",
    "hostname": "Linux capabilities are not covered, only what would undo the holding",
}
"""Operations that the prototype decides otherwise, or not at all, with the reason."""


def _fs(folder: str) -> Iterator[Operation]:
    for verb in (
        "read", "write", "read_write", "create", "create_excl", "list", "open_truncate",
        "read_truncate", "open_for_nothing", "mkdir", "rmdir", "unlink", "symlink",
        "mkfifo", "mksock", "mkchar", "mkblock", "mkreg", "truncate", "chmod",
        "chmod_setuid", "mkreg_setuid", "chown", "connect_unix", "map_shared",
        "read_inherited", "write_inherited", "lock", "read_passed", "ioctl", "notify",
        "tmpfile", "run", "run_script", "stat", "open_path", "rename_here", "link_here",
        "utime", "setxattr",
    ):  # fmt: skip
        yield Operation(verb, (folder,))


def pool() -> list[Operation]:
    """Every operation there is."""
    found = [operation for folder in FOLDERS for operation in _fs(folder)]
    for verb in ("rename", "rename_folder", "exchange", "link", "rename_over"):
        found += [
            Operation(verb, (one, two))
            for one in ("a", "a/sub", "a/secret", "b", "c")
            for two in ("a", "a/sub", "b", "c")
            if one != two
        ]
    for verb in ("connect", "bind", "listen", "send", "fastopen"):
        for proto in ("tcp", "udp"):
            if (verb, proto) in (("listen", "udp"), ("fastopen", "udp"), ("send", "tcp")):
                continue
            found += [Operation(verb, (proto, peer, str(port))) for peer in PEERS for port in PORTS]
    for verb in ("bind_name", "connect_name", "send_name"):
        found += [Operation(verb, (name,)) for name in NAMES_TAKEN]
    found += [Operation("socket", (kind,)) for kind in SOCKETS]
    found += [Operation(verb, (who,)) for verb in ON_TASKS for who in ("outside", "child")]
    found += [Operation(verb) for verb in ("mount", "umount", "move_mount", "bpf", "prlimit")]
    return found + [Operation(verb) for verb in ("mqueue", "hostname")]


def _some(rng: random.Random, words: Sequence[str]) -> str:
    if rng.random() < 0.4:
        return ",".join(words)
    return ",".join(sorted(rng.sample(words, rng.randint(1, min(6, len(words))))))


def _hierarchy(rng: random.Random, kind: str, rights: str) -> str:
    folder = rng.choice(("", "", "a", *FOLDERS))
    path = f"{TOP}/{folder}".rstrip("/")
    # a/bound is b: naming both would name one thing twice.
    beneath = [f for f in FOLDERS if f.startswith(f"{folder}/".lstrip("/")) and f != "a/bound"]
    text = f"{kind}:{path}:{rights}"
    if beneath and rng.random() < 0.35:
        carves = rng.sample(beneath, rng.randint(1, min(2, len(beneath))))
        # One that lies within another would say nothing, and the kernel refuses it.
        apart = [c for c in carves if not any(c.startswith(f"{o}/") for o in carves)]
        text += "".join(f";except={TOP}/{carve}" for carve in sorted(apart))
    return text


def _capability(rng: random.Random) -> str:
    kind = rng.choices(("fs", "exec", "net", "name", "file", "agent"), (8, 3, 4, 2, 2, 1))[0]
    if kind == "fs":
        return _hierarchy(rng, "fs", _some(rng, FS_RIGHTS))
    if kind == "exec":
        return _hierarchy(rng, "exec", "run")
    if kind == "net":
        return f"net:{rng.choice(NETWORKS)}:{_some(rng, NET_RIGHTS)}"
    if kind == "name":
        return f"net:{rng.choice(NAMES)}:{_some(rng, ('connect', 'bind'))}"
    if kind == "file":
        return f"fs:{TOP}/{rng.choice(FOLDERS)}/file:{_some(rng, ('read_file', 'write_file'))}"
    return "agent:aid/0/0:signal"


def _texts(rng: random.Random) -> list[str]:
    return [_capability(rng) for _ in range(rng.randint(3, 9))]


def manifests() -> Iterator[tuple[Manifest, list[Operation]]]:
    """Each manifest, with the operations that are tried under it."""
    rng = random.Random(SEED)
    every = pool()
    # Each operation comes up: what is left of a shuffled pool is used before the next.
    left: list[Operation] = []
    for number in range(MANIFESTS):
        caps = {str(cap): cap for cap in map(parse, _texts(rng))}
        chosen = []
        while len(chosen) < PER_MANIFEST:
            if not left:
                left = rng.sample(every, len(every))
            chosen.append(left.pop())
        held = tuple(caps.values())
        yield Manifest(f"d{number}", audit=AuditLevel.DENIALS, capabilities=held), chosen
