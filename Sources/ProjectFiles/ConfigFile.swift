// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Manifests
package import WorkerModel
import YAMLText

/// The text of a `config.yaml`, for reading its workers and for edits that touch no other line.
///
/// Shape: a map with a list `workers:` (and an older list `modules:`) of maps with `name:`, `image:`, `worker_path:` and
/// `config:`. All else is kept as it is: other keys, comments, order, indentation, line ends, a byte order mark.
/// An edit returns a new value; it has been parsed again and compared with what was meant before it is returned.
package struct ConfigFile: Sendable {
    /// The largest file that is read.
    package static let maximumSize = ByteCount.mebibytes(4)
    /// What a new project begins with.
    package static let starter = """
        # Workers of this project. `iii worker add NAME` adds one here and installs it.
        # `iii` runs them; changes to this file are picked up while it runs.
        workers: []

        """
    /// Stands above a list that an edit had to begin, so that removing the last entry can take the list away again.
    static let listComment = "# Workers that `iii worker add` has installed."
    private static let rules = {
        var rules = YAMLRules.lenient(upTo: Int(maximumSize.bytes))
        rules.readsPlaceholders = true
        return rules
    }()
    private static let listKeys = ["workers", "modules"]

    /// The whole text, UTF-8.
    package let bytes: [UInt8]
    /// In the order of the file, `workers` before `modules`.
    package let entries: [ConfigEntry]
    /// Where everything stands in the text.
    let document: YAMLDocument
    /// What the text means once its last line is ended, as any edit below it does: a block of text at the very end gains
    /// its line end only then.
    let value: YAMLValue

    /// Reads a text; an empty one is a project without workers.
    ///
    /// `variable` gives the values of `${NAME}` and `${NAME:default}`, which are put into single scalars after the text was
    /// parsed; without it they are text. A file that was filled in is for reading: edits are of the text as it is written.
    ///
    /// - Throws: `ConfigFileError` with line and column for text that is not one YAML document, or lists of workers that
    ///   have not their shape; `.missingVariables` with every name that has neither a value nor a default.
    package init(parsing bytes: [UInt8], filling variable: ((String) -> String?)? = nil) throws(ConfigFileError) {
        let isEnded = bytes.last.map { $0 == 0x0A || $0 == 0x0D } ?? true
        let ended: YAMLDocument
        do {
            document = try YAMLDocument(parsing: bytes, rules: Self.rules, filling: variable)
            ended =
                isEnded ? document : try YAMLDocument(parsing: bytes + [0x0A], rules: Self.rules, filling: variable)
        } catch { throw .syntax(error) }
        if !document.unsetVariables.isEmpty { throw .missingVariables(document.unsetVariables) }
        self.bytes = bytes
        if let root = document.root, root.pairs == nil { throw .shape(YAMLCursor(root).fail("must be a map")) }
        value = ended.root?.value ?? .mapping([])
        entries = try Self.entries(of: ended, SourceText(bytes))
    }

    /// Reads a text that is at hand as a string.
    package init(parsing text: String) throws(ConfigFileError) { try self.init(parsing: Array(text.utf8)) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// `registration_namespace_grace_ms:`, nil where it is absent or no whole number.
    package var namespaceGraceMilliseconds: Int? {
        document.root?["registration_namespace_grace_ms"]?.scalar?.integer
    }

    /// What an engine passes over, though it may have been meant: keys beside the lists of workers that mean nothing, and
    /// workers that are listed again.
    package var oversights: [String] {
        let known = Self.listKeys + ["registration_namespace_grace_ms", "rootfs", "registries", "registry"]
        var found: [String] = []
        for pair in document.root?.pairs ?? [] {
            guard let key = pair.key.string, !known.contains(key) else { continue }
            found.append(Self.oversight(key, in: pair, meant: Likeness.hint(for: key, among: known)))
        }
        for key in Self.listKeys {
            for entry in document.root?[key]?.items ?? [] { found += Self.oversights(of: entry) }
        }
        var seen: Set<WorkerName> = []
        for entry in entries where !seen.insert(entry.name).inserted && !entry.name.mayRepeat {
            found.append("`\(entry.name)` is listed more than once; the first entry counts")
        }
        return found
    }

    private static let entryKeys = [
        "name", "config", "image", "worker_path", "isolation", "network", "persist", "may_call", "env",
    ]

    /// Keys of an entry that are like one that counts: others may be another tool's.
    private static func oversights(of entry: YAMLNode) -> [String] {
        func unlike(_ node: YAMLNode?, _ known: [String]) -> [String] {
            (node?.pairs ?? []).compactMap { pair in
                guard let key = pair.key.string, !known.contains(key),
                    let hint = Likeness.hint(for: key, among: known)
                else { return nil }
                return oversight(key, in: pair, meant: hint)
            }
        }
        return unlike(entry, entryKeys) + unlike(entry["network"], ["allow", "install"])
    }

    private static func oversight(_ key: String, in pair: YAMLPair, meant hint: String?) -> String {
        "line \(pair.key.span.start.line): `\(key.printable)` means nothing here" + (hint.map { "; \($0)" } ?? "")
    }

    /// Whether nothing at all is written there, as in a file that somebody is about to write: `workers: []` says that
    /// there are none.
    package var saysNothing: Bool { document.root == nil }

    /// The entry of a worker; of several, the first.
    package subscript(name: WorkerName) -> ConfigEntry? { entries.first { $0.name == name } }

    private static func entries(
        of document: YAMLDocument,
        _ source: SourceText
    ) throws(ConfigFileError) -> [ConfigEntry] {
        guard let root = document.root else { return [] }
        var entries: [ConfigEntry] = []
        for key in listKeys {
            let items: [YAMLCursor]
            do { items = try YAMLCursor(root).optional(key)?.elements() ?? [] } catch { throw .shape(error) }
            for item in items { entries.append(try ConfigEntry(item, source)) }
        }
        return entries
    }
}

extension WorkerName {
    /// Each entry of this name is one more listener.
    fileprivate var mayRepeat: Bool { description == "iii-worker-manager" }
}

extension ConfigFile {
    /// Where a worker is listed.
    struct Place {
        var listKey: String
        var pair: YAMLPair
        var index: Int

        var list: YAMLNode { pair.value }
        var items: [YAMLNode] { list.items ?? [] }
        var entry: YAMLNode { items[index] }
        /// Whether the entry is written elsewhere.
        var isAliased: Bool { entry.isAlias || list.isAlias }
    }

    /// The place of a worker, nil where it is not listed.
    func place(of name: WorkerName) throws(ConfigFileError) -> Place? {
        var places: [Place] = []
        for key in Self.listKeys {
            guard let pair = document.root?.pair(key) else { continue }
            for (index, item) in (pair.value.items ?? []).enumerated() where item["name"]?.string == name.description {
                places.append(Place(listKey: key, pair: pair, index: index))
            }
        }
        if places.count > 1 { throw .listedTwice(name, lines: places.map(\.entry.span.start.line)) }
        return places.first
    }

    /// An editor of this text, with the indentation that the text has.
    var editing: YAMLEditing {
        let steps = Self.listKeys.lazy.compactMap { document.root?[$0] }.flatMap { $0.items ?? [] }
            .compactMap { Self.step(of: $0) }
        return YAMLEditing(source: SourceText(bytes), step: steps.first ?? 2)
    }

    private static func step(of entry: YAMLNode) -> Int? {
        for pair in entry.pairs ?? [] where pair.value.isBlock && pair.value.pairs != nil && entry.isBlock {
            let step = pair.value.span.start.column - pair.key.span.start.column
            if step > 0, pair.value.span.start.line > pair.key.span.start.line { return step }
        }
        return nil
    }

    /// The text with edits, after a proof that it means what is expected.
    func applying(
        _ edits: [TextEdit],
        for name: WorkerName,
        expecting value: YAMLValue
    ) throws(ConfigFileError) -> ConfigFile {
        let result: ConfigFile
        do { result = try ConfigFile(parsing: SourceText(bytes).applying(edits)) } catch {
            throw .cannotEdit(name, reason: error.message)
        }
        guard result.value.sorted == value.sorted else {
            throw .cannotEdit(
                name,
                reason: "the file is written in a way that an edit would change more than this entry"
            )
        }
        return result
    }

    /// The text without some lines; also without the blank lines below them, where these would become part of a text
    /// above that keeps its blank lines (`|+`).
    func applying(
        first edits: [TextEdit],
        else widerEdits: [TextEdit],
        for name: WorkerName,
        expecting value: YAMLValue
    ) throws(ConfigFileError) -> ConfigFile {
        do { return try applying(edits, for: name, expecting: value) } catch {
            return try applying(widerEdits, for: name, expecting: value)
        }
    }
}

extension ConfigEntry {
    fileprivate init(_ item: YAMLCursor, _ source: SourceText) throws(ConfigFileError) {
        let fields: (name: YAMLCursor, image: String?, path: String?, config: YAMLCursor?)
        let nameText: String
        let sandbox: (isolation: String?, addresses: [String], keepsWrites: Bool)
        let installs: YAMLCursor?
        let bus: (mayCall: CallGrants, variables: [String])
        do throws(YAMLShapeError) {
            fields = (
                try item.required("name"), try item.optional("image")?.string(),
                try item.optional("worker_path")?.string(), try item.optional("config")
            )
            nameText = try fields.name.string()
            var addresses: [String] = []
            installs = try item.optional("network")?.optional("install")
            if let installs, try installs.string() != "none" {
                throw installs.fail("expected `none`, the only word there is")
            }
            for address in try item.optional("network")?.optional("allow")?.elements() ?? [] {
                addresses.append(try address.string())
            }
            sandbox = (
                try item.optional("isolation")?.string(), addresses, try item.optional("persist")?.bool() ?? false
            )
            var variables: [String] = []
            for name in try item.optional("env")?.elements() ?? [] { variables.append(try name.string()) }
            bus = (try item.optional("may_call").map(CallGrants.init(parsing:)) ?? CallGrants(), variables)
        } catch { throw .shape(error) }
        do { name = try WorkerName(parsing: nameText) } catch { throw .invalidName(error, fields.name.node.span.start) }
        self.source = fields.path.map { .path($0) } ?? fields.image.map { .image($0) } ?? .named
        config = fields.config.map { JSONValue(yamlOrText: $0.node) }
        configText = fields.config.map { source.textWithoutLastEnds($0.node.span.offsets) }
        (isolation, allowedAddresses, keepsWrites) = sandbox
        opensInstalls = installs == nil
        (mayCall, variables) = bus
        line = item.node.span.start.line
    }
}
