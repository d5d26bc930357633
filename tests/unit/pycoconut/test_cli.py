# SPDX-License-Identifier: Apache-2.0
"""The command: what can work on any kernel works, the rest says what is missing."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut import syscalls
from pycoconut.abi import Class, Decision, Event
from pycoconut.audit import Record
from pycoconut.cli import COMMANDS, completion, main, make_parser
from pycoconut.cli.agents import run_in_agent
from pycoconut.cli.man import pages
from tests.unit.pycoconut.agentfs_tree import make
from tests.unit.pycoconut.chain_writer import Chain

Run = Callable[..., tuple[int, str, str]]
MANIFEST = "name: agent\ncapabilities: ['file_read: /data/*', 'tool: web_fetch']\n"
#: As the issue lists them.
WANTED = {
    *[
        "spawn",
        "run",
        "ps",
        "tree",
        "show",
        "grant",
        "revoke",
        "present",
        "quota",
        "lane",
        "attest",
        "verify-attestation",
    ],
    *["why", "version", "doctor", "keys"],
    "caps show",
    "caps check",
    "caps diff",
    "caps learn",
    "audit tail",
    "audit grep",
    "audit export",
    "audit verify",
    "audit prove",
    "audit check-proof",
    "audit checkpoint",
    "audit stats",
    "manifest lint",
    "manifest sign",
    "manifest show",
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("COCONUT_AGENTFS", str(tmp_path / "agent"))
    monkeypatch.setenv("COCONUT_SOCKET", str(tmp_path / "no.sock"))
    monkeypatch.delenv("COCONUT_KEY", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def words() -> set[str]:
    return {" ".join(node.path) for node in completion.nodes(make_parser())}


def test_every_command_is_there() -> None:
    wanted = {
        word
        for line in WANTED
        for word in ([line] if line[:5] in ("audit", "manif", "caps ") else line.split())
    }
    assert wanted <= words()


@pytest.mark.parametrize("words", sorted(words()))
def test_help_and_exit_codes(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*words.split(), "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "usage: coconut" in out
    if words not in ("audit", "bpf", "caps", "keys", "manifest", "services"):
        assert "exit status:" in out


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["frob"],
        ["revoke", "17"],
        ["show", "x"],
        ["attest", "1", "--nonce", "zz"],
        ["approvals", "frob"],
    ],
)
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2


# ---- without a Coconut kernel ----


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that answers ENOSYS to every agent call, whatever runs the tests."""

    def call(name: str, *_args: object) -> int:
        raise syscalls.oserror(name, 38)

    monkeypatch.setattr(syscalls, "call", call)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    "argv",
    [
        ["grant", "17", "fs:/data/*:read_file"],
        ["revoke", "17", "--all"],
        ["present", "17", "svc:x:use"],
        ["quota", "17"],
        ["attest", "17"],
        ["audit", "tail"],
        ["audit", "grep"],
        ["why", "5"],
        ["ps"],
        ["tree"],
        ["show", "17"],
        ["caps", "show", "17"],
        ["quarantine", "17"],
        ["release", "17"],
        ["acknowledge", "17"],
        ["limits"],
        ["lane"],
        ["approvals"],
        ["approvals", "allow", "3"],
        ["keys", "list"],
        ["audit", "stats"],
        ["spawn", "m.cose"],
        ["run", "m.cose", "--", "true"],
    ],
    ids=" ".join,
)
def test_what_needs_the_kernel_says_so(argv: list[str], run: Run, tmp_path: Path) -> None:
    run("keys", "new", "key")
    (tmp_path / "m.yaml").write_text(MANIFEST)
    run("manifest", "sign", "m.yaml", "--key", "key")
    code, out, err = run(*argv)
    assert (code, out) == (3, "")
    assert "not Coconut" in err or "not mounted" in err
    assert "hint:" in err


