// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage
package import WorkerModel

extension HeldProcess {
    /// Runs a program to its end and gives what it writes; what it says of errors goes nowhere.
    ///
    /// - Parameters:
    ///   - program: The program.
    ///   - arguments: What follows its name.
    ///   - environment: All its variables.
    ///   - input: What it may read.
    ///   - patience: How long it may take; it is killed then.
    ///   - limit: The most that it may write: what is longer is nothing.
    /// - Returns: What it wrote, and how it ended.
    /// - Throws: `HostError` where it could not be started; `CancellationError`.
    package static func output(
        of program: FilePath,
        arguments: [String],
        environment: [String: String],
        input: [UInt8] = [],
        within patience: Duration,
        upTo limit: ByteCount
    ) async throws -> (bytes: [UInt8], end: ProcessEnd) {
        let input = try HostDescriptors.memoryFile(input)
        defer { try? input.close() }
        let output = try HostDescriptors.memoryFile([])
        defer { try? output.close() }
        let null = try HostDescriptors.null()
        defer { try? null.close() }
        let process = try await start(
            program,
            arguments,
            environment: environment,
            descriptors: [input, output, null]
        )
        let end = try await process.end(within: patience)
        try output.seek(offset: 0, from: .start)
        let bytes = try? HostFiles.read(output.duplicate().rawValue, program, upTo: limit)
        return (bytes ?? [], end)
    }

    /// How the process ends, by itself or killed when time is up.
    private func end(within patience: Duration) async throws -> ProcessEnd {
        try await withThrowingTaskGroup(of: ProcessEnd?.self) { group in
            group.addTask { await self.end() }
            group.addTask {
                try? await Task.sleep(for: patience)
                self.signal(9)
                return nil
            }
            while let next = try await group.next() {
                guard let next else { continue }
                group.cancelAll()
                try Task.checkCancellation()
                return next
            }
            return .lost
        }
    }
}
