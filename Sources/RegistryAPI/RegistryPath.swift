// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The paths of the registry, as patterns for a router; `RegistryPath` fills them in.
package enum RegistryRoute: String, CaseIterable, Sendable {
    case resolve = "/resolve"
    case publish = "/publish"
    case download = "/download/{name}"
    case detail = "/w/{name}"
    case versions = "/w/{name}/versions"
    case blob = "/blobs/sha256/{digest}"
}

/// A path with its query, percent-encoded, to be put behind the root of a registry's host.
package struct RegistryPath: Hashable, Sendable, CustomStringConvertible {
    /// Starts with `/`.
    package let description: String

    private init(_ route: RegistryRoute, name: String = "", query: [(name: String, value: String)] = []) {
        var text = route.rawValue
        if let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}") {
            text.replaceSubrange(open...close, with: Self.encoded(name))
        }
        let pairs = query.map { "\($0.name)=\(Self.encoded($0.value))" }
        description = pairs.isEmpty ? text : text + "?" + pairs.joined(separator: "&")
    }

    /// `POST`: a graph for a worker.
    package static let resolve = RegistryPath(.resolve)
    /// `POST`: a new version.
    package static let publish = RegistryPath(.publish)

    /// `GET`: where one version is had; also counts a download.
    ///
    /// Without `selector` the registry answers for `latest`. `isCI` keeps the download out of the totals people see.
    package static func download(
        _ name: WorkerName,
        selector: VersionSelector? = nil,
        isCI: Bool = false
    ) -> RegistryPath {
        RegistryPath(
            .download,
            name: name.description,
            query: version(selector) + (isCI ? [("ci", "true")] : [])
        )
    }

    /// `GET`: all that is known of one version.
    package static func detail(_ name: WorkerName, selector: VersionSelector? = nil) -> RegistryPath {
        RegistryPath(.detail, name: name.description, query: version(selector))
    }

    /// `GET`: every version of a worker.
    package static func versions(of name: WorkerName) -> RegistryPath {
        RegistryPath(.versions, name: name.description)
    }

    /// `GET`, `HEAD`, `PUT`: bytes under their digest.
    package static func blob(_ digest: Digest) -> RegistryPath { RegistryPath(.blob, name: digest.description) }

    private static func version(_ selector: VersionSelector?) -> [(name: String, value: String)] {
        selector.map { [("version", $0.description)] } ?? []
    }

    /// Leaves only what RFC 3986 calls unreserved.
    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
