# SPDX-License-Identifier: Apache-2.0
"""A folder in the form of /agent, as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

from pycoconut.abi import QuotaKind

__all__ = ["make", "make_groups"]

STATUS = """aid a:{aid:05}
name {name}
state {state}
tenant lab
lane normal
parent a:{parent:05}
tasks 1
children {children}
strikes 0
denials 3
mode enforced
permitted 0
spawned_ns 123
epoch 0
"""
BUDGET = "limit {limit}\nused 5\nreserved 0\nhigh_water 7\nstalls 2\nenforced yes\n"
KINDS = tuple(kind.name.lower() for kind in QuotaKind)
UNLIMITED = ("cpu", "cpu_weight")


def _agent(folder: Path, aid: int, name: str, state: str, parent: int, ended: str = "") -> None:
    folder.mkdir(parents=True)
    text = STATUS.format(aid=aid, name=name, state=state, parent=parent, children=0)
    (folder / "status").write_text(text + ended)
    (folder / "caps").write_text("5 0 fs:/data/*:read_file\n6 5 svc:tool:x:use;uses=2\n")
    (folder / "manifest").write_bytes(b"manifest")
    (folder / "budget").mkdir()
    (folder / "children").mkdir()
    for kind in KINDS:
        limit = "unlimited" if kind in UNLIMITED else "100"
        (folder / "budget" / kind).write_text(BUDGET.format(limit=limit))


def make(root: Path) -> Path:
    """Makes it; returns its root."""
    live = root / "live"
    _agent(live / "a:00000", 0, "boot", "ACTIVE", 0)
    _agent(live / "a:00003", 3, "parent", "ACTIVE", 0)
    _agent(live / "a:00017", 17, "child", "READY", 3)
    (live / "a:00003/children/a:00017").symlink_to("../../a:00017")
    ended = "exit_code 0\nended_ns 456\n"
    _agent(root / "graveyard/a:00002", 2, "gone", "TERMINATED_CLEAN", 0, ended)
    (root / "audit").mkdir()
    (root / "audit/head").write_text("ab" * 32 + "\n")
    (root / "audit/stats").write_text("recorded 9\nsealed 8\nin_flight 1\nlost 0\n")
    (root / "policy").mkdir()
    (root / "policy/authorizers").write_text("sealed\n" + "cd" * 32 + " me\n")
    (root / "policy/tenants").mkdir()
    (root / "policy/tenants/lab").write_text("weight 250\nagents 2\n")
    (root / "policy/limits").write_text("denials 0\nstrikes 3\n")
    (root / "abi").write_text("version 1\nboot_id 00\nattest_key " + "ef" * 32 + "\n")
    return root


def make_groups(root: Path) -> Path:
    """Cgroups, as the kernel makes them: a child's in its parent's, which counts both."""
    group = root / "lab/a:00003"
    child = group / "a:00017"
    child.mkdir(parents=True)
    (child / "cpu.stat").write_text("usage_usec 500000\nuser_usec 400000\n")
    (group / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    (group / "memory.current").write_text(f"{3 << 20}\n")
    for name, share, total in (("cpu", 12.5, 1_500_000), ("memory", 0, 0), ("io", 50, 2_000_000)):
        line = f"avg10={share:.2f} avg60=0.00 avg300=0.00 total={total}\n"
        (group / f"{name}.pressure").write_text(f"some {line}full {line}")
    return root
