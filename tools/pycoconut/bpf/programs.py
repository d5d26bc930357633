# SPDX-License-Identifier: Apache-2.0
"""The BPF-LSM programs: their text for the running kernel, compiled and attached with bcc.

The text needs no header of the kernel: what it knows of a structure comes from the
kernel's own type information, as constants in front of it.
"""

from __future__ import annotations

import ctypes
import os
import re
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum, IntFlag
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..abi import RIGHT_NEVER, AgentRight, Class, ExecRight, FsRight, NetProto, NetRight
from ..errors import CoconutError
from .btf import Btf

__all__ = ["HOOKS", "BpfError", "Programs", "source"]

FOLDER = Path(__file__).with_name("programs")
FILES = ("base.c", "walk.c", "file.c", "path.c", "socket.c", "task.c")
PROBE = re.compile(r"^LSM_PROBE\((\w+),", re.M)
LSM_LIST = Path("/sys/kernel/security/lsm")
QUESTION = struct.Struct("<IIQQ")
#: Where Debian's python3-bpfcc is, for a Python that is not Debian's own.
DEBIAN = Path("/usr/lib/python3/dist-packages")

#: Members that are read, by the name their offset has in the text.
MEMBERS: Mapping[str, str] = {
    "path_dentry": "path.dentry",
    "path_mnt": "path.mnt",
    "dentry_d_inode": "dentry.d_inode",
    "dentry_d_parent": "dentry.d_parent",
    "dentry_d_sb": "dentry.d_sb",
    "dentry_d_name_name": "dentry.d_name.name",
    "super_block_s_flags": "super_block.s_flags",
    "inode_i_flags": "inode.i_flags",
    "inode_i_mode": "inode.i_mode",
    "vfsmount_mnt_root": "vfsmount.mnt_root",
    "vfsmount_mnt_flags": "vfsmount.mnt_flags",
    "mount_mnt": "mount.mnt",
    "mount_mnt_ns": "mount.mnt_ns",
    "mount_mnt_parent": "mount.mnt_parent",
    "mount_mnt_mountpoint": "mount.mnt_mountpoint",
    "file_f_path": "file.f_path",
    "file_f_inode": "file.f_inode",
    "file_f_mode": "file.f_mode",
    "file_f_flags": "file.f_flags",
    "vma_vm_file": "vm_area_struct.vm_file",
    "vma_vm_flags": "vm_area_struct.vm_flags",
    "socket_sk": "socket.sk",
    "sock_sk_type": "sock.sk_type",
    "sock_skc_family": "sock.__sk_common.skc_family",
    "sock_skc_num": "sock.__sk_common.skc_num",
    "sock_skc_rcv_saddr": "sock.__sk_common.skc_rcv_saddr",
    "sock_skc_v6_rcv_saddr": "sock.__sk_common.skc_v6_rcv_saddr",
    "unix_sock_path": "unix_sock.path",
    "unix_sock_addr": "unix_sock.addr",
    "unix_address_len": "unix_address.len",
    "unix_address_name": "unix_address.name",
    "msghdr_msg_name": "msghdr.msg_name",
    "msghdr_msg_namelen": "msghdr.msg_namelen",
    "msghdr_msg_flags": "msghdr.msg_flags",
}
#: Hooks that 5.15 does not have.
LATER = ("file_truncate", "uring_override_creds", "uring_sqpoll", "uring_cmd")
RENAME_ARGUMENTS = 5

