// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a worker must not be able to do.
///
/// Each attempt is a piece of Python that is run as the worker. It prints `HELD` and what happened, or `ESCAPED`. That an
/// attempt is one is proved by running it without protection: see `succeedsUnprotected`.
package struct EscapeAttempt: Sendable, CustomStringConvertible {
    package let description: String
    /// The body of a function that returns what it got, and raises where it was stopped.
    package let body: String
    /// How it is seen to work outside of any sandbox, as root; nil where the machine itself would suffer or has it not:
    /// then the reason.
    package let unprotected: Unprotected

    package enum Unprotected: Sendable, Hashable {
        case succeeds
        /// Succeeds where a shell command of the machine says that it has what the attempt is about.
        case succeedsWhere(String)
        case notTried(because: String)
    }

    init(_ description: String, _ body: String, unprotected: Unprotected = .succeeds) {
        self.description = description
        self.body = body
        self.unprotected = unprotected
    }

    /// The whole program.
    package var program: String {
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        return """
            import ctypes, errno, os, signal, socket, struct, sys
            libc = ctypes.CDLL(None, use_errno=True)
            def call(number, *arguments):
                result = libc.syscall(number, *arguments)
                if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                return result
            def attempt():
            \(lines.joined(separator: "\n"))
            try: print("ESCAPED", attempt())
            except (OSError, ValueError) as error: print("HELD", type(error).__name__, error)
            """
    }
}

extension EscapeAttempt {
    /// All attempts.
    ///
    /// `MARKER` is a world-readable file of the host with the text `host-secret`, `PORT` a listening port of its loopback
    /// interface, `PID` a process of the host, `ABSTRACT` the name of an abstract Unix socket of the host, `SOCKET` the path of
    /// another one.
    package static let all: [EscapeAttempt] = files + kernel + rights + processes + network

    private static let files = [
        EscapeAttempt("read a host file by its path", "return open('MARKER').read()"),
        EscapeAttempt("read a host file by climbing", "return open('../' * 12 + 'MARKER').read()"),
        EscapeAttempt("read a host file through /proc/1/root", "return open('/proc/1/root/MARKER').read()"),
        EscapeAttempt(
            "read a host file through /proc/1/cwd",
            "return open('/proc/1/cwd/' + '../' * 9 + 'MARKER').read()"
        ),
        EscapeAttempt("read a host file through /proc/self/root", "return open('/proc/self/root/MARKER').read()"),
        EscapeAttempt(
            "read a host file through a planted link",
            "os.symlink('/proc/1/root/MARKER', '/tmp/planted-%d' % os.getpid())\nreturn open('/tmp/planted-%d' % os.getpid()).read()"
        ),
        EscapeAttempt(
            "read the environment of process 1",
            "return len(open('/proc/1/environ', 'rb').read()) or 1"
        ),
        EscapeAttempt(
            "write to the host's programs",
            "open('/usr/bin/.escape-test', 'w').close()\nos.unlink('/usr/bin/.escape-test')\nreturn 'wrote'"
        ),
        EscapeAttempt(
            "list the host's home folders",
            "names = os.listdir('/root') + os.listdir('/home')\nassert names != ['worker']\nreturn names"
        ),
        EscapeAttempt("read the host's passwords", "return len(open('/etc/shadow').read())"),
        EscapeAttempt(
            "write to a host file through a planted link",
            "os.symlink('MARKER', '/tmp/write-%d' % os.getpid())\nif not os.path.exists('/tmp/write-%d' % os.getpid()): raise ValueError('it leads nowhere')\nopen('/tmp/write-%d' % os.getpid(), 'a').close()\nreturn 'wrote'"
        ),
        EscapeAttempt(
            "write to the bundle itself, below what lies over it",
            "open('/run/sandbox/bundle/planted', 'w').close()\nreturn 'wrote'",
            unprotected: .notTried(because: "only sandboxes have such a place")
        ),
        EscapeAttempt(
            "write over what every sandbox starts with",
            "open('/run/sandbox/guest', 'r+b').close()\nreturn 'could'",
            unprotected: .notTried(because: "only sandboxes have such a place")
        ),
        EscapeAttempt("list the open files of process 1", "return os.listdir('/proc/1/fd')"),
        EscapeAttempt(
            "open a file by its handle",
            "handle = ctypes.create_string_buffer(struct.pack('<Ii', 128, 0) + bytes(128))\ncall(303, -100, b'/etc', handle, ctypes.byref(ctypes.c_int()), 0)\nreturn call(304, os.open('/', os.O_RDONLY), handle, os.O_RDONLY)",
            unprotected: .succeedsWhere("stat -f -c %T /etc | grep -q ext")
        ),
        EscapeAttempt(
            "make a device node",
            "os.mknod('/tmp/escape-%d' % os.getpid(), 0o600 | 0o060000, os.makedev(254, 0))\nos.unlink('/tmp/escape-%d' % os.getpid())\nreturn 'made'"
        ),
        EscapeAttempt(
            "open the host's memory",
            "return os.open('/dev/mem', os.O_RDONLY)",
            unprotected: .notTried(because: "machines have it not")
        ),
        EscapeAttempt(
            "open /dev/kvm",
            "return os.open('/dev/kvm', os.O_RDWR)",
            unprotected: .notTried(because: "machines have it not")
        ),
        EscapeAttempt(
            "open a disk",
            "import glob\nreturn [os.open(p, os.O_RDONLY) for p in glob.glob('/dev/[sv]d[a-z]') + glob.glob('/dev/nvme0n1') or ['/dev/sda']]",
            unprotected: .notTried(because: "machines have it not")
        ),
        EscapeAttempt(
            "set a user id bit that counts",
            "open('/tmp/su', 'w').close()\nos.chmod('/tmp/su', 0o4755)\nos.setuid(0)\nassert os.getuid() == 0\nreturn 'root'"
        ),
    ]

