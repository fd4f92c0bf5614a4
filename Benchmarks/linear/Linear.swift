// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import EngineProtocol
import ImageDocuments
import JSONText
import Manifests
import MarkupText
import NIOCore
import ProjectFiles
import WorkerModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Gives every reader of text from outside longer and longer texts of the kinds that have cost somebody more than their
/// length, from 16 KiB to the reader's limit, and writes what each took of a processor.
///
/// A line for each: `READER SHAPE BYTES NANOSECONDS`. Whether a text is taken or refused is not the question here.
@main enum Linear {
    static func main() {
        for reader in Reader.all {
            for shape in Shape.all {
                var size = 16 << 10
                while size <= reader.limit {
                    let input = reader.wrap(shape.text(size))
                    print(reader.name, shape.name, size, best { reader.read(input) })
                    size *= 2
                }
            }
        }
    }

    /// The least of several times: what is left is the work itself.
    private static func best(_ work: () -> Void) -> Int64 {
        var least = Int64.max
        var total: Int64 = 0
        for _ in 0..<7 {
            let start = processorTime()
            work()
            let time = processorTime() - start
            least = min(least, time)
            total += time
            if total > 2_000_000_000 { break }
        }
        return least
    }

    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A kind of text, of any length.
struct Shape: Sendable {
    let name: String
    let text: @Sendable (_ size: Int) -> String

    init(_ name: String, _ text: @escaping @Sendable (_ size: Int) -> String) {
        self.name = name
        self.text = text
    }

    static let all = [
        Shape("marks") { "e" + repeated("\u{301}", $0) },
        Shape("marks-of-two-kinds") { "e" + repeated("\u{301}\u{323}", $0) },
        Shape("hidden-marks") { "e" + repeated("\u{F73}", $0) },
        Shape("thirty-marks") { repeated("e" + String(repeating: "\u{301}\u{323}", count: 15), $0) },
        Shape("flags") { repeated("\u{1F1E6}", $0) },
        Shape("joined") { repeated("\u{1F468}\u{200D}", $0) },
        Shape("jamo") { repeated("\u{1100}\u{1161}\u{11A8}", $0) },
        Shape("letters") { repeated("x", $0) },
        Shape("digits") { repeated("9", $0) },
        Shape("dollars") { repeated("${", $0) },
        Shape("placeholders") { repeated("${X:}", $0) },
        Shape("blanks") { repeated(" ", $0) },
        Shape("lines") { repeated("\n", $0) },
        Shape("brackets") { repeated("[", $0) },
        Shape("braces") { repeated("{a: ", $0) },
        Shape("dots") { repeated("a.", $0) },
        Shape("stars") { repeated("*a_", $0) },
        Shape("links") { repeated("[a](", $0) },
        Shape("quotes") { repeated("'\"`", $0) },
        Shape("keys") { size in numbered(size) { "k\($0): \($0)\n" } },
        Shape("members") { size in "{" + numbered(size) { "\"k\($0)\":\($0)," } + "\"z\":0}" },
        Shape("items") { repeated("- x\n", $0) },
    ]

    private static func repeated(_ text: String, _ size: Int) -> String {
        String(repeating: text, count: max(1, size / text.utf8.count))
    }

    private static func numbered(_ size: Int, _ line: (Int) -> String) -> String {
        var text = ""
        var number = 0
        while text.utf8.count < size {
            text += line(number)
            number += 1
        }
        return text
    }
}

/// Something that reads bytes from outside.
struct Reader: Sendable {
    let name: String
    let limit: Int
    var wrap: @Sendable (String) -> [UInt8] = { Array($0.utf8) }
    let read: @Sendable ([UInt8]) -> Void

    static let all: [Reader] = [
        Reader(name: "json", limit: 8 << 20) { _ = try? JSONValue(parsing: $0) },
        Reader(name: "json-key", limit: 8 << 20, wrap: { bytes(#"{"a":1,""#, $0, #"":2}"#) }) {
            _ = try? JSONValue(parsing: $0)
        },
        Reader(name: "engine-name", limit: 8 << 20, wrap: { bytes(#"{"type":"registerfunction","id":""#, $0, #""}"#) })
        {
            _ = try? Frame(decoding: ByteBuffer(bytes: $0))
        },
        Reader(
            name: "engine-data",
            limit: 8 << 20,
            wrap: { bytes(#"{"type":"invokefunction","function_id":"a","data":{""#, $0, #"":1}}"#) }
        ) {
            _ = try? Frame(decoding: ByteBuffer(bytes: $0))
        },
        Reader(name: "config.yaml", limit: 4 << 20) { _ = try? ConfigFile(parsing: $0) },
        Reader(
            name: "config.yaml-filled",
            limit: 4 << 20,
            wrap: { bytes("workers: [{name: a, config: {k: '", $0, "'}}]\n") }
        ) {
            _ = try? ConfigFile(parsing: $0) { _ in "value" }
        },
        Reader(
            name: "config.yaml-key",
            limit: 4 << 20,
            wrap: { bytes("workers:\n- name: a\n  config:\n    ", $0, ": 1\n") }
        ) {
            _ = try? ConfigFile(parsing: $0)
        },
        Reader(name: "iii.lock", limit: 8 << 20, wrap: { bytes("version: 1\nworkers: {}\n", $0, "\n") }) {
            _ = try? Lockfile(parsing: $0)
        },
        Reader(name: "iii.worker.yaml", limit: 64 << 10, wrap: { bytes("name: a\n", $0, "\n") }) {
            _ = try? WorkerManifest(parsing: $0)
        },
        Reader(
            name: "image-index",
            limit: 4 << 20,
            wrap: { bytes(#"{"schemaVersion":2,"manifests":[],""#, $0, #"":1}"#) }
        ) {
            _ = try? OCIDocument(parsing: $0, declared: nil)
        },
        Reader(name: "readme", limit: 64 << 10) {
            _ = Markdown.rendered(String(decoding: $0, as: UTF8.self), upTo: 64 << 10, headingsFrom: 2)
        },
        Reader(name: "markup", limit: 1 << 20) {
            let text = String(decoding: $0, as: UTF8.self)
            let markup: Markup = "<p>\(text)</p>"
            precondition(!markup.text.isEmpty)
        },
        Reader(name: "printed", limit: 8 << 20) { _ = String(decoding: $0, as: UTF8.self).printable },
        Reader(name: "worker-name", limit: 1 << 20) {
            _ = try? WorkerName(parsing: String(decoding: $0, as: UTF8.self))
        },
        Reader(name: "range", limit: 1 << 20) {
            _ = try? VersionRequirement(parsing: String(decoding: $0, as: UTF8.self))
        },
        Reader(name: "image-reference", limit: 1 << 20) {
            _ = try? ImageReference(parsing: String(decoding: $0, as: UTF8.self))
        },
        Reader(name: "pax-key", limit: 32 << 10, wrap: { Archive.gzip(Archive.tar(paxKey: $0)) }) { Archive.read($0) },
        Reader(name: "tar-path", limit: 32 << 10, wrap: { Archive.gzip(Archive.tar(longName: $0)) }) {
            Archive.read($0)
        },
    ]

    private static func bytes(_ before: String, _ text: String, _ after: String) -> [UInt8] {
        Array((before + text + after).utf8)
    }
}
