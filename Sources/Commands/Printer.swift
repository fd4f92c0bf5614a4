// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
package import JSONText
import Synchronization
package import SystemPackage

/// The only writer of the command line: results on standard output, talk on standard error.
package final class Printer: Sendable {
    /// Whether a person watches standard error.
    package let isInteractive: Bool
    private let output: FileDescriptor
    private let talk: FileDescriptor
    /// Keeps the lines of concurrent tasks whole, and the progress line below them.
    private let progress = Mutex<String?>(nil)

    package init(output: FileDescriptor = .standardOutput, talk: FileDescriptor = .standardError, isInteractive: Bool) {
        self.output = output
        self.talk = talk
        self.isInteractive = isInteractive
    }

    /// Prints one line of the result.
    package func result(_ line: String) { write(line + "\n", to: output) }

    /// Prints the result as one JSON document, keys sorted.
    package func result(_ value: JSONValue) { write(value.text(.pretty) + "\n", to: output) }

    /// Prints the beginning of a line that the user ends.
    package func ask(_ text: String) { write(text, to: talk) }

    /// Prints one line of talk; the progress line, where there is one, stays below it.
    package func say(_ line: String) {
        progress.withLock { progress in
            if let progress { write("\r\u{1B}[2K\(line)\n\(progress)", to: talk) } else { write(line + "\n", to: talk) }
        }
    }

    /// Shows `line` in place until the next; nil removes it.
    ///
    /// Nothing is shown where nobody watches.
    package func show(progress line: String?) {
        guard isInteractive else { return }
        progress.withLock { progress in
            guard line != progress else { return }
            progress = line
            write("\r\u{1B}[2K" + (line ?? ""), to: talk)
        }
    }

    /// Passes on what a worker printed.
    ///
    /// On a terminal, whatever could move the cursor or change colours is taken out.
    func pass(_ bytes: [UInt8], toTalk: Bool) {
        let descriptor = toTalk ? talk : output
        guard Terminal.isInteractive(descriptor) else {
            _ = try? descriptor.writeAll(bytes)
            return
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        write(lines.map(\.printable).joined(separator: "\n"), to: descriptor)
    }

    /// A reader that went away, as `head` does, is no error of ours.
    private func write(_ text: String, to descriptor: FileDescriptor) { _ = try? descriptor.writeAll(text.utf8) }
}
