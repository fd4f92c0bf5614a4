# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""What the programs are made of besides our own: licences for people, a bill of materials for machines."""

import json
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE.txt", "NOTICE")


@dataclass(frozen=True)
class Part:
    """A package that is linked in."""
    name: str
    version: str
    licence: str
    text: str
    place: str


def swift_packages(root: Path) -> list[Part]:
    """What `dependencies.txt` lists, with the licences of the checkouts."""
    checkouts = {path.name.lower(): path for path in (root / ".build" / "checkouts").iterdir()}
    parts = []
    for line in (root / "dependencies.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, version, licence, _ = (cell.strip() for cell in line.split("|"))
        folder = checkouts.get(name.lower())
        if folder is None:
            continue
        texts = [(folder / file).read_text(errors="replace").strip() for file in TEXTS if (folder / file).is_file()]
        parts.append(Part(name, version, licence, "\n\n".join(texts), f"pkg:swift/{name}@{version}"))
    return parts


def toolchain(version: str) -> Part:
    """Swift's own libraries, which are linked in."""
    text = "The Swift standard library, Foundation and libdispatch: Apache License 2.0 with Runtime Library Exception.\n" \
           "ICU data and code in Foundation: Unicode License v3."
    return Part("swift", version, "Apache-2.0 WITH Swift-exception", text, f"pkg:generic/swift@{version}")


def system_libraries(libraries: list[str]) -> list[Part]:
    """The static libraries of Debian's packages that are linked in."""
    parts = {}
    for library in libraries:
        package = subprocess.run(["dpkg", "-S", library], check=True, capture_output=True, text=True).stdout.split(":")[0]
        if package in parts:
            continue
        version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True, capture_output=True,
                                 text=True).stdout
        text = Path(f"/usr/share/doc/{package}/copyright").read_text(errors="replace").strip()
        parts[package] = Part(package, version, "LicenseRef-Debian-copyright", text, f"pkg:deb/debian/{package}@{version}")
    return list(parts.values())


def notices(parts: list[Part]) -> str:
    """The licences of all parts, one after the other."""
    head = "The programs of iii hold code of these packages.\n"
    return head + "".join(f"\n{'=' * 78}\n{part.name} {part.version} ({part.licence})\n{'=' * 78}\n\n{part.text}\n" for part in parts)


def bill(parts: list[Part], version: str, at: int, commit: str) -> str:
    """A bill of materials in SPDX 2.3."""
    created = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def row(name: str, number: str, licence: str, place: str | None) -> dict:
        found = {"SPDXID": "SPDXRef-" + "".join(c if c.isalnum() else "-" for c in name), "name": name, "versionInfo": number,
                 "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": licence,
                 "licenseDeclared": licence, "copyrightText": "NOASSERTION"}
        if place:
            found["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": place}]
        return found

    ours = row("iii", version, "Apache-2.0", None)
    rows = [row(part.name, part.version, part.licence, part.place) for part in parts]
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"iii-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/iii-{version}-{commit}",
        "creationInfo": {"created": created, "creators": ["Tool: make-dist"]},
        "packages": [ours, *rows],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": ours["SPDXID"]},
                          *({"spdxElementId": ours["SPDXID"], "relationshipType": "CONTAINS", "relatedSpdxElement": item["SPDXID"]}
                            for item in rows)],
        "hasExtractedLicensingInfos": [{"licenseId": "LicenseRef-Debian-copyright", "extractedText": "See THIRD-PARTY-NOTICES."}],
    }
    return json.dumps(document, indent=1) + "\n"
