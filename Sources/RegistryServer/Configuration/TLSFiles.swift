// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import NIOSSL

/// Where certificate and key of the server stand, both in PEM.
package struct TLSFiles: Sendable, Hashable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads both files.
    ///
    /// - Throws: `TLSError`.
    func context() throws(TLSError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificate)
        } catch { throw TLSError(path: certificate, what: "certificate") }
        if chain.isEmpty { throw TLSError(path: certificate, what: "certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: self.key, format: .pem)
        } catch { throw TLSError(path: self.key, what: "private key") }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch { throw TLSError(path: self.key, what: "private key of that certificate") }
    }
}

/// That a file is no certificate or no key.
///
/// W133.
package struct TLSError: CodedError, Hashable {
    package let path: String
    let what: String

    package var code: ErrorCode { .invalidSetting }
    package var message: String { "`\(path.printable)` cannot be read as a \(what) in PEM" }
    package var hints: [String] { ["check `--tls-cert` and `--tls-key`, and that this user may read both files"] }
}
