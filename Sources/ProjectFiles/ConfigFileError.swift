// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel
package import YAMLText

/// Why `config.yaml` cannot be read or edited.
///
/// The path is for the caller to add.
///
/// W131, and W112 for a worker that is not listed.
package enum ConfigFileError: CodedError {
    case syntax(YAMLError)
    /// Something in it is not what a list of workers has there.
    case shape(YAMLShapeError)
    case invalidName(WorkerNameError, YAMLPosition)
    /// Placeholders name variables that are not set, and have no default.
    case missingVariables([String])
    case listedTwice(WorkerName, lines: [Int])
    case notListed(WorkerName)
    /// The text is fine, but an edit of it could not be proved to do what it should and nothing else.
    case cannotEdit(WorkerName, reason: String)

    package var code: ErrorCode {
        switch self {
        case .notListed: .notInstalled
        case .syntax, .shape, .invalidName, .missingVariables, .listedTwice, .cannotEdit: .configParse
        }
    }

    package var message: String {
        switch self {
        case .syntax(let error): error.message
        case .shape(let error): error.message
        case .invalidName(let error, let position): "\(position): \(error.message)"
        case .missingVariables(let names):
            "the configuration needs "
                + PrintableText.firstLines(of: names.map { "`\(PrintableText($0, limit: 80))`" }).joined(
                    separator: ", "
                )
                + (names.count == 1 ? ", which is not set" : ", which are not set")
        case .listedTwice(let name, let lines):
            "`\(name)` is listed more than once, on lines \(lines.map(String.init).joined(separator: " and "))"
        case .notListed(let name): "`\(name)` is not listed"
        case .cannotEdit(let name, let reason): "the entry of `\(name)` cannot be edited safely: \(reason)"
        }
    }

    package var hints: [String] {
        switch self {
        case .syntax(let error): error.hints
        case .shape: ["`workers:` is a list whose items begin with `- name: NAME`"]
        case .invalidName: []
        case .missingVariables(let names):
            ["set it, or give it a default: `${\(PrintableText(names.first ?? "NAME", limit: 80)):default}`"]
        case .listedTwice(let name, _): ["keep one of the entries of `\(name)`, then run the command again"]
        case .notListed: ["`iii worker list` shows what is listed"]
        case .cannotEdit: ["edit the file by hand; it was left as it is"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .syntax(let error): error.details
        case .shape(let error): error.details
        case .invalidName(_, let position): [("line", String(position.line)), ("column", String(position.column))]
        case .missingVariables(let names): [("variables", names.joined(separator: ", "))]
        case .listedTwice(let name, _), .notListed(let name), .cannotEdit(let name, _): [("name", name.description)]
        }
    }
}
