// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What was asked of a worker or a repository, as it was written.
package struct AnswerQuestion: Hashable, Sendable {
    /// The worker, or the repository.
    package let name: String
    /// A version, a channel, a tag or a digest; empty where none was asked for.
    package let selector: String

    /// A question about `selector` of `name`.
    package init(name: String, selector: String) {
        self.name = name
        self.selector = selector
    }
}
