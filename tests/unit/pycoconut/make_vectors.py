# SPDX-License-Identifier: Apache-2.0
"""python -m tests.unit.pycoconut.make_vectors: writes tests/vectors/*.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pycoconut import caps, cbor, cose
from pycoconut.abi import QuotaKind
from pycoconut.keys import SecretKey
from pycoconut.manifest import loads

SOURCE = "tests/unit/pycoconut/make_vectors.py"
VECTORS = Path(__file__).resolve().parents[2] / "vectors"
KEY = SecretKey(bytes(range(32)))

CAPS = [
    "fs:/tmp:read_file,write_file",
    "fs:/:read_file,read_dir;except=/proc",
    "exec:/usr/bin:run",
    "exec:blake3=" + "ab" * 32 + ":run",
    "net:tcp/127.0.0.0/8/80-443:connect",
    "net:any/::1/128/53:connect,send",
    "net:unix/@name*:connect",
    "agent:children/4:spawn,signal",
    "agent:aid/17/0:message",
    "dev:tty/0x5401-0x5408:use",
    "mem:ram/1048576:use",
    "svc:tool:web_fetch:use;expires=60s;uses=5;rate=100/60s;depth=2;approval",
]
MANIFESTS: list[dict[str, Any]] = [
    {"name": "least"},
    {
        "name": "most",
        "tenant": "lab",
        "lane": "interactive",
        "capabilities": CAPS,
        "code": ["blake3=" + "cd" * 32],
        "model": "some-model",
        "quotas": {"cpu": 1, "ram": 0, "inference_tokens": 18446744073709551615, "children": 3},
        "approval": ["tool:file_write", "http:*"],
        "audit": "syscalls",
        "restart": "always",
        "argv": ["/bin/true", ""],
    },
    {"name": "learner", "permissive": True},
]
BASE: dict[int, Any] = {1: 1, 2: "x", 3: "t", 4: 1, 5: []}
CAP: dict[int, Any] = {1: 1, 2: b"/tmp", 3: 1}
#: Signed, and yet refused: what stands in the payload, and the errno.
WRONG: list[tuple[str, dict[int, Any], str]] = [
    ("version 2", {**BASE, 1: 2}, "EINVAL"),
    ("no tenant", {k: v for k, v in BASE.items() if k != 3}, "EINVAL"),
    ("empty name", {**BASE, 2: ""}, "EINVAL"),
    ("name with a slash", {**BASE, 2: "a/b"}, "EINVAL"),
    ("name of 65 bytes", {**BASE, 2: "x" * 65}, "EINVAL"),
    ("name that is ..", {**BASE, 2: ".."}, "EINVAL"),
    ("name that is bytes", {**BASE, 2: b"x"}, "EBADMSG"),
    ("unknown lane", {**BASE, 4: 3}, "EINVAL"),
    ("permissive that is a number", {**BASE, 13: 0}, "EBADMSG"),
    ("permissive that says the default", {**BASE, 13: False}, "EINVAL"),
    ("unknown key", {**BASE, 14: 0}, "EINVAL"),
    ("unknown quota", {**BASE, 8: {len(QuotaKind): 1}}, "EINVAL"),
    ("unknown audit level", {**BASE, 10: 3}, "EINVAL"),
    ("code of 31 bytes", {**BASE, 6: [bytes(31)]}, "EINVAL"),
    ("capability of an unknown class", {**BASE, 5: [{**CAP, 1: 8}]}, "EINVAL"),
    ("capability without rights", {**BASE, 5: [{**CAP, 3: 0}]}, "EINVAL"),
    ("capability with an unknown right", {**BASE, 5: [{**CAP, 3: 1 << 17}]}, "EINVAL"),
    ("capability with an id", {**BASE, 5: [{**CAP, 6: 1}]}, "EINVAL"),
    ("capability twice", {**BASE, 5: [CAP, CAP]}, "EINVAL"),
    ("path that is relative", {**BASE, 5: [{**CAP, 2: b"tmp"}]}, "EINVAL"),
    ("path with NUL", {**BASE, 5: [{**CAP, 2: b"/tmp\0"}]}, "EINVAL"),
    ("uses of 0", {**BASE, 5: [{**CAP, 4: {2: 0}}]}, "EINVAL"),
    ("depth of 255", {**BASE, 5: [{**CAP, 4: {4: 255}}]}, "EINVAL"),
    (
        "address bits beyond the prefix",
        {**BASE, 5: [{1: 3, 2: [1, 2, bytes([10, 0, 0, 1]), 8, 1, 1], 3: 1}]},
        "EINVAL",
    ),
]


def _raw(what: str, payload: bytes, error: str) -> dict[str, Any]:
    return {"what": what, "cose": cose.sign(payload, KEY).hex(), "error": error}


def manifests() -> Iterator[dict[str, Any]]:
    for data in MANIFESTS:
        signed = loads(json.dumps(data)).sign(KEY)
        yield {"what": data["name"], "cose": signed.hex(), "error": "", "yaml": data}
    for what, value, error in WRONG:
        yield _raw(what, cbor.encode(value), error)
    least = cbor.encode(BASE)
    yield _raw("bytes left over", least + b"\x00", "EBADMSG")
    yield _raw("a long number", least.replace(b"\x01\x01", b"\x01\x18\x01", 1), "EBADMSG")
    yield _raw("keys out of order", b"\xa5\x02\x61x\x01\x01" + least[6:], "EBADMSG")
    yield _raw("cut off", least[:-1], "EBADMSG")
    whole = loads("name: least").sign(KEY)
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    yield {"what": "another signature", "cose": flipped.hex(), "error": "EKEYREJECTED"}
    yield {"what": "no tag", "cose": whole[1:].hex(), "error": "EBADMSG"}


def main() -> None:
    head = {"source": SOURCE, "seed": KEY.seed.hex(), "public": KEY.public.raw.hex()}
    texts = [{"text": text, "cbor": caps.parse(text).encode().hex()} for text in CAPS]
    for name, value in (
        ("manifests", {**head, "manifests": list(manifests())}),
        ("capabilities", {"source": SOURCE, "capabilities": texts}),
    ):
        VECTORS.mkdir(exist_ok=True)
        (VECTORS / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    main()
