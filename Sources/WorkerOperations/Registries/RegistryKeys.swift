// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import HostSystem
package import RegistryClient
import Transport

/// Whose key is whose: `III_API_KEY` for the registry that the user chose, the stored ones for the origin they were stored
/// for.
///
/// A key goes to its own origin and to no other, whatever a project's files say.
package struct RegistryKeys: Sendable {
    private let credentials: Credentials
    private let variable: String?
    private let owner: ChosenRegistry

    package init(_ credentials: Credentials, _ environment: HostEnvironment, _ rules: RegistryRules) {
        self.credentials = credentials
        variable = environment[.apiKey]
        owner = rules.ownerOfVariableKey
    }

    /// What a registry is talked to with.
    package func access(to base: RegistryBase) -> RegistryAccess {
        if let variable {
            if base.loginName == owner.base.loginName {
                return Self.access(variable, from: "`III_API_KEY`")
            } else if credentials.logins[base.loginName] == nil {
                return .none(note: "`III_API_KEY` is for \(owner), and is sent to no other registry")
            }
        }
        guard let login = credentials.logins[base.loginName] else { return .none(note: nil) }
        return Self.access(login.secret.exposed, from: "the stored key")
    }

    private static func access(_ text: String, from source: String) -> RegistryAccess {
        do { return .key(try RegistryKeyText.read(text, from: source)) } catch { return .unusable(error) }
    }
}

/// The text of a key.
package enum RegistryKeyText {
    private static let maximumLength = 4096

    /// A key without the blanks and line ends around it.
    ///
    /// - Throws: `MalformedKey` (W144) for a text that no request could carry.
    package static func read(_ text: String, from source: String) throws(MalformedKey) -> Redacted<String> {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let bytes = Array(text.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        if bytes.isEmpty { throw MalformedKey(source: source, reason: "is blank") }
        if bytes.count > maximumLength {
            throw MalformedKey(source: source, reason: "is longer than \(maximumLength) bytes")
        }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            let reason = "has blanks, line ends or letters in it that no key has"
            throw MalformedKey(source: source, reason: reason)
        }
        return Redacted(String(decoding: bytes, as: UTF8.self))
    }
}

/// Something that was given as a key cannot be one.
///
/// W144.
package struct MalformedKey: CodedError {
    let source: String
    let reason: String

    package var code: ErrorCode { .unauthorized }
    package var message: String { "\(source) cannot be a key: it \(reason)" }
    package var hints: [String] { ["give the key as it was shown when it was made, on one line and nothing else"] }
}

extension RegistryBase {
    /// What a key is stored under: the origin, so that a key is never sent elsewhere.
    package var loginName: String { url?.origin.description ?? description }
}
