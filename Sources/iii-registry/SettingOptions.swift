// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import RegistryServer

/// The flags of `iii-registry serve` that are settings; `DataOptions` has the one that all commands take.
struct SettingOptions: ParsableArguments {
    @Option(help: .setting(.listen, "host:port")) var listen: String?
    @Option(help: .setting(.publicURL, "url")) var publicURL: String?
    @Option(help: .setting(.tlsCertificate, "file")) var tlsCert: String?
    @Option(help: .setting(.tlsKey, "file")) var tlsKey: String?
    @Option(help: .setting(.trustedProxy, "addresses")) var trustedProxy: String?
    @Option(help: .setting(.metrics, "true|false")) var metrics: String?
    @Option(help: .setting(.logLevel, "level")) var logLevel: String?
    @Option(help: .setting(.bodyLimit, "size")) var bodyLimit: String?
    @Option(help: .setting(.questionLimit, "size")) var questionLimit: String?
    @Option(help: .setting(.uploadLimit, "size")) var uploadLimit: String?
    @Option(help: .setting(.uploadQuota, "size")) var uploadQuota: String?
    @Option(help: .setting(.uploadsAtOnce, "n")) var uploadsAtOnce: String?
    @Option(help: .setting(.headerLimit, "size")) var headerLimit: String?
    @Option(help: .setting(.headerCount, "count")) var headerCount: String?
    @Option(help: .setting(.pageLimit, "count")) var pageLimit: String?
    @Option(help: .setting(.headTimeout, "time")) var headTimeout: String?
    @Option(help: .setting(.idleTimeout, "time")) var idleTimeout: String?
    @Option(help: .setting(.lingerTimeout, "time")) var lingerTimeout: String?
    @Option(help: .setting(.slowestClient, "size")) var slowestClient: String?
    @Option(help: .setting(.connections, "count")) var connections: String?
    @Option(help: .setting(.connectionsPerAddress, "count")) var connectionsPerAddress: String?
    @Option(help: .setting(.keyedRequestsPerMinute, "count")) var keyedRequestsPerMinute: String?
    @Option(help: .setting(.questionsPerMinute, "count")) var questionsPerMinute: String?

    private var all: [(Setting, String?)] {
        [
            (.listen, listen),
            (.publicURL, publicURL),
            (.tlsCertificate, tlsCert),
            (.tlsKey, tlsKey),
            (.trustedProxy, trustedProxy),
            (.metrics, metrics),
            (.logLevel, logLevel),
            (.bodyLimit, bodyLimit),
            (.questionLimit, questionLimit),
            (.uploadLimit, uploadLimit), (.uploadQuota, uploadQuota),
            (.uploadsAtOnce, uploadsAtOnce),
            (.headerLimit, headerLimit),
            (.headerCount, headerCount),
            (.pageLimit, pageLimit),
            (.headTimeout, headTimeout),
            (.idleTimeout, idleTimeout),
            (.lingerTimeout, lingerTimeout),
            (.slowestClient, slowestClient),
            (.connections, connections),
            (.connectionsPerAddress, connectionsPerAddress),
            (.keyedRequestsPerMinute, keyedRequestsPerMinute),
            (.questionsPerMinute, questionsPerMinute),
        ]
    }

    /// Adds what was given as a flag.
    func add(to values: inout SettingValues) {
        for case (let setting, let text?) in all { values.add(flag: setting, text) }
    }
}
