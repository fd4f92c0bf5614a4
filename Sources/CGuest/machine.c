// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#define _GNU_SOURCE
#include "CGuest.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <grp.h>
#include <linux/random.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

// ---- network ----

static int interface_request(unsigned long what, struct ifreq *request) {
    int socket_file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_file < 0) return -1;
    int result = ioctl(socket_file, what, request);
    int saved = errno;
    close(socket_file);
    errno = saved;
    return result;
}

int guest_loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo"};
    if (interface_request(SIOCGIFFLAGS, &request) != 0) return -1;
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return interface_request(SIOCSIFFLAGS, &request);
}

int guest_add_address(const uint8_t address[4]) {
    static int count = 0;
    // 127/8 is there from the start.
    if (address[0] == 127) return 0;
    struct sockaddr_in name = {.sin_family = AF_INET};
    memcpy(&name.sin_addr, address, 4);
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "lo:%d", ++count);
    memcpy(&request.ifr_addr, &name, sizeof name);
    if (interface_request(SIOCSIFADDR, &request) != 0) return -1;
    name.sin_addr.s_addr = 0xffffffffu;
    memcpy(&request.ifr_netmask, &name, sizeof name);
    return interface_request(SIOCSIFNETMASK, &request);
}

int guest_own_user(void) {
    uid_t user = geteuid();
    gid_t group = getegid();
    char map[64];
    if (user == 0) return 0;
    if (unshare(CLONE_NEWUSER) != 0) return -1;
    snprintf(map, sizeof map, "%u %u 1", user, user);
    if (guest_write_file("/proc/self/uid_map", map) != 0) return -1;
    guest_write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", group, group);
    return guest_write_file("/proc/self/gid_map", map);
}

int guest_own_network(void) {
    if (unshare(CLONE_NEWNET) != 0 || guest_loopback_up() != 0) return -1;
    return guest_write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
}

int guest_listen(const uint8_t address[4], uint16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&name.sin_addr, address, 4);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -1;
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 64) != 0) {
        int saved = errno;
        close(listener);
        errno = saved;
        return -1;
    }
    return listener;
}

int guest_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

// ---- files ----

int guest_write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t size = write(file, text, strlen(text));
    int saved = errno;
    close(file);
    errno = saved;
    return size == (ssize_t)strlen(text) ? 0 : -1;
}

int64_t guest_read_counter(const char *path, const char *key) {
    char text[4096];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size < 0) return -1;
    text[size] = 0;
    size_t length = strlen(key);
    for (char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoll(line + length, NULL, 10);
    }
    return -1;
}

static int copy_file(int from, int to) {
    char buffer[65536];
    for (;;) {
        ssize_t size = read(from, buffer, sizeof buffer);
        if (size <= 0) return (int)size;
        for (ssize_t done = 0; done < size;) {
            ssize_t written = write(to, buffer + done, size - done);
            if (written < 0) return -1;
            done += written;
        }
    }
}

static int copy_folder(int from, int to, int depth);

