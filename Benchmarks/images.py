#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Pulling an image beside skopeo and umoci, memory, what a second pull costs, and pulls that are killed (-9).

III_BENCH_KILLS is how many pulls are killed (100). The images are kept in .build-bench, since making them takes a while.
"""

import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess
from pathlib import Path

from bench import TOOLS, binaries, environment, image_registry, in_turns, peak_memory, put_aside, remove, report, scratch, seconds

ROUNDS = 5
KILLS = int(os.environ.get("III_BENCH_KILLS", "100"))
LAYERS = 4
# Of each layer: about 5,800 files and 250 MB in all.
FILES, BYTES, LARGE = 1450, 62_000_000, 100_000
iii = binaries() / "iii"


def chosen_files() -> list[list[Path]]:
    """For each layer files of this machine, the same ones each time: many small ones, and large ones for the size."""
    small, large = [], []
    for root in ["/usr/lib", "/usr/share", "/usr/bin"]:
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and 0 < status.st_size < 8_000_000 and status.st_nlink == 1:
                    (small if status.st_size < LARGE else large).append((path, status.st_size))
    generator = random.Random(5)
    for files in [small, large]:
        files.sort()
        generator.shuffle(files)
    layers = []
    for _ in range(LAYERS):
        chosen = [small.pop() for _ in range(FILES * 9 // 10)]
        while large and len(chosen) < FILES and sum(size for _, size in chosen) < BYTES:
            chosen.append(large.pop())
        layers.append([path for path, _ in chosen])
    return layers


def made_images() -> Path:
    """A layout with two images, `a` and `b`, the second with another topmost layer; made once, which takes a minute."""
    folder = TOOLS / "images"
    if (folder / "whole").exists():
        return folder
    remove(folder)
    folder.mkdir(parents=True)

    def umoci(*words):
        subprocess.run(["umoci", *words], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def fill(rootfs: Path, files: list[Path]) -> None:
        for path in files:
            target = rootfs / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)

    umoci("init", "--layout", "made")
    umoci("new", "--image", "made:a")
    umoci("unpack", "--image", "made:a", "first")
    layers = chosen_files()
    for number, files in enumerate(layers):
        if number == LAYERS - 1:
            umoci("tag", "--image", "made:a", "b")
        fill(folder / "first" / "rootfs" / f"layer{number}", files)
        umoci("repack", "--refresh-bundle", "--image", "made:a", "first")
    umoci("unpack", "--image", "made:b", "second")
    fill(folder / "second" / "rootfs" / "other", layers[0][:100])
    umoci("repack", "--image", "made:b", "second")
    for tag in ["a", "b"]:
        umoci("config", "--image", f"made:{tag}", "--architecture", architecture(), "--config.cmd", "/bin/true")
    remove(folder / "first")
    remove(folder / "second")
    (folder / "whole").touch()
    return folder


def push_images(host: str) -> None:
    """`big:1`, and `big:2` that shares all but its topmost layer with it."""
    for tag, number in [("a", 1), ("b", 2)]:
        subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"oci:made:{tag}",
                        f"docker://{host}/t/big:{number}"], check=True, cwd=made_images(), stdout=subprocess.DEVNULL)


def architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def blobs_sent(log: Path) -> list[str]:
    """The digests of the blobs that were asked for, one for each request."""
    return re.findall(r'"GET /v2/t/big/blobs/sha256:([0-9a-f]{64}) HTTP', log.read_text())


def layers_of(folder: Path, host: str, tag: int) -> list[dict]:
    answer = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{host}/t/big:{tag}"],
                            check=True, capture_output=True)
    return json.loads(answer.stdout)["layers"]


def contents(root: Path) -> str:
    """A digest over path, kind, mode, size, time and contents of all that is in a folder, but for setuid."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(folders + names):
            path = Path(folder, name)
            status = path.lstat()
            isfile = stat.S_ISREG(status.st_mode)
            mode = status.st_mode & ~0o6000 if isfile else status.st_mode
            line = [path.relative_to(root), oct(mode), status.st_size if isfile else 0, int(status.st_mtime)]
            found.update(repr([str(part) for part in line]).encode())
            if isfile:
                found.update(path.read_bytes())
    return found.hexdigest()


