// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#define _GNU_SOURCE
#include "CGuest.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

static int argument_count;
static char **arguments;

// The C library passes the command line to constructors too.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}

char *guest_argument(int index) { return index < argument_count ? arguments[index] : NULL; }

// ---- the filter ----

static struct sock_filter filter_code[2048];
static struct sock_fprog filter = {0, filter_code};

/// What a worker never needs, answered with EPERM.
static const int denied[] = {
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root),
    SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(mknod),
    SCMP_SYS(mknodat), SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at), SCMP_SYS(clock_settime),
    SCMP_SYS(settimeofday), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(syslog), SCMP_SYS(quotactl),
    SCMP_SYS(fanotify_init), SCMP_SYS(lookup_dcookie), SCMP_SYS(vhangup), SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(nfsservctl),
};
/// Kinds of sockets that reach no further than the tunnel.
static const int allowed_families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int add_rules(scmp_filter_ctx context) {
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        // A call that this architecture does not have has a negative number.
        if (denied[i] >= 0 && seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), denied[i], 0) != 0) return -1;
    }
    // The flags of clone3 stand behind a pointer that no filter can read; C libraries fall back to clone.
    if (seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0) return -1;
    const int spaces[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, spaces[i], spaces[i])) != 0) return -1;
    }
    // Bytes pushed into somebody's terminal.
    const int controls[] = {TIOCSTI, TIOCLINUX, TIOCSETD};
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, (unsigned)controls[i])) != 0) return -1;
    }
    // Families one by one: a rule of "not this one" cannot be joined with others of the same call.
    for (int family = 0; family < 64; family++) {
        int is_allowed = 0;
        for (size_t i = 0; i < sizeof allowed_families / sizeof *allowed_families; i++)
            is_allowed |= family == allowed_families[i];
        if (!is_allowed && seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                            SCMP_A0(SCMP_CMP_EQ, family)) != 0) return -1;
    }
    if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GE, 64)) != 0)
        return -1;
    // Raw sockets need a capability that the worker has not; refused here as well.
    const int without_raw[] = {AF_UNIX, AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof without_raw / sizeof *without_raw; i++) {
        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, without_raw[i]),
                             SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_RAW)) != 0) return -1;
    }
    // Of netlink, only to ask which interfaces and routes there are: servers do at their start, and by raw sockets too. To
    // change any needs a capability.
    return seccomp_rule_add(context, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
                            SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE));
}

int guest_make_filter(void) {
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    if (!context) return -1;
    int result = -1;
    int file = memfd_create("filter", MFD_CLOEXEC);
    // Another architecture's calls (32 bit on 64) have other numbers: the first of them kills.
    if (file >= 0 && seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
        add_rules(context) == 0 && seccomp_export_bpf(context, file) == 0) {
        ssize_t size = pread(file, filter_code, sizeof filter_code, 0);
        if (size > 0 && (size_t)size < sizeof filter_code && size % sizeof *filter_code == 0) {
            filter.len = (unsigned short)(size / sizeof *filter_code);
            result = 0;
        }
    }
    if (file >= 0) close(file);
    seccomp_release(context);
    return result;
}

// ---- rights ----

int guest_drop_capabilities(void) {
    for (int capability = 0; capability <= 63; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL && errno != EPERM) return -1;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
    return (int)syscall(SYS_capset, &header, data);
}

int guest_hide(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// ---- children ----

static void limit(int kind, uint64_t value) {
    struct rlimit both = {value, value};
    // A hard limit that is lower already stays.
    if (setrlimit(kind, &both) != 0) {
        struct rlimit now;
        if (getrlimit(kind, &now) == 0 && now.rlim_max < value) {
            now.rlim_cur = now.rlim_max;
            setrlimit(kind, &now);
        }
    }
}

enum step { STEP_SESSION, STEP_GROUP, STEP_RIGHTS, STEP_FOLDER, STEP_FILTER, STEP_EXECUTE };
static const char *const step_names[] = {"session", "control group", "rights", "folder", "filter", "execute"};

int guest_become_worker(unsigned user, unsigned group, const uint32_t *groups, int count) {
    // With the user go all capabilities but those that could be had again.
    for (int capability = 0; capability <= 63; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (setgroups((size_t)count, groups) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0) return -1;
    // Which a change of the user undid.
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/// From root of a machine to the worker in its root folder. The group is joined before, from where its file can be seen.
static int drop_user(const struct guest_child *child) {
    if (chroot(child->root) != 0 || chdir("/") != 0) return -1;
    guest_make_directory(child->directory, child->user, child->group);
    return guest_become_worker(child->user, child->group, child->groups, child->group_count);
}

/// Tells the agent which step failed, and ends the child.
static void give_up(int report, enum step step) {
    int message[2] = {(int)step, errno};
    ssize_t written = write(report, message, sizeof message);
    (void)written;
    _exit(126);
}

int guest_make_parents(char *path) {
    // The one that an absolute path begins with stands for what is there.
    for (char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int result = mkdir(path, 0755);
        *slash = '/';
        if (result != 0 && errno != EEXIST) return -1;
    }
    return 0;
}

int guest_make_directory(const char *folder, unsigned user, unsigned group) {
    char path[4096];
    struct stat facts;
    if (stat(folder, &facts) == 0 || errno != ENOENT) return 0;
    if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) return -1;
    if (guest_make_parents(path) != 0 || mkdir(path, 0755) != 0) return -1;
    return lchown(path, user, group);
}

/// Goes to a folder; one that is not there is made, as far as the worker may.
static int enter(const char *folder) {
    if (chdir(folder) == 0 || errno != ENOENT) return chdir(folder);
    char path[4096];
    if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) return -1;
    if (guest_make_parents(path) == 0) mkdir(path, 0755);
    return chdir(folder);
}

static void become_child(struct guest_child *child, int in, int out, int err, int report) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    if (setsid() < 0) give_up(report, STEP_SESSION);
    if (child->has_terminal && ioctl(in, TIOCSCTTY, 0) != 0) give_up(report, STEP_SESSION);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) give_up(report, STEP_SESSION);
    limit(RLIMIT_CORE, 0);
    if (child->open_files) limit(RLIMIT_NOFILE, child->open_files);
    if (child->data_bytes) limit(RLIMIT_DATA, child->data_bytes);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up(report, STEP_RIGHTS);
    if (child->processes) limit(RLIMIT_NPROC, child->processes);
    if (enter(child->directory) != 0) give_up(report, STEP_FOLDER);
    if (filter.len && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) give_up(report, STEP_FILTER);
    execvpe(child->arguments[0], child->arguments, child->environment);
    give_up(report, STEP_EXECUTE);
}

