# SPDX-License-Identifier: Apache-2.0
"""Three nodes, of which the firmware says that one is faster and one slower than the first."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut import caps
from pycoconut.abi import QuotaKind
from pycoconut.guest.disk import ext4
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest

MIB = 1 << 20
PAGE = 4096
# As in machine.h and moved.c.
LENGTH, BUDGET, TURNS, KILLS = 2 * MIB, 12 * MIB, 6, 4
RAM = f"mem:ram/{1024 * MIB}:use"
HBM = f"mem:hbm/{1024 * MIB}:use"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The spill volume."""
    return ext4(tmp_path / "disk", 64 * MIB)


@pytest.fixture
def files(
    program: Callable[[str], Path], authorizer: Any, script: Callable[[str], Path]
) -> Callable[[str], dict[str, Path]]:
    """What is in the guest, with a script."""

    def with_script(body: str) -> dict[str, Path]:
        held = (caps.parse(HBM), caps.parse(RAM))
        manifests = {
            "/narrow": Manifest("narrow", capabilities=held, quotas={QuotaKind.HBM: BUDGET}),
            "/wide": Manifest("wide", capabilities=held),
            "/bare": Manifest("bare", capabilities=held[1:]),
        }
        return {
            "/script": script(body),
            "/moved": program("guest/tiers/moved.c"),
            "/refused": program("guest/tiers/refused.c"),
            **{path: authorizer.sign(manifest) for path, manifest in manifests.items()},
        }

    return with_script


def words(output: str) -> dict[str, int]:
    """The key=value words of what was printed."""
    return {k: int(v) for k, v in (w.split("=") for w in output.split() if "=" in w)}


SCRIPT = """
cat /agent/abi
mkdir /spill
mount -t ext4 /dev/vda /spill
echo /spill >/agent/policy/spill
/moved places
/moved writers
/refused space /wide
/refused budget /narrow
/refused names /wide
/refused all /bare
/moved killed /narrow
"""

FOUND = {
    # Where query says they are is where Linux says they are.
    "mapped": LENGTH, "mapped_maps": LENGTH,
    "demoted": LENGTH, "demoted_maps": 0, "demoted_intact": 1,
    "half": LENGTH // 2, "half_maps": LENGTH // 2, "half_query": LENGTH // 2,
    "half_ram": LENGTH // 2, "half_intact": 1,
    "spilled": LENGTH, "spilled_maps": 0,
    "raised": LENGTH, "raised_maps": LENGTH, "raised_intact": 1,
    "sunk": LENGTH, "sunk_intact": 1,
    # Nothing that was written meanwhile is lost.
    "ram_same": 1, "ram_lost": 0, "ram_every": 1, "ram_whole": TURNS,
    "ssd_same": 1, "ssd_lost": 0, "ssd_every": 1, "ssd_whole": TURNS,
    # Refused whole: for want of pages, and of budget.
    "full": -errno.ENOSPC, "full_query": 0, "full_node": 0, "full_used": 0, "full_intact": 1,
    "full_map": -errno.ENOSPC, "full_map_used": 0,
    "promote": -errno.EDQUOT, "promote_node": 0, "promote_used": BUDGET - LENGTH // 2,
    "fits": LENGTH // 2, "fits_node": LENGTH // 2, "fits_used": BUDGET,
    "over": -errno.EDQUOT, "over_intact": 1, "over_left": 0,
    "refused": -errno.EPERM,
    # No other call gives these nodes to an agent; outside of it each of them does.
    "else_set": 0, "else_migrate": 0, "else_move": 0, "else_bind": 0, "else_home": 0,
    "else_there": PAGE,
    "agent_set": -errno.EINVAL, "agent_migrate": -errno.EINVAL, "agent_move": -errno.ENODEV,
    "agent_bind": -errno.EINVAL, "agent_home": -errno.EINVAL, "agent_there": 0,
    # Killed in the middle.
    "unused": 2 * KILLS, "leaking_nodes": 0,
}  # fmt: skip


@pytest.mark.timeout(400)
def test_memory_of_the_fast_node(
    runner: Runner, files: Callable[[str], dict[str, Path]], disk: Path
) -> None:
    argv = ["/bin/busybox", "sh", "/script"]
    job = Job(argv, files=files(SCRIPT), timeout=300, disks=[disk])
    outcome = runner.run("direct-hmat", job, "tiers")
    outcome.check()
    assert "tiers hbm ram" in outcome.output
    found = words(outcome.output)
    assert found.pop("amid") > 0
    assert found == FOUND


@pytest.mark.timeout(200)
def test_without_a_faster_node(runner: Runner, files: Callable[[str], dict[str, Path]]) -> None:
    argv = ["/bin/busybox", "sh", "/script"]
    job = Job(argv, files=files("cat /agent/abi\n/refused all /wide\n"), timeout=120)
    outcome = runner.run("direct", job, "tiers-none")
    outcome.check()
    assert "tiers_unsupported hbm" in outcome.output
    assert words(outcome.output)["refused"] == -errno.ENODEV
