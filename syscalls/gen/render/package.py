# SPDX-License-Identifier: Apache-2.0
"""tools/pycoconut/abi/__init__.py"""

from __future__ import annotations

from ..model import Spec
from . import constants, errnos, structs
from .text import isort_key, source

__all__ = ["render"]


def render(spec: Spec) -> str:
    modules = {
        "constants": constants.names(spec),
        "errnos": errnos.names(spec),
        "structs": structs.names(spec),
    }
    lines = [
        f"# {source(spec)}",
        "# SPDX-License-Identifier: Apache-2.0",
        '"""The kernel\'s ABI: constants, structures and errnos."""',
        "",
    ]
    for module, names in modules.items():
        lines += [
            f"from .{module} import (",
            *(f"    {name}," for name in sorted(names, key=lambda n: (isort_key(n)[0], n.lower()))),
            ")",
        ]
    every = [name for names in modules.values() for name in names]
    lines += ["", "__all__ = [", *(f'    "{n}",' for n in sorted(every, key=isort_key)), "]"]
    return "\n".join([*lines, ""])
