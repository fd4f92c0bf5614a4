// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Synchronization
package import SystemPackage

/// A server of another make, on a free port of the loopback interface.
package enum LoopbackProgram {
    /// Runs it while `body` runs.
    ///
    /// What it writes to stderr goes to a file `NAME.log` in `folder`; a line with `listening on 127.0.0.1:PORT` tells where
    /// it answers.
    package static func run(
        _ executable: FilePath,
        _ arguments: [String],
        named name: String,
        in folder: FilePath,
        _ body: (_ host: String) async throws -> Void
    ) async throws {
        let path = folder.appending("\(name).log").string
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable.string)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
        let log = Pipe()
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer {
            // A child may have every signal blocked that can be: it got the mask of the thread that started it.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        // What it goes on to say is read too, or it would wait for somebody to do so.
        let addresses = addresses(in: log.fileHandleForReading, copyingTo: file)
        guard let address = await addresses.first(where: { _ in true }) else {
            throw Shell.Failed(description: "\(name) ended: \(try String(contentsOfFile: path, encoding: .utf8))")
        }
        try await body(address)
    }

    /// Runs a program in Python, which is given its port by `server_address` of what it makes.
    package static func python(
        _ script: String,
        _ arguments: [String] = [],
        named name: String,
        in folder: FilePath,
        _ body: (_ host: String) async throws -> Void
    ) async throws {
        let path = folder.appending("\(name).py")
        try script.write(toFile: path.string, atomically: true, encoding: .utf8)
        try await run("/usr/bin/env", ["python3", path.string] + arguments, named: name, in: folder, body)
    }

    /// The address that the server writes into its log once it listens; ends without one where the log does.
    private static func addresses(in log: FileHandle, copyingTo file: FileHandle) -> AsyncStream<String> {
        let (addresses, found) = AsyncStream<String>.makeStream()
        let text = Mutex<String?>("")
        log.forEachPiece { bytes in
            if bytes.isEmpty { return found.finish() }
            file.write(bytes)
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
