// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryStorage
import Testing
import WorkerModel

struct AccountTests {
    @Test(arguments: ["iii", "a", "0", "a-b_c", String(repeating: "a", count: 64)])
    func readsNames(_ text: String) throws {
        #expect(try AccountName(parsing: text).description == text)
    }

    @Test(arguments: ["", "A", "-a", "_a", "a b", "a/b", "a.b", "é", "a\u{0}", String(repeating: "a", count: 65)])
    func refusesWhatIsNoName(_ text: String) {
        let error = #expect(throws: AccountNameError.self) { try AccountName(parsing: text) }
        #expect(error?.code == .invalidName)
    }

    @Test func keysExpireAtTheirMoment() throws {
        func key(_ expiry: Int64?) throws -> APIKey {
            APIKey(
                hash: Digest.sha256([]),
                account: try AccountName(parsing: "a"),
                label: "",
                scopes: [],
                createdAt: Timestamp(milliseconds: 0),
                expiresAt: expiry.map { Timestamp(milliseconds: $0) }
            )
        }
        #expect(try !key(10).isExpired(at: Timestamp(milliseconds: 9)))
        #expect(try key(10).isExpired(at: Timestamp(milliseconds: 10)))
        #expect(try !key(nil).isExpired(at: Timestamp(milliseconds: .max)))
    }
}
