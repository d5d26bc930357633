# SPDX-License-Identifier: Apache-2.0
"""From the files that one run used to the hierarchies that the next one needs.

The rules, in their order; Documentation/userspace-api/coconut/capabilities.rst tells them
to who reads what comes of them:

1.  What a process sees of itself, /proc/PID, stands for /proc without /proc/sys; the terminal
    that it happened to have, /dev/pts/N, for /dev/pts.
2.  A name that was made or removed stands for the directory that it was made in; beneath one
    that was made itself, for the first that was there before.
3.  What else was used in such a directory is added to it, unless others fill it too (/tmp).
4.  Directories between which something was moved get the same rights.
5.  Reading beneath /usr stands for /usr.
6.  Four things or more that were only read in one directory stand for it; secrets, homes and
    the directories at the top never do, nor does anything in /dev, /proc and /sys.
7.  What a wider one covers is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from ..abi import FsRight

__all__ = ["CARVED", "MAKES", "READS", "SHARED", "hierarchies", "is_secret", "program_places"]

READS = int(FsRight.READ_FILE | FsRight.READ_DIR)
MAKES = int(
    FsRight.MAKE_CHAR
    | FsRight.MAKE_DIR
    | FsRight.MAKE_REG
    | FsRight.MAKE_SOCK
    | FsRight.MAKE_FIFO
    | FsRight.MAKE_BLOCK
    | FsRight.MAKE_SYM
)
REMOVES = int(FsRight.REMOVE_DIR | FsRight.REMOVE_FILE)
#: Filled by everybody: what one program needs there says nothing of the rest.
SHARED = frozenset({b"/", b"/tmp", b"/var/tmp", b"/dev/shm", b"/run", b"/home", b"/root", b"/srv"})
SYSTEM = b"/usr"
#: Out of /proc where that stands for what a process sees of itself.
CARVED = b"/proc/sys"
#: As many make a directory of them.
MANY, MANY_PROGRAMS = 4, 8
EXACT = (b"/dev", b"/proc", b"/sys")
OWN = re.compile(rb"/proc/[0-9]+(?:/.*)?", re.S)
TERMINAL = re.compile(rb"/dev/pts/[0-9]+")
SECRET = re.compile(
    rb"/etc/(?:g?shadow-?|sudoers(?:\.d)?|coconut/keys|ssl/private|ssh/ssh_host_[^/]*_key)(?:/.*)?"
    rb"|.*/\.(?:ssh|gnupg|aws|kube|docker|netrc|pgpass|git-credentials|password-store)(?:/.*)?"
    rb"|.*\.(?:pem|key|p12|pfx|kdbx)|.*/(?:key|id_[a-z0-9]+|[^/]*_key)",
    re.S,
)


def is_secret(path: bytes) -> bool:
    """Does the name say that it is a key or a password?"""
    return SECRET.fullmatch(path) is not None


def _beneath(path: bytes, above: bytes) -> bool:
    return path == above or path.startswith(above.rstrip(b"/") + b"/")


def _above(path: bytes) -> list[bytes]:
    """The directories above a path, from the root down."""
    found = []
    while path != b"/":
        path = posixpath.dirname(path)
        found.append(path)
    return found[::-1]


def hierarchies(files: Mapping[bytes, int]) -> dict[bytes, int]:
    """Rights by hierarchy, from rights by path."""
    fixed, rest = _own(files)
    trees, rest = _trees(rest)
    reads: dict[bytes, int] = {}
    for path, rights in rest.items():
        home = _home(path, trees)
        if home is not None:
            trees[home] |= rights
        elif rights & ~READS or _exact(path):
            fixed[path] = fixed.get(path, 0) | rights
        else:
            reads[path] = rights
    _level(trees)
    for found in (trees, _readings(reads)):
        for path, rights in found.items():
            fixed[path] = fixed.get(path, 0) | rights
    return _without_covered(fixed)


def _own(files: Mapping[bytes, int]) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Rule 1."""
    fixed: dict[bytes, int] = {}
    rest: dict[bytes, int] = {}
    for path, rights in files.items():
        if OWN.fullmatch(path):
            fixed[b"/proc"] = fixed.get(b"/proc", 0) | rights
        elif TERMINAL.fullmatch(path):
            fixed[b"/dev/pts"] = fixed.get(b"/dev/pts", 0) | rights
        else:
            rest[path] = rights
    return fixed, rest


