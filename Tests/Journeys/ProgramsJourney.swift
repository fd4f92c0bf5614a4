// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing
import TransportTestSupport

/// A registry gives its users the programs that fit it: a script that installs them, and upgrades.
@Suite struct ProgramsJourney {
    private static let target = "x86_64-unknown-linux-gnu"

    /// What stands in for the programs of a release: a script that tells its version, as `iii --version` does.
    private func release(_ version: String, in road: Road, program: String? = nil) throws -> String {
        let folder = road.folder.appending("dist-\(version)").string
        let top = "iii-\(version)-\(Self.target)"
        let script = program ?? "#!/bin/sh\necho iii \(version)\n"
        try road.write(
            ["\(top)/bin/iii": script, "\(top)/libexec/iii/iii-guest": "#!/bin/sh\nexit 0\n# \(version)\n"],
            in: FilePath(folder)
        )
        try Shell.run(
            "chmod +x \(top)/bin/iii && tar -czf \(top).tar.gz \(top) && sha256sum \(top).tar.gz > SHA256SUMS && rm -r \(top)",
            in: FilePath(folder)
        )
        return folder
    }

    private func offer(_ folder: String, _ road: Road, _ more: String...) async throws -> Programs.Result {
        let arguments = ["import-programs", folder, "--data", road.data.string] + more
        return try await Programs.run("iii-registry", arguments, in: road.folder, variables: [:])
    }

    /// The real program, where a user of that registry would have installed it.
    private func installed(_ road: Road) throws -> String {
        try Shell.run(
            "mkdir -p home/bin && cp '\(Programs.folder.appending("iii").string)' home/bin/iii",
            in: road.folder
        )
        return road.home.appending("bin/iii").string
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Runs a program by its path; its status and all that it said.
    private func run(_ command: String, _ road: Road) throws -> (status: String, words: String) {
        let variables = "III_API_URL='\(road.url)' III_HOME='\(road.home.string)' HOME='\(road.folder.string)'"
        let words = try Shell.run("{ \(variables) \(command); } 2>&1 && echo '|0' || echo \"|$?\"", in: road.project)
        let parts = words.split(separator: "|")
        return (
            parts.last?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "", parts.dropLast().joined(separator: "|")
        )
    }

    @Test func theScriptOfARegistryInstallsWhatItOffers() async throws {
        try await Road.open { road in
            let none = try Shell.run("curl -sS -w '%{http_code}' '\(road.url)/install.sh'", in: road.folder)
            #expect(none.hasSuffix("404") && none.contains("import-programs"))
            // Chooses the registry as the real program does.
            let program = """
                #!/bin/sh
                if [ "$1" = registry ]; then echo "$3" > "$III_HOME/credentials"; else echo iii 7.0.0; fi

                """
            let offered = try await offer(try release("7.0.0", in: road, program: program), road)
            #expect(offered.status == 0 && offered.talk.contains("7.0.0 for \(Self.target)"), "\(offered.talk)")
            let install =
                "curl -fsS '\(road.url)/install.sh' | HOME='\(road.folder.string)' III_HOME='\(road.folder.string)/new home' sh"
            let said = try Shell.run("\(install) 2>&1", in: road.folder)
            #expect(said.contains("installed iii 7.0.0") && said.contains("chose the registry \(road.url)"), "\(said)")
            let home = road.folder.appending("new home").string
            #expect(try Shell.run("'\(home)/bin/iii' --version", in: road.folder) == "iii 7.0.0\n")
            #expect(try text("\(home)/credentials").contains(road.url))
            #expect(try text("\(home)/libexec/iii/iii-guest").contains("7.0.0"))
            #expect(try Shell.run("ls '\(home)'", in: road.folder) == "bin\ncredentials\nlibexec\n")
            let program2 = try Shell.run("curl -fsSL '\(road.url)/programs/\(Self.target)/iii'", in: road.folder)
            #expect(program2 == program)
            // Nothing but POSIX sh.
            try Shell.run(
                "curl -fsS '\(road.url)/install.sh' > install.sh && sh -n install.sh && bash -n install.sh",
                in: road.folder
            )
            #expect(try text(road.folder.appending("install.sh").string).split(separator: "\n").count <= 100)
        }
    }

    @Test func bytesThatAreNotThoseThatWereNamedAreNotInstalled() async throws {
        try await Road.open { road in
            _ = try await offer(try release("7.0.0", in: road), road)
            let script = try Shell.run("curl -fsS '\(road.url)/install.sh'", in: road.folder)
            let digest = try #require(script.firstMatch(of: /bin ([0-9a-f]{64})/)?.1)
            try road.write(
                ["install.sh": script.replacing("bin \(digest)", with: "bin 000")],
                in: road.folder
            )
            let end = try Shell.run(
                "III_HOME='\(road.folder.string)/other' sh install.sh 2>&1 || echo \"status $?\"",
                in: road.folder
            )
            #expect(end.contains("nothing was installed") && end.contains("status 1"), "\(end)")
            #expect(try Shell.run("ls other", in: road.folder) == "")
        }
    }

    @Test func theProgramIsUpgradedAndPutBack() async throws {
        try await Road.open { road in
            let program = try installed(road)
            let before = try Shell.run("sha256sum < '\(program)'", in: road.folder)
            let nothing = try run("'\(program)' upgrade", road)
            #expect(nothing.status == "1" && nothing.words.contains("[W115]"), "\(nothing.words)")
            _ = try await offer(try release("7.0.0", in: road), road)
            let check = try run("'\(program)' upgrade --check --json", road)
            #expect(
                check.status == "0" && check.words.contains("\"7.0.0\"") && check.words.contains("offered"),
                "\(check.words)"
            )
            #expect(try Shell.run("sha256sum < '\(program)'", in: road.folder) == before)
            let upgrade = try run("'\(program)' upgrade", road)
            #expect(upgrade.status == "0" && upgrade.words.contains("to 7.0.0"), "\(upgrade.words)")
            #expect(try Shell.run("'\(program)' --version", in: road.folder) == "iii 7.0.0\n")
            #expect(try text(road.home.appending("libexec/iii/iii-guest").string).contains("7.0.0"))
            #expect(try Shell.run("ls bin libexec/iii", in: road.home).contains("tmp") == false)
            // The new program is a stand-in: the one before goes back by itself.
            let back = try run("'\(program).previous' upgrade --rollback", road)
            #expect(back.status == "1" && back.words.contains("[W112]"), "\(back.words)")
            try Shell.run(
                "mv '\(program).previous' kept && cp kept '\(program)' && cp kept '\(program).previous'",
                in: road.home
            )
            let rolled = try run("'\(program)' upgrade --rollback", road)
            #expect(rolled.status == "0", "\(rolled.words)")
            #expect(try Shell.run("sha256sum < '\(program)'", in: road.folder) == before)
        }
    }