#: What bcc's own header includes of the kernel's, reduced to what it uses.
TYPES = """\
#ifndef COCONUT_TYPES_H
#define COCONUT_TYPES_H
typedef signed char __s8, s8;
typedef unsigned char __u8, u8;
typedef short __s16, s16;
typedef unsigned short __u16, u16, __le16, __be16, __sum16, umode_t;
typedef int __s32, s32, pid_t;
typedef unsigned int __u32, u32, __le32, __be32, __wsum;
typedef long long __s64, s64;
typedef unsigned long long __u64, u64, __le64, __be64;
typedef __u64 __attribute__((aligned(8))) __aligned_u64;
typedef unsigned long size_t, uintptr_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define __always_inline inline __attribute__((always_inline))
#define PAGE_SIZE 4096
#define EPERM 1
#define ENOMEM 12
#define EACCES 13
#endif
"""
VERSION = """\
#define LINUX_VERSION_CODE 0x050f00
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
"""
HEADERS: Mapping[str, str] = {
    "linux/kconfig.h": "#define CONFIG_BPF_SYSCALL 1\n#define CONFIG_CC_STACKPROTECTOR 1\n",
    "linux/types.h": TYPES,
    "linux/version.h": VERSION,
    **dict.fromkeys(
        (
            "asm/page.h",
            "linux/bpf_common.h",
            "linux/compiler.h",
            "linux/log2.h",
            "uapi/linux/bpf.h",
            "uapi/linux/if_ether.h",
            "uapi/linux/if_packet.h",
            "uapi/linux/ptrace.h",
        ),
        "",
    ),
}


class BpfError(CoconutError):
    """The programs cannot be had on this system."""


def _text() -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in FILES)


HOOKS: tuple[str, ...] = tuple(PROBE.findall(_text()))
"""Names of the LSM hooks that there is a program for."""


def _constants(prefix: str, kind: type[IntEnum] | type[IntFlag]) -> Iterator[str]:
    suffix = "ULL" if issubclass(kind, IntFlag) else ""
    for member in kind:
        yield f"#define {prefix}_{member.name} {int(member)}{suffix}"


def source(btf: Btf) -> str:
    """The text of all programs for one kernel.

    Raises:
        BtfError: That kernel lacks a member that is read.
    """
    lines = [f"#define OFFSET_{name} {btf.offset(path)}" for name, path in MEMBERS.items()]
    there = [hook for hook in LATER if btf.function(f"bpf_lsm_{hook}") is not None]
    lines += [f"#define HAVE_{hook} 1" for hook in there]
    if btf.function("bpf_lsm_path_rename") == RENAME_ARGUMENTS:
        lines.append("#define HAVE_RENAME_FLAGS 1")
    lines.append(f"#define NEVER {RIGHT_NEVER}ULL")
    for prefix, kind in (
        ("CLASS", Class),
        ("NET", NetProto),
        ("FS", FsRight),
        ("EXEC", ExecRight),
        ("NET", NetRight),
        ("AGENT", AgentRight),
    ):
        lines += _constants(prefix, kind)
    return "\n".join([*lines, _text()])


def _bcc() -> ModuleType:
    """bcc, also from where Debian has put it for another Python.

    Raises:
        BpfError: There is none.
    """
    added = str(DEBIAN) not in sys.path
    if added:
        sys.path.append(str(DEBIAN))
    try:
        module = import_module("bcc")
    except (ImportError, OSError) as error:
        raise BpfError(
            f"bcc cannot be used: {error}", hint="apt install python3-bpfcc (not PyPI's bcc)"
        ) from None
    finally:
        if added:
            sys.path.remove(str(DEBIAN))
    if not hasattr(module, "BPF"):
        raise BpfError("this bcc is another program of that name", hint="apt install python3-bpfcc")
    return module


def _check_system() -> None:
    if os.geteuid():
        raise BpfError("BPF-LSM programs are loaded by root", hint="run it as root")
    try:
        active = LSM_LIST.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise BpfError(
            f"there is no {LSM_LIST}", hint="mount -t securityfs securityfs /sys/kernel/security"
        ) from None
    if "bpf" not in active.split(","):
        raise BpfError(
            f"the BPF LSM is not active, only {active}",
            hint=f"boot with the kernel parameter lsm={active},bpf (CONFIG_BPF_LSM=y)",
        )


