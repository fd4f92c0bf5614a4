// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import Manifests
import ProjectFiles
import RegistryAPI
package import WorkerModel

/// What a worker asks to call on the bus besides the functions of its dependencies, and nobody has granted yet.
package struct CallWish: Sendable, Hashable {
    package let name: WorkerName
    package let calls: [CallPattern]
    /// Whether the project has the worker already: then it asks for more than it had.
    package let isMore: Bool

    /// `asks to call shell::run, worker::add`.
    package var sentence: String {
        let calls = calls.map(\.description).joined(separator: ", ")
        return "\(isMore ? "now also asks" : "asks") to call \(calls)"
    }
}

extension InstallPlan {
    /// What the workers that change, and those that were named, ask for and have not got.
    ///
    /// The manifests of bundles that the registry says nothing of are read where `manifest` has them; until then they ask for
    /// nothing.
    ///
    /// - Throws: `StrangeCalls` for what a registry says and cannot be.
    func wishes(
        in state: ProjectState,
        manifest: (Step) throws -> WorkerManifest? = { _ in nil }
    ) throws -> [CallWish] {
        try steps.filter { !$0.isKept || $0.isRequested }.compactMap { step in
            let missing = (state.config[step.name]?.mayCall ?? CallGrants()).missing(of: try step.calls(manifest))
            return missing.isEmpty ? nil : CallWish(name: step.name, calls: missing, isMore: step.before != nil)
        }
    }
}

extension InstallPlan.Step {
    fileprivate func calls(_ manifest: (InstallPlan.Step) throws -> WorkerManifest?) throws -> [CallPattern] {
        switch content {
        case .image, .builtin: return []
        case .local(let worker): return worker.calls
        case .registry(let node):
            guard let told = node.calls else { return try manifest(self)?.calls ?? [] }
            guard told.count <= CallGrants.maximumCount else { throw StrangeCalls(name: name, told: nil) }
            return try told.map { text in
                do throws(CallPatternError) { return try CallPattern(parsingWish: text) } catch {
                    throw StrangeCalls(name: name, told: error)
                }
            }
        }
    }
}

extension ProjectState {
    /// Writes what was granted into the entries of the workers.
    mutating func grant(_ wishes: [CallWish]) throws {
        for wish in wishes {
            let missing = (config[wish.name]?.mayCall ?? CallGrants()).missing(of: wish.calls)
            if missing.isEmpty { continue }
            config = try config.granting(missing.map(\.description), to: wish.name)
        }
    }
}

/// Workers ask to call what nobody has granted, and nobody is there to be asked.
///
/// W191.
package struct CallsNotGranted: CodedError {
    package let wishes: [CallWish]

    package init(wishes: [CallWish]) { self.wishes = wishes }

    package var code: ErrorCode { .callsNotGranted }
    package var message: String {
        wishes.map { "`\($0.name)` \($0.sentence)" }.joined(separator: "; ") + ", which nobody has granted"
    }
    package var hints: [String] {
        wishes.map { wish in
            let list = wish.calls.map { "\"\($0)\"" }.joined(separator: ", ")
            return "write `may_call: [\(list)]` into the entry `- name: \(wish.name)` of config.yaml"
        } + ["or grant all of it with `--allow-calls`"]
    }
    package var details: [(key: String, value: String)] {
        wishes.map { ($0.name.description, $0.calls.map(\.description).joined(separator: " ")) }
    }
}

/// A registry says that a worker calls what cannot be called.
///
/// W140.
struct StrangeCalls: CodedError {
    let name: WorkerName
    /// What is wrong with one of them; nil where there are too many.
    let told: CallPatternError?

    var code: ErrorCode { .registry }
    var message: String {
        "what the registry says that `\(name)` calls is not accepted: "
            + (told?.message ?? "it has more than \(CallGrants.maximumCount) entries")
    }
}

/// The manifest inside a bundle asks for other calls than the registry says.
///
/// W180.
struct CallsDiffer: CodedError {
    let name: WorkerName
    let told: [String]
    let declared: [CallPattern]

    var code: ErrorCode { .bundleManifestRejected }
    var message: String {
        func shown(_ texts: [String]) -> String { texts.isEmpty ? "nothing" : texts.sorted().joined(separator: ", ") }
        return "the manifest of `\(name)` asks to call \(shown(declared.map(\.description))), "
            + "and the registry says that it asks to call \(shown(told))"
    }
    var hints: [String] { ["do not use it; tell who runs the registry"] }
}
