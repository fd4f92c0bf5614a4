# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""An OCI layout of the registry, made without a container engine: the program, the libraries it names, and nothing else."""

import hashlib
import json
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .archives import Entry, compressed, tar

USER = 65532


def libraries(program: Path) -> list[Entry]:
    """The shared libraries that a program loads, and what loads them, at the paths where it looks."""
    rows = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout.splitlines()
    found = []
    for row in rows:
        if place := re.search(r"(?:=> )?(/\S+) \(0x", row):
            path = Path(place.group(1))
            target = path if str(path).startswith("/lib64/") else Path("/usr/lib") / program_folder(path)
            found.append(Entry(str(target)[1:], path.read_bytes(), mode=0o755))
    return found


def program_folder(path: Path) -> Path:
    """Where a library lies below `/usr/lib`: the folder of its processor, and its name."""
    return Path(path.parent.name) / path.name if "-linux-gnu" in path.parent.name else Path(path.name)


def layout(program: Path, version: str, architecture: str, at: int) -> list[Entry]:
    """The files of the layout, with one manifest."""
    files = [
        Entry("usr/bin/iii-registry", program.read_bytes(), mode=0o755),
        Entry("lib", link="usr/lib"),
        Entry("etc/passwd", f"root:x:0:0:root:/:/\niii-registry:x:{USER}:{USER}::/data:/\n".encode()),
        Entry("etc/group", f"root:x:0:\niii-registry:x:{USER}:\n".encode()),
        Entry("etc/nsswitch.conf", b"hosts: files dns\n"),
        Entry("data", mode=0o700, owner=USER),
        Entry("tmp", mode=0o1777),
        *libraries(program),
    ]
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        files.append(Entry("etc/ssl/certs/ca-certificates.crt", certificates.read_bytes()))
    plain = tar(files, at)
    layer = compressed(plain)
    created = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    blobs: dict[str, bytes] = {}

    def keep(contents: bytes) -> dict:
        digest = hashlib.sha256(contents).hexdigest()
        blobs[digest] = contents
        return {"digest": f"sha256:{digest}", "size": len(contents)}

    def text(value: dict) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    command = ["/usr/bin/iii-registry", "serve"]
    configuration = {
        "created": created, "architecture": architecture, "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "Entrypoint": command, "WorkingDir": "/data", "StopSignal": "SIGTERM",
            "Env": ["PATH=/usr/bin", "III_REGISTRY_DATA=/data", "III_REGISTRY_LISTEN=0.0.0.0:8080"],
            "ExposedPorts": {"8080/tcp": {}}, "Volumes": {"/data": {}},
            "Healthcheck": {"Test": ["CMD", "/usr/bin/iii-registry", "health"], "Interval": 30_000_000_000,
                            "Timeout": 5_000_000_000, "StartPeriod": 10_000_000_000},
            "Labels": {"org.opencontainers.image.title": "iii-registry", "org.opencontainers.image.version": version,
                       "org.opencontainers.image.licenses": "Apache-2.0"},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]},
        "history": [{"created": created, "created_by": "make dist"}],
    }
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **keep(text(configuration))},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **keep(layer)}],
    }
    row = {"mediaType": manifest["mediaType"], **keep(text(manifest)),
           "platform": {"os": "linux", "architecture": architecture},
           "annotations": {"org.opencontainers.image.ref.name": version}}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [row]}
    return [Entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), Entry("index.json", text(index)),
            *(Entry(f"blobs/sha256/{digest}", contents) for digest, contents in blobs.items())]
