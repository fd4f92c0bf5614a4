#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""A registry under siege: sixteen clients do their worst within its limits, one honest client reads meanwhile.

Reports how long the honest client waits, and the most memory of the server: less than 50 ms for 99 of 100 requests, and
less than 150 MiB. Ends with 1 where either is more. `--server PROGRAM` lays siege to another build than the release.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 20
PAGE = 100_000
PATIENCE_MS, MEMORY_MIB = 50, 150


class Siege:
    """Where the siege is laid, and when it ends."""

    def __init__(self, url: str, key: str, blob: str, source: str = "127.0.0.1"):
        self.parts, self.key, self.blob = urlsplit(url), key, blob
        #: Limits are for each address: sixteen clients have sixteen.
        self.source = (source, 0)
        self.until = time.monotonic() + SECONDS

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self.until

    def connect(self) -> socket.socket:
        connection = socket.create_connection((self.parts.hostname, self.parts.port), timeout=SECONDS, source_address=self.source)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        return connection

    def head(self, line: str, *fields: str) -> bytes:
        return "\r\n".join([line + " HTTP/1.1", f"Host: {self.parts.netloc}", *fields, "", ""]).encode()


def pipeliner(path: str):
    """Asks for a large page again and again, and takes nothing."""
    def attack(siege: Siege) -> None:
        with siege.connect() as connection:
            connection.settimeout(0.2)
            requests = siege.head(f"GET {path}") * 500
            while siege.is_on:
                with contextlib.suppress(TimeoutError):
                    connection.sendall(requests)
                    continue
                time.sleep(0.2)
    return attack


def taker(path: str):
    """Asks for many large pages at once, and takes them all."""
    def attack(siege: Siege) -> None:
        with siege.connect() as connection:
            requests = siege.head(f"GET {path}") * 50
            place = bytearray(1 << 20)
            connection.sendall(requests)
            while siege.is_on:
                if connection.recv_into(place) == 0:
                    return
                with contextlib.suppress(BlockingIOError):
                    connection.send(requests, socket.MSG_DONTWAIT)
    return attack


def asker(method: str, path: str, body: str | None = None, **fields: str):
    """One question after the other, as fast as they are answered."""
    def attack(siege: Siege) -> None:
        connection = http.client.HTTPConnection(siege.parts.netloc, source_address=siege.source)
        while siege.is_on:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in fields.items()})
            connection.getresponse().read()
    return attack


def connector(siege: Siege) -> None:
    """Connections that say half of a head, one after the other."""
    while siege.is_on:
        with contextlib.suppress(OSError), siege.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
            time.sleep(0.01)


def holder(siege: Siege) -> None:
    """Bodies that drip, as many as an address may have open."""
    connections = []
    for _ in range(60):
        connections.append(siege.connect())
        connections[-1].sendall(siege.head("POST /resolve", "Content-Length: 60000"))
    while siege.is_on:
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(b" " * 100)
        time.sleep(0.05)


def slow_reader(siege: Siege) -> None:
    """Takes a large blob as slowly as the server allows."""
    with siege.connect() as connection:
        connection.sendall(siege.head(f"GET /blobs/sha256/{siege.blob}"))
        while siege.is_on:
            connection.recv(2048)
            time.sleep(0.2)


def uploader(siege: Siege) -> None:
    """Blobs that are cut, and blobs that are not what they should be."""
    bytes_ = random.Random(1).randbytes(1 << 20)
    while siege.is_on:
        with contextlib.suppress(OSError), siege.connect() as connection:
            digest = hashlib.sha256(os.urandom(8)).hexdigest()
            connection.sendall(siege.head(f"PUT /blobs/sha256/{digest}", f"X-API-Key: {siege.key}",
                                          f"Content-Length: {len(bytes_)}"))
            connection.sendall(bytes_[:random.randrange(len(bytes_))])


def guesser(siege: Siege) -> None:
    """Wrong keys."""
    connection = http.client.HTTPConnection(siege.parts.netloc, source_address=siege.source)
    while siege.is_on:
        connection.request("GET", "/whoami", headers={"X-API-Key": "iii_" + hashlib.sha256(os.urandom(8)).hexdigest()[:43]})
        connection.getresponse().read()


def breaker(siege: Siege) -> None:
    """Bytes that are no HTTP."""
    while siege.is_on:
        with contextlib.suppress(OSError), siege.connect() as connection:
            connection.sendall(os.urandom(2000))
            connection.recv(4096)


ATTACKS = [
    pipeliner("/download/large"), pipeliner("/w/large"), pipeliner("/download/large"), taker("/download/large"),
    taker("/w/large"), asker("POST", "/resolve", json.dumps({"worker": "large", "version": ">=0.0.0 || " * 20 + "*"})),
    asker("POST", "/resolve", "[" * 60_000), asker("POST", "/resolve", json.dumps({"worker": "large", "x": ["\u0300" * 9000]})),
    asker("GET", "/w?search=" + "ab%20" * 60), asker("GET", "/w?search=larg&page_size=100"), connector, holder, slow_reader,
    uploader, guesser, breaker,
]


