// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import Diagnostics
import Synchronization
package import SystemPackage
import WorkerModel

/// A lock on a file, exclusive or shared, held until `release()` or the end of the process, however it ends.
///
/// The file holds the decimal process id of the last holder and, on a line of its own, what it was started as; it stays
/// when the lock is released.
package final class FileLock: Sendable {
    /// Who holds a lock.
    package struct Holder: Sendable, Hashable {
        package let processID: Int32
        /// The words of its command line, without options: `iii worker add`.
        package let command: String?

        /// `process 4711, `iii worker add``.
        package var shown: String { "process \(processID)" + (command.map { ", `\($0)`" } ?? "") }
    }

    package let path: FilePath
    private let descriptor: Mutex<FileDescriptor?>

    private init(path: FilePath, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// Takes the lock, waiting for its holder for at most `patience`.
    ///
    /// `onWait` is called once, before the first wait, with the holder where it is known.
    ///
    /// - Throws: `HostError` (W121) for a file that cannot be opened or locked, `FileLockBusy` (W120) when time is up.
    package static func acquire(
        _ path: FilePath,
        waitingUpTo patience: Duration,
        isShared: Bool = false,
        clock: some Clock<Duration> = ContinuousClock(),
        onWait: (_ holder: Holder?) -> Void = { _ in }
    ) async throws -> FileLock {
        let deadline = clock.now.advanced(by: patience)
        var hasTold = false
        while true {
            if let lock = try attempt(path, isShared: isShared) { return lock }
            if clock.now >= deadline { throw FileLockBusy(path: path, holder: holder(of: path)) }
            if !hasTold { onWait(holder(of: path)) }
            hasTold = true
            try await clock.sleep(until: min(clock.now.advanced(by: .milliseconds(25)), deadline), tolerance: nil)
        }
    }

    /// Takes the lock where nobody holds it, nil where somebody does.
    ///
    /// Several may hold it at once that share it.
    package static func attempt(_ path: FilePath, isShared: Bool = false) throws(HostError) -> FileLock? {
        let descriptor = try HostFiles.open(
            path,
            .readWrite,
            options: [.create, .closeOnExec, .noFollow],
            permissions: FilePermissions(rawValue: 0o644),
            as: .lock
        )
        guard flock(descriptor.rawValue, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
            let failure = Errno.current
            try? descriptor.close()
            if failure == .wouldBlock { return nil }
            throw HostError(.lock, path, failure)
        }
        // Whoever waits reads the id; that it could not be written is no reason to fail.
        _ = ftruncate(descriptor.rawValue, 0)
        _ = try? descriptor.writeAll(toAbsoluteOffset: 0, "\(getpid())\n\(Self.ownCommand)\n".utf8)
        return FileLock(path: path, descriptor: descriptor)
    }

    /// Gives the lock back.
    ///
    /// Safe to call twice.
    package func release() {
        descriptor.withLock { descriptor in
            try? descriptor?.close()
            descriptor = nil
        }
    }

    private static func holder(of path: FilePath) -> Holder? {
        guard let bytes = try? HostFiles.read(path, upTo: ByteCount(512)) else { return nil }
        let lines = bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        guard let processID = lines.first.flatMap({ Int32($0) }) else { return nil }
        return Holder(processID: processID, command: lines.dropFirst().first.map(\.printable))
    }

    /// The program and the commands of this process: what follows may be anything, and is nobody's business.
    private static let ownCommand: String = {
        let words = CommandLine.arguments.prefix(3)
        let program = words.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? ""
        let commands = words.dropFirst().prefix { !$0.hasPrefix("-") && !$0.isEmpty }
        return PrintableText(([program] + commands).joined(separator: " "), limit: 100).description
    }()
}

/// A lock that another process kept for longer than one was ready to wait.
///
/// W120.
package struct FileLockBusy: CodedError {
    package let path: FilePath
    package let holder: FileLock.Holder?

    package var code: ErrorCode { .projectBusy }

    package var message: String {
        "another operation is active" + (holder.map { " (\($0.shown))" } ?? "")
            + ": it holds `\(path.string.printable)`"
    }

    package var hints: [String] { ["wait until it is done, then run the command again; do not kill it"] }
    package var details: [(key: String, value: String)] {
        [("path", path.string)]
            + (holder.map { holder in
                [("holder_pid", String(holder.processID))] + (holder.command.map { [("holder_command", $0)] } ?? [])
            } ?? [])
    }
}
