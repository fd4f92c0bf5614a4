// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Synchronization
package import SystemPackage

/// A child process that is given descriptors of ours, and waited for by the very thread that started it.
///
/// So what asks the kernel to be killed with its parent is killed when this process ends, and not before: for the kernel
/// the parent is a thread. Descendants are the child's own business.
package final class HeldProcess: Sendable {
    package let identifier: Int32
    private struct State {
        var end: ProcessEnd?
        var waiting: [CheckedContinuation<ProcessEnd, Never>] = []
    }
    private let state = Mutex(State())

    private init(identifier: Int32) { self.identifier = identifier }

    /// Starts a program in a session of its own.
    ///
    /// `arguments` follow the program's name. The child has `descriptors` as 0, 1, 2 and so on, and no others; they stay
    /// open here.
    ///
    /// - Throws: `HostError` where it could not be started.
    package static func start(
        _ executable: FilePath,
        _ arguments: [String],
        environment: [String: String],
        descriptors: [FileDescriptor]
    ) async throws -> HeldProcess {
        try await withCheckedThrowingContinuation { started in
            do throws(OwnThread.ThreadFailure) {
                try OwnThread.start {
                    do throws(HostError) {
                        let identifier = try spawn(executable, arguments, environment, descriptors)
                        let process = HeldProcess(identifier: identifier)
                        started.resume(returning: process)
                        process.follow()
                    } catch { started.resume(throwing: error) }
                }
            } catch { started.resume(throwing: HostError(.start, executable, Errno(rawValue: error.errno))) }
        }
    }

    // Safety: the C strings are copied by strdup and freed when the child has its own.
    private static func spawn(
        _ executable: FilePath,
        _ arguments: [String],
        _ environment: [String: String],
        _ descriptors: [FileDescriptor]
    ) throws(HostError) -> Int32 {
        let words = ([executable.string] + arguments).map { strdup($0) }
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + variables { free(text) } }
        var identifier: pid_t = 0
        let failure = iii_spawn(
            executable.string,
            words + [nil],
            variables + [nil],
            descriptors.map(\.rawValue),
            Int32(descriptors.count),
            &identifier
        )
        if failure != 0 { throw HostError(.start, executable, Errno(rawValue: failure)) }
        return identifier
    }

    private func follow() {
        _ = iii_await_end(identifier)
        let (end, waiting) = state.withLock { state in
            // Taken under the lock, so that nobody signals a number that has become somebody else's.
            var status: Int32 = 0
            let end = waitpid(identifier, &status, 0) == identifier ? ProcessEnd(waitStatus: status) : .lost
            state.end = end
            defer { state.waiting = [] }
            return (end, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: end) }
    }

    /// Sends a signal to the process; nothing happens where it has ended.
    package func signal(_ number: Int32) {
        state.withLock { if $0.end == nil { kill(identifier, number) } }
    }

    /// Waits for the end.
    package func end() async -> ProcessEnd {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiting.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }
}

/// Descriptors that are made for children.
package enum HostDescriptors {
    /// Two connected stream sockets.
    package static func socketPair() throws(HostError) -> (ours: FileDescriptor, theirs: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard iii_socket_pair(&ends) == 0 else { throw HostError(.create, "a socket pair", .current) }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// A pipe.
    package static func pipe() throws(HostError) -> (reading: FileDescriptor, writing: FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard iii_pipe(&ends) == 0 else { throw HostError(.create, "a pipe", .current) }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// A file in memory that holds `contents` and is read from its beginning.
    package static func memoryFile(_ contents: some Sequence<UInt8>) throws -> FileDescriptor {
        let file = FileDescriptor(rawValue: iii_memory_file("contents"))
        guard file.rawValue >= 0 else { throw HostError(.create, "a file in memory", .current) }
        do {
            try file.writeAll(contents)
            try file.seek(offset: 0, from: .start)
        } catch {
            try? file.close()
            throw error
        }
        return file
    }

    /// Waits until something can be read, on a thread of its own.
    package static func isReadable(_ descriptor: FileDescriptor, within limit: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let milliseconds = Int32(clamping: limit.components.seconds * 1000)
            do throws(OwnThread.ThreadFailure) {
                try OwnThread.start {
                    continuation.resume(returning: iii_wait_readable(descriptor.rawValue, milliseconds) > 0)
                }
            } catch { continuation.resume(returning: false) }
        }
    }

    /// Nothing to read, and nowhere to write.
    package static func null() throws -> FileDescriptor { try FileDescriptor.open("/dev/null", .readWrite) }
}

extension FileDescriptor {
    /// From now on reads answer at once, with an error where there is nothing.
    package func setNonblocking() { iii_set_nonblocking(rawValue) }
}
