// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// The calls of the guest agent that have no short form in Swift: processes, terminals, mounts, filters of system calls.
// All of them answer 0 or a descriptor, and -1 with errno set, unless they say otherwise.

#ifndef C_GUEST_H
#define C_GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// A word of the command line, NULL behind the last. (Embedded Swift has no `CommandLine`.)
char *guest_argument(int index);

/// How a child is started; zero means "as the agent's" for limits.
struct guest_child {
    char *const *arguments;
    char *const *environment;
    const char *directory;
    uint64_t open_files;
    uint64_t processes;
    uint64_t data_bytes;
    /// In a machine, where the agent is root: the folder to make the root first, and then who to become.
    /// NULL where the agent is no more than the worker is to be.
    const char *root;
    uint32_t user, group;
    /// The further groups.
    const uint32_t *groups;
    int group_count;
    /// 1: run in a terminal of this size.
    int has_terminal;
    uint16_t rows, columns;
    /// The control group to join, NULL for none.
    const char *control_group;
    // Answers. With a terminal, input and output are its master side, and error is -1.
    pid_t process;
    int input, output, error;
    /// Where it could not be executed, the status that a shell would tell: 127 where it is not there, 126; else 0.
    int status;
};

/// Starts a child in a session of its own, without capabilities, behind the filter.
/// -1 where it could not be executed: then `*reason` names the step.
int guest_spawn(struct guest_child *child, const char **reason);

/// Makes the filter that `guest_spawn` puts on every child.
int guest_make_filter(void);

/// Becomes the worker for good, without any capability, and dies with its parent.
int guest_become_worker(unsigned user, unsigned group, const uint32_t *groups, int count);
/// Makes a folder with those above it, and gives it to somebody; nothing where it is there.
int guest_make_directory(const char *path, unsigned user, unsigned group);
/// Takes away every capability of this process, ambient and bounding ones too.
int guest_drop_capabilities(void);
/// Hides this process from others of its user: no ptrace, nothing of /proc/PID that would help them.
int guest_hide(void);

/// A descriptor that is readable when a child has ended.
int guest_child_signals(void);
/// Takes what `guest_child_signals` has to say.
void guest_drain_signals(int descriptor);

/// The next ended child, 0 where there is none; `*kind` 0 exited, 1 signalled.
pid_t guest_reap(int *kind, int *value);

/// Listens on an IPv4 address of this machine.
int guest_listen(const uint8_t address[4], uint16_t port);
/// Accepts one connection, not blocking.
int guest_accept(int listener);
/// Brings the loopback interface up.
int guest_loopback_up(void);

int guest_set_nonblocking(int descriptor);
int guest_resize(int terminal, uint16_t rows, uint16_t columns);

/// Copies a tree of files, folders and links into an existing folder. Other things are left out.
int guest_copy_tree(const char *source, const char *target);

/// Makes the folders above the last part of `path`, where they are not there; `path` is as it was afterwards.
int guest_make_parents(char *path);

/// Opens the folder that the last part of `path`, a path below `root`, is in; `*name` is that part.
/// No link is followed: what a worker planted must not lead anywhere else.
int guest_open_parent(const char *root, const char *path, const char **name);

/// Gives the user and the group of a worker a name and a home in the lists of a root file system, which are made where
/// there are none. Who is in a list already stays as he is. The owner gets a list that is made.
int guest_add_account(const char *root, unsigned user, unsigned group, const char *home, unsigned owner, unsigned owner_group);
/// Gives a folder the owner and the mode of another one.
int guest_copy_owner(const char *from, const char *to);

/// Holds this process and all that it starts to the files of its own root, by Landlock: a folder from elsewhere is closed to
/// it, however it came by it. With `owns_root` all of the root may be written, else only what a sandbox has for that. Sockets
/// without a name in a file, and signals, reach only what it started.
int guest_restrict(int owns_root);

