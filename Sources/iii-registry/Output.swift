// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the program says: results on standard output, everything else on standard error.
enum Output {
    /// A line of the result, written at once.
    static func result(_ line: String) { write(line, to: .standardOutput) }

    /// Rows below a head, in columns; the last column is not padded.
    static func table(_ head: [String], _ rows: [[String]]) {
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            var line = ""
            for (column, text) in row.enumerated() {
                line +=
                    text + String(repeating: " ", count: column == row.count - 1 ? 0 : widths[column] - text.count + 2)
            }
            while line.last == " " { line.removeLast() }
            result(line)
        }
    }

    /// A line for people.
    static func say(_ line: String) { write(line, to: .standardError) }

    /// Ends the process.
    static func exit(_ status: Int32) -> Never {
        #if canImport(Glibc)
        Glibc.exit(status)
        #elseif canImport(Musl)
        Musl.exit(status)
        #else
        Darwin.exit(status)
        #endif
    }

    static func write(_ bytes: [UInt8], to descriptor: FileDescriptor) {
        // Nobody reads any more: there is nobody to tell.
        _ = try? descriptor.writeAll(bytes)
    }

    private static func write(_ line: String, to descriptor: FileDescriptor) {
        write(Array((line + "\n").utf8), to: descriptor)
    }
}
