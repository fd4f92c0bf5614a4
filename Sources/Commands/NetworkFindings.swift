// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Downloads
import HostSystem
import OCIImages
import SystemPackage
import WorkerOperations

extension CommandContext {
    /// What the environment says of the network: proxies, trusted certificates, and where accounts of image registries are.
    var networkFindings: [ExamineHost.Finding] { [proxyFinding, certificatesFinding, accountsFinding] }

    private func finding(_ subject: String, _ text: () throws -> String) -> ExamineHost.Finding {
        do { return .init(subject: subject, status: .fine, text: try text(), remedy: nil) } catch {
            let report = ErrorReport(error)
            let text = "[\(report.code.rawValue)] \(report.message)"
            return .init(subject: subject, status: .missing, text: text, remedy: report.hints.first)
        }
    }

    private var proxyFinding: ExamineHost.Finding {
        finding("proxy") {
            let proxies = try proxies()
            let used = [("https", proxies.https), ("http", proxies.http)].compactMap { scheme, proxy in
                proxy.map { "\(scheme) through `\($0.description)` of `\($0.variable)`" }
            }
            guard !used.isEmpty else { return "none: hosts are reached directly" }
            let exceptions = proxies.exceptionsText.map { "; not for `\($0.printable)`" } ?? ""
            return used.joined(separator: ", ") + exceptions
        }
    }

    private var certificatesFinding: ExamineHost.Finding {
        finding("trusted certificates") {
            _ = try trustedCertificates()
            let named = [EnvironmentVariable.tlsRootsFile, .tlsRootsFolders].compactMap { variable in
                environment[variable].map { "`\($0.printable)` of `\(variable.rawValue)`" }
            }
            return named.isEmpty ? "those of the system" : "those in " + named.joined(separator: " and ")
        }
    }

    private var accountsFinding: ExamineHost.Finding {
        finding("accounts at registries of images") {
            let hosts = try imageCredentials().hosts.map(\.printable)
            let files = credentialFiles.filter { (try? HostFiles.kind(of: $0)) == .file }.map {
                "`\($0.string.printable)`"
            }
            let from = files.isEmpty ? "" : " (\(files.joined(separator: ", ")))"
            return (hosts.isEmpty ? "none" : hosts.joined(separator: ", ")) + from
        }
    }
}
