# SPDX-License-Identifier: Apache-2.0
"""quota."""

from __future__ import annotations

import argparse
import errno

from .. import syscalls
from ..abi import QUOTA_UNLIMITED, QuotaKind, QuotaOp
from ..amount import AmountError, parse_amount
from ..caps import seconds
from .agents import budget_text
from .base import Command, Commands, Out, UsageError, aid_argument

__all__ = ["COMMANDS"]

KINDS = {kind.name.lower(): kind for kind in QuotaKind}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("aid", type=aid_argument, metavar="AID", help="a:00017, 17; 0: one's own")
    known = f"which budget: {', '.join(KINDS)}; all by default"
    parser.add_argument("kind", nargs="?", choices=KINDS, metavar="KIND", help=known)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--set", metavar="LIMIT", help="a number, such as 512M, or unlimited")
    what.add_argument("--debit", type=int, metavar="AMOUNT", help="use it at once")
    what.add_argument("--reserve", type=int, metavar="AMOUNT", help="set it aside")
    what.add_argument(
        "--settle", type=int, nargs=2, metavar=("ID", "AMOUNT"), help="end a reservation"
    )
    parser.add_argument("--lifetime", default="60s", metavar="TIME", help="of what is reserved")


def _limit(text: str) -> int:
    if text == "unlimited":
        return QUOTA_UNLIMITED
    try:
        return parse_amount(text)
    except AmountError:
        raise UsageError(f"no limit: {text}", hint="a number, or unlimited") from None


def _operation(options: argparse.Namespace) -> tuple[QuotaOp, int, int]:
    if options.set is not None:
        return QuotaOp.SET, _limit(options.set), 0
    if options.debit is not None:
        return QuotaOp.DEBIT, options.debit, 0
    if options.reserve is not None:
        return QuotaOp.RESERVE, options.reserve, 0
    if options.settle is not None:
        return QuotaOp.SETTLE, options.settle[1], options.settle[0]
    return QuotaOp.GET, 0, 0


def _quota(options: argparse.Namespace, out: Out) -> int:
    operation, amount, reservation = _operation(options)
    if operation != QuotaOp.GET and options.kind is None:
        raise UsageError("which budget?", hint=f"one of {', '.join(KINDS)}")
    rows = []
    for name in [options.kind] if options.kind else KINDS:
        try:
            now = syscalls.quota(
                KINDS[name],
                operation,
                amount,
                aid=options.aid,
                reservation=reservation,
                lifetime_ns=seconds(options.lifetime) * 10**9,
            )
        except OSError as error:
            if options.kind is None and error.errno == errno.EOPNOTSUPP:
                continue
            raise
        rows.append(
            (name, budget_text(now.limit), now.used, now.reserved, now.high_water, now.reservation)
        )
    out.table(("KIND", "LIMIT", "USED", "RESERVED", "HIGH WATER", "RESERVATION"), rows)
    return 0


COMMANDS: Commands = (
    Command("quota", "read, set, use or reserve a budget of an agent", _arguments, _quota),
)
