// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "CHostSystem.h"

#include <dirent.h>
#include <string.h>
#include <sys/xattr.h>

int iii_exchange(const char *left, const char *right) {
#ifdef __APPLE__
    return renamex_np(left, right, RENAME_SWAP);
#elif defined(RENAME_EXCHANGE)
    return renameat2(AT_FDCWD, left, AT_FDCWD, right, RENAME_EXCHANGE);
#else
    (void)left;
    (void)right;
    errno = ENOSYS;
    return -1;
#endif
}

void iii_begin_writeback(int descriptor, off_t offset, off_t count) {
#ifdef __linux__
    // A hint: what it does not do the next fsync does.
    (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
#else
    (void)descriptor;
    (void)offset;
    (void)count;
#endif
}

int iii_set_attribute(int descriptor, const char *name, const void *value, size_t size) {
#ifdef __APPLE__
    return fsetxattr(descriptor, name, value, size, 0, 0);
#else
    return fsetxattr(descriptor, name, value, size, 0);
#endif
}

int iii_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

int iii_watch_folder(const char *path) {
#ifdef __linux__
    int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (descriptor < 0) return -1;
    uint32_t wanted = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
    if (inotify_add_watch(descriptor, path, wanted) >= 0) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
#else
    (void)path;
    errno = ENOSYS;
    return -1;
#endif
}

int iii_start_thread(const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    pthread_t thread;
    return pthread_create(&thread, attributes, body, argument);
}

static int64_t allocated_below(int folder, dev_t device, int depth);

static int64_t allocated(int folder, const char *name, dev_t device, int depth) {
    struct stat facts;
    // What went away meanwhile takes no place.
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT ? 0 : -1;
    if (device != 0 && facts.st_dev != device) return 0;
    if (!S_ISDIR(facts.st_mode)) return (int64_t)facts.st_blocks * 512 / (facts.st_nlink > 1 ? (int64_t)facts.st_nlink : 1);
    int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    // A folder that is closed even to its owner: overlayfs makes some.
    if (below < 0) return errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    int64_t inner = allocated_below(below, facts.st_dev, depth);
    return inner < 0 ? -1 : inner + (int64_t)facts.st_blocks * 512;
}

/// Closes `folder`.
static int64_t allocated_below(int folder, dev_t device, int depth) {
    DIR *list = depth > 0 ? fdopendir(folder) : NULL;
    if (!list) { close(folder); return -1; }
    int64_t total = 0;
    struct dirent *entry;
    while (total >= 0 && (entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int64_t one = allocated(dirfd(list), entry->d_name, device, depth - 1);
        total = one < 0 ? -1 : total + one;
    }
    closedir(list);
    return total;
}

int64_t iii_allocated_size(const char *path) { return allocated(AT_FDCWD, path, 0, 256); }
