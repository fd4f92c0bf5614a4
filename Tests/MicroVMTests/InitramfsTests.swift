// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import MicroVM

/// What we write, cpio reads.
struct InitramfsTests {
    @Test func isReadByTheKernelsFormat() throws {
        var archive = Initramfs()
        archive.addFolder("m")
        archive.addFile("m/list", Array("a\nb".utf8))
        archive.addFile("init", [1, 2, 3, 4, 5], isExecutable: true)
        archive.finish()
        #expect(archive.bytes.count.isMultiple(of: 4))
        #expect(archive.bytes.starts(with: "070701".utf8))
        let text = String(decoding: archive.bytes, as: UTF8.self)
        #expect(text.contains("000081ED"))
        #expect(text.contains("m/list\0"))
        #expect(text.hasSuffix("TRAILER!!!\0\0\0\0"))
    }
}
