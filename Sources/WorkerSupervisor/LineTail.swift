// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The last lines of what a worker printed, at most so many and so long.
package struct LineTail: Sendable {
    package static let lineCount = 20
    package static let lineLength = 400
    /// How many are looked through for what went wrong: a stack trace may stand behind it.
    package static let windowCount = 100

    /// Whole lines, oldest first.
    private var whole: [[UInt8]] = []
    private var open: [UInt8] = []

    package init() {}

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == 0x0A { endLine() } else if open.count < Self.lineLength { open.append(byte) }
        }
    }

    private mutating func endLine() {
        whole.append(open)
        open = []
        if whole.count > Self.windowCount { whole.removeFirst() }
    }

    /// The lines as text, oldest first, a last one without its end among them.
    package var lines: [String] { window.suffix(Self.lineCount) }

    /// The same, as far back as anybody looks.
    package var window: [String] {
        (whole + (open.isEmpty ? [] : [open])).suffix(Self.windowCount).map { String(decoding: $0, as: UTF8.self) }
    }
}
