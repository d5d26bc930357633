# SPDX-License-Identifier: Apache-2.0
"""A kernel that we did not build: Debian's, and the modules that a guest of it starts from."""

from __future__ import annotations

import lzma
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pycoconut.kbuild.apt import Archive
from pycoconut.kbuild.base import Base, Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.tree import put

__all__ = ["Stock"]

_MODULES = (
    "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
    "netfs", "fscache", "9pnet", "9pnet_virtio", "9p", "overlay",
)  # fmt: skip
"""Each after those it needs. What is not among the files is built in."""


@dataclass(frozen=True)
class Stock:
    """The stock kernel of this checkout, as the guest runner looks for it."""

    console: Console
    base: Base
    where: Places

    @property
    def folder(self) -> Path:
        """Where the image, and modules/ in the order of loading, are put."""
        return self.where.build / "kernel" / "stock"

    def fetch(self) -> Path:
        """The image; fetched and unpacked if it is not there. Kept in the cache as it came."""
        image = self.folder / "bzImage"
        if image.exists():
            return image
        kept = self.where.cache / "stock"
        kept.mkdir(parents=True, exist_ok=True)
        debs = sorted(kept.glob("*.deb"), key=lambda path: path.stat().st_mtime)
        self._unpack(debs[-1] if debs else Archive(self.console, self.base, self.where).stock(kept))
        return image

    def _unpack(self, deb: Path) -> None:
        (self.folder / "modules").mkdir(parents=True, exist_ok=True)
        argv = ["dpkg-deb", "--fsys-tarfile", str(deb)]
        self.console.show(argv)
        kernel = b""
        with (
            subprocess.Popen(argv, stdout=subprocess.PIPE) as unpacking,
            tarfile.open(fileobj=unpacking.stdout, mode="r|") as files,
        ):
            for member in files:
                name = Path(member.name).name
                if name.startswith("vmlinuz-"):
                    kernel = self._content(files, member)
                elif name.split(".")[0] in _MODULES and ".ko" in name:
                    self._module(name, self._content(files, member))
        if not kernel:
            die(f"{deb} holds no kernel", f"rm {deb}")
        # Last: whoever sees it finds the modules too.
        put(kernel, self.folder / "bzImage")

    @staticmethod
    def _content(files: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        file = files.extractfile(member)
        return file.read() if file else b""

    def _module(self, name: str, content: bytes) -> None:
        stem = name.split(".")[0]
        if name.endswith(".xz"):
            content = lzma.decompress(content)
        put(content, self.folder / "modules" / f"{_MODULES.index(stem):02}-{stem}.ko")
