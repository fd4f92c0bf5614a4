// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@Suite("Digests of images")
struct ContentDigestTests {
    @Test(
        "each algorithm gives the digest that others give of the same bytes",
        arguments: [
            (
                ContentDigest.Algorithm.sha256,
                "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
            (
                .sha512,
                "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ]
    )
    func knownDigests(algorithm: ContentDigest.Algorithm, text: String) throws {
        let digest = ContentDigest(of: Array("abc".utf8), algorithm)
        #expect(digest.description == text)
        #expect(try ContentDigest(parsing: text) == digest)
        #expect((digest.sha256 != nil) == (algorithm == .sha256))
    }

    @Test(
        "a digest has one spelling",
        arguments: [
            "", "sha256", "sha256:", "sha256:abc", "md5:ba7816bf8f01cfea414140de5dae2223",
            "SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            " sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ]
    )
    func otherSpellings(text: String) {
        #expect(throws: DigestError.self) { try ContentDigest(parsing: text) }
    }
}