static int copy_entry(int from, int to, const char *name, int depth) {
    struct stat facts;
    if (fstatat(from, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (S_ISLNK(facts.st_mode)) {
        char target[4096];
        ssize_t size = readlinkat(from, name, target, sizeof target - 1);
        if (size < 0) return -1;
        target[size] = 0;
        return symlinkat(target, to, name);
    }
    if (!S_ISDIR(facts.st_mode) && !S_ISREG(facts.st_mode)) return 0;
    int is_folder = S_ISDIR(facts.st_mode);
    if (is_folder && mkdirat(to, name, 0755) != 0) return -1;
    int flags = O_CLOEXEC | O_NOFOLLOW;
    int source = openat(from, name, flags | O_RDONLY | (is_folder ? O_DIRECTORY : 0));
    int target = is_folder ? openat(to, name, flags | O_RDONLY | O_DIRECTORY)
                           : openat(to, name, flags | O_WRONLY | O_CREAT | O_EXCL, (facts.st_mode & 0111) ? 0755 : 0644);
    int result = -1;
    if (source >= 0 && target >= 0) {
        result = is_folder ? copy_folder(source, target, depth - 1) : copy_file(source, target);
        // Compiled Python files are compared with the times of their sources.
        struct timespec times[2] = {facts.st_mtim, facts.st_mtim};
        if (result == 0) futimens(target, times);
    }
    int saved = errno;
    if (source >= 0) close(source);
    if (target >= 0) close(target);
    errno = saved;
    return result;
}

static int copy_folder(int from, int to, int depth) {
    if (depth == 0) { errno = ELOOP; return -1; }
    int own = dup(from);
    DIR *folder = own >= 0 ? fdopendir(own) : NULL;
    if (!folder) return -1;
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        result = copy_entry(from, to, entry->d_name, depth);
    }
    int saved = errno;
    closedir(folder);
    errno = saved;
    return result;
}

int guest_copy_tree(const char *source, const char *target) {
    int from = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = from >= 0 && to >= 0 ? copy_folder(from, to, 64) : -1;
    int saved = errno;
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    errno = saved;
    return result;
}

int guest_open_parent(const char *root, const char *path, const char **name) {
    char part[256];
    int folder = open(root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const char *slash;
    while (folder >= 0 && (slash = strchr(path, '/'))) {
        int next = -1;
        if (snprintf(part, sizeof part, "%.*s", (int)(slash - path), path) < (int)sizeof part)
            next = openat(folder, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int saved = errno;
        close(folder);
        errno = saved;
        folder = next;
        path = slash + 1;
    }
    *name = path;
    return folder;
}

// ---- the first process of a machine ----

int guest_load_module(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    int result = (int)syscall(SYS_finit_module, file, "", 0);
    int saved = errno;
    close(file);
    errno = saved;
    return result;
}

int guest_seed(const uint8_t *bytes, int count) {
    if (count < 1 || count > 512) return -1;
    // As the kernel's `struct rand_pool_info`, whose last member has no size.
    struct { int entropy_count, size; uint8_t bytes[512]; } pool = {count * 8, count, {0}};
    memcpy(pool.bytes, bytes, (size_t)count);
    int file = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (file < 0) return -1;
    int result = ioctl(file, RNDADDENTROPY, &pool);
    if (result == 0) result = ioctl(file, RNDRESEEDCRNG);
    close(file);
    return result;
}

int guest_set_clock(int64_t unix_nanoseconds) {
    struct timespec now = {unix_nanoseconds / 1000000000, unix_nanoseconds % 1000000000};
    return clock_settime(CLOCK_REALTIME, &now);
}

int guest_name_host(const char *name) { return sethostname(name, strlen(name)); }

void guest_power_off(void) {
    reboot(RB_AUTOBOOT);
    reboot(RB_POWER_OFF);
    for (;;) pause();
}

int guest_make_file(const char *root, const char *path, const char *text, int replaces) {
    const char *name;
    int parent = guest_open_parent(root, path, &name);
    if (parent < 0) return -1;
    if (replaces) unlinkat(parent, name, 0);
    int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    close(parent);
    if (file < 0) return -1;
    size_t length = strlen(text);
    int result = write(file, text, length) == (ssize_t)length ? 0 : -1;
    if (fchmod(file, 0644) != 0) result = -1;
    close(file);
    return result;
}

int guest_make_node(const char *path, unsigned mode, unsigned major_number, unsigned minor_number) {
    return mknod(path, mode, makedev(major_number, minor_number)) == 0 && chmod(path, mode & 07777) == 0 ? 0 : -1;
}

// ---- the launcher ----

int guest_stage_begin(void) {
    // What is staged is read by another user.
    umask(022);
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : -1;
}

int guest_stage_folder(void) {
    return mount("stage", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m");
}

/// The path of a staged name, all folders above made.
static int staged(char path[256], const char *name) {
    return snprintf(path, 256, "/tmp/%s", name) < 256 ? guest_make_parents(path) : -1;
}

int guest_stage_link(const char *target, const char *name) {
    char path[256];
    return staged(path, name) == 0 ? symlink(target, path) : -1;
}

int guest_stage_file(const char *name, const char *text) {
    char path[256];
    return staged(path, name) == 0 ? guest_make_file("/tmp", name, text, 0) : -1;
}

int guest_stage_empty(const char *name) {
    char path[256];
    return staged(path, name) == 0 ? mkdir(path, 0755) : -1;
}

int guest_stage(int descriptor, const char *name) {
    char source[64], target[256];
    struct stat facts;
    snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
    if (fstat(descriptor, &facts) != 0) return -1;
    if (staged(target, name) != 0) return -1;
    if ((S_ISDIR(facts.st_mode) ? mkdir(target, 0755) : guest_make_file("/tmp", name, "", 0)) != 0) return -1;
    return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

/// Fills a map of another process's user namespace.
static int fill_map(pid_t process, const char *name, const char *map) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, name);
    return guest_write_file(path, map);
}

/// A user namespace with these maps; a descriptor of it. It is a child's, which ends at once.
static int space_of(const char *users, const char *groups) {
    int ready[2], done[2];
    if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        close(done[1]);
        if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], &byte, 1) != 1) _exit(1);
        // Ends when the parent has what it wants.
        _exit(read(done[0], &byte, 1) < 0);
    }
    close(ready[1]);
    close(done[0]);
    char byte, path[64];
    int space = -1;
    if (child > 0 && read(ready[0], &byte, 1) == 1 && fill_map(child, "uid_map", users) == 0 &&
        fill_map(child, "gid_map", groups) == 0) {
        snprintf(path, sizeof path, "/proc/%d/ns/user", child);
        space = open(path, O_RDONLY | O_CLOEXEC);
    }
    close(ready[0]);
    close(done[1]);
    if (child > 0) waitpid(child, NULL, 0);
    return space;
}

