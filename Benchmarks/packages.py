#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Installing 16 packages beside uv, unpacking beside GNU tar, memory by size, and what a cut transfer costs."""

import base64
import contextlib
import hashlib
import io
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

from bench import (binaries, environment, in_turns, peak_memory, python_tool, registry, remove, report, scratch,
                   seconds)

ROUNDS = 9
# Of the archives, in KiB: 16 MiB in all.
SIZES = [12, 20, 40, 60, 90, 130, 180, 250, 350, 500, 750, 1000, 1500, 2200, 3300, 6000]
FILE = 24_000
iii = binaries() / "iii"
uv = python_tool("uv", "uv")


def files_of(name: str, kibibytes: int) -> dict[str, bytes]:
    """Files that pack to about this much: letters that compress to three quarters."""
    generator = random.Random(name)
    letters = base64.encodebytes(generator.randbytes(kibibytes * 1024))
    return {f"part{start // FILE:03}.py": letters[start:start + FILE] for start in range(0, len(letters), FILE)}


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """A wheel of these files, with the metadata beside it that uv asks for first."""
    module = name.replace("-", "_")
    path, info = folder / f"{module}-1.0.0-py3-none-any.whl", f"{module}-1.0.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode()
    entries = {f"{module}/{key}": value for key, value in files.items()}
    entries[f"{info}/METADATA"] = metadata
    entries[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{key},sha256={base64.urlsafe_b64encode(hashlib.sha256(value).digest()).rstrip(b'=').decode()},{len(value)}"
            for key, value in entries.items()]
    entries[f"{info}/RECORD"] = "\n".join(rows + [f"{info}/RECORD,,"]).encode() + b"\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, value in entries.items():
            archive.writestr(key, value)
    path.with_name(path.name + ".metadata").write_bytes(metadata)
    return path


