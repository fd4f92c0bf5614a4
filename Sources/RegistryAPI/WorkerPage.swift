// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What is asked of `GET /w`.
package struct ListQuestion: Hashable, Sendable {
    package enum Order: String, Sendable, CaseIterable {
        case relevance, downloads, recent
    }

    /// Words to look for; nil for all workers.
    package var search: String?
    /// A discovery tag.
    package var tag: String?
    package var kind: WorkerKind?
    package var order: Order?
    /// Rows of a page, at most 100; nil for the registry's own choice.
    package var pageSize: Int?
    /// Where to go on, from the page before.
    package var cursor: String?

    package init(search: String? = nil) { self.search = search }

    var query: [(name: String, value: String)] {
        [
            ("search", search), ("tag", tag), ("type", kind?.rawValue), ("sort", order?.rawValue),
            ("page_size", pageSize.map(String.init)), ("cursor", cursor),
        ].compactMap { name, value in value.map { (name, $0) } }
    }
}

/// What `GET /w` answers: some workers, each in its `latest` version.
///
///     {"workers":[{…}],"pagination":{"next_cursor":null,"has_more":false,"page_size":20}}
package struct WorkerPage: WireValue {
    package var workers: [WorkerRow]
    /// Where the next page begins; nil on the last one.
    package var nextCursor: String?
    package var pageSize: Int

    package init(workers: [WorkerRow], nextCursor: String?, pageSize: Int) {
        self.workers = workers
        self.nextCursor = nextCursor
        self.pageSize = pageSize
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        workers = try json.required("workers").list()
        let pagination = try json.optional("pagination")
        nextCursor = try pagination?.optional("next_cursor")?.string()
        pageSize = try pagination?.optional("page_size")?.integer() ?? workers.count
    }

    package var json: JSONValue {
        [
            "workers": .array(workers.map(\.json)),
            "pagination": [
                "next_cursor": nextCursor.map(JSONValue.string) ?? .null, "has_more": .bool(nextCursor != nil),
                "page_size": .number(JSONNumber(pageSize)),
            ],
        ]
    }
}

/// One worker in a list: the members of `WorkerDetail` without README and interface.
package struct WorkerRow: WireValue {
    package var name: WorkerName
    package var version: SemanticVersion
    package var kind: WorkerKind
    package var description = ""
    package var license = ""
    package var repository = ""
    package var tags: [String] = []
    package var isExperimental = false
    package var totalDownloads = 0
    package var author: WorkerDetail.Author?
    package var deprecated: DeprecationNotice?

    package init(name: WorkerName, version: SemanticVersion, kind: WorkerKind) {
        self.name = name
        self.version = version
        self.kind = kind
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        name = try json.required("name").name()
        version = try json.required("version").version()
        kind = try json.required("type").workerKind()
        description = try json.string("description", or: "")
        license = try json.string("license", or: "")
        repository = try json.string("repo", or: "")
        tags = try json.optional("tags")?.strings() ?? []
        isExperimental = try json.optional("experimental")?.bool() ?? false
        totalDownloads = try json.optional("total_downloads")?.integer() ?? 0
        author = try json.optional("author").map { cursor throws(JSONShapeError) in
            try WorkerDetail.Author(json: cursor)
        }
        deprecated = try json.optional("deprecated").map { cursor throws(JSONShapeError) in
            try DeprecationNotice(json: cursor)
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "version": .string(version.description),
            "type": .string(kind.rawValue), "description": .string(description), "license": .string(license),
            "repo": .string(repository), "tags": .strings(tags), "experimental": .bool(isExperimental),
            "total_downloads": .number(JSONNumber(totalDownloads)),
        ]
        object["author"] = author?.json
        object["deprecated"] = deprecated?.json
        return .object(object)
    }
}

extension WorkerRow {
    /// What users of its latest version should know.
    package var notes: [VersionNote] { VersionNote.all(yanked: nil, deprecated: deprecated) }
}
