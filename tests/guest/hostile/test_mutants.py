# SPDX-License-Identifier: Apache-2.0
"""Manifests and capabilities that somebody tampered with, under KASAN, lockdep and kmemleak."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pycoconut import caps, cbor, cose
from pycoconut.abi import QuotaKind
from pycoconut.guest.job import Job
from pycoconut.guest.run import Runner
from pycoconut.manifest import Manifest
from tests.guest.hostile.mutate import mutants

COUNT = int(os.environ.get("COCONUT_MUTANTS", "20000"))
"""Mutants of each kind."""
SEED = int(os.environ.get("COCONUT_SEED", "1"))

CAPABILITIES = (
    "fs:/usr:read_file,read_dir;except=/usr/share",
    "exec:/usr/bin:run",
    "exec:blake3=" + "ab" * 32 + ":run",
    "net:tcp/127.0.0.1/32/80-443:connect",
    "net:unix/@name*:connect",
    "agent:children/4:spawn,signal",
    "svc:tool:*:use;expires=60s;uses=5;rate=100/60s;depth=2",
)


def stream(messages: Iterable[bytes]) -> bytes:
    """Each behind its length, as mutants.c reads them."""
    return b"".join(len(m).to_bytes(4, "little") + m for m in messages)


@pytest.fixture
def shared(runner: Runner) -> Path:
    """A folder that a guest on the host's root sees; its /tmp is its own."""
    folder = runner.where.build / "hostile"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@pytest.mark.hostile
@pytest.mark.timeout(1500)
def test_no_mutant_does_harm(
    runner: Runner, program: Callable[[str], Path], authorizer: Any, shared: Path
) -> None:
    manifest = Manifest(
        name="hostile",
        capabilities=tuple(caps.parse(text) for text in CAPABILITIES),
        code=(bytes(32),),
        model="llama",
        quotas={QuotaKind.INFERENCE_TOKENS: 1000},
        approval=("tool:web*",),
        argv=("/bin/true",),
    )
    payload = manifest.encode()
    signed = [cose.sign(mutant, authorizer.key) for mutant in mutants(payload, COUNT, SEED)]
    (shared / "messages").write_bytes(stream([manifest.sign(authorizer.key), *signed]))
    originals = [cbor.encode(cap.to_cbor()) for cap in manifest.capabilities]
    each = COUNT // len(originals)
    (shared / "caps").write_bytes(
        stream(m for i, cap in enumerate(originals) for m in mutants(cap, each, SEED + i))
    )
    for source in ("guest/hostile/mutants.c", "guest/common/persist.c"):
        shutil.copy2(program(source), shared / Path(source).stem)
    (shared / "script").write_text(
        f"""set -e
echo {shlex.quote(authorizer.line)} >/agent/policy/authorizers
{shared}/persist /agent/audit/chain.log /run/out/chain.log & persist=$!
{shared}/mutants {shared}/messages {shared}/caps {COUNT} {SEED}
sleep 3
touch /run/out/chain.log.stop
wait $persist
"""
    )
    job = Job(["sh", str(shared / "script")], timeout=1400)
    outcome = runner.run("uml-debug", job, "hostile")
    outcome.check()

    words = dict(word.split("=") for word in outcome.output.split() if "=" in word)
    numbers = {key: int(value) for key, value in words.items()}
    assert numbers["spawned"] + numbers["refused"] == COUNT + 1
    assert numbers["refused"] > COUNT / 2
    assert numbers["forged"] == COUNT
    assert numbers["granted"] > 0
    assert numbers["ungranted"] > COUNT
    # A spawn that fails is recorded, whatever it failed of.
    denied = 0
    with (outcome.out / "chain.log").open() as lines:
        for line in lines:
            record = json.loads(line)
            denied += record.get("event") == "spawn" and record["decision"] == "denied"
    assert denied == numbers["refused"] + numbers["forged"]
