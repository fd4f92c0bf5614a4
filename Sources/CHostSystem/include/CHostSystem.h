// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// What Swift does not import from the C library: variadic calls, composed macros and mutable globals.

#ifndef C_HOST_SYSTEM_H
#define C_HOST_SYSTEM_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>
#include <stdio.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/ioctl.h>

/// openat(2) with a mode.
static inline int iii_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

/// What the last failed call of this thread left behind.
static inline int iii_errno(void) { return errno; }

/// Forgets the last failure, for calls that tell an error from the end only by errno.
static inline void iii_clear_errno(void) { errno = 0; }

/// The environment of the process, a list that ends in NULL.
static inline char **iii_environment(void) {
    extern char **environ;
    return environ;
}

/// Takes the default action from a signal.
static inline void iii_ignore_signal(int number) { signal(number, SIG_IGN); }

/// The columns of the terminal behind a descriptor, 0 where they are unknown.
static inline int iii_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Writes everything that waits to be written to the file system of an open file; where the system cannot do that for
/// one, to all of them. 0 or -1 with errno.
int iii_sync_file_system(int descriptor);

/// Makes two paths of one file system change places in one step. 0 or -1 with errno.
int iii_exchange(const char *left, const char *right);

#endif
