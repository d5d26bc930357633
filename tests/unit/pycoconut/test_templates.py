# SPDX-License-Identifier: Apache-2.0
"""The templates that the image carries, and what is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pycoconut.abi import Class, FsRight
from pycoconut.caps import Capability, CapError, Network, is_subset, parse
from pycoconut.caps import Path as CapPath
from pycoconut.cli import main
from pycoconut.kbuild.base import REPO
from pycoconut.manifest import load
from pycoconut.templates import placeholders, read_template, within

FILES = sorted((REPO / "image/policy").glob("*.caps"))
READS = FsRight.READ_FILE | FsRight.READ_DIR
#: Where an agent changes nothing: it would change what the system or another agent does.
SYSTEM = (b"/usr", b"/etc", b"/boot", b"/bin", b"/sbin", b"/lib", b"/proc", b"/sys", b"/agent")
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/coconut/keys", "/etc/security/opasswd")


def capabilities(path: Path) -> list[Capability]:
    return read_template(path.read_text(), tenant="acme", home="/home/user")


def files(path: Path, kind: Class = Class.FS) -> list[tuple[bytes, int]]:
    return [
        (cap.object.path, int(cap.rights))
        for cap in capabilities(path)
        if cap.kind == kind and isinstance(cap.object, CapPath)
    ]


def overlap(a: bytes, b: bytes) -> bool:
    return (a + b"/").startswith(b.rstrip(b"/") + b"/") or (b + b"/").startswith(
        a.rstrip(b"/") + b"/"
    )


def test_all_three_are_there() -> None:
    assert [path.stem for path in FILES] == ["indie-saas", "server", "workstation"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_each_line_says_something_of_its_own(path: Path) -> None:
    caps = capabilities(path)
    for cap in caps:
        assert not any(is_subset(cap, other) for other in caps if other is not cap), cap


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_of_the_system_is_changed(path: Path) -> None:
    for place, rights in files(path):
        assert place.count(b"/") > 1 or place in (b"/usr", b"/etc", b"/proc", b"/srv", b"/tmp")
        if rights & ~READS:
            assert not any(overlap(place, system) for system in SYSTEM), place
        assert not rights & (FsRight.MAKE_CHAR | FsRight.MAKE_BLOCK)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_is_both_written_and_run(path: Path) -> None:
    written = [place for place, rights in files(path) if rights & ~READS]
    for program, _ in files(path, Class.EXEC):
        assert not any(overlap(program, place) for place in written), program


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_secrets_are_out_of_reach(path: Path, secret: str) -> None:
    wanted = parse(f"fs:{secret}:read_file")
    assert not any(is_subset(wanted, cap) for cap in capabilities(path))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_nothing_is_moved_between_hierarchies(path: Path) -> None:
    assert sum(bool(rights & FsRight.REFER) for _, rights in files(path)) <= 1


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_costs_has_a_rate_and_children_make_no_children(path: Path) -> None:
    for cap in capabilities(path):
        assert cap.kind != Class.SVC or cap.limits.rate is not None
        assert cap.kind != Class.AGENT or cap.limits.depth == 1


def test_tenants_share_nothing_that_can_be_written() -> None:
    text = (REPO / "image/policy/indie-saas.caps").read_text()
    assert placeholders(text) == {"TENANT"}
    mine, other = read_template(text, tenant="acme"), read_template(text, tenant="rival")
    for cap in mine:
        if cap.kind == Class.FS and cap.rights & ~READS and b"/dev/" not in str(cap).encode():
            assert not any(is_subset(cap, foreign) for foreign in other), cap


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_who_serves_to_others_says_so(path: Path) -> None:
    for cap in capabilities(path):
        if isinstance(cap.object, Network) and "listen" in str(cap):
            assert path.stem == "server" or cap.object.network.is_loopback
            assert cap.object.first == 0 or cap.object.first >= 1024


def test_a_line_that_is_wrong_is_named() -> None:
    with pytest.raises(CapError, match="line 3"):
        read_template("# x\nfs:/a:read_file\nfs:nonsense\n")


def test_a_name_cannot_add_to_a_template() -> None:
    (cap,) = read_template("fs:/srv/TENANT/*:read_file", tenant="x;y/*:write_file")
    assert isinstance(cap.object, CapPath)
    assert cap.object.path == b"/srv/x;y/*:write_file"


def test_what_both_allow() -> None:
    wide, narrow = parse("fs:/a:read_file"), parse("fs:/a/b:read_file")
    other = parse("net:tcp/10.0.0.1/32/1:connect")
    assert within([wide, other], [narrow]) == [narrow]
    assert within([narrow, other], [wide]) == [narrow]
    assert within([wide], [wide]) == [wide]
    assert within([other], [wide]) == []


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server, saas = (
        str(REPO / "image/policy/server.caps"),
        str(REPO / "image/policy/indie-saas.caps"),
    )
    out = tmp_path / "web.yaml"
    assert main(["manifest", "new", "web", "--template", server, "-o", str(out)]) == 0
    manifest = load(out)
    assert list(manifest.capabilities) == capabilities(Path(server))
    assert main(["manifest", "new", "web", "--template", saas]) == 2
    assert main(["manifest", "new", "web", "--template", saas, "--tenant", "acme"]) == 0
    assert "/srv/tenants/acme/*" in capsys.readouterr().out
    assert main(["manifest", "new", "web", "--template", "nowhere/x"]) == 2

    assert main(["caps", "check", str(out), server]) == 0
    capsys.readouterr()
    assert main(["caps", "check", server, saas, "--json"]) == 1
    beyond = json.loads(capsys.readouterr().out)
    assert not beyond["subset"]
    assert any(item["capability"].startswith("fs:/srv/*:") for item in beyond["beyond"])


@pytest.mark.parametrize(
    ("a", "b", "code", "says"),
    [
        ("fs:/a/b:read_file", "fs:/a:read_file", 0, "each of the 1 is within"),
        ("fs:/a:read_file", "fs:/a/b:read_file", 1, "/a is not beneath /a/b"),
        ("fs:/a:read_file,write_file", "fs:/a:read_file", 1, "it has no right write_file"),
        ("fs:/a:read_file", "svc:x:use", 1, "nothing there is of class fs"),
        ("svc:x:use;depth=1", "svc:x:use;depth=1", 0, "each of the 1 is within"),
        ("svc:x:use", "svc:x:use;depth=1", 1, "it may be delegated 1 times"),
    ],
)
def test_check_says_why(
    a: str, b: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caps", "check", a, b]) == code
    assert says in capsys.readouterr().out


def test_check_for_delegation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caps", "check", "--delegate", "svc:x:use", "svc:x:use;depth=1"]) == 0
    assert main(["caps", "check", "--delegate", "svc:x:use", "svc:x:use;depth=0"]) == 1
    assert "it may not be delegated" in capsys.readouterr().out


def test_diff(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caps", "diff", "fs:/a:read_file", "fs:/a:read_file"]) == 0
    assert main(["caps", "diff", "fs:/a:read_file", "fs:/b:read_file"]) == 1
    assert "- fs:/a:read_file\n+ fs:/b:read_file" in capsys.readouterr().out
    assert main(["caps", "diff", "nothing", "fs:/b:read_file"]) == 2