@pytest.mark.usefixtures("elsewhere")
def test_doctor_says_what_is_missing(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 1
    assert "this kernel is not Coconut" in out


def test_keys_and_manifests(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("keys", "new", "key", "--label", "me", "--json")
    made = json.loads(out)
    assert code == 0
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert run("keys", "new", "key")[0] == 1
    assert made["key"] in run("keys", "show", "key")[1]
    (tmp_path / "m.yaml").write_text(MANIFEST)
    assert run("manifest", "lint", "m.yaml") == (0, "", "")
    code, out, _ = run("manifest", "sign", "m.yaml", "--key", "key", "--json")
    assert (code, json.loads(out)["authorizer"]) == (0, made["key"])
    code, out, _ = run("manifest", "show", "m.cose", "--json")
    shown = json.loads(out)
    assert (code, shown["signature"], shown["authorizer"]) == (0, "valid", made["key"])
    assert shown["capabilities"] == ["fs:/data:read_file,read_dir", "svc:tool:web_fetch:use"]
    data = bytearray((tmp_path / "m.cose").read_bytes())
    data[-1] ^= 1
    (tmp_path / "m.cose").write_bytes(data)
    assert run("manifest", "show", "m.cose")[0] == 1


def test_key_that_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    run("keys", "new", "key")
    (tmp_path / "key").chmod(0o644)
    code, _, err = run("keys", "show", "key")
    assert code == 1
    assert "chmod 600" in err


def test_lint_names_the_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("name: x\nlane: fast\ndescription: d\n")
    code, out, _ = run("manifest", "lint", "m.yaml")
    assert code == 1
    assert "m.yaml: error: lane: 'fast' is none of" in out
    assert "m.yaml: warning: description" in out
    (tmp_path / "m.yaml").write_text("name: x\n")
    assert run("manifest", "lint", "m.yaml")[0] == 0
    assert run("manifest", "lint", "--strict", "m.yaml")[0] == 1
    code, _, err = run("spawn", "m.yaml")
    assert code == 2
    assert "no key" in err


# ---- logs ----


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(random.Random(1))
    made.fill(8)
    made.append(
        Event.ACCESS, aid=17, kind=Class.FS, decision=Decision.DENIED, object=b"/etc/x", result=-13
    )
    made.seal()
    made.shut_down()
    (tmp_path / "chain.log").write_bytes(made.log)
    (tmp_path / "seed").write_text(made.seed.hex() + "\n")
    return made


def test_verify(run: Run, chain: Chain, tmp_path: Path) -> None:
    assert run("audit", "verify", "chain.log")[0] == 10
    key = ["--key", chain.public.hex()]
    code, out, _ = run("audit", "verify", "chain.log", *key, "--seed", "seed", "--json")
    report = json.loads(out)
    assert (code, report["verdict"]) == (0, "intact")
    record = Record.parse(chain.lines[4])
    forged = replace(record, capability=record.capability + 1).line()
    (tmp_path / "bad.log").write_bytes(chain.log.replace(chain.lines[4], forged))
    code, out, _ = run("audit", "verify", "bad.log", *key, "--seed", "seed")
    assert code == 12
    assert "first bad: record 5" in out
    (tmp_path / "cut.log").write_bytes(chain.log[:-100])
    assert run("audit", "verify", "cut.log", *key)[0] == 11
    assert run("audit", "verify", "none.log")[0] == 1
    (tmp_path / "seed").write_text("12")
    assert run("audit", "verify", "chain.log", "--seed", "seed")[0] == 1


def test_grep_and_why(run: Run, chain: Chain) -> None:
    code, out, _ = run("audit", "grep", "chain.log", "--aid", "17", "--object", "/etc", "--json")
    (record,) = map(json.loads, out.splitlines())
    assert (code, record["object"], record["result"]) == (0, "/etc/x", -13)
    code, out, _ = run("why", str(record["seq"]), "chain.log")
    assert code == 0
    assert "fs:/etc/x:read_file" in out
    assert run("why", "9999", "chain.log")[0] == 1


def test_grep_by_class_and_by_its_other_name(run: Run, chain: Chain) -> None:
    code, out, _ = run("audit", "grep", "chain.log", "--class", "fs", "--class", "net", "--json")
    found = list(map(json.loads, out.splitlines()))
    there = [json.loads(line) for line in chain.lines if line.startswith(b'{"seq":')]
    assert code == 0
    assert [r["seq"] for r in found] == [r["seq"] for r in there if r["class"] in ("fs", "net")]
    assert {r["class"] for r in there} - {"fs", "net"}
    words = ("chain.log", "--class", "fs", "--class", "net", "--json")
    assert run("audit", "query", *words) == (0, out, "")
    assert "coconut audit query" in pages(COMMANDS)["coconut-audit-grep.1"]
    assert "coconut-audit-query.1" not in pages(COMMANDS)


def test_grep_by_time(run: Run, chain: Chain) -> None:
    def found(*argv: str) -> list[int]:
        code, out, _ = run("audit", "grep", "chain.log", "--json", *argv)
        assert code == 0
        return [json.loads(line)["seq"] for line in out.splitlines()]

    every = found()
    # The writer's clock begins here, and goes on by a nanosecond a record.
    start = "2023-11-14T22:13:20"
    assert found("--since", start) == every
    assert found("--since", f"{start}.000001") == []
    assert found("--until", f"{start}.000001") == every
    assert found("--until", f"{start}+01:00") == []
    with pytest.raises(SystemExit):
        run("audit", "grep", "chain.log", "--since", "yesterday")


def test_export(run: Run, chain: Chain, tmp_path: Path) -> None:
    code, out, _ = run("audit", "export", "chain.log", "--form", "ocsf", "--decision", "denied")
    events = [json.loads(line) for line in out.splitlines()]
    event = next(e for e in events if e["unmapped"]["object"] == "/etc/x")
    assert code == 0
    assert (event["class_uid"], event["type_uid"], event["action_id"]) == (1001, 100199, 2)
    assert (event["file"]["path"], event["status_code"]) == ("/etc/x", "EACCES")
    assert event["actor"]["user"]["name"] == "a:00017"
    assert event["metadata"]["uid"] == f"{chain.boot.hex()}:{event['metadata']['sequence']}"
    code, out, _ = run("audit", "export", "chain.log")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, chain.seq))
    # Each record of every kind has an event, of bytes that are no text too.
    code, out, _ = run("audit", "export", "chain.log", "--form", "ocsf")
    assert len(out.splitlines()) == chain.seq - 1
    assert all(
        json.loads(line)["class_uid"] in (1001, 1007, 4001, 6003) for line in out.splitlines()
    )
    (tmp_path / "bad.log").write_bytes(chain.log[:300])
    assert run("audit", "export", "bad.log", "--form", "ocsf")[0] == 1


