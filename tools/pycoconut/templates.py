# SPDX-License-Identifier: Apache-2.0
"""Templates: what an operator lets agents of one kind do, a capability a line.

They lie in /agent/policy/caps, put there at boot. A `#` begins a comment. TENANT and HOME
stand for the tenant and the home folder of whom the template is used for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .caps import Capability, CapError, shortfall
from .caps.words import escape, star
from .spellings import read

__all__ = ["placeholders", "read_template", "within"]

WORDS = re.compile(r"\b(?:TENANT|HOME)\b")


def placeholders(text: str) -> set[str]:
    """The words of a template that stand for something else."""
    return set(WORDS.findall(text))


def read_template(text: str, *, tenant: str = "", home: str = "") -> list[Capability]:
    """The capabilities of a template.

    Args:
        text: The template.
        tenant: For TENANT; empty: the word stays.
        home: For HOME, without a slash at its end; empty: the word stays.

    Raises:
        CapError: A line is none; says which.
    """
    values = {"TENANT": tenant, "HOME": home.strip("/")}
    found: list[Capability] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.partition("#")[0].strip()
        if not plain:
            continue
        filled = WORDS.sub(lambda m: star(escape((values[m[0]] or m[0]).encode())), plain)
        try:
            found += read(filled)
        except CapError as error:
            raise CapError(f"line {number}: {error}", hint=error.hint) from None
    return found


def within(wanted: Iterable[Capability], allowed: Iterable[Capability]) -> list[Capability]:
    """What both allow: each of the one that lies in one of the other, and the other way round."""
    mine, theirs = list(wanted), list(allowed)
    found = [cap for cap in mine if any(not shortfall(cap, other) for other in theirs)]
    found += [
        cap
        for cap in theirs
        if cap not in found and any(not shortfall(cap, other) for other in mine)
    ]
    return found
