// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
import JSONText
package import SystemPackage
import WorkerModel

/// The keys that a user has stored, one for each registry, and the registry that is used where none is named.
///
/// Shape of the file, mode 0600:
///
///     {"version":1,"registry":"https://reg.example","trusted":["https://10.0.0.1"],"logins":{"https://reg.example":{"account":"acme","key":"iii_…"}}}
package struct Credentials: Sendable {
    /// What a registry is talked to with.
    package struct Login: Sendable {
        /// The account, or the user name; nil where the registry does not tell.
        package var account: String?
        package var secret: Redacted<String>

        package init(account: String?, secret: Redacted<String>) {
            self.account = account
            self.secret = secret
        }
    }

    /// The registry to use where `III_API_URL` names none.
    package var registry: String?
    /// Registries that the user trusts for their own addresses, by URL.
    package var trusted: [String] = []
    /// By origin, such as `https://reg.example`, or by the host of an image registry.
    package var logins: [String: Login] = [:]

    package init() {}
}

extension Credentials {
    /// The most bytes that a file of credentials has.
    private static let limit = ByteCount.mebibytes(1)

    /// Reads the file; one that is missing is as good as an empty one.
    ///
    /// - Throws: `CredentialsError`, `HostError`.
    package init(reading path: FilePath) throws {
        guard let bytes = try HostFiles.read(path, upTo: Self.limit) else { return }
        if let mode = try HostFiles.mode(of: path), mode & 0o077 != 0 { throw CredentialsError.readableByOthers(path) }
        do throws(JSONShapeError) {
            let document: JSONValue
            do { document = try JSONValue(parsing: bytes) } catch {
                throw JSONShapeError(path: "$", reason: error.message)
            }
            try read(JSONCursor(document))
        } catch { throw CredentialsError.unreadable(path, reason: error.message) }
    }

    private mutating func read(_ document: JSONCursor) throws(JSONShapeError) {
        let version = try document.required("version")
        guard try version.integer() == 1 else { throw version.fail("is not one that this version of iii knows") }
        registry = try document.optional("registry")?.string()
        for url in try document.optional("trusted")?.elements() ?? [] { trusted.append(try url.string()) }
        for (origin, login) in try document.optional("logins")?.members() ?? [] {
            let secret = try login.required("key").string()
            logins[origin] = Login(account: try login.optional("account")?.string(), secret: Redacted(secret))
        }
    }

    private var json: JSONValue {
        let logins = logins.sorted { $0.key < $1.key }.map { origin, login in
            var object = JSONObject()
            object["account"] = login.account.map(JSONValue.string)
            object["key"] = .string(login.secret.exposed)
            return (origin, JSONValue.object(object))
        }
        var document: JSONObject = ["version": 1]
        document["registry"] = registry.map(JSONValue.string)
        if !trusted.isEmpty { document["trusted"] = .array(trusted.map(JSONValue.string)) }
        document["logins"] = .object(JSONObject(logins))
        return .object(document)
    }

    /// Changes the file under its lock.
    ///
    /// Effects on disk: the file is replaced as a whole, mode 0600; a lock file stays beside it.
    ///
    /// - Throws: `CredentialsError`, `HostError`, `FileLockBusy`.
    package static func change(_ path: FilePath, _ body: (inout Credentials) -> Void) async throws {
        try HostFiles.makeDirectory(path.removingLastComponent(), mode: 0o700)
        let name = (path.lastComponent?.string ?? "credentials") + ".lock"
        let lock = try await FileLock.acquire(
            path.removingLastComponent().appending(name),
            waitingUpTo: .seconds(10)
        )
        defer { lock.release() }
        var credentials = try Credentials(reading: path)
        body(&credentials)
        try HostFiles.write(credentials.json.text(.pretty).utf8 + [0x0A], to: path, mode: 0o600)
    }
}

/// Why stored keys are not used.
///
/// W144.
package enum CredentialsError: CodedError {
    case unreadable(FilePath, reason: String)
    /// Other accounts of this machine can read the file.
    case readableByOthers(FilePath)

    package var code: ErrorCode { .unauthorized }

    package var message: String {
        switch self {
        case .unreadable(let path, let reason): "cannot use the keys in `\(path.string.printable)`: \(reason.printable)"
        case .readableByOthers(let path): "other users of this machine can read `\(path.string.printable)`"
        }
    }

    package var hints: [String] {
        switch self {
        case .unreadable(let path, _): ["move `\(path.string)` away, then log in again with `iii registry login`"]
        case .readableByOthers(let path): ["`chmod 600 \(path.string)` closes it; change the keys if others are there"]
        }
    }
}
