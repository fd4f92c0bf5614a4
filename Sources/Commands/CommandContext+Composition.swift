// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import Downloads
import HostSystem
import ImageDocuments
import ImageStore
import OCIImages
import ProjectFiles
import RegistryClient
import SystemPackage
package import Transport
import WorkerModel
import WorkerOperations

extension CommandContext {
    /// The project that a command works on; what its `config.yaml` says in vain is told.
    ///
    /// - Throws: `NoProject` where there is none.
    func project() throws -> Project {
        guard let project = try Project.find(environment) else {
            throw NoProject(folder: environment.currentDirectory.string)
        }
        tellOversights(of: project)
        return project
    }

    /// Tells what was written in vain: a misspelled `workers:` is a project without workers.
    ///
    /// A file that cannot be read is for those to tell who need it.
    func tellOversights(of project: Project) {
        for oversight in (try? project.readConfig())?.oversights ?? [] {
            printer.say("warning: \(Project.configName): \(oversight)")
        }
    }

    /// Runs `body` with all that changing a project takes; `registry` is what the command line names.
    func withWorkshop<Result>(
        _ project: Project,
        registry: RegistryBase? = nil,
        events: (any EventSink)? = nil,
        _ body: (ProjectWorkshop) async throws -> Result
    ) async throws -> Result {
        try await withRegistries(try registryRules(registry, of: project)) { registry in
            try await body(
                ProjectWorkshop(
                    project: project,
                    registry: registry,
                    installation: try installation(),
                    environment: environment,
                    events: events ?? ProgressRendering(printer)
                )
            )
        }
    }

    /// What is installed for this host.
    func installation() throws -> Installation {
        Installation(home: try IIIHome(environment), host: host)
    }

    /// Runs `body` with a way to fetch over HTTP; its connections are closed afterwards.
    ///
    /// Addresses of this machine and of private networks are refused, but for those that the user allowed.
    package func withTransport<Result>(_ body: (any Transport) async throws -> Result) async throws -> Result {
        let configuration = try network(ContactPolicy(allowsLoopback: environment.isOn(.bundleDevLoopback)))
        return try await LiveTransport.with(configuration) { try await body($0) }
    }

    /// Runs `body` with the registry of a worker's name; its connections are closed afterwards.
    ///
    /// - Throws: What `body` throws; `RegistryBaseError` for something that should name a registry and does not.
    func withRegistry<Result>(
        of name: WorkerName?,
        _ option: RegistryBase?,
        _ body: (RegistryConnection) async throws -> Result
    ) async throws -> Result {
        let project = try Project.find(environment)
        let rules = try registryRules(option, of: project)
        var place = rules.fallback
        if option == nil, let name {
            let locked = try project.flatMap { try ProjectState(reading: $0).registry(of: name) }
            place = try rules.registry(of: name, locked: locked)
        }
        return try await withRegistries(rules) { try await body($0.at(place)) }
    }

