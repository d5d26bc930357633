# SPDX-License-Identifier: Apache-2.0
"""What agents use, read from files in the form of the kernel's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from pycoconut.agentfs import AgentFs, NotMountedError
from pycoconut.figures import Pressure, Snapshot, snapshot
from tests.unit.pycoconut.agentfs_tree import make, make_groups


@pytest.fixture
def now(tmp_path: Path) -> Snapshot:
    return snapshot(AgentFs(make(tmp_path / "agent")), make_groups(tmp_path / "groups"))


def test_one_agent(now: Snapshot) -> None:
    boot, parent, child = now.agents
    assert [agent.status.aid for agent in now.agents] == [0, 3, 17]
    assert parent.budgets["ssd"].limit == 100
    assert (parent.cpu, parent.memory) == (2.5, 3 << 20)
    assert parent.pressure == {
        "cpu": Pressure(0.125, 1.5),
        "memory": Pressure(0.0, 0.0),
        "io": Pressure(0.5, 2.0),
    }
    assert (boot.cpu, boot.memory, boot.pressure) == (None, None, {})
    assert child.budgets["inference_tokens"].used == 5
    assert (child.cpu, child.memory, child.pressure) == (0.5, None, {})


def test_an_agent_whose_parent_is_not_seen_has_no_group(tmp_path: Path) -> None:
    """An agent sees itself and what is beneath it; where it stands it does not know."""
    agents = make(tmp_path / "agent")
    rmtree(agents / "live/a:00003")
    boot, child = snapshot(AgentFs(agents), make_groups(tmp_path / "groups")).agents
    assert (boot.cpu, child.cpu) == (None, None)


def test_the_chain(now: Snapshot) -> None:
    assert now.chain == {"recorded": 9, "sealed": 8, "in_flight": 1, "lost": 0}


def test_tenants_are_sums(now: Snapshot) -> None:
    """What a child uses its parent's figures have already."""
    (lab,) = now.tenants()
    assert (lab.name, lab.agents, lab.tasks, lab.denials) == ("lab", 3, 3, 9)
    assert (lab.cpu, lab.memory) == (2.5, 3 << 20)


def test_shares_are_of_what_both_looks_saw(now: Snapshot) -> None:
    boot, parent, child = now.agents
    later = replace(now, at=now.at + 2, agents=(boot, replace(parent, cpu=3.5), child))
    assert later.cpu_shares(now) == {3: 0.5, 17: 0.0}
    assert later.cpu_shares(None) == {}
    assert now.cpu_shares(now) == {}
    assert replace(later, agents=(replace(parent, cpu=1.0),)).cpu_shares(now) == {3: 0.0}


@pytest.mark.parametrize("text", ["", "some avg10=x total=1\n", "some total\n", "full avg10=1\n"])
def test_what_is_not_understood_is_not_there(tmp_path: Path, text: str) -> None:
    groups = make_groups(tmp_path / "groups")
    (groups / "lab/a:00003/cpu.pressure").write_text(text)
    (groups / "lab/a:00003/memory.current").write_text("much")
    found = snapshot(AgentFs(make(tmp_path / "agent")), groups).agents[1]
    assert set(found.pressure) == {"memory", "io"}
    assert found.memory is None


def test_no_agentfs(tmp_path: Path) -> None:
    with pytest.raises(NotMountedError):
        snapshot(AgentFs(tmp_path))
