CREATE TABLE skills (
    version_id INTEGER NOT NULL PRIMARY KEY REFERENCES versions (id),
    skills TEXT NOT NULL,
    prompts TEXT NOT NULL
) STRICT;
CREATE TABLE deprecations (
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    versions TEXT NOT NULL,
    message TEXT NOT NULL,
    replacement TEXT COLLATE BINARY,
    at INTEGER NOT NULL,
    PRIMARY KEY (worker_id, versions)
) STRICT;
CREATE TABLE removed_versions (
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    version TEXT COLLATE BINARY NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    is_abuse INTEGER NOT NULL,
    PRIMARY KEY (worker_id, version)
) STRICT;
CREATE INDEX channels_by_version ON channels (version_id);
CREATE INDEX events_by_kind ON events (kind, sequence);
CREATE TABLE listings (
    worker_id INTEGER NOT NULL PRIMARY KEY REFERENCES workers (id),
    search_id INTEGER NOT NULL UNIQUE,
    format INTEGER NOT NULL,
    kind TEXT NOT NULL,
    downloads INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    answer TEXT NOT NULL
) STRICT;
CREATE INDEX listings_by_downloads ON listings (downloads, worker_id);
CREATE INDEX listings_by_time ON listings (published_at, worker_id);
CREATE INDEX listings_by_kind_and_downloads ON listings (kind, downloads, worker_id);
CREATE INDEX listings_by_kind_and_time ON listings (kind, published_at, worker_id);
CREATE TABLE listing_tags (
    tag TEXT COLLATE BINARY NOT NULL,
    worker_id INTEGER NOT NULL REFERENCES workers (id),
    PRIMARY KEY (tag, worker_id)
) STRICT;
CREATE INDEX listing_tags_by_worker ON listing_tags (worker_id);
CREATE VIRTUAL TABLE search_words USING fts5 (
    name, tags, description, functions, readme, facets,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4', detail = 'column'
);
CREATE VIRTUAL TABLE search_names USING fts5 (name, tokenize = 'trigram');
CREATE TABLE search_terms (term TEXT COLLATE BINARY NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE search_spellings (
    spelling TEXT COLLATE BINARY NOT NULL,
    term TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (spelling, term)
) STRICT;
CREATE TABLE download_days (
    day INTEGER NOT NULL,
    is_ci INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, is_ci)
) STRICT;
INSERT INTO download_days SELECT day, is_ci, CAST(SUM(count) AS BIGINT) FROM downloads GROUP BY day, is_ci;
