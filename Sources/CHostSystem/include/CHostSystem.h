// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// What Swift does not import from the C library: variadic calls, composed macros and mutable globals.

#ifndef C_HOST_SYSTEM_H
#define C_HOST_SYSTEM_H

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>
#include <stdio.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif
#include <termios.h>
#include <time.h>

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

/// Raises the limit of open files as far as the system lets this process. Does nothing where it may not.
static inline void iii_raise_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// Makes this process, with all its threads, another user's for good: 0 where that was done.
static inline int iii_become(uid_t user, gid_t group) {
    if (setgid(group) != 0 || setuid(user) != 0) return errno;
    return 0;
}

/// Waits until everything that was written is on the disks.
static inline void iii_sync_all(void) { sync(); }

/// Takes the default action from a signal.
static inline void iii_ignore_signal(int number) { signal(number, SIG_IGN); }

/// The columns of the terminal behind a descriptor, 0 where they are unknown.
static inline int iii_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Makes two paths of one file system change places in one step. 0 or -1 with errno.
int iii_exchange(const char *left, const char *right);

/// Begins to write a part of a file to its disk without waiting for the end, where the system can: a later fsync has less
/// to wait for.
void iii_begin_writeback(int descriptor, off_t offset, off_t count);

/// Gives an open file an extended attribute. 0 or -1 with errno.
int iii_set_attribute(int descriptor, const char *name, const void *value, size_t size);

/// pthread_create, whose signature differs between systems. 0 or an errno.
int iii_start_thread(const pthread_attr_t *attributes, void *(*body)(void *), void *argument);

/// An inotify(7) descriptor that tells of files in a folder that were written, renamed or removed. -1 with errno.
int iii_watch_folder(const char *path);

/// A pipe that no child inherits. 0 or -1 with errno.
int iii_pipe(int ends[2]);

#ifdef MSG_NOSIGNAL
static const int iii_no_signal = MSG_NOSIGNAL;
#else
static const int iii_no_signal = 0;
#endif

/// A program to be run: absolute paths, lists that end in NULL, descriptors for its output.
struct iii_launch {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    int output;
    int error;
};

/// What a guard tells of its child.
enum iii_guard_kind {
    /// It runs; the value is its process id.
    iii_guard_started = 1,
    /// It could not be started; the value is an errno.
    iii_guard_failed = 2,
    /// It has ended and nothing that it started is left; the value is a status of wait(2).
    iii_guard_ended = 3,
};

struct iii_guard_report {
    int32_t kind;
    int32_t value;
};

/// Starts a program under a guard, in a session of its own, and returns the guard's process id, or -1 with errno.
///
/// `channel` is a stream socket: reports come out of it, and each byte written to it is a signal for the program's process
/// group. When it closes, however that happens, the guard kills the program and everything that it started.
pid_t iii_guard_start(const struct iii_launch *launch, int *channel);

/// Whether and how a process ended, from a status of wait(2): its exit status, or -1 and the signal.
static inline int iii_exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
static inline int iii_exit_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

/// Runs a program in a session of its own with the given descriptors as 0, 1, 2 and so on, and no others. 0 or an errno.
int iii_spawn(const char *path, char *const *arguments, char *const *environment, const int *descriptors, int count,
              pid_t *process);

/// Waits for the end of a child without taking its status. 0 or -1 with errno.
int iii_await_end(pid_t process);

/// A file that is in memory only, not inherited. -1 with errno.
int iii_memory_file(const char *name);

/// From now on nobody can change a file in memory, and nobody can map it writable and shared. 0 or -1 with errno.
int iii_seal(int file);

/// The next bytes of a file at or after `offset` that are no hole: their start, with their end in `*end`.
/// -1 with errno, ENXIO behind the last.
int64_t iii_next_data(int file, int64_t offset, int64_t *end);

/// Sends bytes over a Unix socket, and a descriptor with them, if it is not -1. 0 or -1 with errno; no signal where nobody reads.
int iii_send_descriptor(int socket, const void *bytes, size_t count, int descriptor);

/// Two connected stream sockets, not inherited. 0 or -1 with errno.
int iii_socket_pair(int ends[2]);

/// The two ends of a TCP connection as one of its programs sees them: addresses in network order, an IPv4 one in the first
/// four bytes; ports in the order of this machine.
struct iii_connection {
    int is_ipv6;
    uint8_t local_address[16];
    uint8_t remote_address[16];
    uint16_t local_port;
    uint16_t remote_port;
};

/// The user whose program on this machine holds a connection that is open, by the kernel's table of sockets. -1 where it
/// does not tell.
int64_t iii_connection_owner(const struct iii_connection *connection);

/// Makes reads and writes answer at once.
static inline void iii_set_nonblocking(int descriptor) {
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/// The version of the kernel's rules for files that processes put on themselves (Landlock); 0 where it has none.
int iii_landlock_version(void);

/// The bytes on disk that a file, or a folder with all below it, takes; links are not followed, other file systems not entered,
/// nor folders that this process may not read. A file with several names counts for each of them in part. -1 where it cannot be told, or 256 folders lie in each other.
int64_t iii_allocated_size(const char *path);

/// Nanoseconds since 1970.
int64_t iii_unix_nanoseconds(void);

/// The rate of the processor's time stamp counter in kHz, measured; 0 where there is none.
uint64_t iii_counter_kilohertz(void);

/// Waits until something can be read. 1, 0 after the time, -1 with errno.
int iii_wait_readable(int descriptor, int milliseconds);

/// When a file was last changed, in nanoseconds since 1970.
static inline int64_t iii_modified_nanoseconds(const struct stat *status) {
#ifdef __APPLE__
    return (int64_t)status->st_mtimespec.tv_sec * 1000000000 + status->st_mtimespec.tv_nsec;
#else
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
#endif
}

/// The size of the terminal behind a descriptor. 0 or -1 with errno.
int iii_terminal_size(int descriptor, uint16_t *rows, uint16_t *columns);

/// Makes a terminal pass every key on as it is; `iii_terminal_restore` makes it as it was.
void iii_terminal_raw(int descriptor);
void iii_terminal_restore(int descriptor);

#endif
