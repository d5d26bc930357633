# SPDX-License-Identifier: Apache-2.0
"""The image boots, by either firmware, from CD and from stick, to an agent and a whole chain.

Every status comes back over a virtio port: no log is read for words.
"""

from __future__ import annotations

import time

import pytest

from pycoconut.guest.kvm import probe
from pycoconut.imgbuild.image import Image
from pycoconut.imgbuild.machine import Machine, booted
from pycoconut.kbuild.console import Console

FIRST_AGENT = r"""
for i in $(seq 200); do
    grep -lsx 'name auditor' /agent/live/*/status && exit 0
    sleep 0.2
done
exit 1
"""

VERIFY = r"""
sleep 2
coconut audit verify --live "/var/log/coconut/$(sed -n 's/^boot_id //p' /agent/abi)"
"""

SAME_AGENT = r"""
set -eu
STATUS='from pycoconut.daemon_client import call; assert call("status", {"name": "auditor"})["aid"]'
old=$(cat /run/coconut/services/auditor.pid)
aid=$(grep -lx 'name auditor' /agent/live/*/status)
daemon=$(pgrep -f pycoconut.daemon$)
kill -9 "$daemon"
for i in $(seq 100); do
    new=$(pgrep -P 1 -f pycoconut.daemon$) && [ "$new" != "$daemon" ] && break
    sleep 0.05
done
[ "$i" -le 20 ]                                         # a second
for i in $(seq 200); do
    python3 -c "$STATUS" && break
    sleep 0.3
done
[ "$old" = "$(cat /run/coconut/services/auditor.pid)" ]
[ "$aid" = "$(grep -lx 'name auditor' /agent/live/*/status)" ]
kill -0 "${old%% *}"
"""


def check(machine: Machine, script: str, *statuses: int) -> str:
    """Run a script in the machine and hold it to its status."""
    done = machine.run(["bash", "-c", script])
    assert done.status in (statuses or (0,)), done.output
    return done.output


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("uefi", "stick"), [(False, False), (True, True)], ids=["bios-cd", "uefi-stick"]
)
def test_boots_to_an_agent(image: Image, console: Console, uefi: bool, stick: bool) -> None:
    serial = console.logs / f"iso-{'uefi' if uefi else 'bios'}.log"
    begun = time.monotonic()
    with booted(console, image.iso, probe(), serial, uefi=uefi, stick=stick) as machine:
        check(machine, FIRST_AGENT)
        console.say(f"first agent after {time.monotonic() - begun:.0f} s")
        # 10: whole, but by a key that nobody wrote down before.
        check(machine, VERIFY, 0, 10)
        check(machine, "test -d /sys/firmware/efi", 0 if uefi else 1)
        if not uefi:
            check(machine, SAME_AGENT)
        check(machine, "poweroff")
        assert machine.ended() == 0
