# SPDX-License-Identifier: Apache-2.0
"""Agents that were begun with a template of the image. Runs in a guest, as root."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pycoconut.kbuild.base import REPO

POLICY = Path("/agent/policy/caps")
#: What each profile's system has; the machine that the tests run on may not.
FOLDERS = ("/etc/coconut", "/etc/security", "/var/log/coconut/services", "/srv/tenants/acme")
HOME = Path("/home/somebody")


def coconut(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pycoconut.cli", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key that the kernel trusts; the templates are where the daemon puts them."""
    folder = tmp_path_factory.mktemp("templates")
    for path in (*FOLDERS, HOME / "projects/mine"):
        Path(path).mkdir(parents=True, exist_ok=True)
    for path in (REPO / "image/policy").glob("*.caps"):
        (POLICY / path.stem).write_bytes(path.read_bytes())
    for argv in (("keys", "new", "key"), ("keys", "add", "key.pub")):
        done = coconut(*argv, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("template", "may", "may_not"),
    [
        ("workstation", "/home/somebody/projects/mine/x", "/home/somebody/x"),
        ("server", "/srv/x", "/var/x"),
        ("indie-saas", "/srv/tenants/acme/x", "/srv/tenants/x"),
    ],
)
def test_agent_of_a_template(place: Path, template: str, may: str, may_not: str) -> None:
    words = ("--tenant", "acme", "--home", str(HOME))
    file = f"{template}.yaml"
    done = coconut("manifest", "new", "a", "--template", template, *words, "-o", file, cwd=place)
    assert done.returncode == 0, done.stderr
    for path, code in ((may, 0), (may_not, 1)):
        command = (
            "/usr/bin/perl",
            "-e",
            "open(my $f, '>', $ARGV[0]) or exit 1; print $f 'x'",
            path,
        )
        done = coconut("run", "--key", "key", file, "--", *command, cwd=place)
        assert done.returncode == code, done.stderr
        assert Path(path).exists() == (code == 0)
    done = coconut("run", "--key", "key", file, "--", "/bin/cat", "/etc/shadow", cwd=place)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr


def test_template_bounds_what_a_manifest_gives(place: Path) -> None:
    (place / "wide.yaml").write_text(
        "name: wide\ncapabilities:\n"
        "- exec:/usr/*:run\n- fs:/usr/*:read_file\n- fs:/etc/*:read_file\n"
    )
    read = ("--", "/bin/cat", "/etc/security/../hostname")
    done = coconut("run", "wide.yaml", "--key", "key", *read, cwd=place)
    assert done.returncode == 0, done.stderr
    bounded = ("run", "--key", "key", "--template", "indie-saas", "wide.yaml")
    done = coconut(*bounded, *read, cwd=place)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    done = coconut("run", "--key", "key", "--template", "none", "wide.yaml", *read, cwd=place)
    assert done.returncode == 2
    assert "indie-saas, server, workstation" in done.stderr
