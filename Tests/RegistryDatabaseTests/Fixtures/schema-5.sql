CREATE INDEX workers_by_likeness ON workers (replace(skeleton, 'i', 'l'));
CREATE TABLE uploads (
    digest BLOB NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    size INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (digest, account_id)
) STRICT;
CREATE INDEX uploads_by_account ON uploads (account_id, uploaded_at);
