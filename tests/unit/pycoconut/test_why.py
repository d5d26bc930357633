# SPDX-License-Identifier: Apache-2.0
"""What a record of a denial is explained with."""

from __future__ import annotations

import errno

import pytest

from pycoconut.abi import RIGHT_NEVER, Class, Decision, Event, FsRight, NetRight
from pycoconut.audit import Record
from pycoconut.caps import parse
from pycoconut.learn import explain

READ = int(FsRight.READ_FILE)
CONNECT = int(NetRight.CONNECT)


def denial(kind: Class, what: bytes, rights: int = READ, event: Event = Event.ACCESS) -> Record:
    boot = bytes(16)
    result = -errno.EACCES if event == Event.ACCESS else -errno.EPERM
    denied = Decision.DENIED
    return Record(boot, 1, 0, 0, 0, 17, 1, event, kind, denied, 0, rights, what, result)


@pytest.mark.parametrize(
    ("record", "would_do"),
    [
        (denial(Class.FS, b"/etc/shadow"), "fs:/etc/shadow:read_file"),
        (denial(Class.FS, b"/new", READ | FsRight.MAKE_REG), "fs:/new:read_file,make_reg"),
        (denial(Class.FS, b"/a*;b"), "fs:/a\\x2a\\x3bb:read_file"),
        (denial(Class.FS, b"/f\xff"), "fs:/f\\xff:read_file"),
        (denial(Class.EXEC, b"/bin/su", 1), "exec:/bin/su:run"),
        (denial(Class.NET, b"tcp/10.1.2.3:443", CONNECT), "net:tcp/10.1.2.3/32/443:connect"),
        (denial(Class.NET, b"udp/[2001:db8::1]:53", 8), "net:udp/2001:db8::1/128/53:send"),
        (denial(Class.NET, b"unix/@x", CONNECT), "net:unix/@x:connect"),
        (denial(Class.AGENT, b"a:00003/signal", 4), "agent:aid/3/0:signal"),
        (denial(Class.SVC, b"svc:tool:x:use", 1, Event.PRESENT), "svc:tool:x:use"),
        (denial(Class.SVC, b"a:00017 svc:y:use", 1, Event.GRANT), "svc:y:use"),
        (denial(Class.LIFE, b"x", 0, Event.SPAWN), "agent:children/1:spawn"),
        (denial(Class.KERNEL, b"bpf", RIGHT_NEVER), None),
        (denial(Class.FS, b"/bin/su", RIGHT_NEVER | FsRight.SETATTR), None),
        (denial(Class.NET, b"socket/16/3/9", RIGHT_NEVER), None),
        (denial(Class.EXEC, b"/bin/x", RIGHT_NEVER | 1), None),
        (denial(Class.EXEC, b"/memfd:x (deleted)", 1), None),
        (denial(Class.FS, b"/" + b"x" * 255), None),
        (denial(Class.FS, b"8:1:77"), None),
        (denial(Class.FS, b"/old", 0), None),
        (denial(Class.FS, b"/odd", 1 << 40), None),
        (denial(Class.NET, b"tcp/999.1.1.1:1", CONNECT), None),
        (denial(Class.SVC, b"no capability", 1, Event.PRESENT), None),
    ],
)
def test_the_narrowest_that_would_do(record: Record, would_do: str | None) -> None:
    reason = explain(record)
    assert reason.text
    found = reason.would_do
    assert (None if found is None else str(found)) == would_do
    assert found is None or parse(str(found)) == found


@pytest.mark.parametrize(
    ("record", "held", "lacks"),
    [
        (denial(Class.FS, b"/a/b"), "fs:/a:write_file", "it has no right read_file"),
        (denial(Class.FS, b"/a/b/c"), "fs:/a:read_file;except=/a/b", "/a/b is carved out of it"),
        (denial(Class.FS, b"/a/b"), "fs:/a/c:read_file", "/a/b is not beneath /a/c"),
        (
            denial(Class.FS, b"/a/b"),
            "fs:/a:read_file;expires=60s;uses=3",
            "its expires=60s and uses=3 may have run out",
        ),
        (denial(Class.FS, b"/a"), "fs:/a:read_file;approval", "each use of it needs an approval"),
        (
            denial(Class.NET, b"tcp/10.0.0.1:80", CONNECT),
            "net:tcp/10.0.0.0/8/443:connect",
            "its ports are 443",
        ),
        (
            denial(Class.NET, b"udp/10.0.0.1:443", CONNECT),
            "net:tcp/10.0.0.0/8/443:connect",
            "it is for tcp",
        ),
        (denial(Class.SVC, b"svc:tool:b:use", 1, Event.PRESENT), "svc:tool:a*:use", None),
    ],
)
def test_what_is_near(record: Record, held: str, lacks: str | None) -> None:
    other = parse("svc:else:use")
    far = parse("fs:/elsewhere:write_file")
    near = explain(record, [other, parse(held), far]).near
    if lacks is None:
        assert near[-1].lacks == ("its name is tool:a*",)
    else:
        assert [(str(n.capability), n.lacks) for n in near] == [(str(parse(held)), (lacks,))]


def test_what_was_no_denial() -> None:
    record = denial(Class.FS, b"/a")
    allowed = Record(**{**vars(record), "decision": Decision.ALLOWED, "capability": 5})
    assert explain(allowed).text == "allowed by capability 5 of a:00017"
    permitted = Record(**{**vars(record), "decision": Decision.PERMITTED, "result": 0})
    assert "permissive" in explain(permitted).text
    assert str(explain(permitted).would_do) == "fs:/a:read_file"
    assert explain(Record(**{**vars(record), "decision": Decision.NONE})).would_do is None
