#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Images that the registry holds: pushed and pulled by skopeo, and documents, beside docker-registry and nginx."""

import os
import re
import subprocess
from pathlib import Path

from bench import image_registry, in_turns, registry, remove, report, scratch, seconds

ROUNDS = 5
SECONDS = 2
LAYERS, LAYER = 4, 23_000_000
TYPE = "application/vnd.oci.image.manifest.v1+json"


def made_image(folder: Path) -> None:
    """A layout of one image whose layers compress no further."""
    def umoci(*words):
        subprocess.run(["umoci", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    umoci("init", "--layout", "img")
    umoci("new", "--image", "img:a")
    umoci("unpack", "--image", "img:a", "tree")
    for number in range(LAYERS):
        (folder / f"tree/rootfs/layer{number}").write_bytes(os.urandom(LAYER))
        umoci("repack", "--refresh-bundle", "--image", "img:a", "tree")


def requests_a_second(url: str) -> float:
    text = subprocess.run(["wrk", "-t2", "-c64", f"-d{SECONDS}s", "-H", f"Accept: {TYPE}", url], check=True,
                          capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{url} answered errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", text)[1])


def nginx(folder: Path, document: bytes):
    root = folder / "www"
    root.mkdir()
    (root / "document").write_bytes(document)
    # Its workers run as another user.
    for path in [folder, root]:
        path.chmod(0o755)
    (folder / "nginx.conf").write_text(f"""
        worker_processes auto; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; keepalive_requests 1000000000; default_type application/json;
          server {{ listen 127.0.0.1:18983; root {root}; }} }}""")
    return subprocess.Popen(["nginx", "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)


class Contender:
    """A registry that images are pushed to and pulled from."""

    def __init__(self, folder: Path, host: str, *credentials: str):
        self.folder, self.host, self.credentials, self.number = folder, host, credentials, 0

    def copy(self, *words: str) -> float:
        # What skopeo remembers of a registry would have it ask for layers elsewhere.
        remove(Path("/var/lib/containers/cache"))
        return seconds(["skopeo", "copy", "--quiet", *words], cwd=self.folder)

    def push(self) -> float:
        self.number += 1
        return self.push_again()

    def push_again(self) -> float:
        return self.copy("--dest-tls-verify=false", *self.credentials, "oci:img:a", f"docker://{self.host}/a{self.number}:1")

    def pull(self) -> float:
        command = "; ".join(f"skopeo copy --quiet --src-tls-verify=false docker://{self.host}/a1:1 dir:out{n} &" for n in range(4))
        took = seconds(["sh", "-c", command.replace("&;", "&") + " wait"], cwd=self.folder)
        for number in range(4):
            remove(self.folder / f"out{number}")
        return took


with scratch() as folder, registry(folder, "--log-level", "warning", "--upload-quota", "64GiB") as (url, key):
    made_image(folder)
    with image_registry(folder) as (host, _):
        ours = Contender(folder, url.removeprefix("http://"), "--dest-creds", f"bench:{key}")
        peer = Contender(folder, host)
        for title, work, most in [("push", "push", 0.8), ("push again", "push_again", 0.5), ("4 pulls at once", "pull", 0.6)]:
            took = in_turns(ROUNDS, {"iii": getattr(ours, work), "docker-registry": getattr(peer, work)})
            print(f"{title}: " + ", ".join(f"{name} {time:.3f} s" for name, time in took.items()))
            ratio = took["iii"] / took["docker-registry"]
            report(f"{title} of {LAYERS * LAYER / 1e6:.0f} MB, of docker-registry", f"{ratio:.2f}", f"at most {most}", ratio <= most)
        place = "v2/a1/manifests/1"
        document = subprocess.run(["curl", "-sSf", "-H", f"Accept: {TYPE}", f"{url}/{place}"], check=True, capture_output=True).stdout
        server = nginx(folder, document)
        try:
            rates = in_turns(ROUNDS, {
                "iii": lambda: requests_a_second(f"{url}/{place}"),
                "nginx": lambda: requests_a_second("http://127.0.0.1:18983/document"),
                "docker-registry": lambda: requests_a_second(f"http://{host}/{place}"),
            })
            print(f"a document of {len(document)} bytes at 64 connections, requests a second: "
                  + ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items()))
            ratio = rates["iii"] / rates["docker-registry"]
            report("GET of a manifest, of docker-registry", f"{ratio:.1f} times", "at least 20", ratio >= 20)
            ratio = rates["iii"] / rates["nginx"]
            report("GET of a manifest, of nginx", f"{ratio:.2f}", "at least 0.8", ratio >= 0.8)
        finally:
            server.terminate()
            server.wait()
