// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import NIOSSL

/// Which certificates are trusted: the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in their place.
package enum TrustRoots {
    /// The variable for a file of certificates in PEM.
    package static let fileVariable = "SSL_CERT_FILE"
    /// The variable for folders of such files, with colons between.
    package static let foldersVariable = "SSL_CERT_DIR"

    /// Reads the certificates that the variables name.
    ///
    /// - Parameters:
    ///   - file: the value of `SSL_CERT_FILE`.
    ///   - folders: the value of `SSL_CERT_DIR`.
    ///   - entries: the names of the files in a folder.
    /// - Returns: the settings for connections; nil where the system's certificates hold.
    /// - Throws: `TrustRootsError` where a file or folder cannot be read or holds no certificate: to trust less than the user
    ///   asked for would fail later, with less to go by.
    package static func configuration(
        file: String?,
        folders: String?,
        entries: (_ folder: String) throws -> [String]
    ) throws -> TLSConfiguration? {
        guard file != nil || folders != nil else { return nil }
        var roots: [NIOSSLCertificate] = []
        if let file { roots += try certificates(in: file, of: fileVariable) }
        if let folders { roots += try certificates(inFolders: folders, entries) }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(roots)
        return configuration
    }

    private static func certificates(in file: String, of variable: String) throws -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do { found = try NIOSSLCertificate.fromPEMFile(file) } catch { throw TrustRootsError(variable, file) }
        guard !found.isEmpty else { throw TrustRootsError(variable, file) }
        return found
    }

    private static func certificates(
        inFolders folders: String,
        _ entries: (_ folder: String) throws -> [String]
    ) throws -> [NIOSSLCertificate] {
        var found: [NIOSSLCertificate] = []
        for folder in folders.split(separator: ":").map(String.init) {
            let names: [String]
            do { names = try entries(folder) } catch { throw TrustRootsError(foldersVariable, folder) }
            for name in names.sorted() {
                // Such folders also hold what is no certificate, and the same one under two names.
                found += (try? NIOSSLCertificate.fromPEMFile("\(folder)/\(name)")) ?? []
            }
        }
        guard !found.isEmpty else { throw TrustRootsError(foldersVariable, folders) }
        return found
    }
}

/// A variable that should name trusted certificates does not.
///
/// W133.
package struct TrustRootsError: CodedError {
    package let variable: String
    package let path: String

    init(_ variable: String, _ path: String) {
        self.variable = variable
        self.path = path
    }

    package var code: ErrorCode { .invalidSetting }
    package var message: String { "`\(variable)` names `\(path.printable)`, where no certificate in PEM can be read" }
    package var hints: [String] { ["correct `\(variable)`, or unset it to trust the system's certificates"] }
    package var details: [(key: String, value: String)] { [("variable", variable), ("path", path)] }
}
