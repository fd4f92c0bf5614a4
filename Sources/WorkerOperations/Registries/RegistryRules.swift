// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ProjectFiles
package import RegistryClient
package import Transport
package import WorkerModel

/// Who or what chose a registry.
package enum RegistryReason: Hashable, Sendable {
    /// `--registry URL`.
    case option
    /// `REGISTRY:NAME`.
    case written
    /// A pattern of `registries:`.
    case listed(RegistryList.File, NamePattern)
    /// The worker is locked, and came from there.
    case locked
    /// `III_API_URL`.
    case variable
    /// `registry:` of `config.yaml`.
    case project
    /// `iii registry use`, or the first login.
    case used
    case standard

    /// What chose it, as it reads behind "chosen by".
    package var words: String {
        switch self {
        case .option: "`--registry`"
        case .written: "the name before `:`"
        case .listed(let file, let pattern): "`\(pattern)` in `registries:` of \(file.rawValue)"
        case .locked: "iii.lock"
        case .variable: "`III_API_URL`"
        case .project: "`registry:` of config.yaml"
        case .used: "`iii registry use`"
        case .standard: "default"
        }
    }
}

/// A registry with what chose it.
package struct ChosenRegistry: Hashable, Sendable, CustomStringConvertible {
    package let base: RegistryBase
    package let reason: RegistryReason

    package init(_ base: RegistryBase, _ reason: RegistryReason) {
        self.base = base
        self.reason = reason
    }

    /// As messages name it.
    package var description: String { "`\(base)` (chosen by \(reason.words))" }
}

/// Which registry a name belongs to, and who says so.
///
/// A name belongs to one registry: where that does not have it, no other one is asked. `registries:` of `config.yaml`
/// decides, then that of the machine's settings; a worker that no entry wants stays with the registry that it was locked
/// from; all else goes to what `--registry`, `III_API_URL`, `registry:` of `config.yaml` or `iii registry use` name, in
/// this order, and to the built-in registry where none of them does. A command may name a worker together with its
/// registry, which goes before all of that.
package struct RegistryRules: Sendable {
    /// That of the project goes before that of the machine.
    package var list = RegistryList()
    /// `--registry`.
    package var option: RegistryBase?
    /// `III_API_URL`.
    package var variable: RegistryBase?
    /// `registry:` of `config.yaml`.
    package var project: RegistryBase?
    /// What the user chose for this machine.
    package var used: RegistryBase?
    /// Other registries that the user has named: with `trust`, or by logging in.
    package var trusted: [RegistryBase] = []
    /// The built-in one.
    package let standard: RegistryBase

    /// Rules that know the built-in registry alone.
    package init() throws(RegistryBaseError) { standard = try RegistryBase(nil) }

    /// Rules that send everything to one registry, which its user has named.
    package init(onlyKnowing base: RegistryBase) {
        standard = base
        trusted = [base]
    }

    /// The registry of a name; `locked` is where `iii.lock` has the worker from.
    ///
    /// - Throws: `RegistryBaseError` for a lock file that names no registry.
    package func registry(
        of name: WorkerName,
        locked: String? = nil
    ) throws(RegistryBaseError) -> ChosenRegistry {
        if let match = list.match(name) {
            return ChosenRegistry(RegistryBase(match.entry.url), .listed(match.entry.file, match.pattern))
        }
        if let locked {
            return ChosenRegistry(try RegistryBase(locked, from: "`registry:` of `\(name)` in iii.lock"), .locked)
        }
        return fallback
    }

    /// The registry of names that nothing else is said of.
    package var fallback: ChosenRegistry {
        if let option { return ChosenRegistry(option, .option) }
        if let variable { return ChosenRegistry(variable, .variable) }
        if let project { return ChosenRegistry(project, .project) }
        return ownFallback
    }

    /// The registry that the user of this machine chose, whatever a project says.
    private var ownFallback: ChosenRegistry {
        used.map { ChosenRegistry($0, .used) } ?? ChosenRegistry(standard, .standard)
    }

    /// What `III_API_KEY` is the key of: never a registry that only a project or a lock file names.
    package var ownerOfVariableKey: ChosenRegistry {
        if let option { return ChosenRegistry(option, .option) }
        return variable.map { ChosenRegistry($0, .variable) } ?? ownFallback
    }

    /// Every registry that a name may belong to, without repetitions: those of the list, then the one for the rest.
    package var all: [ChosenRegistry] {
        if let option { return [ChosenRegistry(option, .option)] }
        let listed = list.entries.compactMap { entry in
            entry.patterns.first.map { ChosenRegistry(RegistryBase(entry.url), .listed(entry.file, $0)) }
        }
        let rest = list.entries.contains { $0.patterns.contains(.any) } ? [] : [fallback]
        var seen: Set<RegistryBase> = []
        return (listed + rest).filter { seen.insert($0.base).inserted }
    }

    /// What the user should know: `III_API_URL` against a list that holds.
    package var warning: String? {
        guard option == nil, let variable, let entry = list.entries.first(where: { RegistryBase($0.url) != variable })
        else { return nil }
        return
            "`III_API_URL` names `\(variable)`, but `registries:` of \(entry.file.rawValue) holds: names that it has a "
            + "pattern for belong to the registry that it names; `--registry` overrules it"
    }
}

