// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "CHostSystem.h"

#include <spawn.h>
#include <termios.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <poll.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <time.h>

enum { most_descriptors = 32, clear_of_all_places = 64 };

int iii_spawn(const char *path, char *const *arguments, char *const *environment, const int *descriptors, int count,
              pid_t *process) {
#ifdef __linux__
    if (count > most_descriptors) return EINVAL;
    int high[most_descriptors], result = 0, made = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // Out of the way first: one descriptor's place may be where another one is.
    for (; made < count && result == 0; made++) {
        high[made] = fcntl(descriptors[made], F_DUPFD_CLOEXEC, clear_of_all_places);
        result = high[made] < 0 ? errno : posix_spawn_file_actions_adddup2(&actions, high[made], made);
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(&actions, count);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (result == 0) result = posix_spawn(process, path, &actions, &attributes, arguments, environment);
    for (int index = 0; index < made; index++) if (high[index] >= 0) close(high[index]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
#else
    (void)path; (void)arguments; (void)environment; (void)descriptors; (void)count; (void)process;
    return ENOSYS;
#endif
}

int iii_await_end(pid_t process) {
    siginfo_t info;
    int result;
    do { result = waitid(P_PID, (id_t)process, &info, WEXITED | WNOWAIT); } while (result != 0 && errno == EINTR);
    return result;
}

int iii_memory_file(const char *name) {
#ifdef __linux__
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
#else
    (void)name;
    errno = ENOSYS;
    return -1;
#endif
}

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

int iii_seal(int file) {
#ifdef F_ADD_SEALS
    return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
#else
    (void)file;
    errno = ENOSYS;
    return -1;
#endif
}

int64_t iii_next_data(int file, int64_t offset, int64_t *end) {
#ifdef SEEK_DATA
    int64_t start = lseek(file, offset, SEEK_DATA);
    if (start >= 0) *end = lseek(file, start, SEEK_HOLE);
    return start < 0 || *end >= 0 ? start : -1;
#else
    (void)file, (void)offset, (void)end;
    errno = ENOSYS;
    return -1;
#endif
}

int iii_send_descriptor(int socket, const void *bytes, size_t count, int descriptor) {
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {(void *)bytes, count};
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    ssize_t sent;
    do { sent = sendmsg(socket, &message, MSG_NOSIGNAL); } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)count ? 0 : -1;
}

int iii_socket_pair(int ends[2]) {
#ifdef SOCK_CLOEXEC
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
#else
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
#endif
}

int iii_landlock_version(void) {
#ifdef __linux__
    // Its number is the same on all architectures; the last argument asks for the version only.
    long version = syscall(444, NULL, 0, 1);
    return version > 0 ? (int)version : 0;
#else
    return 0;
#endif
}

int64_t iii_unix_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t iii_counter_kilohertz(void) {
#if defined(__x86_64__)
    struct timespec begin, now;
    int64_t passed;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    uint64_t counter = __builtin_ia32_rdtsc();
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        passed = (int64_t)(now.tv_sec - begin.tv_sec) * 1000000000 + (now.tv_nsec - begin.tv_nsec);
    } while (passed < 10000000);
    return (__builtin_ia32_rdtsc() - counter) * 1000000 / (uint64_t)passed;
#else
    return 0;
#endif
}

int iii_wait_readable(int descriptor, int milliseconds) {
    struct pollfd waiting = {descriptor, POLLIN, 0};
    int result;
    do { result = poll(&waiting, 1, milliseconds); } while (result < 0 && errno == EINTR);
    return result;
}

int iii_terminal_size(int descriptor, uint16_t *rows, uint16_t *columns) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

static struct termios terminal_before;
static int is_raw;

void iii_terminal_raw(int descriptor) {
    if (tcgetattr(descriptor, &terminal_before) != 0) return;
    struct termios raw = terminal_before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(descriptor, TCSADRAIN, &raw) == 0;
}

void iii_terminal_restore(int descriptor) {
    if (is_raw) tcsetattr(descriptor, TCSADRAIN, &terminal_before);
    is_raw = 0;
}
