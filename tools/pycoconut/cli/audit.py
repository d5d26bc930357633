# SPDX-License-Identifier: Apache-2.0
"""audit: tail, grep, export, verify, prove, check-proof, checkpoint, quote, seed, stats."""

from __future__ import annotations

import argparse
import errno
import json
import os
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .. import audit, syscalls
from ..abi import Class, Decision, Event
from ..aid import format_aid
from ..audit import (
    BootReport,
    BriefProof,
    Checkpoint,
    CheckpointError,
    Conflict,
    Filter,
    NoteKey,
    Proof,
    Record,
    Report,
    SealTree,
    Verdict,
    WitnessError,
)
from ..daemon_client import writer
from ..errors import CoconutError
from ..keys import SecretKey, read_public
from .base import Command, Commands, Out, UsageError, agentfs, aid_argument
from .progress import reading
from .quote import compare, describe, quote, quote_arguments, quoted, verify_arguments

__all__ = ["COMMANDS", "record_text"]

VERIFY_EXITS = tuple(
    (code, f"The log is {verdict.text}.") for verdict, code in audit.EXIT_CODES.items() if code
)


def _error_name(result: int) -> str:
    return errno.errorcode.get(-result, str(result)) if result else ""


def record_text(record: Record) -> str:
    """A record on one line, for people."""
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.real // 10**9))
    what = record.object
    if record.event in (Event.BOOT, Event.EXEC):
        # 32 bytes of digest, then the path; of a boot the keys.
        shown = what[:32].hex()[:16] + "… " + what[32:].decode("utf-8", "backslashreplace")
        shown = shown if record.event == Event.EXEC else what[:32].hex()
    else:
        shown = what.decode("utf-8", "backslashreplace")
    decision = "" if record.decision == Decision.NONE else record.decision.name.lower()
    parts = (
        f"{record.seq:>8}",
        moment,
        format_aid(record.aid),
        f"{record.event.name.lower():<10}",
        f"{record.kind.name.lower():<6}",
        f"{decision:<7}",
        shown,
        _error_name(record.result),
    )
    return " ".join(parts).rstrip()


