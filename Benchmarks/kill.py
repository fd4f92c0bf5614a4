#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Publishes with the server killed (-9) at random moments: nothing acknowledged is lost, nothing is torn.

usage: kill.py [PUBLICATIONS]      1,000 without a number
"""

import hashlib
import io
import itertools
import json
import random
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request

from bench import binaries, report, scratch

WANTED = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
program = binaries() / "iii-registry"
generator = random.Random(7)


def call(method: str, url: str, body=None, key=None):
    headers = {"X-API-Key": key} if key else {}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10) as answer:
        return answer.read()


def bundle(name: str, version: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        text = f"name: {name}\nversion: {version}\nscripts:\n  start: python main.py\n".encode()
        entry = tarfile.TarInfo("iii.worker.yaml")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def start(data) -> tuple[subprocess.Popen, str]:
    server = subprocess.Popen([program, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-level", "error",
                               "--keyed-requests-per-minute", "0"], stdout=subprocess.PIPE, text=True)
    for line in server.stdout:
        if line.startswith("listening on "):
            return server, line.removeprefix("listening on ").strip()
    raise SystemExit("the registry did not start")


def publish_until_dead(url: str, key: str, worker: str, first: int, done: list) -> None:
    number = first
    try:
        while True:
            version = f"1.0.{number}"
            archive = bundle(worker, version)
            digest = hashlib.sha256(archive).hexdigest()
            call("PUT", f"{url}/blobs/sha256/{digest}", archive, key)
            body = {"worker_name": worker, "version": version, "type": "bundle", "tag": "latest", "sha256": digest}
            call("POST", f"{url}/publish", json.dumps(body).encode(), key)
            done.append((worker, version, digest))
            number += 1
    except urllib.error.HTTPError as error:
        # A publication that was made and not acknowledged is there: the next number is free.
        if error.code == 409:
            return publish_until_dead(url, key, worker, number + 1, done)
        raise
    except OSError:
        return
    except Exception as error:  # an answer that was cut
        if "http.client" not in type(error).__module__:
            raise


with scratch() as folder:
    data = folder / "registry"
    server, url = start(data)
    key = subprocess.run([program, "key", "create", "--data", data, "--account", "bench"], check=True,
                         capture_output=True, text=True).stdout.strip()
    acknowledged, kills, unclean, looked = [], 0, 0, 0
    lost, torn = set(), set()

    def look(url: str, versions: list) -> None:
        for worker, version, digest in versions:
            try:
                answer = json.loads(call("GET", f"{url}/download/{worker}?version={version}"))
                blob = call("GET", f"{url}/blobs/sha256/{answer['sha256']}")
                if hashlib.sha256(blob).hexdigest() != digest:
                    torn.add((worker, version))
            except urllib.error.HTTPError:
                lost.add((worker, version))

    for number in itertools.count(1):
        if len(acknowledged) >= WANTED:
            break
        before = len(acknowledged)
        threads = [threading.Thread(target=publish_until_dead, args=(url, key, f"worker-{n}", before, acknowledged))
                   for n in range(3)]
        for thread in threads:
            thread.start()
        # Short enough for a few publications: most kills then fall into the middle of one.
        time.sleep(generator.uniform(0.002, 0.06))
        server.kill()
        server.wait()
        kills += 1
        for thread in threads:
            thread.join()
        if subprocess.run([program, "check", "--data", data], capture_output=True).returncode != 0:
            unclean += 1
        server, url = start(data)
        if number % 20 == 0:
            look(url, acknowledged[looked:])
            looked = len(acknowledged)
    # Once more all of them: none of the later kills has taken an earlier version.
    look(url, acknowledged)
    server.kill()
    server.wait()
    print(f"{len(acknowledged)} acknowledged publications, {kills} kills")
    report("acknowledged versions that were lost", str(len(lost)), "0", not lost)
    report("versions that were torn", str(len(torn)), "0", not torn)
    report("checks that found damage", str(unclean), "0", unclean == 0)
