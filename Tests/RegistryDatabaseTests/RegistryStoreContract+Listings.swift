// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

extension RegistryStoreContract {
    /// Workers to be found, each with its downloads.
    private static let found: [(listing: Described, downloads: Int64)] = [
        (Described("shell", "Runs commands", ["exec"], ["shell::run"], "# Shell\nFor terminals."), 500),
        (Described("shell-tools", "Small helpers", ["exec", "cli"]), 40),
        (Described("powershell", "Windows scripting", ["cli"]), 900),
        (Described("pdf-tools", "Reads and writes documents", ["office"], ["pdf_tools::merge"]), 70),
        (Described("office", "Opens shell scripts in a sheet", ["office"]), 3),
        (Described("image-resize", "Scales pictures", ["image", "tag with blanks"], ["image_resize::run"]), 20),
        (Described("postgresql", "A database", ["sql"], [], "Needs a shell."), 10),
        (Described("e\u{301}cho".replacing("e\u{301}", with: "e"), "Répète"), 0),
    ]

    struct Described: Sendable {
        let name: String
        let description: String
        let tags: [String]
        let functions: [String]
        let readme: String

        init(
            _ name: String,
            _ description: String,
            _ tags: [String] = [],
            _ functions: [String] = [],
            _ readme: String = ""
        ) {
            self.name = name
            self.description = description
            self.tags = tags
            self.functions = functions
            self.readme = readme
        }

        func listing(_ kind: WorkerKind = .engine, at time: Int64 = 5) throws -> WorkerListing {
            WorkerListing(
                worker: try Sample.name(name),
                format: 1,
                kind: kind,
                publishedAt: Sample.time(time),
                answer: #"{"name":"\#(name)"}"#,
                tags: tags,
                description: description,
                functions: functions,
                readme: readme
            )
        }
    }

    /// Fills a store with `found`: every second worker is a bundle, later ones are younger.
    private static func fill(_ store: any RegistryStore) async throws {
        try await store.write { (session) throws in
            try session.insertAccount(Account(name: Sample.account(), createdAt: Sample.time(1)))
            for (number, (listing, downloads)) in found.enumerated() {
                try session.insertWorker(Sample.worker(listing.name))
                try session.insertVersion(Sample.published(listing.name, "1.0.0"))
                try session.setListing(listing.listing(number % 2 == 0 ? .engine : .bundle, at: Int64(number)))
                guard downloads > 0 else { continue }
                let count = DownloadCount(
                    worker: try Sample.name(listing.name),
                    version: try Sample.version("1.0.0"),
                    day: Day(number: 1),
                    isCI: false,
                    count: downloads
                )
                try session.countDownload(count)
            }
        }
    }

    private static func names(_ store: any RegistryStore, _ query: ListingQuery) async throws -> [String] {
        try await store.read { try $0.listings(query) }.rows.map(\.worker.description)
    }

    private static func names(
        _ store: any RegistryStore,
        finding words: String,
        kind: WorkerKind? = nil,
        tag: String? = nil
    ) async throws -> [String] {
        let words = words.split(separator: " ").map(String.init)
        return try await names(store, ListingQuery(words: words, kind: kind, tag: tag))
    }

