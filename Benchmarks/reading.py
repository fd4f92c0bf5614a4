#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Reading from the registry: pages beside nginx, docker-registry and devpi-server, blobs beside the first two, memory."""

import base64
import hashlib
import json
import os
import re
import socket
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from bench import in_turns, python_tool, registry, report, scratch

ROUNDS = 5
SECONDS = 2
BLOB = 64 << 20


def call(method: str, url: str, body=None, **headers):
    request = urllib.request.Request(url, body, {name.replace("_", "-"): text for name, text in headers.items()}, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read(), answer.headers


def requests_a_second(url: str, connections: int, *options: str) -> float:
    text = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", *options, url], check=True,
                          capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{url} answered errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", text)[1])


class Drain(threading.Thread):
    """Fetches one URL again and again, and has the kernel throw the bodies away: a client that copied them would be
    most of what is measured."""

    def __init__(self, url: str, until: float):
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self.connection = socket.create_connection((parts.hostname, parts.port))
        self.request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        self.until, self.received, self.failure = until, 0, ""

    def run(self) -> None:
        place = bytearray(1 << 20)
        while time.perf_counter() < self.until and not self.failure:
            self.connection.sendall(self.request)
            head = bytearray()
            while b"\r\n\r\n" not in head:
                head += self.connection.recv(1)
            if not head.startswith(b"HTTP/1.1 200"):
                self.failure = head.decode()
                return
            rest = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            while rest > 0 and time.perf_counter() < self.until:
                count = self.connection.recv_into(place, min(rest, len(place)), socket.MSG_TRUNC)
                if count == 0:
                    self.failure = "the answer ended early"
                    return
                rest -= count
                self.received += count


def processor_seconds(pids: list[int]) -> float:
    """What processes and their threads have used of processors."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            # It ended meanwhile.
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        # It ended meanwhile.
        children = []
    return [pid] + [int(child) for child in children]


def drained(url: str, connections: int, pid: int) -> tuple[float, float]:
    """MiB a second, and seconds of processors that the server used for a GiB."""
    before, start = processor_seconds(family(pid)), time.perf_counter()
    clients = [Drain(url, start + SECONDS) for _ in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
        client.connection.close()
        if client.failure:
            raise SystemExit(f"{url}: {client.failure}")
    received = sum(client.received for client in clients)
    used = processor_seconds(family(pid)) - before
    return received / (1 << 20) / (time.perf_counter() - start), used / (received / (1 << 30))


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            call("GET", url)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens at {url}")


def nginx(folder: Path, page: bytes, blob: bytes):
    root = folder / "www"
    root.mkdir()
    (root / "page").write_bytes(page)
    (root / "blob").write_bytes(blob)
    # Its workers run as another user.
    for path in [folder, root]:
        path.chmod(0o755)
    (folder / "nginx.conf").write_text(f"""
        worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type application/json;
          server {{ listen 127.0.0.1:18980; root {root}; }} }}""")
    return subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)


def docker_registry(folder: Path):
    (folder / "docker.yml").write_text(json.dumps({
        "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "docker")}}, "http": {"addr": "127.0.0.1:18981"}}))
    return subprocess.Popen(["docker-registry", "serve", folder / "docker.yml"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def fill_docker(base: str, blob: bytes) -> tuple[str, str]:
    """Stores a blob and a manifest of it; the URLs of both."""
    def push(data: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        _, headers = call("POST", f"{base}/v2/a/blobs/uploads/", b"")
        place = headers["Location"]
        call("PUT", place + ("&" if "?" in place else "?") + f"digest={digest}", data, Content_Type="application/octet-stream")
        return digest
    config, layer = push(b"{}"), push(blob)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind,
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": config},
                "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(blob), "digest": layer}]}
    call("PUT", f"{base}/v2/a/manifests/1", json.dumps(manifest).encode(), Content_Type=kind)
    return f"{base}/v2/a/manifests/1", f"{base}/v2/a/blobs/{layer}"


def devpi(folder: Path):
    program = python_tool("devpi-server", "devpi-server")
    data = folder / "devpi"
    subprocess.run([program.parent / "devpi-init", "--serverdir", data, "--no-root-pypi", "--root-passwd", "x"], check=True,
                   stdout=subprocess.DEVNULL)
    return subprocess.Popen([program, "--serverdir", data, "--port", "18982"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def fill_devpi(base: str) -> str:
    """Makes an index with one package; the URL of its simple page."""
    answer, _ = call("POST", f"{base}/+login", json.dumps({"user": "root", "password": "x"}).encode(),
                     Content_Type="application/json")
    token = "root:" + json.loads(answer)["result"]["password"]
    key = base64.b64encode(token.encode()).decode()
    call("PUT", f"{base}/root/dev", json.dumps({"type": "stage", "bases": []}).encode(), X_Devpi_Auth=key,
         Content_Type="application/json")
    fields = {":action": "file_upload", "name": "smoke", "version": "1.2.3", "filetype": "sdist",
              "metadata_version": "2.1", "protocol_version": "1"}
    parts = [f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    parts.append('--part\r\nContent-Disposition: form-data; name="content"; filename="smoke-1.2.3.tar.gz"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\nbytes\r\n--part--\r\n")
    call("POST", f"{base}/root/dev/", "".join(parts).encode(), X_Devpi_Auth=key,
         Content_Type="multipart/form-data; boundary=part")
    return f"{base}/root/dev/+simple/smoke/"


def resident(pid: int) -> int:
    """Resident memory in KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def server_of(folder: Path) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and str(folder / "registry").encode() in (entry / "cmdline").read_bytes().split(b"\0"):
            return int(entry.name)
    raise SystemExit("the registry is gone")


