# SPDX-License-Identifier: Apache-2.0
"""Started by PID 1: `python3 -I -B -m pycoconut.daemon`."""

from __future__ import annotations

import sys

from pycoconut.daemon.main import main

sys.exit(main())
