# SPDX-License-Identifier: Apache-2.0
"""Fragments are merged and then held: what does not come out says why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pycoconut.kbuild import config
from pycoconut.kbuild.base import REPO, Base, Places, load_base
from pycoconut.kbuild.config import Wanted, hold, merge, parse_fragment
from pycoconut.kbuild.console import Console, Failure
from pycoconut.kbuild.kernel import VARIANTS, Kernel, variant

KCONFIG = """\
config MODULES
	bool "modules"
	modules

config BPF
	bool "bpf"

config PROBES
	bool "probes"

config EVENTS
	bool
	depends on PROBES
	default y

config LSM_BPF
	bool "lsm"
	depends on BPF && EVENTS

config HIDDEN
	bool

config FORCED
	bool "forced"

config FORCER
	bool "forcer"
	select FORCED

config NAMES
	string "names"
	default "a,b"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "Kconfig").write_text(KCONFIG)
    (tmp_path / "start").write_text("")
    return tmp_path


def _want(*pairs: tuple[str, str]) -> dict[str, Wanted]:
    return {k: Wanted(k, v, "a reason", f"x.config:{n}") for n, (k, v) in enumerate(pairs, 1)}


def _merged(tree: Path, wanted: dict[str, Wanted]) -> Any:
    env = {"srctree": str(tree)}
    return merge(tree, env, tree / "start", wanted, tree / ".config")


def test_what_can_be_had_is_had(tree: Path) -> None:
    wanted = _want(("PROBES", "y"), ("BPF", "y"), ("LSM_BPF", "y"), ("NAMES", '"coconut,bpf"'))
    hold(_merged(tree, wanted), wanted, tree / ".config")
    assert 'CONFIG_NAMES="coconut,bpf"' in (tree / ".config").read_text()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ((("BPF", "y"), ("LSM_BPF", "y")), r"LSM_BPF=y came out as n: EVENTS is n"),
        ((("LSM_BPF", "y"),), r"BPF is n, EVENTS is n"),
        ((("HIDDEN", "y"),), r"HIDDEN=y came out as n: it has no prompt"),
        ((("FORCER", "y"), ("FORCED", "n")), r"FORCED=n came out as y: forced by FORCER"),
    ],
)
def test_what_cannot_says_what_is_missing(
    tree: Path, pairs: tuple[tuple[str, str], ...], words: str
) -> None:
    wanted = _want(*pairs)
    with pytest.raises(Failure, match=words):
        hold(_merged(tree, wanted), wanted, tree / ".config")


def test_a_symbol_the_base_lacks_is_named_with_its_line(tree: Path) -> None:
    with pytest.raises(Failure, match=r"x.config:1: this base has no symbol GONE"):
        _merged(tree, _want(("GONE", "y")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CONFIG_A=y\n", "CONFIG_A has no reason"),
        ("# because\nCONFIG_A=y\n\nCONFIG_B=y\n", "CONFIG_B has no reason"),
        ("# SPDX-License-Identifier: GPL-2.0\nCONFIG_A=y\n", "CONFIG_A has no reason"),
        ("# because\nCONFIG_A y\n", "not CONFIG_NAME=value"),
    ],
)
def test_a_fragment_without_reasons_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.config").write_text(text)
    with pytest.raises(Failure, match=words):
        parse_fragment(tmp_path / "bad.config")


def test_every_fragment_reads_and_every_variant_has_its_own() -> None:
    folder = REPO / "kernel" / "configs"
    used = {f for v in VARIANTS.values() for f in v.fragments}
    assert used == {path.stem for path in folder.glob("coconut*.config")}
    for name in used:
        assert parse_fragment(folder / f"{name}.config")


def test_an_unknown_variant_lists_the_known_ones() -> None:
    with pytest.raises(Failure, match="no kernel variant 'arm'") as refused:
        variant("arm")
    assert "uml-debug" in refused.value.hint


def test_the_comparison_kernel_lacks_our_fragments_and_types_only() -> None:
    added = set(VARIANTS["vm"].fragments) - set(VARIANTS["vm-base"].fragments)
    assert added == {"coconut", "coconut-vm-types"}
    assert set(VARIANTS["vm-base"].fragments) < set(VARIANTS["vm"].fragments)
    types = parse_fragment(REPO / "kernel/configs/coconut-vm-types.config")
    assert {row.name for row in types} == {"DEBUG_INFO_DWARF5", "DEBUG_INFO_BTF", "IKHEADERS"}


def test_warnings_in_our_rooms_stop_the_build(
    scratch_console: Console, scratch_places: Places, tmp_path: Path
) -> None:
    base: Base = load_base()
    room = scratch_places.repo / "kernel" / "agent"
    room.mkdir(parents=True)
    (room / "cap.c").touch()
    log = tmp_path / "log"
    log.write_text(
        "../kernel/exit.c:1:2: warning: theirs\n../kernel/agent/cap.c:3:4: warning: ours\n"
    )
    kernel = Kernel(scratch_console, base, scratch_places, variant("uml"))
    copy = kernel.tree.path / "kernel" / "agent" / "cap.c"
    copy.parent.mkdir(parents=True)
    copy.touch()
    os.utime(copy, (0, 0))
    with pytest.raises(Failure, match=r"agent/cap.c:3:4: warning: ours") as refused:
        kernel._warnings(log)
    assert "exit.c" not in refused.value.message
    assert copy.stat().st_mtime > 0, "the next run must compile it again"


def test_values_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "c").write_text('# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C="x y"\n')
    assert config.values(tmp_path / "c") == {"B": "y", "C": '"x y"'}
