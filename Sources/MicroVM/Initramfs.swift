// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An archive in the format `newc` of cpio, which kernels unpack as their first file system.
struct Initramfs: Sendable {
    private(set) var bytes: [UInt8] = []
    private var count: UInt32 = 0

    mutating func addFolder(_ name: String) { add(name, mode: 0o040_755, []) }
    mutating func addFile(_ name: String, _ contents: [UInt8], isExecutable: Bool = false) {
        add(name, mode: isExecutable ? 0o100_755 : 0o100_644, contents)
    }
    mutating func addCharacterDevice(_ name: String, major: UInt32, minor: UInt32) {
        add(name, mode: 0o020_600, [], device: (major, minor))
    }

    /// Nothing may be added after this.
    mutating func finish() { add("TRAILER!!!", mode: 0, []) }

    /// Shape: `070701`, 13 numbers of 8 hexadecimal digits, the name with a zero, the contents, each filled up to words.
    private mutating func add(
        _ name: String,
        mode: UInt32,
        _ contents: [UInt8],
        device: (major: UInt32, minor: UInt32) = (0, 0)
    ) {
        count += 1
        let size = UInt32(contents.count)
        let fields = [
            count, mode, 0, 0, 1, 0, size, 0, 0, device.major, device.minor, UInt32(name.utf8.count + 1), 0,
        ]
        bytes += "070701".utf8
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            bytes += (String(repeating: "0", count: 8 - digits.count) + digits).utf8
        }
        bytes += Array(name.utf8) + [0]
        fillUp()
        bytes += contents
        fillUp()
    }

    private mutating func fillUp() {
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
    }
}
