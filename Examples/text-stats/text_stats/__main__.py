# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""Connects to the engine and offers the function."""

import os
import threading

from iii import register_worker

from .statistics import summary

TOP = int(os.environ.get("TOP", "3"))
IGNORE_CASE = os.environ.get("IGNORE_CASE", "true") == "true"

worker = register_worker()


def count(request: dict) -> dict:
    answer = worker.trigger({"function_id": "word-splitter::split", "payload": {"text": request["text"]}})
    return summary(answer["words"], top=TOP, ignore_case=IGNORE_CASE)


worker.register_function("text-stats::count", count, description="Counts the words of a text.")
threading.Event().wait()
