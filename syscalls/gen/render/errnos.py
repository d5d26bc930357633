# SPDX-License-Identifier: Apache-2.0
"""tools/pycoconut/abi/errnos.py"""

from __future__ import annotations

import json

from ..model import Spec
from .text import python_head, wrap

__all__ = ["names", "render"]


def names(_spec: Spec) -> list[str]:
    return ["ERRORS"]


def _string(text: str) -> list[str]:
    """A Python string, in pieces that fit."""
    whole = json.dumps(text, ensure_ascii=False)
    if 12 + len(whole) + 1 <= 100:
        return [f"{'':12}{whole}"]
    pieces = wrap(text, width=70)
    return [
        f"            {json.dumps(piece if last else piece + ' ', ensure_ascii=False)}"
        for piece, last in ((p, i == len(pieces) - 1) for i, p in enumerate(pieces))
    ]


def render(spec: Spec) -> str:
    lines = python_head(spec, "What each errno of each call means.", names(spec))
    at = lines.index("__all__ = [")
    lines[at:at] = ["import errno", "from collections.abc import Mapping, Sequence", ""]
    lines += [
        "#: Call -> errno -> its meanings, those of the call itself first.",
        "ERRORS: Mapping[str, Mapping[int, Sequence[str]]] = {",
    ]
    for call in spec.calls:
        lines.append(f'    "{call.name}": {{')
        for name, texts in spec.errors_of(call).items():
            lines.append(f"        errno.{name}: [")
            for text in texts:
                pieces = _string(text)
                lines += [*pieces[:-1], f"{pieces[-1]},"]
            lines.append("        ],")
        lines.append("    },")
    return "\n".join([*lines, "}", ""])
