# SPDX-License-Identifier: Apache-2.0
"""Where things are; one place to move them for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Paths"]


@dataclass(frozen=True)
class Paths:
    """@root is / but in tests."""

    root: Path = Path("/")

    @property
    def agent(self) -> Path:
        """agentfs."""
        return self.root / "agent"

    @property
    def etc(self) -> Path:
        """Authorizers, services, templates, consoles: the operator's."""
        return self.root / "etc/coconut"

    @property
    def run(self) -> Path:
        """The socket, and which process stands for what: gone with the boot."""
        return self.root / "run/coconut"

    @property
    def log(self) -> Path:
        """Shards of the chain, and what services say."""
        return self.root / "var/log/coconut"

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self.run / "coconutd.sock"

    @property
    def writer(self) -> Path:
        """How the writer of the shards is doing."""
        return self.run / "writer"

    @property
    def chain(self) -> Path:
        """The audit chain as the kernel shows it."""
        return self.agent / "audit/chain.log"
