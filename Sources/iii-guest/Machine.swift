// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// The first process of a machine.
///
/// The initramfs holds this program and kernel modules. The base image is the disk with the serial `base`, the bundle's the
/// one with the serial `bundle`: nothing of that one is read before a worker is known, since a machine that was saved finds
/// another one in its place.
func runMachine() -> Never {
    // Without a console the first three descriptors are closed: what is opened next must not become a worker's output.
    mount("dev", "/dev", "devtmpfs", 0, "")
    while guest_open("/dev/null", O_RDWR) < 3 {}
    mount("proc", "/proc", "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "")
    mount("sys", "/sys", "sysfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "")
    loadModules()
    _ = guest_loopback_up()
    _ = guest_name_host("sandbox")
    let channel = openPort()
    guard channel >= 0 else {
        guest_power_off()
        exit(1)
    }
    let agent = Agent(channel: channel, isMachine: true)
    let hasRoot = makeRoot()
    agent.prepare()
    if !hasRoot { agent.send(Kind.failure, 0, bytes("the base image cannot be mounted")) }
    agent.run()
}

private func loadModules() {
    let list = guest_open("/m/list", O_RDONLY)
    guard list >= 0, let names = readSome(list, upTo: 4096) else { return }
    close(list)
    for name in names.split(separator: UInt8(ascii: "\n")) {
        _ = guest_load_module(cString(bytes("/m/") + name))
    }
}

/// The port of the control channel: the first that the machine has.
private func openPort() -> Int32 {
    for _ in 0..<500 {
        let port = guest_open("/dev/vport0p1", O_RDWR)
        if port >= 0 { return port }
        usleep(2000)
    }
    return -1
}

/// The block device whose serial is `name`: `vda`, `vdb` and so on; nil where there is none.
private func disk(_ name: StaticString) -> [UInt8]? {
    for letter in UInt8(ascii: "a")...UInt8(ascii: "f") {
        let device = bytes("vd") + [letter]
        let file = guest_open(cString(bytes("/sys/block/") + device + bytes("/serial")), O_RDONLY)
        guard file >= 0 else { continue }
        let serial = readSome(file, upTo: 64) ?? []
        close(file)
        if serial.prefix(name.utf8CodeUnitCount).elementsEqual(bytes(name)) { return device }
    }
    return nil
}

/// A writable root over the read-only base image, with the few nodes that programs need.
private func makeRoot() -> Bool {
    guard let device = disk("base") else { return false }
    for folder in [literal("/base"), literal("/layer"), literal("/root")] { mkdir(folder, 0o755) }
    let source = cString(bytes("/dev/") + device)
    guard mount(source, "/base", "squashfs", UInt(MS_RDONLY | MS_NODEV), "") == 0,
        mount("layer", "/layer", "tmpfs", UInt(MS_NODEV | MS_NOSUID), "size=50%,mode=0755") == 0
    else { return false }
    mkdir("/layer/upper", 0o755)
    mkdir("/layer/work", 0o755)
    // The root folder itself is what the layer says it is.
    _ = guest_copy_owner("/base", "/layer/upper")
    let options = "lowerdir=/base,upperdir=/layer/upper,workdir=/layer/work"
    guard mount("root", "/root", "overlay", UInt(MS_NODEV | MS_NOSUID), options) == 0 else { return false }
    for folder in [
        literal("/root/proc"), literal("/root/sys"), literal("/root/dev"), literal("/root/tmp"), literal("/root/run"),
        literal("/root/home"), literal("/root/home/worker"), literal("/root/etc"),
    ] { mkdir(folder, 0o755) }
    // Without a word of the image, C libraries would ask a name server first.
    _ = guest_make_file("/root", "etc/nsswitch.conf", "hosts: files dns\n", 0)
    let quiet = UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("proc", "/root/proc", "proc", quiet, "hidepid=2")
    // The agent still writes to its own view of the same file system.
    mount("/sys", "/root/sys", nil, UInt(MS_BIND), nil)
    mount("/sys", "/root/sys", nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY) | quiet, nil)
    mount("tmp", "/root/tmp", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "size=25%,mode=1777")
    makeDevices()
    harden()
    return true
}

private func makeDevices() {
    mount("dev", "/root/dev", "tmpfs", UInt(MS_NOSUID | MS_NOEXEC), "size=1m,mode=0755")
    let nodes: [(name: StaticString, major: UInt32, minor: UInt32)] = [
        ("/root/dev/null", 1, 3), ("/root/dev/zero", 1, 5), ("/root/dev/full", 1, 7), ("/root/dev/random", 1, 8),
        ("/root/dev/urandom", 1, 9), ("/root/dev/tty", 5, 0),
    ]
    for node in nodes { _ = guest_make_node(literal(node.name), UInt32(S_IFCHR) | 0o666, node.major, node.minor) }
    mkdir("/root/dev/pts", 0o755)
    mkdir("/root/dev/shm", 0o1777)
    mount("pts", "/root/dev/pts", "devpts", UInt(MS_NOSUID | MS_NOEXEC), "newinstance,ptmxmode=0666,mode=0620")
    mount("shm", "/root/dev/shm", "tmpfs", UInt(MS_NOSUID | MS_NODEV), "size=25%,mode=1777")
    symlink("pts/ptmx", "/root/dev/ptmx")
    symlink("/proc/self/fd", "/root/dev/fd")
    symlink("/proc/self/fd/0", "/root/dev/stdin")
    symlink("/proc/self/fd/1", "/root/dev/stdout")
    symlink("/proc/self/fd/2", "/root/dev/stderr")
}

/// What an unprivileged process could still try with the machine's own kernel.
private func harden() {
    mkdir("/group", 0o755)
    mount("group", "/group", "cgroup2", 0, "")
    let settings: [(StaticString, StaticString)] = [
        ("/proc/sys/user/max_user_namespaces", "0"), ("/proc/sys/kernel/dmesg_restrict", "1"),
        ("/proc/sys/kernel/kptr_restrict", "2"), ("/proc/sys/kernel/unprivileged_bpf_disabled", "1"),
        // What a worker takes is bounded by its control group, which tells when it was too much.
        ("/proc/sys/vm/overcommit_memory", "1"), ("/proc/sys/kernel/perf_event_paranoid", "3"),
        ("/proc/sys/kernel/sysrq", "0"),
        ("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"),
    ]
    for (file, value) in settings { _ = guest_write_file(literal(file), literal(value)) }
}

extension Agent {
    /// Mounts the bundle's disk at `/workspace`, below a private layer where it is to be writable.
    func mountWorkspace(_ request: StartRequest) -> Bool {
        let (writable, size) = (request.workspace == bytes("overlay"), request.scratch)
        guard let device = disk("bundle") else { return false }
        let source = cString(bytes("/dev/") + device)
        mkdir("/bundle", 0o755)
        let target = writable ? literal("/bundle") : literal("/root/workspace")
        guard mount(source, target, "squashfs", UInt(MS_RDONLY | MS_NODEV | MS_NOSUID), "") == 0 else { return false }
        if !writable { return true }
        mkdir("/private", 0o755)
        let options = cString(bytes("mode=0755,size=") + decimal(Int(size == 0 ? 64 << 20 : size)))
        guard mount("private", "/private", "tmpfs", UInt(MS_NODEV | MS_NOSUID), options) == 0 else { return false }
        mkdir("/private/upper", 0o755)
        mkdir("/private/work", 0o755)
        chown("/private/upper", request.user, request.group)
        let layers = "lowerdir=/bundle,upperdir=/private/upper,workdir=/private/work"
        return mount("workspace", "/root/workspace", "overlay", UInt(MS_NODEV | MS_NOSUID), layers) == 0
    }

    /// The control group that the worker and all commands are in.
    func limitMachine(_ request: StartRequest) {
        _ = guest_write_file(literal("/group/cgroup.subtree_control"), literal("+memory +pids"))
        mkdir("/group/worker", 0o755)
        if request.memory > 0 { set(literal("/group/worker/memory.max"), request.memory) }
        if request.processes > 0 { set(literal("/group/worker/pids.max"), request.processes) }
        _ = guest_write_file(literal("/group/worker/memory.oom.group"), literal("1"))
        // Where containers have it.
        let place = "/root/sys/fs/cgroup"
        mount("/group/worker", place, nil, UInt(MS_BIND), nil)
        let quiet = UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("/group/worker", place, nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY) | quiet, nil)
    }

    private func set(_ file: [CChar], _ value: UInt64) { _ = guest_write_file(file, cString(decimal(Int(value)))) }

    func memoryRanOut() -> Bool { guest_read_counter(literal("/group/worker/memory.events"), literal("oom_kill")) > 0 }
}
