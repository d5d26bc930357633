# SPDX-License-Identifier: Apache-2.0
"""Run a job in a guest: a command line for each kind of machine, one start and one stop."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pycoconut.guest.definition import Guest, load
from pycoconut.guest.job import Job, Outcome, collect, prepare
from pycoconut.guest.kvm import probe
from pycoconut.guest.tpm import Tpm
from pycoconut.imgbuild.cpio import Member, newc
from pycoconut.kbuild.base import Places
from pycoconut.kbuild.console import Console, die
from pycoconut.kbuild.tree import put

__all__ = ["Runner"]

_INIT = Path(__file__).with_name("init.sh")
_BUSYBOX = (Path("/bin/busybox"), Path("/usr/bin/busybox"))


def _busybox() -> Path:
    """The static busybox of this machine."""
    for path in _BUSYBOX:
        if path.exists():
            return path
    die("there is no busybox", "make deps (Debian: busybox-static)")


def _initramfs(files: Mapping[str, Path]) -> bytes:
    """A root of busybox, our init and @files."""
    members = [
        Member("bin", stat.S_IFDIR | 0o755),
        Member("dev", stat.S_IFDIR | 0o755),
        Member("dev/console", stat.S_IFCHR | 0o600, major=5, minor=1),
        Member("bin/busybox", stat.S_IFREG | 0o755, _busybox().read_bytes()),
        Member("bin/sh", stat.S_IFLNK | 0o777, b"busybox"),
        Member("init", stat.S_IFREG | 0o755, _INIT.read_bytes()),
    ]
    made = {"bin", "dev"}
    for name, path in sorted(files.items()):
        for folder in reversed(Path(name.lstrip("/")).parents[:-1]):
            if str(folder) not in made:
                made.add(str(folder))
                members.append(Member(str(folder), stat.S_IFDIR | 0o755))
        mode = stat.S_IFREG | path.stat().st_mode & 0o777
        members.append(Member(name.lstrip("/"), mode, path.read_bytes()))
    return newc(members, 0)


def _until_cut(child: subprocess.Popen[bytes], timeout: float, mark: Path, seconds: float) -> float:
    """Wait for the file that says from when to count; return what is left then."""
    end = time.monotonic() + timeout
    while child.poll() is None and not mark.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return seconds


@dataclass(frozen=True)
class Runner:
    """Boots guests of this checkout. What one leaves is under build/guest/<label>/."""

    console: Console
    where: Places

    def run(self, name: str, job: Job, label: str = "") -> Outcome:
        """Boot guest @name for one job; the outcome may be a failure, ask its check()."""
        guest = load(self.where.repo / "qemu" / f"{name}.toml")
        folder = self.where.build / "guest" / (label or name)
        out, log = folder / "out", folder / "console.log"
        if self.console.dry_run:
            self.console.show(self._command(guest, job, out, folder))
            return Outcome(0, 0.0, log, out)
        prepare(job, out)
        argv = self._command(guest, job, out, folder)
        timeout = max(job.timeout, guest.timeout) if guest.kind != "uml" else job.timeout
        cut = None if job.cut is None else (out / "cut", job.cut)
        with contextlib.ExitStack() as beside:
            if guest.tpm:
                tpm = beside.enter_context(Tpm(job.tpm, out / "tpm-dies"))
                self.console.show(tpm.command)
                argv += tpm.device
            self.console.show(argv)
            started = time.monotonic()
            self._wait(argv, log, timeout, interactive=job.interactive, cut=cut)
        return collect(out, log, time.monotonic() - started)

    def _wait(
        self,
        argv: Sequence[str],
        log: Path,
        timeout: float,
        interactive: bool,
        cut: tuple[Path, float] | None,
    ) -> None:
        """Let the machine run to its end, or end it and all that it started after @timeout."""
        if interactive:
            subprocess.run(argv)
            return
        with log.open("wb") as out:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                child.wait(_until_cut(child, timeout, *cut) if cut else timeout)
            except subprocess.TimeoutExpired:
                out.write(f"\nno end after {timeout:.0f} s: killed\n".encode())
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _image(self, guest: Guest) -> Path:
        """The kernel that the guest boots."""
        file = "linux" if guest.kernel.startswith("uml") else "bzImage"
        path = self.where.build / "kernel" / guest.kernel / file
        if not path.exists() and not self.console.dry_run:
            how = "the test that boots it fetches it" if guest.kernel == "stock" else ""
            die(f"{path} is not built", how or f"make kernel V={guest.kernel}")
        return path

    def _modules(self, guest: Guest) -> dict[str, Path]:
        """What a kernel that is not ours needs to reach its root; init loads them by name."""
        folder = self.where.build / "kernel" / guest.kernel / "modules"
        return {f"/modules/{path.name}": path for path in sorted(folder.glob("*.ko"))}

    def _keep(self) -> str:
        """Host folders that a job needs, though they may be below /tmp."""
        needed = {self.where.repo, self.where.cache, Path(sys.base_prefix)}
        return ":".join(sorted(str(p) for p in needed if str(p).startswith("/tmp/")))

    def _command(self, guest: Guest, job: Job, out: Path, folder: Path) -> list[str]:
        build = {"uml": self._uml, "direct": self._direct, "vng": self._vng}
        if guest.kind not in build:
            die(f"{guest.name} boots an image, not a job", "make run, or tests/iso")
        return build[guest.kind](guest, job, out, folder)

    def _uml(self, guest: Guest, job: Job, out: Path, _: Path) -> list[str]:
        return [
            str(self._image(guest)), f"mem={guest.memory}M", "rootfstype=hostfs", "rootflags=/",
            "ro", f"init={_INIT}", "con=null", "ssl=null", "con0=fd:0,fd:1", "quiet", "panic=-1",
            "coconut_root=hostfs", f"coconut_out={out}", f"coconut_init={_INIT}",
            f"coconut_keep={self._keep()}", *guest.boot, *job.boot,
            *(f"ubd{number}={disk}" for number, disk in enumerate(job.disks)),
        ]  # fmt: skip

    def _direct(self, guest: Guest, job: Job, out: Path, folder: Path) -> list[str]:
        accel = probe()
        memory = guest.root == "memory"
        initrd = folder / "initramfs"
        if not self.console.dry_run:
            put(_initramfs({**(job.files if memory else {}), **self._modules(guest)}), initrd)
            self.console.say(f"  {accel.name}: {accel.why}")
        share = "local,security_model=none,multidevs=remap"
        # On a busy machine an emulated timer is late at boot, which Linux takes for a broken one.
        patience = [] if accel.kvm else ["no_timer_check"]
        words = [
            "console=ttyS0", "quiet", "panic=-1", "rdinit=/init", *patience,
            f"coconut_root={'memory' if memory else '9p'}", f"coconut_init={_INIT}",
            *([f"coconut_keep={self._keep()}"] if self._keep() else []), *guest.boot, *job.boot,
        ]  # fmt: skip
        return [
            "qemu-system-x86_64", "-M", "q35", "-accel", accel.name,
            "-cpu", "host" if accel.kvm else "max", "-smp", str(guest.smp),
            "-m", f"{guest.memory}M", "-nodefaults", "-display", "none",
            *([] if job.resets else ["-no-reboot"]),
            "-serial", "stdio", "-kernel", str(self._image(guest)), "-initrd", str(initrd),
            "-append", " ".join(words),
            "-fsdev", f"{share},id=out,path={out}",
            "-device", "virtio-9p-pci,fsdev=out,mount_tag=out",
            *([] if memory else [
                "-fsdev", f"{share},id=root,path=/,readonly=on",
                "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
            ]),
            *(w for disk in job.disks for w in ("-drive", f"file={disk},if=virtio,format=raw")),
            *guest.machine,
        ]  # fmt: skip

    def _vng(self, guest: Guest, job: Job, out: Path, _: Path) -> list[str]:
        """virtme-ng mounts over /tmp and more, so all that its guest starts from is at /mnt."""
        if not self.console.dry_run:
            put(_INIT.read_bytes(), out / "init.sh", 0o755)
        accel = probe()
        inside = ["env", "coconut_root=none", "coconut_out=/mnt", f"coconut_keep={self._keep()}"]
        inside += [str(_busybox()), "sh", "/mnt/init.sh", "nested"]
        words = [w for word in (*guest.boot, *job.boot) for w in ("--append", word)]
        here = Path(sys.executable).parent
        return [
            "env", f"PATH={here}:/usr/sbin:/usr/bin:/sbin:/bin",
            "vng", "--run", str(self._image(guest)),
            *([] if accel.kvm else ["--disable-kvm"]), "--cpus", str(guest.smp),
            "--memory", f"{guest.memory}M", "--user", "root", f"--rwdir=/mnt={out}", *words,
            "--exec", shlex.join(inside),
        ]  # fmt: skip

    def forget(self, label: str) -> None:
        """Remove what a guest left."""
        shutil.rmtree(self.where.build / "guest" / label, ignore_errors=True)