with scratch() as folder, image_registry(folder) as (host, log):
    push_images(host)
    values, project = environment(folder, f"http://{host}"), folder / "project"
    layers = layers_of(folder, host, 1)
    packed = sum(layer["size"] for layer in layers)

    def add(tag: int, keeping: bool = False) -> list:
        """The command that adds an image to a fresh project, in a fresh home unless it is kept."""
        if not keeping:
            put_aside(folder / "home")
        remove(project)
        project.mkdir()
        (project / "config.yaml").write_text("workers: []\n")
        return [iii, "worker", "add", f"{host}/t/big:{tag}", "--isolation", "namespaces", "--no-wait"]

    def ours() -> float:
        return seconds(add(1), env=values, cwd=project)

    def peer() -> float:
        for name in ["layout", "peer"]:
            put_aside(folder / name)
        return (seconds(["skopeo", "copy", "--src-tls-verify=false", f"docker://{host}/t/big:1", "oci:layout:a"], cwd=folder)
                + seconds(["umoci", "unpack", "--image", "layout:a", "peer"], cwd=folder))

    medians = in_turns(ROUNDS, {"iii": ours, "peer": peer})
    ratio = medians["iii"] / medians["peer"]
    tree = next((folder / "home" / "store" / "images" / "sha256").iterdir()) / "rootfs"
    files = [path for path in tree.rglob("*") if path.is_file()]
    print(f"{LAYERS} layers of {packed / 1e6:.0f} MB, unpacked {sum(path.stat().st_size for path in files) / 1e6:.0f} MB in "
          f"{len(files)} files: iii {medians['iii'] * 1000:.0f} ms, skopeo copy and umoci unpack {medians['peer'] * 1000:.0f} ms")
    report("pull of an image, of skopeo copy and umoci unpack", f"{ratio:.2f}", "at most 0.7", ratio <= 0.7)
    wanted = contents(folder / "peer" / "rootfs")
    report("the tree beside umoci's", "equal" if contents(tree) == wanted else "different", "equal", contents(tree) == wanted)

    memory = peak_memory(add(1), env=values, cwd=project)
    report("peak memory of a pull", f"{memory / 1024:.0f} MiB", "below 100 MiB", memory < 100 * 1024)

    before = len(blobs_sent(log))
    again = in_turns(ROUNDS, {"iii": lambda: seconds(add(1, keeping=True), env=values, cwd=project)})["iii"]
    sent = len(blobs_sent(log)) - before
    report("the same image again", f"{again * 1000:.0f} ms, {sent} blobs fetched", "below 50 ms, 0 blobs",
           again < 0.050 and sent == 0)

    before = len(blobs_sent(log))
    seconds(add(2, keeping=True), env=values, cwd=project)
    shared = {layer["digest"] for layer in layers}
    others = {layer["digest"].removeprefix("sha256:") for layer in layers_of(folder, host, 2)}
    sent = [digest for digest in blobs_sent(log)[before:] if digest in others]
    report("layers fetched of an image that shares 3 of 4", f"{len(sent)}", "1",
           len(sent) == 1 and f"sha256:{sent[0]}" not in shared)

    # Killed after a time that falls into every part of a pull; each next pull uses what the killed one left.
    generator, whole, broken, killed = random.Random(7), 0, 0, 0
    remove(folder / "home")
    while killed < KILLS:
        command = add(1, keeping=True)
        pull = subprocess.Popen(command, env=values, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            pull.wait(timeout=generator.uniform(0, 1.1 * medians["iii"]))
        except subprocess.TimeoutExpired:
            pull.kill()
            pull.wait()
            killed += 1
            continue
        # One that was not killed: the next ones begin anew.
        broken += pull.returncode != 0 or contents(tree) != wanted
        whole += 1
        remove(folder / "home")
    finished = subprocess.run(add(1, keeping=True), env=values, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    broken += finished.returncode != 0 or contents(tree) != wanted
    print(f"{killed} pulls killed, {whole + 1} that came to their end")
    report("pulls after kills that failed or left another tree", str(broken), "0", broken == 0)
