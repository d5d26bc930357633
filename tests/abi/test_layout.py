# SPDX-License-Identifier: Apache-2.0
"""A C compiler, ctypes and the specification agree on every number and every byte."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pycoconut import abi
from syscalls.gen.parse import parse

ROOT = Path(__file__).resolve().parents[2]
SPEC = parse(ROOT / "syscalls/agent.yaml")
STRUCTS = {struct.name: struct for struct in SPEC.structs()}


def program() -> str:
    """C that prints what it knows, as JSON."""
    lines = [
        "#include <stddef.h>",
        "#include <stdio.h>",
        "#include <sys/ioctl.h>",
        "#include <linux/agent.h>",
        "int main(void) {",
        'printf("{\\"numbers\\": {");',
    ]
    names = [item.name for group in SPEC.groups() for item in group.items]
    names += [item.name for item in SPEC.constants()]
    names += [item.name for item in SPEC.ioctls()]
    names += [bits.all_name for bits in SPEC.bits() if bits.all_name]
    lines += [f'printf("\\"{n}\\": %llu, ", (unsigned long long){n});' for n in names]
    lines.append('printf("\\"\\": 0}, \\"structs\\": {");')
    for struct in SPEC.structs():
        lines.append(f'printf("\\"{struct.name}\\": {{");')
        for field in struct.fields:
            at = f"offsetof(struct {struct.name}, {field.name})"
            size = f"sizeof(((struct {struct.name} *)0)->{field.name})"
            lines.append(f'printf("\\"{field.name}\\": [%zu, %zu], ", {at}, {size});')
        lines.append(f'printf("\\"\\": [%zu, 0]}}, ", sizeof(struct {struct.name}));')
    return "\n".join([*lines, 'printf("\\"\\": {}}}\\n"); return 0; }', ""])


@cache
def compiled(*flags: str) -> Any:
    """What the program prints when it is compiled with these flags."""
    build = ROOT / "build" / "abi"
    build.mkdir(parents=True, exist_ok=True)
    source, binary = build / "layout.c", build / "layout"
    source.write_text(program())
    compiler = shutil.which("cc")
    assert compiler, "no C compiler"
    # Our uapi header, before the system's; only that one file of ours.
    (build / "linux").mkdir(exist_ok=True)
    shutil.copy(ROOT / "include/uapi/linux/agent.h", build / "linux/agent.h")
    subprocess.run(
        [
            compiler,
            "-Wall",
            "-Wextra",
            "-Wpadded",
            "-Werror",
            *flags,
            f"-I{build}",
            str(source),
            "-o",
            str(binary),
        ],
        check=True,
        timeout=60,
    )
    return json.loads(subprocess.run([binary], check=True, capture_output=True, timeout=60).stdout)


@pytest.mark.parametrize("standard", ["-std=gnu89", "-std=c11"])
def test_numbers(standard: str) -> None:
    numbers = compiled(standard)["numbers"]
    for item in SPEC.constants():
        assert numbers[item.name] == item.value
        assert getattr(abi, item.name.removeprefix("AGENT_")) == item.value
    for group in SPEC.groups():
        python = getattr(abi, group.python)
        for entry in group.items:
            assert numbers[entry.name] == python[entry.name.removeprefix(group.prefix)], entry.name
    for bits in SPEC.bits():
        if bits.all_name:
            assert numbers[bits.all_name] == bits.mask
    for ioctl in SPEC.ioctls():
        assert numbers[ioctl.name] == getattr(abi, ioctl.name.removeprefix("AGENT_"))


@pytest.mark.parametrize("name", STRUCTS)
def test_structures(name: str) -> None:
    struct = STRUCTS[name]
    c = compiled()["structs"][name]
    python: type[ctypes.Structure] = getattr(abi, struct.python)
    assert c[""][0] == ctypes.sizeof(python) == struct.size
    assert abi.MIN_SIZES[python] == struct.min_size
    for field, offset in struct.offsets():
        descriptor = getattr(python, field.name)
        assert c[field.name] == [offset, field.size], field.name
        assert (descriptor.offset, descriptor.size) == (offset, field.size), field.name
        assert abi.OFFSETS[python][field.name] == offset


def test_magic_spells_the_name_in_memory() -> None:
    args = abi.SpawnArgs(magic=abi.MAGIC)
    assert bytes(args)[:8] == b"COCONUT1"


def test_package_exports_exactly_what_it_says() -> None:
    assert sorted(abi.__all__) == sorted(set(abi.__all__))
    for name in abi.__all__:
        assert hasattr(abi, name)
