# SPDX-License-Identifier: Apache-2.0
"""A /dev/kvm is believed only after it has set up a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycoconut.guest import kvm
from pycoconut.guest.kvm import probe

VMX = "flags\t\t: fpu vme vmx sse\n"
PLAIN = "flags\t\t: fpu vme sse\n"


@pytest.fixture(autouse=True)
def _own_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COCONUT_ACCEL", raising=False)
    monkeypatch.setattr(kvm, "_PATIENCE", 1.0)


def _device(tmp_path: Path) -> Path:
    (tmp_path / "kvm").touch()
    return tmp_path / "kvm"


def _cpuinfo(tmp_path: Path, text: str) -> Path:
    (tmp_path / "cpuinfo").write_text(text)
    return tmp_path / "cpuinfo"


def _qemu(tmp_path: Path, script: str) -> str:
    path = tmp_path / "qemu"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_no_device_means_tcg(tmp_path: Path) -> None:
    found = probe(tmp_path / "kvm", _cpuinfo(tmp_path, VMX))
    assert (found.name, found.kvm) == ("tcg", False)
    assert "there is no" in found.why


def test_a_device_on_a_cpu_without_extensions_is_a_lie(tmp_path: Path) -> None:
    found = probe(_device(tmp_path), _cpuinfo(tmp_path, PLAIN), _qemu(tmp_path, "exit 0"))
    assert found.name == "tcg"
    assert "neither vmx nor svm" in found.why


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'error: failed to set MSR 0x48d' >&2; exit 1", "failed to set MSR 0x48d"),
        ("exec sleep 30", "hangs"),
    ],
)
def test_a_device_that_fails_with_a_machine_is_a_lie(tmp_path: Path, script: str, why: str) -> None:
    found = probe(_device(tmp_path), _cpuinfo(tmp_path, VMX), _qemu(tmp_path, script))
    assert found.name == "tcg"
    assert why in found.why


def test_a_device_that_works_is_used(tmp_path: Path) -> None:
    found = probe(_device(tmp_path), _cpuinfo(tmp_path, VMX), _qemu(tmp_path, "exit 0"))
    assert found.kvm


def test_the_reader_may_insist_on_tcg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCONUT_ACCEL", "tcg")
    found = probe(_device(tmp_path), _cpuinfo(tmp_path, VMX), _qemu(tmp_path, "exit 0"))
    assert not found.kvm


def test_no_qemu_means_tcg(tmp_path: Path) -> None:
    found = probe(_device(tmp_path), _cpuinfo(tmp_path, VMX), str(tmp_path / "absent"))
    assert found.name == "tcg"
