# SPDX-License-Identifier: Apache-2.0
"""The kernel's code for the TPM, as a program, against swtpm: what it sends is what a TPM takes.

It runs with AddressSanitizer; over sockets in place of drivers, and without the kernel's timing.
"""

from __future__ import annotations

import errno
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pycoconut import abi
from pycoconut.audit import Opening
from pycoconut.tpm import take_quote
from tests.unit.pycoconut.soft_tpm import SoftTpm

HERE = Path(__file__).parent
NONCE = b"nonce"
BOOT = 7
ROOT_ATTRIBUTES = 0x02080008
OWNER_READ = 0x00020000

Host = Callable[..., list[str]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tpm-host")
    argv = ["make", "-s", "-C", str(HERE / "tpm_host"), f"OUT={out}"]
    subprocess.run(argv, check=True, timeout=300)
    return out / "tpm-host"


@pytest.fixture
def tpm() -> Iterator[SoftTpm]:
    made = SoftTpm()
    yield made
    made.close()


@pytest.fixture
def host(program: Path, tpm: SoftTpm) -> Host:
    """Runs one boot; returns an answer for each word."""

    def run(*words: str, boot: int = BOOT) -> list[str]:
        done = subprocess.run(
            [program, str(boot), *words],
            env={"TPM_FD": str(tpm.fd)},
            pass_fds=[tpm.fd],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def opening(answer: str) -> Opening:
    found = Opening.parse(bytes.fromhex(answer))
    assert found is not None
    assert found.holds(bytes([BOOT]) * 16)
    return found


def pcr_is(tpm: SoftTpm, *digests: bytes) -> bool:
    value = bytes(32)
    for digest in digests:
        value = hashlib.sha256(value + digest).digest()
    attested = take_quote(tpm, NONCE).check(NONCE, None)
    return attested.pcr_digest == hashlib.sha256(value).digest()


def test_a_boot_is_anchored_and_the_root_capped(host: Host, tpm: SoftTpm) -> None:
    answer, again = host("open", "unseal")
    found = opening(answer)
    assert found.counter == 1
    assert found.anchor
    assert (found.seal_key, found.data[32:64]) == (b"\x51" * 32, b"\xa7" * 32)
    assert int(again) == -errno.EBUSY
    assert pcr_is(tpm, hashlib.sha256(found.data).digest())


def test_the_root_and_the_counter_outlive_the_power(host: Host, tpm: SoftTpm) -> None:
    one = opening(host("open", "close")[0])
    tpm.reset()
    two = opening(host("open")[0])
    tpm.reset()
    three = opening(host("open")[0])
    assert one.anchor == two.anchor == three.anchor
    assert (one.counter, two.counter, three.counter) == (1, 3, 4)


def test_without_a_reset_the_root_stays_sealed(host: Host) -> None:
    """As after kexec: counted, and not signed."""
    host("open")
    found = opening(host("open")[0])
    assert (found.counter, found.anchor, len(found.data)) == (2, b"", 72)


def test_heads_go_in_and_records_tell(host: Host, tpm: SoftTpm) -> None:
    answer, *told = host("open", "head=5", "head=6", "head=9", "head=9")
    first = hashlib.sha256(opening(answer).data).digest()
    heads = [bytes([n]) * 32 for n in (5, 9)]
    pcr = [hashlib.sha256(bytes(32) + first).digest()]
    pcr.append(hashlib.sha256(pcr[0] + heads[0]).digest())
    assert told == [
        f"record 0 5:{pcr[0].hex()}:{heads[0].hex()} extends=1 lost=0",
        # Its own record, 6, is no reason for another.
        "extends=1 lost=0",
        f"record 0 9:{pcr[1].hex()}:{heads[1].hex()} extends=2 lost=0",
        "extends=2 lost=0",
    ]
    assert pcr_is(tpm, first, *heads)


def test_who_else_extends_is_told(host: Host, tpm: SoftTpm) -> None:
    found = opening(host("open")[0])
    assert pcr_is(tpm, hashlib.sha256(found.data).digest())
    tpm.extend(bytes(32))
    # A second boot without a reset is one in which somebody was there before.
    assert "record 0 " in host("open", "head=5")[1]


def test_a_tpm_that_is_gone(host: Host) -> None:
    _, told, still = host("open", "dead", "head=5", "head=7")[-3:]
    assert told.startswith(f"record {-errno.EIO} 5:")
    assert told.endswith("lost=1")
    assert still == "extends=0 lost=1"


@pytest.mark.parametrize(
    ("attributes", "size", "policy"),
    [
        (ROOT_ATTRIBUTES | OWNER_READ, 32, True),
        (ROOT_ATTRIBUTES, 31, True),
        (ROOT_ATTRIBUTES, 32, False),
        (0x02060006, 32, None),
    ],
)
def test_an_index_that_somebody_else_made(
    host: Host, tpm: SoftTpm, attributes: int, size: int, policy: bool | None
) -> None:
    """Root removes the index and makes one that it can read: it is not used."""
    host("open")
    tpm.undefine(abi.TPM_NV_ROOT)
    selection = b"\0\0\0\1\0\x0b\3" + (1 << abi.TPM_PCR).to_bytes(3, "little")
    zero = hashlib.sha256(bytes(32)).digest()
    digest = hashlib.sha256(bytes(32) + b"\0\0\1\x7f" + selection + zero).digest()
    chosen = {True: digest, False: hashlib.sha256(b"mine").digest(), None: b""}[policy]
    tpm.define(abi.TPM_NV_ROOT, attributes, size, chosen)
    tpm.reset()
    assert opening(host("open")[0]).anchor == b""


def test_an_index_as_it_should_be_is_filled(host: Host, tpm: SoftTpm) -> None:
    """The policy above is the one: an empty index with it gets a new root, which nobody knows."""
    before = opening(host("open")[0]).anchor
    tpm.undefine(abi.TPM_NV_ROOT)
    tpm.reset()
    after = opening(host("open")[0]).anchor
    assert after
    assert after != before


def test_a_counter_that_can_be_set_is_none(host: Host, tpm: SoftTpm) -> None:
    host("open")
    tpm.undefine(abi.TPM_NV_COUNTER)
    tpm.define(abi.TPM_NV_COUNTER, 0x02040004, 8)
    tpm.reset()
    assert opening(host("open")[0]).counter is None


def test_a_counter_made_anew_goes_on(host: Host, tpm: SoftTpm) -> None:
    for _ in range(3):
        host("open", "close")
        tpm.reset()
    tpm.undefine(abi.TPM_NV_COUNTER)
    assert opening(host("open")[0]).counter == 7
