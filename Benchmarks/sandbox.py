#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Sandboxes beside the bare tools: start to the worker's first byte, memory, ten machines at once.

What the command line itself takes is taken off: `iii worker status` just before, which asks the engine too.
Memory is PSS: private pages, and of shared ones a share. Machines need QEMU, mksquashfs and scripts/fetch-machine-kernel;
after scripts/build-machine-kernel ours start with that kernel, and QEMU by hand with Debian's.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import select
import shutil
import socket
import statistics
import struct
import subprocess
import time
from pathlib import Path

from bench import ROOT, binaries, environment, in_turns, registry, remove, report, scratch, seconds

ROUNDS = 9
MACHINES = 10
iii = binaries() / "iii"
guest = binaries() / "iii-guest"
KERNEL = ROOT / ".build" / "machine-kernel"
LIBC = ctypes.CDLL(None)
SAY = "echo up; exec sleep 100000"


# The pieces


def bundle(folder: Path, name: str) -> Path:
    root = folder / name
    root.mkdir()
    (root / "iii.worker.yaml").write_text(
        f"name: {name}\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: {SAY}\nresources:\n  cpus: 1\n  memory: 160\n")
    return root


def image(home: Path) -> str:
    """An image of a shell and what it needs, in the store of a home as a pull leaves it."""
    store = home / "store" / "images"
    (store / "blobs").mkdir(parents=True)

    def keep(document: dict) -> tuple[str, int]:
        text = json.dumps(document).encode()
        digest = hashlib.sha256(text).hexdigest()
        (store / "blobs" / digest).write_bytes(text)
        return digest, len(text)

    config, size = keep({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": []}})
    kind = "application/vnd.oci.image."
    digest, _ = keep({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "layers": [], "config": {
        "mediaType": kind + "config.v1+json", "digest": f"sha256:{config}", "size": size}})
    tree = store / "sha256" / digest
    root = tree / "rootfs"
    for name in ["sh", "sleep"]:
        program = Path(shutil.which(name)).resolve()
        libraries = subprocess.run(["ldd", program], capture_output=True, text=True).stdout.split()
        for file in [program, *(Path(word) for word in libraries if word.startswith("/"))]:
            place = root / "usr" / (f"bin/{name}" if file == program else str(file).removeprefix("/usr").lstrip("/"))
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.resolve(), place)
    for name in ["bin", "lib", "lib64"]:
        (root / "usr" / name).mkdir(exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    (tree / "image.json").write_text(
        json.dumps({"version": 1, "boot": None, "worker": "machine", "size": 1, "entries": 1, "notes": []}))
    return f"registry.example/machine@sha256:{digest}"


@contextlib.contextmanager
def engine(project: Path, values: dict):
    """An engine that runs the project, and the moment at which it listened."""
    with open(project / "engine.out", "w") as log:
        server = subprocess.Popen([iii, "--listen", "127.0.0.1:0"], cwd=project, env=values, text=True,
                                  stdout=subprocess.PIPE, stderr=log)
        try:
            for line in server.stdout:
                if line.startswith("listening on "):
                    yield time.perf_counter()
                    break
            else:
                raise SystemExit((project / "engine.out").read_text())
        finally:
            server.terminate()
            server.wait()


def log(project: Path, name: str) -> Path:
    digest = hashlib.sha256(str((project / "config.yaml").resolve()).encode()).hexdigest()
    return project.parent / "home" / "projects" / digest[:16] / "logs" / name / "stdout.log"


def printed(project: Path, name: str) -> tuple:
    """What changes when a worker prints: its log may be another file, or a longer one."""
    with contextlib.suppress(FileNotFoundError):
        facts = log(project, name).stat()
        if facts.st_size > 0:
            return (facts.st_ino, facts.st_size, facts.st_mtime_ns)
    return ()


@contextlib.contextmanager
def changes(folder: Path):
    """Waits for a change below a folder, at most so many seconds: to look again and again would take time from what is
    measured, on a machine of two processors several milliseconds."""
    watch = LIBC.inotify_init1(os.O_CLOEXEC)
    IN_MODIFY, IN_CREATE = 0x2, 0x100
    LIBC.inotify_add_watch(watch, os.fsencode(folder), IN_MODIFY | IN_CREATE)

    def wait(limit: float) -> None:
        if select.select([watch], [], [], limit)[0]:
            os.read(watch, 65536)

    try:
        yield wait
    finally:
        os.close(watch)


def first_byte(project: Path, name: str, since: float, before: tuple = (), limit: float = 120) -> float:
    """The seconds from a moment until a worker has printed something that was not there before."""
    folder = log(project, name).parent
    while not folder.exists() and time.perf_counter() - since < limit:
        time.sleep(0.001)
    with changes(folder) as wait:
        while time.perf_counter() - since < limit:
            if printed(project, name) not in [(), before]:
                return time.perf_counter() - since
            wait(since + limit - time.perf_counter())
    raise SystemExit(f"{name} printed nothing: {(project / 'engine.out').read_text()[-2000:]}")


def run(values: dict, project: Path, *words: str) -> None:
    done = subprocess.run([iii, "worker", *words], env=values, cwd=project, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"iii worker {' '.join(words)}: {done.stdout}{done.stderr}")


def restarted(values: dict, project: Path, name: str) -> float:
    """A worker stopped, and started again; without the time of a command that only asks."""
    run(values, project, "stop", name)
    # Meanwhile the kernel clears away what was stopped.
    asking = statistics.median(seconds([iii, "worker", "status", name], env=values, cwd=project) for _ in range(5))
    before = printed(project, name)
    since = time.perf_counter()
    starting = subprocess.Popen([iii, "worker", "start", name, "--no-wait"], env=values, cwd=project,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    taken = first_byte(project, name, since, before)
    starting.wait()
    return taken - asking


def state(values: dict, project: Path, name: str) -> dict:
    told = subprocess.run([iii, "worker", "status", name, "--json"], env=values, cwd=project, capture_output=True, text=True)
    return json.loads(told.stdout)


def family(pid: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(word) for word in (task / "children").read_text().split()]
    return [pid] + [each for child in children for each in family(child)]


def pss(pid: int) -> float:
    """MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


# The peers


def bare_bubblewrap() -> float:
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--cap-drop", "ALL",
             "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink",
             "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", "/bin/sh", "-c", SAY]
    return until_output(words)


def until_output(words: list) -> float:
    since = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    process.stdout.read(1)
    taken = time.perf_counter() - since
    process.kill()
    process.wait()
    return taken


def initramfs(path: Path) -> Path:
    """The guest and the modules that bring up its channel."""
    archive = bytearray()

    def add(name: str, mode: int, contents: bytes = b"", device: tuple = (0, 0)):
        fields = [0, mode, 0, 0, 1, 0, len(contents), 0, 0, *device, len(name) + 1, 0]
        archive.extend(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0")
        archive.extend(bytes(-len(archive) % 4) + contents)
        archive.extend(bytes(-len(archive) % 4))

    for name in ["dev", "proc", "sys", "m"]:
        add(name, 0o040755)
    add("dev/console", 0o020600, device=(5, 1))
    add("init", 0o100755, guest.read_bytes())
    modules = next((KERNEL / "lib" / "modules").iterdir()) / "kernel" / "drivers"
    names = ["virtio/virtio_ring", "virtio/virtio", "virtio/virtio_mmio", "char/virtio_console"]
    for number, name in enumerate(names):
        add(f"m/{number}.ko", 0o100644, (modules / f"{name}.ko").read_bytes())
    add("m/list", 0o100644, "\n".join(f"{number}.ko" for number in range(len(names))).encode())
    add("TRAILER!!!", 0)
    path.write_bytes(archive)
    return path


def bare_qemu(first: Path) -> float:
    """Kernel and guest by hand, until the guest's first word."""
    ours, theirs = socket.socketpair()
    kernel = next((KERNEL / "boot").glob("vmlinuz-*-cloud-*"))
    rate = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("cpu MHz"))
    words = ["qemu-system-x86_64", "-M", "microvm", "-accel", "tcg,tb-size=128", "-cpu", "EPYC", "-m", "256", "-nodefaults",
             "-no-user-config", "-display", "none", "-no-reboot", "-kernel", kernel, "-initrd", first, "-append",
             f"console=hvc9 panic=-1 quiet tsc=reliable tsc_early_khz={int(float(rate.split(':')[1]) * 1000)} reboot=t",
             "-chardev", f"socket,id=control,fd={theirs.fileno()}", "-device", "virtio-serial-device",
             "-device", "virtserialport,chardev=control,name=iii.control"]
    since = time.perf_counter()
    process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ours.settimeout(120)
    struct.unpack("<IIB", ours.recv(9))
    taken = time.perf_counter() - since
    process.kill()
    process.wait()
    ours.close()
    theirs.close()
    return taken


def qemu_alone() -> float:
    """QEMU with an empty machine, until its monitor's greeting: what no start can be below."""
    return until_output(["qemu-system-x86_64", "-M", "microvm", "-accel", "tcg,tb-size=128", "-m", "256", "-S", "-nodefaults",
                         "-no-user-config", "-display", "none", "-qmp", "stdio"])


# The measurements


def namespaces(folder: Path, values: dict) -> None:
    project = folder / "plain"
    project.mkdir()
    (project / "config.yaml").write_text("workers: []\n")
    with engine(project, values):
        added = []
        for _ in range(ROUNDS):
            before, since = printed(project, "speaker"), time.perf_counter()
            run(values, project, "add", "speaker", "--isolation", "namespaces", "--no-wait")
            added.append(first_byte(project, "speaker", since, before))
            pid = state(values, project, "speaker")["pid"]
            run(values, project, "remove", "speaker")
            # Two changes that come close together are one to the engine: here it is to see both.
            wait_for(lambda: not Path(f"/proc/{pid}").exists())
        taken = statistics.median(added)
        report("add of a bundle until it speaks, namespaces", f"{taken * 1000:.0f} ms", "below 400 ms", taken < 0.4)
        before = printed(project, "speaker")
        run(values, project, "add", "speaker", "--isolation", "namespaces", "--no-wait")
        first_byte(project, "speaker", time.perf_counter(), before)
        medians = in_turns(ROUNDS, {
            "start": lambda: restarted(values, project, "speaker"),
            "bwrap": bare_bubblewrap,
        })
        ours, bare = medians["start"], medians["bwrap"]
        print(f"namespaces: to the first byte {ours * 1000:.1f} ms, bwrap by hand {bare * 1000:.1f} ms")
        report("namespaces over bwrap by hand", f"{(ours - bare) * 1000:.1f} ms", "at most 5 ms", ours - bare <= 0.005)
        processes = family(state(values, project, "speaker")["pid"])
        own = sum(pss(pid) for pid in processes if name_of(pid) != "sleep")
        report("memory over the worker's own, namespaces", f"{own:.1f} MiB", "below 6 MiB", own < 6)


def machines(folder: Path, values: dict) -> None:
    home = Path(values["III_HOME"])
    (home / "settings.yaml").write_text(f"base_images:\n  python: {image(home)}\n")
    cache = home / "cache" / "machine"
    cache.mkdir(parents=True, exist_ok=True)
    (home / "machine-kernel").symlink_to(KERNEL)
    project = folder / "machine"
    project.mkdir()
    (project / "config.yaml").write_text("workers: []\n")
    run(values, project, "add", "speaker", "--isolation", "emulated-vm")

    def boot(keeps: bool) -> float:
        """From the moment at which a new engine listens, with or without what was saved before."""
        if not keeps:
            remove(cache / "templates")
        before = printed(project, "speaker")
        with engine(project, values) as since:
            taken = first_byte(project, "speaker", since, before)
            wait_for(lambda: any(path.is_file() for path in (cache / "templates").iterdir()))
            return taken

    boot(False)
    first = initramfs(folder / "initramfs")
    medians = in_turns(3, {"cold": lambda: boot(False), "kept": lambda: boot(True), "qemu": lambda: bare_qemu(first)})
    cold = medians["cold"]
    print(f"emulated-vm: cold to the first byte {cold * 1000:.0f} ms, from disk in a new engine {medians['kept'] * 1000:.0f} ms; "
          f"QEMU by hand, to the guest's first word {medians['qemu'] * 1000:.0f} ms")
    report("emulated-vm, cold", f"{cold * 1000:.0f} ms", "at most 1 s", cold <= 1)
    before = printed(project, "speaker")
    with engine(project, values) as since:
        first_byte(project, "speaker", since, before)
        answers = []

        def restored() -> float:
            taken = restarted(values, project, "speaker")
            answers.append(state(values, project, "speaker")["sandbox_ready_after_ms"])
            return taken

        medians = in_turns(ROUNDS, {"start": restored, "qemu": qemu_alone})
        print(f"emulated-vm: restored, to the first byte {medians['start'] * 1000:.0f} ms; "
              f"QEMU alone, no guest {medians['qemu'] * 1000:.0f} ms")
        ready = statistics.median(answers)
        report("emulated-vm, restored, until it answers", f"{ready:.0f} ms", "at most 50 ms", ready <= 50)


def ten(folder: Path, values: dict) -> None:
    project = folder / "ten"
    project.mkdir()
    entries = "".join(f"  - name: speaker{number}\n    isolation: emulated-vm\n" for number in range(MACHINES))
    (project / "config.yaml").write_text(f"workers:\n{entries}")
    for number in range(MACHINES):
        run(values, project, "add", f"speaker{number}")
    with engine(project, values) as since:
        taken = max(first_byte(project, f"speaker{number}", since) for number in range(MACHINES))
        wait_for(lambda: all(state(values, project, f"speaker{number}").get("running") for number in range(MACHINES)))
        print(f"{MACHINES} machines at once: all have spoken after {taken * 1000:.0f} ms")
        each = statistics.median(
            sum(pss(pid) for pid in family(state(values, project, f"speaker{number}")["pid"])) for number in range(MACHINES))
        report(f"memory of one of {MACHINES} machines of 256 MiB", f"{each:.0f} MiB", "below 70 MiB", each < 70)


def wait_for(condition) -> None:
    end = time.perf_counter() + 120
    while not condition():
        if time.perf_counter() > end:
            raise SystemExit("it did not come to that")
        time.sleep(0.01)


with scratch() as folder, registry(folder) as (url, key):
    os.chmod(folder, 0o755)
    values = environment(folder, url)
    keyed = environment(folder, url, key)
    for name in ["speaker", *(f"speaker{number}" for number in range(MACHINES))]:
        subprocess.run([iii, "worker", "publish", bundle(folder, name)], check=True, env=keyed, capture_output=True)
    namespaces(folder, values)
    if shutil.which("qemu-system-x86_64") and shutil.which("mksquashfs") and KERNEL.exists():
        machines(folder, values)
        ten(folder, values)
    else:
        print("no machines here: apt-get install qemu-system-x86 squashfs-tools, and run scripts/fetch-machine-kernel")
