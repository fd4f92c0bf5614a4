#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Search over many workers, and a worker with many versions beside one with two.

III_BENCH_WORKERS is how many workers (50,000). The filled registry is kept in .build-bench, since filling takes minutes.
"""

import http.client
import os
import random
import statistics
import time
from urllib.parse import quote, urlsplit

import bench
import registry_data

WORKERS = int(os.environ.get("III_BENCH_WORKERS", "50000"))
VERSIONS = 2000
ROUNDS = 300


def typo(random_: random.Random, word: str) -> str:
    """The word with one character less, more, other, or two swapped."""
    place = random_.randrange(1, len(word))
    return random_.choice([
        word[:place] + word[place + 1:], word[:place] + "q" + word[place:],
        word[:place - 1] + word[place] + word[place - 1] + word[place + 1:], word[:place] + "q" + word[place + 1:]])


def questions() -> dict[str, list[str]]:
    """Paths by what they ask for."""
    random_ = random.Random(11)
    known = [worker["worker_name"] for worker in registry_data.workers(min(WORKERS, 5000))]
    common, endings = registry_data.SUBJECTS, registry_data.ENDINGS

    def many(make) -> list[str]:
        return [make() for _ in range(ROUNDS)]

    def search(text: str, more: str = "") -> str:
        return f"/w?search={quote(text)}{more}"

    return {
        "whole name": many(lambda: search(random_.choice(known))),
        "common word": many(lambda: search(random_.choice(common[:30] + ["worker", "the", "files"]))),
        "beginning of a word": many(lambda: search(random_.choice(common)[:3])),
        "two words": many(lambda: search(f"{random_.choice(common)} {random_.choice(endings)}")),
        "part of a name": many(lambda: search(random_.choice(common)[1:])),
        "typing error": many(lambda: search(typo(random_, random_.choice(common + endings)))),
        "nothing": many(lambda: search(f"zzq{random_.randrange(10 ** 6)}")),
        "word and type": many(lambda: search(random_.choice(common), f"&type={random_.choice(['engine', 'image'])}")),
        "word by time": many(lambda: search(random_.choice(common), "&sort=recent")),
        "tag": many(lambda: f"/w?tag={random_.choice(common + endings)}"),
        "all": many(lambda: f"/w?sort={random_.choice(['downloads', 'recent'])}&page_size=100"),
    }


class Client:
    def __init__(self, url: str):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def milliseconds(self, method: str, path: str, body: str | None = None) -> float:
        start = time.perf_counter()
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
        return (time.perf_counter() - start) * 1000


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def search_times(client: Client) -> None:
    for name, paths in questions().items():
        client.milliseconds("GET", paths[0])
        times = [client.milliseconds("GET", path) for path in paths]
        p99 = percentile(times, 0.99)
        bench.report(f"search over {WORKERS:,} workers, {name}, p99 of {len(times)}",
                     f"{p99:.2f} ms, median {statistics.median(times):.2f}", "< 10 ms", p99 < 10)


def version_times(client: Client, url: str, key: str) -> None:
    def versions(name: str, count: int):
        for number in range(count):
            yield {"worker_name": name, "version": f"1.{number}.0", "type": "engine", "tag": "latest"}

    registry_data.publish(url, key, versions("few-versions", 2), connections=1)
    registry_data.publish(url, key, versions("many-versions", VERSIONS), connections=1)
    for title, ask in {
        "detail of latest": lambda name: client.milliseconds("GET", f"/w/{name}"),
        "detail of a version": lambda name: client.milliseconds("GET", f"/w/{name}?version=1.1.0"),
        "detail of a range": lambda name: client.milliseconds("GET", f"/w/{name}?version=%5E1.1"),
        "resolve of a range": lambda name: client.milliseconds("POST", "/resolve", f'{{"worker":"{name}","version":"^1"}}'),
    }.items():
        times = bench.in_turns(200, {name: lambda name=name: ask(name) for name in ["few-versions", "many-versions"]})
        ratio = times["many-versions"] / times["few-versions"]
        bench.report(f"{title} with {VERSIONS:,} versions, of the time with 2", f"{ratio:.2f}", "<= 1.2", ratio <= 1.2)


def main() -> None:
    folder = bench.TOOLS / f"search-{WORKERS}"
    folder.mkdir(parents=True, exist_ok=True)
    with bench.registry(folder) as (url, key):
        filled = folder / "filled"
        if not filled.exists():
            start = time.perf_counter()
            registry_data.publish(url, key, registry_data.workers(WORKERS))
            filled.touch()
            print(f"     {WORKERS:,} workers published in {time.perf_counter() - start:.0f} s", flush=True)
        client = Client(url)
        search_times(client)
        version_times(client, url, key)


if __name__ == "__main__":
    main()
