# SPDX-License-Identifier: Apache-2.0
"""What the renderers share: the first lines, tabs, and Python text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from ..model import Spec

__all__ = ["docstring", "isort_key", "python_head", "source", "tabbed", "wrap"]

TAB = 8


def source(spec: Spec) -> str:
    """The words by which each output names its source."""
    return f"Generated from {spec.path.as_posix()} by `make regen`; edit that."


def tabbed(text: str, column: int) -> str:
    """`text` and as many tabs as it takes to reach `column`, one at the least."""
    width = len(text.expandtabs(TAB))
    return text + "\t" * max(1, -(-(column - width) // TAB))


def wrap(text: str, indent: str = "", first: str | None = None, width: int = 88) -> list[str]:
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def docstring(text: str, indent: str) -> list[str]:
    """A docstring of one paragraph."""
    if len(indent) + len(text) + 6 <= 88:
        return [f'{indent}"""{text}"""']
    lines = wrap(text, indent, first=f'{indent}"""')
    return [*lines, f'{indent}"""']


def python_head(spec: Spec, doc: str, names: Iterable[str]) -> list[str]:
    """The first lines of a Python module: source, docstring, imports to follow."""
    return [
        f"# {source(spec)}",
        "# SPDX-License-Identifier: Apache-2.0",
        *docstring(doc, ""),
        "",
        "from __future__ import annotations",
        "",
        "__all__ = [",
        *(f'    "{name}",' for name in sorted(names, key=isort_key)),
        "]",
        "",
    ]


def isort_key(name: str) -> tuple[int, str]:
    """SCREAMING first, then Classes, then functions: the order that ruff asks for."""
    if name.isupper():
        return 0, name
    return (1 if name[0].isupper() else 2), name
