// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// Where a build comes from, as `make dist` says in the environment; empty in other builds.

#ifndef C_BUILD_INFO_H
#define C_BUILD_INFO_H

/// The first digits of the commit.
const char *iii_build_commit(void);

/// The day of the commit: YYYY-MM-DD.
const char *iii_build_date(void);

#endif
