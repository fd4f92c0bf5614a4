// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

extension SQLRegistrySession {
    func version(
        _ version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> PublishedVersion? {
        let row = try connection.row(
            """
            SELECT versions.id, kind, image, accounts.name, published_at, is_promoted, yanked_at, yank_reason,
                publication, answers_format, resolve_node, download, detail
            FROM workers JOIN versions ON versions.worker_id = workers.id
            JOIN version_documents ON version_documents.version_id = versions.id
            JOIN accounts ON accounts.id = versions.publisher_id
            WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )
        guard let row else { return nil }
        let id = try row.integer(0)
        let kind = try row.kind(1)
        return PublishedVersion(
            worker: worker,
            version: version,
            publication: try row.text(8),
            artifacts: try artifacts(of: id, kind, image: try row.textIfAny(2)),
            dependencies: try dependencies(of: id),
            publishedAt: try row.moment(4),
            publisher: try row.accountName(3),
            answers: try row.answers(from: 9),
            isPromoted: try row.flag(5),
            yank: try row.yank(6)
        )
    }

    func answers(
        _ version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> ReadyAnswers? {
        try connection.row(
            """
            SELECT answers_format, resolve_node, download, detail
            FROM workers JOIN versions ON versions.worker_id = workers.id
            JOIN version_documents ON version_documents.version_id = versions.id
            WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )?.answers(from: 0)
    }

    func insertVersion(_ version: PublishedVersion) throws(RegistryStorageError) {
        guard let workerID = try identity(of: version.worker) else { throw .workerNotFound(version.worker) }
        guard let publisherID = try identity(of: version.publisher) else {
            throw .accountNotFound(version.publisher)
        }
        let inserted = try connection.row(
            """
            INSERT INTO versions (worker_id, version, kind, publisher_id, published_at, image) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (worker_id, version) DO NOTHING RETURNING id
            """,
            [
                workerID.sql, version.version.sql, version.kind.rawValue.sql, publisherID.sql, version.publishedAt.sql,
                version.artifacts.image?.sql ?? .null,
            ]
        )
        guard let id = try inserted?.integer(0) else { throw .versionExists(version.worker, version.version) }
        try insertDocument(of: version, id)
        try insertArtifacts(version.artifacts, id)
        for (position, dependency) in version.dependencies.enumerated() {
            try connection.execute(
                "INSERT INTO dependencies (version_id, position, name, selector) VALUES (?, ?, ?, ?)",
                [id.sql, position.sql, dependency.name.sql, dependency.selector.sql]
            )
        }
        try advanceRevision(of: workerID)
    }

    func setYank(
        _ yank: Yank?,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: version, of: worker) else { throw .versionNotFound(worker, version) }
        try connection.execute(
            "UPDATE versions SET yanked_at = ?, yank_reason = ? WHERE id = ?",
            [yank?.at.sql ?? .null, yank?.reason.sql ?? .null, id.version.sql]
        )
        try advanceRevision(of: id.worker)
    }

    func replaceAnswers(
        _ answers: ReadyAnswers,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) {
        guard let id = try identity(of: version, of: worker) else { throw .versionNotFound(worker, version) }
        try connection.execute(
            """
            UPDATE version_documents SET answers_format = ?, resolve_node = ?, download = ?, detail = ?
            WHERE version_id = ?
            """,
            answers.sql + [id.version.sql]
        )
        try advanceRevision(of: id.worker)
    }

    /// What the blob store has to hold.
    private static let hosted = """
        SELECT digest FROM artifacts WHERE url IS NULL UNION SELECT digest FROM programs
        UNION SELECT stored AS digest FROM repository_blobs UNION SELECT stored AS digest FROM manifests
        """

    func hostedDigests(after digest: Digest?, limit: Int) throws(RegistryStorageError) -> [Digest] {
        let rows = try connection.query(
            """
            SELECT digest FROM (\(Self.hosted)) AS hosted\(digest == nil ? "" : " WHERE digest > ?")
            ORDER BY digest LIMIT ?
            """,
            (digest.map { [$0.sql] } ?? []) + [max(limit, 0).sql]
        )
        var digests: [Digest] = []
        for row in rows { digests.append(try row.digest(0)) }
        return digests
    }

    func referenced(among digests: [Digest]) throws(RegistryStorageError) -> Set<Digest> {
        var found: Set<Digest> = []
        // Engines limit the parameters of one statement.
        let chunk = 500
        for start in stride(from: 0, to: digests.count, by: chunk) {
            let asked = digests[start..<min(start + chunk, digests.count)]
            let marks = Array(repeating: "?", count: asked.count).joined(separator: ", ")
            let rows = try connection.query(
                """
                SELECT digest FROM artifacts WHERE url IS NULL AND digest IN (\(marks))
                UNION SELECT digest FROM programs WHERE digest IN (\(marks))
                UNION SELECT stored FROM repository_blobs WHERE stored IN (\(marks))
                UNION SELECT stored FROM manifests WHERE stored IN (\(marks))
                """,
                (0..<4).flatMap { _ in asked.map(\.sql) }
            )
            for row in rows { found.insert(try row.digest(0)) }
        }
        return found
    }

