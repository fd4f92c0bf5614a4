// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// A docker-registry on a free port of the loopback interface.
package enum DockerRegistry {
    /// Runs it while `body` runs; its files are below `folder`, which exists.
    package static func run(in folder: FilePath, _ body: (_ host: String) async throws -> Void) async throws {
        let log = folder.appending("registry.log").string
        let settings = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder.appending("registry"))}}
            http: {addr: "127.0.0.1:0"}
            """
        try settings.write(toFile: folder.appending("registry.yml").string, atomically: true, encoding: .utf8)
        try Data().write(to: URL(fileURLWithPath: log))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/docker-registry")
        process.arguments = ["serve", folder.appending("registry.yml").string]
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        try await body(try address(in: log, while: process))
    }

    /// The address that the server writes into its log once it listens.
    private static func address(in log: String, while process: Process) throws -> String {
        while process.isRunning {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            if let match = text.firstMatch(of: /listening on (127\.0\.0\.1:\d+)/) { return String(match.1) }
            usleep(10_000)
        }
        throw CocoaError(.executableLoad)
    }
}
