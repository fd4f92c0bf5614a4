// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

struct ExecutableExtractorTests {
    private static let linux = "x86_64-unknown-linux-gnu"
    private static let windows = "x86_64-pc-windows-msvc"

    /// Reads the executable of the worker `pdf` out of an archive into a folder.
    @discardableResult
    private func extract(
        _ root: FilePath?,
        for target: String = linux,
        limits: ArchiveLimits = .binary,
        tar build: (inout TarBytes) -> Void
    ) throws -> ArchiveListing {
        let sink = try ExecutableExtractor(
            of: WorkerName(parsing: "pdf"),
            for: TargetTriple(parsing: target),
            to: root
        )
        return try Extraction.read(GzipBytes.pack(TarBytes.archive(build)), into: sink, limits: limits)
    }

    private func fault(for target: String = linux, tar build: (inout TarBytes) -> Void) throws -> ExecutableFault? {
        var found: ExecutableFault?
        try withTemporaryDirectory { root in
            let error = #expect(throws: ArchiveError.self) { try extract(root, for: target, tar: build) }
            if case .executable(let fault, _) = error { found = fault }
            #expect(error?.code == .binaryNotInArchive)
        }
        return found
    }

    @Test(arguments: ["pdf", "./pdf", "bin/pdf", "pdf-1.2.0-x86_64/usr/bin/pdf", "pdf/pdf"])
    func findsItInAnyFolder(_ path: String) throws {
        try withTemporaryDirectory { root in
            let listing = try extract(root) { tar in
                tar.folder("docs/")
                tar.file("docs/pdf.md", "about")
                tar.file(path, "ELF") { $0.mode = Array("0000600\0".utf8) }
                tar.file("LICENSE", "yes")
            }
            #expect(try HostFiles.entries(of: root) == ["pdf"])
            #expect(try HostFiles.mode(of: root.appending("pdf")) == 0o755)
            #expect(try read(root.appending("pdf")) == Array("ELF".utf8))
            let digest = Digest.sha256(Array("ELF".utf8))
            #expect(listing.files == [.init(path: "pdf", size: ByteCount(3), isExecutable: true, digest: digest)])
        }
    }

    @Test func checksWithoutWriting() throws {
        let listing = try extract(nil) { $0.file("bin/pdf", "ELF") }
        #expect(listing["pdf"]?.digest == .sha256(Array("ELF".utf8)))
    }

    @Test func takesTheNameOfWindows() throws {
        try withTemporaryDirectory { root in
            let listing = try extract(root, for: Self.windows) { tar in
                tar.file("pdf.exe", "MZ")
                tar.file("pdf", "script")
            }
            #expect(listing.files.map(\.path) == ["pdf.exe"])
        }
        #expect(try fault(for: Self.windows) { $0.file("pdf", "ELF") } == .missing(seen: ["pdf"]))
        #expect(try fault { $0.file("pdf.exe", "MZ") } == .missing(seen: ["pdf.exe"]))
    }

    @Test func passesLinksOverButNotDevices() throws {
        try withTemporaryDirectory { root in
            try extract(root) { tar in
                tar.file("libpdf.so", type: "2") { $0.link = Array("libpdf.so.1".utf8) }
                tar.file("other", type: "1") { $0.link = Array("libpdf.so.1".utf8) }
                tar.file("pdf", "ELF")
            }
            #expect(try HostFiles.entries(of: root) == ["pdf"])
        }
        let error = #expect(throws: ArchiveError.self) { try extract(nil) { $0.file("null", type: "3") } }
        #expect(Refusal(error) == Refusal(.kind(.characterDevice), "null"))
    }

    @Test func namesWhatWasThereInstead() throws {
        let fault = try fault { tar in
            tar.folder("pdf/")
            for number in 0..<20 { tar.file("pdf/file-\(number)") }
        }
        #expect(fault == .missing(seen: (0..<16).map { "pdf/file-\($0)" }))
    }

    @Test func namesAreTakenAsTheyAre() throws {
        #expect(try fault { $0.file("PDF", "ELF") } == .missing(seen: ["PDF"]))
        #expect(try fault { $0.file("pdf-cli", "ELF") } == .missing(seen: ["pdf-cli"]))
    }

    @Test func refusesTwoOfTheName() throws {
        let fault = try fault { tar in
            tar.file("a/pdf", "ELF")
            tar.file("b/pdf", "ELF")
        }
        #expect(fault == .ambiguous(first: "a/pdf", second: "b/pdf"))
    }

    @Test func refusesALinkAndAnEmptyFileOfTheName() throws {
        #expect(try fault { $0.file("bin/pdf", type: "2") } == .notRegular(entry: "bin/pdf"))
        #expect(try fault { $0.file("bin/pdf") } == .empty(entry: "bin/pdf"))
    }

    @Test func capsWhatIsUnpacked() throws {
        var limits = ArchiveLimits.binary
        limits.unpacked = .kibibytes(1)
        let error = #expect(throws: ArchiveError.self) {
            try extract(nil, limits: limits) { tar in
                tar.file("pdf", "ELF")
                tar.file(Array("ballast".utf8), [UInt8](repeating: 0, count: 1022))
            }
        }
        #expect(Refusal(error) == Refusal(.limit(.unpacked, limit: 1024), "ballast"))
    }
}
