# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""How `make dist` makes what people install; `scripts/dist` puts it together."""