    private static let kernel = [
        EscapeAttempt(
            "ask for the keyring of the session",
            "return call(250, 0, -3, 1, 0, 0)"
        ),
        EscapeAttempt(
            "write to sysrq-trigger",
            "return os.open('/proc/sysrq-trigger', os.O_WRONLY)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt("change core_pattern", "return os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)"),
        EscapeAttempt("change a kernel setting", "return os.open('/proc/sys/vm/drop_caches', os.O_WRONLY)"),
        EscapeAttempt("read the kernel's log", "return call(103, 3, ctypes.create_string_buffer(64), 64)"),
        EscapeAttempt(
            "mount a file system",
            "os.makedirs('/tmp/escape-mount', exist_ok=True)\nif libc.mount(b'none', b'/tmp/escape-mount', b'tmpfs', 0, None) != 0: raise OSError(ctypes.get_errno(), 'mount')\nlibc.umount(b'/tmp/escape-mount')\nreturn 'mounted'"
        ),
        EscapeAttempt(
            "make the bundle writable",
            "if libc.mount(None, b'/', None, 32 | 4096, None) != 0: raise OSError(ctypes.get_errno(), 'remount')\nreturn 'remounted'"
        ),
        EscapeAttempt("change the root", "os.chroot('/tmp')\nreturn 'changed'"),
        EscapeAttempt(
            "load a kernel module",
            "return call(313, -1, b'', 0)",
            unprotected: .notTried(because: "its arguments are refused too")
        ),
        EscapeAttempt(
            "load a BPF program",
            "buffer = ctypes.create_string_buffer(struct.pack('<IIIII', 2, 4, 4, 1, 0) + bytes(108))\nreturn call(321, 0, buffer, 128)"
        ),
        EscapeAttempt("make a userfaultfd", "return call(323, 0)"),
        EscapeAttempt(
            "set up io_uring",
            "return call(425, 1, ctypes.create_string_buffer(120))",
            unprotected: .succeedsWhere("! grep -qs '[12]' /proc/sys/kernel/io_uring_disabled")
        ),
        EscapeAttempt(
            "count performance events",
            "buffer = ctypes.create_string_buffer(struct.pack('<IIQ', 1, 112, 0) + bytes(96))\nreturn call(298, buffer, -1, 0, -1, 0)"
        ),
        EscapeAttempt("add a key to the kernel's keyring", "return call(248, b'user', b'escape', b'x', 1, -2)"),
        EscapeAttempt(
            "set the clock",
            "import time\nnow = time.clock_gettime(time.CLOCK_REALTIME)\ntime.clock_settime(time.CLOCK_REALTIME, now)\nreturn 'set'"
        ),
        EscapeAttempt(
            "restart the machine",
            "return call(169, 0xfee1dead, 672274793, 0, 0)",
            unprotected: .notTried(because: "it takes the keys of Ctrl-Alt-Del")
        ),
    ]

