# SPDX-License-Identifier: Apache-2.0
"""The software bill of materials: SPDX 2.3 as JSON, from dpkg's own list and our parts."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pycoconut.imgbuild.recipe import Wheel

__all__ = ["Part", "parts_of_debian", "parts_of_wheels", "render"]


@dataclass(frozen=True)
class Part:
    """One component. @sha256 is of what is installed, where it is one file of ours."""

    name: str
    version: str
    supplier: str
    purl: str = ""
    licence: str = "NOASSERTION"
    sha256: str = ""
    source: str = ""

    @property
    def ref(self) -> str:
        """SPDX allows letters, digits, dot and hyphen."""
        safe = "".join(c if c.isalnum() or c in ".-" else "-" for c in self.name)
        return f"SPDXRef-Package-{safe}"


def _stanzas(status: str) -> Iterator[dict[str, str]]:
    """The paragraphs of a control file, first lines of fields only."""
    for paragraph in status.split("\n\n"):
        fields = {}
        for line in paragraph.splitlines():
            if line and not line[0].isspace() and ": " in line:
                name, value = line.split(": ", 1)
                fields[name] = value
        if fields:
            yield fields


def parts_of_debian(status: str, suite: str) -> list[Part]:
    """What dpkg calls installed."""
    found = []
    for row in _stanzas(status):
        if row.get("Status") != "install ok installed":
            continue
        name, version, arch = row["Package"], row["Version"], row["Architecture"]
        found.append(
            Part(
                name,
                version,
                "Organization: Debian",
                f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={arch}&distro={suite}",
                source=row.get("Source", name),
            )
        )
    return found


def parts_of_wheels(wheels: Sequence[Wheel]) -> list[Part]:
    """What came from a Python index."""
    return [
        Part(w.name, w.version, "NOASSERTION", f"pkg:pypi/{w.name}@{w.version}", sha256=w.sha256)
        for w in wheels
    ]


def _package(part: Part) -> dict[str, object]:
    row: dict[str, object] = {
        "SPDXID": part.ref,
        "name": part.name,
        "versionInfo": part.version,
        "supplier": part.supplier,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": part.licence,
        "copyrightText": "NOASSERTION",
    }
    if part.source:
        row["sourceInfo"] = f"built from Debian source package {part.source}"
    if part.sha256:
        row["checksums"] = [{"algorithm": "SHA256", "checksumValue": part.sha256}]
    if part.purl:
        row["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": part.purl,
            }
        ]
    return row


def render(name: str, parts: Sequence[Part], epoch: int) -> str:
    """The document; @epoch is its time, so that the same parts give the same bytes."""
    rows = [_package(part) for part in sorted(parts, key=lambda p: (p.name, p.version))]
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{digest}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "creators": ["Tool: pycoconut.imgbuild"],
        },
        "packages": rows,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": row["SPDXID"],
            }
            for row in rows
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