static inline int guest_open(const char *path, int flags) { return open(path, flags | O_CLOEXEC); }
static inline int guest_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }
static inline int guest_end_output(int socket) { return shutdown(socket, SHUT_WR); }
static inline int guest_close_on_exec(int descriptor) { return fcntl(descriptor, F_SETFD, FD_CLOEXEC); }
static inline int guest_errno(void) { return errno; }
static inline int guest_would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// The first process of a machine.

/// Loads a kernel module from a file.
int guest_load_module(const char *path);
/// Mixes bytes of the host into the machine's random numbers, and counts them.
int guest_seed(const uint8_t *bytes, int count);
int guest_set_clock(int64_t unix_nanoseconds);
int guest_name_host(const char *name);
/// Switches the machine off.
void guest_power_off(void);
int guest_make_node(const char *path, unsigned mode, unsigned major, unsigned minor);
/// Writes a text to a file that is there.
int guest_write_file(const char *path, const char *text);
/// Makes a file below `root` that everybody may read; no link on the way is followed. What is there is replaced, or left: then -1.
int guest_make_file(const char *root, const char *path, const char *text, int replaces);
/// The first number after `key ` in a file such as `memory.events`, -1 where there is none.
int64_t guest_read_counter(const char *path, const char *key);

// The launcher: what is done before bubblewrap runs.

/// A mount namespace of this process's own. What is to be staged is opened after this: a mount of another namespace
/// cannot be bound.
int guest_stage_begin(void);
/// An empty folder over /tmp.
int guest_stage_folder(void);
/// Shows the file or folder behind an open descriptor as `/tmp/NAME`.
int guest_stage(int descriptor, const char *name);
/// `/tmp/NAME` as a link, as a file that holds `text`, as an empty folder. Of these and of what is shown, the folders above are
/// made where they are not there.
int guest_stage_link(const char *target, const char *name);
int guest_stage_file(const char *name, const char *text);
int guest_stage_empty(const char *name);
/// A user namespace in which a user who is not root may make other namespaces; nothing for root.
int guest_own_user(void);
/// A network of this process's own: a loopback interface, on whose low ports anybody may listen.
int guest_own_network(void);
/// Whose the files of a root file system are to be.
struct guest_owners {
    /// From the numbers of its files to those of the host, as maps of user namespaces are written. NULL: as they are.
    const char *users, *groups;
    /// The user of the host to whom all of them are to belong; 0 for nobody.
    uint32_t everything;
    /// Of its entries those that are not root's, as `RootOwners` writes them; negative where nobody knows.
    int list;
    /// Whether file systems may show files as others'.
    int maps;
    /// Whether owners may be changed in the layer, where the file system cannot show them so.
    int changes;
    /// Whether the file system shows them so: an answer.
    int are_mapped;
};
/// Shows the folder behind an open descriptor below the layer to come.
int guest_stage_lower(int descriptor, struct guest_owners *owners);
/// Makes the layer that takes what is written to a root: in a folder of the host behind `layer`, or in memory of `size` bytes
/// where that is negative.
int guest_stage_layer(int layer, uint64_t size, const struct guest_owners *owners);
/// A place in the layer on which something will be mounted: a folder, or a file. Its parent is there, and not behind a link.
/// It is as what the image has there.
int guest_stage_place(const char *path, int is_file, const struct guest_owners *owners);
/// Lays the layer over what was shown, as `/tmp/root`.
int guest_stage_root(const struct guest_owners *owners);
/// The number of root of the image, on the host.
unsigned guest_root_of(const char *map);
/// Makes a user namespace with these maps, in which no other can be made, and becomes its root.
int guest_enter_users(const char *users, const char *groups);
/// Keeps this process and all that it starts on so many of the processors, chosen by chance. Nothing keeps them from choosing
/// others.
int guest_choose_processors(int count);
/// Gives the loopback interface one more address.
int guest_add_address(const uint8_t address[4]);
/// Becomes another user for good.
int guest_become(unsigned user);
/// Dies when the parent dies; -1 where it is dead already.
int guest_follow_parent(int parent);

#endif
