# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""What the benchmarks share: programs, a registry on loopback, turns, medians."""

import contextlib
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".build-bench"


def binaries() -> Path:
    """The folder of the release builds."""
    path = subprocess.run(["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout.strip()
    if not (Path(path) / "iii").exists():
        sys.exit("no release build: run `make release` first")
    return Path(path)


def python_tool(package: str, program: str) -> Path:
    """A program from PyPI, in an environment of its own."""
    found = TOOLS / "bin" / program
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", "-q", package], check=True)
    return found


def seconds(command: list, **options) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    return time.perf_counter() - start


def peak_memory(command: list, **options) -> int:
    """The peak resident set of a command, in KiB."""
    with tempfile.NamedTemporaryFile("r") as report:
        subprocess.run(["/usr/bin/time", "-f", "%M", "-o", report.name, *command], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        return int(report.read().split()[-1])


def in_turns(rounds: int, contenders: dict) -> dict[str, float]:
    """The median of each contender, run one after the other in each round; the first round warms up and is dropped."""
    samples = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            value = contender()
            if number > 0:
                samples[name].append(value)
    return {name: statistics.median(values) for name, values in samples.items()}


@contextlib.contextmanager
def scratch():
    path = Path(tempfile.mkdtemp(prefix="iii-bench-"))
    try:
        yield path
    finally:
        subprocess.run(["chmod", "-R", "u+w", path], check=False)
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def registry(folder: Path, *options: str):
    """A registry on loopback: its URL and a key; `options` are more of those of `serve`."""
    programs = binaries()
    data = folder / "registry"
    log = open(folder / "registry.out", "w+")
    listen = [] if "--listen" in options else ["--listen", "127.0.0.1:0"]
    # Without limits of rates: one address asks for everybody.
    server = subprocess.Popen([programs / "iii-registry", "serve", *listen, "--data", data,
                               "--keyed-requests-per-minute", "0", "--questions-per-minute", "0", *options],
                              stdout=log, stderr=subprocess.DEVNULL)
    try:
        url = None
        for _ in range(200):
            for line in Path(log.name).read_text().splitlines():
                if line.startswith("listening on "):
                    url = line.removeprefix("listening on ")
            if url:
                break
            time.sleep(0.05)
        if not url:
            sys.exit("the registry did not start")
        key = subprocess.run([programs / "iii-registry", "key", "create", "--data", data, "--account", "bench"],
                             check=True, capture_output=True, text=True).stdout.strip()
        yield url, key
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def image_registry(folder: Path):
    """A docker-registry on loopback: its host and port, and its log of requests."""
    settings, log = folder / "docker-registry.yml", folder / "docker-registry.log"
    settings.write_text(f"""
        version: 0.1
        storage: {{filesystem: {{rootdirectory: {folder}/docker-registry}}}}
        http: {{addr: "127.0.0.1:0"}}""")
    with open(log, "w") as output:
        server = subprocess.Popen(["docker-registry", "serve", settings], stdout=output, stderr=output)
    try:
        for _ in range(400):
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())
            if found:
                break
            time.sleep(0.05)
        else:
            sys.exit("the docker-registry did not start")
        yield found.group(1), log
    finally:
        server.terminate()
        server.wait()


def environment(folder: Path, url: str, key: str = "") -> dict[str, str]:
    values = {**os.environ, "III_API_URL": url, "III_HOME": str(folder / "home"), "III_NO_TELEMETRY": "1"}
    if key:
        values["III_API_KEY"] = key
    return values


asides = itertools.count()


def remove(path: Path) -> None:
    subprocess.run(["chmod", "-R", "u+w", path], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)


def put_aside(path: Path) -> None:
    """Takes a folder out of the way; it goes with the rest of the scratch.

    Not removed before: ext4 is slow at making files just after it removed many.
    """
    if path.exists():
        path.rename(path.with_name(f"aside{next(asides)}"))


def report(title: str, value: str, limit: str, holds: bool) -> None:
    print(f"{'ok  ' if holds else 'MISS'} {title}: {value} (aim: {limit})", flush=True)
