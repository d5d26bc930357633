# SPDX-License-Identifier: Apache-2.0
"""`make iso`: the steps in their order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pycoconut.imgbuild import boot, rootfs, sbom, signing
from pycoconut.imgbuild.recipe import IMAGE, Recipe, load_recipe
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.kernel import Kernel, variant

__all__ = ["Image"]

_SHEBANG = "#!/usr/bin/python3 -IB\n"
_COMMAND = """\
# SPDX-License-Identifier: Apache-2.0
import sys
from pycoconut.cli import main
sys.exit(main())
"""


_ROOMS = ("tools/pycoconut", "tools/audit-verify", "kernel/audit/coconut", "lib/crypto", "include")
"""Rooms that something on the image is made of, besides its own and the kernel."""


@dataclass(frozen=True)
class Image:
    """The image of this checkout. @kernel is what boots it."""

    console: Console
    base: Base
    where: Places
    recipe: Recipe
    kernel: Path
    folder: Path
    """Where the image, its bill of materials and the digests are put."""

    @classmethod
    def of(cls, console: Console, base: Base, where: Places, kernel: Path | None) -> Image:
        """With the vm kernel unless another is named."""
        built = Kernel(console, base, where, variant("vm")).image
        return cls(console, base, where, load_recipe(), kernel or built, where.build / "image")

    @property
    def iso(self) -> Path:
        """The image itself."""
        return self.folder / "coconut.iso"

    @property
    def work(self) -> Path:
        """What the image is put together from."""
        return self.folder / "work"

    @property
    def _verifier(self) -> Path:
        """The second verifier, before it is on the image."""
        return self.work / "audit-verify" / "coconut-audit-verify"

    def _inputs(self) -> Iterator[Path]:
        yield from (self.kernel, self.where.repo / "base.toml")
        for room in (IMAGE, *(self.where.repo / name for name in _ROOMS)):
            yield from sorted(p for p in room.rglob("*") if "__pycache__" not in p.parts)

    def _fingerprint(self) -> str:
        """Of everything in the checkout that the image is made of."""
        digest = hashlib.sha256()
        for path in self._inputs():
            if path.is_file():
                data = path.read_bytes()
                digest.update(f"{path}\0{path.stat().st_mode}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()

    def build(self) -> Path:
        """The ISO; nothing is done where nothing changed."""
        if not self.console.dry_run and not self.kernel.exists():
            die(f"{self.kernel} is missing", "make kernel")
        stamp = self.work / "inputs"
        mark = "" if self.console.dry_run else self._fingerprint()
        if mark and self.iso.exists() and stamp.exists() and stamp.read_text() == mark:
            self.console.say(f"{self.iso} is up to date")
            return self.iso
        self.work.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        self._programs()
        debian = rootfs.debian(self.console, self.where, self.base, self.recipe)
        wheels = [rootfs.wheel(self.console, self.where, row) for row in self.recipe.wheels]
        if not self.console.dry_run:
            self._root(debian, wheels)
        self._squash()
        label = self._tree()
        boot.grub_images(self.console, self.work, label, self.base.epoch)
        if not self.console.dry_run:
            grub = self.work / "tree" / "boot" / "grub"
            (grub / "eltorito.img").write_bytes((self.work / "eltorito.img").read_bytes())
        boot.iso(self.console, self.work, self.work / "tree", label, self.iso, self.base.epoch)
        if not self.console.dry_run:
            self._papers(debian)
            stamp.write_text(mark)
            self.console.say(f"  {self.iso}: {self.iso.stat().st_size >> 20} MiB")
        return self.iso

    def _programs(self) -> None:
        boot.static(self.console, IMAGE / "pid1" / "coconutd.c", self.work / "coconutd")
        boot.static(self.console, IMAGE / "initramfs" / "init.c", self.work / "init")
        boot.verifier(self.console, self.where.repo, self._verifier.parent)

    def _root(self, debian: rootfs.Debian, wheels: list[Path]) -> None:
        """Debian's part, the wheels, pycoconut, the files of image/root, PID 1."""
        root = rootfs.Root(self.base.epoch)
        root.load(debian.tar, lambda _: False)
        modules = rootfs.run_half(self.where.repo / "tools")
        for archive in wheels:
            modules |= rootfs.unpack(archive)
        for name, data in modules.items():
            root.file(name, data)
        sources = {name: data for name, data in modules.items() if name.endswith(".py")}
        for name, data in debian.compile(sources).items():
            root.file(name, data)
        root.tree(IMAGE / "root")
        root.tree(IMAGE / "policy", "etc/coconut/policy/caps")
        self._services(root)
        root.file("usr/sbin/coconutd", (self.work / "coconutd").read_bytes(), 0o755)
        root.symlink("usr/sbin/init", "coconutd")
        root.file("usr/bin/coconut", (_SHEBANG + _COMMAND).encode(), 0o755)
        root.file("usr/bin/coconut-audit-verify", self._verifier.read_bytes(), 0o755)
        for name in ("agent", "media"):
            root.folder(name)
        root.folder("var/log/coconut", 0o750)
        root.folder("etc/coconut/keys", 0o700)
        root.file("etc/shadow", _no_password(root.read("etc/shadow").decode()).encode(), 0o640)
        root.write(self.work / "root.tar")

    def _services(self, root: rootfs.Root) -> None:
        cache, tools = self.where.cache, self.where.repo / "tools"
        root.file(
            f"etc/coconut/authorizers.d/{signing.LABEL}.pub", signing.public_key(cache, tools)
        )
        for path in sorted((IMAGE / "services").glob("*.yaml")):
            signed = signing.sign(path, cache, tools)
            root.file(f"etc/coconut/services/{path.stem}.cose", signed)

    def _squash(self) -> None:
        out, tar = self.work / "root.squashfs", self.work / "root.tar"
        self.console.run(["rm", "-f", str(out)])
        time = str(self.base.epoch)
        self.console.step(
            "mksquashfs",
            [
                *("sh", "-c", 'exec mksquashfs - "$@" -tar <"$0"', str(tar), str(out)),
                *("-comp", "zstd", "-Xcompression-level", "12", "-b", "64K", "-no-progress"),
                *("-mkfs-time", time, "-all-time", time, "-noappend"),
            ],
            hint="Debian: squashfs-tools",
            timeout=900,
        )

    def _tree(self) -> str:
        """Lay out what the ISO holds; return its label, which says what is in it."""
        tree = self.work / "tree"
        self.console.run(["rm", "-rf", str(tree)])
        if self.console.dry_run:
            return "COCONUT_DRYRUN"
        (tree / "boot" / "grub").mkdir(parents=True)
        (tree / "live").mkdir()
        kernel = self.kernel.read_bytes()
        squash = (self.work / "root.squashfs").read_bytes()
        initramfs = boot.initramfs((self.work / "init").read_bytes(), self.base.epoch)
        digest = hashlib.sha256(kernel + squash + initramfs).hexdigest()
        label = f"COCONUT_{digest[:12].upper()}"
        (tree / "live" / "root.squashfs").write_bytes(squash)
        (tree / "boot" / "vmlinuz").write_bytes(kernel)
        (tree / "boot" / "initramfs").write_bytes(initramfs)
        (tree / "boot" / "grub" / "grub.cfg").write_text(boot.grub_config(self.recipe, label))
        return label

    def _papers(self, debian: rootfs.Debian) -> None:
        """The bill of materials, and the digests that both are checked by."""
        own = [
            sbom.Part(
                name,
                version,
                "Organization: Coconut OS",
                licence=licence,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for name, version, licence, path in (
                ("linux-coconut", self.base.version, "GPL-2.0-only", self.kernel),
                ("coconutd", _version(self.where), "Apache-2.0", self.work / "coconutd"),
                ("coconut-initramfs", _version(self.where), "Apache-2.0", self.work / "init"),
                ("coconut-audit-verify", _version(self.where), "GPL-2.0-only", self._verifier),
            )
        ]
        own.append(sbom.Part("pycoconut", _version(self.where), own[0].supplier, "", "Apache-2.0"))
        parts = sbom.parts_of_debian(debian.packages.read_text(), self.base.suite)
        parts += sbom.parts_of_wheels(self.recipe.wheels) + own
        paper = self.folder / "coconut.spdx.json"
        paper.write_text(sbom.render("coconut-os", parts, self.base.epoch))
        sums = "".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
            for path in (self.iso, paper)
        )
        (self.folder / "SHA256SUMS").write_text(sums)


def _version(where: Places) -> str:
    found = re.search(r'^version = "([^"]+)"', (where.repo / "pyproject.toml").read_text(), re.M)
    return found[1] if found else "0"


def _no_password(shadow: str) -> str:
    """A live medium has no secret to protect its console with: whoever holds it can read it all."""
    return re.sub(r"^root:[^:]*:", "root::", shadow, flags=re.M)
