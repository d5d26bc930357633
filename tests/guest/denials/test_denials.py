# SPDX-License-Identifier: Apache-2.0
"""Not one denial more or less in the chain than there were, on four CPUs, under churn."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pycoconut import audit, caps, cbor
from pycoconut.abi import AuditLevel
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest

AGENTS = 8
SEALS_PER_SECOND = 200
"""At most, where denials close epochs early; besides those that are full."""
EPOCH_RECORDS = 1024
TOTAL = int(os.environ.get("COCONUT_DENIALS", "1000000"))
"""Forbidden operations; the release figure is a million."""

BODY = f"""
mkdir -p /etc /data
echo secret >/etc/shadow
/persist /agent/audit/chain.log /run/out/chain.log & persist=$!
/denials /manifest /cap {AGENTS} {TOTAL}
sleep 3
touch /run/out/chain.log.stop
wait $persist
cat /agent/audit/stats >/run/out/stats
"""


def records(log: Path) -> Iterator[dict[str, Any]]:
    """The records of a log, without its seals."""
    with log.open() as lines:
        for line in lines:
            if line.startswith('{"seq"'):
                yield json.loads(line)


def assert_few_seals(log: Path, total: int) -> None:
    """A million denials, each of which wants to be sealed at once, are no flood of seals."""
    monos = [record["mono"] for record in records(log)]
    seconds = (max(monos) - min(monos)) / 1e9
    with log.open() as lines:
        seals = sum(line.startswith('{"seal"') for line in lines)
    assert seals <= seconds * SEALS_PER_SECOND + total / EPOCH_RECORDS + 2, (seals, seconds)


@pytest.mark.timeout(1500)
def test_each_denial_has_its_record(
    runner: Runner,
    program: Callable[[str], Path],
    authorizer: Any,
    script: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    manifest = Manifest(
        name="flood",
        audit=AuditLevel.DENIALS,
        capabilities=(caps.parse("fs:/data:read_file,read_dir"),),
    )
    cap = tmp_path / "cap"
    cap.write_bytes(cbor.encode(caps.parse("fs:/data:read_file,read_dir").to_cbor()))
    files = {
        "/script": script(BODY),
        "/manifest": authorizer.sign(manifest),
        "/cap": cap,
        "/denials": program("guest/denials/denials.c"),
        "/persist": program("guest/common/persist.c"),
    }
    outcome = runner.run(
        "direct-smp4",
        Job(["/bin/busybox", "sh", "/script"], files=files, timeout=1200),
        "denials",
    )
    outcome.check()

    words = dict(word.split("=") for word in outcome.output.split() if "=" in word)
    assert int(words["refused"]) == TOTAL
    assert int(words["allowed"]) == 0
    assert int(words["grants"]) > 100, "capabilities were to change hands meanwhile"

    log = outcome.out / "chain.log"
    found = Counter(
        (record["event"], record["decision"], record["object"]) for record in records(log)
    )
    assert found["access", "denied", "/etc/shadow"] == TOTAL
    assert_few_seals(log, sum(found.values()))
    stats = dict(line.split() for line in (outcome.out / "stats").read_text().splitlines())
    assert stats["lost"] == "0"
    result = audit.verify([log])
    assert result.verdict is audit.Verdict.UNANCHORED, result
