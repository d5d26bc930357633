# SPDX-License-Identifier: Apache-2.0
"""inside.py LOG STEP...: one boot of a machine whose shards are kept in /run/out/log.

Runs in a guest with a TPM, as root, which attacks what it can; LOG is what the disk had before.
What it found stands in /run/out/found, a JSON object.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pycoconut import abi
from pycoconut.agentfs import AgentFs
from pycoconut.cli import main as coconut
from pycoconut.daemon import writer
from pycoconut.daemon.paths import Paths
from pycoconut.keys import PublicKey, SecretKey

PATHS = Paths(Path("/run/writer"))
OUT = Path("/run/out")
NONCE = "00112233445566778899aabbccddeeff"
PATIENCE = 60.0
FOUND: dict[str, object] = {}
PCR = f"pcr:sha256:{abi.TPM_PCR}"


def wait_for(what: str, there: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.1)


def stats() -> dict[str, str]:
    return AgentFs().stats()


def a_record() -> None:
    """Something that stands in the chain."""
    AgentFs().add_authorizer(PublicKey(SecretKey.make("x").public.raw, "x"))


def extended() -> None:
    """A record, and the extension that it is the reason for."""
    before = int(stats()["tpm_extends"])
    a_record()
    wait_for("an extension", lambda: int(stats()["tpm_extends"]) > before)


def ask(*argv: str) -> int:
    """One of Debian's tools for the TPM; its status."""
    environ = {**os.environ, "TPM2TOOLS_TCTI": "device:/dev/tpmrm0"}
    return subprocess.run(argv, env=environ, timeout=PATIENCE, check=False).returncode


# ---- steps ----


def unseal() -> None:
    """Root asks for the root in every way that there is."""
    index = hex(abi.TPM_NV_ROOT)
    FOUND["there"] = ask("tpm2_nvreadpublic", index)
    FOUND["unsealed"] = {
        "by its policy": ask("tpm2_nvread", index, "-s", "32", "-P", PCR),
        "by its password": ask("tpm2_nvread", index, "-s", "32"),
        "as owner": ask("tpm2_nvread", index, "-s", "32", "-C", "o"),
        "reset": ask("tpm2_pcrreset", str(abi.TPM_PCR)),
        "written": ask("tpm2_nvwrite", index, "-P", PCR, "-i", "/bin/busybox"),
        "counted anew": ask("tpm2_nvwrite", hex(abi.TPM_NV_COUNTER), "-i", "/bin/busybox"),
    }


def quote() -> None:
    extended()
    words = ["audit", "quote", "--nonce", NONCE, "-o", str(OUT / "quote")]
    FOUND["quoted"] = coconut([*words, "--key-output", str(OUT / "key.pem")])


def idle() -> None:
    """Of itself nothing is extended."""
    extended()
    time.sleep(3)
    before = stats()["tpm_extends"]
    time.sleep(3)
    FOUND["idle"] = stats()["tpm_extends"] == before


def meddle() -> None:
    """Root extends the PCR, too."""
    assert ask("tpm2_pcrextend", f"{abi.TPM_PCR}:sha256={'ab' * 32}") == 0
    extended()


def die() -> None:
    """The TPM goes away under a chain that goes on."""
    (OUT / "tpm-dies").touch()
    time.sleep(1)
    a_record()
    wait_for("the loss", lambda: stats()["anchored"] == "lost")
    recorded = int(stats()["recorded"])
    for _ in range(20):
        a_record()
    wait_for("seals", lambda: int(stats()["sealed"]) >= recorded + 20)


STEPS = {step.__name__: step for step in (unseal, quote, idle, meddle, die)}


# ---- the boot ----


def keep(log: str) -> int:
    """Starts the writer over what the disk had before; its process id."""
    for path in (PATHS.agent, PATHS.log, PATHS.run):
        path.mkdir(parents=True)
    (OUT / "log").mkdir()
    if log:
        subprocess.run(["cp", "-a", f"{log}/.", str(OUT / "log")], check=True)
    subprocess.run(["mount", "--bind", "/agent", str(PATHS.agent)], check=True)
    subprocess.run(["mount", "--bind", str(OUT / "log"), str(PATHS.log)], check=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = writer.main([], PATHS)
        finally:
            os._exit(status)
    wait_for("the writer", PATHS.writer.exists)
    return child


def main(log: str, *steps: str) -> None:
    FOUND["stats"] = stats()
    keeper = keep(log)
    for step in steps:
        STEPS[step]()
    FOUND["last"] = stats()
    os.kill(keeper, signal.SIGUSR2)
    os.waitpid(keeper, 0)
    FOUND["messages"] = subprocess.run(["dmesg"], capture_output=True, text=True).stdout
    (OUT / "found").write_text(json.dumps(FOUND))


if __name__ == "__main__":
    main(*sys.argv[1:])