int guest_enter_users(const char *users, const char *groups) {
    int space = space_of(users, groups);
    if (space < 0) return -1;
    int result = setns(space, CLONE_NEWUSER);
    close(space);
    if (result != 0 || guest_write_file("/proc/sys/user/max_user_namespaces", "0") != 0) return -1;
    return guest_become(0);
}

/// Shows a folder at a path, its files as those of the owners that the maps have.
static int show_owned(int descriptor, const char *path, const struct guest_owners *owners) {
    int tree = open_tree(descriptor, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int space = tree >= 0 ? space_of(owners->users, owners->groups) : -1;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)space};
    int result = space >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0 &&
                 move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : -1;
    if (tree >= 0) close(tree);
    if (space >= 0) close(space);
    return result;
}

int guest_stage_lower(int descriptor, struct guest_owners *owners) {
    char source[64];
    if (mkdir("/tmp/lower", 0755) != 0 || mkdir("/tmp/root", 0755) != 0) return -1;
    snprintf(source, sizeof source, "/proc/self/fd/%d", descriptor);
    owners->are_mapped = owners->users && owners->maps && show_owned(descriptor, "/tmp/lower", owners) == 0;
    return owners->are_mapped ? 0 : mount(source, "/tmp/lower", NULL, MS_BIND, NULL);
}

int guest_copy_owner(const char *from, const char *to) {
    struct stat facts;
    if (stat(from, &facts) != 0 || chown(to, facts.st_uid, facts.st_gid) != 0) return -1;
    return chmod(to, facts.st_mode & 07777);
}

