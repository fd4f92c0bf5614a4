// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The words in which engines differ where tables are made.
struct SQLDialect: Hashable, Sendable {
    /// The type of a row's number, which is never used again.
    let identity: String
    /// The type of 64-bit integers.
    let integer: String
    let bytes: String
    /// The type of texts that compare and sort byte for byte.
    let name: String
    /// What ends the definition of a table.
    let tableOptions: String
    /// What makes the tables that find words in texts, and parts of names.
    let searchTables: [String]
    /// What puts more beginnings of words into the index than `searchTables` did.
    let longerBeginnings: [String]

    static let sqlite = SQLDialect(
        identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
        integer: "INTEGER",
        bytes: "BLOB",
        name: "TEXT COLLATE BINARY",
        tableOptions: " STRICT",
        searchTables: [
            """
            CREATE VIRTUAL TABLE search_words USING fts5 (
                name, tags, description, functions, readme, facets,
                tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4', detail = 'column'
            )
            """,
            "CREATE VIRTUAL TABLE search_names USING fts5 (name, tokenize = 'trigram')",
        ],
        longerBeginnings: [
            """
            CREATE VIRTUAL TABLE search_beginnings USING fts5 (
                name, tags, description, functions, readme, facets,
                tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5 6 7 8 9 10', detail = 'column'
            )
            """,
            """
            INSERT INTO search_beginnings (rowid, name, tags, description, functions, readme, facets)
            SELECT rowid, name, tags, description, functions, readme, facets FROM search_words
            """,
            "DROP TABLE search_words",
            "ALTER TABLE search_beginnings RENAME TO search_words",
        ]
    )
}
