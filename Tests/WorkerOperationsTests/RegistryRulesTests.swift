// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ProjectFiles
import RegistryClient
import SystemPackage
import Testing
import Transport
import WorkerModel

@testable import WorkerOperations

/// Which registry a name belongs to, and whose key goes where.
@Suite struct RegistryRulesTests {
    private func rules(
        _ config: String = "",
        option: String? = nil,
        variable: String? = nil,
        used: String? = nil
    ) throws -> RegistryRules {
        var rules = try RegistryRules()
        let file = try ConfigFile(parsing: config)
        rules.list = try file.registries()
        rules.project = try file.registry().map { RegistryBase($0) }
        rules.option = try option.map { try RegistryBase($0) }
        rules.variable = try variable.map { try RegistryBase($0) }
        rules.used = try used.map { try RegistryBase($0) }
        return rules
    }

    private static let list = """
        registries:
          - {url: "https://corp.example", name: corp, patterns: ["acme-*"]}
          - {url: "https://tools.example", name: tools, patterns: ["tool-*"], insecure: true}

        """

    @Test func whatIsNamedFirstWins() throws {
        let all = "registry: https://project.example\n"
        let a = try Made.name("a")
        #expect(try rules().registry(of: a).description == "`\(RegistryBase.standard)` (chosen by default)")
        #expect(
            try rules(used: "https://u.example").registry(of: a).description
                == "`https://u.example` (chosen by `iii registry use`)"
        )
        #expect(
            try rules(all, used: "https://u.example").registry(of: a).description
                == "`https://project.example` (chosen by `registry:` of config.yaml)"
        )
        #expect(
            try rules(all, variable: "https://v.example/", used: "https://u.example").registry(of: a).description
                == "`https://v.example` (chosen by `III_API_URL`)"
        )
        #expect(
            try rules(all, option: "https://o.example", variable: "https://v.example").registry(of: a).description
                == "`https://o.example` (chosen by `--registry`)"
        )
    }

    @Test func aListHoldsOverEverythingButTheLockOfNamesItDoesNotHave() throws {
        let rules = try rules(Self.list, variable: "https://v.example")
        let acme = try Made.name("acme-x")
        #expect(
            try rules.registry(of: acme, locked: "https://old.example").description
                == "`https://corp.example` (chosen by `acme-*` in `registries:` of config.yaml)"
        )
        let other = try Made.name("other")
        #expect(
            try rules.registry(of: other, locked: "https://old.example/").description
                == "`https://old.example` (chosen by iii.lock)"
        )
        #expect(try rules.registry(of: other).description == "`https://v.example` (chosen by `III_API_URL`)")
        #expect(rules.warning?.contains("`III_API_URL` names `https://v.example`") == true)
        #expect(try self.rules(Self.list, option: "https://o.example", variable: "https://v.example").warning == nil)
        #expect(try self.rules(variable: "https://v.example").warning == nil)
        Made.expect(.registry) { try rules.registry(of: other, locked: "not a registry") }
    }

    @Test func onlyWhatTheUserNamedIsTrusted() throws {
        let rules = try rules(Self.list, variable: "http://127.0.0.1:9", used: "https://u.example")
        #expect(
            rules.trustedOrigins.map(\.description).sorted()
                == ["http://127.0.0.1:9", "https://corp.example", "https://tools.example", "https://u.example"]
        )
        #expect(rules.insecureOrigins.map(\.description) == ["https://tools.example"])
        #expect(try self.rules().trustedOrigins.isEmpty)
    }

    /// A key, a note, or a refusal, in one word.
    private func access(_ keys: RegistryKeys, _ url: String) throws -> String {
        switch keys.access(to: try RegistryBase(url)) {
        case .key(let key): key.exposed
        case .none(let note): note == nil ? "none" : "note"
        case .unusable(let error): error.code.rawValue
        }
    }

    private func keys(_ rules: RegistryRules, _ variable: String?, _ logins: [String: String] = [:]) -> RegistryKeys {
        var credentials = Credentials()
        for (name, key) in logins { credentials.logins[name] = .init(account: nil, secret: Redacted(key)) }
        let variables = variable.map { ["III_API_KEY": $0] } ?? [:]
        return RegistryKeys(credentials, HostEnvironment(variables: variables, currentDirectory: "/"), rules)
    }

    @Test func aKeyGoesToItsOwnOriginAlone() throws {
        let named = try rules(Self.list, variable: "https://v.example/path")
        let keys = keys(named, "from-variable", ["https://corp.example": "of-corp"])
        #expect(try access(keys, "https://v.example") == "from-variable")
        #expect(try access(keys, "https://corp.example/x") == "of-corp")
        #expect(try access(keys, "https://tools.example") == "note")
        #expect(try access(keys, "http://v.example") == "note")
        #expect(try access(keys, "https://v.example:8443") == "note")
        // What a project's files say never makes the key of the variable theirs.
        let cloned = try rules("registry: https://clone.example\n" + Self.list)
        let own = self.keys(cloned, "from-variable")
        #expect(try access(own, "https://clone.example") == "note")
        #expect(try access(own, "https://corp.example") == "note")
        #expect(try access(own, RegistryBase.standard) == "from-variable")
        #expect(try access(self.keys(try rules(used: "https://u.example"), "k"), "https://u.example") == "k")
        #expect(try access(self.keys(try rules(), nil), "https://u.example") == "none")
    }

    @Test(arguments: ["iii_key\n", "  iii_key\r\n", "iii_key"]) func blanksAroundAKeyAreNotPartOfIt(
        _ text: String
    ) throws {
        #expect(try access(keys(try rules(), text), RegistryBase.standard) == "iii_key")
    }

    @Test(arguments: ["two\nlines", "a b", " \n", "ä", "a\u{7F}", String(repeating: "k", count: 5000)])
    func whatCannotBeAKeyIsSaidAtOnce(_ text: String) throws {
        #expect(try access(keys(try rules(), text), RegistryBase.standard) == "W144")
    }

    // MARK: Changes of origin

    @Test func aLockedWorkerComesFromAnotherRegistryOnlyWhereThatIsSaid() throws {
        let state = try Made.project(Made.answer("^1.0", Made.node("a", "1.0.0")))
        let elsewhere = try Made.answer("^1.0", Made.node("a", "1.0.0"), at: "https://evil.example")
        let error = Made.expect(.originChanged) {
            try InstallPlan(InstallPlan.Input(answers: [elsewhere], moving: nil), in: state)
        }
        #expect(error?.code.exitStatus == 3)
        #expect(error?.message.contains("`https://registry.example`") == true)
        #expect(error?.hints.first?.contains("--registry https://evil.example") == true)
        var input = InstallPlan.Input(answers: [elsewhere], moving: nil)
        input.relocated = [try Made.name("a")]
        let plan = try InstallPlan(input, in: state)
        #expect(plan.changes.map(\.hasMoved) == [true])
        var after = state
        _ = try after.apply(plan)
        #expect(after.registry(of: try Made.name("a")) == "https://evil.example")
    }

    @Test func versionsOfTwoRegistriesAreNotVersionsOfOneWorker() throws {
        let state = try Made.project(Made.answer("^1.0", Made.node("a", "1.0.0")))
        let elsewhere = try Made.answer("*", Made.node("a", "9.0.0"), isAsked: false, at: "https://evil.example")
        var input = InstallPlan.Input(answers: [elsewhere], moving: nil)
        input.relocated = [try Made.name("a")]
        // What was asked for was `^1.0`, and the version of the other registry does not become a match for it.
        Made.expect(.versionConflict) { try InstallPlan(input, in: state) }
    }

    @Test func aLockThatFitsTheListNoMoreIsDrift() throws {
        let state = try Made.project(
            Made.answer("^1.0", Made.node("acme-x", "1.0.0")),
            Made.answer("^1.0", Made.node("b", "1.0.0"))
        )
        let list = try ConfigFile(parsing: Self.list).registries()
        #expect(
            state.drift(list).map(\.line) == [
                "~ acme-x (locked from `https://registry.example`, belongs to `https://corp.example` (chosen by `acme-*` in `registries:` of config.yaml))"
            ]
        )
        #expect(state.drift(RegistryList()).isEmpty)
    }
}
