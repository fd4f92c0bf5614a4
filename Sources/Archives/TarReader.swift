// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Reads a tar archive whose bytes come in pieces and gives its entries to a sink.
///
/// Formats: POSIX (ustar, pax), GNU, and the one of 1979. What two readers could understand in two ways is refused.
struct TarReader<Sink: ArchiveSink>: EntryReader {
    private enum State {
        /// Waiting for a header, or for the first of the two zero blocks at the end.
        case header
        /// One zero block was seen, another must follow.
        case secondZeroBlock
        case extended(TarHeader.Kind, remaining: Int, padding: Int)
        case content(remaining: Int, padding: Int)
        case padding(remaining: Int)
        /// After both zero blocks, with so many more zero bytes.
        case end(padding: Int)
    }

    private var sink: Sink
    private var state = State.header
    private var policy: EntryPolicy
    private var extensions = TarExtensions()
    /// What came so far of a block, or of the data of an extended header.
    private var gathered: [UInt8] = []
    /// The entry being read, for messages.
    private var current: String?

    init(sink: Sink, limits: ArchiveLimits) {
        self.sink = sink
        policy = EntryPolicy(limits: limits)
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .header, .secondZeroBlock: try takeBlock(from: &rest)
            case .extended(let kind, let remaining, let padding):
                try takeExtended(kind, remaining, padding, from: &rest)
            case .content(let remaining, let padding): try takeContent(remaining, padding, from: &rest)
            case .padding(let remaining):
                let count = rest.takeFirst(remaining).count
                state = count == remaining ? .header : .padding(remaining: remaining - count)
            case .end(let padding): try takeEnd(padding, from: &rest)
            }
        }
    }

    mutating func finish() throws(ArchiveError) -> Sink.Output {
        guard case .end(let padding) = state, padding % TarFormat.blockSize == 0 else {
            throw .refused(.tar(.truncated), entry: current)
        }
        return try sink.finish()
    }

    private mutating func takeBlock(from rest: inout UnsafeRawBufferPointer) throws(ArchiveError) {
        gathered.append(contentsOf: rest.takeFirst(TarFormat.blockSize - gathered.count))
        guard gathered.count == TarFormat.blockSize else { return }
        let block = gathered
        gathered.removeAll(keepingCapacity: true)
        let isZero = block.allSatisfy { $0 == 0 }
        if case .secondZeroBlock = state {
            guard isZero else { throw .refused(.tar(.loneZeroBlock)) }
            state = .end(padding: 0)
        } else if isZero {
            if !extensions.isEmpty { throw .refused(.tar(.extendedHeaderWithoutEntry)) }
            current = nil
            state = .secondZeroBlock
        } else {
            try takeHeader(block)
        }
    }

    private mutating func takeHeader(_ block: [UInt8]) throws(ArchiveError) {
        // Until its path is known an entry goes by what stands in the field of its name.
        current = String(decoding: block[..<100].prefix { $0 != 0 }, as: UTF8.self)
        let entry: ArchiveEntry?
        do throws(ArchiveFault) {
            entry = try interpret(TarHeader(block))
        } catch { throw .refused(error, entry: current) }
        if let entry { try begin(entry) }
    }

    /// Sets the state for what follows the header.
    ///
    /// - Returns: the entry; nil for an extended header and for the root itself.
    private mutating func interpret(_ header: TarHeader) throws(ArchiveFault) -> ArchiveEntry? {
        switch header.kind {
        case .extended, .globalExtended, .longName:
            try expectExtended(header)
            return nil
        default: break
        }
        try policy.count()
        let path = try extensions.path(for: header)
        current = String(decoding: path, as: UTF8.self)
        try extensions.check(header)
        extensions = TarExtensions()
        let entry = try header.entry(at: path, links: policy.limits.links)
        try policy.admit(entry)
        let size = Int(header.size)
        let padding = TarFormat.padding(after: size)
        state = size > 0 ? .content(remaining: size, padding: padding) : .header
        return entry.path.isRoot ? nil : entry
    }

    private mutating func expectExtended(_ header: TarHeader) throws(ArchiveFault) {
        if header.kind == .globalExtended { try policy.count() }
        try extensions.checkRoom(for: header.kind)
        guard header.size > 0 else { throw .tar(.extendedHeader) }
        guard header.size <= TarFormat.maximumExtendedHeader else { throw .tar(.extendedHeaderTooLong) }
        let size = Int(header.size)
        state = .extended(header.kind, remaining: size, padding: TarFormat.padding(after: size))
    }

    private mutating func takeExtended(
        _ kind: TarHeader.Kind,
        _ remaining: Int,
        _ padding: Int,
        from rest: inout UnsafeRawBufferPointer
    ) throws(ArchiveError) {
        let piece = rest.takeFirst(remaining)
        gathered.append(contentsOf: piece)
        guard piece.count == remaining else {
            state = .extended(kind, remaining: remaining - piece.count, padding: padding)
            return
        }
        let data = gathered
        gathered.removeAll(keepingCapacity: true)
        do throws(ArchiveFault) {
            try extensions.take(data, of: kind)
        } catch { throw .refused(error, entry: current) }
        skip(padding)
    }

    // MARK: Entries

    private mutating func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        try sink.begin(entry)
        if entry.size == .zero { try sink.end() }
    }

    private mutating func takeContent(
        _ remaining: Int,
        _ padding: Int,
        from rest: inout UnsafeRawBufferPointer
    ) throws(ArchiveError) {
        let piece = rest.takeFirst(remaining)
        try sink.write(piece)
        guard piece.count == remaining else {
            state = .content(remaining: remaining - piece.count, padding: padding)
            return
        }
        try sink.end()
        skip(padding)
    }

    private mutating func skip(_ padding: Int) {
        state = padding > 0 ? .padding(remaining: padding) : .header
    }

    private mutating func takeEnd(_ padding: Int, from rest: inout UnsafeRawBufferPointer) throws(ArchiveError) {
        guard rest.allSatisfy({ $0 == 0 }) else { throw .refused(.tar(.bytesAfterEnd)) }
        guard padding + rest.count <= TarFormat.maximumPadding else { throw .refused(.tar(.tooMuchPadding)) }
        state = .end(padding: padding + rest.count)
        rest = UnsafeRawBufferPointer(rebasing: rest[rest.count...])
    }
}
