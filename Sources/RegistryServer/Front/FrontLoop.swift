// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import RegistryAPI
import RegistryService
import RegistryStorage
import Synchronization

/// What the connections of one event loop share: pages that are ready, the date, ids, and a buffer to write from.
///
/// Only for use on its loop.
final class FrontLoop {
    /// The most bytes of pages that are kept; beyond it the table starts anew.
    private static let capacity = 16 << 20

    let settings: FrontSettings
    private(set) var id = FrontRequestID()
    /// Answers are put together here.
    var output = ByteBuffer()
    private var pages: [ByteBuffer: ReadyPage] = [:]
    private var size = 0
    private var generation: UInt64
    private var second: Int64 = -1
    private var date: [UInt8] = []

    init(_ settings: FrontSettings) {
        self.settings = settings
        generation = settings.service.download.table.generation
    }

    /// The page for a target, as it was written; nil where the framework has to make the answer first.
    func page(for target: ByteBuffer) -> ReadyPage? {
        let table = settings.service.download.table
        let now = table.generation
        if generation != now {
            pages = [:]
            size = 0
            generation = now
        }
        if let known = pages[target] { return known }
        guard let question = FrontQuestion(target), let answer = table.answer(to: question.download),
            let body = answer.body
        else { return nil }
        let page = ReadyPage(body, tally: answer.tally, isCI: question.isCI)
        // It was made under this generation or an older one, and the older ones are gone.
        guard table.generation == now else { return nil }
        if size + page.size > Self.capacity {
            pages = [:]
            size = 0
        }
        size += page.size + target.readableBytes
        // Not a piece of what was read: that would keep all of it.
        pages[ByteBuffer(bytes: Array(target.readableBytesView))] = page
        return page
    }

    /// Appends an answer to the output.
    func write(_ response: ReadyResponse, headOnly: Bool) {
        id.advance()
        response.write(to: &output, headOnly: headOnly, date: dateText(), id: id.digits)
    }

    private func dateText() -> [UInt8] {
        let now = settings.service.surroundings.now().milliseconds / 1000
        if now != second {
            second = now
            date = Array(HTTPDate.text(seconds: max(0, now)).utf8)
        }
        return date
    }
}

/// What a target of `GET /download` asks.
struct FrontQuestion: Hashable {
    let download: AnswerQuestion
    let isCI: Bool

    /// Reads `/download/NAME` with or without a query; nil for anything else, and for what is percent-encoded in the path.
    init?(_ target: ByteBuffer) {
        let text = String(buffer: target)
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let prefix = "/download/"
        guard let path = parts.first, path.hasPrefix(prefix) else { return nil }
        let name = path.dropFirst(prefix.count)
        let isPlain = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
        guard !name.isEmpty, isPlain else { return nil }
        let query = QueryItems(parts.count > 1 ? String(parts[1]) : nil)
        download = AnswerQuestion(name: String(name), selector: query["version"] ?? "")
        isCI = query["ci"] == "true"
    }
}
