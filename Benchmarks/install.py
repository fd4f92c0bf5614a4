#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Installing from a registry on loopback: a small bundle, a large one beside curl, sha256sum and tar, and memory."""

import base64
import random
import subprocess
from pathlib import Path

from bench import binaries, environment, in_turns, peak_memory, put_aside, registry, remove, report, scratch, seconds

ROUNDS = 9
iii = binaries() / "iii"


def bundle(folder: Path, name: str, files: int, size: int, contents) -> Path:
    """A bundle of `files` files of `size` bytes, made by `contents(generator, size)`."""
    generator = random.Random(name)
    root = folder / name
    (root / "src").mkdir(parents=True)
    (root / "iii.worker.yaml").write_text(
        f"name: {name}\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python -m main\n")
    for number in range(files):
        (root / "src" / f"file{number:04}.py").write_bytes(contents(generator, size))
    return root


def noise(generator: random.Random, size: int) -> bytes:
    """What does not compress."""
    return generator.randbytes(size)


def letters(generator: random.Random, size: int) -> bytes:
    """What compresses to three quarters, as base64 does."""
    return base64.encodebytes(generator.randbytes(size * 57 // 77))[:size]


def publish(root: Path, values: dict) -> None:
    subprocess.run([iii, "worker", "publish", root], check=True, env=values, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


with scratch() as folder, registry(folder) as (url, key):
    keyed = environment(folder, url, key)
    publish(bundle(folder, "small", 20, 10_000, noise), keyed)
    publish(bundle(folder, "large", 1000, 65_000, letters), keyed)
    publish(bundle(folder, "heavy", 60, 1_020_000, noise), keyed)
    values = environment(folder, url)
    project = folder / "project"

    def add(name: str):
        """A fresh home and a fresh project each time."""
        put_aside(folder / "home")
        put_aside(project)
        project.mkdir()
        return seconds([iii, "worker", "add", name], env=values, cwd=project)

    digest = subprocess.run(["sh", "-c", f"curl -s '{url}/download/large' | grep -o '\"sha256\":\"[0-9a-f]*' | cut -d '\"' -f 4"],
                            check=True, capture_output=True, text=True).stdout.strip()

    def pipeline():
        put_aside(folder / "peer")
        (folder / "peer").mkdir()
        script = f"set -o pipefail; curl -sf {url}/blobs/sha256/{digest} | tee >(sha256sum >sum) | tar xz"
        return seconds(["bash", "-c", script], cwd=folder / "peer")

    small = in_turns(ROUNDS, {"add": lambda: add("small")})["add"]
    report("add of a 200 KB bundle", f"{small * 1000:.0f} ms", "below 150 ms", small < 0.150)

    medians = in_turns(ROUNDS, {"iii": lambda: add("large"), "pipeline": pipeline})
    ratio = medians["iii"] / medians["pipeline"]
    print(f"1,000 files, an archive of 50 MB: iii {medians['iii'] * 1000:.0f} ms, curl | sha256sum | tar {medians['pipeline'] * 1000:.0f} ms")
    report("add of 1,000 files, of curl | sha256sum | tar", f"{ratio:.2f}", "at most 0.4", ratio <= 0.4)

    remove(folder / "home")
    remove(project)
    project.mkdir()
    memory = peak_memory([iii, "worker", "add", "heavy"], env=values, cwd=project)
    report("peak memory of adding a 60 MiB archive", f"{memory / 1024:.0f} MiB", "below 64 MiB", memory < 64 * 1024)