def test_proof(run: Run, chain: Chain) -> None:
    assert run("audit", "prove", "3", "chain.log", "-o", "proof.json")[0] == 0
    key = ["--key", chain.public.hex()]
    assert run("audit", "verify", "--proof", "proof.json", *key)[0] == 0
    assert run("audit", "verify", "--proof", "proof.json")[0] == 10
    assert run("audit", "verify", "--proof", "proof.json", "--key", "00" * 32)[0] == 1
    assert run("audit", "check-proof", "proof.json", *key)[0] == 0
    assert run("audit", "check-proof", "proof.json")[0] == 10
    assert run("audit", "prove", "999", "chain.log")[0] == 1


def test_brief_proof(run: Run, chain: Chain) -> None:
    assert run("keys", "new", "key")[0] == 0
    words = ["--name", "audit.example.org", "--key", "key", "-o", "note"]
    code, out, _ = run("audit", "checkpoint", "chain.log", *words, "--json")
    key = ["--checkpoint-key", json.loads(out)["key"]]
    prove = ["audit", "prove", "3", "chain.log", "-o", "brief.json", "--checkpoint", "note"]
    assert code == 0
    assert run(*prove, *key)[0] == 0
    assert run(*prove)[0] == 2
    assert run("audit", "check-proof", "brief.json", *key)[0] == 0
    assert run("audit", "check-proof", "brief.json")[0] == 1
    assert run("audit", "check-proof", "note", *key)[0] == 1


# ---- /agent ----


def test_lanes_are_listed(run: Run, tmp_path: Path) -> None:
    make(tmp_path / "agent")
    rows = json.loads(run("lane", "--json")[1])
    assert [(row["tenant"], row["share"], row["aid"]) for row in rows] == [
        ("lab", "250", "a:00003"),
        ("lab", "250", "a:00017"),
    ]
    assert (rows[0]["weight"], rows[0]["stalls"]) == ("by lane", "2")


def test_a_tenants_weight_is_set(run: Run, tmp_path: Path) -> None:
    policy = make(tmp_path / "agent") / "policy/tenants"
    assert run("lane", "lab=7", "acme=200")[0] == 0
    assert (policy / "lab").read_text() == "weight 7\n"
    assert (policy / "acme").read_text() == "weight 200\n"
    assert run("lane", "lab=")[0] == 0
    assert sorted(path.name for path in policy.iterdir()) == ["acme"]


@pytest.mark.parametrize("text", ["acme", "acme=x", "=1", "../limits=1", "a/b=1", "acme=-1"])
def test_what_is_no_weight_is_refused(text: str, run: Run, tmp_path: Path) -> None:
    make(tmp_path / "agent")
    code, _, err = run("lane", text)
    assert (code, "TENANT=WEIGHT" in err) == (2, True)