    func hostedImage(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> ContentDigest? {
        let row = try connection.row(
            """
            SELECT versions.image FROM workers JOIN versions ON versions.worker_id = workers.id
            WHERE workers.name = ? AND versions.version = ?
            """,
            [worker.sql, version.sql]
        )
        guard let image = try row?.textIfAny(0), case .hostedImage(let digest) = try PublishedArtifacts(image: image)
        else { return nil }
        return digest
    }

    // MARK: Parts of a version

    private func insertDocument(of version: PublishedVersion, _ id: Int64) throws(RegistryStorageError) {
        try connection.execute(
            """
            INSERT INTO version_documents
                (version_id, publication, answers_format, resolve_node, download, detail) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [id.sql, version.publication.sql] + version.answers.sql
        )
    }

    private func insertArtifacts(_ artifacts: PublishedArtifacts, _ id: Int64) throws(RegistryStorageError) {
        var locations: [(target: String, location: ArtifactLocation)] = []
        switch artifacts {
        case .engine, .image, .hostedImage: return
        case .bundle(let archive): locations = [("", archive)]
        case .binaries(let builds): locations = builds.map { ($0.key.description, $0.value) }
        }
        for (target, location) in locations {
            try connection.execute(
                "INSERT INTO artifacts (version_id, target, url, digest) VALUES (?, ?, ?, ?)",
                [id.sql, target.sql, location.url?.sql ?? .null, location.digest.sql]
            )
        }
        try noteWhatIsPublished(
            among: "SELECT artifacts.digest FROM artifacts WHERE version_id = ? AND url IS NULL",
            with: [id.sql]
        )
    }

    private func artifacts(
        of id: Int64,
        _ kind: WorkerKind,
        image: String?
    ) throws(RegistryStorageError) -> PublishedArtifacts {
        switch kind {
        case .engine: return .engine
        case .image:
            guard let image else { throw .damaged(what: "an image without its reference") }
            return try PublishedArtifacts(image: image)
        case .bundle, .binary: break
        }
        let rows = try connection.query("SELECT target, url, digest FROM artifacts WHERE version_id = ?", [id.sql])
        var builds: [TargetTriple: ArtifactLocation] = [:]
        for row in rows {
            let location = ArtifactLocation(url: try row.textIfAny(1), digest: try row.digest(2))
            if kind == .bundle { return .bundle(location) }
            builds[try row.parsed(0) { try TargetTriple(parsing: $0) }] = location
        }
        if kind == .bundle { throw .damaged(what: "a bundle without its archive") }
        return .binaries(builds)
    }

    private func dependencies(of id: Int64) throws(RegistryStorageError) -> [WorkerDependency] {
        let rows = try connection.query(
            "SELECT name, selector FROM dependencies WHERE version_id = ? ORDER BY position",
            [id.sql]
        )
        var dependencies: [WorkerDependency] = []
        for row in rows {
            dependencies.append(WorkerDependency(name: try row.workerName(0), selector: try row.text(1)))
        }
        return dependencies
    }
}

extension PublishedArtifacts {
    /// What the column of images has: a reference, or `@` and the digest of one that the registry has itself.
    fileprivate var image: String? {
        switch self {
        case .image(let reference): reference
        case .hostedImage(let digest): "@\(digest)"
        case .engine, .binaries, .bundle: nil
        }
    }

    fileprivate init(image: String) throws(RegistryStorageError) {
        guard image.hasPrefix("@") else {
            self = .image(image)
            return
        }
        guard let digest = try? ContentDigest(parsing: image.dropFirst()) else {
            throw .damaged(what: "an image of the digest `\(image)`")
        }
        self = .hostedImage(digest)
    }
}

extension ReadyAnswers {
    /// The values of the columns that hold them, in the order of the schema.
    fileprivate var sql: [SQLValue] { [format.sql, resolveNode.sql, download?.sql ?? .null, detail.sql] }
}

extension SQLRow {
    func kind(_ column: Int) throws(RegistryStorageError) -> WorkerKind {
        guard let kind = WorkerKind(rawValue: try text(column)) else {
            throw .damaged(what: "a version of the kind `\(try text(column))`")
        }
        return kind
    }

    /// A yank from its moment and, in the next column, its reason.
    func yank(_ column: Int) throws(RegistryStorageError) -> Yank? {
        guard let at = try momentIfAny(column) else { return nil }
        return Yank(reason: try textIfAny(column + 1) ?? "", at: at)
    }

    fileprivate func answers(from column: Int) throws(RegistryStorageError) -> ReadyAnswers {
        ReadyAnswers(
            format: Int(clamping: try integer(column)),
            resolveNode: try text(column + 1),
            download: try textIfAny(column + 2),
            detail: try text(column + 3)
        )
    }
}
