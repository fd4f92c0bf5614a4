// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import MicroVM
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// Emulated machines over a small root file system that is made of this machine's own programs.
enum MachineFixture {
    private static let root = SmallRoot.repository

    /// Of each user his own.
    static let cache: FilePath =
        geteuid() == 0 ? root.appending(".build/machine-test") : FilePath("/tmp/iii-machine-test-\(geteuid())")

    static func make() throws -> SandboxFixture { SandboxFixture(backend: backend, base: try base) }

    static var base: SandboxSpecification.Base {
        get throws { .rootFileSystem(try SmallRoot.make(), digest: Digest.sha256("small root 2".utf8)) }
    }

    static let backend = backend(in: cache)

    static func backend(in cache: FilePath) -> MicroVMBackend {
        MicroVMBackend(
            .emulatedVM,
            MicroVMPrograms(
                guest: root.appending(".build/debug/iii-guest"),
                qemu: "/usr/bin/qemu-system-x86_64",
                bubblewrap: "/usr/bin/bwrap",
                mksquashfs: "/usr/bin/mksquashfs",
                kernelRoots: [root.appending(".build/machine-kernel"), "/"],
                cache: cache
            )
        )
    }
}
