# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""What workers of any generation of the published SDK do: offer functions and call them, small and large.

Usage: generation.py URL. Prints one JSON object: what each call answered, or {"code": …} of what it raised.
"""

import json
import logging
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import iii  # noqa: E402
from iii import InitOptions, register_worker  # noqa: E402

worker = register_worker(sys.argv[1], InitOptions(worker_name="generation"))


def boom(data):
    raise ValueError("boom 42")


worker.register_function("generation::add", lambda data: data["a"] + data["b"])
worker.register_function("generation::size", lambda data: len(data["text"]))
worker.register_function("generation::text", lambda data: "x" * data["size"])
worker.register_function("generation::boom", boom)


def call(name, payload):
    try:
        return worker.trigger({"function_id": "generation::" + name, "payload": payload, "timeout_ms": 30000})
    except Exception as error:
        found = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        code = getattr(error, "code", None) or found.get("code")
        return {"code": code or str(error)}


while call("add", {"a": 1, "b": 1}) != 2:
    time.sleep(0.01)
large = 2 << 20
answers = {
    "add": call("add", {"a": 2, "b": 3}),
    "boom": call("boom", {}),
    "sent": call("size", {"text": "x" * large}),
    "after": call("add", {"a": 3, "b": 4}),
    "got": len(call("text", {"size": large})),
    "end": call("add", {"a": 5, "b": 6}),
}
print(json.dumps(answers))
sys.stdout.flush()
os._exit(0)