def honest(siege: Siege, samples: list[float], failures: list[str]) -> None:
    """Reads what an install reads: a page, a version, a resolve; a new connection every ten requests."""
    asked = 0
    while siege.is_on:
        connection = http.client.HTTPConnection(siege.parts.netloc, timeout=10)
        for _ in range(10):
            method, path, body = [
                ("GET", "/download/small", None), ("POST", "/resolve", '{"worker":"small"}'), ("GET", "/w/small", None),
            ][asked % 3]
            asked += 1
            start = time.perf_counter()
            try:
                connection.request(method, path, body)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    failures.append(f"{path}: {answer.status}")
            except OSError as error:
                failures.append(f"{path}: {error}")
                break
            samples.append((time.perf_counter() - start) * 1000)
            time.sleep(0.005)
        connection.close()


def call(url: str, method: str, path: str, body: bytes, key: str) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request(method, path, body, {"X-API-Key": key})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
    return text


def prepare(url: str, key: str) -> str:
    """Publishes a large worker and a small one, and uploads a blob; its digest."""
    for name, padding in (("large", PAGE), ("small", 10)):
        for number in range(20):
            request = {"worker_name": name, "version": f"1.{number}.0", "type": "image", "tag": "latest",
                       "image_tag": "ghcr.io/a/b:1", "config": {"x": "a" * padding}, "readme": "word " * (padding // 5)}
            call(url, "POST", "/publish", json.dumps(request).encode(), key)
    blob = random.Random(2).randbytes(32 << 20)
    digest = hashlib.sha256(blob).hexdigest()
    call(url, "PUT", f"/blobs/sha256/{digest}", blob, key)
    return digest


def slowest_of_hundred(samples: list[float]) -> float:
    """The time within which 99 of 100 are; without end for a client that was hardly answered at all."""
    return statistics.quantiles(samples, n=100)[98] if len(samples) >= 100 else float("inf")


class Memory(threading.Thread):
    """The most memory of a process, in MiB."""

    def __init__(self, process: int):
        super().__init__(daemon=True)
        self.process, self.most = process, 0.0

    def run(self) -> None:
        while True:
            try:
                status = Path(f"/proc/{self.process}/status").read_text()
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmRSS:"):
                    self.most = max(self.most, int(line.split()[1]) / 1024)
            time.sleep(0.05)


@contextlib.contextmanager
def serving(program: Path, folder: Path):
    """A registry with the limits that it has by itself: its URL, a key, and its process."""
    data = folder / "registry"
    with open(folder / "out", "w+") as output:
        server = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", "--data", data], stdout=output,
                                  stderr=subprocess.DEVNULL)
        try:
            for _ in range(400):
                found = [line.removeprefix("listening on ").strip() for line in (folder / "out").read_text().splitlines()
                         if line.startswith("listening on ")]
                if found:
                    break
                time.sleep(0.05)
            else:
                sys.exit("the registry did not start")
            key = subprocess.run([program, "key", "create", "--data", data, "--account", "siege"], check=True,
                                 capture_output=True, text=True).stdout.strip()
            yield found[0], key, server.pid
        finally:
            server.terminate()
            server.wait()


def run_attack(attack, siege: Siege) -> None:
    """Goes on until the siege ends, whatever the server does to its connections."""
    while siege.is_on:
        with contextlib.suppress(OSError, http.client.HTTPException):
            attack(siege)
        time.sleep(0.01)


def attackers(url: str, key: str, blob: str) -> list[subprocess.Popen]:
    """Each in a process of its own: they must not wait for each other."""
    return [subprocess.Popen([sys.executable, __file__, "--attack", str(number), url, key, blob])
            for number in range(len(ATTACKS))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=Path)
    parser.add_argument("--attack", nargs=4)
    options = parser.parse_args()
    if options.attack:
        number, url, key, blob = options.attack
        return run_attack(ATTACKS[int(number)], Siege(url, key, blob, f"127.0.1.{int(number) + 1}"))
    if options.server is None:
        from bench import binaries
        options.server = binaries() / "iii-registry"
    with tempfile.TemporaryDirectory(prefix="iii-siege-") as folder, \
            serving(options.server, Path(folder)) as (url, key, process):
        blob = prepare(url, key)
        memory = Memory(process)
        memory.start()
        samples: list[float] = []
        failures: list[str] = []
        calm = Siege(url, key, blob)
        calm.until = time.monotonic() + 3
        honest(calm, samples, failures)
        alone = slowest_of_hundred(samples)
        samples.clear()
        running = attackers(url, key, blob)
        time.sleep(1)
        honest(Siege(url, key, blob), samples, failures)
        for attacker in running:
            attacker.wait()
    p99, most = slowest_of_hundred(samples), memory.most
    median = statistics.median(samples) if samples else float("inf")
    print(f"siege: {len(samples)} honest requests beside {len(ATTACKS)} attackers: median {median:.1f} ms, "
          f"99 of 100 within {p99:.1f} ms (alone {alone:.1f} ms), failures {len(failures)}, memory {most:.0f} MiB")
    for failure in failures[:5]:
        print("  " + failure)
    if p99 >= PATIENCE_MS or most >= MEMORY_MIB or failures:
        sys.exit(1)


if __name__ == "__main__":
    main()
