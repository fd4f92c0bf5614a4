// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Something that happened to the registry, kept for ever in the order in which it happened.
package struct RegistryEvent: Hashable, Sendable {
    /// What happened.
    ///
    /// The raw value is stored and shown; an unknown one is kept as it is.
    package struct Kind: Hashable, Sendable, RawRepresentable {
        package let rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        package static let published = Kind(rawValue: "published")
        package static let channelMoved = Kind(rawValue: "channel_moved")
        package static let channelRemoved = Kind(rawValue: "channel_removed")
        package static let deprecated = Kind(rawValue: "deprecated")
        package static let undeprecated = Kind(rawValue: "undeprecated")
        package static let removed = Kind(rawValue: "removed")
        package static let skillsReplaced = Kind(rawValue: "skills_replaced")
        package static let yanked = Kind(rawValue: "yanked")
        package static let unyanked = Kind(rawValue: "unyanked")
        package static let ownerAdded = Kind(rawValue: "owner_added")
        package static let ownerRemoved = Kind(rawValue: "owner_removed")
        package static let accountCreated = Kind(rawValue: "account_created")
        package static let accountSuspended = Kind(rawValue: "account_suspended")
        package static let accountResumed = Kind(rawValue: "account_resumed")
        package static let keyCreated = Kind(rawValue: "key_created")
        package static let keyRevoked = Kind(rawValue: "key_revoked")
    }

    package let kind: Kind
    package let at: Timestamp
    /// Who did it; nil for the registry itself and its administrator at the machine.
    package let account: AccountName?
    package let worker: WorkerName?
    package let version: SemanticVersion?
    /// What else there is to know, as one JSON object; never a secret.
    package let details: String

    package init(
        _ kind: Kind,
        at: Timestamp,
        account: AccountName? = nil,
        worker: WorkerName? = nil,
        version: SemanticVersion? = nil,
        details: String = "{}"
    ) {
        self.kind = kind
        self.at = at
        self.account = account
        self.worker = worker
        self.version = version
        self.details = details
    }
}

/// An event with its place in the record: numbers only go up, and a higher one was committed later.
package struct RecordedEvent: Hashable, Sendable {
    package let sequence: Int64
    package let event: RegistryEvent

    package init(sequence: Int64, event: RegistryEvent) {
        self.sequence = sequence
        self.event = event
    }
}

/// Downloads of one version on one day.
package struct DownloadCount: Hashable, Sendable {
    package let worker: WorkerName
    package let version: SemanticVersion
    package let day: Day
    /// Downloads by CI machines are counted apart and are in no total that people see.
    package let isCI: Bool
    package let count: Int64

    package init(worker: WorkerName, version: SemanticVersion, day: Day, isCI: Bool, count: Int64 = 1) {
        self.worker = worker
        self.version = version
        self.day = day
        self.isCI = isCI
        self.count = count
    }
}