    private static let rights = [
        EscapeAttempt("become root", "os.setuid(0)\nassert os.getuid() == 0\nreturn 'root'"),
        EscapeAttempt("make a user namespace", "return call(272, 0x10000000)"),
        EscapeAttempt("make a network namespace", "return call(272, 0x40000000)"),
        EscapeAttempt("make a mount namespace", "return call(272, 0x00020000)"),
        EscapeAttempt(
            "make a user namespace by clone",
            "pid = call(56, 0x10000000 | 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)\nreturn 'made'"
        ),
        EscapeAttempt(
            "join the namespace of process 1",
            "fd = os.open('/proc/1/ns/net', os.O_RDONLY)\nreturn call(308, fd, 0)"
        ),
        EscapeAttempt(
            "hold any capability",
            "lines = [l for l in open('/proc/self/status') if l.startswith(('CapEff', 'CapPrm', 'CapBnd'))]\nif all(int(l.split()[1], 16) == 0 for l in lines): raise ValueError('no capabilities')\nreturn lines"
        ),
        EscapeAttempt(
            "gain rights by a new program",
            "if 'NoNewPrivs:\\t1' in open('/proc/self/status').read(): raise ValueError('no new privileges')\nreturn 'could'"
        ),
        EscapeAttempt(
            "put bytes into a terminal",
            "import pty, fcntl, termios\nmaster, slave = pty.openpty()\nfcntl.ioctl(slave, termios.TIOCSTI, b'x')\nreturn 'typed'",
            unprotected: .notTried(because: "newer kernels refuse it by themselves")
        ),
    ]

    private static let processes = [
        EscapeAttempt(
            "see a process of the host",
            "return open('/proc/PID/cmdline').read() + '.' if os.path.exists('/proc/PID') and 'sleep' in open('/proc/PID/cmdline').read() else (_ for _ in ()).throw(ValueError('not there'))"
        ),
        EscapeAttempt("signal a process of the host", "os.kill(PID, 0)\nreturn 'there'"),
        EscapeAttempt(
            "trace process 1",
            "return call(101, 16, 1, 0, 0)",
            unprotected: .notTried(because: "it would stop the machine's first process")
        ),
        EscapeAttempt(
            "trace a child",
            "pid = os.fork()\nif pid == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)\nif os.waitpid(pid, 0)[1] != 0: raise OSError(1, 'refused')\nreturn 'traced'"
        ),
        EscapeAttempt("read the memory of process 1", "return os.open('/proc/1/mem', os.O_RDONLY)"),
    ]

