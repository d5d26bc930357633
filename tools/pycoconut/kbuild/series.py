# SPDX-License-Identifier: Apache-2.0
"""The series: patches re-exported from a branch, and the whole of Coconut as mail for upstream.

Order of the whole series: first our rooms, each a commit, which nothing builds yet;
then the hooks in Linux's own files, whose stubs make nothing of them; last the
patches of Kconfig and Makefiles alone, which switch all of it on. So each commit builds.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.kernel import Kernel, variant
from pycoconut.kbuild.source import obtain
from pycoconut.kbuild.tree import patch_files, put, room_files

__all__ = ["ROOMS", "Room", "Series", "is_wiring"]

_EXPORT = ("format-patch", "--zero-commit", "--no-signature", "-N", "--no-renames")


@dataclass(frozen=True)
class Room:
    """One commit of the series: the paths in it, its subject and its reason."""

    subject: str
    why: str
    paths: tuple[str, ...]


ROOMS = (
    Room(
        "coconut: add the headers that the agent subsystems share",
        "The user ABI, and the two in-kernel interfaces that scheduler, filesystems\n"
        "and credentials call: all stubs while the option is off.",
        ("include/",),
    ),
    Room(
        "lib/crypto: add BLAKE3 and Ed25519",
        "The audit chain hashes and MACs with BLAKE3, in any context and without\n"
        "allocating. Manifests and seals carry Ed25519 signatures.",
        ("lib/crypto/",),
    ),
    Room(
        "audit: add a chain of records protected before the system call returns",
        "Audit records of today can be lost under load and changed afterwards. A\n"
        "record of the chain has its MAC before the caller goes on, and a producer\n"
        "waits rather than lose one.",
        ("kernel/audit/coconut/",),
    ),
    Room(
        "agent: add the agent, a unit of trust between user and process",
        "A program that acts on somebody's behalf wants less than that somebody's\n"
        "authority, given at start, narrowed for its children, taken back at any time.",
        ("kernel/agent/", "kernel/sched/", "mm/"),
    ),
    Room(
        "coconut: add a security module that decides by capability",
        "Default deny in every object class for tasks of an agent; one pointer test\n"
        "for all others.",
        ("security/coconut/",),
    ),
    Room(
        "agentfs: show agents, their capabilities and the chain as files",
        "What an operator can read with cat needs no tool and no library.",
        ("fs/agentfs/",),
    ),
    Room(
        "selftests/coconut: test the agent ABI from C",
        "Sizes, flags, errnos and denials, by programs that need nothing but headers.",
        ("tools/testing/selftests/coconut/",),
    ),
    Room(
        "Documentation: describe agents, their ABI and their threat model",
        "For those who use the calls, and for those who have to judge them. The\n"
        "configuration fragments say which options they stand on.",
        ("Documentation/", "kernel/configs/"),
    ),
)


def is_wiring(patch: str) -> bool:
    """Whether a patch touches nothing but Kconfig and Makefiles."""
    return all(Path(name).name in ("Kconfig", "Makefile") for name in patch_files(patch))


def _identity(name: str, email: str, date: str) -> dict[str, str]:
    """What git takes a commit's author and committer from."""
    parts = {"NAME": name, "EMAIL": email, "DATE": date}
    return {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in parts.items()}


