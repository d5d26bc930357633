# SPDX-License-Identifier: Apache-2.0
"""Python: ruff and mypy --strict have nothing to say, and the layers point downward."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "pycoconut"

BUILD_HALF = {"kbuild", "guest", "imgbuild", "bench"}

RANKS = {
    **dict.fromkeys(("cbor", "blake3", "aid", "errors", "text"), 0),
    "abi": 0,
    "syscalls": 1,
    **dict.fromkeys(("cose", "keys", "caps", "manifest", "audit", "tpm", "agentfs", "agent"), 2),
    **dict.fromkeys(("daemon", "bpf", "learn", "figures"), 3),
    "cli": 4,
}
"""Layers of the run half: a module imports its own layer or a lower one."""


def _run(repo: Path, *argv: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *argv], cwd=repo, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff(repo: Path) -> None:
    _run(repo, "ruff", "check", "--no-cache", "tools/pycoconut", "tests", "syscalls")


@pytest.mark.timeout(300)
def test_mypy(repo: Path) -> None:
    _run(repo, "mypy", "--cache-dir=build/mypy")


def _modules(repo: Path) -> Iterator[tuple[str, ast.Module]]:
    top = repo / "tools" / PACKAGE
    for path in sorted(top.rglob("*.py")):
        name = ".".join((PACKAGE, *path.relative_to(top).with_suffix("").parts))
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(), str(path))


def _imports(repo: Path, name: str, module: ast.Module) -> set[str]:
    """What a module imports of our package, relative imports resolved."""
    inside = (repo / "tools" / Path(*name.split(".")) / "__init__.py").exists()
    package = name.split(".") if inside else name.split(".")[:-1]
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*parts, *([node.module] if node.module else [])])
            found |= {f"{origin}.{alias.name}" for alias in node.names}
            if node.module:  # `from . import name` asks for the neighbour, not for the package
                found.add(origin)
    return {target for target in found if target.startswith(f"{PACKAGE}.")}


def test_imports_are_resolved_as_python_does(repo: Path) -> None:
    package = ast.parse("from .log import blocks\nfrom ..keys import verify")
    neighbour = ast.parse("from . import merkle\nfrom .. import cbor")
    expected = {
        f"{PACKAGE}.audit.log",
        f"{PACKAGE}.audit.log.blocks",
        f"{PACKAGE}.keys",
        f"{PACKAGE}.keys.verify",
    }
    assert _imports(repo, f"{PACKAGE}.audit", package) == expected
    assert _imports(repo, f"{PACKAGE}.audit.epoch", neighbour) == {
        f"{PACKAGE}.audit.merkle",
        f"{PACKAGE}.cbor",
    }


def _part(name: str) -> str:
    """The part of the package that a module is of: kbuild, abi, cli."""
    return name.partition(".")[2].partition(".")[0]


def test_the_two_halves_import_each_other_nowhere(repo: Path) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, module in _modules(repo)
        for target in _imports(repo, name, module)
        if _part(name) and (_part(name) in BUILD_HALF) != (_part(target) in BUILD_HALF)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_first_module_imports_nothing_of_ours(repo: Path) -> None:
    top = dict(_modules(repo))[PACKAGE]
    eager = [node for node in top.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [ast.unparse(node) for node in eager if PACKAGE in ast.unparse(node)]


def test_layers_point_downward(repo: Path) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, module in _modules(repo)
        for target in _imports(repo, name, module)
        if _part(name) in RANKS
        and _part(target) in RANKS
        and RANKS[_part(target)] > RANKS[_part(name)]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_circle_of_modules(repo: Path) -> None:
    known = dict(_modules(repo))
    edges = {
        name: {t for t in _imports(repo, name, module) if t in known and t != name}
        for name, module in known.items()
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for target in edges[name]:
                walk(target, (*path, name))
            done.add(name)

    for name in edges:
        walk(name, ())


def test_public_names_are_listed_and_there(repo: Path) -> None:
    wrong = []
    for name, module in _modules(repo):
        listed = [
            ast.literal_eval(node.value)
            for node in module.body
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        ]
        if not listed:
            continue
        bound = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)}
        bound |= {
            n.name
            for n in ast.walk(module)
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        bound |= {
            a.asname or a.name
            for n in ast.walk(module)
            if isinstance(n, ast.Import | ast.ImportFrom)
            for a in n.names
        }
        wrong += [f"{name}.{missing}" for missing in listed[0] if missing not in bound]
    assert not wrong, "\n".join(wrong)
