# SPDX-License-Identifier: Apache-2.0
"""Readers of /agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycoconut.abi import QUOTA_UNLIMITED, Lane, QuotaKind, State
from pycoconut.agentfs import AgentFs, AgentFsError, NotMountedError
from pycoconut.caps import parse
from pycoconut.keys import PublicKey
from tests.unit.pycoconut.agentfs_tree import make


@pytest.fixture
def fs(tmp_path: Path) -> AgentFs:
    return AgentFs(make(tmp_path / "agent"))


def test_lists(fs: AgentFs) -> None:
    assert fs.mounted
    assert fs.live() == [0, 3, 17]
    assert fs.graveyard() == [2]
    assert fs.children(3) == [17]
    assert [s.aid for s in fs.statuses(ended=True)] == [2, 0, 3, 17]


def test_status(fs: AgentFs) -> None:
    child = fs.status(17)
    assert (child.name, child.state, child.word) == ("child", State.ATTESTED, "READY")
    assert (child.parent, child.lane, child.denials) == (3, Lane.NORMAL, 3)
    assert child.exit_code is None
    assert fs.status(2).ended_ns == 456


def test_caps_and_budgets(fs: AgentFs) -> None:
    held = fs.caps(17)
    assert [(cap.id, cap.parent) for cap in held] == [(5, 0), (6, 5)]
    assert held[0].capability == parse("fs:/data/*:read_file")
    assert fs.budget(17, QuotaKind.CPU).limit == QUOTA_UNLIMITED
    assert fs.budget(17, QuotaKind.RAM).high_water == 7
    assert fs.manifest(17) == b"manifest"


def test_chain_and_policy(fs: AgentFs) -> None:
    assert fs.head() == b"\xab" * 32
    assert fs.stats()["lost"] == "0"
    assert fs.authorizers() == (True, [PublicKey(b"\xcd" * 32, "me")])
    fs.add_authorizer(PublicKey(b"\x01" * 32, "new"))
    text = (fs.root / "policy/authorizers").read_text()
    assert text == "add " + "01" * 32 + " new\n"


def test_no_such_agent(fs: AgentFs) -> None:
    with pytest.raises(AgentFsError, match="no agent a:00099"):
        fs.status(99)


def test_not_mounted(tmp_path: Path) -> None:
    for look in (AgentFs(tmp_path).live, AgentFs(tmp_path).abi, AgentFs(tmp_path).stats):
        with pytest.raises(NotMountedError):
            look()


def test_words_that_are_not_known_are_an_error(fs: AgentFs) -> None:
    path = fs.root / "live/a:00017/status"
    path.write_text(path.read_text().replace("READY", "SLEEPY"))
    with pytest.raises(AgentFsError, match="SLEEPY"):
        fs.status(17)
