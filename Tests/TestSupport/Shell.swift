// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// Programs of the machine, as tests use them: to make what is awkward to make, and as second opinions.
package enum Shell {
    /// A program that ended with another status than 0, or complained.
    package struct Failed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs shell commands in a folder; the first that fails ends them.
    ///
    /// - Returns: what they wrote to stdout.
    /// - Throws: `Failed` for a status other than 0 and for anything on stderr.
    @discardableResult
    package static func run(_ commands: String, in folder: FilePath) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-euc", commands]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.string)
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, complaint.isEmpty else {
            throw Failed(description: "\(commands): status \(process.terminationStatus), \(complaint)")
        }
        return text
    }
}
