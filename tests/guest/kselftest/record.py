# SPDX-License-Identifier: Apache-2.0
"""`make baseline`: boots the base and records what it gives in Linux's own tests.

Some results come out this way or that, by a race that the base has too: all that
were seen are written down.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict

from pycoconut.guest.run import Runner
from pycoconut.kbuild.base import load_base, places
from pycoconut.kbuild.console import Console, Failure
from tests.guest.kselftest.suites import BASELINE, LEAST, PROGRAMS, build, identity, results

RUNS = 3


def main() -> int:
    """Writes the baseline."""
    where = places()
    runner = Runner(Console(where.logs, where.times), where)
    suites = build(where)
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for _ in range(RUNS):
        for test, result in results(runner, "direct-host-base", suites, PROGRAMS).items():
            seen[test].add(result)
    if len(seen) < LEAST:
        raise Failure(f"{len(seen)} results only", f"see the guest's output under {where.build}")
    rows = [f"{json.dumps(test)} = {json.dumps(sorted(seen[test]))}" for test in sorted(seen)]
    head = ["# SPDX-License-Identifier: Apache-2.0", "# Written by `make baseline`."]
    of = f'of = "{identity(load_base(), where)}"'
    BASELINE.write_text("\n".join([*head, "", of, "", "[results]", *rows, ""]))
    print(f"{len(rows)} results in {BASELINE.name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
