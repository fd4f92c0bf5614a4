// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import ProjectFiles
import RegistryClient
import WorkerModel
import WorkerOperations

/// `--registry`, for commands that talk to one.
struct RegistryOption: ParsableArguments, Sendable {
    @Option(
        name: .customLong("registry"),
        help: ArgumentHelp("The registry to ask, whatever else is said of it.", valueName: "url")
    )
    var url: String?

    /// The registry that was named.
    ///
    /// - Throws: `RegistryBaseError`.
    var base: RegistryBase? {
        get throws { try url.map { try RegistryBase($0, from: "`--registry`") } }
    }
}

extension CommandContext {
    /// Which registry each name belongs to: what the command line, the environment, a project and this machine say.
    ///
    /// - Throws: `RegistryBaseError`, `ProjectError`, `CredentialsError`, `HostError`.
    func registryRules(_ option: RegistryBase? = nil, of project: Project? = nil) throws -> RegistryRules {
        var rules = try RegistryRules()
        rules.option = option
        rules.variable = try environment[.apiURL].map { try RegistryBase($0) }
        if let project, let config = try project.readConfig() {
            do throws(ConfigFileError) {
                rules.list = try config.registries()
                rules.project = try config.registry().map { RegistryBase($0) }
            } catch { throw ProjectError.config(project.configPath, error) }
        }
        // Without a home nothing is stored; who needs one says so.
        guard let home = try? IIIHome(environment) else { return rules }
        rules.list.entries += try MachineSettings(home).registries.entries
        let credentials = try storedCredentials()
        rules.used = try credentials.registry.map { try RegistryBase($0, from: "`iii registry use`") }
        let named = credentials.trusted + credentials.logins.filter { $0.key.contains("://") }.keys.sorted()
        // What an older program stored otherwise names none.
        rules.trusted = named.compactMap { try? RegistryBase($0) }
        return rules
    }

    /// The keys of this machine, none where it has no home.
    ///
    /// - Throws: `CredentialsError`, `HostError`.
    func storedCredentials() throws -> Credentials {
        guard let home = try? IIIHome(environment) else { return Credentials() }
        return try Credentials(reading: home.credentials)
    }
}

extension RegistryRules {
    /// Reads a source as `WorkerSource` does, and `REGISTRY:NAME` where the list has a registry of that name.
    ///
    /// - Throws: What `WorkerSource` throws.
    func source(_ text: String) throws -> (source: WorkerSource, registry: ChosenRegistry?) {
        guard let colon = text.firstIndex(of: ":"), let name = try? WorkerName(parsing: text[..<colon]),
            let entry = list[name]
        else {
            let source = try WorkerSource(parsing: text)
            guard case .registry = source, let option else { return (source, nil) }
            return (source, ChosenRegistry(option, .option))
        }
        let source = try WorkerSource(parsing: String(text[text.index(after: colon)...]))
        guard case .registry = source else { return (try WorkerSource(parsing: text), nil) }
        return (source, ChosenRegistry(RegistryBase(entry.url), .written))
    }

    /// Reads several sources; the second value tells the registry of those that are named with one.
    ///
    /// - Throws: What `WorkerSource` throws.
    func sources(_ texts: [String]) throws -> (sources: [WorkerSource], registries: [WorkerName: ChosenRegistry]) {
        var registries: [WorkerName: ChosenRegistry] = [:]
        let sources = try texts.map { text in
            let (source, place) = try source(text)
            if case .registry(let name, _) = source, let place, !BuiltinWorkers.names.contains(name.description) {
                registries[name] = place
            }
            return source
        }
        return (sources, registries)
    }
}

/// The column that tells where workers come from; there is none where all come from the usual registry.
struct RegistryColumn {
    private let usual: String
    private let isShown: Bool

    init(_ registries: [String?], usual: String) {
        self.usual = usual
        isShown = registries.contains { $0 != nil && $0 != usual }
    }

    var head: [String] { isShown ? ["REGISTRY"] : [] }

    func cell(_ registry: String?) -> [String] {
        guard isShown else { return [] }
        return [registry == usual ? "-" : (registry ?? "-").printable]
    }
}

extension CommandContext {
    /// Tells of workers whose registry is away; once for each registry and cause.
    ///
    /// - Throws: the exit status, where there are any.
    func report(_ failures: [AskingFailure]) throws {
        guard !failures.isEmpty else { return }
        var status: Int32 = 1
        for failure in failures { status = ErrorRendering.report(failure.error, to: printer, json: false) }
        throw ExitCode(status)
    }
}