    static let listings = [
        claim("lists go by downloads or by time, a page after the other") { (store) async throws in
            try await fill(store)
            let byDownloads = [
                "powershell", "shell", "pdf-tools", "shell-tools", "image-resize", "postgresql", "office", "echo",
            ]
            #expect(try await names(store, ListingQuery()) == byDownloads)
            #expect(try await names(store, ListingQuery(order: .recent)) == found.map(\.listing.name).reversed())
            for order in [ListingQuery.Order.downloads, .recent] {
                var (query, seen) = (ListingQuery(order: order, limit: 3), [String]())
                while true {
                    let asked = query
                    let page = try await store.read { try $0.listings(asked) }
                    seen += page.rows.map(\.worker.description)
                    query.after = page.next
                    if page.next == nil { break }
                }
                #expect(seen == (order == .recent ? found.map(\.listing.name).reversed() : byDownloads))
            }
        },
        claim("lists are narrowed by kind and tag") { (store) async throws in
            try await fill(store)
            #expect(try await names(store, ListingQuery(tag: "cli")) == ["powershell", "shell-tools"])
            #expect(try await names(store, ListingQuery(kind: .bundle, tag: "exec")) == ["shell-tools"])
            #expect(try await names(store, ListingQuery(tag: "tag with blanks")) == ["image-resize"])
            #expect(try await names(store, ListingQuery(tag: "CLI")).isEmpty)
            #expect(try await names(store, ListingQuery(kind: .image)).isEmpty)
            let bundles = try await names(store, ListingQuery(kind: .bundle, order: .recent))
            #expect(bundles == ["echo", "image-resize", "pdf-tools", "shell-tools"])
            let second = ListingQuery(
                tag: "cli",
                after: try await store.read { try $0.listings(ListingQuery(tag: "cli", limit: 1)) }.next
            )
            #expect(try await names(store, second) == ["shell-tools"])
        },
        claim("names come before texts, in each the popular before the rest") { (store) async throws in
            try await fill(store)
            // Its name, words of names, parts of names, the description, the README.
            let shells = ["shell", "shell-tools", "powershell", "office", "postgresql"]
            #expect(try await names(store, finding: "shell") == shells)
            #expect(try await names(store, finding: "she") == shells)
            #expect(try await names(store, finding: "pdf tools") == ["pdf-tools"])
            #expect(try await names(store, finding: "tools shell") == ["shell-tools"])
            #expect(try await names(store, finding: "office") == ["office", "pdf-tools"])
            #expect(try await names(store, finding: "merge") == ["pdf-tools"])
            #expect(try await names(store, finding: "repete") == ["echo"])
            #expect(try await names(store, finding: "nothing").isEmpty)
            // One letter is a word, and the beginning of none.
            #expect(try await names(store, finding: "a") == ["postgresql", "office"])
            #expect(try await names(store, finding: "s").isEmpty)
            #expect(try await names(store, finding: "shell", kind: .bundle) == ["shell-tools"])
            #expect(try await names(store, finding: "shell", tag: "exec") == ["shell", "shell-tools"])
            #expect(try await names(store, finding: "shell", tag: "cli") == ["shell-tools", "powershell"])
        },
        claim("pages of what is found have every worker once") { (store) async throws in
            try await fill(store)
            for order in [ListingQuery.Order.relevance, .downloads, .recent] {
                var (query, seen) = (ListingQuery(words: ["shell"], order: order, limit: 1), [String]())
                repeat {
                    let asked = query
                    let page = try await store.read { try $0.listings(asked) }
                    seen += page.rows.map(\.worker.description)
                    query.after = page.next
                } while query.after != nil && seen.count < 20
                #expect(seen.sorted() == ["office", "postgresql", "powershell", "shell", "shell-tools"])
                if order == .downloads { #expect(seen.first == "powershell" && seen.last == "office") }
                if order == .recent { #expect(seen.first == "postgresql" && seen.last == "shell") }
            }
        },
        claim("a word that no worker has is taken for one that differs in one place") { (store) async throws in
            try await fill(store)
            for typed in ["shel", "sehll", "shelll", "shall", "hsell"] {
                #expect(try await names(store, finding: typed).first == "shell", "\(typed)")
            }
            #expect(try await names(store, finding: "imgae resize") == ["image-resize"])
            #expect(try await names(store, finding: "dcouments") == ["pdf-tools"])
            #expect(try await names(store, finding: "xyzll").isEmpty)
        },
        claim("signs of a query language find nothing and break nothing") { (store) async throws in
            try await fill(store)
            for words in [["\""], ["*"], ["shell\"", "OR"], ["name:"], ["-"], ["'"], ["\u{0}"], [""]] {
                _ = try? await names(store, ListingQuery(words: words))
            }
            #expect(try await names(store, finding: "shell").count == 5)
        },
        claim("a listing that is replaced or removed is found by its new words only") { (store) async throws in
            try await fill(store)
            try await store.write { (session) throws in
                try session.setListing(Described("office", "Prints letters", ["print"]).listing())
                try session.removeListing(of: Sample.name("powershell"))
                try session.removeListing(of: Sample.name("nobody"))
                #expect(throws: RegistryStorageError.self) {
                    try session.setListing(Described("nobody", "").listing())
                }
            }
            #expect(try await names(store, finding: "shell") == ["shell", "shell-tools", "postgresql"])
            #expect(try await names(store, finding: "letters") == ["office"])
            #expect(try await names(store, ListingQuery(tag: "office")) == ["pdf-tools"])
            #expect(try await names(store, ListingQuery()).count == found.count - 1)
        },
        claim("texts with NUL characters are listed without them") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.setListing(Described("echo", "a\0b", ["t\0"], ["f\0n"], "r\0").listing())
            }
            #expect(try await names(store, finding: "ab") == ["echo"])
        },
        claim("workers with a latest and no listing of a layout are told") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("a", "b", "c")
                for worker in ["a", "b"] {
                    try session.insertVersion(Sample.published(worker, "1.0.0"))
                    let (name, version) = (try Sample.name(worker), try Sample.version("1.0.0"))
                    try session.setChannel(.latest, of: name, to: version, at: Sample.time(1))
                }
                try session.setListing(Described("b", "").listing())
            }
            let missing = try await store.read { try $0.unlisted(format: 1, limit: 9) }
            #expect(missing.map(\.description) == ["a"])
            #expect(try await store.read { try $0.unlisted(format: 2, limit: 9) }.count == 2)
            #expect(try await store.read { try $0.unlisted(format: 2, limit: 1) }.count == 1)
        },
        claim("names one change away are told where they are much used") { (store) async throws in
            try await fill(store)
            @Sendable func near(_ skeleton: String, _ downloads: Int64 = 100) async throws -> [String] {
                try await store.read { try $0.workers(near: skeleton, downloads: downloads) }.map(\.description)
            }
            #expect(try await near("sheell") == ["shell"])
            #expect(try await near("shell") == ["shell"])
            #expect(try await near("sheell", 501).isEmpty)
            #expect(try await near("shellfish").isEmpty)
        },
    ]
}
