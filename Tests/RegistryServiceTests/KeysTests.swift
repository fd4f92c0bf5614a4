// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryService
import RegistryStorage
import SystemPackage
import Testing
import WorkerModel

/// Keys are shown once, remembered by their hash, and guessing them is slow.
struct KeysTests {
    @Test func keyHasThePublishedForm() throws {
        let zeros = KeyText(bytes: Array(repeating: 0, count: 32)).text.exposed
        #expect(zeros == "iii_" + String(repeating: "0", count: 43))
        let ones = KeyText(bytes: Array(repeating: 255, count: 32)).text.exposed
        #expect(ones.utf8.count == 47 && ones != zeros)
        let low = KeyText(bytes: Array(repeating: 0, count: 31) + [61]).text.exposed
        #expect(low == "iii_" + String(repeating: "0", count: 42) + "z")
        #expect(KeyText(parsing: ones)?.hash == Digest.sha256(ones.utf8))
    }

    @Test(arguments: [
        "", "iii_", "iii_short", "jjj_" + String(repeating: "0", count: 43), "iii_" + String(repeating: "-", count: 43),
        "iii_" + String(repeating: "0", count: 44),
    ])
    func otherTextsAreNoKeys(_ text: String) { #expect(KeyText(parsing: text) == nil) }

    @Test func firstKeyIsMadeOnce() async throws {
        try await ServiceFixture.run { registry in
            let keys = registry.service.keys
            let first = try #require(try await keys.createFirst())
            #expect(try await keys.createFirst() == nil)
            let caller = try await keys.caller(first.text, from: "x")
            #expect(caller.isAdministrator && caller.account.description == "admin")
        }
    }

    @Test func textIsNowhereInTheDatabase() async throws {
        try await ServiceFixture.run { registry in
            let key = try await registry.service.keys.create(for: try AccountName(parsing: "acme"))
            #expect("\(key)".contains("[redacted]") && !"\(key)".contains("iii_"))
            let secret = Array(key.text.exposed.utf8)
            for name in ["registry.sqlite", "registry.sqlite-wal"] {
                let bytes = try TestFiles.read(registry.folder.appending(name))
                #expect(!bytes.isEmpty && bytes.firstRange(of: secret) == nil)
            }
        }
    }

    @Test func missingWrongAndExpiredKeysAreToldApart() async throws {
        try await ServiceFixture.run { registry in
            let keys = registry.service.keys
            func failure(_ text: Redacted<String>?) async -> String {
                do {
                    _ = try await keys.caller(text, from: "x")
                    return "none"
                } catch RegistryServiceError.keyMissing { return "missing" } catch RegistryServiceError.keyUnknown {
                    return "unknown"
                } catch RegistryServiceError.keyExpired { return "expired" } catch { return "\(error)" }
            }
            #expect(await failure(nil) == "missing")
            #expect(await failure(Redacted("nonsense")) == "unknown")
            #expect(await failure(KeyText(bytes: Array(repeating: 7, count: 32)).text) == "unknown")
            let end = registry.clock.now.adding(.seconds(60))
            let key = try await keys.create(for: try AccountName(parsing: "acme"), expiresAt: end)
            #expect(await failure(key.text) == "none")
            registry.clock.advance(by: .seconds(60))
            #expect(await failure(key.text) == "expired")
        }
    }

    @Test func afterTenWrongKeysAMinuteTheAddressWaitsButForTheRightOne() async throws {
        try await ServiceFixture.run { registry in
            let keys = registry.service.keys
            let right = try await keys.create(for: try AccountName(parsing: "acme")).text
            func failure(_ address: String) async -> Duration? {
                do {
                    _ = try await keys.caller(Redacted("no"), from: address)
                    Issue.record("a wrong key was taken")
                    return nil
                } catch RegistryServiceError.tooManyWrongKeys(let wait) { return wait } catch { return nil }
            }
            for _ in 0..<10 {
                #expect(await failure("a") == nil)
                registry.clock.advance(by: .seconds(1))
            }
            #expect(await failure("a") == .seconds(50))
            // Behind one address there are many: a stranger among them locks nobody out.
            _ = try await keys.caller(right, from: "a")
            #expect(await failure("b") == nil)
            // A clock that is set changes nothing.
            for hours in [-48, 96] {
                registry.clock.set(forward: .seconds(hours * 3600))
                #expect(await failure("a") == .seconds(50))
            }
            registry.clock.advance(by: .seconds(50))
            #expect(await failure("a") == nil)
        }
    }

    @Test func lastUseIsNoted() async throws {
        try await ServiceFixture.run { registry in
            let key = try await registry.service.keys.create(for: try AccountName(parsing: "acme"))
            func lastUse() async throws -> Timestamp? {
                try await registry.store.read { try $0.key(hash: key.hash)?.lastUsedAt }
            }
            #expect(try await lastUse() == nil)
            _ = try await registry.service.keys.caller(key.text, from: "x")
            #expect(try await lastUse() == registry.clock.now)
            registry.clock.advance(by: .seconds(10))
            _ = try await registry.service.keys.caller(key.text, from: "x")
            #expect(try await lastUse() == registry.clock.now.adding(.seconds(-10)))
        }
    }
}
