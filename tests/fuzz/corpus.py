# SPDX-License-Identifier: Apache-2.0
"""What the fuzzer feeds: manifests signed by a key of the tests, capabilities, and mutants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pycoconut import abi, caps, cbor, cose
from pycoconut.keys import SecretKey
from pycoconut.manifest import Manifest
from tests.guest.hostile.mutate import mutants

__all__ = ["corpus"]

WORKER, MANIFEST, MUTANT, CAPS, CAP = range(5)
"""enum corpus_kind of fuzz.h."""

WIDE = (
    "fs:/tmp/fuzz/in/*:read_file,write_file,read_dir,remove_dir,remove_file,make_dir,make_reg,"
    "make_sock,make_fifo,make_sym,refer,truncate,setattr,connect",
    "fs:/proc/*:read_file,read_dir",
    "fs:/dev/null:read_file,write_file",
    "fs:/agent/*:read_file,read_dir",
    "exec:/bin/busybox:run",
    "net:tcp/127.0.0.1/32/7000-7001:connect,bind,listen",
    "net:udp/127.0.0.1/32/7000-7002:connect,bind,send",
    "net:unix/@f*:connect,bind,listen,send",
    "agent:children/16:spawn,message,signal,observe",
    "svc:fuzz:*:use",
    "svc:tool:*:use;depth=8",
    "mem:ram/16777216:use",
)
"""A worker lives by these. fuzz:mark must stay allowed, /tmp/fuzz/out outside."""

SANDBOX = ("agent:self/0:sandbox", "fs:/proc/*:write_file,truncate")
"""One worker in three may make namespaces of its own as well."""

NARROW = (
    "fs:/tmp/fuzz/in/a/*:read_file,read_dir",
    "fs:/tmp/fuzz/in/*:read_file,write_file;except=/tmp/fuzz/in/b",
    "exec:/bin/busybox:run",
    "exec:blake3=" + "ab" * 32 + ":run",
    "net:tcp/127.0.0.1/32/7000:connect",
    "net:tcp/::1/128/7000-7003:bind,listen",
    "net:unix/@fa:connect",
    "agent:children/2:spawn,signal",
    "agent:self/0:signal",
    "svc:fuzz:one:use",
    "svc:tool:web:use;expires=60s;uses=5;rate=100/60s;depth=2",
    "svc:fuzz:*:use;expires=1s",
)


def _worker(key: SecretKey, number: int) -> bytes:
    held = (*WIDE, *SANDBOX) if number == 1 else WIDE
    return Manifest(
        name=f"worker-{number}",
        capabilities=tuple(caps.parse(text) for text in held),
        quotas={abi.QuotaKind.INFERENCE_TOKENS: 1 << 20, abi.QuotaKind.CHILDREN: 32},
        audit=abi.AuditLevel(number % 3),
    ).sign(key)


def _narrow(number: int) -> Manifest:
    """The capabilities whose bit is set in a number."""
    held = [caps.parse(text) for bit, text in enumerate(NARROW) if number >> bit & 1]
    return Manifest(
        name=f"child-{number}",
        capabilities=tuple(held),
        quotas={abi.QuotaKind.INFERENCE_TOKENS: number} if number % 2 else {},
        audit=abi.AuditLevel.SYSCALLS if number % 3 else abi.AuditLevel.DENIALS,
        approval=("tool:web*",) if number % 5 == 0 else (),
    )


def _pieces(key: SecretKey, seed: int, count: int) -> Iterator[tuple[int, bytes]]:
    for number in range(3):
        yield WORKER, _worker(key, number)
    numbers = [(seed + 1) * (i + 1) * 2654435761 >> 7 & 0xFFF for i in range(count)]
    for number in numbers:
        yield MANIFEST, _narrow(number).sign(key)
    # Only what a parent's set covers can be spawned from inside: one capability each.
    for bit in range(len(NARROW)):
        yield MANIFEST, _narrow(1 << bit).sign(key)
    for mutant in mutants(_narrow(0xFFF).encode(), count, seed):
        yield MUTANT, cose.sign(mutant, key)
    held = [caps.parse(text) for text in (*NARROW, *WIDE)]
    for start in range(len(held)):
        yield CAPS, caps.encode_list(held[start : start + 3])
    for number, cap in enumerate(held):
        encoded = cbor.encode(cap.to_cbor())
        yield CAP, encoded
        for mutant in mutants(encoded, 1, seed + number):
            yield CAP, mutant


def _framed(pieces: Iterable[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes([kind]) + len(p).to_bytes(4, "little") + p for kind, p in pieces)


def corpus(key: SecretKey, seed: int, count: int = 200) -> bytes:
    """The file that the fuzzer reads.

    Args:
        key: Signs what is sound and what is not.
        seed: The same seed gives the same corpus, the key's signatures included.
        count: How many manifests, and as many mutants.
    """
    return _framed(_pieces(key, seed, count))
