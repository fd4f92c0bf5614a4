// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#include "CBuildInfo.h"

#ifndef III_COMMIT
#define III_COMMIT ""
#endif
#ifndef III_DATE
#define III_DATE ""
#endif

const char *iii_build_commit(void) { return III_COMMIT; }
const char *iii_build_date(void) { return III_DATE; }
