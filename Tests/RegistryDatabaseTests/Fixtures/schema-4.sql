CREATE VIRTUAL TABLE search_beginnings USING fts5 (
    name, tags, description, functions, readme, facets,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5 6 7 8 9 10', detail = 'column'
);
INSERT INTO search_beginnings (rowid, name, tags, description, functions, readme, facets)
SELECT rowid, name, tags, description, functions, readme, facets FROM search_words;
DROP TABLE search_words;
ALTER TABLE search_beginnings RENAME TO search_words;
