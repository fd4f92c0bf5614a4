# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""A worker that does what a test tells it, line by line.

Each line of standard input is {"id": n, "code": "…"}: an expression, whose value is printed as {"id": n, "value": …}, or
statements. Errors are printed as {"id": n, "error": {…}}. Handlers may print {"event": name, "value": …} with `emit`.
Every line runs on a thread of its own, in one scope.
"""

import asyncio
import json
import logging
import os
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import iii  # noqa: E402
from iii import InitOptions, InvocationError, TriggerAction, register_worker  # noqa: E402
from iii.triggers import TriggerHandler  # noqa: E402

output = threading.Lock()


def write(message):
    with output:
        sys.stdout.write(json.dumps(message, default=str) + "\n")
        sys.stdout.flush()


def emit(event, value=None):
    write({"event": event, "value": value})


def describe(error):
    if isinstance(error, InvocationError):
        return {"type": type(error).__name__, "code": error.code, "message": error.message,
                "stacktrace": error.stacktrace}
    return {"type": type(error).__name__, "message": str(error)}


def code_of(body):
    """The code of what `body` raises; None where it raises nothing."""
    try:
        body()
    except Exception as error:
        return getattr(error, "code", type(error).__name__)
    return None


def settle(*functions):
    """Waits until the engine has this worker's announcement and these functions of its namespace."""
    asked = {"function_ids": list(functions) or ["engine::workers::list"]}
    if namespace:
        asked["namespace"] = namespace
    while True:
        try:
            found = worker.trigger({"function_id": "engine::functions::info", "namespace": "default",
                                    "payload": asked, "timeout_ms": 2000})["functions"]
            rows = worker.trigger({"function_id": "engine::workers::list", "namespace": "default", "payload": {},
                                   "timeout_ms": 2000})["workers"]
            if not any("error" in row for row in found) and any(row["id"] == worker.worker_id for row in rows):
                return
        except InvocationError:
            pass
        time.sleep(0.01)


namespace = None
worker = None
scope = globals()


def run(request):
    answer = {"id": request["id"], "value": None}
    try:
        try:
            code = compile(request["code"], "<test>", "eval")
        except SyntaxError:
            exec(compile(request["code"], "<test>", "exec"), scope)
        else:
            answer["value"] = eval(code, scope)
    except BaseException as error:
        answer = {"id": request["id"], "error": describe(error)}
    write(answer)


for line in sys.stdin:
    threading.Thread(target=run, args=(json.loads(line),), daemon=True).start()
os._exit(0)
