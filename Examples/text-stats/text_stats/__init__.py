# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""Statistics of texts."""
