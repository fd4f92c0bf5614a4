// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
package import WorkerModel

/// What an image runs and how, and what its layers are when they are unpacked.
///
/// Shape: `{"os":"linux","architecture":"amd64","config":{"Entrypoint":["/bin/run"],"Env":["A=b"],"User":"1000"},
/// "rootfs":{"type":"layers","diff_ids":["sha256:…"]}}`, in the OCI dialect or Docker's.
package struct ImageConfiguration: Hashable, Sendable {
    package struct Variable: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Nil where the image does not say.
    package let platform: ImagePlatform?
    /// The program, and what always comes before its arguments; may be empty.
    package let entrypoint: [String]
    /// The arguments, or the program too where there is no entrypoint; may be empty.
    package let command: [String]
    /// In their order; of several of one name the last counts.
    package let environment: [Variable]
    /// An absolute path in the image; `/` where it names none.
    package let workingDirectory: String
    /// `USER`, `UID`, with `:GROUP` or `:GID`; nil for root.
    package let user: String?
    /// The number of the signal that ends it on Linux; nil where it names none.
    package let stopSignal: Int32?
    package let labels: [String: String]
    /// The digests of the layers as plain tar archives, the lowest first.
    package let layers: [Digest]

    /// The program with its arguments.
    package var arguments: [String] { entrypoint + command }

    /// - Parameter bytes: at most 4 MiB of JSON, from anybody.
    /// - Throws: `OCIDocumentError`.
    package init(parsing bytes: [UInt8]) throws(OCIDocumentError) {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            platform = try Self.platform(document)
            layers = try Self.layers(document.required("rootfs"))
            let settings = try document.optional("config")
            entrypoint = try settings.map { try Self.texts($0.optional("Entrypoint")) } ?? []
            command = try settings.map { try Self.texts($0.optional("Cmd")) } ?? []
            environment = try settings.map { try Self.variables($0.optional("Env")) } ?? []
            let directory = try Self.text(settings?.optional("WorkingDir")) ?? "/"
            workingDirectory = directory.hasPrefix("/") ? directory : "/" + directory
            user = try Self.text(settings?.optional("User"))
            stopSignal = try Self.signal(settings?.optional("StopSignal"))
            labels = try Self.labels(settings?.optional("Labels"))
        } catch { throw OCIDocumentError(reason: error.words) }
    }

    private static func platform(_ document: JSONCursor) throws -> ImagePlatform? {
        guard let system = try text(document.optional("os")),
            let architecture = try text(document.optional("architecture"))
        else { return nil }
        let variant = try text(document.optional("variant"))
        return ImagePlatform(system: system, architecture: architecture, variant: variant)
    }

    private static func layers(_ root: JSONCursor) throws -> [Digest] {
        guard try root.optional("type")?.string() ?? "layers" == "layers" else {
            throw root.fail("is of another type than `layers`")
        }
        let ids = try root.required("diff_ids").elements()
        guard ids.count <= OCIDocument.layerLimit else {
            throw root.fail("has more than \(OCIDocument.layerLimit) layers")
        }
        return try ids.map { item in
            let text = try item.string()
            guard text.hasPrefix("sha256:"), let digest = try? Digest(parsing: text), text.lowercased() == text else {
                throw item.fail("must be `sha256:` and 64 lower-case hexadecimal digits")
            }
            return digest
        }
    }

    /// A text that holds something; an empty one is as good as none.
    private static func text(_ item: JSONCursor?) throws -> String? {
        guard let item else { return nil }
        let text = try item.string()
        // It becomes an argument, a variable or a path, which end at this character.
        if text.utf8.contains(0) { throw item.fail("holds a NUL character") }
        return text.isEmpty ? nil : text
    }

    private static func texts(_ list: JSONCursor?) throws -> [String] {
        try list?.elements().map { try text($0) ?? "" } ?? []
    }

    private static func variables(_ list: JSONCursor?) throws -> [Variable] {
        try texts(list).compactMap { entry in
            guard let equals = entry.firstIndex(of: "="), equals > entry.startIndex else { return nil }
            return Variable(name: String(entry[..<equals]), value: String(entry[entry.index(after: equals)...]))
        }
    }

    private static func labels(_ map: JSONCursor?) throws -> [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in try map?.members() ?? [] { labels[key] = try value.string() }
        return labels
    }

    private static func signal(_ item: JSONCursor?) throws -> Int32? {
        guard let item, let name = try text(item) else { return nil }
        guard let number = StopSignal.number(of: name) else { throw item.fail("names no signal") }
        return number
    }
}

/// The signals of Linux by name, whatever the system is that reads the image.
enum StopSignal {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
        "IO",
        "PWR", "SYS",
    ]
    private static let realTime: ClosedRange<Int32> = 34...64

    /// The number of `SIGTERM`, `term`, `15` or `SIGRTMIN+3`; nil for anything else.
    static func number(of text: String) -> Int32? {
        if let number = Int32(text) { return (1...realTime.upperBound).contains(number) ? number : nil }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? upper.dropFirst(3) : upper[...]
        if let index = names.firstIndex(where: { $0 == name }) { return Int32(index + 1) }
        for (prefix, base) in [("RTMIN", realTime.lowerBound), ("RTMAX", realTime.upperBound)]
        where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            guard let offset = rest.isEmpty ? 0 : Int32(rest), realTime.contains(base &+ offset) else { return nil }
            return base + offset
        }
        return nil
    }
}
