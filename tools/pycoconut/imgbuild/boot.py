# SPDX-License-Identifier: Apache-2.0
"""What firmware and boot loader see: GRUB for BIOS and UEFI, its menu, initramfs, ISO."""

from __future__ import annotations

import stat
from pathlib import Path

from pycoconut.imgbuild.cpio import Member, newc
from pycoconut.imgbuild.recipe import Recipe
from pycoconut.kbuild.console import Console, die

__all__ = ["grub_config", "grub_images", "initramfs", "iso", "static"]

_MODULES = (
    *("iso9660", "part_gpt", "part_msdos", "fat", "search", "search_label", "normal", "configfile"),
    *("linux", "echo", "test", "serial", "terminal", "minicmd", "reboot", "halt", "sleep"),
)
"""Built in: the loader reads no module from the medium."""

_ESP_SECTORS = 8192
"""Size of the UEFI partition in units of 512 bytes; GRUB and its menu take a quarter."""

_ESP_TYPE = "28732ac11ff8d211ba4b00a0c93ec93b"
"""The GPT type of an EFI system partition, as xorriso wants it."""

_ISO_TYPE = "a2a0d0ebe5b9334487c068b6b72699c7"
"""The GPT type "basic data", for the ISO's own partition."""


def static(console: Console, source: Path, out: Path) -> None:
    """Build a program of one file that needs no library at run time."""
    out.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-static", "-Os", "-Wall", "-Wextra", "-Werror", "-s", "-Wl,--build-id=none"]
    console.run(
        ["gcc", *flags, f"-ffile-prefix-map={source.parent}=.", "-o", str(out), str(source)]
    )


def verifier(console: Console, repo: Path, out: Path) -> Path:
    """Build the second verifier of the chain into a folder, without libraries at run time."""
    flags = f"-O3 -static -s -Wl,--build-id=none -ffile-prefix-map={repo}=."
    program = out / "coconut-audit-verify"
    console.run(
        [
            *("make", "-s", "-C", str(repo / "tools" / "audit-verify")),
            *(f"OUT={out}", f"CFLAGS={flags}", str(program)),
        ]
    )
    return program


def initramfs(init: bytes, epoch: int) -> bytes:
    """The root in memory that finds the one on the medium: a program, a console for its words."""
    return newc(
        [
            Member("dev", stat.S_IFDIR | 0o755),
            Member("dev/console", stat.S_IFCHR | 0o600, major=5, minor=1),
            Member("init", stat.S_IFREG | 0o755, init),
        ],
        epoch,
    )


def grub_config(recipe: Recipe, label: str) -> str:
    """The menu. Keyboard and screen, and the first serial port, are both asked and told."""
    head = f"""\
if serial --unit=0 --speed=115200; then
    terminal_input console serial
    terminal_output console serial
fi
set timeout={recipe.timeout}
set default=0
"""
    entries = "".join(
        f"""
menuentry '{row.title}' --id {row.name} {{
    linux /boot/vmlinuz {recipe.cmdline} coconut_label={label} coconut_profile={row.name}
    initrd /boot/initramfs
}}
"""
        for row in recipe.profiles
    )
    rescue = f"""
menuentry 'Coconut OS, a shell in place of the daemon' --id rescue {{
    linux /boot/vmlinuz {recipe.cmdline} coconut_label={label} coconut_daemon=/bin/sh
    initrd /boot/initramfs
}}
"""
    return head + entries + rescue


def grub_images(console: Console, work: Path, label: str, epoch: int) -> None:
    """Write eltorito.img (BIOS) and efi.img (the FAT of the UEFI partition) into @work."""
    early = work / "early.cfg"
    if not console.dry_run:
        early.write_text(
            f"search --no-floppy --set=root --label {label}\n"
            "set prefix=($root)/boot/grub\nconfigfile /boot/grub/grub.cfg\n"
        )
    common = ["--prefix=/boot/grub", f"--config={early}"]
    console.run(
        [
            *("grub-mkimage", "--format=i386-pc-eltorito", *common),
            f"--output={work / 'eltorito.img'}",
            *("biosdisk", *_MODULES),
        ],
        hint="Debian: grub-pc-bin",
    )
    console.run(
        [
            *("grub-mkimage", "--format=x86_64-efi", *common),
            f"--output={work / 'bootx64.efi'}",
            *("efi_gop", "efi_uga", *_MODULES),
        ],
        hint="Debian: grub-efi-amd64-bin",
    )
    esp = str(work / "efi.img")
    env = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1", "TZ": "UTC"}
    console.run(["rm", "-f", esp])
    console.run(
        [
            *("mkfs.fat", "-C", "--invariant", "-i", "c0c0a001", "-n", "COCONUT", "-F", "12"),
            *(esp, str(_ESP_SECTORS // 2)),
        ],
        env=env,
        hint="Debian: dosfstools",
    )
    console.run(["mmd", "-i", esp, "::/EFI", "::/EFI/BOOT"], env=env, hint="Debian: mtools")
    console.run(["mcopy", "-i", esp, str(work / "bootx64.efi"), "::/EFI/BOOT/BOOTX64.EFI"], env=env)


def iso(console: Console, work: Path, tree: Path, label: str, out: Path, epoch: int) -> None:
    """Write the ISO: it starts from CD and from stick, by BIOS and by UEFI."""
    mbr = Path("/usr/lib/grub/i386-pc/boot_hybrid.img")
    if not mbr.exists() and not console.dry_run:
        die(f"{mbr} is missing", "Debian: grub-pc-bin")
    console.step(
        "xorriso",
        [
            *("xorriso", "-as", "mkisofs", "-quiet", "-r", "-V", label, "-o", str(out)),
            *("--set_all_file_dates", f"={epoch}"),
            *("--grub2-mbr", str(mbr), "-partition_offset", "16", "--mbr-force-bootable"),
            *("-append_partition", "2", _ESP_TYPE, str(work / "efi.img")),
            *("-appended_part_as_gpt", "-iso_mbr_part_type", _ISO_TYPE),
            *("-c", "boot/boot.cat", "-b", "boot/grub/eltorito.img", "-no-emul-boot"),
            *("-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"),
            *("-eltorito-alt-boot", "-e", "--interval:appended_partition_2:::", "-no-emul-boot"),
            str(tree),
        ],
        env={"SOURCE_DATE_EPOCH": str(epoch)},
        hint="Debian: xorriso",
        timeout=600,
    )
