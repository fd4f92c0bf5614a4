// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Reads the tar archives of layers, one after the other, whose bytes come in pieces, and gives their entries to a sink.
///
/// All dialects that container tools write: POSIX (ustar, pax), GNU with long names and holes, and the one of 1979.
struct LayerReader<Sink: LayerSink> {
    private enum State {
        case header
        case extended(LayerHeader.Kind, remaining: Int, padding: Int)
        /// More blocks of a map of holes that began in a header.
        case oldSparse(PendingFile)
        /// A map of holes before the contents.
        case sparseText(PendingFile, SparseMapText, remaining: Int64)
        case content(LayerContent)
        case padding(remaining: Int)
        /// After two zero blocks; what follows means nothing.
        case end
    }

    /// A file with holes whose map is not known yet.
    private struct PendingFile {
        var entry: LayerEntry
        /// Bytes that are stored of it.
        var stored: Int64
        var numbers: [Int64] = []
    }

    private var sink: Sink
    private let limits: LayerLimits
    private var state = State.header
    private var extensions = LayerExtensions()
    private var hasZeroBlock = false
    /// What came so far of a block, or of the data of an extended header.
    private var gathered: [UInt8] = []
    /// The entry being read, for messages.
    private var current: String?
    private var entries = 0
    private var unpacked = ByteCount.zero

    init(sink: Sink, limits: LayerLimits) {
        self.sink = sink
        self.limits = limits
    }

    /// Takes the next bytes of a layer, cut anywhere; they are not needed after the call.
    ///
    /// - Throws: `ArchiveError`; the reader is of no use afterwards.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .header, .oldSparse, .sparseText: try takeBlock(from: &rest)
            case .extended(let kind, let remaining, let padding):
                try takeExtended(kind, remaining, padding, from: &rest)
            case .content(let content): try take(content, from: &rest)
            case .padding(let remaining):
                let count = rest.takeFirst(remaining).count
                state = count == remaining ? .header : .padding(remaining: remaining - count)
            case .end: return
            }
        }
    }

    /// Ends a layer, which must have been whole; another may follow.
    mutating func endLayer() throws(ArchiveError) {
        switch state {
        case .end: break
        // Some tools leave out the two zero blocks.
        case .header where gathered.isEmpty: break
        default: throw .refused(.tar(.truncated), entry: current)
        }
        state = .header
        extensions = LayerExtensions()
        hasZeroBlock = false
        current = nil
        try sink.endLayer()
    }

    /// Ends the work of the sink.
    mutating func finish() throws(ArchiveError) -> Sink.Output { try sink.finish() }

    private mutating func takeBlock(from rest: inout UnsafeRawBufferPointer) throws(ArchiveError) {
        gathered.append(contentsOf: rest.takeFirst(TarFormat.blockSize - gathered.count))
        guard gathered.count == TarFormat.blockSize else { return }
        let block = gathered
        gathered.removeAll(keepingCapacity: true)
        do throws(ArchiveFault) {
            switch state {
            case .oldSparse(let file): try takeMap(block, of: file)
            case .sparseText(let file, let text, let remaining): try takeMap(block, of: file, text, remaining)
            default: try takeHeader(block)
            }
        } catch { throw .refused(error, entry: current) }
        // The sink refuses in words of its own.
        if case .content(let content) = state, !content.hasBegun { try begin(content) }
    }

    private mutating func takeHeader(_ block: [UInt8]) throws(ArchiveFault) {
        if block.allSatisfy({ $0 == 0 }) {
            if hasZeroBlock { state = .end }
            hasZeroBlock = true
            return
        }
        if hasZeroBlock { throw .tar(.loneZeroBlock) }
        current = String(decoding: block[..<100].prefix { $0 != 0 }, as: UTF8.self)
        let header = try LayerHeader(block)
        switch header.kind {
        case .extended, .globalExtended, .longName, .longLink: try expectExtended(header)
        case .oldSparse: try expect(header, .file, oldMap: block)
        case .entry(let kind): try expect(header, kind, oldMap: nil)
        }
    }

    private mutating func expectExtended(_ header: LayerHeader) throws(ArchiveFault) {
        guard header.size <= LayerExtensions.sizeLimit else { throw .tar(.extendedHeaderTooLong) }
        try count()
        let size = Int(header.size)
        let padding = TarFormat.padding(after: size)
        if size > 0 { state = .extended(header.kind, remaining: size, padding: padding) }
    }

    private mutating func takeExtended(
        _ kind: LayerHeader.Kind,
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
            switch kind {
            case .longName, .longLink: extensions.take(longName: data, isLink: kind == .longLink)
            default: try extensions.take(records: data, isGlobal: kind == .globalExtended)
            }
        } catch { throw .refused(error, entry: current) }
        skip(padding)
    }

    private mutating func count() throws(ArchiveFault) {
        entries += 1
        if entries > limits.entries { throw .limit(.entries, limit: Int64(limits.entries)) }
    }

    private mutating func skip(_ padding: Int) {
        state = padding > 0 ? .padding(remaining: padding) : .header
    }
}

