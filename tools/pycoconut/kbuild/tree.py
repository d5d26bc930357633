# SPDX-License-Identifier: Apache-2.0
"""A source tree: the base unpacked, our patches applied, our rooms copied in.

A second call touches only the files whose bytes change, so that make rebuilds
only what an edit reaches.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.host import room_for
from pycoconut.kbuild.source import Source, obtain

__all__ = ["Tree", "patch_files", "put", "room_files"]

_STATE = ".coconut.json"
_FILES = ".coconut-base"
_ORIGINALS = ".coconut-originals"


def put(data: bytes, target: Path, mode: int = 0o644) -> bool:
    """Write @data unless the file has just that already; say whether it did."""
    if target.exists() and not target.is_symlink() and target.read_bytes() == data:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(mode)
    return True


def patch_files(patch: str) -> set[str]:
    """The paths that a patch in git's format writes or removes."""
    names = re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", patch, re.M)
    return set(names)


def room_files(console: Console, repo: Path, rooms: Iterable[str]) -> dict[str, Path]:
    """Each file in our rooms by its path, new ones included, ignored ones not."""
    listed = console.read(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *rooms],
        cwd=repo,
    )
    names = sorted({n for n in listed.split("\0") if n})
    return {name: repo / name for name in names if (repo / name).is_file()}


@dataclass(frozen=True)
class Tree:
    """One source tree under build/. @ours is False for the pristine base (comparisons)."""

    console: Console
    base: Base
    where: Places
    ours: bool = True

    @property
    def path(self) -> Path:
        """The top of the source."""
        return self.where.build / ("linux" if self.ours else "linux-base")

    def sync(self) -> Path:
        """Bring the tree up to date with the pin, patches/ and the rooms; return its top."""
        state = self._state()
        named = os.environ.get("COCONUT_SOURCE", "")
        if state.get("pin") != self.base.version or state.get("named") != named:
            source = obtain(self.console, self.base, self.where)
            if state.get("source") != source.ident:
                self._unpack(source)
                state = {}
            state |= {"source": source.ident, "pin": self.base.version, "named": named}
            self._save(state)
        if self.console.dry_run and not self.path.exists():
            self.console.say("  patches/*.patch applied, rooms copied in")
            return self.path
        changed = self._patch(state) + (self._copy_rooms(state) if self.ours else [])
        for name in changed[:20]:
            self.console.say(f"  {name}")
        if len(changed) > 20:
            self.console.say(f"  and {len(changed) - 20} more")
        self._save(state)
        return self.path

    def _state(self) -> dict[str, Any]:
        try:
            found = json.loads((self.path / _STATE).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _save(self, state: dict[str, Any]) -> None:
        if not self.console.dry_run:
            put(json.dumps(state, indent=1).encode(), self.path / _STATE)

    def _unpack(self, source: Source) -> None:
        """The base, whole or not at all: into a folder beside, renamed at the end."""
        fresh = self.path.with_name(self.path.name + ".new")
        if self.console.dry_run:
            self.console.show(["tar", "-xf", str(source.path), "--strip-components=1"])
            return
        room_for(self.where.build, source.path)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        if source.path.is_dir():
            argv = ["cp", "-a", "--reflink=auto", f"{source.path}/.", str(fresh)]
        else:
            argv = ["tar", "-xf", str(source.path), "-C", str(fresh), "--strip-components=1"]
        self.console.step("unpack", argv, hint=f"rm {source.path}: it may be cut short")
        names = [
            str(Path(top, file).relative_to(fresh))
            for top, _, files in os.walk(fresh)
            for file in files
        ]
        (fresh / _FILES).write_text("\n".join(sorted(names)) + "\n")
        shutil.rmtree(self.path, ignore_errors=True)
        fresh.rename(self.path)

    def _original(self, name: str) -> bytes | None:
        """The base's own bytes of a file, kept before a patch first touches it; None: no such."""
        kept = self.path / _ORIGINALS / name
        if kept.exists():
            return kept.read_bytes()
        if name not in self.base_files():
            return None
        data = (self.path / name).read_bytes()
        put(data, kept)
        return data

    def kconfigs(self) -> list[str]:
        """The Kconfig files that are ours or that we patch: what a configuration hangs on."""
        state = self._state()
        names = [*state.get("patched", []), *state.get("rooms", [])]
        return [n for n in names if Path(n).name == "Kconfig" and (self.path / n).exists()]

    def base_files(self) -> frozenset[str]:
        """Every path that the base has."""
        return frozenset((self.path / _FILES).read_text().splitlines())

    def _patches(self) -> dict[Path, bytes]:
        """The series; the base we compare with takes none of it."""
        patches = sorted((self.where.repo / "patches").glob("[0-9]*.patch")) if self.ours else []
        return {p: p.read_bytes() for p in patches}

    def _patch(self, state: dict[str, Any]) -> list[str]:
        """Apply patches/ to the originals, with no fuzz; return the files that changed."""
        texts = self._patches()
        ident = hashlib.sha256(b"\0".join(texts.values())).hexdigest()
        if state.get("patches") == ident:
            return []
        files: set[str] = set(state.get("patched", []))
        for data in texts.values():
            files |= patch_files(data.decode("utf-8", "replace"))
        with tempfile.TemporaryDirectory() as scratch:
            top = Path(scratch)
            for name in files:
                original = self._original(name)
                if original is not None:
                    put(original, top / name)
            for patch in texts:
                self._apply(patch, top)
            changed = [name for name in sorted(files) if self._settle(name, top)]
        state |= {"patches": ident, "patched": sorted(files)}
        return changed

    def _apply(self, patch: Path, top: Path) -> None:
        argv = ["patch", "-p1", "-F0", "-s", "-d", str(top), "-i", str(patch)]
        self.console.show(argv)
        done = subprocess.run(argv, text=True, capture_output=True)
        if done.returncode:
            self.console.say(done.stdout + done.stderr)
            die(
                f"{patch.name} does not apply to {self.base.version}",
                "mend it on a branch of the base and `make refresh` (patches/README.md says how)",
            )

    def _settle(self, name: str, top: Path) -> bool:
        """Give the tree the patched form of a file; an executable bit of the base stays."""
        wanted, there = top / name, self.path / name
        if not wanted.exists():
            gone = there.exists()
            there.unlink(missing_ok=True)
            return gone
        mode = there.stat().st_mode & 0o777 if there.exists() else 0o644
        return put(wanted.read_bytes(), there, mode)

    def _copy_rooms(self, state: dict[str, Any]) -> list[str]:
        """Copy the rooms in; remove what has left them. A path of the base is refused."""
        files = room_files(self.console, self.where.repo, self.base.rooms)
        taken = sorted(self.base_files() & files.keys())
        if taken:
            die(
                f"{taken[0]} is a file of the base: a room may only add files",
                "a change to a file that Linux has is a patch in patches/",
            )
        changed = []
        for name, path in files.items():
            if put(path.read_bytes(), self.path / name, path.stat().st_mode & 0o777):
                changed.append(name)
        for name in sorted(set(state.get("rooms", [])) - files.keys()):
            (self.path / name).unlink(missing_ok=True)
            changed.append(f"{name} (gone)")
        state["rooms"] = sorted(files)
        return changed
