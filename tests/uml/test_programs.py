# SPDX-License-Identifier: Apache-2.0
"""Programs as they are, inside an agent: watched once, then held to what was learned.

Runs in a guest, as root.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pycoconut import audit, syscalls
from pycoconut.abi import Decision
from pycoconut.agentfs import AgentFs
from pycoconut.audit import Filter
from pycoconut.caps import is_subset
from pycoconut.keys import PublicKey, SecretKey
from pycoconut.learn import Learned, learn
from pycoconut.manifest import Manifest, lint
from tests.uml.inside import settle

pytestmark = pytest.mark.slow

INDEX, SSH = 8731, 8722


@dataclass(frozen=True)
class Program:
    """What is run, as a script for sh in a folder of its own, and what it must print."""

    script: str
    prints: str
    #: Prepares the folder that $SITE names, and may leave servers behind.
    site: Callable[[Path], list[subprocess.Popen[bytes]]] = lambda _site: []
    #: Who runs it.
    user: int = 0


def _index(site: Path) -> list[subprocess.Popen[bytes]]:
    """An index of one package, made by hand: a wheel is a zip file."""
    folder = site / "simple/greeting"
    folder.mkdir(parents=True)
    info = "greeting-1.0.dist-info"
    with zipfile.ZipFile(folder / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", "WORD = 'installed'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "greeting.py,,\n")
    where = ["--bind", "127.0.0.1", "--directory", str(site)]
    return [_serve([sys.executable, "-m", "http.server", str(INDEX), *where], INDEX)]


def _sshd(site: Path) -> list[subprocess.Popen[bytes]]:
    """A server outside every agent, and a key that it takes."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", site / "key"], check=True)
    subprocess.run(
        ["dropbearkey", "-t", "ed25519", "-f", site / "host"], check=True, capture_output=True
    )
    home = Path("/root/.ssh")
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "authorized_keys").write_text((site / "key.pub").read_text())
    (home / "authorized_keys").chmod(0o600)
    command = ["dropbear", "-F", "-E", "-s", "-p", f"127.0.0.1:{SSH}", "-r", str(site / "host")]
    return [_serve(command, SSH)]


def _landlocked(site: Path) -> list[subprocess.Popen[bytes]]:
    source = Path(__file__).with_name("landlocked.c")
    subprocess.run(["gcc", "-Wall", "-Werror", "-o", site / "landlocked", source], check=True)
    return []


def _serve(command: list[str], port: int) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    patience = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < patience, f"{command[0]} does not listen"
            time.sleep(0.05)
        else:
            return server


PROGRAMS = {
    "bash": Program(
        """
        cat > loop.bash <<'END'
        set -o pipefail
        for i in 1 2 3; do echo $i; done > list
        sort -r < list | tee sorted | head -n 1
        mkfifo pipe; (echo through > pipe) & cat pipe; wait
        cat <<< here; rm pipe; sort sorted | diff - list
        END
        bash loop.bash
        """,
        "3\nthrough\nhere\n",
    ),
    "git": Program(
        """
        git init -q -b main repo; cd repo
        git config user.name A; git config user.email a@example.org
        for i in 1 2 3; do echo $i > file$i; git add .; git commit -qm "commit $i"; done
        git worktree add -q ../tree -b other; cd ../tree; echo x > x; git add x; git commit -qm x
        cd ../repo; git mv file1 first; git commit -qm move; git merge -q -m merge other
        git gc -q; git worktree remove ../tree; git fsck; git log --oneline | wc -l
        """,
        "6\n",
    ),
    "pip": Program(
        f"""
        $PYTHON -m pip install -q --disable-pip-version-check --no-cache-dir --target lib \\
            --index-url http://127.0.0.1:{INDEX}/simple greeting
        PYTHONPATH=lib $PYTHON -c 'import greeting; print(greeting.WORD)'
        """,
        "installed\n",
        _index,
    ),
    "gcc": Program(
        """
        printf '#include <stdio.h>\\nint main(void) { puts("built"); return 0; }\\n' > main.c
        gcc -O2 -Wall -c main.c; ar rc main.a main.o; gcc -o main main.a; ./main
        """,
        "built\n",
    ),
    "landlock": Program(
        "echo x > here; $SITE/landlocked here /etc/passwd", "shut in\n", _landlocked
    ),
    "ssh": Program(
        f"""
        ssh -F none -i $SITE/key -p {SSH} -o UserKnownHostsFile=known -o BatchMode=yes \\
            -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR localhost echo over ssh
        """,
        "over ssh\n",
        _sshd,
    ),
    "bwrap": Program(
        """
        bwrap --unshare-net --ro-bind /usr /usr --symlink usr/bin /bin \\
            --symlink usr/lib /lib --symlink usr/lib64 /lib64 --bind . /work --chdir /work \\
            sh -c 'echo held > file; ls /; cat file; touch /usr/x 2>&- || echo refused'
        """,
        "bin\nlib\nlib64\nusr\nwork\nheld\nrefused\n",
        user=1000,
    ),
    "node": Program(
        """
        cat > main.js <<'END'
        const fs = require("fs"), http = require("http");
        fs.writeFileSync("out", "from node");
        const server = http.createServer((q, r) => r.end(fs.readFileSync("out")));
        server.listen(0, "127.0.0.1", () => {
            http.get({host: "127.0.0.1", port: server.address().port, agent: false}, r => {
                r.on("data", d => console.log(String(d))); r.on("end", () => server.close());
            });
        });
        END
        node main.js
        """,
        "from node\n",
    ),
    "sqlite": Program(
        """
        sqlite3 data.db 'pragma journal_mode=wal; create table t(x); insert into t values (1), (2);'
        sqlite3 data.db 'begin; insert into t values (3); commit; select sum(x) from t; vacuum;'
        """,
        "wal\n6\n",
    ),
}


