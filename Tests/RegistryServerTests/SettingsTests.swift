// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Foundation
import NIOCore
import TestSupport
import Testing
import Transport
import WorkerModel

@testable import RegistryServer

/// Settings come from three places, and what is wrong is named with its place.
struct SettingsTests {
    private func settings(
        file: String = "",
        _ environment: [String: String] = [:],
        _ flags: [Setting: String] = [:]
    ) throws -> RegistrySettings {
        var values = SettingValues()
        try values.add(file: Array(file.utf8), path: "/etc/r.yaml")
        values.add(environment: environment)
        for (setting, text) in flags { values.add(flag: setting, text) }
        return try RegistrySettings(values)
    }

    private func message(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return "none"
        } catch let error as any CodedError { return "\(error.code.rawValue) \(error.message)" } catch {
            return "\(error)"
        }
    }

    @Test func defaultsAreThoseOfTheReference() throws {
        var values = SettingValues()
        for setting in Setting.allCases { if let text = setting.standard { values.add(flag: setting, text) } }
        let (written, silent) = (try RegistrySettings(values), try settings())
        #expect(written.limits == silent.limits && silent.limits == .standard)
        #expect(written.listen == silent.listen && written.logLevel == silent.logLevel)
        #expect(written.showsMetrics == silent.showsMetrics)
        for setting in Setting.allCases { #expect(SettingsReference.page.contains("| `\(setting.rawValue)` |")) }
    }

    @Test func flagsWinOverTheEnvironmentAndThatOverTheFile() throws {
        let file = "header-count: 10\nconnections: 20\nidle-timeout: 30s\n"
        let environment = [
            "III_REGISTRY_HEADER_COUNT": "11", "III_REGISTRY_CONNECTIONS": "21", "III_REGISTRY_LISTEN": "",
        ]
        let read = try settings(file: file, environment, [.headerCount: "12"])
        #expect(read.limits.headerCount == 12)
        #expect(read.limits.connections == 21)
        #expect(read.limits.idle == .seconds(30))
        #expect(read.listen == .standard)
    }

    @Test func fileTakesListsNumbersAndNothing() throws {
        let file = "# ours\ntrusted-proxy: [127.0.0.1, '10.0.0.0/8']\nmetrics: false\nupload-limit: 1GiB\npublic-url:\n"
        let read = try settings(file: file)
        #expect(try read.trustedProxies == TrustedProxies(parsing: "127.0.0.1,10.0.0.0/8"))
        #expect(!read.showsMetrics && read.limits.upload == .gibibytes(1) && read.publicURL == nil)
        #expect(try settings(file: "").limits == .standard)
    }

    @Test(arguments: [
        ("listn: a", "W133 `listn` in `/etc/r.yaml`, line 1 is not a setting"),
        ("\nlisten: nowhere", "W133 `listen` in `/etc/r.yaml`, line 2 cannot be used: `nowhere` is not an address"),
        (
            "connections: many",
            "W133 `connections` in `/etc/r.yaml`, line 1 must be a whole number, at least 1, not `many`"
        ),
        ("connections: {a: 1}", "W133 `connections` in `/etc/r.yaml`, line 1 must be a value or a list of values"),
        ("- a", "W133 `?` in `/etc/r.yaml`, line 1 must be a list of lines"),
        ("a: b: c", "W133 `?` in `/etc/r.yaml`, line 1 cannot be read"),
        ("listen: 1\nlisten: 2", "W133 `?` in `/etc/r.yaml`, line 2 cannot be read"),
        ("tls-cert: a.pem", "W133 `tls-cert` in `/etc/r.yaml`, line 1 needs `tls-key` beside it"),
    ])
    func wrongFilesAreNamedWithTheLine(_ file: String, _ expected: String) {
        let found = message { try settings(file: file) }
        #expect(found.hasPrefix(expected), "\(found)")
    }

    @Test(arguments: [
        (Setting.uploadLimit, "8 apples"), (.uploadLimit, "-1"), (.uploadLimit, "0"), (.uploadLimit, "9999999999GiB"),
        (.idleTimeout, "soon"), (.idleTimeout, "0s"), (.logLevel, "loud"), (.metrics, "yes"), (.publicURL, "ftp://x"),
        (.trustedProxy, "10.0.0.0/33"), (.trustedProxy, "localhost"), (.keyedRequestsPerMinute, "-1"),
    ])
    func wrongValuesAreNamedWithTheFlagOrVariable(_ setting: Setting, _ text: String) {
        #expect(message { try settings([:], [setting: text]) }.hasPrefix("W133 `\(setting.flag)` "))
        #expect(message { try settings([setting.variable: text]) }.hasPrefix("W133 `\(setting.variable)` "))
    }

    @Test(arguments: [
        ("4096", 4096), ("64KiB", 65_536), ("8MiB", 8 << 20), ("2GiB", 2 << 30), ("100B", 100),
    ])
    func sizesAreRead(_ text: String, _ bytes: Int64) throws { #expect(try RegistrySettings.size(text).bytes == bytes) }

    @Test(arguments: [("500ms", 500), ("60s", 60_000), ("5m", 300_000), ("7", 7000)])
    func timesAreRead(_ text: String, _ milliseconds: Int64) throws {
        #expect(try RegistrySettings.duration(text) == .milliseconds(milliseconds))
    }

    // MARK: Proxies

    @Test(arguments: [
        ("10.0.0.1", ["1.2.3.4"], "1.2.3.4"), ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4, 10.9.9.9"], "1.2.3.4"), ("9.9.9.9", ["1.2.3.4"], "9.9.9.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"), ("10.0.0.1", ["1.2.3.4, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["[2001:db8::7]:443"], "2001:db8:0:0::/64"), ("10.0.0.1", ["1.2.3.4:5000"], "1.2.3.4"),
        ("::ffff:10.0.0.1", ["1.2.3.4"], "1.2.3.4"),
    ])
    func clientIsTheLastAddressThatIsNoTrustedProxy(_ peer: String, _ fields: [String], _ client: String) throws {
        let proxies = try TrustedProxies(parsing: "10.0.0.0/8, 192.168.1.1")
        #expect(proxies.client(peer: try #require(IPAddress(ofClient: peer)), forwardedFor: fields).client == client)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false), ("0.0.0.0/0", "9.9.9.9", true), ("10.0.0.0/9", "10.128.0.1", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("fd00::/8", "10.0.0.1", false),
    ])
    func networksHoldTheirAddresses(_ network: String, _ address: String, _ expected: Bool) throws {
        let network = try #require(IPNetwork(parsing: network))
        #expect(network.contains(try #require(IPAddress(ofClient: address))) == expected)
    }
}
