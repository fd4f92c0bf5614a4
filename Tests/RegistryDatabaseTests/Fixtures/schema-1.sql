CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT COLLATE BINARY NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE api_keys (
    hash BLOB NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_account ON api_keys (account_id);
CREATE TABLE workers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT COLLATE BINARY NOT NULL UNIQUE,
    skeleton TEXT COLLATE BINARY NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,
    downloads INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX workers_by_skeleton ON workers (skeleton);
CREATE TABLE owners (
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    added_at INTEGER NOT NULL,
    PRIMARY KEY (worker_id, account_id)
) STRICT;
CREATE INDEX owners_by_account ON owners (account_id);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    version TEXT COLLATE BINARY NOT NULL,
    kind TEXT NOT NULL,
    publisher_id INTEGER NOT NULL REFERENCES accounts (id),
    published_at INTEGER NOT NULL,
    is_promoted INTEGER NOT NULL DEFAULT 0,
    yanked_at INTEGER,
    yank_reason TEXT,
    image TEXT,
    UNIQUE (worker_id, version)
) STRICT;
CREATE TABLE version_documents (
    version_id INTEGER NOT NULL PRIMARY KEY REFERENCES versions (id),
    publication TEXT NOT NULL,
    answers_format INTEGER NOT NULL,
    resolve_node TEXT NOT NULL,
    download TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE artifacts (
    version_id INTEGER NOT NULL REFERENCES versions (id),
    target TEXT COLLATE BINARY NOT NULL,
    url TEXT,
    digest BLOB NOT NULL,
    PRIMARY KEY (version_id, target)
) STRICT;
CREATE INDEX artifacts_by_digest ON artifacts (digest);
CREATE TABLE dependencies (
    version_id INTEGER NOT NULL REFERENCES versions (id),
    position INTEGER NOT NULL,
    name TEXT COLLATE BINARY NOT NULL,
    selector TEXT NOT NULL,
    PRIMARY KEY (version_id, position)
) STRICT;
CREATE INDEX dependencies_by_name ON dependencies (name);
CREATE TABLE channels (
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    name TEXT COLLATE BINARY NOT NULL,
    version_id INTEGER NOT NULL REFERENCES versions (id),
    moved_at INTEGER NOT NULL,
    PRIMARY KEY (worker_id, name)
) STRICT;
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    account TEXT COLLATE BINARY,
    worker TEXT COLLATE BINARY,
    version TEXT COLLATE BINARY,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_worker ON events (worker, sequence);
CREATE TABLE downloads (
    version_id INTEGER NOT NULL REFERENCES versions (id),
    day INTEGER NOT NULL,
    is_ci INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (version_id, day, is_ci)
) STRICT;
