// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

/// A bundle whose manifest cannot be one is at fault itself: the place where it was looked at says nothing to anybody.
struct InstalledBundleTests {
    private func refusal(_ prepare: (FilePath) throws -> Void) throws -> any CodedError {
        try withTemporaryDirectory { tree in
            try prepare(tree.appending(WorkerManifest.fileName))
            let error = try #require(throws: (any Error).self) { try InstalledBundle.manifest(in: tree) }
            return try #require(error as? any CodedError)
        }
    }

    @Test func manifestsThatCannotBeOnesAreTheBundlesFault() throws {
        let errors = [
            try refusal { _ in }, try refusal { try HostFiles.makeDirectory($0) },
            try refusal { try HostFiles.write([UInt8](repeating: 0x23, count: 65 << 10), to: $0) },
        ]
        for (error, words) in zip(errors, ["at its root", "a folder", "64 KiB"]) {
            #expect(error.code == .bundleManifestRejected)
            #expect(error.message.contains(words) && !error.message.contains("/"), "\(error.message)")
        }
    }
}
