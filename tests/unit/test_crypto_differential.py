# SPDX-License-Identifier: Apache-2.0
"""The kernel's BLAKE3 and Ed25519 against the Python packages ``blake3`` and PyNaCl.

``lib/crypto`` is compiled for user space, as it is, over the few headers of ``tools/audit-verify``.
Random inputs come from a fixed seed, so that a failure can be repeated.
"""

from __future__ import annotations

import ctypes
import random
import subprocess
from pathlib import Path

import pytest
from blake3 import blake3
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "blake3",
    "blake3-vector-chunk",
    "ed25519",
    "ed25519-field",
    "ed25519-scalar",
    "ed25519-sha512",
)
STATE_SIZE = 2048
CONTEXT = "coconut-os 2026 differential test"
# Around every edge of a block (64), of a chunk (1024) and of the first subtrees.
EDGES = sorted(
    {max(0, n + d) for n in (0, 64, 128, 960, 1024, 2048, 3072, 4096, 8192) for d in (-1, 0, 1)}
    | {150, 200, 250, 300, 7168, 31744, 102400}
)
PIECES = (1, 63, 64, 65, 1023, 1024, 1025, 5000)


class Part(ctypes.Structure):
    """``struct ed25519_part``."""

    _fields_ = (("data", ctypes.c_char_p), ("len", ctypes.c_size_t))


def parts(*messages: bytes) -> ctypes.Array[Part]:
    return (Part * len(messages))(*(Part(m, len(m)) for m in messages))


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """``lib/crypto`` as a shared object."""
    out = tmp_path_factory.mktemp("crypto") / "crypto.so"
    subprocess.run(
        ["gcc", "-std=gnu11", "-O2", "-mavx2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        + [f"-I{ROOT / 'tools/audit-verify/include'}", f"-I{ROOT / 'include'}", "-o", str(out)]
        + [str(ROOT / "lib/crypto" / f"{name}.c") for name in SOURCES],
        check=True,
        timeout=60,
    )
    return ctypes.CDLL(str(out))


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20260101)


def sign(lib: ctypes.CDLL, seed: bytes, public: bytes, *message: bytes) -> bytes:
    out = ctypes.create_string_buffer(64)
    lib.ed25519_sign(out, seed, public, parts(*message), len(message))
    return out.raw


def verify(lib: ctypes.CDLL, signature: bytes, public: bytes, *message: bytes) -> bool:
    return bool(lib.ed25519_verify(signature, public, parts(*message), len(message)) == 0)


def nacl_verifies(signature: bytes, public: bytes, message: bytes) -> bool:
    try:
        VerifyKey(public).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def test_blake3_by_vectors(lib: ctypes.CDLL, rng: random.Random) -> None:
    """Each length that one chunk can have, beside each kind of other."""
    for length in range(1025):
        for other in {length, max(0, length - 31), rng.randrange(1025)}:
            first, second = rng.randbytes(length), rng.randbytes(other)
            out = ctypes.create_string_buffer(64)
            lib.blake3_vector_chunks(
                (ctypes.c_char_p * 2)(first, second), (ctypes.c_size_t * 2)(length, other), out
            )
            assert out.raw == blake3(first).digest() + blake3(second).digest(), (length, other)


@pytest.mark.parametrize("length", EDGES)
def test_blake3_one_call(lib: ctypes.CDLL, rng: random.Random, length: int) -> None:
    data, key = rng.randbytes(length), rng.randbytes(32)
    out = ctypes.create_string_buffer(32)
    lib.blake3(data, ctypes.c_size_t(length), out)
    assert out.raw == blake3(data).digest()
    lib.blake3_keyed(key, data, ctypes.c_size_t(length), out)
    assert out.raw == blake3(data, key=key).digest()
    lib.blake3_derive_key(CONTEXT.encode(), data, ctypes.c_size_t(length), out)
    assert out.raw == blake3(data, derive_key_context=CONTEXT).digest()


@pytest.mark.parametrize("length", EDGES)
def test_blake3_pieces(lib: ctypes.CDLL, rng: random.Random, length: int) -> None:
    data, key = rng.randbytes(length), rng.randbytes(32)
    state = ctypes.create_string_buffer(STATE_SIZE)
    out = ctypes.create_string_buffer(32)
    lib.blake3_init_keyed(state, key)
    pos = 0
    while pos < length:
        piece = data[pos : pos + rng.choice(PIECES)]
        lib.blake3_update(state, piece, ctypes.c_size_t(len(piece)))
        pos += len(piece)
    lib.blake3_final(state, out)
    assert out.raw == blake3(data, key=key).digest()
    assert key not in state.raw


def test_ed25519_signs_as_pynacl(lib: ctypes.CDLL, rng: random.Random) -> None:
    edges = [n for n in EDGES if n <= 4097]
    for length in edges + [rng.randrange(600) for _ in range(300)]:
        seed, message = rng.randbytes(32), rng.randbytes(length)
        key = SigningKey(seed)
        public = ctypes.create_string_buffer(32)
        lib.ed25519_public_key(public, seed)
        assert public.raw == bytes(key.verify_key)
        signature = sign(lib, seed, public.raw, message)
        assert signature == key.sign(message).signature
        cut = rng.randint(0, length)
        assert signature == sign(lib, seed, public.raw, message[:cut], b"", message[cut:])
        assert verify(lib, signature, public.raw, message[:cut], message[cut:])


def test_ed25519_refuses_as_pynacl(lib: ctypes.CDLL, rng: random.Random) -> None:
    for _ in range(600):
        seed, message = rng.randbytes(32), rng.randbytes(rng.randrange(1, 200))
        key = SigningKey(seed)
        public = bytes(key.verify_key)
        fields = [bytearray(key.sign(message).signature), bytearray(public), bytearray(message)]
        broken = rng.choice(fields)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        signature, public, message = (bytes(field) for field in fields)
        assert not nacl_verifies(signature, public, message)
        assert not verify(lib, signature, public, message)


def test_ed25519_any_bytes_as_key(lib: ctypes.CDLL, rng: random.Random) -> None:
    """Half of all byte strings are no point: neither side may accept or crash."""
    for _ in range(500):
        public, signature = rng.randbytes(32), rng.randbytes(63) + b"\x00"
        assert not verify(lib, signature, public, b"message")
        assert not nacl_verifies(signature, public, b"message")