@contextlib.contextmanager
def index(folder: Path, names: list[str]):
    """The wheels behind nginx, as an index that pip and uv understand."""
    root = folder / "www"
    (root / "files").mkdir(parents=True)
    for name, kibibytes in zip(names, SIZES):
        path = wheel(root / "files", name, files_of(name, kibibytes))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        metadata = hashlib.sha256(path.with_name(path.name + ".metadata").read_bytes()).hexdigest()
        page = root / "simple" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f'<!DOCTYPE html><html><body><a href="../../files/{path.name}#sha256={digest}" '
                        f'data-core-metadata="sha256={metadata}">{path.name}</a></body></html>')
    # Its workers run as another user.
    for path in [folder, root]:
        path.chmod(0o755)
    (folder / "nginx.conf").write_text(f"""
        worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
          types {{ text/html html; }}
          server {{ listen 127.0.0.1:18981; root {root}; }} }}""")
    server = subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        wait_for(18981)
        yield "http://127.0.0.1:18981/simple"
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def publish(folder: Path, name: str, files: dict[str, bytes], values: dict) -> None:
    root = folder / name
    root.mkdir(parents=True)
    (root / "iii.worker.yaml").write_text(
        f"name: {name}\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python -m main\n")
    for path, content in files.items():
        (root / path).write_bytes(content)
    subprocess.run([iii, "worker", "publish", root], check=True, env=values, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def beside_uv(folder: Path, url: str, key: str) -> None:
    names = [f"package-{number:02}" for number in range(len(SIZES))]
    for name, kibibytes in zip(names, SIZES):
        publish(folder / "source", name, files_of(name, kibibytes), environment(folder, url, key))
    values, project, home = environment(folder, url), folder / "project", folder / "home"

    def add():
        """A fresh home and a fresh project each time."""
        remove(home)
        remove(project)
        project.mkdir()
        return seconds([iii, "worker", "add", *names], env=values, cwd=project)

    def sync():
        """Another copy of the project on this machine."""
        return seconds([iii, "worker", "sync"], env=values, cwd=project)

    with index(folder, names) as simple:
        cache, kept, target = folder / "uv-cache", folder / "uv-interpreter", folder / "uv-target"
        command = [uv, "pip", "install", "--no-config", "--index-url", simple, "--target", target, "--python",
                   sys.executable, *names]
        uv_values = {**os.environ, "UV_CACHE_DIR": str(cache)}

        def install(is_warm: bool):
            remove(target)
            if not is_warm:
                # What uv knows of the interpreter stays: it is no part of installing.
                remove(cache)
                if kept.exists():
                    shutil.copytree(kept, cache)
            return seconds(command, env=uv_values)

        install(False)
        kept.mkdir()
        for path in cache.glob("interpreter-*"):
            shutil.copytree(path, kept / path.name)

        cold = in_turns(ROUNDS, {"iii": add, "uv": lambda: install(False)})
        show("16 packages, cold", cold, 1.5)
        add()
        install(False)
        warm = in_turns(ROUNDS, {"iii": sync, "uv": lambda: install(True)})
        show("16 packages, warm: sync beside uv pip install", warm, 2)


def show(what: str, medians: dict[str, float], limit: float) -> None:
    ratio = medians["iii"] / medians["uv"]
    print(f"{what}: iii {medians['iii'] * 1000:.0f} ms, uv {medians['uv'] * 1000:.0f} ms")
    report(f"{what}, of uv", f"{ratio:.2f}", f"at most {limit}", ratio <= limit)


def beside_tar(folder: Path) -> None:
    generator, archive = random.Random(3), folder / "tree.tar.gz"
    with tarfile.open(archive, "w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for number in range(3000):
            content = base64.encodebytes(generator.randbytes(10_300))
            entry = tarfile.TarInfo(f"d{number // 100}/e{number % 10}/file{number}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    print(f"3,000 files in an archive of {archive.stat().st_size / 1e6:.0f} MB")
    target = folder / "unpacked"

    def fresh(command: list):
        remove(target)
        target.mkdir()
        return seconds(command)

    medians = in_turns(ROUNDS, {"iii": lambda: fresh([binaries() / "bench-unpack", archive, target]),
                                "tar": lambda: fresh(["tar", "xzf", archive, "-C", target])})
    ratio = medians["iii"] / medians["tar"]
    print(f"unpacking: iii {medians['iii'] * 1000:.0f} ms, tar {medians['tar'] * 1000:.0f} ms")
    report("unpacking 3,000 files from disk, of GNU tar", f"{ratio:.2f}", "at most 1", ratio <= 1)


def memory(folder: Path, url: str, key: str) -> None:
    peaks = {}
    for name, mebibytes in [("light", 1), ("heavy", 60)]:
        content = random.Random(name).randbytes(mebibytes << 20)
        pieces = {f"part{start >> 20}": content[start:start + (1 << 20)] for start in range(0, len(content), 1 << 20)}
        publish(folder / "source", name, pieces, environment(folder, url, key))
        remove(folder / "home")
        project = folder / name
        project.mkdir()
        peaks[name] = peak_memory([iii, "worker", "add", name], env=environment(folder, url), cwd=project) / 1024
    more = peaks["heavy"] - peaks["light"]
    report("peak memory of adding 60 MiB, over that of 1 MiB", f"{peaks['heavy']:.0f} MiB, {more:.0f} more",
           "at most 16 MiB more", more <= 16)


class CuttingProxy(threading.Thread):
    """Passes connections on, counts what comes back, and cuts the first large answer at half of `size`."""

    def __init__(self, upstream: tuple[str, int], size: int):
        super().__init__(daemon=True)
        self.upstream, self.limit, self.has_cut, self.passed = upstream, size // 2, False, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self) -> None:
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.upstream)
            threading.Thread(target=self.carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self.carry, args=(far, near, True), daemon=True).start()

    def carry(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 18):
                count += len(piece)
                if counts and not self.has_cut and count > self.limit:
                    self.has_cut = True
                    break
                sink.sendall(piece)
                self.passed += len(piece) if counts else 0
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def cut(folder: Path) -> None:
    size = 256 << 20
    root = folder / "native"
    root.mkdir()
    (root / "iii.worker.yaml").write_text("name: native\nversion: 1.0.0\ndeploy: binary\n")
    generator = random.Random(1)
    with open(root / "native", "wb") as file:
        # As a program for this machine begins: what is none is not published.
        with open(sys.executable, "rb") as program:
            file.write(program.read(64))
        for _ in range(size >> 20):
            file.write(generator.randbytes(1 << 20))
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    proxy = CuttingProxy(("127.0.0.1", port), size)
    with registry(folder, "--listen", f"127.0.0.1:{port}", "--public-url", proxy.url) as (_, key):
        direct = environment(folder, f"http://127.0.0.1:{port}", key)
        subprocess.run([iii, "worker", "publish", root, "--artifact", root / "native"], check=True, env=direct,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        proxy.passed, project = 0, folder / "project-of-native"
        project.mkdir()
        values = {**environment(folder, proxy.url), "III_HOME": str(folder / "home-of-native")}
        subprocess.run([iii, "worker", "add", "native"], check=True, env=values, cwd=project,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not proxy.has_cut:
        sys.exit("nothing was cut")
    cost = proxy.passed / size
    report("bytes of 256 MiB that were cut at half", f"{cost * 100:.1f} %", "at most 151 %", cost <= 1.51)


PARTS = sys.argv[1:] or ["uv", "tar", "memory", "cut"]
with scratch() as folder:
    if "tar" in PARTS:
        beside_tar(folder)
    if "cut" in PARTS:
        (folder / "cut").mkdir()
        cut(folder / "cut")
    if "uv" in PARTS or "memory" in PARTS:
        with registry(folder) as (url, key):
            if "uv" in PARTS:
                beside_uv(folder, url, key)
            if "memory" in PARTS:
                memory(folder, url, key)
