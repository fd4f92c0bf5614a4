// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The paths of the registry, as patterns for a router; `RegistryPath` fills them in.
package enum RegistryRoute: String, CaseIterable, Sendable {
    case resolve = "/resolve"
    case publish = "/publish"
    case publishCheck = "/publish/check"
    case download = "/download/{name}"
    case detail = "/w/{name}"
    case versions = "/w/{name}/versions"
    case blobs = "/blobs"
    case blob = "/blobs/sha256/{digest}"
    case list = "/w"
    case yank = "/w/{name}/versions/{version}/yank"
    case unyank = "/w/{name}/versions/{version}/unyank"
    case deprecate = "/w/{name}/deprecate"
    case version = "/w/{name}/versions/{version}"
    case finalize = "/w/{name}/releases/finalize"
    case skills = "/w/{name}/skills"
    case dependents = "/w/{name}/dependents"
    case downloads = "/w/{name}/downloads"
    case events = "/w/{name}/events"
    case feed = "/feed.atom"
    case workerFeed = "/w/{name}/feed.atom"
    case downloadsBadge = "/badge/downloads.svg"
    case weeklyBadge = "/badge/weekly.svg"
    case workersBadge = "/badge/workers.svg"
    case workerBadge = "/workers/{name}/badge.svg"
    case channel = "/w/{name}/tags/{tag}"
    case owners = "/w/{name}/owners"
    case owner = "/w/{name}/owners/{account}"
    case whoAmI = "/whoami"
    case keys = "/keys"
    case key = "/keys/{id}"
    /// What people see in a browser.
    case home = "/"
    case page = "/workers/{name}"
    case styles = "/pages.css"
    case icon = "/icon.svg"
    /// The programs of iii that a registry offers.
    case installScript = "/install.sh"
    case programs = "/programs"
    case program = "/programs/{target}/{file}"
}

/// A path with its query, percent-encoded, to be put behind the root of a registry's host.
package struct RegistryPath: Hashable, Sendable, CustomStringConvertible {
    /// Starts with `/`.
    package let description: String

    /// Puts `parts` in the place of what the route has in braces, in their order.
    private init(_ route: RegistryRoute, _ parts: String..., query: [(name: String, value: String)] = []) {
        var text = route.rawValue
        for part in parts {
            guard let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}") else { break }
            text.replaceSubrange(open...close, with: PercentEncoding.encode(part))
        }
        let pairs = query.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }
        description = pairs.isEmpty ? text : text + "?" + pairs.joined(separator: "&")
    }

    /// `POST`: a graph for a worker.
    package static let resolve = RegistryPath(.resolve)
    /// `POST`: a new version.
    package static let publish = RegistryPath(.publish)

    /// `POST`: a new version that ranges may choose at once, and whose channel moves to it only from a lower one.
    package static let release = RegistryPath(.publish, query: isRelease)

    /// `POST`: what would refuse a new version though its bytes are in order.
    package static func publishCheck(isRelease: Bool) -> RegistryPath {
        RegistryPath(.publishCheck, query: isRelease ? Self.isRelease : [])
    }

    private static let isRelease = [(name: "release", value: "true")]

    /// `GET`: the programs of iii that the registry offers.
    package static let programs = RegistryPath(.programs)

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
            name.description,
            query: version(selector) + (isCI ? [("ci", "true")] : [])
        )
    }

    /// `GET`: all that is known of one version.
    package static func detail(_ name: WorkerName, selector: VersionSelector? = nil) -> RegistryPath {
        RegistryPath(.detail, name.description, query: version(selector))
    }

    /// `GET`: every version of a worker.
    package static func versions(of name: WorkerName) -> RegistryPath {
        RegistryPath(.versions, name.description)
    }

    /// `POST`: what the registry has of a blob.
    package static let blobs = RegistryPath(.blobs)
    /// `GET`, `HEAD`, `PUT`, `PATCH`: bytes under their digest.
    package static func blob(_ digest: Digest) -> RegistryPath { RegistryPath(.blob, digest.description) }

    /// `GET`: a page of the workers that suit a question.
    package static func list(_ question: ListQuestion) -> RegistryPath { RegistryPath(.list, query: question.query) }

    /// `GET`: the same for people.
    package static func home(_ question: ListQuestion) -> RegistryPath { RegistryPath(.home, query: question.query) }

    /// `GET`: all that is known of one version, for people.
    package static func page(_ name: WorkerName, selector: VersionSelector? = nil) -> RegistryPath {
        RegistryPath(.page, name.description, query: version(selector))
    }

    /// `GET`: the workers that need one.
    package static func dependents(of name: WorkerName) -> RegistryPath {
        RegistryPath(.dependents, name.description)
    }

    /// `GET`: the workers that need one, as many as a page holds.
    package static func manyDependents(of name: WorkerName) -> RegistryPath {
        RegistryPath(.dependents, name.description, query: [("page_size", "100")])
    }

    /// `GET`: how often a worker was downloaded.
    package static func downloads(of name: WorkerName) -> RegistryPath { RegistryPath(.downloads, name.description) }

    /// `GET`: what happened to a worker, newest first, as much as a page holds.
    package static func events(of name: WorkerName) -> RegistryPath {
        RegistryPath(.events, name.description, query: [("page_size", "100")])
    }

    /// `DELETE`: a version that nobody can have come to need.
    package static func published(_ name: WorkerName, _ version: SemanticVersion) -> RegistryPath {
        RegistryPath(.version, name.description, version.description)
    }

    /// `GET`: new versions of all workers, as Atom.
    package static let feed = RegistryPath(.feed)

    /// `GET`: new versions of a worker, as Atom.
    package static func workerFeed(of name: WorkerName) -> RegistryPath { RegistryPath(.workerFeed, name.description) }

    /// `POST`: takes a version out of what ranges and channels choose from.
    package static func yank(_ name: WorkerName, _ version: SemanticVersion) -> RegistryPath {
        RegistryPath(.yank, name.description, version.description)
    }

    /// `POST`: undoes a yank.
    package static func unyank(_ name: WorkerName, _ version: SemanticVersion) -> RegistryPath {
        RegistryPath(.unyank, name.description, version.description)
    }

    /// `POST`: tells the users of a worker to leave it; an empty message undoes it.
    package static func deprecate(_ name: WorkerName) -> RegistryPath { RegistryPath(.deprecate, name.description) }

    /// `PUT`: moves a channel; `DELETE`: removes it.
    package static func channel(_ channel: ChannelName, of name: WorkerName) -> RegistryPath {
        RegistryPath(.channel, name.description, channel.description)
    }

    /// `GET`: who owns a worker; `POST`: one more owner.
    package static func owners(of name: WorkerName) -> RegistryPath { RegistryPath(.owners, name.description) }

    /// `DELETE`: one owner less.
    package static func owner(_ account: String, of name: WorkerName) -> RegistryPath {
        RegistryPath(.owner, name.description, account)
    }

    /// `GET`: the account and the rights of a key.
    package static let whoAmI = RegistryPath(.whoAmI)

    /// `GET`: the keys of one's account; `POST`: one more.
    package static let keys = RegistryPath(.keys)

    /// `DELETE`: makes a key good for nothing.
    package static func key(_ id: String) -> RegistryPath { RegistryPath(.key, id) }

    private static func version(_ selector: VersionSelector?) -> [(name: String, value: String)] {
        selector.map { [("version", $0.description)] } ?? []
    }
}