/// Who may be contacted.
extension RegistryRules {
    /// The origins of all registries that the user has named: their own addresses may be anywhere.
    package var trustedOrigins: Set<RemoteURL.Origin> {
        let bases = [option, variable, project, used].compactMap { $0 } + trusted
        return Set(bases.compactMap(\.url?.origin) + list.entries.map(\.url.origin))
    }

    /// The origins that plain http may be used with beyond this machine.
    package var insecureOrigins: Set<RemoteURL.Origin> {
        Set(list.entries.filter(\.allowsPlainHTTP).map(\.url.origin))
    }
}

extension ProjectState {
    /// The registry of a locked worker as messages name it, nil for one that no registry gave.
    package func registry(of name: WorkerName) -> String? { lock.workers[name]?.registry.map(Self.normal) }

    /// A text of a lock file as this program would write it: without a slash at its end.
    static func normal(_ text: String) -> String { (try? RegistryBase(text))?.description ?? text }

    /// The registry that needs no mention: the first of the list, else that of the first worker, else the usual one.
    package func firstRegistry(_ rules: RegistryRules) -> String {
        if let first = rules.list.entries.first { return RegistryBase(first.url).description }
        return config.entries.lazy.compactMap { self.registry(of: $0.name) }.first ?? rules.fallback.base.description
    }

    /// Locked workers that `registries:` gives to another registry than they came from, sorted.
    package func strayed(_ list: RegistryList) -> [(name: WorkerName, from: String, to: ChosenRegistry)] {
        lock.workers.sorted { $0.key < $1.key }.compactMap { name, worker in
            guard let from = worker.registry, let match = list.match(name) else { return nil }
            let base = RegistryBase(match.entry.url)
            if base.isSame(as: from) { return nil }
            return (name, from, ChosenRegistry(base, .listed(match.entry.file, match.pattern)))
        }
    }
}

extension RegistryBase {
    /// Whether a lock file's text names this registry.
    package func isSame(as text: String) -> Bool {
        description == text || (try? RegistryBase(text)) == self
    }
}

/// A locked worker would come from another registry, and nobody has said that it should.
///
/// W153.
package struct OriginChanged: CodedError {
    let name: WorkerName
    let from: String
    let to: String
    /// What chose the other one, as it reads behind "chosen by".
    let reason: String?

    init(name: WorkerName, from: String, to place: ChosenRegistry) {
        self.name = name
        self.from = from
        to = place.base.description
        reason = place.reason.words
    }

    init(_ step: InstallPlan.Step) {
        name = step.name
        from = step.registryBefore ?? ""
        to = step.registry ?? ""
        reason = nil
    }

    package var code: ErrorCode { .originChanged }
    package var message: String {
        let why = reason.map { " (chosen by \($0))" } ?? ""
        return "`\(name)` is locked from `\(from.printable)`, and would come from `\(to.printable)`\(why)"
    }
    package var hints: [String] {
        [
            "`iii worker update \(name) --registry \(to.printable)` takes it from there from now on",
            "a worker of the same name at another registry may be somebody else's: look at it before",
        ]
    }
    package var details: [(key: String, value: String)] {
        [("name", name.description), ("from", from), ("to", to)]
    }
}