@pytest.fixture(scope="module")
def key() -> SecretKey:
    """A key whose manifests the kernel takes."""
    made = SecretKey.make("test-programs")
    AgentFs().add_authorizer(PublicKey(made.public.raw, "test-programs"))
    return made


@pytest.fixture
def site() -> Iterator[Path]:
    """What the programs find there already; not only root gets there."""
    with tempfile.TemporaryDirectory(prefix="programs-") as top:
        Path(top).chmod(0o755)
        made = Path(top) / "site"
        made.mkdir()
        yield made


@pytest.fixture
def servers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Those that are ended with the test."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for server in running:
        server.kill()
        server.wait()


def run(signed: bytes, program: Program, site: Path) -> tuple[int, int, str]:
    """Runs a program in a new agent, in an empty folder; its AID, exit status and output."""
    work = site.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    os.chown(work, program.user, program.user)
    ours, theirs = os.pipe()

    def enter() -> None:
        os.write(theirs, str(syscalls.spawn(signed, enter=True).aid).encode())
        os.setgid(program.user)
        os.setuid(program.user)

    home = site.parent / "home"
    home.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    env |= {"SITE": str(site), "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
    argv = ["/bin/sh", "-ec", textwrap.dedent(program.script)]
    code, output = 126, ""
    with suppress(PermissionError):
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=work,
            env=env,
            preexec_fn=enter,
            timeout=100,
        )
        code, output = done.returncode, done.stdout + done.stderr
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        aid = int(pipe.read())
    settle()
    return aid, code, output


def records_of(aid: int, *decisions: Decision) -> list[audit.Record]:
    return list(audit.records([], Filter(aid=aid, decisions=frozenset(decisions))))


def watch(key: SecretKey, name: str, site: Path) -> Learned:
    """Runs a program permissive; what was learned."""
    permissive = Manifest(name, permissive=True)
    aid, code, output = run(permissive.sign(key), PROGRAMS[name], site)
    assert (code, output) == (0, PROGRAMS[name].prints)
    assert not records_of(aid, Decision.DENIED)
    return learn(records_of(aid), permissive)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_runs_held_to_what_was_learned(
    key: SecretKey, name: str, site: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    program = PROGRAMS[name]
    servers += program.site(site)
    learned = watch(key, name, site)
    text = learned.yaml()
    manifest, findings = lint(text)
    assert manifest == learned.manifest, findings
    aid, code, output = run(learned.manifest.sign(key), program, site)
    denied = [(r.kind.name, r.object, hex(r.rights)) for r in records_of(aid, Decision.DENIED)]
    assert (code, output, denied) == (0, program.prints, []), text


def test_what_was_learned_is_no_more_than_it_took(key: SecretKey, site: Path) -> None:
    learned = watch(key, "sqlite", site)
    again = watch(key, "sqlite", site)
    assert again.yaml() == learned.yaml()
    for rest in learned.manifest.capabilities:
        others = tuple(cap for cap in learned.manifest.capabilities if cap != rest)
        assert not any(is_subset(rest, other) for other in others)
        less = Manifest("less", capabilities=others)
        aid, _, _ = run(less.sign(key), PROGRAMS["sqlite"], site)
        assert records_of(aid, Decision.DENIED), rest
