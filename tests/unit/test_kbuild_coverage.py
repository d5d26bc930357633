# SPDX-License-Identifier: Apache-2.0
"""The table of what the tests reach."""

from __future__ import annotations

import pytest

from pycoconut.kbuild.coverage import table, wanting


def file(name: str, lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, object]:
    return {
        "filename": name,
        "line_covered": lines[0],
        "line_total": lines[1],
        "branch_covered": branches[0],
        "branch_total": branches[1],
    }


def test_rooms_and_all_are_summed() -> None:
    text = table(
        [
            file("kernel/agent/cap.c", (9, 10), (1, 4)),
            file("kernel/agent/end.c", (0, 10), (0, 0)),
            file("security/coconut/file.c", (5, 5), (2, 2)),
        ]
    )
    rows = {
        line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.split()
    }
    assert rows["kernel/agent/cap.c"] == "90.0 % 9 of 10 25.0 % 1 of 4"
    assert rows["kernel/agent/end.c"] == "0.0 % 0 of 10 - 0 of 0"
    assert rows["kernel/agent/"] == "45.0 % 9 of 20 25.0 % 1 of 4"
    assert rows["fs/agentfs/"] == "- 0 of 0 - 0 of 0"
    assert rows["all"] == "56.0 % 14 of 25 50.0 % 3 of 6"


@pytest.mark.parametrize(
    ("lines", "branches", "missing"),
    [
        ((92, 100), (80, 100), []),
        ((91, 100), (80, 100), ["kernel/agent: 91 of 100 lines, not 92 %"]),
        ((92, 100), (79, 100), ["kernel/agent: 79 of 100 branches, not 80 %"]),
        ((0, 0), (80, 100), ["kernel/agent: 0 of 0 lines, not 92 %"]),
    ],
)
def test_a_room_of_which_too_little_is_reached(
    lines: tuple[int, int], branches: tuple[int, int], missing: list[str]
) -> None:
    whole = file("security/coconut/file.c", (1, 1), (1, 1))
    assert wanting([whole, file("kernel/agent/cap.c", lines, branches)]) == missing
