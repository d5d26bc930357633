# SPDX-License-Identifier: Apache-2.0
"""From records to a manifest: the rules, one by one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycoconut.abi import Class, Decision, Event, ExecRight, FsRight, NetRight
from pycoconut.audit import Record
from pycoconut.caps import parse, shortfall
from pycoconut.cli import main
from pycoconut.learn import learn, needed
from pycoconut.learn.places import hierarchies, is_secret, program_places
from pycoconut.manifest import Manifest, lint

READ, WRITE, LIST = FsRight.READ_FILE, FsRight.WRITE_FILE, FsRight.READ_DIR
MAKE, MKDIR, REMOVE = FsRight.MAKE_REG, FsRight.MAKE_DIR, FsRight.REMOVE_FILE
REFER = FsRight.REFER


def use(
    kind: Class, what: bytes, rights: int, decision: Decision = Decision.PERMITTED, aid: int = 17
) -> Record:
    event = Event.PRESENT if kind == Class.SVC else Event.ACCESS
    result = -13 if decision == Decision.DENIED else 0
    return Record(bytes(16), 1, 0, 0, 0, aid, 1, event, kind, decision, 0, rights, what, result)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({b"/etc/hosts": READ}, {b"/etc/hosts": READ}),
        # 1: what is called by a number that will be another one
        ({b"/proc/17/maps": READ, b"/proc/18": LIST}, {b"/proc": READ | LIST}),
        ({b"/proc/1/stat": READ, b"/proc/meminfo": READ}, {b"/proc": READ}),
        (
            {b"/proc/1/stat": READ, b"/proc/sys/kernel/osrelease": READ},
            {b"/proc": READ, b"/proc/sys/kernel/osrelease": READ},
        ),
        ({b"/dev/pts/3": READ | WRITE}, {b"/dev/pts": READ | WRITE}),
        # 2: what the run made was not there before
        ({b"/w/new": MAKE | WRITE}, {b"/w": MAKE | WRITE}),
        ({b"/w/old": REMOVE}, {b"/w": REMOVE}),
        (
            {b"/w/d": MKDIR, b"/w/d/e": MKDIR, b"/w/d/e/f": MAKE | WRITE},
            {b"/w": MKDIR | MAKE | WRITE},
        ),
        ({b"/w/a": MAKE, b"/w/b/c": REMOVE}, {b"/w": MAKE | REMOVE}),
        # 3: one directory, one set of rights; but not where others are at home
        ({b"/w/new": MAKE, b"/w/x/old": READ}, {b"/w": MAKE | READ}),
        ({b"/tmp/new": MAKE, b"/tmp/old": READ}, {b"/tmp": MAKE, b"/tmp/old": READ}),
        (
            {b"/tmp/new": MAKE, b"/tmp/w/n": MAKE | WRITE},
            {b"/tmp": MAKE, b"/tmp/w": WRITE},
        ),
        (
            {b"/w/new": MAKE, b"/w/.ssh/id": READ},
            {b"/w": MAKE, b"/w/.ssh/id": READ},
        ),
        # 4: moved from one to the other
        (
            {b"/w/a": REMOVE | REFER, b"/v/a": MAKE | REFER},
            {b"/w": MAKE | REMOVE | REFER, b"/v": MAKE | REMOVE | REFER},
        ),
        # 5: the system's own files
        ({b"/usr/lib/a": READ, b"/usr/share": LIST}, {b"/usr": READ | LIST}),
        (
            {b"/usr/lib/a": READ, b"/usr/local/x": WRITE | READ},
            {b"/usr": READ, b"/usr/local/x": WRITE},
        ),
        # 6: many that are read
        ({b"/srv/d/%d" % i: READ for i in range(4)}, {b"/srv/d": READ}),
        (
            {b"/srv/d/%d" % i: READ for i in range(3)},
            {b"/srv/d/%d" % i: READ for i in range(3)},
        ),
        ({b"/etc/%d" % i: READ for i in range(9)}, {b"/etc/%d" % i: READ for i in range(9)}),
        (
            {b"/home/u/%d" % i: READ for i in range(9)},
            {b"/home/u/%d" % i: READ for i in range(9)},
        ),
        (
            {b"/srv/d/%d.pem" % i: READ for i in range(9)},
            {b"/srv/d/%d.pem" % i: READ for i in range(9)},
        ),
        (
            {b"/dev/x/%d" % i: READ for i in range(9)},
            {b"/dev/x/%d" % i: READ for i in range(9)},
        ),
        (
            {b"/srv/d/%d" % i: WRITE for i in range(9)},
            {b"/srv/d/%d" % i: WRITE for i in range(9)},
        ),
    ],
)
def test_rules_for_files(files: dict[bytes, FsRight], found: dict[bytes, FsRight]) -> None:
    assert hierarchies({path: int(rights) for path, rights in files.items()}) == found


NAMES = st.sampled_from([b"a", b"b", b"c", b"usr", b"tmp", b"proc", b"17", b".ssh", b"x.pem"])
PLACES = st.lists(NAMES, min_size=1, max_size=4).map(lambda parts: b"/" + b"/".join(parts))
FILES = st.dictionaries(PLACES, st.integers(1, 2**17 - 1), min_size=1, max_size=12)


@given(FILES, st.randoms())
def test_all_that_was_used_is_covered_and_order_does_not_matter(
    files: dict[bytes, int], shuffle: random.Random
) -> None:
    found = hierarchies(files)
    for path, rights in files.items():
        above = [p for p in found if p == b"/" or path == p or path.startswith(p + b"/")]
        given_there = 0
        for place in above:
            given_there |= found[place]
        assert not rights & ~given_there, (path, rights, found)
    items = list(files.items())
    shuffle.shuffle(items)
    assert hierarchies(dict(items)) == found


@pytest.mark.parametrize(
    ("programs", "files", "found"),
    [
        ([b"/usr/bin/a"], {}, [b"/usr/bin/a"]),
        ([b"/usr/bin/%d" % i for i in range(8)], {}, [b"/usr/bin"]),
        ([b"/opt/x/%d" % i for i in range(8)], {}, [b"/opt/x/%d" % i for i in range(8)]),
        ([b"/w/out"], {b"/w/out": MAKE}, [b"/w"]),
        ([b"/w/d/out"], {b"/w/d": MKDIR}, [b"/w"]),
        ([b"/tmp/w/out"], {b"/tmp/w/out": MAKE, b"/tmp/x": MAKE}, [b"/tmp/w"]),
    ],
)
def test_rules_for_programs(
    programs: list[bytes], files: dict[bytes, int], found: list[bytes]
) -> None:
    assert program_places(programs, {p: int(r) for p, r in files.items()}) == found


@pytest.mark.parametrize(
    "path",
    [b"/etc/shadow", b"/root/.ssh/config", b"/x/server.key", b"/home/u/id_rsa", b"/x/.aws/c"],
)
def test_secrets_are_known_by_name(path: bytes) -> None:
    assert is_secret(path)
    text = learn([use(Class.FS, path, READ)]).yaml()
    assert "# careful: the name is that of a secret" in text


CONNECT, BIND, LISTEN = NetRight.CONNECT, NetRight.BIND, NetRight.LISTEN


@pytest.mark.parametrize(
    ("peers", "found"),
    [
        ([(b"tcp/10.0.0.1:443", CONNECT)], ["net:tcp/10.0.0.1/32/443:connect"]),
        (
            [(b"tcp/127.0.0.1:0", BIND), (b"tcp/127.0.0.1:40001", LISTEN | CONNECT)],
            ["net:tcp/127.0.0.1/32/0:bind", "net:tcp/127.0.0.1/32/32768-60999:connect,listen"],
        ),
        # Somebody else's port is what it is, however high.
        ([(b"tcp/10.0.0.1:40001", CONNECT)], ["net:tcp/10.0.0.1/32/40001:connect"]),
        (
            [(b"tcp/10.0.0.%d:443" % i, CONNECT) for i in range(4)],
            ["net:tcp/0.0.0.0/0/443:connect"],
        ),
        (
            [(b"tcp/[::1]:80", CONNECT), (b"tcp/[::1]:80", BIND)],
            ["net:tcp/::1/128/80:connect,bind"],
        ),
    ],
)
def test_rules_for_the_network(peers: list[tuple[bytes, NetRight]], found: list[str]) -> None:
    learned = learn(use(Class.NET, what, int(rights)) for what, rights in peers)
    assert [str(cap) for cap in learned.manifest.capabilities] == found


def test_manifest_is_readable_and_says_what_to_look_at() -> None:
    records = [
        use(Class.EXEC, b"/usr/bin/cc", ExecRight.RUN),
        use(Class.EXEC, b"/srv/w/out", ExecRight.RUN),
        use(Class.FS, b"/srv/w/out", MAKE | WRITE),
        use(Class.FS, b"/etc/motd", WRITE),
        use(Class.FS, b"/run/docker.sock", FsRight.CONNECT),
        use(Class.SVC, b"svc:tool:x:use", 1, Decision.ALLOWED),
        use(Class.AGENT, b"a:00000/signal", 4, Decision.DENIED),
        use(Class.KERNEL, b"bpf", 1 << 63, Decision.DENIED),
    ]
    base = Manifest("builder", tenant="lab", permissive=True, argv=("/usr/bin/cc",))
    learned = learn(records, base)
    text = learned.yaml()
    assert lint(text)[0] == learned.manifest
    assert not learned.manifest.permissive
    assert (learned.manifest.name, learned.manifest.tenant) == ("builder", "lab")
    lines = text.splitlines()
    for after, what in (
        ("exec:/srv/w/*:run", "it may run what it writes"),
        ("fs:/etc/motd:write_file", "it changes the system"),
        ("fs:/run/docker.sock:connect", "whoever listens there acts for it"),
    ):
        assert lines[lines.index(f'  - "{after}"') - 1] == f"  # careful: {what}"
    assert '  - "svc:tool:x:use"' in lines
    refused = lines[lines.index("# Refused in the run; not granted here:") + 1 :]
    assert any("agent:aid/0/0:signal" in line for line in refused)
    assert any("bpf" in line for line in refused)
    random.Random(1).shuffle(records)
    assert learn(records, base).yaml() == text


def test_limits_are_kept() -> None:
    held = (
        parse("svc:tool:*:use;rate=5/60s;approval"),
        parse("fs:/etc:read_file;uses=3"),
        parse("agent:children/4:spawn,signal;depth=1"),
        parse("agent:aid/9/0:message"),
    )
    records = [
        use(Class.SVC, b"svc:tool:pay:use", 1, Decision.ALLOWED),
        use(Class.FS, b"/etc/a", READ, Decision.ALLOWED),
        use(Class.FS, b"/var/b", READ),
    ]
    base = Manifest("held", capabilities=held)
    found = ["fs:/etc/a:read_file;uses=3", "fs:/var/b:read_file"]
    found.append("svc:tool:pay:use;rate=5/60s;approval")
    assert [str(cap) for cap in learn(records, base).manifest.capabilities] == found
    records.append(use(Class.AGENT, b"a:00018/signal", 4, Decision.ALLOWED))
    found += [str(cap) for cap in held[2:]]
    assert [str(cap) for cap in learn(records, base).manifest.capabilities] == found


def test_records_without_a_beginning_are_told() -> None:
    opened = use(Class.FS, b"/etc/a", READ)
    first = Record(**{**vars(opened), "event": Event.STATE, "decision": Decision.NONE})
    assert "first records are not among them" in learn([opened]).yaml()
    assert "first records are not among them" not in learn([first, opened]).yaml()


def test_each_record_that_passed_is_covered() -> None:
    rights = [READ, WRITE, READ | WRITE | MAKE, MAKE | REFER, REMOVE | REFER, MKDIR, LIST]
    shuffle = random.Random(7)
    places = [b"/srv", b"/tmp", b"/usr", b"/etc", b"/proc/12"]
    records = [
        use(Class.FS, shuffle.choice(places) + b"/%d/%d" % (i % 3, i % 7), shuffle.choice(rights))
        for i in range(300)
    ]
    caps = learn(records).manifest.capabilities
    for record in records:
        cap = needed(record)
        assert cap is not None
        for right in cap.rights:
            one = parse(f"{str(cap).rpartition(':')[0]}:{str(right.name).lower()}")
            assert any(not shortfall(one, own) for own in caps), cap


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    mine, other = use(Class.FS, b"/etc/a", READ), use(Class.FS, b"/etc/b", READ, aid=18)
    log.write_bytes(b"".join(Record(**{**vars(r), "mac": bytes(32)}).line() for r in (mine, other)))
    assert main(["caps", "learn", str(log)]) == 2
    assert main(["caps", "learn", str(log), "--aid", "19"]) == 1
    assert "permissive: true" in capsys.readouterr().err
    out = tmp_path / "learned.yaml"
    assert main(["caps", "learn", str(log), "--aid", "17", "-o", str(out)]) == 0
    manifest, _ = lint(out.read_text())
    assert manifest is not None
    assert [str(cap) for cap in manifest.capabilities] == ["fs:/etc/a:read_file"]
