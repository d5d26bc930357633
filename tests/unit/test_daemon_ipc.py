# SPDX-License-Identifier: Apache-2.0
"""The daemon's socket: who may ask what, and that nothing which is sent can harm it."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pycoconut import cbor, syscalls
from pycoconut.daemon import server as server_module
from pycoconut.daemon.ipc import MESSAGE_MAX, Code, IpcError, Request, request
from pycoconut.daemon.live import Agents
from pycoconut.daemon.peer import Peer, peer_of
from pycoconut.daemon.server import Client, Server
from pycoconut.daemon.services import Service, Services, read_manifest
from tests.abi.cddl import Schema

SCHEMA = Schema((Path(__file__).parents[2] / "syscalls" / "ipc.cddl").read_text())

ROOT = Peer(pid=10, uid=0, aid=0)
USER = Peer(pid=11, uid=1000, aid=0)
AGENT = Peer(pid=12, uid=0, aid=17)
STRANGER = Peer(pid=13, uid=0, aid=18)


def manifest(name: str = "one", argv: tuple[str, ...] = ("/bin/true",), **more: Any) -> bytes:
    """A signed manifest as far as the daemon looks: the kernel checks the rest."""
    payload: dict[int, Any] = {1: 1, 2: name, 3: "t", 4: 1, 5: []}
    if argv:
        payload[12] = list(argv)
    payload |= {int(k[1:]): v for k, v in more.items()}
    return cbor.encode(cbor.Tag(18, [b"", {}, cbor.encode(payload), bytes(64)]))


def agent(root: Path, aid: int, name: str, parent: int = 0, tasks: int = 1) -> None:
    """A live agent's directory."""
    folder = root / "live" / f"a:{aid:05}"
    folder.mkdir(parents=True)
    text = f"aid a:{aid:05}\nname {name}\nstate ACTIVE\nparent a:{parent:05}\ntasks {tasks}\n"
    (folder / "status").write_text(text)


@dataclass
class World:
    """A server with its services, on a socket, over an agentfs of plain files."""

    server: Server
    services: Services
    agentfs: Path
    socket: Path
    endings: list[str]

    def connect(self, monkeypatch: pytest.MonkeyPatch, peer: Peer) -> tuple[socket.socket, Client]:
        """A client whom the kernel calls @peer."""
        monkeypatch.setattr(server_module, "peer_of", lambda *_: peer)
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine.settimeout(5)
        mine.connect(str(self.socket))
        client = self.server.accept()
        assert client is not None
        return mine, client


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    agentfs = tmp_path / "agent"
    (agentfs / "live").mkdir(parents=True)
    (agentfs / "abi").write_text("version 1\n")
    spawned = iter(range(17, 100))

    def spawn(data: bytes, caps: bytes | None = None) -> syscalls.Spawned:
        aid = next(spawned)
        agent(agentfs, aid, read_manifest(data).name)
        return syscalls.Spawned(aid, None)

    monkeypatch.setattr(syscalls, "spawn", spawn)
    monkeypatch.setattr("pycoconut.daemon.process.start", lambda *_: None)
    agents = Agents(agentfs)
    endings: list[str] = []
    told: list[Callable[[str, Service], object]] = []
    services = Services(
        agents, tmp_path / "run", tmp_path / "log", lambda e, s: [tell(e, s) for tell in told]
    )
    path = tmp_path / "s"
    server = Server(path, agents, services, endings.append, lambda: 0.0)
    told.append(server.tell)
    yield World(server, services, agentfs, path, endings)
    for client in list(server.clients.values()):
        server.drop(client)
    server.listener.close()


def ask(world: World, mine: socket.socket, client: Client, call: str, **args: Any) -> Any:
    """One call; its result, or the code of its failure."""
    mine.send(cbor.encode({"id": 5, "call": call, "args": args}))
    assert world.server.serve(client)
    answer = cbor.decode(mine.recv(1 << 20))
    assert SCHEMA.fits("answer", answer)
    assert answer["id"] == 5
    return answer["ok"] if "ok" in answer else Code(answer["error"]["code"])


def test_root_outside_commands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, client = world.connect(monkeypatch, ROOT)
    with mine:
        made = ask(world, mine, client, "spawn", manifest=manifest())
        assert made == {"aid": 17, "name": "one", "pid": 0}
        assert ask(world, mine, client, "spawn", manifest=manifest()) is Code.BUSY
        (row,) = ask(world, mine, client, "list")
        assert row["state"] == "ACTIVE"
        assert ask(world, mine, client, "status", aid=17) == row
        assert ask(world, mine, client, "status", name="two") is Code.NOT_FOUND
        assert ask(world, mine, client, "shutdown", how="sideways") is Code.BAD_ARGUMENT
        assert ask(world, mine, client, "shutdown", how="reboot") == {}
    assert world.endings == ["R"]


@pytest.mark.parametrize("peer", [USER, AGENT, STRANGER], ids=["user", "agent", "stranger"])
@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("spawn", {"manifest": manifest("two")}),
        ("stop", {"name": "one"}),
        ("shutdown", {"how": "poweroff"}),
    ],
)
def test_others_do_not(
    world: World, monkeypatch: pytest.MonkeyPatch, peer: Peer, call: str, args: dict[str, Any]
) -> None:
    world.services.add(read_manifest(manifest()), 0.0)
    mine, client = world.connect(monkeypatch, peer)
    with mine:
        assert ask(world, mine, client, call, **args) is Code.FORBIDDEN
    assert world.endings == []