int guest_stage_layer(int layer, uint64_t size, const struct guest_owners *owners) {
    char text[128];
    if (mkdir("/tmp/layer", 0755) != 0) return -1;
    snprintf(text, sizeof text, "mode=0755,size=%llu", (unsigned long long)size);
    if (layer < 0 && mount("layer", "/tmp/layer", "tmpfs", MS_NOSUID | MS_NODEV, text) != 0) return -1;
    snprintf(text, sizeof text, "/proc/self/fd/%d", layer);
    if (layer >= 0 && mount(text, "/tmp/layer", NULL, MS_BIND, NULL) != 0) return -1;
    if (mkdir("/tmp/layer/work", 0755) != 0 && errno != EEXIST) return -1;
    if (mkdir("/tmp/layer/upper", 0755) != 0) return errno == EEXIST ? 0 : -1;
    // The root folder itself is what the layer says it is.
    if (owners->users && guest_copy_owner("/tmp/lower", "/tmp/layer/upper") != 0) return -1;
    return owners->everything ? chown("/tmp/layer/upper", owners->everything, owners->everything) : 0;
}

/// What the image has at a path, no link followed; 0 where it has something.
static int find_below(const char *path, struct stat *facts) {
    const char *name;
    int parent = guest_open_parent("/tmp/lower", path, &name);
    if (parent < 0) return -1;
    int result = fstatat(parent, name, facts, AT_SYMLINK_NOFOLLOW);
    close(parent);
    return result;
}

int guest_stage_place(const char *path, int is_file, const struct guest_owners *owners) {
    const char *name;
    struct stat facts;
    int parent = guest_open_parent("/tmp/layer/upper", path, &name);
    if (parent < 0) return -1;
    // Of a layer that stays, the worker may have made anything: what is there already is not touched.
    int result = is_file ? mknodat(parent, name, S_IFREG | 0644, 0) : mkdirat(parent, name, 0755);
    if (result != 0 && errno == EEXIST) { close(parent); return 0; }
    int is_there = find_below(path, &facts) == 0 && S_ISDIR(facts.st_mode) == !is_file;
    if (result == 0 && owners->users) {
        uid_t user = owners->everything ? owners->everything : is_there ? facts.st_uid : owners->are_mapped ? guest_root_of(owners->users) : 0;
        gid_t group = owners->everything ? owners->everything : is_there ? facts.st_gid : owners->are_mapped ? guest_root_of(owners->groups) : 0;
        result = fchownat(parent, name, user, group, AT_SYMLINK_NOFOLLOW);
    }
    if (result == 0 && is_there) result = fchmodat(parent, name, facts.st_mode & 07777, 0);
    int saved = errno;
    close(parent);
    errno = saved;
    return result;
}

/// The number that a map has for one; that for nobody where it has none.
static unsigned mapped(const char *map, unsigned number) {
    unsigned inside, outside, count;
    for (int size; sscanf(map, "%u %u %u%n", &inside, &outside, &count, &size) == 3; map += size)
        if (number >= inside && number - inside < count) return outside + (number - inside);
    return (unsigned)-1;
}

unsigned guest_root_of(const char *map) { return mapped(map, 0); }

/// Gives one entry to whom it is to belong.
static int give(int folder, const char *name, const struct stat *facts, const struct guest_owners *owners) {
    // Who is not in the map has what he is to have already.
    uid_t user = owners->everything ? owners->everything : mapped(owners->users, facts->st_uid);
    gid_t group = owners->everything ? owners->everything : mapped(owners->groups, facts->st_gid);
    if (facts->st_uid == user && facts->st_gid == group) return 0;
    return fchownat(folder, name, user, group, AT_SYMLINK_NOFOLLOW);
}

static int give_folder(int folder, const struct guest_owners *owners, int depth);

/// Gives one entry, and what is below it.
static int give_entry(int folder, const char *name, const struct guest_owners *owners, int depth) {
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || give(folder, name, &facts, owners) != 0) return -1;
    if (!S_ISDIR(facts.st_mode)) return 0;
    int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return below < 0 ? -1 : give_folder(below, owners, depth);
}

