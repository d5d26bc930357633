# SPDX-License-Identifier: Apache-2.0
"""What a manifest becomes in the maps of the BPF-LSM programs; type information; denials."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pycoconut import bpf, manifest
from pycoconut.bpf.btf import ALIASES, HEADER, MAGIC, STRUCT, TYPE
from pycoconut.bpf.denial import ADDRESS, HEAD, NAME, PATH, TARGET, TEXT
from pycoconut.bpf.policy import places
from pycoconut.bpf.programs import MEMBERS, source
from pycoconut.cli import main
from pycoconut.cli.base import FAILED

INODES = {b"/": 1, b"/a": 2, b"/a/x": 3, b"/a/y": 4, b"/b": 5}
PLACE = struct.Struct("<QQQ" + "QII" * 4)


def policy(*texts: str, **more: object) -> bpf.Policy:
    """The policy of some capabilities."""
    text = json.dumps({"name": "t", "capabilities": list(texts), **more})
    return bpf.translate(manifest.loads(text))


def placed(*texts: str) -> dict[int, tuple[int, ...]]:
    """Its places, each as the numbers of struct place."""
    return {n: PLACE.unpack(v) for n, v in places(policy(*texts), INODES.__getitem__).items()}


def test_rights_on_one_object_add_up() -> None:
    found = placed("fs:/a:read_file", "fs:/a:write_file", "exec:/a:run", "fs:/b:read_dir")
    assert found[2][:3] == (1 | 2, 1, 0)
    assert found[5][:3] == (4, 0, 0)


def test_a_carve_out_hides_its_own_capability_only() -> None:
    found = placed("fs:/a:read_file;except=/a/x", "fs:/a:write_file;except=/a/y", "fs:/:read_dir")
    assert found[2] == (0, 0, 0, 1, 0, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0)
    assert found[3][2] == 1 << 0
    assert found[4][2] == 1 << 1
    assert found[1][:3] == (4, 0, 0)


def test_what_has_no_room_is_refused() -> None:
    many = [f"fs:/a:{right};except=/a/x" for right in ("read_file", "write_file", "read_dir")]
    many += ["fs:/a:truncate;except=/a/x", "fs:/a:setattr;except=/a/x"]
    with pytest.raises(bpf.PolicyError, match="on one object"):
        placed(*many)
    ports = [f"net:tcp/127.0.0.1/32/{port}:connect" for port in range(33)]
    with pytest.raises(bpf.PolicyError, match="33 addresses"):
        policy(*ports)


def test_a_carve_out_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(bpf.PolicyError, match="leaves nothing"):
        places(policy("fs:/a:read_file;except=/a/x"), lambda _path: 7)


def test_an_address_is_a_prefix_and_ports() -> None:
    (rule,) = policy("net:tcp/10.0.0.0/8/80-443:connect,bind").addresses
    assert rule[:16] == bytes([10]).ljust(16, b"\0")
    assert rule[16:32] == b"\xff".ljust(16, b"\0")
    assert struct.unpack("<QHHBB2x", rule[32:]) == (3, 80, 443, 1, 2)
    (rule,) = policy("net:any/fd00::/8/53:send").addresses
    assert rule[:1] == b"\xfd"
    assert struct.unpack("<QHHBB2x", rule[32:]) == (8, 53, 53, 0, 10)


@pytest.mark.parametrize(("name", "wild", "mask"), [("bro*", 1, 3), ("broker", 0, 112)])
def test_a_name_is_whole_or_a_prefix(name: str, wild: int, mask: int) -> None:
    (rule,) = policy(f"net:unix/@{name}:connect").names
    assert rule[:112] == name.rstrip("*").encode().ljust(112, b"\0")
    assert rule[112:224] == (b"\xff" * mask).ljust(112, b"\0")
    assert struct.unpack("<QII", rule[224:]) == (1, len(name.rstrip("*")), wild)


def test_signals_to_the_outside_are_a_right() -> None:
    assert policy("agent:aid/0/0:signal").outside == 4
    assert policy("agent:self/0:signal").outside == 0


@pytest.mark.parametrize(
    "text",
    [
        "fs:/a:read_file;uses=3",
        "fs:/a:read_file;expires=60s",
        "fs:/a:read_file;approval",
        "exec:blake3=" + "0" * 64 + ":run",
        "agent:children/4:spawn",
        "agent:aid/17/0:signal",
        "svc:tool:web_fetch:use",
        "dev:tty:use",
    ],
)
def test_what_cannot_be_held_gives_nothing_and_is_said(text: str) -> None:
    found = policy(text)
    assert not (found.hierarchies)
    assert not (found.addresses)
    assert not (found.names)
    assert not (found.outside)
    assert len(found.not_held) == 1
    assert text.split(":")[0] in found.not_held[0]


def test_a_permissive_manifest_is_held_and_that_is_said() -> None:
    assert "permissive" in policy(permissive=True).not_held[0]


def test_a_depth_alone_changes_nothing() -> None:
    assert len(policy("fs:/a:read_file;depth=2").hierarchies) == 1


def test_a_list_of_code_is_refused() -> None:
    with pytest.raises(bpf.PolicyError, match="code") as caught:
        policy(code=["blake3=" + "0" * 64])
    assert caught.value.hint


# ---- type information ----


def image(types: bytes, strings: bytes) -> bytes:
    """Type information of these parts."""
    head = HEADER.pack(MAGIC, 1, 0, HEADER.size, 0, len(types), len(types), len(strings))
    return head + types + strings


def info(kind: int, parts: int = 0, marked: bool = False) -> int:
    return kind << 24 | parts | marked << 31


STRINGS = b"\0outer\0a\0inner\0b\0"
TYPES = b"".join(
    [
        TYPE.pack(0, info(1), 4) + bytes(4),  # 1: a number
        TYPE.pack(9, info(STRUCT, 1), 4) + TYPE.pack(15, 1, 0),  # 2: inner { b }
        TYPE.pack(0, info(ALIASES[0]), 2),  # 3: an alias of inner
        TYPE.pack(0, info(STRUCT, 1), 4) + TYPE.pack(15, 1, 32),  # 4: nameless { b at 4 }
        TYPE.pack(1, info(STRUCT, 2, True), 24) + TYPE.pack(7, 3, 64) + TYPE.pack(0, 4, 128),
    ]
)


def test_a_member_is_found_through_aliases_and_nameless_ones() -> None:
    types = bpf.Btf(image(TYPES, STRINGS))
    assert types.offset("outer.a") == 8
    assert types.offset("outer.a.b") == 8
    assert types.offset("outer.b") == 20
    assert types.function("outer") is None
    for path in ("outer.c", "absent.a", "outer.a.c"):
        with pytest.raises(bpf.BtfError, match=re.escape(path)):
            types.offset(path)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 24, image(TYPES[:-3], STRINGS), image(TYPES, b"")[:30]]
)
def test_what_is_no_type_information_is_an_error(data: bytes) -> None:
    with pytest.raises(bpf.BtfError):
        bpf.Btf(data)


class FakeTypes(bpf.Btf):
    """A kernel in which everything is somewhere."""

    def __init__(self, functions: dict[str, int]) -> None:
        self.functions = functions

    def offset(self, path: str) -> int:
        return len(path)

    def function(self, name: str) -> int | None:
        return self.functions.get(name)


def test_the_text_knows_each_offset_and_what_the_kernel_has() -> None:
    old = source(FakeTypes({"bpf_lsm_path_rename": 4}))
    new = source(FakeTypes({"bpf_lsm_path_rename": 5, "bpf_lsm_file_truncate": 1}))
    assert "HAVE_RENAME_FLAGS 1" in new
    assert "HAVE_file_truncate 1" in new
    assert not re.search(r"^#define HAVE_", old, re.M)
    used = set(re.findall(r"\bOFFSET_(\w+)", new)) - {"", "member"}
    used |= set(re.findall(r"READ\([^,]+, [^,]+, (\w+)\)", new))
    used |= set(re.findall(r"INSIDE\([^,]+, (\w+)\)", new))
    assert used - {"member"} == set(MEMBERS)


def test_there_is_a_program_for_each_class() -> None:
    assert set(bpf.HOOKS) >= {"file_open", "path_rename", "socket_connect", "task_kill", "bpf"}
    twice = [hook for hook in bpf.HOOKS if bpf.HOOKS.count(hook) > 1]
    assert set(twice) == {"path_rename"}, "it has two forms, one for kernels before 5.19"


# ---- denials ----


def denial(form: int, data: bytes, kind: int = 1, result: int = -13) -> bpf.Denial:
    head = HEAD.pack(5, 9, 1, 2, 77, kind, result, form, len(data))
    return bpf.Denial.parse(head + data + b"left over")


def peer(address: bytes, port: int, proto: int, family: int) -> bytes:
    return struct.pack("<16sHBB4x", address, port, proto, family)


@pytest.mark.parametrize(
    ("form", "data", "kind", "text"),
    [
        (PATH, b"file\0sub\0etc\0", 1, "/etc/sub/file"),
        (PATH, b"", 1, "/"),
        (ADDRESS, peer(bytes([127, 0, 0, 1]), 80, 1, 2), 3, "tcp/127.0.0.1:80"),
        (ADDRESS, peer(bytes(15) + b"\1", 53, 2, 10), 3, "udp/[::1]:53"),
        (TARGET, bytes(8) + b"signal", 4, "a:00000/signal"),
        (TARGET, bytes(8), 4, "a:00000"),
        (NAME, b"broker", 3, "unix/@broker"),
        (TEXT, b"mount", 8, "mount"),
    ],
)
def test_a_denial_is_shown_as_a_record_shows_it(
    form: int, data: bytes, kind: int, text: str
) -> None:
    found = denial(form, data, kind)
    value = json.loads(found.line())
    assert value["object"] == text
    assert value["decision"] == "denied"
    assert value["tid"] == 77
    assert value["rights"] == 1
    assert value["result"] == -13
    assert not {"seq", "mac"} & set(value)


def test_a_long_object_keeps_its_end() -> None:
    found = denial(PATH, b"".join(b"%d" % (n % 10) * 60 + b"\0" for n in range(20)))
    assert len(found.object) == 256
    assert found.object.endswith(b"0")


@pytest.mark.parametrize("data", [b"", b"x" * 20, HEAD.pack(5, 9, 1, 2, 77, 200, -13, TEXT, 0)])
def test_what_is_no_denial_is_an_error(data: bytes) -> None:
    with pytest.raises(bpf.DenialError):
        bpf.Denial.parse(data)


# ---- the command ----


def test_importing_needs_no_bcc() -> None:
    code = "import sys; import pycoconut.cli; sys.exit('bcc' in sys.modules)"
    tools = str(Path(bpf.__file__).parents[2])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": tools})


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(bpf.BpfError, match="root"):
        bpf.Programs()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    lsm = tmp_path / "lsm"
    monkeypatch.setattr("pycoconut.bpf.programs.LSM_LIST", lsm)
    with pytest.raises(bpf.BpfError) as caught:
        bpf.Programs()
    assert "securityfs" in caught.value.hint
    lsm.write_text("lockdown,yama")
    with pytest.raises(bpf.BpfError) as caught:
        bpf.Programs()
    assert "lsm=lockdown,yama,bpf" in caught.value.hint
    lsm.write_text("lockdown,bpf")
    monkeypatch.setattr("pycoconut.bpf.programs.DEBIAN", tmp_path)
    monkeypatch.setattr("pycoconut.bpf.programs.Btf.of_kernel", lambda: FakeTypes({}))
    monkeypatch.setitem(sys.modules, "bcc", None)
    with pytest.raises(bpf.BpfError) as caught:
        bpf.Programs()
    assert "python3-bpfcc" in caught.value.hint


def test_the_command_stands_behind_two_dashes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    path = tmp_path / "held.yaml"
    path.write_text("name: held\n")
    assert main(["bpf", "enforce", str(path)]) == FAILED
    assert "nothing to run" in capsys.readouterr().err
    assert main(["bpf", "enforce", str(path), "--", "ls", "-l"]) == FAILED
    said = capsys.readouterr().err
    assert "run it as root" in said
    assert "not held: delegation" in said
    assert main(["bpf", "enforce", "--quiet", str(path), "--", "ls"]) == FAILED
    assert "not held" not in capsys.readouterr().err
