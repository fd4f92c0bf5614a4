# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""A registry's worth of workers, the same for the same number: names, words and dependencies spread as in real registries.

    Benchmarks/registry_data.py 50000 > workers.jsonl      one publish request a line
"""

import http.client
import json
import queue
import random
import sys
import threading
from urllib.parse import urlsplit

# Few words are in many workers, many are in few: words are drawn by a power of their rank.
SUBJECTS = """http json pdf image shell database cache queue mail search video audio text vector chart map calendar
weather translate summarize scrape crawl parse render convert resize compress encrypt sign verify deploy build test lint
format index embed rank classify detect extract merge split sort filter stream batch schedule notify log trace monitor
postgres mysql sqlite redis kafka rabbit mongo elastic github gitlab slack discord telegram stripe paypal twilio openai
anthropic ollama whisper ffmpeg pandoc latex markdown html css csv excel word powerpoint invoice contract ledger payroll
geo route flight hotel ticket recipe fitness sleep music podcast book news stock crypto auction shipping inventory""".split()
ENDINGS = "tools sync worker bot agent proxy bridge helper kit hub lite pro engine client server store watch lab".split()
VERBS = "reads writes converts checks sends finds watches collects resizes signs stores answers plans explains".split()
FILLER = """a worker that with the for of and from into files data events messages documents in every project on demand
quickly safely while streaming without configuration using functions of the engine""".split()


def rare_words(random_: random.Random, count: int) -> list[str]:
    """Made-up words, such as product names are."""
    parts = "ba co di fu ga he ki lo mu na pe qui ro sa tu ve xo zi".split()
    return ["".join(random_.choice(parts) for _ in range(random_.randint(2, 4))) for _ in range(count)]


def pick(random_: random.Random, words: list[str]) -> str:
    return words[int(len(words) * random_.random() ** 3)]


def skeleton(name: str) -> str:
    """The name as the registry tells look-alikes by: two of the same are refused."""
    for shown, folded in [("-", ""), ("_", ""), ("0", "o"), ("1", "l"), ("rn", "m"), ("vv", "w")]:
        name = name.replace(shown, folded)
    return name


def workers(count: int):
    """Publish requests for this many workers, each with a name of its own."""
    random_ = random.Random(7)
    rare = rare_words(random_, 20_000)
    names: list[str] = []
    seen = set()
    for number in range(count):
        subject, other = pick(random_, SUBJECTS), pick(random_, SUBJECTS)
        name = f"{subject}-{random_.choice(ENDINGS)}" if random_.random() < 0.5 else f"{pick(random_, rare)}-{subject}"
        while skeleton(name) in seen:
            name = f"{name}-{pick(random_, rare)}"
        seen.add(skeleton(name))
        names.append(name)
        sentence = [random_.choice(VERBS), subject, "and", other] + random_.choices(FILLER, k=8)
        readme = [f"# {name}\n"] + random_.choices(FILLER + SUBJECTS, k=150) + random_.choices(rare, k=20)
        kind = random_.choices(["binary", "bundle", "image", "engine"], [5, 3, 1, 1])[0]
        request = {
            "worker_name": name, "version": f"{random_.randint(0, 4)}.{random_.randint(0, 20)}.0", "type": kind,
            "tag": "latest", "description": " ".join(sentence), "readme": " ".join(readme), "license": "Apache-2.0",
            "repo": f"https://git.example/{name}", "tags": sorted({subject, other, random_.choice(ENDINGS)}),
            "functions": [{"name": f"{name.replace('-', '_')}::{verb}", "request_schema": {"type": "object"}}
                          for verb in random_.sample(VERBS, 2)],
            "dependencies": [{"name": dependency, "version": "*"} for dependency in
                             {names[int(number * random_.random() ** 2)] for _ in range(random_.randint(0, 3))} - {name}],
        }
        digest = f"{number:064x}"
        if kind == "binary":
            request["binaries"] = {target: {"url": f"https://cdn.example/{name}-{target}.tar.gz", "sha256": digest}
                                   for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"]}
        elif kind == "bundle":
            request |= {"archive_url": f"https://cdn.example/{name}.tar.gz", "sha256": digest}
        elif kind == "image":
            request["image_tag"] = f"registry.example/{name}@sha256:{digest}"
        yield request


def publish(url: str, key: str, requests, connections: int = 32) -> None:
    """Publishes over several connections at once; what is there already stays."""
    waiting: queue.Queue = queue.Queue(maxsize=4 * connections)
    failures: list[str] = []

    def send(connection: http.client.HTTPConnection, request: dict) -> None:
        body = json.dumps(request).encode()
        connection.request("POST", "/publish", body, {"X-API-Key": key, "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 409):
            failures.append(f"{request['worker_name']}: {answer.status} {text[:300]!r}")

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
        while (request := waiting.get()) is not None:
            if failures:
                continue
            try:
                send(connection, request)
            except OSError as error:
                failures.append(f"{request['worker_name']}: {error}")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for request in requests:
        if failures:
            break
        waiting.put(request)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"publishing failed: {failures[0]}")


if __name__ == "__main__":
    for worker in workers(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000):
        print(json.dumps(worker, separators=(",", ":")))