/// Closes `folder`.
static int give_folder(int folder, const struct guest_owners *owners, int depth) {
    DIR *list = depth > 0 ? fdopendir(folder) : NULL;
    if (!list) { close(folder); return -1; }
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        result = give_entry(folder, entry->d_name, owners, depth - 1);
    }
    closedir(list);
    return result;
}

static int give_all(const struct guest_owners *owners) {
    return give_entry(AT_FDCWD, "/tmp/root", owners, 256);
}

/// Gives the entries that a list names; all of them where there is none.
static int give_listed(const struct guest_owners *owners) {
    struct stat facts;
    if (owners->list < 0) return give_all(owners);
    if (fstat(owners->list, &facts) != 0) return -1;
    char *text = calloc(1, (size_t)facts.st_size + 1);
    if (!text || pread(owners->list, text, (size_t)facts.st_size, 0) != facts.st_size) { free(text); return -1; }
    int result = 0;
    const char *end = text + facts.st_size;
    for (const char *row = text; result == 0 && row < end; row += strlen(row) + 1) {
        const char *name;
        unsigned user, group;
        int start = 0;
        if (sscanf(row, "%u %u %*o%n", &user, &group, &start) != 2 || row[start] != ' ') { result = -1; break; }
        if ((user == 0 && group == 0) || !row[start + 1]) continue;
        int parent = guest_open_parent("/tmp/root", row + start + 1, &name);
        // Of a layer that stays, the worker may have removed anything.
        if (parent < 0) continue;
        if (fstatat(parent, name, &facts, AT_SYMLINK_NOFOLLOW) == 0) result = give(parent, name, &facts, owners);
        close(parent);
    }
    free(text);
    return result;
}

/// Lays the layer over the folder `/tmp/lower`, as `/tmp/root`.
static int lay(const char *options) {
    char text[256];
    snprintf(text, sizeof text, "lowerdir=/tmp/lower,upperdir=/tmp/layer/upper,workdir=/tmp/layer/work%s", options);
    return mount("root", "/tmp/root", "overlay", MS_NOSUID | MS_NODEV, text);
}

int guest_stage_root(const struct guest_owners *owners) {
    if (geteuid() != 0) return lay(",userxattr");
    // Root keeps its marks where no worker can write them.
    int changes = owners->users && (owners->are_mapped ? owners->everything != 0 : owners->changes);
    // A layer that stays and holds such marks cannot be read without them: another start may find another kernel.
    static const char mark[] = "/tmp/layer/owners-changed";
    if (!changes && access(mark, F_OK) != 0) return lay("");
    int file = open(mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    close(file);
    // With it, to change an owner takes the place of an entry in the layer, not of the file's bytes.
    int result = lay(",metacopy=on");
    if (result != 0 || !changes) return result;
    return owners->are_mapped ? give_listed(owners) : give_all(owners);
}

int guest_choose_processors(int count) {
    cpu_set_t all, chosen;
    if (sched_getaffinity(0, sizeof all, &all) != 0) return -1;
    int there = CPU_COUNT(&all);
    if (there <= count) return 0;
    CPU_ZERO(&chosen);
    for (int number = 0; number < CPU_SETSIZE && count > 0; number++) {
        if (!CPU_ISSET(number, &all)) continue;
        uint32_t chance = 0;
        if (getrandom(&chance, sizeof chance, 0) != sizeof chance) return -1;
        // Each of those that are left has the same chance.
        if (chance % (uint32_t)there-- < (uint32_t)count) {
            CPU_SET(number, &chosen);
            count--;
        }
    }
    return sched_setaffinity(0, sizeof chosen, &chosen);
}

int guest_become(unsigned user) {
    return setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0 ? 0 : -1;
}

int guest_follow_parent(int parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    return parent == 0 || getppid() == parent ? 0 : -1;
}
