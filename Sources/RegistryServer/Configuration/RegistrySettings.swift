// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import Logging
package import RegistryService
import WorkerModel

/// Everything that can be set, read and checked.
package struct RegistrySettings: Sendable {
    package var listen = ListenAddress.standard
    /// As it was written: relative to the current folder.
    package var data: String?
    package var publicURL: PublicURL?
    package var tls: TLSFiles?
    package var trustedProxies = TrustedProxies()
    package var showsMetrics = true
    package var logLevel = Logger.Level.info
    package var limits = ServerLimits.standard

    package init() {}

    /// - Throws: `SettingError` for the first value that a setting cannot have.
    package init(_ values: SettingValues) throws(SettingError) {
        listen = try values.read(.listen) { try ListenAddress(parsing: $0) } ?? listen
        data = values[.data]?.text
        publicURL = try values.read(.publicURL) { try PublicURL(parsing: $0) }
        tls = try Self.tls(values)
        trustedProxies = try values.read(.trustedProxy) { try TrustedProxies(parsing: $0) } ?? trustedProxies
        showsMetrics = try values.read(.metrics, Self.truth) ?? showsMetrics
        logLevel = try values.read(.logLevel, Self.level) ?? logLevel
        try readSizes(values)
        try readTimes(values)
        try readNumbers(values)
    }

    /// Where a client on this machine finds the server when it listens on `port`.
    package func localURL(port: Int) -> String { listen.localURL(port: port, scheme: tls == nil ? "http" : "https") }

    private mutating func readSizes(_ values: SettingValues) throws(SettingError) {
        limits.jsonBody = try values.read(.bodyLimit, Self.size) ?? limits.jsonBody
        limits.question = try values.read(.questionLimit, Self.size) ?? limits.question
        limits.upload = try values.read(.uploadLimit, Self.size) ?? limits.upload
        limits.imageLayer = try values.read(.imageLayerLimit, Self.size) ?? limits.imageLayer
        limits.uploadQuota = try values.read(.uploadQuota, Self.size) ?? limits.uploadQuota
        limits.headers = try values.read(.headerLimit, Self.size) ?? limits.headers
        limits.slowest = try values.read(.slowestClient, Self.size) ?? limits.slowest
    }

    private mutating func readTimes(_ values: SettingValues) throws(SettingError) {
        limits.head = try values.read(.headTimeout, Self.duration) ?? limits.head
        limits.idle = try values.read(.idleTimeout, Self.duration) ?? limits.idle
        limits.linger = try values.read(.lingerTimeout, Self.duration) ?? limits.linger
    }

    private mutating func readNumbers(_ values: SettingValues) throws(SettingError) {
        limits.headerCount = try values.read(.headerCount, Self.count(1)) ?? limits.headerCount
        limits.uploadsAtOnce = try values.read(.uploadsAtOnce, Self.count(1)) ?? limits.uploadsAtOnce
        limits.page = try values.read(.pageLimit, Self.count(1)) ?? limits.page
        limits.connections = try values.read(.connections, Self.count(1)) ?? limits.connections
        limits.connectionsPerAddress =
            try values.read(.connectionsPerAddress, Self.count(1)) ?? limits.connectionsPerAddress
        limits.keyedRequestsPerMinute =
            try values.read(.keyedRequestsPerMinute, Self.count(0)) ?? limits.keyedRequestsPerMinute
        limits.questionsPerMinute = try values.read(.questionsPerMinute, Self.count(0)) ?? limits.questionsPerMinute
    }

    private static func tls(_ values: SettingValues) throws(SettingError) -> TLSFiles? {
        switch (values[.tlsCertificate], values[.tlsKey]) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate.text, key: key.text)
        case (let certificate?, nil):
            throw SettingError(certificate.origin, "needs `\(Setting.tlsKey.rawValue)` beside it")
        case (nil, let key?):
            throw SettingError(key.origin, "needs `\(Setting.tlsCertificate.rawValue)` beside it")
        }
    }
}

/// How single values are written.
extension RegistrySettings {
    static func truth(_ text: String) throws -> Bool {
        switch text {
        case "true": true
        case "false": false
        default: throw UnreadableValue(expected: "`true` or `false`")
        }
    }

    static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            throw UnreadableValue(expected: "`debug`, `info`, `warning` or `error`")
        }
        return level
    }

    /// A whole number, at least `least`.
    static func count(_ least: Int) -> (String) throws -> Int {
        { text in
            guard let count = Int(text), (least...1_000_000_000).contains(count) else {
                throw UnreadableValue(expected: "a whole number, at least \(least)")
            }
            return count
        }
    }

    /// Bytes: `4096`, `64KiB`, `8MiB`, `1GiB`.
    static func size(_ text: String) throws -> ByteCount {
        let units: [(String, Int64)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1), ("", 1)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(unit.count)), number > 0, number <= Int64.max / factor else { break }
            return ByteCount(number * factor)
        }
        throw UnreadableValue(expected: "a size above nothing, such as `64KiB`, `8MiB`, `1GiB`")
    }

    /// Times: `500ms`, `60s`, `5m`; a bare number is seconds.
    static func duration(_ text: String) throws -> Duration {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Int64(text.dropLast(unit.count)), (1...86_400_000).contains(number) else { break }
            return .milliseconds(number * factor)
        }
        throw UnreadableValue(expected: "a time above nothing, such as `500ms`, `60s`, `5m`")
    }
}
