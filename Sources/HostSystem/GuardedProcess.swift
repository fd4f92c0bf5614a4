// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Synchronization
package import SystemPackage

/// A child process that cannot outlive this one, nor leave anything behind that it started.
///
/// It runs in a session of its own, with nothing to read. Between it and us stands a guard: a small process that kills the
/// child with all of its descendants when this process ends, even by kill -9, and when the child itself ends.
package final class GuardedProcess: Sendable {
    /// A program to run.
    package struct Launch: Sendable, Hashable {
        package var executable: FilePath
        package var arguments: [String]
        /// The whole environment; nothing is inherited.
        package var environment: [String: String]
        package var directory: FilePath

        package init(
            executable: FilePath,
            arguments: [String] = [],
            environment: [String: String],
            directory: FilePath
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
        }
    }

    /// Where a piece of output came from.
    package enum Stream: String, Sendable, Hashable, CaseIterable {
        case output = "stdout"
        case error = "stderr"
    }

    /// What a process says while it lives.
    package enum Event: Sendable {
        case started(processID: Int32)
        case output(Stream, [UInt8])
        /// The last event; all output came before it, and nothing that the child started is left.
        case ended(ProcessEnd)
    }

    fileprivate struct State {
        var channel: FileDescriptor?
        var reports: [UInt8] = []
        var end = ProcessEnd.lost
    }

    private static let pieceSize = 1 << 16
    private let state: Mutex<State>
    private let guardID: pid_t
    private let receive: @Sendable (Event) -> Void

    /// Starts a program; `receive` hears of it on a thread of its own, one event at a time.
    ///
    /// That the program itself cannot be run is told by an `ended(.notStarted)`.
    ///
    /// - Throws: `HostError` where no process could be made at all.
    package static func start(
        _ launch: Launch,
        _ receive: @escaping @Sendable (Event) -> Void
    ) throws(HostError) -> GuardedProcess {
        let output = try Pipe(launch.executable)
        defer { output.closeWriting() }
        let error: Pipe
        do { error = try Pipe(launch.executable) } catch {
            output.closeReading()
            throw error
        }
        defer { error.closeWriting() }
        var channel: Int32 = -1
        let guardID = launch.withCValue(output: output.writing, error: error.writing) { iii_guard_start($0, &channel) }
        guard guardID > 0 else {
            let failure = Errno.current
            output.closeReading()
            error.closeReading()
            throw HostError(.start, launch.executable, failure)
        }
        let process = GuardedProcess(guardID, FileDescriptor(rawValue: channel), receive)
        let sources: [(Int32, Stream?)] = [(channel, nil), (output.reading, .output), (error.reading, .error)]
        do { try OwnThread.start { process.follow(sources) } } catch {
            // The guard kills what it started when it finds nobody at the other end.
            for (descriptor, _) in sources { close(descriptor) }
            throw HostError(.start, launch.executable, Errno(rawValue: error.errno))
        }
        return process
    }

    private init(_ guardID: pid_t, _ channel: FileDescriptor, _ receive: @escaping @Sendable (Event) -> Void) {
        self.guardID = guardID
        self.receive = receive
        state = Mutex(State(channel: channel))
    }

    /// Sends a signal to the child's process group; nothing happens where the child has ended.
    package func signal(_ number: Int32) {
        state.withLock { state in
            guard let channel = state.channel else { return }
            // A guard that is gone has nobody to signal.
            _ = try? channel.write([UInt8(truncatingIfNeeded: number)], noSignal: true)
        }
    }

    /// Kills the child and all that it started.
    package func kill() { signal(SIGKILL) }

    // MARK: Following

    /// Reads what comes, as long as anything is open, and tells the end.
    private func follow(_ sources: [(descriptor: Int32, stream: Stream?)]) {
        var open = sources
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        while !open.isEmpty {
            var waiting = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), -1) > 0 else { continue }
            var ended: [Int] = []
            // Output first: programs tell what went wrong after what they did.
            for (index, source) in open.enumerated() where waiting[index].revents != 0 {
                let count = read(source.descriptor, &piece, piece.count)
                if count > 0 {
                    take(piece[..<count], source.stream)
                } else if count == 0 || Errno.current != .interrupted {
                    ended.append(index)
                    closed(source.descriptor, source.stream)
                }
            }
            for index in ended.reversed() { open.remove(at: index) }
        }
        waitpid(guardID, nil, 0)
        receive(.ended(state.withLock(\.end)))
    }

    private func take(_ piece: ArraySlice<UInt8>, _ stream: Stream?) {
        if let stream { return receive(.output(stream, Array(piece))) }
        let started = state.withLock { $0.take(piece) }
        if let started { receive(.started(processID: started)) }
    }

    private func closed(_ descriptor: Int32, _ stream: Stream?) {
        state.withLock { state in
            if stream == nil { state.channel = nil }
            close(descriptor)
        }
    }
}