@dataclass(frozen=True)
class Series:
    """Works on git trees of the base under build/."""

    console: Console
    base: Base
    where: Places

    @property
    def tree(self) -> Path:
        """The base as a git tree: branch `base`, and what we put on it."""
        return self.where.build / "linux-git"

    def _git(self, *words: str, env: Mapping[str, str] | None = None) -> None:
        """Run git in the tree, as nobody in particular: a bare machine has no name for us."""
        who = _identity("Coconut OS", "coconut@localhost", f"{self.base.epoch} +0000")
        committer = {k: v for k, v in who.items() if k.startswith("GIT_COMMITTER")}
        self.console.run(["git", "-C", str(self.tree), *words], env={**committer, **(env or {})})

    def _say(self, *words: str) -> str:
        return self.console.read(["git", "-C", str(self.tree), *words]).strip()

    def prepare(self) -> bool:
        """Make the git tree of the pin unless it is there; say whether it was made."""
        if (self.tree / ".git" / "coconut-base").exists():
            return False
        source = obtain(self.console, self.base, self.where)
        if self.console.dry_run:
            self.console.show(["tar", "-xf", str(source.path), "-C", str(self.tree)])
            return True
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir(parents=True)
        self.console.step(
            "unpack-git",
            ["tar", "-xf", str(source.path), "-C", str(self.tree), "--strip-components=1"],
        )
        self._git("init", "-q", "-b", "base")
        self._git("config", "gc.auto", "0")
        self.console.step("git-add", ["git", "-C", str(self.tree), "add", "-f", "-A"])
        stamp = f"{self.base.epoch} +0000"
        who = _identity("Linux", "linux@localhost", stamp)
        self._git("commit", "-q", "-m", f"Linux {self.base.version}", env=who)
        (self.tree / ".git" / "coconut-base").touch()
        return True

    def _patches(self) -> list[Path]:
        return sorted((self.where.repo / "patches").glob("[0-9]*.patch"))

    def refresh(self, branch: str = "") -> None:
        """Export patches/ anew from branch `coconut` of the git tree, or of @branch, a path.

        Without either, sets the git tree up with the patches on it, ready to be edited.
        """
        top = Path(branch).absolute() if branch else self.tree
        if not branch and (self.prepare() or not self._say("branch", "--list", "coconut")):
            self._git("checkout", "-q", "-B", "coconut", "base")
            self._git("am", "-q", *map(str, self._patches()))
            self.console.say(f"the patches are commits in {self.tree}, on branch coconut:")
            self.console.say("change them there, then make refresh again")
            return
        fresh = self.where.build / "patches.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.console.run(
            ["git", "-C", str(top), *_EXPORT, "-q", "-o", str(fresh), "base..coconut"],
            hint="the tree needs a branch `base` (the pin) and a branch `coconut` on it",
        )
        if self.console.dry_run:
            return
        there = {p.name for p in fresh.glob("*.patch")}
        for old in self._patches():
            if old.name not in there:
                self.console.say(f"  gone: {old.name}")
                old.unlink()
        for path in sorted(fresh.glob("*.patch")):
            if put(path.read_bytes(), self.where.repo / "patches" / path.name):
                self.console.say(f"  {path.name}")

    def write(self, build: bool = False) -> Path:
        """Write the whole series to build/series and prove it: applied to the pin it gives
        the tree we build. @build builds each commit too."""
        self.prepare()
        out = self.where.build / "series"
        if self.console.dry_run:
            self.console.show(["git", "-C", str(self.tree), *_EXPORT, "-o", str(out), "base"])
            return out
        self._git("am", "--abort") if (self.tree / ".git/rebase-apply").exists() else None
        self._git("checkout", "-q", "-f", "-B", "series", "base")
        self._git("clean", "-q", "-f", "-d")
        self._commit_rooms()
        patches = sorted(self._patches(), key=lambda p: (is_wiring(p.read_text()), p.name))
        self._git("am", "-q", "--committer-date-is-author-date", *map(str, patches))
        shutil.rmtree(out, ignore_errors=True)
        self._git(*_EXPORT, "-q", "-o", str(out), "base..series")
        wanted = self._say("rev-parse", "series^{tree}")
        self._git("checkout", "-q", "-f", "-B", "proof", "base")
        self._git("am", "-q", *map(str, sorted(out.glob("*.patch"))))
        found = self._say("rev-parse", "proof^{tree}")
        if found != wanted:
            die(
                "the series applied to the base gives another tree",
                f"git -C {self.tree} diff series proof",
            )
        self.console.say(
            f"  {len(list(out.glob('*.patch')))} patches in {out}: they apply to the pin"
        )
        if build:
            self._build_each()
        return out

    def _commit_rooms(self) -> None:
        """One commit a room, with the name and time of its last change here."""
        files = room_files(self.console, self.where.repo, self.base.rooms)
        left = dict(files)
        for room in ROOMS:
            mine = [name for name in left if name.startswith(room.paths)]
            if not mine:
                continue
            for name in mine:
                source = left.pop(name)
                put(source.read_bytes(), self.tree / name, source.stat().st_mode & 0o777)
            last = self.console.read(
                ["git", "log", "-1", "--format=%an%n%ae%n%aI", "--", *room.paths],
                cwd=self.where.repo,
            ).splitlines() or ["Coconut OS", "coconut@localhost", f"{self.base.epoch} +0000"]
            env = _identity(*last)
            self._git("add", "-f", "--", *mine)
            self._git("commit", "-q", "-m", f"{room.subject}\n\n{room.why}", env=env)
        if left:
            die(
                f"no commit of the series has {next(iter(left))}",
                "add its room to ROOMS in series.py",
            )

    def _build_each(self) -> None:
        """Build User-Mode Linux at each commit, with our configuration as far as it has one."""
        kernel = Kernel(self.console, self.base, self.where, variant("uml"))
        kernel.tree.sync()
        kernel.configure()
        out = self.tree / "out-series"
        out.mkdir(exist_ok=True)
        env = {**kernel.env(), "CCACHE_BASEDIR": str(self.tree)}
        common = ["make", "-C", str(self.tree), f"O={out.name}", "ARCH=um", "CC=ccache gcc"]
        commits = self._say("rev-list", "--reverse", "base..series").split()
        for number, commit in enumerate(commits, 1):
            self._git("checkout", "-q", "-f", commit)
            shutil.copy(kernel.output / ".config", out / ".config")
            self.console.step("series-config", [*common, "olddefconfig"], env=env)
            goals = [f"-j{kernel.jobs}", "linux"]
            self.console.step(f"series-{number:02}", [*common, *goals], env=env)
        self._git("checkout", "-q", "-f", "series")