def test_an_agent_sees_itself_and_beneath(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.services.add(read_manifest(manifest("one")), 0.0)
    for peer, seen in ((ROOT, 1), (USER, 1), (AGENT, 1), (STRANGER, 0)):
        mine, client = world.connect(monkeypatch, peer)
        with mine:
            assert len(ask(world, mine, client, "list")) == seen
            answer = ask(world, mine, client, "status", name="one")
            assert (answer is Code.NOT_FOUND) == (not seen)


def test_events_reach_who_may_see(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, client = world.connect(monkeypatch, AGENT)
    theirs, stranger = world.connect(monkeypatch, STRANGER)
    with ours, theirs:
        ask(world, ours, client, "subscribe")
        ask(world, theirs, stranger, "subscribe")
        world.services.add(read_manifest(manifest("one")), 0.0)
        told = cbor.decode(ours.recv(1 << 16))
        assert told["event"] == "started"
        assert SCHEMA.fits("event", told)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1 << 16)


def test_who_does_not_read_is_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, client = world.connect(monkeypatch, ROOT)
    with mine:
        packet = cbor.encode({"id": 1, "call": "list"})
        for _ in range(100_000):
            mine.send(packet)
            if not world.server.serve(client):
                return
    pytest.fail("the server goes on to answer a client that does not read")


def test_one_agent_cannot_take_all_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    for _ in range(server_module.CLIENTS_OF_ONE_AGENT):
        held.append(world.connect(monkeypatch, AGENT)[0])
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one_more:
        one_more.connect(str(world.socket))
        assert world.server.accept() is None
    held.append(world.connect(monkeypatch, STRANGER)[0])
    held.append(world.connect(monkeypatch, ROOT)[0])
    for mine in held:
        mine.close()


def test_unknown_peer_is_sent_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_of", lambda *_: Peer(1, 0, None))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
        mine.connect(str(world.socket))
        assert world.server.accept() is None


def test_peer_without_a_word_of_the_kernel() -> None:
    """This kernel labels no peers: on one with agents such a peer is nobody."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        assert peer_of(ours, kernel_has_agents=False).aid == 0


BAD_PACKETS = [
    b"\x00",
    b"\xff" * 10,
    cbor.encode([1, 2]),
    cbor.encode({}),
    cbor.encode({"id": -1, "call": "list"}),
    cbor.encode({"id": True, "call": "list"}),
    cbor.encode({"id": 1, "call": "x" * 33}),
    cbor.encode({"id": 1, "call": 7}),
    cbor.encode({"id": 1, "call": "list", "args": []}),
    cbor.encode({"id": 1, "call": "list", "args": {1: 2}}),
    cbor.encode({"id": 1, "call": "list", "args": {str(i): 0 for i in range(17)}}),
    cbor.encode({"id": 1, "call": "list", "more": 1}),
    b"\x81" * 5000,
    b"\xbf\xff",
    b"\x00" * (MESSAGE_MAX + 1),
]


@pytest.mark.parametrize("packet", BAD_PACKETS, ids=range(len(BAD_PACKETS)))
def test_malformed(packet: bytes) -> None:
    with pytest.raises(IpcError) as caught:
        request(packet)
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("spawn", {}),
        ("spawn", {"manifest": "text"}),
        ("spawn", {"manifest": b""}),
        ("spawn", {"manifest": bytes(70_000)}),
        ("spawn", {"manifest": manifest(argv=())}),
        ("spawn", {"manifest": manifest(argv=("relative",))}),
        ("spawn", {"manifest": manifest(argv=("/x\0y",))}),
        ("spawn", {"manifest": manifest(argv=("/x",) * 65)}),
        ("spawn", {"manifest": manifest(), "argv": [1]}),
        ("spawn", {"manifest": manifest(), "caps": "x"}),
        ("spawn", {"manifest": manifest(k11=9)}),
        ("spawn", {"manifest": manifest("../../etc/x")}),
        ("stop", {"name": 5}),
        ("stop", {"name": "x", "grace": -1}),
        ("stop", {"name": "x", "grace": True}),
        ("status", {"aid": "17"}),
        ("shutdown", {"how": b"poweroff"}),
    ],
)
def test_bad_arguments(
    world: World, monkeypatch: pytest.MonkeyPatch, call: str, args: dict[str, Any]
) -> None:
    mine, client = world.connect(monkeypatch, ROOT)
    with mine:
        assert ask(world, mine, client, call, **args) is Code.BAD_ARGUMENT


def test_mutants_are_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every packet has an answer, and the server lives."""
    rng = random.Random(1)
    seeds = [
        cbor.encode({"id": 1, "call": call, "args": args})
        for call, args in (
            ("spawn", {"manifest": manifest("fuzz"), "argv": ["/bin/true"], "caps": b"\x80"}),
            ("stop", {"name": "one", "grace": 1}),
            ("status", {"aid": 17}),
            ("subscribe", {}),
        )
    ]
    mine, client = world.connect(monkeypatch, USER)
    with mine:
        for _ in range(3000):
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randint(1, 4)):
                how = rng.randrange(3)
                at = rng.randrange(len(data))
                if how == 0:
                    data[at] = rng.randrange(256)
                elif how == 1:
                    del data[at:]
                else:
                    data[at:at] = rng.randbytes(rng.randint(1, 8))
                data = data or bytearray(b"\0")
            mine.send(data)
            assert world.server.serve(client)
            assert set(cbor.decode(mine.recv(1 << 20))) in ({"id", "ok"}, {"id", "error"})


def test_take_wants_the_type() -> None:
    asked = Request(1, "x", {"a": True, "b": 1})
    with pytest.raises(IpcError):
        asked.take("a", int)
    assert asked.take("b", int) == 1
    with pytest.raises(IpcError):
        asked.take("c", int)
