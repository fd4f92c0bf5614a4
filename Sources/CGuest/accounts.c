// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#define _GNU_SOURCE
#include "CGuest.h"

#include <stdio.h>

enum { longest_list = 1 << 20 };

/// Whether a row of a list has a text in a column; columns end at `:`.
static int has(const char *list, int column, const char *wanted) {
    size_t length = strlen(wanted);
    for (const char *row = list; row && *row; row = strchr(row, '\n')) {
        if (*row == '\n') row++;
        const char *place = row;
        for (int index = 0; index < column && place; index++) {
            place = strpbrk(place, ":\n");
            place = place && *place == ':' ? place + 1 : NULL;
        }
        if (place && strncmp(place, wanted, length) == 0 && strchr(":\n", place[length])) return 1;
    }
    return 0;
}

/// What a file holds, in memory of its own; NULL where it is no file or too long.
static char *contents(int file) {
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > longest_list) return NULL;
    char *text = calloc(1, (size_t)facts.st_size + 1);
    if (text && pread(file, text, (size_t)facts.st_size, 0) != facts.st_size) {
        free(text);
        text = NULL;
    }
    return text;
}

/// Adds a row for a number, behind a name that nobody else has.
static int add_row(const char *root, const char *path, unsigned number, const char *rest, unsigned owner, unsigned owner_group) {
    const char *name;
    char digits[16], who[32], row[4200];
    int parent = guest_open_parent(root, path, &name);
    if (parent < 0) return -1;
    int made = 0, flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int file = openat(parent, name, flags);
    if (file < 0 && errno == ENOENT) {
        file = openat(parent, name, flags | O_CREAT | O_EXCL, 0644);
        made = file >= 0;
    }
    close(parent);
    if (file < 0) return -1;
    int result = made && owner != 0 ? fchown(file, owner, owner_group) : 0;
    char *list = contents(file);
    snprintf(digits, sizeof digits, "%u", number);
    if (!list) {
        result = -1;
    } else if (result == 0 && !has(list, 2, digits)) {
        size_t length = strlen(list);
        snprintf(who, sizeof who, has(list, 0, "worker") ? "worker%s" : "worker", digits);
        const char *separator = length > 0 && list[length - 1] != '\n' ? "\n" : "";
        int size = snprintf(row, sizeof row, "%s%s:x:%s:%s\n", separator, who, digits, rest);
        result = size < (int)sizeof row && write(file, row, (size_t)size) == size ? 0 : -1;
    }
    free(list);
    close(file);
    return result;
}

int guest_add_account(const char *root, unsigned user, unsigned group, const char *home, unsigned owner, unsigned owner_group) {
    char rest[4150];
    // A row holds no such character; then it is nowhere at home.
    if (home[0] != '/' || strpbrk(home, ":\n")) home = "/";
    if (snprintf(rest, sizeof rest, "%u::%s:/bin/sh", group, home) >= (int)sizeof rest) return -1;
    int result = add_row(root, "etc/passwd", user, rest, owner, owner_group);
    return add_row(root, "etc/group", group, "", owner, owner_group) == 0 ? result : -1;
}