    private static let network = [
        EscapeAttempt(
            "reach another port of the host",
            "return socket.create_connection(('127.0.0.1', PORT), timeout=5)"
        ),
        EscapeAttempt(
            "reach the host by its gateway",
            "return socket.create_connection(('10.0.2.2', PORT), timeout=5)",
            unprotected: .notTried(because: "no such address here")
        ),
        EscapeAttempt(
            "reach the cloud's metadata",
            "return socket.create_connection(('169.254.169.254', 80), timeout=5)",
            unprotected: .notTried(because: "no such address here")
        ),
        EscapeAttempt(
            "reach the internet",
            "return socket.create_connection(('1.1.1.1', 443), timeout=5)",
            unprotected: .notTried(because: "tests do not reach out")
        ),
        EscapeAttempt(
            "send a datagram out",
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.connect(('8.8.8.8', 53))\ns.send(b'x')\nreturn 'sent'",
            unprotected: .succeedsWhere("cut -f 2 /proc/net/route | grep -qx 00000000")
        ),
        EscapeAttempt(
            "resolve a name",
            "return socket.getaddrinfo('example.com', 80)",
            unprotected: .notTried(because: "tests do not reach out")
        ),
        EscapeAttempt(
            "reach the host over IPv6",
            "return socket.create_connection(('::1', PORT), timeout=5)",
            unprotected: .notTried(because: "the test listens on IPv4")
        ),
        EscapeAttempt(
            "reach a socket of the host by its path",
            "s = socket.socket(socket.AF_UNIX)\ns.connect('SOCKET')\nreturn 'reached'"
        ),
        EscapeAttempt(
            "reach a socket of the host's own services",
            "import glob\nfor path in glob.glob('/run/**/*.sock*', recursive=True) + ['/run/docker.sock', '/run/dbus/system_bus_socket', '/run/systemd/private']:\n    s = socket.socket(socket.AF_UNIX)\n    try: s.connect(path); return path\n    except OSError: pass\nraise ValueError('none is there')",
            unprotected: .notTried(because: "not every machine runs some")
        ),
        EscapeAttempt(
            "reach an abstract socket of the host",
            "s = socket.socket(socket.AF_UNIX)\ns.connect('\\0ABSTRACT')\nreturn 'reached'"
        ),
        EscapeAttempt(
            "open a raw socket",
            "return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"
        ),
        EscapeAttempt("open a packet socket", "return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
        EscapeAttempt(
            "open a vsock socket",
            "return socket.socket(40, socket.SOCK_STREAM)",
            unprotected: .notTried(because: "machines have it not")
        ),
        EscapeAttempt(
            "open a socket to the kernel's crypto",
            "return socket.socket(38, socket.SOCK_SEQPACKET)",
            unprotected: .notTried(because: "machines have it not")
        ),
        EscapeAttempt(
            "open a netlink socket to the audit",
            "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt(
            "open a netlink socket to the firewall",
            "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt(
            "open a netlink socket to the kernel's drivers",
            "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt(
            "open a netlink socket to the list of all sockets",
            "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt(
            "open a netlink socket to the events of devices",
            "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)",
            unprotected: .notTried(because: "not every kernel has it")
        ),
        EscapeAttempt(
            "switch the interface off by a netlink socket",
            "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\ns.send(struct.pack('=IHHIIBxHiII', 32, 16, 5, 1, 0, 0, 0, 1, 0, 1))\ncode = struct.unpack_from('=i', s.recv(4096), 16)[0]\nif code: raise OSError(-code, os.strerror(-code))\nreturn 'switched'",
            unprotected: .notTried(because: "it would take the machine's network")
        ),
        EscapeAttempt(
            "add an address by a netlink socket",
            "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\ns.send(struct.pack('=IHHIIBBBBIHH4s', 32, 20, 0x605, 1, 0, 2, 8, 0, 0, 1, 8, 2, bytes([127, 9, 9, 9])))\ncode = struct.unpack_from('=i', s.recv(4096), 16)[0]\nif code: raise OSError(-code, os.strerror(-code))\nreturn 'added'",
            unprotected: .notTried(because: "it would change the machine's network")
        ),
        EscapeAttempt(
            "see an interface besides lo",
            "names = [n for _, n in socket.if_nameindex() if n != 'lo']\nif not names: raise ValueError('only lo')\nreturn names",
            unprotected: .succeedsWhere("ls /sys/class/net | grep -qvx lo")
        ),
    ]
}
