// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation

/// The published Python SDK, made ready once by `scripts/python-sdk`.
package enum PythonSDK {
    /// The path of an interpreter that has it.
    package static let interpreter: Result<String, any Error> = Result { try answer(to: []) }

    /// A folder with another generation of it, for `PYTHONPATH` of that interpreter.
    package static func folder(of version: String) throws -> String { try answer(to: ["--of", version]) }

    private static func answer(to arguments: [String]) throws -> String {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/python-sdk").standardizedFileURL
        let process = Process()
        let output = Pipe()
        process.executableURL = script
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unavailable(status: process.terminationStatus) }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Unavailable: Error {
        let status: Int32
    }
}
