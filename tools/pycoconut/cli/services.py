# SPDX-License-Identifier: Apache-2.0
"""services: list, status, stop; shutdown. All of them ask coconutd."""

from __future__ import annotations

import argparse
from typing import Any

from ..abi import Restart
from ..aid import AidError, format_aid, parse_aid
from ..daemon_client import SOCKET, DaemonError, call
from .base import Command, Commands, Out

__all__ = ["COMMANDS"]


def _ask(name: str, args: dict[str, Any]) -> Any:
    try:
        return call(name, args)
    except (FileNotFoundError, ConnectionRefusedError):
        raise DaemonError(
            "coconutd does not answer", hint=f"it listens on {SOCKET}; coconut doctor"
        ) from None


def _row(service: dict[str, Any]) -> tuple[object, ...]:
    return (
        service["name"],
        format_aid(service["aid"]) if service["aid"] else "-",
        service["pid"] or "-",
        service["state"],
        Restart(service["restart"]).name.lower(),
        service["restarts"],
    )


HEAD = ("NAME", "AID", "PID", "STATE", "RESTART", "RESTARTS")


def _list(_options: argparse.Namespace, out: Out) -> int:
    out.table(HEAD, [_row(service) for service in _ask("list", {})])
    return 0


def _which_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", metavar="SERVICE", help="its name, or its AID as a:00017")


def _which(text: str) -> dict[str, Any]:
    if text.startswith("a:"):
        try:
            return {"aid": parse_aid(text)}
        except AidError:
            pass
    return {"name": text}


def _status(options: argparse.Namespace, out: Out) -> int:
    out.table(HEAD, [_row(_ask("status", _which(options.service)))])
    return 0


def _stop_arguments(parser: argparse.ArgumentParser) -> None:
    _which_arguments(parser)
    parser.add_argument("--grace", type=int, metavar="SECONDS", help="before it is killed; 10")


def _stop(options: argparse.Namespace, out: Out) -> int:
    args = _which(options.service)
    if options.grace is not None:
        args["grace"] = options.grace
    _ask("stop", args)
    out.result({}, "told to end")
    return 0


def _shutdown_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "how", nargs="?", default="poweroff", choices=("poweroff", "reboot", "halt")
    )


def _shutdown(options: argparse.Namespace, out: Out) -> int:
    _ask("shutdown", {"how": options.how})
    out.result({}, f"{options.how} begins")
    return 0


COMMANDS: Commands = (
    Command(
        "services",
        "ask coconutd for the services it looks after",
        commands=(
            Command("list", "list services", None, _list),
            Command("status", "show a service", _which_arguments, _status),
            Command("stop", "tell a service to end", _stop_arguments, _stop),
        ),
    ),
    Command("shutdown", "end the system in good order", _shutdown_arguments, _shutdown),
)
