// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import BlobStorage
import Diagnostics
import HostSystem
import RegistryDatabase
import RegistryServer
import RegistryService
import RegistryStorage
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

            Each setting is taken from the flag, else from the environment variable, else from the file that `--config` \
            names, else from the default; docs/registry-configuration.md lists them.

            Examples:
              iii-registry serve --data /var/lib/iii-registry --public-url https://registry.example.com
              iii-registry serve --listen 127.0.0.1:0 --data ./registry-data
            """
    )

    @OptionGroup var data: DataOptions

    @OptionGroup var settings: SettingOptions

    func run() async throws {
        let environment = try HostEnvironment.live()
        var values = try data.values(in: environment)
        settings.add(to: &values)
        let settings = try RegistrySettings(values)
        let (address, configured) = (settings.listen, settings.publicURL)
        if configured == nil, address.isWildcard { throw NoPublicURL(address: address) }
        let log = LogOutput(level: settings.logLevel, now: WallClock.now, write: LogPipe.write)
        defer { log.flush() }
        HostProcess.raiseOpenFileLimit()
        let folder = try await DataFolder.create(DataOptions.path(values, in: environment))
        let lock = try folder.lockForServing()
        defer { lock.release() }
        // Until it listens nobody asks, and a port of 0 is no port.
        let publicURL = PublicURLInUse(try configured ?? PublicURL(parsing: settings.localURL(port: address.port)))
        let service = RegistryService(
            store: folder.store,
            blobs: folder.blobs,
            publicURL: { publicURL.value },
            surroundings: Surroundings(now: WallClock.now),
            keyedRequestsPerMinute: settings.limits.keyedRequestsPerMinute,
            uploadQuota: settings.limits.uploadQuota,
            uploadsAtOnce: settings.limits.uploadsAtOnce
        )
        try await service.prepare()
        if let key = try await service.keys.createFirst() {
            Output.result("administrator key: \(key.text.exposed)")
            Output.say("keep the administrator key: it is not shown again")
        }
        let server = try RegistryServer(service: service, settings: settings, log: log)
        try await server.run(at: address) { port in
            let local = settings.localURL(port: port)
            if configured == nil, let url = try? PublicURL(parsing: local) { publicURL.value = url }
            Output.result("listening on \(local)")
        }
        try await folder.store.close()
    }
}

/// A server that listens at all addresses of its machine, and was not told by which one it is reached.
///
/// W133.
struct NoPublicURL: CodedError {
    let address: ListenAddress

    var code: ErrorCode { .invalidSetting }
    var message: String { "listening at `\(address)`, the server does not know the URL that others reach it by" }
    var hints: [String] {
        [
            "name it with `--public-url`, such as `--public-url http://registry.internal:\(address.port)`: it stands in every answer"
        ]
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