/// A terminal's master and slave, or three pipes; `ours` are the agent's ends.
static int make_ends(struct guest_child *child, int ours[3], int theirs[3]) {
    if (child->has_terminal) {
        int unlock = 0;
        int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        // In a machine the agent sees the worker's root as a folder.
        if (master < 0) master = open("/root/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0) return -1;
        int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (slave < 0) return -1;
        guest_resize(master, child->rows, child->columns);
        if (child->root && fchown(slave, child->user, child->group) != 0) return -1;
        ours[0] = ours[1] = master;
        ours[2] = -1;
        theirs[0] = theirs[1] = theirs[2] = slave;
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return -1;
        ours[i] = ends[i == 0 ? 1 : 0];
        theirs[i] = ends[i == 0 ? 0 : 1];
    }
    return 0;
}

/// PATH of the child, for execvpe.
static void take_path(char *const *environment) {
    for (; *environment; environment++)
        if (strncmp(*environment, "PATH=", 5) == 0) setenv("PATH", *environment + 5, 1);
}

int guest_spawn(struct guest_child *child, const char **reason) {
    int ours[3] = {-1, -1, -1}, theirs[3] = {-1, -1, -1}, report[2];
    *reason = "pipes";
    if (make_ends(child, ours, theirs) != 0 || pipe2(report, O_CLOEXEC) != 0) return -1;
    *reason = "fork";
    pid_t process = fork();
    if (process == 0) {
        if (child->control_group && guest_write_file(child->control_group, "0") != 0) give_up(report[1], STEP_GROUP);
        // It finds its limits where containers have them. Where that cannot be, they hold all the same.
        if (child->control_group) unshare(CLONE_NEWCGROUP);
        // Where memory runs out, the worker is killed before the agent that can tell of it. What hides is not let write here.
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        guest_write_file("/proc/self/oom_score_adj", "500");
        if (child->root && drop_user(child) != 0) give_up(report[1], STEP_RIGHTS);
        take_path(child->environment);
        become_child(child, theirs[0], theirs[1], theirs[2], report[1]);
    }
    close(theirs[0]);
    if (theirs[1] != theirs[0]) { close(theirs[1]); close(theirs[2]); }
    close(report[1]);
    int message[2] = {0, 0};
    int failed = process < 0;
    ssize_t size;
    do { size = read(report[0], message, sizeof message); } while (size < 0 && errno == EINTR);
    close(report[0]);
    if (process > 0 && size == sizeof message) {
        waitpid(process, NULL, 0);
        *reason = step_names[message[0]];
        if (message[0] == STEP_EXECUTE) child->status = message[1] == ENOENT ? 127 : 126;
        failed = 1;
    }
    if (failed) {
        for (int i = 0; i < 3; i++) if (ours[i] >= 0 && (i == 0 || ours[i] != ours[0])) close(ours[i]);
        if (message[1]) errno = message[1];
        return -1;
    }
    child->process = process;
    child->input = ours[0];
    child->output = ours[1];
    child->error = ours[2];
    guest_set_nonblocking(ours[0]);
    guest_set_nonblocking(ours[1]);
    if (ours[2] >= 0) guest_set_nonblocking(ours[2]);
    return 0;
}

int guest_child_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void guest_drain_signals(int descriptor) {
    struct signalfd_siginfo info;
    while (read(descriptor, &info, sizeof info) > 0) {}
}

pid_t guest_reap(int *kind, int *value) {
    int status = 0;
    pid_t process = waitpid(-1, &status, WNOHANG);
    if (process <= 0) return 0;
    *kind = WIFSIGNALED(status) ? 1 : 0;
    *value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return process;
}

int guest_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int guest_resize(int terminal, uint16_t rows, uint16_t columns) {
    struct winsize size = {rows, columns, 0, 0};
    return ioctl(terminal, TIOCSWINSZ, &size);
}
