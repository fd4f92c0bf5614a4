#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Whether what texts from outside cost grows with their length, for every reader and every kind of text known to hurt.

Twice the text may take twice the time, and a fifth more for caches and memory. What takes less than a few milliseconds is
below what can be told, and below what could hurt. The time is that of the processor, the best of several.

usage: linear.py [PROGRAM]    the program `bench-linear`; that of the release build where none is named
"""

import collections
import subprocess
import sys

from bench import binaries, report

FLOOR = 4_000_000
MOST = 2 * 1.2

program = sys.argv[1] if len(sys.argv) > 1 else binaries() / "bench-linear"
times = collections.defaultdict(dict)
for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
    reader, shape, size, nanoseconds = line.split()
    times[reader, shape][int(size)] = int(nanoseconds)

worst = {}
for (reader, shape), sizes in times.items():
    for size, time in sizes.items():
        half = sizes.get(size // 2)
        if half and time >= FLOOR:
            found = (time / max(half, FLOOR / 2), shape, size, time)
            worst[reader] = max(worst.get(reader, (0,)), found)
for reader in dict.fromkeys(reader for reader, _ in times):
    slowest = max(max(sizes.values()) for (name, _), sizes in times.items() if name == reader)
    ratio, shape, size, time = worst.get(reader, (0, "-", 0, 0))
    detail = f"{ratio:.2f} times the time for twice the text" if ratio else "too fast to tell"
    if ratio:
        detail += f" (`{shape}`, {size >> 10} KiB: {time / 1e6:.1f} ms)"
    report(reader, f"{detail}; slowest {slowest / 1e6:.1f} ms", f"at most {MOST:.1f} times", ratio <= MOST)