    /// Runs `body` with the registries of a project, or of this machine; its connections are closed afterwards.
    ///
    /// - Throws: What `body` throws.
    func withRegistries<Result>(
        _ rules: RegistryRules,
        key: Redacted<String>? = nil,
        _ body: (RegistryConnection) async throws -> Result
    ) async throws -> Result {
        if let warning = rules.warning { printer.say("warning: \(warning.printable)") }
        let accounts = try? imageCredentials()
        // A registry of workers may hold their images too.
        let insecure = insecureImageHosts.union(
            rules.insecureOrigins.map { String($0.description.dropFirst($0.scheme.rawValue.count + 3)) }
        )
        var policy = ContactPolicy(
            registries: rules.trustedOrigins,
            allowsLoopback: environment.isOn(.bundleDevLoopback)
        )
        policy.insecureRegistries = rules.insecureOrigins
        policy.imageRegistries = Set((accounts?.hosts ?? []).compactMap(Self.host))
            .union(rules.trustedOrigins.map(\.host))
        policy.insecureImageRegistries = Set(insecure.compactMap(Self.host))
        var configuration = try network(policy)
        let printer = printer
        configuration.onPlainHTTP = { url in
            printer.say("warning: talking to \(url.origin) without TLS: whoever is on the way can read and change it")
        }
        let keys = RegistryKeys(try storedCredentials(), environment, rules)
        return try await LiveTransport.with(configuration) { transport in
            var connection = RegistryConnection(
                rules: rules,
                artifacts: Downloader(
                    transport: transport,
                    pacing: pacing,
                    parts: PartialDownloads(folder: try IIIHome(environment).cache.appending("downloads"))
                ),
                images: try images(over: transport, insecure)
            ) { [pacing] place in
                RegistryClient(
                    base: place.base,
                    transport: transport,
                    access: key.map { .key($0) } ?? keys.access(to: place.base),
                    pacing: pacing,
                    chosenBy: place.reason.words
                )
            }
            let named = insecure.union(accounts?.hosts ?? [])
            let trusted = rules.trustedOrigins
            connection.allowsImagesOfThisMachine = { image, registry in
                if named.contains(image.canonicalHost) { return true }
                guard let registry else { return true }
                return registry.host.isThisMachine && trusted.contains(registry)
            }
            return try await body(connection)
        }
    }

    private func images(over transport: any Transport, _ insecure: Set<String>) throws -> LiveImages {
        LiveImages(
            registry: ImageRegistry(transport: transport, insecureHosts: insecure, pacing: pacing) {
                try imageCredentials()
            },
            store: ImageStore(home: try IIIHome(environment)),
            platform: host.flatMap { ImagePlatform(of: $0) },
            limits: layerLimits
        )
    }

    /// Registries of images to talk to without TLS: `host:port` each, with commas between.
    private var insecureImageHosts: Set<String> {
        let words = (environment[.insecureRegistries] ?? "").split { $0 == "," || $0 == " " }
        return Set(words.map { $0.lowercased() })
    }

    private static func host(_ text: String) -> RemoteURL.Host? {
        (try? RemoteURL(parsing: "https://\(text)"))?.host
    }
}

extension CommandContext {
    /// The accounts at registries of images: those of podman's and docker's command lines, and those of `iii registry login`.
    func imageCredentials() throws -> ImageCredentials {
        var found = ImageCredentials.none
        for path in credentialFiles {
            guard let bytes = try HostFiles.read(path, upTo: .mebibytes(1)) else { continue }
            let file = try ImageCredentials(parsing: bytes, from: path.string) { [environment] name, server in
                try await CredentialHelper(name, environment).account(at: server)
            }
            found = found.addingFiles(of: file)
        }
        for (host, login) in try Credentials(reading: IIIHome(environment).credentials).logins {
            if let account = login.account { found = found.adding(account, login.secret, at: host) }
        }
        return found
    }
}

extension CommandContext {
    /// The files that may hold accounts, in the order in which skopeo looks; the first one with an account wins.
    var credentialFiles: [FilePath] {
        if let named = environment[.registryAuthFile] { return [environment.absolute(named)] }
        let home = environment[.userHome].map { FilePath($0) }
        let folders = [
            environment[.userRuntimeFolder].map { FilePath($0) },
            environment[.userConfigHome].map { FilePath($0) } ?? home?.appending(".config"),
        ]
        let docker = environment[.dockerConfig].map { environment.absolute($0) } ?? home?.appending(".docker")
        return folders.compactMap { $0?.appending("containers").appending("auth.json") }
            + [docker?.appending("config.json")].compactMap { $0 }
    }
}

/// A command that needs a project was run where there is none.
struct NoProject: CodedError {
    let folder: String

    var code: ErrorCode { .configIO }
    var message: String { "there is no `config.yaml` in `\(folder.printable)` or above it" }
    var hints: [String] { ["`iii worker add NAME` begins a project in the current folder"] }
}
