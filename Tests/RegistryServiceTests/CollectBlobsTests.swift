// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import BlobStorage
import JSONText
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// The collector takes what nobody needs, and never what somebody is about to need.
struct CollectBlobsTests {
    private static let manifest = "name: pdf\nversion: 1.0.0\nscripts:\n  start: python main.py\n"

    private static func request(_ digest: Digest) -> JSONObject {
        ["worker_name": "pdf", "version": "1.0.0", "type": "bundle", "sha256": .string(digest.description)]
    }

    @Test func blobsOfVersionsStayAndOthersGoAfterADay() async throws {
        try await ServiceFixture.run { registry in
            let needed = try await registry.uploadArchive(["iii.worker.yaml": Self.manifest])
            try await registry.publish(Self.request(needed))
            let other = try await registry.upload([1, 2, 3])
            let name = UploadName(account: try AccountName(parsing: "acme"), digest: .sha256([4, 5]))
            let cut = try await registry.blobs.beginUpload(name, upTo: .mebibytes(1))
            try await cut.append([4])
            await cut.suspend()
            #expect(try await registry.service.collect().isNothing)
            registry.clock.advance(by: .seconds(24 * 3600 + 1))
            let young = try await registry.upload([7])
            let outcome = try await registry.service.collect()
            #expect(outcome.blobs == 1 && outcome.bytes == ByteCount(3))
            #expect(try await registry.blobs.contains(needed))
            #expect(try await !registry.blobs.contains(other))
            #expect(try await registry.blobs.contains(young))
        }
    }

    @Test func everyPageOfBlobsIsLookedAt() async throws {
        try await ServiceFixture.run { registry in
            for number in 0..<1100 { _ = try await registry.upload([UInt8(number & 255), UInt8(number >> 8)]) }
            registry.clock.advance(by: .seconds(25 * 3600))
            #expect(try await registry.service.collect().blobs == 1100)
            #expect(try await registry.blobs.blobs(after: nil, limit: 10).isEmpty)
        }
    }

    /// Records that are older than the blobs name few of them: newer ones may be about to be put back.
    @Test func moreThanCanBeBelievedStays() async throws {
        try await ServiceFixture.run { registry in
            let needed = try await registry.uploadArchive(["iii.worker.yaml": Self.manifest])
            try await registry.publish(Self.request(needed))
            for number in 0...CollectBlobs.plausible { _ = try await registry.upload([UInt8(number), 1]) }
            registry.clock.advance(by: .seconds(25 * 3600))
            let outcome = try await registry.service.collect()
            #expect(outcome.withheld == CollectBlobs.plausible + 1 && outcome.isNothing)
            let report = try await CheckRegistry(store: registry.store, blobs: registry.blobs)()
            #expect(report.unnamed == CollectBlobs.plausible + 1 && report.damages.isEmpty)
        }
    }

    /// Whatever the order in which the two get on, a version that was published has its bytes.
    @Test func publicationsThatRaceTheCollectorKeepTheirBytes() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            for round in 0..<20 {
                let manifest = Self.manifest.replacing("1.0.0", with: "1.0.\(round)")
                let digest = try await registry.uploadArchive(["iii.worker.yaml": manifest])
                registry.clock.advance(by: .seconds(25 * 3600))
                var request = Self.request(digest)
                request["version"] = .string("1.0.\(round)")
                let publication = request
                async let outcome = registry.service.collect()
                do {
                    try await registry.publish(publication, by: caller)
                    #expect(try await registry.blobs.contains(digest), "round \(round)")
                } catch RegistryServiceError.invalidPublication {
                    // The collector was first: the publisher hears that the blob is not there.
                }
                _ = try await outcome
                let isPublished = (try? await registry.download("pdf", "1.0.\(round)")) != nil
                #expect(try await registry.blobs.contains(digest) == isPublished, "round \(round)")
            }
        }
    }
}
