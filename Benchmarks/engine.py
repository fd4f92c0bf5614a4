#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Calls through the engine beside request and reply over NATS and Redis, what a worker costs that is idle or does not
read, and how soon a worker is ready that was added.

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

from bench import ROOT, TOOLS, binaries, environment, in_turns, registry, report, scratch

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


def frame(message: dict) -> bytes:
    """A message as a worker sends it, with a mask of zeros."""
    text = json.dumps(message).encode()
    size = len(text)
    head = (bytes([0x80 | size]) if size < 126 else b"\xFE" + size.to_bytes(2, "big") if size < 65536
            else b"\xFF" + size.to_bytes(8, "big"))
    return b"\x81" + head + bytes(4) + text


def worker(port: int, name: str, *functions: str) -> socket.socket:
    """A connected worker that does nothing by itself."""
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    peer.recv(4096)
    peer.sendall(frame({"type": "invokefunction", "function_id": "engine::workers::register",
                        "action": {"type": "void"}, "data": {"name": name, "pid": os.getpid()}}))
    for function in functions:
        peer.sendall(frame({"type": "registerfunction", "id": function}))
    return peer


@contextlib.contextmanager
def clogged(port: int):
    """A worker that has stopped reading, and calls of it until its buffers are full."""
    with worker(port, "clogged", "clogged::f"), worker(port, "pours") as pours:
        call = {"type": "invokefunction", "function_id": "clogged::f", "data": "x" * (1 << 20)}
        for number in range(200):
            pours.sendall(frame(call | {"invocation_id": f"pour-{number}"}))
        answers = b""
        while b"channel_send_failed" not in answers:
            answers = answers[-100:] + pours.recv(65536)
        yield


def ready_after_add(folder: Path) -> float:
    """How long after `config.yaml` named it a native worker of ours was ready, in seconds."""
    project, source = folder / "added", folder / "roman-numerals"
    project.mkdir()
    source.mkdir()
    (project / "config.yaml").write_text("workers: []\n")
    (source / "iii.worker.yaml").write_text((ROOT / "Examples/roman-numerals/iii.worker.yaml").read_text())
    program = binaries() / "roman-numerals"
    if not program.exists():
        raise SystemExit("no release build of the example: run `swift build -c release --product roman-numerals` first")
    with registry(folder) as (url, key):
        values = environment(folder, url, key)
        tool = binaries() / "iii"
        subprocess.run([tool, "worker", "publish", source, "--artifact", program], cwd=folder, env=values, check=True,
                       stdout=subprocess.DEVNULL)
        engine = subprocess.Popen([tool, "--listen", "127.0.0.1:0"], cwd=project, env=values, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            engine.stdout.readline()

            def add() -> float:
                command = subprocess.Popen([tool, "worker", "add", "roman-numerals"], cwd=project, env=values,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while "is ready" not in engine.stderr.readline():
                    pass
                moment = time.time()
                # The file got its time when it was written, just before it took its place.
                passed = moment - (project / "config.yaml").stat().st_mtime
                if command.wait() != 0:
                    raise SystemExit("`iii worker add` failed")
                subprocess.run([tool, "worker", "remove", "roman-numerals"], cwd=project, env=values, check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while "stopped" not in engine.stderr.readline():
                    pass
                return passed

            return in_turns(ROUNDS, {"add": add})["add"]
        finally:
            engine.terminate()
            engine.wait()


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

    def beside_clogged() -> float:
        with clogged(ports["iii"]):
            return through("iii", 64, "per_second")()

    rate = in_turns(ROUNDS, {"alone": through("iii", 64, "per_second"), "beside": beside_clogged})
    kept = rate["beside"] / rate["alone"]
    report("of these calls, beside a worker that does not read", f"{kept:.0%}", "above 80%", kept > 0.8)

    ready = ready_after_add(folder)
    report("from the commit of `add` to a native worker ready", f"{ready * 1000:.0f} ms", "below 150 ms", ready < 0.150)
