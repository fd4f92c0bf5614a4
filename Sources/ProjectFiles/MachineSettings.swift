// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import Sandboxing
import SystemPackage
import WorkerModel
import YAMLText

/// What holds for all projects of this machine: `~/.iii/settings.yaml`.
///
/// Shape:
///
///     min_isolation: namespaces      # no worker runs in less
///     isolation:
///       calls: permissive            # what workers may not call is counted and done all the same
///     base_images:                   # instead of the usual ones, by kind
///       python: registry.example/python:3
///     registries:                    # see `RegistryList`
///       - url: https://registry.corp.example
///         name: corp
///         patterns: ["acme-*"]
///
/// Keys that are not known here are left to others; those that are like a known one are told of.
package struct MachineSettings: Hashable, Sendable {
    /// The weakest tier that any worker may run in; nil for what each kind needs.
    package var minimumIsolation: IsolationTier?
    /// Whether calls that workers may not make are only counted: while a project moves.
    package var permitsAllCalls = false
    /// References by the name of a kind.
    package var baseImages: [String: String] = [:]
    /// Which registry a name belongs to, on this machine.
    package var registries = RegistryList()

    /// What was written in vain, and what may have been meant by it.
    package var oversights: [String] = []

    package init() {}

    private static let keys = ["min_isolation", "isolation", "base_images", "registries", "registry"]

    private static func oversights(in root: YAMLNode) -> [String] {
        let places = [(root, keys), (root["isolation"], ["calls"])] as [(YAMLNode?, [String])]
        return places.flatMap { node, known in
            (node?.pairs ?? []).compactMap { pair in
                guard let key = pair.key.string, !known.contains(key),
                    let hint = Likeness.hint(for: key, among: known)
                else { return nil }
                return "settings.yaml, line \(pair.key.span.start.line): `\(key.printable)` means nothing here; \(hint)"
            }
        }
    }

    private static let maximumSize = ByteCount.kibibytes(64)

    /// Reads the settings of a home; a file that is not there says nothing.
    ///
    /// - Throws: `ProjectError.cannotRead`, with the place and what is wrong there.
    package init(_ home: IIIHome) throws {
        let path = home.settings
        do {
            guard let bytes = try HostFiles.read(path, upTo: Self.maximumSize) else { return }
            let document = try YAMLDocument(parsing: bytes, rules: .strict(upTo: Int(Self.maximumSize.bytes)))
            guard let root = document.root, !root.isNull else { return }
            let settings = YAMLCursor(root)
            oversights = Self.oversights(in: root)
            if let tier = try settings.optional("min_isolation")?.string() {
                minimumIsolation = try IsolationTier(parsing: tier, in: "`min_isolation`")
            }
            if let calls = try settings.optional("isolation")?.optional("calls") {
                switch try calls.string() {
                case "permissive": permitsAllCalls = true
                case "enforced": break
                default: throw calls.fail("must be `enforced` or `permissive`")
                }
            }
            for pair in try settings.optional("base_images")?.node.pairs ?? [] {
                baseImages[pair.name] = try YAMLCursor(pair.value, path: "base_images.\(pair.name)").string()
            }
            registries = try RegistryList(in: settings, of: .machine)
        } catch let error as any CodedError {
            throw ProjectError.cannotRead(path, error)
        }
    }
}
