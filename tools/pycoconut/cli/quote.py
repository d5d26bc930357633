# SPDX-License-Identifier: Apache-2.0
"""Quotes of the TPM: audit quote, and what audit verify is given of one."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import audit
from ..audit import Report
from ..tpm import Attested, Device, PublicPoint, Quote, QuoteError, take_quote
from .base import Out, UsageError

__all__ = ["compare", "describe", "quote", "quote_arguments", "quoted", "verify_arguments"]


def _nonce(text: str) -> bytes:
    """An argparse type."""
    try:
        nonce = bytes.fromhex(text)
    except ValueError:
        nonce = b""
    if not nonce:
        raise argparse.ArgumentTypeError(f"no nonce: {text}; an even number of hexadecimal digits")
    return nonce


def quote_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nonce", type=_nonce, required=True, metavar="HEX", help="of who wants to know; 32 bytes"
    )
    parser.add_argument(
        "--output", "--out", "-o", type=Path, metavar="FILE", help="else standard output"
    )
    parser.add_argument(
        "--key-output", type=Path, metavar="PEM", help="write the TPM's public key there, too"
    )


def quote(options: argparse.Namespace, out: Out) -> int:
    device = Device.open()
    try:
        taken = take_quote(device, options.nonce)
    finally:
        device.close()
    attested = taken.check(options.nonce, None)
    if options.key_output:
        options.key_output.write_text(attested.key.pem)
    if not options.output:
        print(taken.dumps())
        return 0
    options.output.write_text(taken.dumps() + "\n")
    out.result(
        {"file": str(options.output), "counter": attested.counter}, f"wrote {options.output}"
    )
    return 0


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tpm-quote", type=Path, metavar="FILE", help="what quote wrote: the log must agree"
    )
    parser.add_argument("--nonce", type=_nonce, metavar="HEX", help="that the quote was asked with")
    parser.add_argument(
        "--tpm-key", type=Path, metavar="PEM", help="public key of the TPM, which vouches then"
    )


def quoted(options: argparse.Namespace) -> Attested | None:
    """What the quote that was named says, if it is good.

    Raises:
        QuoteError, KeyFormatError: It is none, or not on this nonce by this key.
    """
    if options.tpm_quote is None:
        if options.nonce or options.tpm_key:
            raise UsageError("--nonce and --tpm-key are about a --tpm-quote")
        return None
    if options.nonce is None:
        raise UsageError("a --tpm-quote proves nothing without its --nonce")
    key = PublicPoint.from_pem(options.tpm_key.read_text()) if options.tpm_key else None
    try:
        text = options.tpm_quote.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise QuoteError(f"{options.tpm_quote}: no quote: it is not plain text") from None
    return Quote.loads(text).check(options.nonce, key)


def compare(
    report: Report, paths: list[Path], attested: Attested, options: argparse.Namespace
) -> None:
    """Says in the report what the quote shows of the log."""
    boots = audit.measured(paths)
    audit.compare_quote(report, boots, attested, trusted=options.tpm_key is not None)


def describe(report: Report) -> list[str]:
    """What is shown to people of a quote that was compared."""
    if not report.quoted:
        return []
    return [f"the TPM has the head after record {report.quoted['seq']}"]
