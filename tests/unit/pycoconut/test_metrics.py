# SPDX-License-Identifier: Apache-2.0
"""`coconut metrics`, read by Prometheus's own reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pycoconut.agentfs import AgentFs
from pycoconut.cli import main
from pycoconut.cli.metrics import render
from pycoconut.figures import Snapshot, snapshot
from tests.unit.pycoconut.agentfs_tree import make, make_groups

Found = dict[tuple[str, frozenset[tuple[str, str]]], float]

HOSTILE = 'quote " backslash \\ line\nnext } 1\n# TYPE coconut_fake gauge\ncoconut_fake 1'


@pytest.fixture
def now(tmp_path: Path) -> Snapshot:
    return snapshot(AgentFs(make(tmp_path / "agent")), make_groups(tmp_path / "groups"))


def read(text: str) -> Found:
    """Each sample by its name and labels; one is there once."""
    found: Found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(name: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_every_figure_is_there(now: Snapshot) -> None:
    found = read(render(now))
    parent = {"aid": "a:00003", "tenant": "lab"}
    assert found[of("coconut_agent_tasks", **parent)] == 1
    assert found[of("coconut_agent_denials_total", **parent)] == 3
    assert found[of("coconut_agent_budget_limit", **parent, kind="cpu")] == float("inf")
    assert found[of("coconut_agent_budget_limit", **parent, kind="ssd")] == 100
    assert found[of("coconut_agent_budget_used", **parent, kind="hbm")] == 5
    assert found[of("coconut_agent_budget_high_water", **parent, kind="hbm")] == 7
    assert found[of("coconut_agent_cpu_seconds_total", **parent)] == 2.5
    assert found[of("coconut_agent_memory_bytes", **parent)] == 3 << 20
    assert found[of("coconut_agent_pressure_seconds_total", **parent, resource="io")] == 2.0
    assert found[of("coconut_tenant_agents", tenant="lab")] == 3
    assert found[of("coconut_audit_sealed_total")] == 8
    assert found[of("coconut_audit_in_flight")] == 1
    who = {"name": "child", "lane": "normal", "state": "READY", "mode": "enforced"}
    key = of("coconut_agent_info", aid="a:00017", tenant="lab", parent="a:00003", **who)
    assert found[key] == 1


def test_what_is_not_known_is_no_zero(now: Snapshot) -> None:
    names = {(name, dict(labels).get("aid")) for name, labels in read(render(now))}
    assert ("coconut_agent_memory_bytes", "a:00003") in names
    assert ("coconut_agent_memory_bytes", "a:00017") not in names


def test_a_name_adds_no_line(now: Snapshot) -> None:
    """Names come from manifests, which others write."""
    status = replace(now.agents[0].status, name=HOSTILE, tenant=HOSTILE)
    hostile = replace(now, agents=(replace(now.agents[0], status=status), *now.agents[1:]))
    found = read(render(hostile))
    assert len(found) == len(read(render(now))) + 1  # one more tenant
    assert HOSTILE in {dict(labels).get("name") for _, labels in found}
    assert not any("fake" in name for name, _ in found)


def test_the_form_is_that_of_0_0_4(now: Snapshot) -> None:
    lines = render(now).splitlines()
    assert render(now).endswith("\n")
    kinds = [line.split()[2:] for line in lines if line.startswith("# TYPE ")]
    assert len({name for name, _ in kinds}) == len(kinds)
    for name, kind in kinds:
        assert (kind == "counter") == name.endswith("_total")
        assert any(line.startswith(f"# HELP {name} ") for line in lines)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COCONUT_AGENTFS", str(make(tmp_path / "agent")))
    monkeypatch.setenv("COCONUT_GROUPS", str(make_groups(tmp_path / "groups")))
    assert main(["metrics"]) == 0
    assert of("coconut_agent_tasks", aid="a:00000", tenant="lab") in read(capsys.readouterr().out)
