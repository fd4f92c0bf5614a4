// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// What whoever runs a registry does with it, by the commands alone: keys, backups, certificates, and ending it.
@Suite struct OperatorJourney {
    /// Runs `iii-registry` on the data of a road, which has to succeed.
    @discardableResult
    private func does(_ folder: FilePath, _ arguments: String...) async throws -> Programs.Result {
        try await Programs.run("iii-registry", arguments, in: folder, variables: [:]).succeeded(arguments)
    }

    /// A registry with arguments of its own, and how it ended.
    private func serving(
        _ folder: FilePath,
        _ arguments: [String],
        _ body: @escaping @Sendable (_ url: String, _ process: Int32) async throws -> Void
    ) async throws -> TerminationStatus {
        let result = try await Subprocess.run(
            .path(Programs.folder.appending("iii-registry")),
            arguments: Arguments(["serve", "--listen", "127.0.0.1:0", "--data", "registry"] + arguments),
            environment: Programs.environment(["HOME": folder.string]),
            workingDirectory: folder,
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            for try await line in execution.standardOutput.strings() where line.hasPrefix("listening on ") {
                let url = line.dropFirst("listening on ".count).trimmingCharacters(in: .whitespacesAndNewlines)
                do { try await body(url, execution.processIdentifier.value) } catch {
                    await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(60))])
                    throw error
                }
                await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(60))])
                return true
            }
            return false
        }
        let terminationStatus = result.terminationStatus
        #expect(result.takeClosureResult(), "the registry did not start")
        return terminationStatus
    }

    @Test func accountsAndKeysAreManagedWhileTheRegistryServes() async throws {
        try await Road.open { road in
            let data = ["--data", road.data.string]
            func run(_ arguments: [String]) async throws -> Programs.Result {
                try await Programs.run("iii-registry", arguments + data, in: road.folder, variables: [:])
            }
            func status(of key: String) throws -> String {
                try Shell.run(
                    "curl -sS -o /dev/null -w '%{http_code}' -H 'X-API-Key: \(key)' \(road.url)/whoami",
                    in: road.folder
                )
            }
            let made = try await run(["key", "create", "--account", "acme", "--scope", "publish", "--label", "ci"])
                .succeeded(["key", "create"])
            let key = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(key.hasPrefix("iii_") && !key.contains("\n"))
            #expect(try status(of: key) == "200")
            let accounts = try await run(["account", "list"]).succeeded(["account", "list"])
            #expect(accounts.output.contains("acme") && accounts.output.contains("tester"))
            let keys = try await run(["key", "list", "--account", "acme"]).succeeded(["key", "list"])
            #expect(keys.output.contains("ci") && !keys.output.contains(key))
            _ = try await run(["account", "suspend", "acme"]).succeeded(["account", "suspend"])
            #expect(try status(of: key) == "403")
            _ = try await run(["account", "resume", "acme"]).succeeded(["account", "resume"])
            #expect(try status(of: key) == "200")
            let id = try #require(keys.output.split(separator: "\n").last?.split(separator: " ").first)
            _ = try await run(["key", "revoke", String(id)]).succeeded(["key", "revoke"])
            #expect(try status(of: key) == "401")
            let unknown = try await run(["account", "suspend", "nobody"])
            #expect(unknown.status == 1 && unknown.talk.contains("nobody"))
        }
    }

    @Test func monitorsAskWhetherItIsReady() async throws {
        try await Road.open { road in
            let address = road.url.replacing("http://", with: "")
            #expect(try await does(road.folder, "health", "--listen", address).output == "ready\n")
            try Shell.run("kill -STOP \(road.registry.value)", in: road.folder)
            let silent = try await Programs.run(
                "iii-registry",
                ["health", "--listen", address],
                in: road.folder,
                variables: [:]
            )
            try Shell.run("kill -CONT \(road.registry.value)", in: road.folder)
            #expect(silent.status == 1 && silent.talk.contains("[W143]"), "\(silent.talk)")
            let nobody = try await Programs.run(
                "iii-registry",
                ["health", "--listen", "127.0.0.1:1"],
                in: road.folder,
                variables: [:]
            )
            #expect(nobody.status == 1 && nobody.talk.contains("does not answer"), "\(nobody.talk)")
        }
    }

    @Test func aBackupOfABusyRegistryIsAWholeRegistry() async throws {
        try await Road.open { road in
            for number in 0..<3 { try await road.publish("a", "1.\(number).0") }
            async let more: Void = {
                for number in 3..<6 { try await road.publish("a", "1.\(number).0") }
            }()
            let archive = road.folder.appending("backup.tar.gz").string
            try await does(road.folder, "backup", archive, "--data", road.data.string)
            try await more
            // What there is stays.
            let refused = try await Programs.run(
                "iii-registry",
                ["restore", archive, "--data", road.data.string],
                in: road.folder,
                variables: [:]
            )
            #expect(refused.status == 1 && refused.talk.contains("not empty"))

            let other = road.folder.appending("other")
            try FileManager.default.createDirectory(atPath: other.string, withIntermediateDirectories: true)
            let data = other.appending("registry")
            try await does(road.folder, "restore", archive, "--data", data.string)
            let checked = try await does(road.folder, "check", "--data", data.string)
            #expect(checked.output.contains("no damage"))
            // Commands leave no log of the database behind.
            let names = try FileManager.default.contentsOfDirectory(atPath: data.string).sorted()
            #expect(names == ["blobs", "registry.sqlite"])
            let ended = try await serving(other, []) { url, _ in
                let added = try await road.iii("worker", "add", "a@1.2.0", variables: ["III_API_URL": url])
                #expect(added.status == 0, "\(added.talk)")
            }
            #expect(ended == .exited(0))
        }
    }

    /// The older release may be serving it: only starting the newer one with it changes anything.
    @Test func commandsLeaveTheDatabaseOfAnOlderReleaseAlone() async throws {
        try await Road.open { road in
            let count = "SELECT COUNT(*) FROM registry_schema"
            func ask(_ statement: String) throws -> String {
                let script =
                    "import sqlite3; print(*sqlite3.connect('registry.sqlite', isolation_level=None).execute('\(statement)'))"
                return try Shell.run("python3 -c \"\(script)\"", in: road.data)
            }
            _ = try ask("DELETE FROM registry_schema WHERE number = (SELECT MAX(number) FROM registry_schema)")
            let before = try ask(count)
            let archive = road.folder.appending("backup.tar.gz")
            for command in [["check"], ["backup", archive.string], ["key", "create", "--account", "ada"]] {
                let arguments = command + ["--data", road.data.string]
                let refused = try await Programs.run("iii-registry", arguments, in: road.folder, variables: [:])
                #expect(refused.status == 1, "\(command): \(refused.output)\(refused.talk)")
                #expect(
                    refused.talk.contains("of an older release") && refused.talk.contains("`serve`"),
                    "\(refused.talk)"
                )
            }
            #expect(try ask(count) == before)
            #expect(!FileManager.default.fileExists(atPath: archive.string))
        }
    }

    @Test func aCheckNamesWhatIsDamaged() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let clean = try await Programs.run(
                "iii-registry",
                ["check", "--data", road.data.string],
                in: road.folder,
                variables: [:]
            )
            #expect(clean.status == 0 && clean.output.contains("1 versions and 3 blobs checked"), "\(clean.talk)")
            try Shell.run("find blobs -type f -size +100c | while read f; do printf x >> $f; done", in: road.data)
            let damaged = try await Programs.run(
                "iii-registry",
                ["check", "--data", road.data.string],
                in: road.folder,
                variables: [:]
            )
            #expect(damaged.status == 3 && damaged.output.contains("a@1.0.0"), "\(damaged.output)\(damaged.talk)")
        }
    }

    @Test func settingsThatCannotBeAreNamedWithTheirPlace() async throws {
        try await withTemporaryDirectory { folder in
            for (text, words) in [
                ("listen: nowhere\n", ["`listen`", "line 1"]), ("\nconnection: 5\n", ["`connection`", "line 2"]),
                ("tls-cert: a.pem\n", ["tls-key"]), ("idle-timeout: -1s\n", ["idle-timeout"]),
            ] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: folder.appending("registry.yaml").string))
                let result = try await Programs.run(
                    "iii-registry",
                    ["serve", "--config", "registry.yaml", "--data", "registry"],
                    in: folder,
                    variables: [:]
                )
                #expect(result.status != 0, "\(text)")
                for word in words { #expect(result.talk.contains(word), "\(result.talk)") }
                #expect(!FileManager.default.fileExists(atPath: folder.appending("registry").string))
            }
        }
    }

    @Test func aRenewedCertificateIsTakenWithoutARestart() async throws {
        try await withTemporaryDirectory { folder in
            func certificate(_ name: String) -> String {
                """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=\(name) \
                -addext subjectAltName=IP:127.0.0.1 -keyout \(name).key -out \(name).pem 2>/dev/null
                """
            }
            try Shell.run(
                "\(certificate("old"))\n\(certificate("new"))\ncp old.pem tls.pem\ncp old.key tls.key",
                in: folder
            )
            let ended = try await serving(folder, ["--tls-cert", "tls.pem", "--tls-key", "tls.key"]) { url, process in
                #expect(url.hasPrefix("https://"))
                try Shell.run("curl -sS -f --cacert old.pem \(url)/healthz", in: folder)
                // Half of a renewal: the certificate stays as it was.
                try Shell.run(
                    "cp new.pem tls.pem\nkill -HUP \(process)\ncurl -sS -f --cacert old.pem \(url)/healthz",
                    in: folder
                )
                try Shell.run(
                    """
                    cp new.key tls.key
                    kill -HUP \(process)
                    timeout 300 sh -c 'until curl -s -f --cacert new.pem \(url)/healthz; do sleep 0.1; done'
                    """,
                    in: folder
                )
                #expect(throws: Shell.Failed.self) {
                    try Shell.run("curl -sS -f --cacert old.pem \(url)/healthz", in: folder)
                }
            }
            #expect(ended == .exited(0))
        }
    }

    @Test func endsAfterWhatItHasBegun() async throws {
        try await withTemporaryDirectory { folder in
            let ended = try await serving(folder, []) { url, process in
                let key = try await does(folder, "key", "create", "--data", "registry", "--account", "acme").output
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                // The upload takes some seconds; the server is told to stop in the middle of it.
                let status = try Shell.run(
                    """
                    head -c 1500000 /dev/urandom > blob
                    digest=$(sha256sum blob | cut -d ' ' -f 1)
                    curl -sS --limit-rate 300k -o answer -w '%{http_code}' -T blob -H 'X-API-Key: \(key)' \
                        \(url)/blobs/sha256/$digest > status &
                    upload=$!
                    timeout 300 sh -c 'until curl -s \(url)/metrics | grep -q "under_way 2"; do sleep 0.05; done'
                    kill -TERM \(process)
                    wait $upload
                    cat status
                    """,
                    in: folder
                )
                #expect(status == "200")
            }
            #expect(ended == .exited(0))
        }
    }
}
