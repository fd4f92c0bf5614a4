// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// A guard is a small process between us and a child: whatever becomes of us, the child and all that it started are
// gone when the guard is. It is forked, never executed, and calls only what may be called after a fork.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "CHostSystem.h"

#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

enum { control = 3, first_free = 4 };

static void nothing(int number) { (void)number; }

static void report(int32_t kind, int32_t value) {
    struct iii_guard_report record = { kind, value };
    // Whoever reads this may be gone; then there is nobody to tell.
    (void)!write(control, &record, sizeof record);
}

static void close_from(int descriptor) {
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, descriptor, ~0U, 0) == 0) return;
#endif
    long limit = sysconf(_SC_OPEN_MAX);
    for (long each = descriptor; each < (limit < 0 ? 65536 : limit); each++) close((int)each);
}

/// Puts the child's descriptors in their places: nothing to read, its output, its errors, and the way to us.
static int arrange(const struct iii_launch *launch, int channel) {
    int input = open("/dev/null", O_RDWR);
    int high[4] = {
        fcntl(input, F_DUPFD, 16), fcntl(launch->output, F_DUPFD, 16),
        fcntl(launch->error, F_DUPFD, 16), fcntl(channel, F_DUPFD, 16),
    };
    for (int place = 0; place < 4; place++) {
        if (high[place] < 0 || dup2(high[place], place) < 0) return -1;
    }
    close_from(first_free);
    return fcntl(control, F_SETFD, FD_CLOEXEC);
}

/// The child itself, up to its program. Its parent learns through `failures` why that could not begin.
static void become(const struct iii_launch *launch, int failures, pid_t guard) {
    setsid();
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard) _exit(127);
#else
    (void)guard;
#endif
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir(launch->directory) == 0) execve(launch->path, launch->arguments, launch->environment);
    int failure = errno;
    (void)!write(failures, &failure, sizeof failure);
    _exit(127);
}

/// Starts the child and says so. -1 where it could not be.
static pid_t start(const struct iii_launch *launch) {
    int failures[2];
    if (pipe(failures) != 0) return report(iii_guard_failed, errno), -1;
    fcntl(failures[0], F_SETFD, FD_CLOEXEC);
    fcntl(failures[1], F_SETFD, FD_CLOEXEC);
    pid_t guard = getpid();
    pid_t child = fork();
    if (child < 0) return report(iii_guard_failed, errno), -1;
    if (child == 0) become(launch, failures[1], guard);
    close(failures[1]);
    int failure = 0;
    ssize_t count;
    do { count = read(failures[0], &failure, sizeof failure); } while (count < 0 && errno == EINTR);
    close(failures[0]);
    if (count == sizeof failure) {
        waitpid(child, NULL, 0);
        report(iii_guard_failed, failure);
        return -1;
    }
    report(iii_guard_started, child);
    return child;
}

/// Passes signals on until the child ends or nobody is left to send them. Returns whether the child ended.
static int watch(pid_t child, int *status) {
    sigset_t open;
    sigemptyset(&open);
    for (;;) {
        pid_t ended;
        while ((ended = waitpid(-1, status, WNOHANG)) > 0) {
            if (ended == child) return 1;
        }
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(control, &readable);
        // SIGCHLD is blocked but in here, so that an end between the two calls is not slept through.
        if (pselect(control + 1, &readable, NULL, NULL, NULL, &open) <= 0) continue;
        unsigned char number;
        ssize_t count = read(control, &number, 1);
        if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return 0;
        // The child has not been waited for, so its group cannot be somebody else's.
        if (count == 1 && kill(-child, number) != 0) kill(child, number);
    }
}

/// Kills the children that the guard has by now: those that lost their own parent were given to it. Returns whether
/// they could be found.
static int kill_children(void) {
#ifdef __linux__
    char text[4096];
    int file = open("/proc/thread-self/children", O_RDONLY);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    pid_t each = 0;
    for (ssize_t index = 0; index < count; index++) {
        if (text[index] >= '0' && text[index] <= '9') {
            each = each * 10 + (text[index] - '0');
        } else if (each > 0) {
            kill(each, SIGKILL);
            each = 0;
        }
    }
    return 1;
#else
    return 0;
#endif
}

static void guard(const struct iii_launch *launch, int channel) {
    setsid();
    // It ends when its work is done or its owner is gone, not when somebody asks everybody to end.
    const int deaf[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP, SIGALRM };
    for (size_t index = 0; index < sizeof deaf / sizeof *deaf; index++) signal(deaf[index], SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    struct sigaction wake = { 0 };
    wake.sa_handler = nothing;
    sigaction(SIGCHLD, &wake, NULL);
    if (arrange(launch, channel) != 0) _exit(1);
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "iii-guard");
#endif
    pid_t child = start(launch);
    // The guard itself must not keep the child's output open.
    dup2(0, 1);
    dup2(0, 2);
    if (child < 0) _exit(1);
    int status = 0;
    int has_ended = watch(child, &status);
    kill(-child, SIGKILL);
    int status_of_other;
    for (;;) {
        // Where the others cannot be found, only the group is known to end.
        int are_found = kill_children();
        pid_t ended = waitpid(-1, &status_of_other, are_found ? 0 : WNOHANG);
        if (ended == 0 || (ended < 0 && errno == ECHILD)) break;
    }
    if (has_ended) report(iii_guard_ended, status);
    _exit(0);
}

pid_t iii_guard_start(const struct iii_launch *launch, int *channel) {
    int ends[2];
#ifdef SOCK_CLOEXEC
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
#endif
    // No handler of ours may run in the guard before it has its own.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t process = fork();
    if (process == 0) guard(launch, ends[1]);
    int failure = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        errno = failure;
        return -1;
    }
    *channel = ends[0];
    return process;
}