// MARK: Entries

extension LayerReader {
    /// Sets the state for what follows the header of an entry.
    private mutating func expect(_ header: LayerHeader, _ kind: LayerEntry.Kind, oldMap: [UInt8]?) throws(ArchiveFault)
    {
        try count()
        let realSize = try oldMap.map { block throws(ArchiveFault) in try OldSparseMap.realSize(block) }
        let entry = try self.entry(header, kind, realSize: realSize)
        let stored = kind == .file ? extensions.size ?? header.size : 0
        let sparse = extensions.sparse
        extensions = LayerExtensions()
        unpacked = unpacked + entry.size
        if unpacked > limits.unpacked { throw .limit(.unpacked, limit: limits.unpacked.bytes) }
        if let oldMap {
            var file = PendingFile(entry: entry, stored: stored)
            let isLast = try OldSparseMap.take(oldMap, isHeader: true, into: &file.numbers)
            state = isLast ? .content(try content(of: file)) : .oldSparse(file)
        } else if sparse.isSparse, sparse.hasMapInData {
            state = .sparseText(PendingFile(entry: entry, stored: stored), SparseMapText(), remaining: stored)
        } else if sparse.isSparse {
            state = .content(try content(of: PendingFile(entry: entry, stored: stored, numbers: sparse.numbers)))
        } else {
            state = .content(LayerContent(entry: entry, pieces: [.init(offset: 0, length: stored)], stored: stored))
        }
    }

    private func entry(
        _ header: LayerHeader,
        _ kind: LayerEntry.Kind,
        realSize: Int64?
    ) throws(ArchiveFault) -> LayerEntry {
        let path = try LayerPath.clean(extensions.sparse.path ?? extensions.path ?? header.path, limit: limits.path)
        let written = extensions.target ?? header.target
        let target: [UInt8] =
            switch kind {
            case .symbolicLink: try LayerPath.target(written, limit: limits.path)
            case .hardLink: try LayerPath.clean(written, limit: limits.path)
            default: []
            }
        let size = realSize ?? extensions.sparse.realSize ?? extensions.size ?? header.size
        return LayerEntry(
            kind: kind,
            path: path,
            target: target,
            size: kind == .file ? ByteCount(size) : .zero,
            mode: header.mode,
            user: UInt32(truncatingIfNeeded: extensions.user ?? header.user),
            group: UInt32(truncatingIfNeeded: extensions.group ?? header.group),
            modified: extensions.modified ?? .init(seconds: header.seconds),
            attributes: extensions.attributes
        )
    }

    private func content(of file: PendingFile) throws(ArchiveFault) -> LayerContent {
        let map = try SparseMap(file.numbers, size: file.entry.size.bytes, stored: file.stored)
        return LayerContent(entry: file.entry, pieces: map.pieces, stored: file.stored)
    }

    private mutating func takeMap(_ block: [UInt8], of file: PendingFile) throws(ArchiveFault) {
        var file = file
        guard file.numbers.count < LayerExtensions.sizeLimit else { throw .layer(.sparseMap) }
        let isLast = try OldSparseMap.take(block, isHeader: false, into: &file.numbers)
        state = isLast ? .content(try content(of: file)) : .oldSparse(file)
    }

    private mutating func takeMap(
        _ block: [UInt8],
        of file: PendingFile,
        _ text: SparseMapText,
        _ remaining: Int64
    ) throws(ArchiveFault) {
        var text = text
        try text.take(block)
        let remaining = remaining - Int64(block.count)
        guard remaining >= 0 else { throw .layer(.sparseMap) }
        if text.isDone {
            let file = PendingFile(entry: file.entry, stored: remaining, numbers: text.numbers)
            state = .content(try content(of: file))
        } else {
            state = .sparseText(file, text, remaining: remaining)
        }
    }

    private mutating func begin(_ content: LayerContent) throws(ArchiveError) {
        var content = content
        current = content.entry.shownPath
        try sink.begin(content.entry)
        content.hasBegun = true
        try proceed(content)
    }

    private mutating func take(_ content: LayerContent, from rest: inout UnsafeRawBufferPointer) throws(ArchiveError) {
        var content = content
        let piece = content.pieces[content.index]
        let count = Int(min(piece.length - content.done, Int64(rest.count)))
        try sink.write(rest.takeFirst(count), at: piece.offset + content.done)
        content.done += Int64(count)
        if content.done == piece.length { (content.index, content.done) = (content.index + 1, 0) }
        try proceed(content)
    }

    /// Goes on with a content, or ends it.
    private mutating func proceed(_ content: LayerContent) throws(ArchiveError) {
        var content = content
        while content.index < content.pieces.count, content.pieces[content.index].length == 0 { content.index += 1 }
        if content.index < content.pieces.count {
            state = .content(content)
        } else {
            try sink.end()
            skip(TarFormat.padding(after: Int(truncatingIfNeeded: content.stored)))
        }
    }
}
