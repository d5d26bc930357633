# SPDX-License-Identifier: Apache-2.0
"""The command `coconut` on a Coconut kernel, from key to verdict. Runs in a guest, as root."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pycoconut.abi import QuotaKind
from pycoconut.audit import Record

MANIFEST = """
name: worker
tenant: lab
capabilities:
  - fs:/*:read_file,read_dir;except=/etc
  - exec:/*:run
  - tool: web_fetch
  - tool: shell
"""
Coconut = Callable[..., Any]


def coconut_process(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pycoconut.cli", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key that the kernel trusts, and a signed manifest."""
    folder = tmp_path_factory.mktemp("command")
    (folder / "worker.yaml").write_text(MANIFEST)
    for argv in (
        ("keys", "new", "key"),
        ("keys", "add", "key.pub"),
        ("manifest", "sign", "worker.yaml", "--key", "key"),
        ("audit", "seed", "--out", "seed"),
    ):
        done = coconut_process(*argv, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def coconut(place: Path) -> Coconut:
    """Runs a command; returns its JSON. `code` is what it must exit with."""

    def call(*argv: str, code: int = 0) -> Any:
        done = coconut_process("--json", *argv, cwd=place)
        assert done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return call


@pytest.fixture
def worker(coconut: Coconut) -> str:
    return str(coconut("spawn", "worker.cose", "--no-daemon")["aid"])


def test_doctor_finds_the_kernel(coconut: Coconut) -> None:
    parts = {row["part"]: row["state"] for row in coconut("doctor", code=1)}
    assert all(parts[name] == "ok" for name in ("kernel", "agentfs", "abi", "chain"))


def test_keys(coconut: Coconut, place: Path) -> None:
    (known, *_) = [key for key in coconut("keys", "list")["keys"] if key["label"] == "key"]
    assert known["key"] == coconut("keys", "show", "key")["key"]
    assert (place / "seed").stat().st_mode & 0o777 == 0o600
    assert not (place / "again").exists()
    done = coconut_process("audit", "seed", "--out", "again", cwd=place)
    assert done.returncode == 1
    assert not (place / "again").exists()


def test_agent_is_shown(coconut: Coconut, worker: str) -> None:
    (row,) = [row for row in coconut("ps", "--tenant", "lab") if row["aid"] == worker]
    assert (row["state"], row["parent"]) == ("READY", "a:00000")
    (boot,) = coconut("tree")
    assert worker in [child["aid"] for child in boot["children"]]
    shown = coconut("show", worker)
    assert len(shown["caps"]) == 4
    assert shown["budget"]["children"]["used"] == 0


def test_grant_present_revoke(coconut: Coconut, worker: str) -> None:
    request = "svc:tool:shell:use"
    (first,) = [
        row["id"] for row in coconut("caps", "show", worker) if "tool:shell" in row["capability"]
    ]
    assert coconut("revoke", worker, first)["withdrawn"] == 1
    assert coconut("present", worker, request, code=4)["decision"] == "denied"
    coconut("grant", worker, "svc:tool:extra:use", code=4)
    number = coconut("grant", worker, request)["id"]
    assert coconut("present", worker, request)["capability"] == number
    assert str(number) in [row["id"] for row in coconut("caps", "show", worker)]
    assert coconut("revoke", worker, str(number))["withdrawn"] == 1
    coconut("present", worker, request, code=4)
    coconut("revoke", worker, str(number), code=1)


def test_quota(coconut: Coconut, worker: str) -> None:
    coconut("quota", worker, "inference_tokens", "--set", "100")
    (reserved,) = coconut("quota", worker, "inference_tokens", "--reserve", "60")
    assert reserved["reserved"] == "60"
    coconut("quota", worker, "inference_tokens", "--debit", "41", code=1)
    settle = ("--settle", reserved["reservation"], "50")
    (settled,) = coconut("quota", worker, "inference_tokens", *settle)
    assert (settled["used"], settled["reserved"]) == ("50", "0")
    kinds = {kind.name.lower() for kind in QuotaKind}
    assert {row["kind"] for row in coconut("quota", worker)} == kinds
    (limited,) = coconut("quota", worker, "ram", "--set", "512M")
    assert limited["limit"] == str(512 << 20)


def test_lane(coconut: Coconut, worker: str) -> None:
    tenant = coconut("show", worker)["tenant"]
    (row,) = [row for row in coconut("lane", f"{tenant}=250") if row["aid"].endswith(worker)]
    assert (row["tenant"], row["share"], row["lane"]) == (tenant, "250", "normal")
    coconut("lane", f"{tenant}=20000", code=1)
    assert {row["share"] for row in coconut("lane", f"{tenant}=")} == {"100"}


def test_attestation(coconut: Coconut, worker: str) -> None:
    coconut("attest", worker, "--nonce", "00112233445566778899", "-o", "attestation")
    good = coconut("verify-attestation", "attestation", "--nonce", "00112233445566778899")
    assert [link["aid"] for link in good["chain"]] == [worker, "a:00000"]
    coconut("verify-attestation", "attestation", "--nonce", "00", code=1)
    coconut("verify-attestation", "attestation", "--key", "00" * 32, code=1)


def run(place: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return coconut_process("run", "worker.cose", "--", *argv, cwd=place)


def test_run(place: Path) -> None:
    done = run(place, "/bin/cat", "/usr/bin/ldd")
    assert (done.returncode, done.stdout) == (0, Path("/usr/bin/ldd").read_text())
    assert run(place, "/bin/sh", "-c", "exit 7").returncode == 7
    assert run(place, "/bin/sh", "-c", "kill -TERM $$").returncode == 143
    assert run(place, "/no/such/program").returncode == 127


def test_run_is_confined_and_why_says_so(place: Path, coconut: Coconut) -> None:
    done = run(place, "/bin/cat", "/etc/passwd")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    query = ("audit", "grep", "--decision", "denied", "--class", "fs", "--object", "/etc/passwd")
    record = _last(place, *query)
    assert (record["object"], record["result"]) == ("/etc/passwd", -13)
    why = coconut("why", str(record["seq"]))
    assert why["would_do"] == "fs:/etc/passwd:read_file"
    (near,) = why["near"]
    assert near["capability"].startswith("fs:/:")
    assert near["lacks"] == ["/etc is carved out of it"]


def _last(place: Path, *argv: str) -> dict[str, Any]:
    lines = coconut_process("--json", *argv, cwd=place).stdout.splitlines()
    return dict(json.loads(lines[-1]))


def test_terminate(coconut: Coconut, worker: str) -> None:
    coconut("revoke", worker, "--terminate")
    assert coconut("show", worker)["state"] == "TERMINATED_REVOKED"
    assert worker not in [row["aid"] for row in coconut("ps")]
    assert worker in [row["aid"] for row in coconut("ps", "--all")]
    coconut("grant", worker, "svc:x:use", code=1)


def test_verify_prove_and_find_a_changed_byte(coconut: Coconut, place: Path, worker: str) -> None:
    key = _boot_key()
    time.sleep(1.5)
    assert coconut("audit", "verify", "--key", key, "--seed", "seed")["verdict"] == "intact"
    coconut("audit", "verify", "--seed", "seed", code=10)
    spawned = _last(place, "audit", "grep", "--event", "spawn")
    assert spawned["object"].startswith(f"{worker} ")
    coconut("audit", "prove", str(spawned["seq"]), "-o", "proof")
    proof = coconut("audit", "verify", "--proof", "proof", "--key", key)
    assert proof["record"]["seq"] == spawned["seq"]

    log = Path("/agent/audit/chain.log").read_bytes()
    line = next(li for li in log.splitlines(keepends=True) if b'"event":"spawn"' in li)
    seq = json.loads(line)["seq"]
    forged = line.replace(b'"class":"life"', b'"class":"exec"')
    (place / "bad.log").write_bytes(log.replace(line, forged))
    bad = coconut("audit", "verify", "bad.log", "--live", "--seed", "seed", "--key", key, code=12)
    assert bad["boots"][0]["bad_seq"] == seq


def _boot_key() -> str:
    """The key of epoch 0, from the first record: here it is the auditor's to begin with."""
    with Path("/agent/audit/chain.log").open("rb") as log:
        return Record.parse(log.readline()).object[:32].hex()


def test_tail_follows(place: Path, coconut: Coconut, worker: str) -> None:
    command = [sys.executable, "-m", "pycoconut.cli", "--json", "audit", "tail", "-f", "-n", "0"]
    command += ["--event", "present"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=place) as tail:
        try:
            assert tail.stdout is not None
            time.sleep(2)
            coconut("present", worker, "svc:tool:web_fetch:use")
            record = json.loads(tail.stdout.readline())
        finally:
            tail.terminate()
    assert (record["aid"], record["decision"]) == (worker, "allowed")
