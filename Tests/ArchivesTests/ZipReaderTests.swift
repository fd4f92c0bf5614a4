// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// Zip files are read as their writers meant them, or not at all.
struct ZipReaderTests {
    private static let text = String(repeating: "All that is gold does not glitter. ", count: 9000)

    /// Reads a zip file in pieces of so many bytes.
    static func read<Sink: ArchiveSink>(
        _ archive: [UInt8],
        into sink: Sink,
        limits: ArchiveLimits = .binary,
        engine: InflateEngine = .fastest,
        pieces: Int = .max
    ) throws(ArchiveError) -> Sink.Output {
        var reader = ZipReader(sink: sink, limits: limits, engine: engine)
        var rest = archive[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            try piece.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try reader.feed(bytes) }
        }
        return try reader.finish()
    }

    private static func contents(_ archive: [UInt8], engine: InflateEngine, pieces: Int) throws -> [String: [UInt8]] {
        let wanted: Set<String> = ["a", "bin/pdf.exe", "empty", "größe"]
        let sink = ArchiveInspector(capturing: wanted, upTo: .mebibytes(1))
        return try read(archive, into: sink, engine: engine, pieces: pieces).contents
    }

    @Test(arguments: Extraction.engines, [1, 3, 1000, .max])
    func readsEveryWayToStore(_ engine: InflateEngine, _ pieces: Int) throws {
        let archive = ZipBytes.archive { zip in
            zip.file("bin/") { $0.attributes = 0x10 }
            zip.file("bin/pdf.exe", Self.text)
            zip.add(ZipBytes.Member("a", "stored", isDeflated: false))
            zip.add(ZipBytes.Member("empty", isDeflated: false))
            zip.file("größe", "wide") { $0.comment = Array("a comment".utf8) }
        }
        let contents = try Self.contents(archive, engine: engine, pieces: pieces)
        #expect(contents["bin/pdf.exe"] == Array(Self.text.utf8))
        #expect(contents["a"] == Array("stored".utf8))
        #expect(contents["empty"] == [])
        #expect(contents["größe"] == Array("wide".utf8))
    }

    /// Whoever writes to a pipe knows sizes only afterwards.
    @Test(arguments: Extraction.engines, [1, 5, 4096, .max])
    func readsSizesBehindContents(_ engine: InflateEngine, _ pieces: Int) throws {
        for isSigned in [true, false] {
            let archive = ZipBytes.archive { zip in
                for name in ["a", "bin/pdf.exe", "empty"] {
                    zip.file(name, name == "empty" ? "" : Self.text) {
                        $0.descriptor = ZipBytes.Member.descriptor($0, signed: isSigned)
                    }
                }
            }
            let contents = try Self.contents(archive, engine: engine, pieces: pieces)
            #expect(contents["a"] == Array(Self.text.utf8) && contents["bin/pdf.exe"] == contents["a"])
            #expect(contents["empty"] == [])
        }
    }

    @Test func takesTheExecutableOfWindows() throws {
        let archive = ZipBytes.archive { zip in
            zip.file("pdf-1.0/LICENSE", "yes")
            zip.file("pdf-1.0/pdf.exe", "MZ") { $0.descriptor = ZipBytes.Member.descriptor($0, signed: true) }
        }
        try withTemporaryDirectory { root in
            let sink = try Self.extractor(to: root)
            let listing = try Self.read(archive, into: sink)
            let digest = Digest.sha256(Array("MZ".utf8))
            #expect(listing.files == [.init(path: "pdf.exe", size: ByteCount(2), isExecutable: true, digest: digest)])
            #expect(try Shell.run("cat pdf.exe", in: root) == "MZ")
        }
    }

    @Test func expectsOneExecutable() throws {
        let none = ZipBytes.archive { $0.file("pdf", "MZ") }
        let empty = ZipBytes.archive { zip in
            zip.file("pdf.exe") { $0.descriptor = ZipBytes.Member.descriptor($0, signed: true) }
        }
        let two = ZipBytes.archive { zip in
            zip.file("a/pdf.exe", "MZ")
            zip.file("b/pdf.exe", "MZ")
        }
        let faults: [([UInt8], ExecutableFault)] = [
            (none, .missing(seen: ["pdf"])), (empty, .empty(entry: "pdf.exe")),
            (two, .ambiguous(first: "a/pdf.exe", second: "b/pdf.exe")), (ZipBytes.archive { _ in }, .missing(seen: [])),
        ]
        for (archive, fault) in faults {
            let error = #expect(throws: ArchiveError.self) { try Self.read(archive, into: Self.extractor(to: nil)) }
            guard case .executable(fault, _) = error else {
                Issue.record("\(String(describing: error)) instead of \(fault)")
                continue
            }
        }
    }

    /// What Python writes is read, with and without a place to seek in, and what it reads is the same.
    @Test(arguments: ["open('a.zip', 'wb')", "Pipe('a.zip')"], ["ZIP_STORED", "ZIP_DEFLATED"])
    func readsWhatPythonWrites(_ target: String, _ method: String) throws {
        // Without a place to seek in a stored entry has no size before its contents: nobody can read that forwards.
        if target.hasPrefix("Pipe"), method == "ZIP_STORED" { return }
        try withTemporaryDirectory { root in
            try Shell.run(
                """
                python3 - <<'E'
                import zipfile
                class Pipe:
                    def __init__(self, path): self.file = open(path, 'wb')
                    def write(self, data): return self.file.write(data)
                    def flush(self): self.file.flush()
                with zipfile.ZipFile(\(target), 'w', zipfile.\(method)) as z:
                    z.writestr('bin/', '')
                    z.writestr('bin/pdf.exe', 'glitter ' * 100000)
                    z.writestr('größe', 'wide')
                E
                """,
                in: root
            )
            let archive = try TestFile.read(root.appending("a.zip"))
            let contents = try Self.contents(archive, engine: .fastest, pieces: 777)
            #expect(contents["bin/pdf.exe"] == Array(String(repeating: "glitter ", count: 100_000).utf8))
            #expect(contents["größe"] == Array("wide".utf8))
        }
    }

    @Test func pipelineHashesAllAndReadsZip() async throws {
        let archive = ZipBytes.archive { $0.file("pdf.exe", Self.text) }
        let body = AsyncStream<ArraySlice<UInt8>> { continuation in
            for start in stride(from: 0, to: archive.count, by: 100) {
                continuation.yield(archive[start..<min(start + 100, archive.count)])
            }
            continuation.finish()
        }
        let outcome = try await ArchivePipeline.read(body, format: .zip, limits: .binary) { ArchiveInspector() }
        #expect(outcome.digest == .sha256(archive) && outcome.size == ByteCount(archive.count))
        #expect(try outcome.result.get().listing["pdf.exe"]?.size == ByteCount(Self.text.utf8.count))
    }

    @Test func capsWhatIsUnpackedWithoutDeclaredSizes() throws {
        var limits = ArchiveLimits.binary
        limits.unpacked = .kibibytes(100)
        let archive = ZipBytes.archive { zip in
            zip.file("pdf.exe", Self.text) { $0.descriptor = ZipBytes.Member.descriptor($0, signed: true) }
        }
        let error = #expect(throws: ArchiveError.self) {
            try Self.read(archive, into: ArchiveInspector(), limits: limits)
        }
        #expect(Refusal(error) == Refusal(.limit(.unpacked, limit: 100 << 10), "pdf.exe"))
    }

    private static func extractor(to root: FilePath?) throws -> ExecutableExtractor {
        try ExecutableExtractor(
            of: WorkerName(parsing: "pdf"),
            for: TargetTriple(parsing: "x86_64-pc-windows-msvc"),
            to: root
        )
    }
}

/// The bytes of a file that another program made.
enum TestFile {
    static func read(_ path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += buffer[..<count]
            }
        }
    }
}
