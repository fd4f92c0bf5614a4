// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import ArtifactStore
import Diagnostics
import Downloads
import HostSystem
import ImageDocuments
import ImageStore
import OCIImages
import ProjectFiles
import RegistryClient
package import Transport
import WorkerModel
import WorkerOperations

extension CommandContext {
    /// The project that a command works on.
    ///
    /// - Throws: `NoProject` where there is none.
    func project() throws -> Project {
        guard let project = try Project.find(environment) else {
            throw NoProject(folder: environment.currentDirectory.string)
        }
        return project
    }

    /// Runs `body` with all that changing a project takes.
    func withWorkshop<Result>(
        _ project: Project,
        events: (any EventSink)? = nil,
        _ body: (ProjectWorkshop) async throws -> Result
    ) async throws -> Result {
        try await withRegistry { registry in
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
        let configuration = LiveTransport.Configuration(
            policy: ContactPolicy(configuredRegistry: nil, allowsLoopback: environment.isOn(.bundleDevLoopback)),
            userAgent: "iii/\(ProgramVersion.text)"
        )
        return try await LiveTransport.with(configuration) { try await body($0) }
    }

    /// Runs `body` with the registry that the environment names; its connections are closed afterwards.
    ///
    /// - Throws: What `body` throws; `RegistryBaseError` for an `III_API_URL` that makes no sense.
    func withRegistry<Result>(_ body: (RegistryConnection) async throws -> Result) async throws -> Result {
        try await withRegistry(try RegistryChoice(environment), body)
    }

    /// Runs `body` with a registry; its connections are closed afterwards.
    ///
    /// - Throws: What `body` throws.
    func withRegistry<Result>(
        _ choice: RegistryChoice,
        _ body: (RegistryConnection) async throws -> Result
    ) async throws -> Result {
        let accounts = try? imageCredentials()
        let insecure = insecureImageHosts
        var policy = ContactPolicy(
            configuredRegistry: choice.isConfigured ? choice.base.url : nil,
            allowsLoopback: environment.isOn(.bundleDevLoopback)
        )
        policy.imageRegistries = Set((accounts?.hosts ?? []).compactMap(Self.host))
        policy.insecureImageRegistries = Set(insecure.compactMap(Self.host))
        var configuration = LiveTransport.Configuration(policy: policy, userAgent: "iii/\(ProgramVersion.text)")
        let printer = printer
        configuration.onPlainHTTP = { url in
            printer.say("warning: fetching from \(url.origin) without TLS")
        }
        return try await LiveTransport.with(configuration) { transport in
            try await body(
                RegistryConnection(
                    client: RegistryClient(
                        base: choice.base,
                        transport: transport,
                        key: choice.key
                    ),
                    artifacts: Downloader(transport: transport),
                    images: try images(over: transport, insecure)
                )
            )
        }
    }

    private func images(over transport: any Transport, _ insecure: Set<String>) throws -> LiveImages {
        LiveImages(
            registry: ImageRegistry(transport: transport, insecureHosts: insecure) { try imageCredentials() },
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
    /// The accounts at registries of images: those of Docker's command line, and those of `iii registry login`.
    func imageCredentials() throws -> ImageCredentials {
        var found = ImageCredentials.none
        if let home = environment[.userHome] {
            let path = FilePath(home).appending(".docker").appending("config.json")
            if let bytes = try HostFiles.read(path, upTo: .mebibytes(1)) {
                found = try ImageCredentials(parsing: bytes, from: path.string) { [environment] name, server in
                    try await CredentialHelper(name, environment).account(at: server)
                }
            }
        }
        for (host, login) in try Credentials(reading: IIIHome(environment).credentials).logins {
            if let account = login.account { found = found.adding(account, login.secret, at: host) }
        }
        return found
    }
}

/// A command that needs a project was run where there is none.
struct NoProject: CodedError {
    let folder: String

    var code: ErrorCode { .configIO }
    var message: String { "there is no `config.yaml` in `\(folder.printable)` or above it" }
    var hints: [String] { ["`iii worker add NAME` begins a project in the current folder"] }
}
