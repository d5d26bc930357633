# SPDX-License-Identifier: Apache-2.0
"""The socket: clients, what they may ask, and who hears of what happens."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pycoconut import cbor
from pycoconut.daemon.ipc import (
    MESSAGE_MAX,
    Code,
    IpcError,
    Request,
    failure,
    request,
    success,
)
from pycoconut.daemon.live import Agents
from pycoconut.daemon.peer import Peer, peer_of
from pycoconut.daemon.services import ManifestError, Service, Services, read_manifest

__all__ = ["CLIENTS_MAX", "Client", "Server"]

CLIENTS_MAX = 128
CLIENTS_OF_ONE_AGENT = 16
"""Of the room for clients, so that one agent cannot take it all."""
GRACE = 10
GRACE_MAX = 60
_ENDINGS = {"poweroff": "P", "reboot": "R", "halt": "H"}


@dataclass
class Client:
    """A connection, and whose it is."""

    connection: socket.socket
    peer: Peer
    subscribed: bool = field(default=False)


class Server:
    """Answers at once or not at all: nothing here waits for a peer."""

    def __init__(
        self,
        path: Path,
        agents: Agents,
        services: Services,
        shut_down: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._agents = agents
        self._services = services
        self._shut_down = shut_down
        self._clock = clock
        self.clients: dict[int, Client] = {}
        self._kernel_has_agents = agents.there
        self._calls: Mapping[str, Callable[[Client, Request], Any]] = {
            "spawn": self._spawn,
            "stop": self._stop,
            "list": self._list,
            "status": self._status,
            "subscribe": self._subscribe,
            "shutdown": self._shutdown,
        }
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        path.unlink(missing_ok=True)
        mask = os.umask(0o111)
        try:
            self.listener.bind(str(path))
        finally:
            os.umask(mask)
        self.listener.listen(64)

    # ---- connections ----

    def accept(self) -> Client | None:
        """Take a connection; None where there is none, no room, or no knowing whose it is."""
        try:
            connection, _ = self.listener.accept()
        except OSError:
            # It was gone before it was taken, or descriptors ran out: it can come again.
            return None
        connection.setblocking(False)
        peer = peer_of(connection, self._kernel_has_agents)
        of_peer = sum(1 for c in self.clients.values() if c.peer.aid == peer.aid)
        crowded = not peer.commands and of_peer >= CLIENTS_OF_ONE_AGENT
        if peer.aid is None or crowded or len(self.clients) >= CLIENTS_MAX:
            connection.close()
            return None
        client = Client(connection, peer)
        self.clients[connection.fileno()] = client
        return client

    def drop(self, client: Client) -> None:
        """Forget a client."""
        self.clients.pop(client.connection.fileno(), None)
        client.connection.close()

    def serve(self, client: Client) -> bool:
        """Answer one packet; False where the client is gone, or does not read its answers."""
        try:
            packet = client.connection.recv(MESSAGE_MAX + 1)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(packet) and self._send(client, self._answer(client, packet))

    def _send(self, client: Client, packet: bytes) -> bool:
        """False where it cannot be taken now: who does not read is no client."""
        try:
            client.connection.send(packet, socket.MSG_NOSIGNAL)
        except OSError:
            return False
        return True

    def _answer(self, client: Client, packet: bytes) -> bytes:
        number = 0
        try:
            asked = request(packet)
            number = asked.id
            call = self._calls.get(asked.call)
            if call is None:
                raise IpcError(Code.UNKNOWN_CALL, f"no call {asked.call!r}")
            return success(number, call(client, asked))
        except IpcError as error:
            return failure(number, error)
        except ManifestError as error:
            return failure(number, IpcError(Code.BAD_ARGUMENT, f"manifest: {error}"))
        except OSError as error:
            return failure(number, IpcError(Code.KERNEL, str(error)))

    def tell(self, event: str, service: Service) -> list[Client]:
        """Tell subscribers who may see it; return those that did not take it."""
        lost = []
        state = self._services.state(service)
        for client in list(self.clients.values()):
            if client.subscribed and self._sees(client, service):
                packet = cbor.encode({"event": event, "service": state})
                if not self._send(client, packet):
                    lost.append(client)
        return lost

    # ---- who may ----

    def _sees(self, client: Client, service: Service) -> bool:
        """Outside: all. An agent: itself and what is beneath it."""
        if client.peer.aid == 0:
            return True
        aid = client.peer.aid
        return bool(aid and service.aid) and self._agents.is_within(service.aid, aid or 0)

    def _commanding(self, client: Client, asked: Request) -> None:
        if not client.peer.commands:
            raise IpcError(Code.FORBIDDEN, f"{asked.call} is for root outside every agent")

    def _named(self, client: Client, asked: Request) -> Service:
        if "aid" in asked.args:
            service = self._services.with_aid(asked.take("aid", int))
        else:
            service = self._services.named(asked.take("name", str))
        if not self._sees(client, service):
            # The same words as for one that is not there: no oracle.
            raise IpcError(Code.NOT_FOUND, f"no service {asked.args.get('name', '')!r}")
        return service

    # ---- calls ----

    def _spawn(self, client: Client, asked: Request) -> dict[str, Any]:
        self._commanding(client, asked)
        words = asked.take("argv", list, [])
        caps = asked.take("caps", bytes, b"")
        manifest = asked.take("manifest", bytes)
        definition = read_manifest(manifest, words or None, caps or None)
        service = self._services.add(definition, self._clock())
        pid = service.process.pid if service.process else 0
        return {"aid": service.aid, "name": definition.name, "pid": pid}

    def _stop(self, client: Client, asked: Request) -> dict[str, Any]:
        self._commanding(client, asked)
        grace = asked.take("grace", int, GRACE)
        if not 0 <= grace <= GRACE_MAX:
            raise IpcError(Code.BAD_ARGUMENT, f"grace is 0 to {GRACE_MAX} seconds")
        self._services.stop(self._named(client, asked), self._clock(), grace)
        return {}

    def _list(self, client: Client, _: Request) -> list[dict[str, Any]]:
        return [self._services.state(s) for s in self._services if self._sees(client, s)]

    def _status(self, client: Client, asked: Request) -> dict[str, Any]:
        return self._services.state(self._named(client, asked))

    def _subscribe(self, client: Client, _: Request) -> dict[str, Any]:
        client.subscribed = True
        return {}

    def _shutdown(self, client: Client, asked: Request) -> dict[str, Any]:
        self._commanding(client, asked)
        how = asked.take("how", str)
        if how not in _ENDINGS:
            raise IpcError(Code.BAD_ARGUMENT, f"how is one of {', '.join(_ENDINGS)}")
        self._shut_down(_ENDINGS[how])
        return {}
