// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import HostSystem
import JSONText
import WorkerModel

/// A program that keeps accounts at registries of images: `docker-credential-NAME`, as Docker's command line asks it.
package struct CredentialHelper: Sendable {
    /// How long it may take: somebody may have to unlock what it reads.
    private static let patience = Duration.seconds(60)
    /// The most that it may say.
    private static let limit = ByteCount.kibibytes(64)

    let name: String
    let environment: HostEnvironment

    package init(_ name: String, _ environment: HostEnvironment) {
        self.name = name
        self.environment = environment
    }

    /// The account at a server; nil where the program keeps none.
    ///
    /// - Throws: `CredentialHelperFailed`; `CancellationError`.
    package func account(at server: String) async throws -> (user: String, password: Redacted<String>)? {
        guard !name.isEmpty, name.utf8.allSatisfy({ PercentEncoding.isUnreserved($0) }),
            let program = environment.program("docker-credential-\(name)")
        else { throw CredentialHelperFailed(name: name, reason: "there is no such program on the `PATH`") }
        let (answer, end) = try await HeldProcess.output(
            of: program,
            arguments: ["get"],
            environment: environment.variables,
            input: Array(server.utf8),
            within: Self.patience,
            upTo: Self.limit
        )
        guard end == .exited(0) else {
            let words = String(decoding: answer, as: UTF8.self)
            if words.contains("credentials not found") { return nil }
            let first = words.split(separator: "\n").first.map(String.init) ?? ""
            throw CredentialHelperFailed(name: name, reason: first.isEmpty ? "it \(end.sentence)" : first)
        }
        do {
            let document = JSONCursor(try JSONValue(parsing: answer))
            let user = try document.required("Username").string()
            let secret = try document.required("Secret").string()
            if user == "<token>" { throw CredentialHelperFailed(name: name, reason: "it keeps a token, no password") }
            return user.isEmpty && secret.isEmpty ? nil : (user, Redacted(secret))
        } catch let error as CredentialHelperFailed {
            throw error
        } catch { throw CredentialHelperFailed(name: name, reason: "its answer cannot be read") }
    }
}

/// A program that keeps accounts does not give one.
///
/// W141.
struct CredentialHelperFailed: CodedError {
    let name: String
    let reason: String

    var code: ErrorCode { .imagePull }
    var message: String {
        "`docker-credential-\(PrintableText(name, limit: 100))` gives no account: \(PrintableText(reason, limit: 300))"
    }
    var hints: [String] { ["`credsStore` or `credHelpers` in `~/.docker/config.json` names it"] }
}
