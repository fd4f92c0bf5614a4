CREATE TABLE programs (
    target TEXT COLLATE BINARY NOT NULL,
    name TEXT COLLATE BINARY NOT NULL,
    version TEXT COLLATE BINARY NOT NULL,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (target, name)
) STRICT;
CREATE INDEX programs_by_digest ON programs (digest);
