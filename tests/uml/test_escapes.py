# SPDX-License-Identifier: Apache-2.0
"""No way out of an agent, and one record for each that was tried. Runs in a guest, as root."""

from __future__ import annotations

import errno
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pycoconut import audit, caps, syscalls
from pycoconut.abi import Decision
from pycoconut.agentfs import AgentFs
from pycoconut.aid import format_aid
from pycoconut.kbuild.base import REPO
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.manifest import Manifest
from tests.escapes.kit import SECRET, Escape, Race, Stage
from tests.uml.inside import settle

pytestmark = pytest.mark.slow

HERE = REPO / "tests" / "escapes"
TOOLS = ("kit", "layers", "peers", "race", "sandbox", "uring")
NAMES = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in TOOLS)
PATIENCE = 200
"""Seconds until an attempt is taken to hang."""

BASE = (
    "fs:{work}:all",
    "fs:{shared}:read_file,read_dir",
    "fs:/etc/ld.so.cache:read_file",
    "fs:/dev/null:read_file,write_file",
    *(
        f"fs:{caps.escape(os.fsencode(place))}:read_file,read_dir"
        for place in sorted({"/usr", sys.prefix, sys.base_prefix, str(REPO)})
    ),
)
"""What a program in Python needs that works on a folder of its own."""


def escape(name: str) -> Escape:
    found = importlib.import_module(f"tests.escapes.{name}").ESCAPE
    assert isinstance(found, Escape)
    return found


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-escapes")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-escapes"))
    return made


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system that has all features; the guest's root need not."""
    where = tmp_path_factory.mktemp("escapes")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(where)], check=True)
    where.chmod(0o755)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


@pytest.fixture
def stage(memory: Path, key: SecretKey, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """work/file, outside/secret and outside/shared/file."""
    made = Stage(memory / request.node.callspec.params["name"], key)
    for folder in (made.top, made.work, made.outside, made.shared):
        folder.mkdir()
    (made.work / "file").write_bytes(b"own\n")
    (made.shared / "file").write_bytes(b"shared\n")
    made.secret.write_bytes(SECRET)
    made.words["memory"] = memory
    with made.later:
        yield made


def picture(folder: Path) -> dict[str, object]:
    """All that is in a folder: a change that an escape makes is a difference."""
    found: dict[str, object] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        is_file = path.is_file() and not path.is_symlink()
        status = path.lstat()
        found[str(path)] = (
            status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns,
            sorted(os.listxattr(path, follow_symlinks=False)),
            path.read_bytes() if is_file else b"",
        )  # fmt: skip
    return found


def _inside(wanted: Escape, stage: Stage) -> dict[str, object]:
    """Tries it, in the agent; what came of it."""
    try:
        result = wanted.attempt(stage)
    except OSError as error:
        return {"code": errno.errorcode.get(error.errno or 0, str(error)), "refused": 1}
    if isinstance(result, Race):
        return {"code": wanted.answer, "refused": result.refused, "won": result.won}
    return {"code": "", "refused": 1, "got": repr(result)}


def _child(wanted: Escape, stage: Stage, manifest: bytes, report: int) -> None:
    """Becomes an agent, and never returns."""
    said: dict[str, object] = {}
    warnings.simplefilter("ignore", ResourceWarning)
    try:
        said["aid"] = syscalls.spawn(manifest, enter=True).aid
        said |= _inside(wanted, stage)
    finally:
        if error := sys.exception():
            said["broken"] = "".join(traceback.format_exception(error))
        os.write(report, json.dumps(said).encode())
        os._exit(0)


def attempt(wanted: Escape, stage: Stage) -> dict[str, object]:
    """Spawns an agent for an escape and waits for its end."""
    programs = ("exec:/usr:run",) if wanted.programs else ()
    held = tuple(caps.parse(stage.text(text)) for text in (*BASE, *programs, *wanted.caps))
    manifest = Manifest("escape", capabilities=held).sign(stage.key)
    told, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(wanted, stage, manifest, report)
    os.close(report)
    if not select.select([told], [], [], PATIENCE)[0]:
        os.kill(pid, signal.SIGKILL)
    text = os.read(told, 65536)
    os.close(told)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert text, f"it ended without a word, with {status}"
    said = json.loads(text)
    assert "broken" not in said, said["broken"]
    stage.words["self"] = format_aid(said["aid"])
    stage.words["child"] = format_aid(said["aid"] + 1)
    stage.words["pid"] = pid
    return said


def denials(aid: object) -> Counter[tuple[str, str]]:
    """What was refused to an agent, by class and object, and how often."""
    assert isinstance(aid, int)
    settle()
    wanted = audit.Filter(aid=aid, decisions=frozenset({Decision.DENIED}))
    return Counter(
        (record.kind.name.lower(), os.fsdecode(record.object))
        for record in audit.records([], wanted)
    )


def hold(name: str, stage: Stage) -> None:
    """Fails unless the escape was refused as it says, and as often as it was tried."""
    wanted = escape(name)
    if wanted.prepare:
        stage.given = wanted.prepare(stage)
    before = picture(stage.outside)
    said = attempt(wanted, stage)
    found = denials(said["aid"])

    assert not said.get("won"), f"it succeeded {said['won']} times"
    assert SECRET.decode().strip() not in str(said.get("got")), "the secret was read"
    assert picture(stage.outside) == before, "something outside has changed"
    harm = wanted.harm(stage) if wanted.harm else None
    assert harm is None, harm
    assert said["code"] == wanted.answer, (said, found)
    expected = (wanted.denied.kind, stage.text(wanted.denied.object))
    assert said["refused"], "nothing was tried"
    assert found == {expected: said["refused"]}, said


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", NAMES)
def test_no_way_out(name: str, stage: Stage) -> None:
    hold(name, stage)


@pytest.mark.hostile
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_no_way_out_of_the_debug_kernel(name: str, stage: Stage) -> None:
    """The same under KASAN, lockdep and kmemleak."""
    hold(name, stage)


def test_each_escape_says_what_it_is() -> None:
    """One sentence on the class of bug, and a file for each."""
    modules = {name: importlib.import_module(f"tests.escapes.{name}") for name in NAMES}
    assert not [name for name, module in modules.items() if len(module.__doc__ or "") < 30]
    attempts = Counter(module.ESCAPE.attempt for module in modules.values())
    assert [str(function) for function, times in attempts.items() if times > 1] == []
    assert len(NAMES) >= 60


def test_an_open_door_is_seen(key: SecretKey, tmp_path: Path) -> None:
    """Else silence would prove nothing: the same escape where the secret was granted."""
    stage = Stage(tmp_path, key)
    for folder in (stage.work, stage.outside, stage.shared):
        folder.mkdir()
    stage.secret.write_bytes(SECRET)
    wanted = replace(escape("symlink"), caps=("fs:{outside}:read_file",))
    said = attempt(wanted, stage)
    assert said["code"] == ""
    assert SECRET.decode().strip() in str(said["got"])
    assert not denials(said["aid"])
