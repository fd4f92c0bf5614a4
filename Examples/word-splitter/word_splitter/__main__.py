# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""Connects to the engine and offers the function."""

import threading

from iii import register_worker

from .words import split

worker = register_worker()
worker.register_function(
    "word-splitter::split",
    lambda request: {"words": split(request["text"])},
    description="Splits a text into words.",
)
threading.Event().wait()
