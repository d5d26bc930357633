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

AGENT_ASKS = r"""
set -eu
cd "$(mktemp -d)"
cat >asks.yaml <<'END'
name: asks
tenant: tests
restart: always
argv:
  - /usr/bin/python3
  - -c
  - |
    from pycoconut.daemon_client import DaemonError, call
    seen = [row["name"] for row in call("list")]
    assert seen == ["asks"], seen
    for name, args in (
        ("shutdown", {"how": "poweroff"}),
        ("stop", {"name": "auditor"}),
        ("spawn", {"manifest": b"x"}),
        ("status", {"name": "auditor"}),
    ):
        try:
            call(name, args)
        except DaemonError as error:
            print(error)
        else:
            raise SystemExit(f"{name} was carried out")
    print("all refused", flush=True)
    import time
    time.sleep(1000)
capabilities:
  - exec:/usr/*:run
  - fs:/usr/*:read_file,read_dir
  - fs:/etc/*:read_file,read_dir
  - fs:/dev/null:read_file,write_file
  - fs:/var/log/coconut/services/*:write_file
  - fs:/run/coconut/coconutd.sock:connect
END
coconut manifest sign asks.yaml --key /etc/coconut/keys/machine --output asks.cose
coconut spawn asks.cose
for i in $(seq 200); do
    grep -qsx 'all refused' /var/log/coconut/services/asks.log && exit 0
    sleep 0.3
done
cat /var/log/coconut/services/asks.log
exit 1
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
            check(machine, AGENT_ASKS)
        check(machine, "poweroff")
        assert machine.ended() == 0
