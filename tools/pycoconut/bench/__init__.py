# SPDX-License-Identifier: Apache-2.0
"""What things cost, as ratios taken inside one boot, on a clock that counts instructions."""
