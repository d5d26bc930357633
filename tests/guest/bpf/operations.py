# SPDX-License-Identifier: Apache-2.0
"""What the operations of the corpus do, and how each is undone from outside.

Everything that an operation needs is imported and opened before its process is held.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from tests.guest.bpf.corpus import FOLDERS, NAMES_TAKEN, TOP, Operation

__all__ = ["World", "attempt", "undo"]

LIBC = ctypes.CDLL(None, use_errno=True)
SIZE = 4096
AT_FDCWD, RENAME_EXCHANGE, MS_MOVE = -100, 2, 8192
PTRACE_SEIZE = 0x4206
NR_BPF, NR_MQ_OPEN = 321, 240
QUEUE = b"differential"
UNKNOWN_IOCTL = 0x1234
REFUSED = (errno.EACCES, errno.EPERM)
MAKERS = (
    "create", "create_excl", "symlink", "mkfifo", "mksock", "mkchar", "mkblock", "mkreg",
    "mkreg_setuid", "link_here",
)  # fmt: skip


def at(folder: str, name: str = "") -> str:
    """A path in the tree."""
    return f"{TOP}/{folder}/{name}".rstrip("/")


def _call(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _write(path: str, mode: int = 0o644) -> None:
    with open(path, "wb") as file:
        file.write(b"x" * SIZE)
    os.chmod(path, mode)


@dataclass
class World:
    """The tree, who listens in it, and a process that is held to nothing."""

    outside: int = 0
    inherited: dict[str, int] = field(default_factory=dict)
    listeners: list[socket.socket] = field(default_factory=list)
    channel: tuple[socket.socket, ...] = ()

    @classmethod
    def make(cls, busybox: str) -> World:
        """Mounts and fills the tree."""
        world = cls()
        os.mkdir(TOP)
        _call(LIBC.mount(b"none", TOP.encode(), b"tmpfs", 0, None))
        for folder in FOLDERS:
            os.makedirs(at(folder))
        _call(LIBC.mount(at("b").encode(), at("a/bound").encode(), None, 4096, None))
        _call(LIBC.mount(b"none", at("a/ram").encode(), b"tmpfs", 0, None))
        with open(busybox, "rb") as file:
            program = file.read()
        for folder in FOLDERS:
            # What lies in b/ is seen in a/bound/ too.
            if folder != "a/bound":
                world._fill(folder, program)
        world.inherited = {folder: os.open(at(folder, "file"), os.O_RDWR) for folder in FOLDERS}
        for name in NAMES_TAKEN:
            world._listen(socket.SOCK_STREAM, f"\0{name}")
            world._listen(socket.SOCK_DGRAM, f"\0{name}")
        world.channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.close(_call(LIBC.syscall(NR_MQ_OPEN, QUEUE, os.O_RDWR | os.O_CREAT, 0o600, None)))
        world.outside = os.fork()
        if not world.outside:
            while True:
                signal.pause()
        return world

    def _fill(self, folder: str, program: bytes) -> None:
        _write(at(folder, "file"))
        _write(at(folder, "victim"))
        os.mkdir(at(folder, "empty"))
        with open(at(folder, "busybox"), "wb") as file:
            file.write(program)
        with open(at(folder, "script"), "wb") as file:
            file.write(f"#!{at('c', 'busybox')} true\n".encode())
        for name in ("busybox", "script"):
            os.chmod(at(folder, name), 0o755)
        self._listen(socket.SOCK_STREAM, at(folder, "sock"))

    def _listen(self, kind: int, name: str) -> None:
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(name)
        if kind == socket.SOCK_STREAM:
            listener.listen(4096)
        self.listeners.append(listener)

    def before(self, operation: Operation) -> None:
        """What the parent does first."""
        if operation.verb == "read_passed":
            fds = array.array("i", [self.inherited[operation.words[0]]])
            self.channel[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])


# ---- files ----


def _open(flags: int, name: str = "file") -> Callable[[World, str], None]:
    def do(_world: World, folder: str) -> None:
        os.close(os.open(at(folder, name), flags, 0o600))

    return do


def _node(mode: int, device: int = 0) -> Callable[[World, str], None]:
    return lambda _world, folder: os.mknod(at(folder, "new"), mode, device)


def _connect_unix(_world: World, folder: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(at(folder, "sock"))


def _map_shared(world: World, folder: str) -> None:
    mmap.mmap(world.inherited[folder], SIZE).close()


def _read_passed(world: World, _folder: str) -> None:
    _, fds, _, _ = socket.recv_fds(world.channel[1], 1, 1)
    if not fds:
        raise PermissionError(errno.EACCES, "the descriptor did not arrive")
    os.close(fds[0])


def _ioctl(world: World, folder: str) -> None:
    fcntl.ioctl(world.inherited[folder], UNKNOWN_IOCTL)


def _notify(_world: World, folder: str) -> None:
    watcher = _call(LIBC.inotify_init())
    try:
        _call(LIBC.inotify_add_watch(watcher, at(folder).encode(), 2))
    finally:
        os.close(watcher)


def _execute(path: str) -> None:
    child = os.fork()
    if not child:
        try:
            os.execv(path, ["busybox", "true"])
        except OSError as error:
            os._exit(error.errno or 255)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(abs(code), path)


def _exchange(one: str, two: str) -> None:
    _call(LIBC.renameat2(AT_FDCWD, one.encode(), AT_FDCWD, two.encode(), RENAME_EXCHANGE))


# ---- sockets ----


def _inet(proto: str, peer: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(family, kind)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def _net(verb: str) -> Callable[[World, str, str, str], None]:
    def do(_world: World, proto: str, peer: str, port: str) -> None:
        with _inet(proto, peer) as made:
            address = (peer, int(port))
            if verb == "connect":
                made.connect(address)
            elif verb == "send":
                made.sendto(b"x", address)
            elif verb == "fastopen":
                made.sendto(b"x", socket.MSG_FASTOPEN, address)
            else:
                made.bind(address)
                if verb == "listen":
                    made.listen()

    return do


def _named(verb: str, kind: int) -> Callable[[World, str], None]:
    def do(_world: World, name: str) -> None:
        with socket.socket(socket.AF_UNIX, kind) as made:
            made.setblocking(False)
            if verb == "bind":
                made.bind(f"\0{name}")
            elif verb == "connect":
                made.connect(f"\0{name}")
            else:
                made.sendto(b"x", f"\0{name}")

    return do


KINDS = {
    "packet": (17, socket.SOCK_RAW, 0),
    "raw": (socket.AF_INET, socket.SOCK_RAW, 1),
    "raw6": (socket.AF_INET6, socket.SOCK_RAW, 58),
    "netlink_route": (16, socket.SOCK_RAW, 0),
    "netlink_audit": (16, socket.SOCK_RAW, 9),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, 6),
    "alg": (38, socket.SOCK_SEQPACKET, 0),
}


def _socket(_world: World, family: str) -> None:
    socket.socket(*KINDS[family]).close()


# ---- tasks ----


def _on(act: Callable[[int], object]) -> Callable[[World, str], None]:
    """An act on a task: that outside, or a child of the one who acts."""

    def do(world: World, who: str) -> None:
        if who == "outside":
            act(world.outside)
            return
        child = os.fork()
        if not child:
            while True:
                signal.pause()
        try:
            act(child)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    return do


def _pidfd_kill(pid: int) -> None:
    pidfd = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGURG)
    finally:
        os.close(pidfd)


def _vm_read(pid: int) -> None:
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 8)
    _call(LIBC.process_vm_readv(pid, vector, 1, vector, 1, 0))


TWO: Mapping[str, Callable[[World, str, str], None]] = {
    "rename": lambda _w, one, two: os.rename(at(one, "victim"), at(two, "renamed")),
    "rename_over": lambda _w, one, two: os.rename(at(one, "victim"), at(two, "victim")),
    "rename_folder": lambda _w, one, two: os.rename(at(one, "empty"), at(two, "moved")),
    "exchange": lambda _w, one, two: _exchange(at(one, "victim"), at(two, "victim")),
    "link": lambda _w, one, two: os.link(at(one, "file"), at(two, "new")),
}
ONE: Mapping[str, Callable[[World, str], None]] = {
    "read": _open(os.O_RDONLY),
    "write": _open(os.O_WRONLY),
    "read_write": _open(os.O_RDWR),
    "create": _open(os.O_WRONLY | os.O_CREAT, "new"),
    "create_excl": _open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, "new"),
    "list": lambda _w, folder: os.close(os.open(at(folder), os.O_RDONLY | os.O_DIRECTORY)),
    "open_truncate": _open(os.O_WRONLY | os.O_TRUNC),
    "read_truncate": _open(os.O_RDONLY | os.O_TRUNC),
    "open_for_nothing": _open(os.O_ACCMODE),
    "mkdir": lambda _w, folder: os.mkdir(at(folder, "new")),
    "rmdir": lambda _w, folder: os.rmdir(at(folder, "empty")),
    "unlink": lambda _w, folder: os.unlink(at(folder, "victim")),
    "symlink": lambda _w, folder: os.symlink("nowhere", at(folder, "new")),
    "mkfifo": lambda _w, folder: os.mkfifo(at(folder, "new")),
    "mksock": _node(stat.S_IFSOCK | 0o600),
    "mkchar": _node(stat.S_IFCHR | 0o600, os.makedev(1, 3)),
    "mkblock": _node(stat.S_IFBLK | 0o600, os.makedev(7, 0)),
    "mkreg": _node(stat.S_IFREG | 0o600),
    "mkreg_setuid": _node(stat.S_IFREG | 0o4755),
    "truncate": lambda _w, folder: os.truncate(at(folder, "file"), 0),
    "chmod": lambda _w, folder: os.chmod(at(folder, "file"), 0o600),
    "chmod_setuid": lambda _w, folder: os.chmod(at(folder, "victim"), 0o4755),
    "chown": lambda _w, folder: os.chown(at(folder, "file"), 0, 0),
    "connect_unix": _connect_unix,
    "map_shared": _map_shared,
    "read_inherited": lambda world, folder: void(os.pread(world.inherited[folder], 1, 0)),
    "write_inherited": lambda world, folder: void(os.pwrite(world.inherited[folder], b"x", 0)),
    "read_passed": _read_passed,
    "lock": lambda world, folder: fcntl.flock(world.inherited[folder], fcntl.LOCK_SH),
    "ioctl": _ioctl,
    "notify": _notify,
    "tmpfile": lambda _w, folder: os.close(os.open(at(folder), os.O_TMPFILE | os.O_RDWR, 0o600)),
    "run": lambda _w, folder: _execute(at(folder, "busybox")),
    "run_script": lambda _w, folder: _execute(at(folder, "script")),
    "stat": lambda _w, folder: void(os.stat(at(folder, "file"))),
    "open_path": _open(os.O_PATH),
    "rename_here": lambda _w, folder: os.rename(at(folder, "victim"), at(folder, "renamed")),
    "link_here": lambda _w, folder: os.link(at(folder, "file"), at(folder, "new")),
    "utime": lambda _w, folder: os.utime(at(folder, "file"), (1, 1)),
    "setxattr": lambda _w, folder: os.setxattr(at(folder, "file"), "user.x", b"x"),
    "bind_name": _named("bind", socket.SOCK_STREAM),
    "connect_name": _named("connect", socket.SOCK_STREAM),
    "send_name": _named("send", socket.SOCK_DGRAM),
    "socket": _socket,
    "kill": _on(lambda pid: os.kill(pid, signal.SIGURG)),
    "kill_0": _on(lambda pid: os.kill(pid, 0)),
    "pidfd_kill": _on(_pidfd_kill),
    "nice": _on(lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 5)),
    "scheduler": _on(lambda pid: os.sched_setaffinity(pid, {0})),
    "ptrace": _on(lambda pid: _call(LIBC.ptrace(PTRACE_SEIZE, pid, None, None))),
    "vm_read": _on(_vm_read),
    "pgid": _on(lambda pid: os.setpgid(pid, pid)),
}
NONE: Mapping[str, Callable[[World], object]] = {
    "mount": lambda _w: _call(LIBC.mount(b"none", at("c").encode(), b"tmpfs", 0, None)),
    "umount": lambda _w: _call(LIBC.umount2(at("a/ram").encode(), 0)),
    "move_mount": lambda _w: _call(
        LIBC.mount(at("a/ram").encode(), at("c").encode(), None, MS_MOVE, None)
    ),
    "bpf": lambda _w: _call(LIBC.syscall(NR_BPF, 0, bytes(64), 64)),
    "prlimit": lambda world: resource.prlimit(world.outside, resource.RLIMIT_CORE, (0, 0)),
    "mqueue": lambda _w: _call(LIBC.syscall(NR_MQ_OPEN, QUEUE, os.O_RDWR, 0, None)),
    "hostname": lambda _w: socket.sethostname("differential"),
}
NET = {verb: _net(verb) for verb in ("connect", "bind", "listen", "send", "fastopen")}


def void(_value: object) -> None:
    """For what is done for its decision, not for its result."""


def attempt(world: World, operation: Operation) -> int:
    """Does it. Returns the errno of a refusal, 0 where it was allowed, whatever came of it."""
    every: Mapping[str, Callable[..., object]] = {**ONE, **TWO, **NONE, **NET}
    try:
        every[operation.verb](world, *operation.words)
    except OSError as error:
        return error.errno if error.errno in REFUSED else 0
    return 0


def _remake(folder: str, name: str) -> None:
    if not os.path.lexists(at(folder, name)):
        _write(at(folder, name))


def undo(operation: Operation, allowed: bool) -> None:
    """The tree is again as it was; runs outside."""
    verb, words = operation.verb, operation.words
    if verb in MAKERS:
        # A new file may be there though opening it was refused.
        with suppress(FileNotFoundError):
            os.unlink(at(words[0], "new"))
    elif not allowed:
        return
    elif verb == "mkdir":
        os.rmdir(at(words[0], "new"))
    elif verb == "rmdir":
        os.mkdir(at(words[0], "empty"))
    elif verb in ("open_truncate", "read_truncate", "truncate"):
        _write(at(words[0], "file"))
    elif verb in ("unlink", "chmod_setuid"):
        _write(at(words[0], "victim"))
    elif verb == "rename_here":
        os.rename(at(words[0], "renamed"), at(words[0], "victim"))
    elif verb == "rename":
        os.rename(at(words[1], "renamed"), at(words[0], "victim"))
    elif verb == "rename_over":
        _remake(words[0], "victim")
    elif verb == "rename_folder":
        os.rename(at(words[1], "moved"), at(words[0], "empty"))
    elif verb == "link":
        os.unlink(at(words[1], "new"))
