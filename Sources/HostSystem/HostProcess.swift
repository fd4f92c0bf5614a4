// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage
import WorkerModel

/// This process.
package enum HostProcess {
    /// Ends the process; buffers of the C library are written, nothing else is waited for.
    package static func exit(_ status: Int32) -> Never { CHostSystem.exit(status) }

    /// Lets the process have as many open files as the system allows it: a server has one for each connection.
    ///
    /// Where that fails, the limit stays as it is.
    package static func raiseOpenFileLimit() { iii_raise_open_file_limit() }

    package static var identifier: Int32 { getpid() }

    /// The name of this machine; nil where it cannot be told.
    package static var machineName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether this process may do everything on this machine.
    package static var isRoot: Bool { geteuid() == 0 }

    /// Goes on as the user to whom a folder belongs, for good, where this process is root's and the folder is not.
    ///
    /// What root makes in the folder of somebody else, they cannot change.
    ///
    /// - Throws: `HostError` for a folder that cannot be looked at, or where that is not allowed.
    package static func becomeOwner(of folder: FilePath) throws(HostError) {
        guard isRoot else { return }
        var status = stat()
        guard folder.withPlatformString({ lstat($0, &status) }) == 0 else { return }
        if status.st_uid == 0 { return }
        let failure = iii_become(status.st_uid, status.st_gid)
        if failure != 0 { throw HostError(.write, folder, Errno(rawValue: failure)) }
    }

    /// The version of Landlock, by which the kernel holds processes to some files; nil where it has none.
    package static var landlockVersion: Int? {
        let version = iii_landlock_version()
        return version > 0 ? Int(version) : nil
    }

    /// The program that this process runs, nil where the system does not say.
    package static var executable: FilePath? {
        (try? HostFiles.target(ofLink: "/proc/self/exe")).flatMap { $0 }
    }

    /// Whether a process is there, whoever's it is.
    package static func exists(_ identifier: Int32) -> Bool {
        CHostSystem.kill(identifier, 0) == 0 || Errno.current == .notPermitted
    }

    /// Whether a process is this one, or was started by it or by one that it started.
    package static func isOurs(_ process: Int32) -> Bool {
        var next = process
        // Parents have no circles; what changes meanwhile ends the walk.
        for _ in 0..<64 {
            if next == identifier { return true }
            guard next > 1, let parent = parent(of: next) else { return false }
            next = parent
        }
        return false
    }

    private static func parent(of process: Int32) -> Int32? {
        let file = FilePath("/proc/\(process)/status")
        guard let bytes = (try? HostFiles.read(file, upTo: .kibibytes(16))).flatMap({ $0 }) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return line?.split { $0 == " " || $0 == "\t" }.last.flatMap { Int32($0) }
    }

    /// The processes that a process has started and that are still there; empty where the kernel does not tell.
    private static func children(of identifier: Int32) -> [Int32] {
        let file = FilePath("/proc/\(identifier)/task/\(identifier)/children")
        guard let bytes = (try? HostFiles.read(file, upTo: .mebibytes(1))).flatMap({ $0 }) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }

    /// Kills what a process has started, and itself only where there is nothing: it ends when it has seen their end.
    package static func killChildren(of process: HeldProcess) {
        let children = children(of: process.identifier)
        for child in children { kill(child) }
        if children.isEmpty { process.signal(SIGKILL) }
    }

    /// Kills a process that need not be ours; one that is gone is passed over.
    package static func kill(_ identifier: Int32) { _ = CHostSystem.kill(identifier, SIGKILL) }
}
