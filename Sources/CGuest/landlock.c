// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#define _GNU_SOURCE
#include "CGuest.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

// Of <linux/landlock.h>, which is as old as the machine that this is built on: what its versions brought.
enum {
    landlock_create = 444, landlock_add = 445, landlock_restrict = 446,
    beneath_path = 1,
    oldest_version = 2,
};

#define RIGHT(number) ((uint64_t)1 << (number))

static const uint64_t execute = RIGHT(0), write_file = RIGHT(1), read_file = RIGHT(2), read_folder = RIGHT(3);
static const uint64_t make_device = RIGHT(6) | RIGHT(11), truncate_file = RIGHT(14), control_device = RIGHT(15);

struct rules { uint64_t files, network, scopes; };
struct rule { uint64_t allowed; int32_t folder; } __attribute__((packed));

/// All rights over files that a version of the rules knows.
static uint64_t rights_of(long version) {
    if (version >= 5) return RIGHT(16) - 1;
    if (version >= 3) return RIGHT(15) - 1;
    return RIGHT(14) - 1;
}

static int allow(int rules, const char *folder, uint64_t rights) {
    int descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    // What is not there needs no rule.
    if (descriptor < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    struct rule rule = {rights, descriptor};
    long result = syscall(landlock_add, rules, beneath_path, &rule, 0);
    int saved = errno;
    close(descriptor);
    errno = saved;
    return (int)result;
}

static int add_rules(int rules, uint64_t all, int owns_root) {
    // A device is never made, wherever it be.
    uint64_t everything = all & ~make_device;
    if (owns_root) return allow(rules, "/", everything);
    static const char *const writable[] = {"/workspace", "/home/worker", "/tmp", "/var/tmp", "/run", "/dev/shm"};
    uint64_t use = (read_file | read_folder | write_file | truncate_file | control_device) & all;
    int result = allow(rules, "/", execute | read_file | read_folder);
    for (size_t i = 0; i < sizeof writable / sizeof *writable; i++) result |= allow(rules, writable[i], everything);
    return result | allow(rules, "/dev", use) | allow(rules, "/proc", use);
}

int guest_restrict(int owns_root) {
    long version = syscall(landlock_create, NULL, 0, 1);
    // The first version forbids to move a file from one folder to another.
    if (version < oldest_version) { errno = ENOSYS; return -1; }
    struct rules wanted = {rights_of(version), 0, version >= 6 ? 3 : 0};
    // An older kernel takes the longer form as long as what it does not know is zero.
    int rules = (int)syscall(landlock_create, &wanted, sizeof wanted, 0);
    if (rules < 0) return -1;
    int result = add_rules(rules, wanted.files, owns_root);
    if (result == 0) result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result == 0) result = (int)syscall(landlock_restrict, rules, 0);
    int saved = errno;
    close(rules);
    errno = saved;
    return result;
}
