// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

/// SHA-256 digests: either case is read, one form is written.
struct DigestTests {
    static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    static let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test func computesWhatTheStandardSays() {
        #expect(Digest.sha256("abc".utf8).description == Self.abc)
        #expect(Digest.sha256([]).description == Self.nothing)
    }

    @Test func hashingInPiecesIsHashingTheWhole() {
        var hasher = DigestHasher()
        for byte in "abc".utf8 { hasher.update([byte]) }
        #expect(hasher.finalize().description == Self.abc)
        hasher.update(Array("d".utf8))
        #expect(hasher.finalize() == Digest.sha256("abcd".utf8))
    }

    @Test(arguments: [abc, abc.uppercased(), "sha256:" + abc, " \(abc)\n"])
    func readsEitherCaseAndPrefix(_ text: String) throws {
        #expect(try Digest(parsing: text).description == Self.abc)
    }

    @Test(arguments: [
        "", "sha256:", String(abc.dropLast()), abc + "0", "sha512:" + abc, String(abc.dropLast()) + "g",
        "0x" + abc.dropFirst(2), String(abc.dropLast()) + "é", "sha256:sha256:" + abc, String(abc.dropLast()) + "+",
    ])
    func refusesWhatIsNoDigest(_ text: String) {
        #expect(throws: DigestError.self) { try Digest(parsing: text) }
    }

    @Test func takesExactly32Bytes() throws {
        #expect(try Digest(bytes: Digest.sha256([]).bytes).description == Self.nothing)
        for count in [0, 31, 33] {
            #expect(throws: DigestError.self) { try Digest(bytes: Array(repeating: 0, count: count)) }
        }
    }

    @Test func ordersByBytesAndAbbreviates() throws {
        let abc = try Digest(parsing: Self.abc)
        let nothing = try Digest(parsing: Self.nothing)
        #expect(abc < nothing)
        #expect(!(nothing < abc))
        #expect(abc.abbreviated == "ba7816bf8f01")
    }
}
