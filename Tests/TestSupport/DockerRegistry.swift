// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Synchronization
package import SystemPackage

/// A docker-registry on a free port of the loopback interface.
package enum DockerRegistry {
    /// Runs it while `body` runs; its files are below `folder`, which exists.
    package static func run(in folder: FilePath, _ body: (_ host: String) async throws -> Void) async throws {
        let settings = """
            version: 0.1
            storage: {filesystem: {rootdirectory: \(folder.appending("registry"))}}
            http: {addr: "127.0.0.1:0"}
            """
        try settings.write(toFile: folder.appending("registry.yml").string, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/docker-registry")
        process.arguments = ["serve", folder.appending("registry.yml").string]
        let log = Pipe()
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        // What it goes on to say is read too, or it would wait for somebody to do so.
        let addresses = addresses(in: log.fileHandleForReading)
        guard let address = await addresses.first(where: { _ in true }) else { throw CocoaError(.executableLoad) }
        try await body(address)
    }

    /// The address that the server writes into its log once it listens; ends without one where the log does.
    private static func addresses(in log: FileHandle) -> AsyncStream<String> {
        let (addresses, found) = AsyncStream<String>.makeStream()
        let text = Mutex<String?>("")
        log.readabilityHandler = { log in
            let bytes = log.availableData
            if bytes.isEmpty {
                log.readabilityHandler = nil
                return found.finish()
            }
            text.withLock { text in
                // Once it is known nobody is interested any more.
                guard let before = text else { return }
                let now = before + String(decoding: bytes, as: UTF8.self)
                let address = now.firstMatch(of: /listening on (127\.0\.0\.1:\d+)/)?.1
                if let address { found.yield(String(address)) }
                text = address == nil ? now : nil
            }
        }
        return addresses
    }
}
