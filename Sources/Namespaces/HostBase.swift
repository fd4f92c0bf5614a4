// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage

/// What `base: host` shows of the host: its programs, and the few files of `/etc` without which they do not work.
struct HostBase: Sendable, Hashable {
    /// A folder or file at the place where the host has it.
    enum Entry: Hashable, Sendable {
        case shown(FilePath)
        case link(FilePath, target: String)
    }

    var entries: [Entry] = []
    /// Links for names that bundles count on and the host has not: Debian has `python3`, but no `python`.
    var names: [String: FilePath] = [:]

    private static let roots: [FilePath] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
    /// Names of libraries, certificates of authorities, names of services: nothing that tells who uses the host.
    private static let etcFiles: [FilePath] = [
        "/etc/ld.so.cache", "/etc/alternatives", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates.conf",
        "/etc/localtime", "/etc/mime.types", "/etc/services", "/etc/protocols", "/etc/python3", "/etc/os-release",
    ]

    /// The host's, as it is now.
    static func live() throws(HostError) -> HostBase {
        var base = HostBase()
        for root in roots {
            switch try HostFiles.kind(of: root) {
            case .directory: base.entries.append(.shown(root))
            case .symbolicLink:
                guard let target = try HostFiles.target(ofLink: root) else { continue }
                base.entries.append(.link(root, target: target.string))
            default: continue
            }
        }
        for file in etcFiles where try HostFiles.kind(of: file) != nil { base.entries.append(.shown(file)) }
        if try HostFiles.kind(of: "/usr/bin/python") == nil, try HostFiles.kind(of: "/usr/bin/python3") != nil {
            base.names["python"] = "/usr/bin/python3"
        }
        return base
    }
}
