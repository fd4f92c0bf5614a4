// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// What Swift does not import from the C library: variadic calls and composed macros.

#ifndef C_HOST_SYSTEM_H
#define C_HOST_SYSTEM_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>
#include <stdio.h>
#include <dirent.h>
#include <errno.h>

/// openat(2) with a mode.
static inline int iii_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

#endif
