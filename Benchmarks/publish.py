#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Publishing a bundle of 60 MiB over loopback, beside `skopeo copy` of an image with the same files into docker-registry.

`iii` begins with the folder: it looks for secrets in 60 files, packs them, compresses what can be (random bytes cannot),
hashes and uploads the archive. Its registry hashes, syncs to the disk, opens and checks the archive before it answers.

`skopeo` begins with an OCI layout whose one layer is made outside of the measurement. Once the layer is a plain tar, which
skopeo compresses on all processors while it uploads; once it is compressed already, so that skopeo only hashes and sends.
docker-registry hashes, and leaves it to the system when the bytes reach the disk. Every turn has new contents, so that
neither registry has any of it.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

from bench import binaries, environment, image_registry, in_turns, registry, remove, report, scratch, seconds

ROUNDS = 5
FILES, SIZE = 60, 1 << 20
iii = binaries() / "iii"


def blob(layout: Path, data: bytes, kind: str) -> dict:
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}


def image(layout: Path, root: Path, compressed: bool) -> None:
    """An OCI layout with one layer that holds the files of a folder."""
    remove(layout)
    (layout / "blobs" / "sha256").mkdir(parents=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(root, arcname="app")
    layer = packed.getvalue()
    history = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    base = "application/vnd.oci.image"
    kind = f"{base}.layer.v1.tar"
    if compressed:
        layer, kind = gzip.compress(layer, 6), kind + "+gzip"
    layers = [blob(layout, layer, kind)]
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [history]}}
    manifest = {
        "schemaVersion": 2, "mediaType": f"{base}.manifest.v1+json", "layers": layers,
        "config": blob(layout, json.dumps(config).encode(), f"{base}.config.v1+json"),
    }
    entry = blob(layout, json.dumps(manifest).encode(), manifest["mediaType"])
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


with scratch() as folder, registry(folder) as (url, key), image_registry(folder) as (host, _):
    values = environment(folder, url, key)
    root = folder / "large"
    (root / "data").mkdir(parents=True)
    version = 0

    def fresh() -> None:
        """New contents and a new version: neither registry has any of it."""
        global version
        version += 1
        (root / "iii.worker.yaml").write_text(
            f"name: large\nversion: 1.{version}.0\nlanguage: python\nscripts:\n  start: python -m main\n")
        for number in range(FILES):
            (root / "data" / f"{number:02}.bin").write_bytes(os.urandom(SIZE))

    def publish() -> float:
        fresh()
        return seconds([iii, "worker", "publish", root], env=values)

    def copy(compressed: bool) -> float:
        fresh()
        image(folder / "layout", root, compressed)
        target = f"docker://{host}/large:{version}"
        return seconds(["skopeo", "copy", "--dest-tls-verify=false", f"oci:{folder}/layout", target])

    medians = in_turns(
        ROUNDS, {"iii": publish, "packs": lambda: copy(compressed=False), "packed": lambda: copy(compressed=True)})
    print(f"60 MiB: iii packs and publishes in {medians['iii'] * 1000:.0f} ms; skopeo copies a layer that it compresses in "
          f"{medians['packs'] * 1000:.0f} ms, one that is compressed already in {medians['packed'] * 1000:.0f} ms")
    report("publish of 60 MiB, of skopeo copy that compresses", f"{medians['iii'] / medians['packs']:.2f}", "at most 1",
           medians["iii"] <= medians["packs"])
    report("publish of 60 MiB, of skopeo copy of what is compressed", f"{medians['iii'] / medians['packed']:.2f}",
           "at most 1", medians["iii"] <= medians["packed"])