@contextmanager
def _headers() -> Iterator[None]:
    """A folder that bcc takes for the kernel's source."""
    with tempfile.TemporaryDirectory(prefix="coconut-bpf-") as folder:
        for name, text in HEADERS.items():
            path = Path(folder, "include", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        old = os.environ.get("BCC_KERNEL_SOURCE")
        os.environ["BCC_KERNEL_SOURCE"] = folder
        try:
            yield
        finally:
            if old is None:
                del os.environ["BCC_KERNEL_SOURCE"]
            else:
                os.environ["BCC_KERNEL_SOURCE"] = old


class Programs:
    """All programs, attached for as long as this process, or a child of it, lives.

    They decide nothing until a task is held.

    Raises:
        BpfError: They cannot be had here; the hint says what is missing.
        BtfError: The kernel does not say, or has not, what they read.
    """

    def __init__(self) -> None:
        _check_system()
        text = source(Btf.of_kernel())
        bcc = _bcc()
        with _headers():
            try:
                self._bpf: Any = bcc.BPF(text=text.encode())
            except Exception as error:  # bcc raises nothing narrower
                raise BpfError(f"the programs do not load: {error}") from error
        self._lib: Any = import_module("bcc.libbcc").lib
        self._tell: Callable[[bytes], None] = lambda _data: None
        self._bpf[b"denials"].open_ring_buffer(self._told)

    def _told(self, _context: Any, data: Any, size: int) -> None:
        self._tell(ctypes.string_at(data, size))

    def _map(self, name: str) -> int:
        fd: int = self._lib.bpf_table_fd(self._bpf.module, name.encode())
        if fd < 0:
            raise BpfError(f"there is no map {name}")
        return fd

    def set(self, name: str, key: bytes, value: bytes) -> None:
        """An entry of a map.

        Raises:
            OSError: The kernel does not take it.
        """
        if self._lib.bpf_update_elem(self._map(name), key, value, 0) < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"map {name}: {os.strerror(code)}")

    def get(self, name: str, key: bytes, size: int) -> bytes | None:
        """The value of an entry, of so many bytes; None: there is no such entry."""
        value = ctypes.create_string_buffer(size)
        if self._lib.bpf_lookup_elem(self._map(name), key, value) < 0:
            return None
        return value.raw

    def hold(self, pidfd: int, policy: int) -> None:
        """Hold a task, and all that it makes from now on, to a policy.

        Raises:
            OSError: It is gone.
        """
        self.set("held", pidfd.to_bytes(4, "little"), policy.to_bytes(8, "little"))

    def policy_of(self, pidfd: int) -> int:
        """The policy that a task is held to; 0: none."""
        value = self.get("held", pidfd.to_bytes(4, "little"), 8)
        return int.from_bytes(value or b"", "little")

    def inode(self, fd: int) -> int:
        """Address of the inode behind a descriptor, which must stay open for it to mean anything.

        Raises:
            BpfError: It is of no hierarchy: a pipe, a socket.
        """
        first = bytes(4)
        self.set("questions", first, QUESTION.pack(os.getpid(), 1, 0, 0))
        os.fstat(fd)
        value = self.get("questions", first, QUESTION.size) or bytes(QUESTION.size)
        _, asked, inode, exempt = QUESTION.unpack(value)
        if asked or not inode:
            raise BpfError("the kernel does not say which inode stands behind a path")
        if exempt:
            raise BpfError("what is named is part of no hierarchy")
        return int(inode)

    def listen(self, tell: Callable[[bytes], None]) -> None:
        """Have @tell, and nobody else, called from poll() with the bytes of each denial."""
        self._tell = tell

    def poll(self, milliseconds: int) -> None:
        """Wait for denials, but no longer than that."""
        self._bpf.ring_buffer_poll(milliseconds)

    def drain(self) -> None:
        """Tell of what is left."""
        self._bpf.ring_buffer_consume()

    def untold(self) -> int:
        """Denials for which there was no room in the ring."""
        return int.from_bytes(self.get("untold", bytes(4), 8) or b"", "little")
