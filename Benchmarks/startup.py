#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""How long the command line takes to start, beside uv."""

from bench import binaries, in_turns, python_tool, report, seconds

iii = binaries() / "iii"
uv = python_tool("uv", "uv")
ROUNDS = 60

medians = in_turns(ROUNDS, {
    "uv --version": lambda: seconds([uv, "--version"]),
    "iii --version": lambda: seconds([iii, "--version"]),
    "iii worker --help": lambda: seconds([iii, "worker", "--help"]),
})
peer = medians.pop("uv --version")
print(f"uv --version: {peer * 1000:.2f} ms (median of {ROUNDS}, process creation included)")
for name, median in medians.items():
    report(name, f"{median * 1000:.2f} ms, {median / peer:.2f} times uv", "at most 2 times", median <= 2 * peer)