def test_agents_are_listed(run: Run, tmp_path: Path) -> None:
    make(tmp_path / "agent")
    code, out, _ = run("ps")
    assert code == 0
    assert out.splitlines()[0].split()[:3] == ["AID", "NAME", "STATE"]
    assert len(out.splitlines()) == 4
    assert len(json.loads(run("ps", "--all", "--json")[1])) == 4
    assert run("tree")[1].splitlines() == [
        "a:00000 boot ACTIVE",
        "└─ a:00003 parent ACTIVE",
        "   └─ a:00017 child READY",
    ]
    shown = json.loads(run("show", "a:00017", "--json")[1])
    assert (shown["aid"], shown["budget"]["ram"]["limit"]) == ("a:00017", "100")
    assert "svc:tool:x:use" in run("show", "17")[1]
    assert json.loads(run("caps", "show", "17", "--json")[1])[1]["parent"] == "5"
    assert "lost" in run("audit", "stats")[1]
    (tmp_path / "writer").write_text("state held\nheld 2\nwhy [Errno 28] No space left on device\n")
    shown = json.loads(run("audit", "stats", "--json")[1])
    assert shown["writer_why"] == "[Errno 28] No space left on device"
    assert "held: [Errno 28] No space left" in run("doctor")[1]
    assert "sealed" in run("keys", "list")[1]
    assert run("show", "99")[0] == 1


def test_names_cannot_speak_to_the_terminal(run: Run, tmp_path: Path) -> None:
    status = make(tmp_path / "agent") / "live/a:00017/status"
    status.write_text(status.read_text().replace("child", "\x1b[2Jx"))
    assert "\x1b" not in run("ps")[1]


# ---- run ----


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["true"], 0),
        (["sh", "-c", "kill -9 $$"], 137),
        (["no-such-command-here"], 127),
        (["/"], 126),
    ],
)
def test_run_forwards_the_status(
    argv: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawn(data: bytes, cap_set: bytes | None, *, enter: bool) -> None:
        assert (data, cap_set, enter) == (b"manifest", None, True)

    monkeypatch.setattr(syscalls, "spawn", spawn)
    assert run_in_agent(b"manifest", None, argv) == status


def test_run_without_an_agent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def spawn(*_args: object, **_options: object) -> None:
        raise syscalls.oserror("agent_spawn", 126)

    monkeypatch.setattr(syscalls, "spawn", spawn)
    assert run_in_agent(b"manifest", None, ["true"]) == 125
    assert "authorizer is not in the keyring" in capsys.readouterr().err


# ---- completion and manual ----


def test_bash_completion(tmp_path: Path) -> None:
    script = tmp_path / "coconut.bash"
    script.write_text(completion.render("bash", make_parser()))

    def complete(*words: str) -> list[str]:
        quoted = " ".join(f"'{word}'" for word in words)
        code = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _coconut; "
        code += 'echo "${COMPREPLY[@]}"'
        done = subprocess.run(
            ["bash", "-c", code], check=True, capture_output=True, text=True, timeout=20
        )
        return done.stdout.split()

    assert complete("coconut", "ver") == ["verify-attestation", "version"]
    assert complete("coconut", "audit", "ver") == ["verify"]
    assert complete("coconut", "audit", "verify", "some.log", "--pr") == ["--proof"]
    assert complete("coconut", "audit", "--json", "st") == ["stats"]
    assert complete("coconut", "nonsense", "ru") == ["run"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, run: Run) -> None:
    code, out, _ = run("completion", shell)
    assert code == 0
    for word in words():
        assert word.split()[-1:] == [] or word.split()[-1] in out


def test_manual_pages(run: Run, tmp_path: Path) -> None:
    assert run("man", "man")[0] == 0
    found = pages(COMMANDS)
    assert {path.name for path in (tmp_path / "man").iterdir()} == set(found)
    assert "coconut-audit-verify.1" in found
    assert "\n10\n" in found["coconut-audit-verify.1"]
    groff = shutil.which("groff")
    for name, text in found.items():
        assert text.startswith('.\\" SPDX')
        if groff:
            command = [groff, "-man", "-Tutf8", "-ww", "-z", str(tmp_path / "man" / name)]
            done = subprocess.run(command, check=True, capture_output=True, timeout=20)
            assert done.stderr == b""
