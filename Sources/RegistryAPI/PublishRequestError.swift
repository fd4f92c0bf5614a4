// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText

/// All that is wrong with a request to publish.
///
/// W145.
package struct PublishRequestError: CodedError, Hashable {
    /// In the order of the fields; never empty.
    package let problems: [ErrorEnvelope.Detail]

    package var code: ErrorCode { .publishRefused }

    package var message: String {
        let first = problems.first.map { "\($0.path) \($0.reason)" } ?? "the request is not valid"
        return problems.count > 1 ? "\(first) (and \(problems.count - 1) more)" : first
    }

    package var details: [(key: String, value: String)] { problems.map { ($0.path, $0.reason) } }
}

/// Collects what is wrong while reading goes on.
struct PublishProblems {
    private(set) var found: [ErrorEnvelope.Detail] = []

    mutating func add(_ path: String, _ reason: String) {
        found.append(ErrorEnvelope.Detail(path: path, reason: reason))
    }

    /// What `body` reads, or nil and one more problem.
    mutating func read<Value>(_ body: () throws(JSONShapeError) -> Value?) -> Value? {
        do { return try body() } catch {
            add(error.path, error.reason)
            return nil
        }
    }
}
