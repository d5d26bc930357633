# SPDX-License-Identifier: Apache-2.0
"""Where the machine has no controller for it nothing is promised. Runs in a guest, as root."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import QuotaKind, QuotaOp
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.uml.inside import FS, failure, until

TOP = Path("/sys/fs/cgroup")
TENANT = "without"


@pytest.fixture(scope="module")
def key() -> SecretKey:
    made = SecretKey.make("test-no-controller")
    FS.add_authorizer(PublicKey(made.public.raw, "test-no-controller"))
    return made


def taken_back(name: str) -> None:
    """The kernel's groups are empty: the operator removes them, and the controller from v2."""
    until(lambda: not any((TOP / "coconut" / TENANT).glob("a:*")))
    for path in (TOP / "coconut" / TENANT, TOP / "coconut"):
        if path.exists():
            os.rmdir(path)
    (TOP / "cgroup.subtree_control").write_text(f"-{name}")


@pytest.fixture(params=["cpu", "pids"])
def gone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A controller that is of a mounted v1 hierarchy."""
    name = str(request.param)
    taken_back(name)
    subprocess.run(["mount", "-t", "cgroup", "-o", name, name, str(tmp_path)], check=True)
    yield name
    subprocess.run(["umount", str(tmp_path)], check=True)
    until(lambda: name in (TOP / "cgroup.controllers").read_text().split())


def test_it_is_said(gone: str) -> None:
    """With the boot agent's budget, and with what this kernel speaks."""
    lost = {"cpu": {"cpu", "cpu_weight"}, "pids": {"pids"}}[gone]
    abi = FS.abi()
    assert set(abi["quotas_unsupported"].split()) == lost
    assert set(abi["quotas"].split()) == {kind.name.lower() for kind in QuotaKind} - lost
    for kind in QuotaKind:
        enforced = "no" if kind.name.lower() in lost else "yes"
        text = (FS.directory(0) / "budget" / kind.name.lower()).read_text()
        assert f"enforced {enforced}\n" in text


def test_no_agent_without_a_share_and_no_limit_that_nobody_keeps(key: SecretKey, gone: str) -> None:
    signed = Manifest("plain", TENANT).sign(key)
    limited = Manifest("limited", TENANT, quotas={QuotaKind.PIDS: 5}).sign(key)
    assert failure(lambda: syscalls.spawn(limited)) == errno.EOPNOTSUPP
    if gone == "cpu":
        assert failure(lambda: syscalls.spawn(signed)) == errno.EOPNOTSUPP
        return
    aid = syscalls.spawn(signed).aid
    code = failure(lambda: syscalls.quota(QuotaKind.PIDS, QuotaOp.SET, 5, aid=aid))
    assert code == errno.EOPNOTSUPP
    assert "pids" not in (TOP / "coconut" / TENANT / "cgroup.controllers").read_text()
    syscalls.cap_revoke(aid, terminate=True)


def test_with_all_of_them_there_are_agents_again(key: SecretKey) -> None:
    limited = Manifest("limited", TENANT, quotas={QuotaKind.PIDS: 5}).sign(key)
    aid = syscalls.spawn(limited).aid
    assert FS.budget(aid, QuotaKind.PIDS).limit == 5
    syscalls.cap_revoke(aid, terminate=True)
