# SPDX-License-Identifier: Apache-2.0
"""Kernels: one table of variants, and the road from source to image."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pycoconut.kbuild import config
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.tree import Tree, put

__all__ = ["VARIANTS", "Kernel", "Variant", "variant"]


@dataclass(frozen=True)
class Variant:
    """A kernel we build: its architecture and its fragments of kernel/configs/."""

    name: str
    arch: str
    fragments: tuple[str, ...]
    ours: bool = True

    @property
    def image(self) -> str:
        """What boots, below the output folder."""
        return "linux" if self.arch == "um" else "arch/x86/boot/bzImage"


_COMMON = ("coconut-common",)
_TESTED = ("coconut", "coconut-kunit")
_VM = (*_COMMON, "coconut-vm")
_TYPES = ("coconut-vm-types",)
_X86_DEBUG = ("coconut-debug", "coconut-vm-debug")

VARIANTS = {
    v.name: v
    for v in (
        Variant("vm", "x86_64", (*_VM, *_TYPES, "coconut")),
        Variant("debug", "x86_64", (*_VM, *_TYPES, *_TESTED, *_X86_DEBUG)),
        Variant("uml", "um", (*_COMMON, "coconut-uml", *_TESTED)),
        Variant("uml-debug", "um", (*_COMMON, "coconut-uml", *_TESTED, "coconut-debug")),
        Variant("uml-gcov", "um", (*_COMMON, "coconut-uml", *_TESTED, "coconut-gcov")),
        Variant("kcsan", "x86_64", (*_VM, *_TESTED, "coconut-kcsan")),
        Variant("vm-base", "x86_64", _VM, ours=False),
    )
}
"""`vm-base` is Linux as it comes with the same fragments: what we compare with."""


def variant(name: str) -> Variant:
    """The variant of that name; Failure with the list of them where there is none."""
    if name not in VARIANTS:
        die(f"no kernel variant {name!r}", "one of: " + ", ".join(VARIANTS))
    return VARIANTS[name]


@dataclass(frozen=True)
class Kernel:
    """One variant of the kernel in this checkout."""

    console: Console
    base: Base
    where: Places
    variant: Variant

    @property
    def tree(self) -> Tree:
        """The source it is built from."""
        return Tree(self.console, self.base, self.where, ours=self.variant.ours)

    @property
    def output(self) -> Path:
        """Its objects: below the source, so that all paths in them are relative."""
        return self.tree.path / f"out-{self.variant.name}"

    @property
    def folder(self) -> Path:
        """Where the finished image and its configuration are put."""
        return self.where.build / "kernel" / self.variant.name

    @property
    def image(self) -> Path:
        """The finished image."""
        return self.folder / Path(self.variant.image).name

    def make(self, *goals: str) -> list[str]:
        """The make command for @goals; its environment is env()."""
        return [
            "make", "-C", str(self.tree.path), f"O={self.output.name}",
            f"ARCH={self.variant.arch}", "CC=ccache gcc", f"-j{self.jobs}", *goals,
        ]  # fmt: skip

    @property
    def jobs(self) -> int:
        """How many compilers at once; COCONUT_JOBS sets it."""
        return int(os.environ.get("COCONUT_JOBS", os.cpu_count() or 1))

    def env(self) -> dict[str, str]:
        """Same bytes from the same tree: a fixed time, user, host; and our compiler cache."""
        stamp = time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(self.base.epoch))
        return {
            "CCACHE_DIR": str(self.where.cache / "ccache"),
            "CCACHE_BASEDIR": str(self.tree.path),
            "CCACHE_NOHASHDIR": "1",
            "KBUILD_BUILD_TIMESTAMP": stamp,
            "KBUILD_BUILD_USER": "coconut",
            "KBUILD_BUILD_HOST": "coconut",
            "KBUILD_BUILD_VERSION": "1",
        }

    def wanted(self) -> dict[str, config.Wanted]:
        """What the fragments ask for; a later one overrides an earlier one."""
        folder = self.where.repo / "kernel" / "configs"
        rows = [
            w for f in self.variant.fragments for w in config.parse_fragment(folder / f"{f}.config")
        ]
        return {w.name: w for w in rows}

    def _kconfig_env(self) -> dict[str, str]:
        """What Kconfig files ask make for, answered as make answers."""
        um = self.variant.arch == "um"
        version = self.console.read(["gcc", "--version"]).splitlines()[0]
        top = str(self.tree.path)
        return {
            "srctree": top, "objtree": top, "ARCH": self.variant.arch, "SUBARCH": "x86",
            "SRCARCH": "um" if um else "x86", "HEADER_ARCH": "x86",
            "KERNELVERSION": self.base.version, "CC_VERSION_TEXT": version, "CLANG_FLAGS": "",
            "CC": "gcc", "HOSTCC": "gcc", "HOSTCXX": "g++", "LD": "ld", "NM": "nm", "AR": "ar",
            "OBJCOPY": "objcopy", "RUSTC": "rustc", "BINDGEN": "bindgen", "PAHOLE": "pahole",
            "RUSTC_VERSION_TEXT": "",
        }  # fmt: skip

    def configure(self) -> None:
        """Merge, let Kconfig complete, and assert. Nothing is done where nothing changed."""
        wanted = self.wanted()
        tree = self.tree.path
        if self.console.dry_run:
            self.console.show(self.make("tinyconfig"), env=self.env())
            self.console.show(self.make("olddefconfig"), env=self.env())
            return
        parts = [str(w).encode() for w in wanted.values()]
        parts += [(tree / name).read_bytes() for name in self.tree.kconfigs()]
        parts += [str(sorted(self._kconfig_env().items())).encode()]
        key = config.fingerprint(*parts)
        stamp = self.output / ".coconut-config"
        final = self.output / ".config"
        if stamp.exists() and stamp.read_text() == key and final.exists():
            return
        self.output.mkdir(parents=True, exist_ok=True)
        name = self.variant.name
        kept = final.read_bytes() if final.exists() else b""
        self.console.step(f"{name}-tinyconfig", self.make("tinyconfig"), env=self.env())
        kconfig = config.merge(tree, self._kconfig_env(), final, wanted, final)
        self.console.step(f"{name}-olddefconfig", self.make("olddefconfig"), env=self.env())
        config.hold(kconfig, wanted, final)
        if kept and kept == final.read_bytes():
            self.console.say("  the configuration is what it was")
        stamp.write_text(key)

    def build(self) -> Path:
        """From the pins to the image; return its path. Does only what changed."""
        with self.console.alone(self.tree.path.name):
            self.tree.sync()
        with self.console.alone(self.variant.name):
            return self._build()

    def _build(self) -> Path:
        self.configure()
        goals = ["linux"] if self.variant.arch == "um" else ["bzImage", "vmlinux"]
        log = self.console.step(
            f"kernel-{self.variant.name}",
            self.make(*goals),
            env=self.env(),
            hint=f"the first 'error:' in {self.where.logs}/kernel-{self.variant.name}.log",
        )
        if self.console.dry_run:
            return self.image
        self._warnings(log)
        put((self.output / self.variant.image).read_bytes(), self.image, 0o755)
        put((self.output / ".config").read_bytes(), self.folder / "config")
        self.console.say(f"  {self.image}")
        return self.image

    def _warnings(self, log: Path) -> None:
        """A warning in one of our rooms is an error; the base's own are not ours to mend."""
        lines = (line.removeprefix("../") for line in log.read_text(errors="replace").splitlines())
        ours = [
            line
            for line in lines
            if "warning:" in line and (self.where.repo / line.split(":")[0]).is_file()
        ]
        for line in ours:  # newer than its object: the next run compiles and complains again
            (self.tree.path / line.split(":")[0]).touch()
        if ours:
            die("warnings in our rooms:\n  " + "\n  ".join(ours), f"all of them: {log}")

    def headers(self) -> Path:
        """What programs include to speak to this kernel: <linux/...>."""
        out = self.tree.path / "out-headers"
        if not self.console.dry_run:
            out.mkdir(parents=True, exist_ok=True)
        self.console.step(
            "headers",
            ["make", "-C", str(self.tree.path), f"O={out.name}", "ARCH=x86_64", "headers_install"],
        )
        return out / "usr/include"

    def clean(self) -> None:
        """Forget the objects."""
        shutil.rmtree(self.output, ignore_errors=True)