with scratch() as folder, registry(folder, "--log-level", "warning") as (url, key):
    pid = server_of(folder)
    time.sleep(1)
    idle = resident(pid)
    report("memory when idle", f"{idle / 1024:.0f} MiB", "below 60 MiB", idle < 60 << 10)

    publication = {"worker_name": "smoke", "version": "1.2.3", "type": "binary", "tag": "latest",
                   "config": {"filler": "x" * 700},
                   "binaries": {"x86_64-unknown-linux-gnu": {"url": "https://cdn.example.com/smoke.tar.gz", "sha256": "ab" * 32}}}
    call("POST", f"{url}/publish", json.dumps(publication).encode(), X_API_Key=key, Content_Type="application/json")
    page, _ = call("GET", f"{url}/download/smoke")
    blob = os.urandom(1 << 20) * (BLOB >> 20)
    digest = hashlib.sha256(blob).hexdigest()
    call("PUT", f"{url}/blobs/sha256/{digest}", blob, X_API_Key=key)

    peers = [nginx(folder, page, blob), docker_registry(folder), devpi(folder)]
    try:
        wait_for("http://127.0.0.1:18980/page")
        wait_for("http://127.0.0.1:18981/v2/")
        wait_for("http://127.0.0.1:18982/+api")
        simple = fill_devpi("http://127.0.0.1:18982")
        manifest, layer = fill_docker("http://127.0.0.1:18981", blob)
        print(f"pages of {len(page)} bytes at 64 connections, requests a second:")
        pages = in_turns(ROUNDS, {
            "iii": lambda: requests_a_second(f"{url}/download/smoke", 64),
            "nginx": lambda: requests_a_second("http://127.0.0.1:18980/page", 64),
            "docker-registry": lambda: requests_a_second(manifest, 64, "-H", "Accept: application/vnd.docker.distribution.manifest.v2+json"),
            "devpi-server": lambda: requests_a_second(simple, 64),
        })
        print("  " + ", ".join(f"{name} {rate:,.0f}" for name, rate in pages.items()))
        ratio = pages["iii"] / pages["devpi-server"]
        report("GET /download, of devpi-server's simple page", f"{ratio:.0f} times", "at least 10", ratio >= 10)
        ratio = pages["iii"] / pages["nginx"]
        report("GET /download, of nginx's static file", f"{ratio:.2f}", "at least 0.90", ratio >= 0.9)
        ratio = pages["iii"] / pages["docker-registry"]
        report("GET /download, of docker-registry's manifest", f"{ratio:.0f} times", "at least 5", ratio >= 5)

        contenders = {
            "iii": (f"{url}/blobs/sha256/{digest}", pid), "nginx": ("http://127.0.0.1:18980/blob", peers[0].pid),
            "docker-registry": (layer, peers[1].pid),
        }
        rounds = [{name: drained(place, 8, server) for name, (place, server) in contenders.items()}
                  for _ in range(ROUNDS + 1)][1:]
        blobs = {name: statistics.median(turn[name][0] for turn in rounds) for name in contenders}
        costs = {name: statistics.median(turn[name][1] for turn in rounds) for name in contenders}
        print("blobs of 64 MiB at 8 connections: "
              + ", ".join(f"{name} {blobs[name]:,.0f} MiB/s at {costs[name]:.3f} s of processors for a GiB" for name in blobs))
        ratio = blobs["iii"] / blobs["nginx"]
        report("GET /blobs, of nginx's sendfile", f"{ratio:.2f}", "at least 0.95", ratio >= 0.95)
        ratio = costs["iii"] / costs["nginx"]
        report("GET /blobs, processors for a byte, of nginx", f"{ratio:.2f}", "at most 1.3", ratio <= 1.3)
        ratio = blobs["iii"] / blobs["docker-registry"]
        report("GET /blobs, of docker-registry", f"{ratio:.2f}", "at least 1.3", ratio >= 1.3)
        used = resident(pid)
        report("memory after all of it", f"{used / 1024:.0f} MiB", "flat: below 100 MiB", used < 100 << 10)
    finally:
        for peer in peers:
            peer.terminate()
            peer.wait()
