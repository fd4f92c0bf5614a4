// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A place for images and artifacts, which somebody made by pushing to it or by publishing a worker of its name.
package struct RepositoryRecord: Hashable, Sendable {
    /// Its name, which is never another's.
    package let name: RepositoryName
    /// Who made it.
    ///
    /// A repository of a worker is its owners' all the same.
    package let creator: AccountName
    /// When something was first put there.
    package let createdAt: Timestamp

    /// What is remembered of a repository.
    package init(name: RepositoryName, creator: AccountName, createdAt: Timestamp) {
        self.name = name
        self.creator = creator
        self.createdAt = createdAt
    }
}
