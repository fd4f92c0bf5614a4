// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import Downloads
import HostSystem
import NIOSSL
import SystemPackage
import Transport
import WorkerModel

/// How long a command waits for the network.
struct NetworkOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The most time for one file or answer: `90s`, `30m`, `2h`; 10m where nothing is said, `0` for no limit.",
            valueName: "time"
        )
    )
    var timeout: WaitingTime?
}

/// A command that fetches, and whose user may say how long that may take.
protocol FetchingCommand: ContextCommand {
    var network: NetworkOptions { get }
}

extension FetchingCommand {
    var timeLimit: Duration? { network.timeout?.duration }
}

extension CommandContext {
    /// The most time for one request where its user says nothing.
    static let standardTimeLimit = Duration.seconds(600)

    /// The network with the proxies and the certificates that the environment names.
    ///
    /// - Throws: `ProxySettingsError`, `TrustRootsError`.
    func network(_ policy: ContactPolicy) throws -> LiveTransport.Configuration {
        var configuration = LiveTransport.Configuration(policy: policy, userAgent: "iii/\(ProgramVersion.text)")
        configuration.proxies = try proxies()
        configuration.tls = try trustedCertificates()
        configuration.limits.total = timeLimit == .zero ? nil : timeLimit
        return configuration
    }

    /// The certificates that the environment names; nil for the system's.
    ///
    /// - Throws: `TrustRootsError`.
    func trustedCertificates() throws -> TLSConfiguration? {
        try TrustRoots.configuration(
            file: environment[.tlsRootsFile],
            folders: environment[.tlsRootsFolders]
        ) { folder in try HostFiles.entries(of: FilePath(folder)) }
    }

    /// The proxies that the environment names.
    ///
    /// - Throws: `ProxySettingsError`.
    func proxies() throws -> ProxySettings {
        try ProxySettings { name in EnvironmentVariable(rawValue: name).flatMap { environment.inEitherCase($0) } }
    }

    /// Waits between two tries, each told in one line.
    var pacing: Pacing {
        let printer = printer
        return .live { retry in
            let seconds = max(1, Int((Double(retry.wait.components.seconds) + 0.5).rounded()))
            printer.say("\(retry.failure); trying again in \(seconds) s")
        }
    }
}