    @Test func whatDoesNotStartOrIsOlderIsLeftAlone() async throws {
        try await Road.open { road in
            let program = try installed(road)
            let before = try Shell.run("sha256sum < '\(program)'", in: road.folder)
            _ = try await offer(try release("7.0.0", in: road, program: "#!/bin/sh\nexit 1\n"), road)
            let broken = try run("'\(program)' upgrade", road)
            #expect(broken.status == "1" && broken.words.contains("[W185]"), "\(broken.words)")
            #expect(
                try Shell.run("sha256sum < '\(program)'; ls '\(road.home.string)/bin'", in: road.folder) == before
                    + "iii\n"
            )
            let older = try await offer(try release("0.0.1", in: road), road)
            #expect(
                older.status == 1 && older.talk.contains("[W116]") && older.talk.contains("--allow-older"),
                "\(older.talk)"
            )
            let allowed = try await offer(road.folder.appending("dist-0.0.1").string, road, "--allow-older")
            #expect(allowed.status == 0, "\(allowed.talk)")
            let newer = try run("'\(program)' upgrade", road)
            #expect(newer.status == "0" && newer.words.contains("newer than 0.0.1"), "\(newer.words)")
        }
    }

    /// An old program with known faults, passed off as a newer one.
    @Test func whatSaysThatItIsAnotherVersionIsLeftAlone() async throws {
        try await Road.open { road in
            let program = try installed(road)
            let before = try Shell.run("sha256sum < '\(program)'", in: road.folder)
            _ = try await offer(try release("7.0.0", in: road, program: "#!/bin/sh\necho iii 0.0.1\n"), road)
            try Shell.run("touch .iii.1.left.tmp", in: road.home.appending("bin"))
            let other = try run("'\(program)' upgrade", road)
            #expect(
                other.status == "1" && other.words.contains("[W140]") && other.words.contains("0.0.1"),
                "\(other.words)"
            )
            #expect(try Shell.run("sha256sum < '\(program)'", in: road.folder) == before)
            // What a killed one had left is gone as well.
            #expect(try Shell.run("ls -A '\(road.home.string)/bin'", in: road.folder) == ".iii.lock\niii\n")
        }
    }

    /// A registry that names a file elsewhere: nothing there is read, made or replaced.
    @Test func aNameThatIsAPathIsRefused() async throws {
        try await Road.open { road in
            let program = try installed(road)
            let build = Programs.folder.appending("iii").string
            let answer = """
                {"version":"7.0.0","programs":[{"target":"\(Self.target)","files":[
                  {"name":"../../made/evil","url":"http://127.0.0.1:1/a","sha256":"\(String(repeating: "a", count: 64))","size":1},
                  {"name":"iii","url":"http://127.0.0.1:1/b","sha256":"\(String(repeating: "b", count: 64))","size":1}]}]}
                """
            try await road.lied(
                resolving: { _ in .answer(404, [:], []) },
                serving: { .answer(200, ["Content-Type": "application/json"], Array(answer.utf8)) },
                { variables in
                    let url = variables["III_API_URL"] ?? ""
                    let refused = try run("'\(program)' upgrade --registry '\(url)'", road)
                    #expect(refused.status == "1" && refused.words.contains("[W140]"), "\(refused.words)")
                }
            )
            #expect(try Shell.run("ls -A bin && ls", in: road.home) == "iii\nbin\n")
            try Shell.run("cmp '\(program)' '\(build)'", in: road.folder)
        }
    }

    @Test func offeredProgramsAreChecked() async throws {
        try await Road.open { road in
            _ = try await offer(try release("7.0.0", in: road), road)
            try Shell.run(
                "for f in $(find registry/blobs/sha256 -type f | head -1); do chmod u+w $f; echo x >> $f; done",
                in: road.folder
            )
            let check = try await Programs.run(
                "iii-registry",
                ["check", "--data", "registry"],
                in: road.folder,
                variables: [:]
            )
            #expect(
                check.status == 3 && (check.output + check.talk).contains("is offered"),
                "\(check.output)\(check.talk)"
            )
        }
    }

    @Test func aReleaseThatWasChangedIsNotOffered() async throws {
        try await Road.open { road in
            let folder = try release("7.0.0", in: road)
            try Shell.run("printf x >> iii-7.0.0-\(Self.target).tar.gz", in: FilePath(folder))
            let changed = try await offer(folder, road)
            #expect(changed.status == 1 && changed.talk.contains("[W142]"), "\(changed.talk)")
            let empty = try await offer(road.project.string, road)
            #expect(empty.status == 1 && empty.talk.contains("SHA256SUMS"), "\(empty.talk)")
            let answer = try Shell.run(
                "curl -sS -o /dev/null -w '%{http_code}' '\(road.url)/programs'",
                in: road.folder
            )
            #expect(answer == "404")
        }
    }

    @Test func whatIsOfferedIsNeverCollectedAndIsInBackups() async throws {
        try await Road.open { road in
            _ = try await offer(try release("7.0.0", in: road), road)
            let check = try await Programs.run(
                "iii-registry",
                ["check", "--data", road.data.string],
                in: road.folder,
                variables: [:]
            )
            #expect(check.status == 0 && !check.output.contains("no version"), "\(check.output)\(check.talk)")
            for arguments in [
                ["backup", "b.tar.gz", "--data", road.data.string], ["restore", "b.tar.gz", "--data", "restored"],
            ] {
                _ = try await Programs.run("iii-registry", arguments, in: road.folder, variables: [:]).succeeded(
                    arguments
                )
            }
            let blobs = try Shell.run("find restored/blobs/sha256 -type f | wc -l", in: road.folder)
            #expect(blobs.trimmingCharacters(in: .whitespacesAndNewlines) == "2")
        }
    }
}