def _trees(files: Mapping[bytes, int]) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Rule 2: what was made or removed, by where; and the rest."""
    changed = {path for path, rights in files.items() if rights & (MAKES | REMOVES)}
    trees: dict[bytes, int] = {}
    rest: dict[bytes, int] = {}
    for path, rights in files.items():
        first = next((p for p in (*_above(path), path) if p in changed), None)
        if first is None:
            rest[path] = rights
        else:
            where = posixpath.dirname(first)
            trees[where] = trees.get(where, 0) | rights
    for inner in sorted(trees, key=len, reverse=True):
        outer = next((t for t in _above(inner) if t in trees and t not in SHARED), None)
        if outer is not None:
            trees[outer] |= trees.pop(inner)
    return trees, rest


def _home(path: bytes, trees: Mapping[bytes, int]) -> bytes | None:
    """Rule 3: the directory that the program fills and that a path lies in."""
    if is_secret(path):
        return None
    found = [t for t in (*_above(path), path) if t in trees and t not in SHARED]
    return found[0] if found else None


def _level(trees: dict[bytes, int]) -> None:
    """Rule 4: to move something must not give it rights that it did not have."""
    moved = [path for path, rights in trees.items() if rights & FsRight.REFER]
    every = 0
    for path in moved:
        every |= trees[path]
    for path in moved:
        trees[path] = every


def _exact(path: bytes) -> bool:
    return is_secret(path) or any(_beneath(path, place) for place in EXACT)


def _readings(files: Mapping[bytes, int]) -> dict[bytes, int]:
    """Rules 5 and 6."""
    found: dict[bytes, int] = {}
    rest = []
    for path, rights in files.items():
        if _beneath(path, SYSTEM):
            found[SYSTEM] = found.get(SYSTEM, 0) | rights
        else:
            rest.append(path)
    for place, members in _gather(rest, MANY).items():
        for path in members:
            found[place] = found.get(place, 0) | files[path]
    return found


def _may_stand(place: bytes) -> bool:
    """May a directory stand for what is in it?"""
    return (
        place.count(b"/") >= 2
        and posixpath.dirname(place) != b"/home"
        and place not in SHARED
        and not _exact(place)
    )


def _gather(paths: Iterable[bytes], many: int) -> dict[bytes, list[bytes]]:
    """Paths by what stands for them: the widest directory with as many members, or themselves."""
    members: dict[bytes, set[bytes]] = {}
    every = sorted(paths)
    for path in every:
        steps = [*_above(path), path]
        for above, below in pairwise(steps):
            members.setdefault(above, set()).add(below)
    found: dict[bytes, list[bytes]] = {}
    for path in every:
        wide = [
            p for p in (*_above(path), path) if len(members.get(p, ())) >= many and _may_stand(p)
        ]
        found.setdefault(wide[0] if wide else path, []).append(path)
    return found


def _without_covered(found: Mapping[bytes, int]) -> dict[bytes, int]:
    """Rule 7; what is carved out is not covered."""
    kept = {}
    for path, rights in found.items():
        for above in _above(path):
            if above != b"/proc" or not _beneath(path, CARVED):
                rights &= ~found.get(above, 0)
        if rights:
            kept[path] = rights
    return dict(sorted(kept.items()))


def program_places(programs: Iterable[bytes], files: Mapping[bytes, int]) -> list[bytes]:
    """Places of programs: one made in the run stands for where, many of the system's for theirs."""
    trees, _ = _trees(files)
    found: set[bytes] = set()
    system = []
    for path in programs:
        # Made by the run, or in a directory that was: neither was there before.
        made = next((p for p in (*_above(path), path) if files.get(p, 0) & MAKES), None)
        if made is not None:
            home = posixpath.dirname(made)
            tops = [t for t in (*_above(home), home) if t in trees and t not in SHARED]
            found.add(tops[0] if tops else home)
        elif _beneath(path, SYSTEM):
            system.append(path)
        else:
            found.add(path)
    by_folder: dict[bytes, list[bytes]] = {}
    for path in system:
        by_folder.setdefault(posixpath.dirname(path), []).append(path)
    for folder, members in by_folder.items():
        found.update([folder] if len(members) >= MANY_PROGRAMS else members)
    return sorted(p for p in found if not any(a in found for a in _above(p)))
