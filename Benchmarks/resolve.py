#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""`POST /resolve` of a graph of 30 workers, at 200 requests a second whether or not the answers keep up.

Latency is counted from the moment at which a request was due, so that a slow answer does not hide the ones behind it.
"""

import http.client
import json
import statistics
import threading
import time
from urllib.parse import urlsplit

import bench
import registry_data

NODES = 30
RATE = 200
SECONDS = 20
CONNECTIONS = 8


def publications():
    """A worker that needs others that need others, each in three versions: 30 in all, with 60 edges."""
    for number in reversed(range(NODES)):
        needs = sorted({min(number + step, NODES - 1) for step in (1, 3, 7)} - {number})
        for version in ("1.0.0", "1.1.0", "2.0.0"):
            yield {
                "worker_name": f"graph-{number}", "version": version, "type": "binary", "tag": "latest",
                "repo": "https://git.example/graph", "config": {"filler": "x" * 200},
                "dependencies": [{"name": f"graph-{need}", "version": "^1.0.0" if need % 2 else "*"} for need in needs],
                "binaries": {"x86_64-unknown-linux-gnu": {"url": "https://cdn.example/a.tar.gz", "sha256": "ab" * 32}},
            }


def ask(connection: http.client.HTTPConnection) -> int:
    connection.request("POST", "/resolve", '{"worker":"graph-0","version":"*"}', {"Content-Type": "application/json"})
    answer = connection.getresponse()
    graph = json.loads(answer.read()) if answer.status == 200 else {}
    return len(graph.get("graph", []))


def latencies(url: str) -> list[float]:
    """Milliseconds of every request, each sent when it is due by one of some connections."""
    start = time.perf_counter() + 0.2
    found: list[float] = []

    def work(first: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.connect()
        for number in range(first, RATE * SECONDS, CONNECTIONS):
            due = start + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", "/resolve", '{"worker":"graph-0","version":"*"}')
            answer = connection.getresponse()
            answer.read()
            found.append((time.perf_counter() - due) * 1000 if answer.status == 200 else float("inf"))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


with bench.scratch() as folder, bench.registry(folder, "--log-level", "warning") as (url, key):
    registry_data.publish(url, key, publications(), connections=1)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    nodes = ask(connection)
    if nodes != NODES:
        raise SystemExit(f"the graph has {nodes} workers rather than {NODES}")
    times = latencies(url)
    p99 = times[int(len(times) * 0.99)]
    bench.report(f"resolve of {NODES} workers at {RATE} requests a second, p99 of {len(times):,}",
                 f"{p99:.2f} ms, median {statistics.median(times):.2f}", "< 5 ms", p99 < 5)
