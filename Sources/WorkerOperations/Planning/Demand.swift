// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import WorkerModel

/// Who needs a worker.
package enum Asker: Hashable, Sendable {
    /// The user, by its name, now or in an earlier command.
    case user
    /// The project has it, and nothing tells why: an older lock file does not.
    case project
    /// A folder of the project, by the name or path that it is shown with.
    case folder(String)
    case worker(WorkerName)
}

/// That somebody needs some version of a worker.
struct Demand: Sendable {
    let asker: Asker
    let name: WorkerName
    /// As it was written.
    let text: String
    /// Nil for a text that is no selector, which everything meets.
    let selector: VersionSelector?
    /// What a channel points to, where a registry has just said so.
    var meaning: SemanticVersion?

    init(_ asker: Asker, _ name: WorkerName, _ selector: VersionSelector, meaning: SemanticVersion? = nil) {
        self.asker = asker
        self.name = name
        self.selector = selector
        text = selector.description
        self.meaning = meaning
    }

    init(_ asker: Asker, _ name: WorkerName, text: String, selector: VersionSelector?) {
        self.asker = asker
        self.name = name
        self.text = text
        self.selector = selector
    }

    init(_ asker: Asker, _ name: WorkerName, text: String, meaning: SemanticVersion?) {
        self.asker = asker
        self.name = name
        self.text = text
        // What cannot be read was refused where it was published; older registries did not look.
        selector = try? VersionSelector(parsingDependency: text)
        self.meaning = meaning
    }

    func admits(_ version: SemanticVersion) -> Bool {
        if case .channel? = selector, let meaning { return meaning.hasSamePrecedence(as: version) }
        return selector?.mayMean(version) ?? true
    }
}

/// One side of a conflict: what is asked of a worker, by whom, through whom.
package struct Need: Hashable, Sendable {
    /// The selector as it was written.
    package let range: String
    package let asker: Asker
    /// From the worker that somebody asked for down to the one that needs the disputed one; empty where it was asked for
    /// itself.
    package let path: [WorkerName]

    /// The need as a clause: "`^1.0` for `app -> old`".
    var clause: String {
        let shown = "`\(range.isEmpty ? "*" : range.printable)`"
        if !path.isEmpty { return "\(shown) for `\(path.map(\.description).joined(separator: " -> "))`" }
        return switch asker {
        case .user: "\(shown) as it was asked for by name"
        case .project: "\(shown) for this project"
        case .folder(let name): "\(shown) for the local worker `\(name.printable)`"
        case .worker(let name): "\(shown) for `\(name)`"
        }
    }
}

extension VersionSelector {
    /// Whether a version is one that this selector may have chosen.
    ///
    /// What a channel points to only the registry knows, so a channel may mean any.
    func mayMean(_ version: SemanticVersion) -> Bool {
        switch self {
        case .exact(let exact): exact.hasSamePrecedence(as: version)
        case .range(let range): range.admits(version)
        case .channel: true
        }
    }
}
