# SPDX-License-Identifier: Apache-2.0
"""The README's first command, and what it is worth: a step that goes wrong must end it."""

from __future__ import annotations

import pytest

from pycoconut.guest.kvm import probe
from pycoconut.imgbuild import demo
from pycoconut.imgbuild.image import Image
from pycoconut.imgbuild.machine import booted
from pycoconut.kbuild.console import Console


@pytest.mark.timeout(900)
def test_every_step_goes_as_it_should(image: Image, console: Console) -> None:
    assert demo.play(console, image.iso, probe()) == 0


@pytest.mark.timeout(900)
def test_a_step_that_goes_wrong_ends_it(image: Image, console: Console) -> None:
    """The agent may read all of /srv in this one: the first refusal is missing."""
    widen = (
        "cp -r /usr/share/coconut/demo /tmp/wide && cd /tmp/wide && "
        "sed -i 's|fs:/srv/demo/|fs:/srv/|' demo.yaml && sed -i 's|^here=.*|here=/tmp/wide|' run"
    )
    with booted(console, image.iso, probe(), console.logs / "iso-wrong.log") as machine:
        assert machine.run(["sh", "-c", widen]).status == 0
        done = machine.run(["/tmp/wide/run"], timeout=600)
        assert done.status == 1
        assert "it was not refused" in done.output
        machine.run(["poweroff"])
        assert machine.ended() == 0
