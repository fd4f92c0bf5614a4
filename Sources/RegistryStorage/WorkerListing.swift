// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What lists show of a worker, and the words by which searches find it: those of its `latest` version.
package struct WorkerListing: Hashable, Sendable {
    package let worker: WorkerName
    /// The number of the layout that it was made in.
    package let format: Int
    package let kind: WorkerKind
    package let publishedAt: Timestamp
    /// The members of a list's row that never change, as one JSON object.
    package let answer: String
    /// Discovery tags.
    package let tags: [String]
    package let description: String
    /// Names of functions.
    package let functions: [String]
    package let readme: String

    package init(
        worker: WorkerName,
        format: Int,
        kind: WorkerKind,
        publishedAt: Timestamp,
        answer: String,
        tags: [String] = [],
        description: String = "",
        functions: [String] = [],
        readme: String = ""
    ) {
        self.worker = worker
        self.format = format
        self.kind = kind
        self.publishedAt = publishedAt
        self.answer = answer
        self.tags = tags
        self.description = description
        self.functions = functions
        self.readme = readme
    }
}

/// A question for some of the listed workers.
package struct ListingQuery: Hashable, Sendable {
    package enum Order: Hashable, Sendable {
        /// The best match first; without words as `downloads`.
        case relevance
        /// The most downloaded first.
        ///
        /// With words, of about the thousand matches that are most downloaded.
        case downloads
        /// The last published first.
        ///
        /// With words, of about the thousand matches that are most downloaded.
        case recent
    }

    /// What a worker has to have, each as a word or as the beginning of one; empty for all workers.
    ///
    /// Letters and digits, in lower case.
    package var words: [String]
    package var kind: WorkerKind?
    /// A discovery tag, as it was written.
    package var tag: String?
    package var order: Order
    /// Where the page before ended.
    package var after: ListingPlace?
    /// At least 1.
    package var limit: Int

    package init(
        words: [String] = [],
        kind: WorkerKind? = nil,
        tag: String? = nil,
        order: Order = .relevance,
        after: ListingPlace? = nil,
        limit: Int = 20
    ) {
        self.words = words
        self.kind = kind
        self.tag = tag
        self.order = order
        self.after = after
        self.limit = limit
    }
}

/// A place in the answers to one question.
///
/// What the numbers mean is the store's secret; any others are taken as a place too, perhaps one where nothing is.
package struct ListingPlace: Hashable, Sendable {
    package let major: Int64
    package let minor: Int64

    package init(major: Int64, minor: Int64) {
        self.major = major
        self.minor = minor
    }
}

/// Some of the workers that suit a question.
package struct ListingPage: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package let worker: WorkerName
        package let answer: String
        /// CI left out.
        package let downloads: Int64

        package init(worker: WorkerName, answer: String, downloads: Int64) {
            self.worker = worker
            self.answer = answer
            self.downloads = downloads
        }
    }

    package let rows: [Row]
    /// Where the next page begins; nil where there is none.
    ///
    /// A page that is not full may have a next one.
    package let next: ListingPlace?

    package init(rows: [Row], next: ListingPlace?) {
        self.rows = rows
        self.next = next
    }
}

/// Finding workers.
package protocol ListingReading {
    func listings(_ query: ListingQuery) throws(RegistryStorageError) -> ListingPage
    /// Workers that have a `latest` and no listing, or one of another layout than `format`; at most `limit`.
    func unlisted(format: Int, limit: Int) throws(RegistryStorageError) -> [WorkerName]
    /// Workers with at least so many downloads whose skeleton is one change away from this one, or the same.
    func workers(
        near skeleton: String,
        downloads: Int64
    ) throws(RegistryStorageError) -> [WorkerName]
}

package protocol ListingWriting: ListingReading {
    /// Puts a listing in the place of the one before.
    ///
    /// - Throws: `.workerNotFound`.
    func setListing(_ listing: WorkerListing) throws(RegistryStorageError)
    /// Takes a worker out of lists and searches.
    func removeListing(of worker: WorkerName) throws(RegistryStorageError)
}
