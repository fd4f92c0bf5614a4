// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import WorkerModel

/// One setting of `iii-registry serve`.
///
/// The raw value is its key in the file; `--` before it makes the flag, and upper case behind `III_REGISTRY_` the
/// environment variable.
package enum Setting: String, CaseIterable, Sendable {
    case listen
    case data
    case publicURL = "public-url"
    case tlsCertificate = "tls-cert"
    case tlsKey = "tls-key"
    case trustedProxy = "trusted-proxy"
    case metrics
    case logLevel = "log-level"
    case bodyLimit = "body-limit"
    case questionLimit = "question-limit"
    case uploadLimit = "upload-limit"
    case imageLayerLimit = "image-layer-limit"
    case uploadQuota = "upload-quota"
    case uploadsAtOnce = "uploads-at-once"
    case headerLimit = "header-limit"
    case headerCount = "header-count"
    case pageLimit = "page-limit"
    case headTimeout = "head-timeout"
    case idleTimeout = "idle-timeout"
    case lingerTimeout = "linger-timeout"
    case slowestClient = "slowest-client"
    case connections
    case connectionsPerAddress = "connections-per-address"
    case keyedRequestsPerMinute = "keyed-requests-per-minute"
    case questionsPerMinute = "questions-per-minute"

    package var flag: String { "--" + rawValue }

    package var variable: String { "III_REGISTRY_" + rawValue.uppercased().replacing("-", with: "_") }

    /// What it is, as a sentence.
    package var meaning: String {
        switch self {
        case .listen: "Where to listen, as `HOST:PORT`; port 0 takes a free one."
        case .data: "The folder of the registry."
        case .publicURL:
            "The URL under which clients reach the registry; addresses of hosted artifacts begin with it. "
                + "Without it, where the server listens, which must then be one address."
        case .tlsCertificate:
            "The certificate and those between it and a root, in PEM; with it the server speaks TLS. "
                + "A file that changes is read again within a minute, and at SIGHUP at once."
        case .tlsKey: "The private key of the certificate, in PEM."
        case .trustedProxy:
            "Addresses or networks (`10.0.0.0/8`), joined by commas, whose `X-Forwarded-For` is believed."
        case .metrics: "Whether `GET /metrics` answers: `true` or `false`."
        case .logLevel: "The least that is logged: `debug`, `info`, `warning`, `error`."
        case .bodyLimit: "The largest body in JSON of a request with a key."
        case .questionLimit: "The largest body in JSON of a request that anybody may send."
        case .uploadLimit: "The largest blob."
        case .imageLayerLimit: "The largest layer of an image."
        case .uploadsAtOnce: "The most uploads of one account at once; one more is answered 429."
        case .uploadQuota: "What one account may have sent that no version names, until it is collected after a day."
        case .headerLimit: "The most bytes of all header fields of a request."
        case .headerCount: "The most header fields of a request."
        case .pageLimit: "The most rows of a page of a list, as `page_size` may ask for."
        case .headTimeout: "How long the head of a request may take to arrive."
        case .idleTimeout: "How long a connection may be silent before it is closed."
        case .lingerTimeout: "How long the rest of a refused request is thrown away before the connection is closed."
        case .slowestClient:
            "How many bytes a second a client must send of a body, or take of an answer; it may fall behind by "
                + "`idle-timeout`."
        case .connections:
            "The most connections at once; one more takes the place of the one that has waited longest for a request."
        case .connectionsPerAddress: "The most connections at once from one address, trusted proxies left out."
        case .keyedRequestsPerMinute: "The most requests with a key in a minute, for each account; 0 for no limit."
        case .questionsPerMinute:
            "The most requests to resolve or search in a minute, for each address; 0 for no limit."
        }
    }

    /// What holds when nobody says anything; nil where that is nothing.
    package var standard: String? {
        let limits = ServerLimits.standard
        func seconds(_ duration: Duration) -> String { "\(duration.components.seconds)s" }
        func size(_ size: ByteCount) -> String { size.description.filter { $0 != " " } }
        return switch self {
        case .listen: ListenAddress.standard.description
        case .data: "registry-data"
        case .publicURL, .tlsCertificate, .tlsKey, .trustedProxy: nil
        case .metrics: "true"
        case .logLevel: "info"
        case .bodyLimit: size(limits.jsonBody)
        case .questionLimit: size(limits.question)
        case .uploadLimit: size(limits.upload)
        case .imageLayerLimit: size(limits.imageLayer)
        case .uploadQuota: size(limits.uploadQuota)
        case .uploadsAtOnce: "\(limits.uploadsAtOnce)"
        case .headerLimit: size(limits.headers)
        case .headerCount: "\(limits.headerCount)"
        case .pageLimit: "\(limits.page)"
        case .headTimeout: seconds(limits.head)
        case .idleTimeout: seconds(limits.idle)
        case .lingerTimeout: seconds(limits.linger)
        case .slowestClient: size(limits.slowest)
        case .connections: "\(limits.connections)"
        case .connectionsPerAddress: "\(limits.connectionsPerAddress)"
        case .keyedRequestsPerMinute: "\(limits.keyedRequestsPerMinute)"
        case .questionsPerMinute: "\(limits.questionsPerMinute)"
        }
    }
}

/// Where a value of a setting was written.
package enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case flag(Setting)
    case variable(Setting)
    /// A key of a file, by its line; also one that is no setting.
    case file(path: String, line: Int, key: String)

    package var description: String {
        switch self {
        case .flag(let setting): "`\(setting.flag)`"
        case .variable(let setting): "`\(setting.variable)`"
        case .file(let path, let line, let key): "`\(key.printable)` in `\(path.printable)`, line \(line)"
        }
    }
}

/// Why a setting cannot be used.
///
/// W133.
package struct SettingError: CodedError, Hashable {
    package let origin: SettingOrigin
    /// The end of a sentence that begins with where the setting stands.
    package let reason: String

    package init(_ origin: SettingOrigin, _ reason: String) {
        self.origin = origin
        self.reason = reason
    }

    package var code: ErrorCode { .invalidSetting }
    package var message: String { "\(origin) \(reason)" }
    package var hints: [String] { ["`iii-registry serve --help` lists the settings"] }
}
