CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT COLLATE BINARY NOT NULL UNIQUE,
    creator_id INTEGER NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE repository_blobs (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest TEXT COLLATE BINARY NOT NULL,
    stored BLOB NOT NULL,
    size INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, digest)
) STRICT;
CREATE INDEX repository_blobs_by_stored ON repository_blobs (stored);
CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);
CREATE TABLE manifests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    digest TEXT COLLATE BINARY NOT NULL,
    stored BLOB NOT NULL,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    subject TEXT COLLATE BINARY,
    annotations TEXT,
    is_published INTEGER NOT NULL DEFAULT 0,
    pushed_at INTEGER NOT NULL,
    UNIQUE (repository_id, digest)
) STRICT;
CREATE INDEX manifests_by_stored ON manifests (stored);
CREATE INDEX manifests_by_subject ON manifests (repository_id, subject);
CREATE TABLE manifest_links (
    parent_id INTEGER NOT NULL REFERENCES manifests (id),
    child_id INTEGER NOT NULL REFERENCES manifests (id),
    PRIMARY KEY (parent_id, child_id)
) STRICT;
CREATE INDEX manifest_links_by_child ON manifest_links (child_id);
CREATE TABLE manifest_blobs (
    manifest_id INTEGER NOT NULL REFERENCES manifests (id),
    digest TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (manifest_id, digest)
) STRICT;
CREATE INDEX manifest_blobs_by_digest ON manifest_blobs (digest);
CREATE TABLE tags (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name TEXT COLLATE BINARY NOT NULL,
    manifest_id INTEGER NOT NULL REFERENCES manifests (id),
    moved_at INTEGER NOT NULL,
    PRIMARY KEY (repository_id, name)
) STRICT;
CREATE INDEX tags_by_manifest ON tags (manifest_id);
ALTER TABLE versions ADD COLUMN manifest_id INTEGER REFERENCES manifests (id);
CREATE INDEX versions_by_manifest ON versions (manifest_id);
ALTER TABLE uploads ADD COLUMN is_published INTEGER NOT NULL DEFAULT 0;
UPDATE uploads SET is_published = 1
WHERE EXISTS (SELECT 1 FROM artifacts WHERE artifacts.digest = uploads.digest AND artifacts.url IS NULL);
CREATE INDEX uploads_unpublished ON uploads (account_id) WHERE is_published = 0;
CREATE TABLE secrets (
    name TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
