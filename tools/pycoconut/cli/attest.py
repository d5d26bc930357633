# SPDX-License-Identifier: Apache-2.0
"""attest, verify-attestation."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import attestation, syscalls
from ..aid import format_aid
from ..attestation import Claims
from ..errors import CoconutError
from .base import Command, Commands, Out, agentfs, aid_argument, hex_argument

__all__ = ["COMMANDS"]


def _attest_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("aid", type=aid_argument, metavar="AID", help="a:00017, 17; 0: one's own")
    parser.add_argument("--nonce", type=hex_argument(), default=b"", metavar="HEX")
    parser.add_argument(
        "--output",
        "--out",
        "-o",
        type=Path,
        metavar="FILE",
        help="write the CBOR, to be verified elsewhere",
    )


def _text(chain: list[Claims]) -> str:
    return "\n".join(
        f"{format_aid(c.aid)} {c.name or '(boot agent)'} {c.state.name.lower()}"
        f"{' permissive' if c.permissive else ''}\n"
        f"    manifest   {c.manifest.hex()}\n"
        f"    code       {c.code.hex()}\n"
        f"    authorizer {c.authorizer.hex()}"
        for c in chain
    )


def _attest(options: argparse.Namespace, out: Out) -> int:
    data = syscalls.attest(options.aid, options.nonce)
    if options.output:
        options.output.write_bytes(data)
    chain = attestation.parse(data)
    out.result([claims.to_json() for claims in chain], lambda: _text(chain))
    return 0


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="what attest --output wrote")
    parser.add_argument(
        "--key",
        type=hex_argument(32),
        metavar="HEX",
        help="attestation key of the kernel; by default this system's own",
    )
    parser.add_argument(
        "--nonce", type=hex_argument(), metavar="HEX", help="what was given to attest"
    )
    parser.add_argument(
        "--permissive",
        action="store_true",
        help="take agents too that are not held to their capabilities",
    )


def _verify(options: argparse.Namespace, out: Out) -> int:
    key = options.key
    if key is None:
        fs = agentfs()
        if not fs.mounted:
            raise CoconutError(
                "no key to verify with",
                hint="--key HEX: attest_key in /agent/abi of the system that attested",
            )
        key = bytes.fromhex(fs.abi()["attest_key"])
    chain = attestation.verify(
        options.file.read_bytes(), key, options.nonce, permissive=options.permissive
    )
    out.result(
        {"valid": True, "chain": [claims.to_json() for claims in chain]},
        lambda: "valid\n" + _text(chain),
    )
    return 0


COMMANDS: Commands = (
    Command("attest", "have the kernel sign what an agent is", _attest_arguments, _attest),
    Command("verify-attestation", "check what attest wrote, anywhere", _verify_arguments, _verify),
)
