// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import BlobStorage
import Diagnostics
import RegistryDatabase
import RegistryStorage
import ArgumentParser
import HostSystem
import Logging
import RegistryServer
import RegistryService
import Synchronization
import SystemPackage

/// `iii-registry serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a registry.",
        discussion: """
            The first start makes the folder and prints the key of an administrator, once. When it listens, the server \
            prints `listening on URL`. SIGTERM and SIGINT end it within 30 seconds, after the requests under way. The log \
            goes to standard error, one line of JSON for each event.

            Each setting is taken from the flag, else from the environment variable, else from the default.

            Examples:
              iii-registry serve --data /var/lib/iii-registry --public-url https://registry.example.com
              iii-registry serve --listen 127.0.0.1:0 --data ./registry-data
            """
    )

    @Option(
        help: ArgumentHelp(
            "Where to listen (III_REGISTRY_LISTEN).",
            discussion: "Without it, \(ListenAddress.standard). Port 0 takes a free one.",
            valueName: "host:port"
        )
    )
    var listen: String?

    @OptionGroup var data: DataOptions

    @Option(
        help: ArgumentHelp(
            "The URL under which clients reach the registry (III_REGISTRY_PUBLIC_URL).",
            discussion: "Addresses of hosted artifacts begin with it. Without it, where the server listens.",
            valueName: "url"
        )
    )
    var publicURL: String?

    @Option(
        help: ArgumentHelp(
            "The least that is logged: debug, info, warning, error (III_REGISTRY_LOG_LEVEL).",
            discussion: "Without it, info: one line for each request.",
            valueName: "level"
        )
    )
    var logLevel: String?

    func run() async throws {
        let environment = try HostEnvironment.live()
        let address = try (listen ?? environment[.registryListen]).map { try ListenAddress(parsing: $0) } ?? .standard
        let logger = try logger(environment)
        let configured = try (publicURL ?? environment[.registryPublicURL]).map { try PublicURL(parsing: $0) }
        let folder = try DataFolder.create(data.path(in: environment))
        let lock = try folder.lockForServing()
        defer { lock.release() }
        // Until it listens nobody asks, and a port of 0 is no port.
        let publicURL = PublicURLInUse(try configured ?? PublicURL(parsing: address.localURL(port: address.port)))
        let service = RegistryService(
            store: folder.store,
            blobs: folder.blobs,
            publicURL: { publicURL.value },
            surroundings: Surroundings(now: WallClock.now)
        )
        try await service.prepare()
        if let key = try await service.keys.createFirst() {
            Output.result("administrator key: \(key.text.exposed)")
            Output.say("keep the administrator key: it is not shown again")
        }
        let server = RegistryServer(service: service, logger: logger)
        try await server.run(at: address) { port in
            if configured == nil, let url = try? PublicURL(parsing: address.localURL(port: port)) {
                publicURL.value = url
            }
            Output.result("listening on \(address.localURL(port: port))")
        }
        try await folder.store.close()
    }

    private func logger(_ environment: HostEnvironment) throws -> Logger {
        let text = logLevel ?? environment[.registryLogLevel] ?? Logger.Level.info.rawValue
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("`\(text)` is not a log level: use debug, info, warning or error")
        }
        return Logger(label: "iii-registry") { _ in
            LineLog(level: level, time: { WallClock.now().description }) { Output.write($0, to: .standardError) }
        }
    }
}

/// The public URL, which may become known only when the server listens.
private final class PublicURLInUse: Sendable {
    private let url: Mutex<PublicURL>

    init(_ url: PublicURL) { self.url = Mutex(url) }

    var value: PublicURL {
        get { url.withLock { $0 } }
        set { url.withLock { $0 = newValue } }
    }
}
