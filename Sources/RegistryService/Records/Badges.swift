// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import MarkupText
import RegistryStorage
import WorkerModel

/// Small pictures with a number, for READMEs elsewhere.
package struct Badges: Sendable {
    /// A number about the whole registry.
    package enum Figure: Sendable {
        case downloads, weeklyDownloads, workers
    }

    let store: any RegistryStore
    let counter: DownloadCounter
    let surroundings: Surroundings

    /// - Returns: the picture as SVG.
    package func callAsFunction(_ figure: Figure) async throws -> [UInt8] {
        let week = surroundings.now().day.adding(days: -6)
        let totals = try await store.read { try $0.totals(since: figure == .weeklyDownloads ? week : nil) }
        let pending = counter.pendingByWorker().values.reduce(0, +)
        return switch figure {
        case .downloads: Badge(label: "iii downloads", value: Self.short(totals.downloads + pending)).bytes
        case .weeklyDownloads: Badge(label: "iii downloads/week", value: Self.short(totals.downloads + pending)).bytes
        case .workers: Badge(label: "iii workers", value: "\(totals.workers)").bytes
        }
    }

    /// The picture of one worker with its `latest` version; there is one for every name, whether or not a worker has it.
    package func callAsFunction(worker name: String) async throws -> [UInt8] {
        guard let name = try? WorkerName(parsing: name) else {
            return Badge(label: "iii", value: "no such worker").bytes
        }
        let latest = try await store.read { try $0.channel(.latest, of: name) }
        return Badge(label: "iii \(name)", value: latest.map { "v\($0)" } ?? "not published").bytes
    }

    /// `999`, `1.2k`, `34k`, `5.6M`.
    static func short(_ number: Int64) -> String {
        var (value, unit) = (number, "")
        for next in ["k", "M", "G", "T"] where value >= 1000 {
            if value < 10_000 {
                let tenths = value / 100
                if tenths < 100 { return "\(tenths / 10).\(tenths % 10)\(next)" }
            }
            (value, unit) = (value / 1000, next)
            if value < 1000 { break }
        }
        return "\(value)\(unit)"
    }
}

/// A label and a value beside each other, as SVG.
struct Badge {
    let label: String
    let value: String

    var bytes: [UInt8] {
        let (left, right) = (Self.width(label), Self.width(value))
        let markup: Markup = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(left + right)" height="20" role="img" \
            aria-label="\(label) \(value)"><title>\(label) \(value)</title>\
            <clipPath id="r"><rect width="\(left + right)" height="20" rx="3"/></clipPath>\
            <g clip-path="url(#r)"><rect width="\(left)" height="20" fill="#444"/>\
            <rect x="\(left)" width="\(right)" height="20" fill="#0a6b50"/></g>\
            <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\
            <text x="\(left / 2)" y="14">\(label)</text><text x="\(left + right / 2)" y="14">\(value)</text></g></svg>
            """
        return markup.bytes
    }

    /// About as wide as the text is in that font.
    private static func width(_ text: String) -> Int { text.count * 7 + 12 }
}
