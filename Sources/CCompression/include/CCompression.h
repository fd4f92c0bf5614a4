// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#ifndef C_COMPRESSION_H
#define C_COMPRESSION_H

#include <zlib.h>

#endif