extension GuardedProcess.State {
    /// Takes up reports of the guard; returns the child's process id where one says that it started.
    fileprivate mutating func take(_ piece: ArraySlice<UInt8>) -> Int32? {
        reports += piece
        var started: Int32?
        let size = MemoryLayout<iii_guard_report>.size
        while reports.count >= size {
            // Safety: reports are two 32-bit words, and so many bytes are there.
            let report = reports.withUnsafeBytes { $0.loadUnaligned(as: iii_guard_report.self) }
            reports.removeFirst(size)
            switch iii_guard_kind(rawValue: UInt32(report.kind)) {
            case iii_guard_started: started = report.value
            case iii_guard_failed: end = .notStarted(Errno(rawValue: report.value))
            case iii_guard_ended: end = ProcessEnd(waitStatus: report.value)
            default: break
            }
        }
        return started
    }
}

/// How a process ended.
package enum ProcessEnd: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    /// Its program could not be run.
    case notStarted(Errno)
    /// Its guard was killed, and took it along.
    case lost

    init(waitStatus: Int32) {
        let signal = iii_exit_signal(waitStatus)
        self = signal == 0 ? .exited(iii_exit_status(waitStatus)) : .signalled(signal)
    }

    /// The end of a sentence that begins with the process's name.
    package var sentence: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let number): "was ended by signal \(number)"
        case .notStarted(let errno): "could not be started: \(errno.description.lowercased())"
        case .lost: "was killed together with its guard"
        }
    }
}

/// A pipe that a child writes to.
private struct Pipe {
    let reading: Int32
    let writing: Int32

    init(_ path: FilePath) throws(HostError) {
        var ends: [Int32] = [-1, -1]
        guard iii_pipe(&ends) == 0 else { throw HostError(.start, path, .current) }
        (reading, writing) = (ends[0], ends[1])
    }

    func closeReading() { close(reading) }
    func closeWriting() { close(writing) }
}

extension FileDescriptor {
    fileprivate func write(_ bytes: [UInt8], noSignal: Bool) throws -> Int {
        let count = send(rawValue, bytes, bytes.count, iii_no_signal)
        if count < 0 { throw Errno.current }
        return count
    }
}

extension GuardedProcess.Launch {
    /// Calls `body` with this launch as C has it.
    fileprivate func withCValue<Result>(
        output: Int32,
        error: Int32,
        _ body: (UnsafePointer<iii_launch>) -> Result
    ) -> Result {
        // Safety: strings are copied by strdup and freed after `body`, which keeps none of them.
        let words = ([executable.string] + arguments).map { strdup($0) }
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in words + variables { free(text) } }
        return (words + [nil]).withUnsafeBufferPointer { words in
            (variables + [nil]).withUnsafeBufferPointer { variables in
                directory.withPlatformString { directory in
                    var launch = iii_launch()
                    launch.path = words[0].map { UnsafePointer($0) }
                    launch.arguments = words.baseAddress
                    launch.environment = variables.baseAddress
                    launch.directory = directory
                    launch.output = output
                    launch.error = error
                    return withUnsafePointer(to: launch, body)
                }
            }
        }
    }
}