def _moment(text: str) -> int:
    """An argparse type: a time in ISO 8601, UTC if it does not say; nanoseconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"no time: {text}; 2026-01-31T23:59:00") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _filter_arguments(parser: argparse.ArgumentParser) -> None:
    def names(kind: type[Event] | type[Decision] | type[Class]) -> list[str]:
        return [member.name.lower() for member in kind]

    parser.add_argument("--aid", type=aid_argument, metavar="AID", help="only of this agent")
    parser.add_argument("--event", action="append", choices=names(Event), metavar="EVENT")
    parser.add_argument("--decision", action="append", choices=names(Decision))
    parser.add_argument("--class", dest="kind", action="append", choices=names(Class))
    parser.add_argument("--object", metavar="TEXT", help="only where the object holds it")
    for name, what in (("--since", "not before"), ("--until", "before")):
        parser.add_argument(
            name, type=_moment, metavar="TIME", help=f"{what} this, UTC: 2026-01-31T23:59:00"
        )


def _filter(options: argparse.Namespace, first: int = 1, last: int | None = None) -> Filter:
    limits = {} if last is None else {"last": last}
    return Filter(
        aid=options.aid,
        first=first,
        events=frozenset(Event[name.upper()] for name in options.event or ()),
        decisions=frozenset(Decision[name.upper()] for name in options.decision or ()),
        kinds=frozenset(Class[name.upper()] for name in options.kind or ()),
        text=(options.object or "").encode(),
        since=options.since,
        until=options.until,
        **limits,
    )


def _print(found: Iterable[Record], out: Out) -> None:
    for record in found:
        out.line(record.to_json(), record_text(record))


def _tail_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lines", "-n", type=int, default=10, metavar="N", help="how many; 10")
    parser.add_argument("--follow", "-f", action="store_true", help="go on as records come")
    _filter_arguments(parser)


def _tail(options: argparse.Namespace, out: Out) -> int:
    wanted = _filter(options)
    last: deque[Record] = deque(maxlen=max(0, options.lines))
    after = 1
    for record in audit.records([], wanted):
        last.append(record)
        after = record.seq + 1
    _print(last, out)
    if options.follow:
        _print(audit.records([], _filter(options, after), follow=True), out)
    return 0


def _grep_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="logs; else the kernel")
    parser.add_argument("--first", type=int, default=1, metavar="SEQ")
    parser.add_argument("--last", type=int, metavar="SEQ")
    _filter_arguments(parser)


def _grep(options: argparse.Namespace, out: Out) -> int:
    _print(audit.records(options.files, _filter(options, options.first, options.last)), out)
    return 0


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    _grep_arguments(parser)
    parser.add_argument(
        "--form", choices=("json", "ocsf"), default="json", help="of the lines; json"
    )


def _export(options: argparse.Namespace, out: Out) -> int:
    del out
    found = audit.records(options.files, _filter(options, options.first, options.last))
    for record in found:
        value = audit.ocsf_event(record) if options.form == "ocsf" else record.to_json()
        print(json.dumps(value))
    return 0


def _checkpoint_key_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint-key", metavar="KEY", help="who signed it: NAME+ID+KEY, as checkpoint shows it"
    )


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="log, shards in order, or a folder of them; by default the running system's",
    )
    parser.add_argument(
        "--key",
        action="append",
        metavar="KEY",
        help="public key of epoch 0, one for each boot, or of the TPM's root; hex or a file",
    )
    parser.add_argument("--seed", type=Path, metavar="FILE", help="MAC seed of the boot")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="the log must have come as far as this"
    )
    _checkpoint_key_argument(parser)
    verify_arguments(parser)
    parser.add_argument("--live", action="store_true", help="the log has no end yet")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    parser.add_argument(
        "--proof", type=Path, metavar="FILE", help="verify what prove wrote instead"
    )


def read_seed(path: Path) -> bytes:
    """A MAC seed: 64 hexadecimal digits, or 32 bytes as they are."""
    data = path.read_bytes()
    try:
        seed = data if len(data) == 32 else bytes.fromhex(data.decode("ascii").strip())
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise CoconutError(f"{path}: no seed", hint="64 hexadecimal digits")
    return seed


def _verify(options: argparse.Namespace, out: Out) -> int:
    keys = [read_public(text).raw for text in options.key or ()]
    if options.proof:
        return _verify_proof(options.proof, keys, out)
    live = options.live or not options.files
    paths = options.files or [agentfs().chain_log]
    checkpoint = _checkpoint_of(options)
    attested = quoted(options)
    seed = read_seed(options.seed) if options.seed else None
    with reading(paths) as progress:
        report = audit.verify(
            paths, keys=keys, seed=seed, live=live, jobs=options.jobs, progress=progress
        )
    if checkpoint is not None:
        audit.compare_checkpoint(report, audit.seal_trees(paths), checkpoint)
    if attested is not None:
        compare(report, paths, attested, options)
    out.result(report.to_json(), lambda: _report_text(report))
    return report.exit_code


def _checkpoint_of(options: argparse.Namespace) -> Checkpoint | None:
    """The checkpoint that was named, if it is signed by the key that was named."""
    if options.checkpoint is None and options.checkpoint_key is None:
        return None
    if options.checkpoint is None or options.checkpoint_key is None:
        raise UsageError("--checkpoint and --checkpoint-key need each other")
    key = NoteKey.parse(options.checkpoint_key)
    return Checkpoint.read(options.checkpoint, key)


def _checkpoint_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="log; else the kernel's"
    )
    parser.add_argument("--name", required=True, help="of the log, as in a URL: audit.example.org")
    parser.add_argument(
        "--key", type=Path, required=True, metavar="FILE", help="secret key that signs it"
    )
    parser.add_argument(
        "--output", "--out", "-o", type=Path, required=True, metavar="FILE", help="the note"
    )
    parser.add_argument(
        "--witness", metavar="URL", help="have it cosigned by this witness, which keeps it too"
    )


def _cosigned(url: str, tree: SealTree, note: str) -> str:
    """What a witness puts below a checkpoint that goes on from the last it has.

    Raises:
        WitnessError, OSError: It says no, or cannot be asked.
    """
    old = 0
    for _ in range(2):
        try:
            lines = audit.submit(url, old, audit.consistency(old, tree.leaves), note)
            return "".join(f"{line}\n" for line in lines)
        except Conflict as conflict:
            if conflict.size > len(tree.leaves):
                raise
            old = conflict.size
    raise WitnessError(f"{url}: the witness changes its mind about what it has")


def _checkpoint(options: argparse.Namespace, out: Out) -> int:
    paths = options.files or [agentfs().chain_log]
    report = audit.verify(paths, live=True)
    if report.verdict is Verdict.TAMPERED or not report.boots:
        raise CheckpointError("the log is not one to vouch for", hint="coconut audit verify")
    tree = audit.seal_trees(paths)[-1]
    checkpoint = tree.checkpoint(options.name)
    key = SecretKey.read(options.key)
    shown = NoteKey(options.name, key.public.raw)
    if options.output.exists():
        older = Checkpoint.read(options.output, shown)
        audit.compare_checkpoint(report, audit.seal_trees(paths), older)
        if any(
            boot.boot == older.boot and boot.verdict > Verdict.INCOMPLETE for boot in report.boots
        ):
            raise CheckpointError(
                "the log has not come as far as the checkpoint that is there",
                hint="coconut audit verify --checkpoint says more",
            )
    note = checkpoint.sign(key)
    if options.witness:
        note += _cosigned(options.witness, tree, note)
    options.output.write_text(note, encoding="utf-8")
    result = {"boot": checkpoint.boot, "seals": checkpoint.size, "key": str(shown)}
    out.result(result, f"{checkpoint.size} seals of boot {checkpoint.boot}\n{shown}")
    return 0


def _report_text(report: Report) -> str:
    lines = []
    for boot in report.boots:
        lines += _boot_text(boot)
    return "\n".join([*lines, *describe(report), report.verdict.text])


def _boot_text(boot: BootReport) -> list[str]:
    lines = [
        f"boot {boot.boot or '?'}: {boot.records} records, {boot.epochs} epochs, "
        f"last seal after record {boot.last_seq}, head {boot.head[:16] or '?'}"
    ]
    if boot.unsealed:
        lines.append(f"  {boot.unsealed} records after the last seal")
    if boot.bad_seq is not None:
        where = f"record {boot.bad_seq}"
        if boot.bad_last not in (None, boot.bad_seq):
            where = f"one of the records {boot.bad_seq} to {boot.bad_last}"
        epoch = "" if boot.epoch is None else f", epoch {boot.epoch}"
        lines.append(f"  first bad: {where}{epoch}")
    lines += [f"  {reason}" for reason in boot.reasons]
    if not boot.macs and boot.verdict < Verdict.TAMPERED:
        lines.append("  MACs not checked (--seed)")
    return lines


def _verify_proof(path: Path, keys: list[bytes], out: Out) -> int:
    if len(keys) > 1:
        raise UsageError("a proof is of one boot: one --key")
    record = audit.check_proof(Proof.loads(path.read_text()), keys[0] if keys else None)
    verdict = Verdict.INTACT if keys else Verdict.UNANCHORED
    result: dict[str, Any] = {"verdict": verdict.text, "record": record.to_json()}
    out.result(result, lambda: f"{record_text(record)}\n{verdict.text}")
    return audit.EXIT_CODES[verdict]


def _prove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("seq", type=int, metavar="SEQ", help="which record")
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="log; else the kernel's"
    )
    parser.add_argument(
        "--output", "--out", "-o", type=Path, metavar="FILE", help="else standard output"
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="prove it below this, in few bytes"
    )
    _checkpoint_key_argument(parser)


def _prove(options: argparse.Namespace, out: Out) -> int:
    text = _proof_text(options) + "\n"
    if options.output:
        options.output.write_text(text)
        out.result({"record": options.seq, "file": str(options.output)}, f"wrote {options.output}")
    else:
        print(text, end="")
    return 0


def _proof_text(options: argparse.Namespace) -> str:
    paths = options.files or [agentfs().chain_log]
    if _checkpoint_of(options) is None:
        return audit.prove(paths, options.seq).dumps()
    note = audit.read_note(options.checkpoint)
    key = NoteKey.parse(options.checkpoint_key)
    return audit.prove_briefly(paths, options.seq, note, key).dumps()


def _check_proof_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="what prove wrote")
    parser.add_argument(
        "--key", action="append", metavar="KEY", help="public key of epoch 0, or a file of it"
    )
    _checkpoint_key_argument(parser)


def _check_proof(options: argparse.Namespace, out: Out) -> int:
    if options.checkpoint_key is None:
        keys = [read_public(text).raw for text in options.key or ()]
        return _verify_proof(options.file, keys, out)
    key = NoteKey.parse(options.checkpoint_key)
    record = audit.check_brief(BriefProof.loads(options.file.read_text(encoding="utf-8")), key)
    result = {"verdict": Verdict.INTACT.text, "record": record.to_json()}
    out.result(result, lambda: f"{record_text(record)}\n{Verdict.INTACT.text}")
    return 0


def _seed_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        "--out",
        "-o",
        type=Path,
        required=True,
        metavar="FILE",
        help="is not overwritten, and nobody else can read it",
    )


def _seed(options: argparse.Namespace, out: Out) -> int:
    # The file first: the kernel hands the seed out once, and it must not be lost.
    descriptor = os.open(options.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{syscalls.audit_seed().hex()}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        options.output.unlink()
        raise
    out.result({"file": str(options.output)}, f"wrote {options.output}")
    return 0


def _stats(_options: argparse.Namespace, out: Out) -> int:
    keeping = {f"writer_{key}": value for key, value in writer().items()}
    stats = {**agentfs().stats(), **keeping}
    out.result(stats, "\n".join(f"{key:<14}{value}" for key, value in stats.items()))
    return 0


COMMANDS: Commands = (
    Command(
        "audit",
        "look at, verify and prove the audit chain",
        commands=(
            Command("tail", "show the last records, and those to come", _tail_arguments, _tail),
            Command(
                "grep",
                "search records by agent, class, object and time",
                _grep_arguments,
                _grep,
                notes=("coconut audit query is another word for it.",),
                aliases=("query",),
            ),
            Command("export", "write records for other programs", _export_arguments, _export),
            Command(
                "verify",
                "verify a log, or a proof, to the byte",
                _verify_arguments,
                _verify,
                exits=VERIFY_EXITS,
            ),
            Command("prove", "prove that a record is in the chain", _prove_arguments, _prove),
            Command(
                "check-proof",
                "check a proof without the log",
                _check_proof_arguments,
                _check_proof,
                exits=VERIFY_EXITS[:1],
            ),
            Command(
                "checkpoint",
                "sign how far the log is, for somebody else to keep",
                _checkpoint_arguments,
                _checkpoint,
            ),
            Command(
                "quote",
                "have the TPM sign which head it has, on a nonce",
                quote_arguments,
                quote,
            ),
            Command("seed", "take the MAC seed of this boot, once", _seed_arguments, _seed),
            Command("stats", "show the chain's counters", None, _stats),
        ),
    ),
)
