#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Calls through the engine beside request and reply over NATS and Redis, and what an idle worker costs.

One C program asks and answers for all three hubs (`roundtrips.c`), so that what differs is the hub. Everything is on
loopback of one machine: asker, answerer and hub share its processors.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path

from bench import ROOT, TOOLS, binaries, in_turns, report, scratch

ROUNDS = 5
SECONDS = 2
BYTES = 64
IDLE = 5000


def client() -> Path:
    program = TOOLS / "roundtrips"
    source = ROOT / "Benchmarks" / "roundtrips.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        TOOLS.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, source], check=True)
    return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(port: int, command: list, **options):
    """A server that accepts on a port: its process, and how many seconds it took to accept."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.perf_counter() - start > 10:
                raise SystemExit(f"did not start: {' '.join(map(str, command))}")
            time.sleep(0.0005)
        yield process, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()


def resident(process: subprocess.Popen) -> int:
    """The resident memory of a process, in KiB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("no VmRSS")


with scratch() as folder, contextlib.ExitStack() as stack:
    roundtrips = client()
    (folder / "config.yaml").write_text("workers: []\n")
    values = {**os.environ, "III_HOME": str(folder / "home"), "III_NO_TELEMETRY": "1"}
    ports = {name: free_port() for name in ("iii", "nats", "redis")}
    iii = [binaries() / "iii", "--listen", f"127.0.0.1:{ports['iii']}"]

    def start() -> float:
        with running(ports["iii"], iii, cwd=folder, env=values) as (_, seconds):
            return seconds

    ready = in_turns(ROUNDS, {"iii": start})["iii"]
    report("from start to accepting", f"{ready * 1000:.0f} ms", "below 50 ms", ready < 0.050)

    engine, _ = stack.enter_context(running(ports["iii"], iii, cwd=folder, env=values))
    stack.enter_context(running(ports["nats"], ["/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", str(ports["nats"])]))
    stack.enter_context(running(ports["redis"], ["redis-server", "--port", str(ports["redis"]), "--save", "",
                                                 "--appendonly", "no"], cwd=folder))

    def run(*words) -> dict:
        return json.loads(subprocess.run([roundtrips, *map(str, words)], check=True, capture_output=True).stdout)

    def through(hub: str, in_flight: int, member: str):
        return lambda: run(hub, ports[hub], SECONDS, in_flight, BYTES)[member]

    latency = in_turns(ROUNDS, {hub: through(hub, 1, "p50_us") for hub in ports}
                       | {"direct": lambda: run("direct", SECONDS, BYTES)["p50_us"]})
    print("one call at a time, median: " + ", ".join(f"{name} {value:.0f} µs" for name, value in latency.items()))
    added = latency["iii"] - latency["direct"]
    report("what the engine adds to a call", f"{added:.0f} µs", "below 100 µs", added < 100)

    rate = in_turns(ROUNDS, {hub: through(hub, 64, "per_second") for hub in ports})
    print("64 in flight: " + ", ".join(f"{name} {value:,.0f} calls/s" for name, value in rate.items()))
    report("calls a second, 64 in flight", f"{rate['iii']:,.0f}", "above 40,000", rate["iii"] > 40_000)

    before = resident(engine)
    with subprocess.Popen([roundtrips, "idle", str(ports["iii"]), str(IDLE)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as idlers:
        if idlers.stdout.readline() != "ready\n":
            raise SystemExit("idle workers could not connect: is the limit of open files high enough?")
        time.sleep(1)
        each = (resident(engine) - before) / IDLE
        report(f"memory of each of {IDLE} idle workers", f"{each:.1f} KiB", "below 20 KiB", each < 20)
        idlers.stdin.close()
