// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Transport
package import WorkerModel
import YAMLText

/// Which registry a name belongs to: `registries:` of `config.yaml` and of `~/.iii/settings.yaml`.
///
/// Shape:
///
///     registries:
///       - url: https://registry.corp.example
///         name: corp                  # for `corp:NAME`
///         patterns: ["acme-*"]        # every name where it is left out
///         insecure: true              # only for plain http beyond this machine
///
/// The first entry with a pattern that fits a name is the registry of that name; there is no other one for it.
package struct RegistryList: Sendable, Hashable {
    /// The file that an entry stands in.
    package enum File: String, Sendable, Hashable {
        case project = "config.yaml"
        case machine = "~/.iii/settings.yaml"
    }

    package struct Entry: Sendable, Hashable {
        /// What is written before `:NAME`: letters, digits, `-`, `_` and `.`, at most 64.
        package let name: WorkerName
        package let url: RemoteURL
        package let patterns: [NamePattern]
        /// Where the registry's log is checked against, as it is written.
        package let logKey: String?
        /// `insecure: true`: plain http may be used with this registry beyond this machine.
        package let allowsPlainHTTP: Bool
        package let file: File

        /// The first pattern that fits a name.
        package func pattern(for name: WorkerName) -> NamePattern? { patterns.first { $0.fits(name) } }
    }

    /// The most entries that a file may have.
    private static let mostEntries = 256
    /// The most patterns that an entry may have.
    private static let mostPatterns = 4096

    /// In the order in which they are asked whether a name is theirs.
    package var entries: [Entry]

    package init(_ entries: [Entry] = []) { self.entries = entries }

    /// The registry of a name, with the pattern that says so; nil where no entry wants it.
    package func match(_ name: WorkerName) -> (entry: Entry, pattern: NamePattern)? {
        for entry in entries {
            if let pattern = entry.pattern(for: name) { return (entry, pattern) }
        }
        return nil
    }

    /// The registry that is called so.
    package subscript(name: WorkerName) -> Entry? { entries.first { $0.name == name } }
}

extension RegistryList {
    /// Reads the list of a document; one that is not there has no entries.
    ///
    /// - Throws: `YAMLShapeError`.
    init(in document: YAMLCursor, of file: File) throws(YAMLShapeError) {
        let items = try document.optional("registries")?.elements() ?? []
        if items.count > Self.mostEntries {
            throw items[Self.mostEntries].fail("at most \(Self.mostEntries) registries can be listed")
        }
        var entries: [Entry] = []
        for item in items {
            let entry = try Entry(item, file)
            if entries.contains(where: { $0.name == entry.name }) {
                throw try item.required("name").fail("two registries have this name")
            }
            entries.append(entry)
        }
        self.init(entries)
    }

    /// The most patterns of one entry.
    fileprivate static var patternLimit: Int { mostPatterns }
}

extension RegistryList.Entry {
    fileprivate init(_ item: YAMLCursor, _ file: RegistryList.File) throws(YAMLShapeError) {
        let nameCursor = try item.required("name")
        do { name = try WorkerName(parsing: try nameCursor.string()) } catch let error as YAMLShapeError {
            throw error
        } catch { throw nameCursor.fail("a registry's name has letters, digits, `-`, `_` and `.`, at most 64") }
        url = try item.required("url").registryURL()
        var patterns: [NamePattern] = []
        if let written = try item.optional("patterns")?.elements() {
            if written.count > RegistryList.patternLimit {
                throw written[RegistryList.patternLimit].fail("at most \(RegistryList.patternLimit) patterns")
            }
            for cursor in written {
                guard let pattern = NamePattern(parsing: try cursor.string()) else {
                    throw cursor.fail("a pattern is a worker's name in which `*` stands for any letters")
                }
                patterns.append(pattern)
            }
        } else {
            patterns = [.any]
        }
        self.patterns = patterns
        logKey = try item.optional("log_key")?.string()
        allowsPlainHTTP = try item.optional("insecure")?.bool() ?? false
        self.file = file
    }
}

extension YAMLCursor {
    /// The root of a registry.
    func registryURL() throws(YAMLShapeError) -> RemoteURL {
        let url: RemoteURL
        do { url = try RemoteURL(parsing: try string().withoutLastSlash) } catch let error as RemoteURLError {
            throw fail(error.message)
        } catch let error as YAMLShapeError { throw error } catch { throw fail("it is not the URL of a registry") }
        if url.query != nil { throw fail("the URL of a registry has no query") }
        return url
    }
}

/// Names of workers, some of whose letters may be any: `acme-*`, `*`, `pdfkit`.
package struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    package static let any = NamePattern(bytes: [UInt8(ascii: "*")])
    private static let maximumLength = 64

    private let bytes: [UInt8]

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The pattern that fits one name alone.
    package init(_ name: WorkerName) { bytes = Array(name.description.utf8) }

    /// Nil for a text with letters that no name has, for an empty and for a very long one.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isAllowed) else { return nil }
        self.bytes = bytes
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "*"): true
        default: false
        }
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether a name is one of these; takes at most as many steps as both are long, multiplied.
    package func fits(_ name: WorkerName) -> Bool {
        let text = Array(name.description.utf8)
        var (position, place) = (0, 0)
        // Where the last `*` stands, and how much of the text it has taken.
        var star: (place: Int, position: Int)?
        while position < text.count {
            if place < bytes.count, bytes[place] == UInt8(ascii: "*") {
                star = (place, position)
                place += 1
            } else if place < bytes.count, bytes[place] == text[position] {
                (position, place) = (position + 1, place + 1)
            } else if let last = star {
                star = (last.place, last.position + 1)
                (position, place) = (last.position + 1, last.place + 1)
            } else {
                return false
            }
        }
        return bytes[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension String {
    /// A URL that ends with a slash and one that does not name the same registry.
    fileprivate var withoutLastSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
