// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Reads a zip file whose bytes come in pieces, from its beginning, and gives its entries to a sink.
///
/// Other readers begin at the end of the file. So that both see the same, each byte has to belong to a record, members
/// follow each other without gaps, and the directory at the end has to list exactly these members, in their order and
/// with the same words. Stored and deflated files only: no encryption, no ZIP64, no second disk.
struct ZipReader<Sink: ArchiveSink>: EntryReader {
    private enum State {
        /// Waiting for the signature of any record.
        case signature
        case localHeader
        case localNames(ZipMember)
        case contents(ZipContents)
        /// Waiting for four bytes: the signature of a descriptor, or its checksum.
        case descriptor(ZipContents)
        case restOfDescriptor(ZipContents, checksum: [UInt8])
        case centralHeader
        case centralNames(ZipCentralHeader)
        case endRecord
        case comment
        case end
    }

    /// What a record asks to be done with the sink.
    private enum Step {
        case nothing
        case begin(ArchiveEntry, ZipMember)
        case end
    }

    private var sink: Sink
    private let engine: InflateEngine
    private var policy: EntryPolicy
    private let buffer = Slab()
    private var state = State.signature
    /// What came so far of a record, and how long the record is.
    private var gathered: [UInt8] = []
    private var wanted = 4
    /// Bytes of the file that were taken.
    private var offset: Int64 = 0
    /// The members that were read, and how many of them the directory has listed.
    private var members: [ZipMember] = []
    private var listed = 0
    private var directoryOffset: Int64?
    /// The entry being read.
    private var entry: ArchiveEntry?
    /// The path of the entry that a record is about, for messages.
    private var current: String?

    init(sink: Sink, limits: ArchiveLimits, engine: InflateEngine) {
        self.sink = sink
        self.engine = engine
        policy = EntryPolicy(limits: limits)
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .contents(let contents): try take(contents, from: &rest)
            case .end: throw .refused(.zip(.bytesAfterEnd))
            default: try takeRecord(from: &rest)
            }
        }
    }

    mutating func finish() throws(ArchiveError) -> Sink.Output {
        guard case .end = state else { throw .refused(.zip(offset < 4 ? .notZip : .truncated), entry: current) }
        return try sink.finish()
    }

    private mutating func takeRecord(from rest: inout UnsafeRawBufferPointer) throws(ArchiveError) {
        let count = min(wanted - gathered.count, rest.count)
        gathered.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<count]))
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        offset += Int64(count)
        guard gathered.count == wanted else { return }
        let record = gathered
        gathered.removeAll(keepingCapacity: true)
        let step: Step
        do throws(ArchiveFault) {
            step = try interpret(record)
        } catch { throw .refused(error, entry: current) }
        switch step {
        case .nothing: break
        case .begin(let entry, let member): try begin(entry, member)
        case .end: try end()
        }
    }

    /// Waits for a record of so many bytes.
    private mutating func expect(_ state: State, bytes count: Int) {
        self.state = state
        wanted = count
    }

    private mutating func interpret(_ record: [UInt8]) throws(ArchiveFault) -> Step {
        switch state {
        case .signature: try takeSignature(record)
        case .localHeader:
            var fields = ZipFields(record.dropFirst(2))
            var member = try ZipMember(&fields)
            member.offset = offset - Int64(4 + record.count)
            expect(.localNames(member), bytes: member.nameLength + member.extraLength)
            if wanted == 0 { throw .path(.empty) }
        case .localNames(var member):
            try member.take(name: record.prefix(member.nameLength), extra: record.dropFirst(member.nameLength))
            return try admit(member)
        case .descriptor(let contents):
            let isSignature = record == ZipFormat.bytes(of: ZipFormat.dataDescriptor)
            expect(
                .restOfDescriptor(contents, checksum: isSignature ? [] : record),
                bytes: ZipFormat.descriptorSize - (isSignature ? 0 : record.count)
            )
        case .restOfDescriptor(let contents, let checksum):
            var fields = ZipFields(checksum + record)
            return try finish(contents, ZipMember.Summary(&fields))
        case .centralHeader: try takeCentralHeader(ZipCentralHeader(record))
        case .centralNames(let header): try list(header, record)
        case .endRecord: try takeEnd(ZipEndRecord(record))
        case .comment:
            // Who looks for the end record from behind would find this one.
            if record.contains(ZipFormat.bytes(of: ZipFormat.endRecord)) { throw .zip(.bytesAfterEnd) }
            state = .end
        case .contents, .end: break
        }
        return .nothing
    }

    private mutating func takeSignature(_ record: [UInt8]) throws(ArchiveFault) {
        current = nil
        var fields = ZipFields(record)
        switch fields.uint32() {
        case ZipFormat.localHeader where directoryOffset == nil:
            try policy.count()
            expect(.localHeader, bytes: ZipFormat.localHeaderSize)
        case ZipFormat.centralHeader where !members.isEmpty:
            directoryOffset = directoryOffset ?? offset - 4
            expect(.centralHeader, bytes: ZipFormat.centralHeaderSize)
        case ZipFormat.endRecord: expect(.endRecord, bytes: ZipFormat.endRecordSize)
        default: throw .zip(members.isEmpty ? .notZip : .bytesBetween)
        }
    }
}

// MARK: Members

extension ZipReader {
    private mutating func admit(_ member: ZipMember) throws(ArchiveFault) -> Step {
        current = String(decoding: member.name, as: UTF8.self)
        let path: EntryPath
        do throws(PathFault) {
            path = try EntryPath(parsing: member.name, isDirectory: member.isDirectory)
        } catch { throw .path(error) }
        if member.isDirectory, member.size > 0 { throw .zip(.sizeOfFolder) }
        if member.method == .stored, member.size != member.compressedSize { throw .zip(.length) }
        let entry = ArchiveEntry(
            path: path,
            kind: member.isDirectory ? .directory : .file,
            size: member.hasDescriptor ? nil : ByteCount(Int64(member.size)),
            isExecutable: false
        )
        try policy.admit(entry)
        return .begin(entry, member)
    }

    private mutating func begin(_ entry: ArchiveEntry, _ member: ZipMember) throws(ArchiveError) {
        self.entry = entry
        if !entry.path.isRoot { try sink.begin(entry) }
        let contents = try ZipContents(of: member, engine: engine)
        state = .contents(contents)
        if contents.isDone { try end(contents) }
    }

    private mutating func take(
        _ contents: ZipContents,
        from rest: inout UnsafeRawBufferPointer
    ) throws(ArchiveError) {
        let before = rest.count
        do throws(ZipFault) {
            buffer.count = try contents.read(&rest, into: buffer.memory)
        } catch { throw .refused(.zip(error), entry: current) }
        offset += Int64(before - rest.count)
        if buffer.count > 0 { try write(contents) }
        if contents.isDone { try end(contents) }
    }

    private mutating func write(_ contents: ZipContents) throws(ArchiveError) {
        do throws(ArchiveFault) {
            if entry?.kind == .directory { throw .zip(.sizeOfFolder) }
            if contents.member.hasDescriptor {
                try policy.count(undeclared: ByteCount(buffer.count), of: ByteCount(contents.size))
            }
        } catch { throw .refused(error, entry: current) }
        try sink.write(buffer.bytes)
    }

    /// Goes on behind the contents.
    private mutating func end(_ contents: ZipContents) throws(ArchiveError) {
        if contents.member.hasDescriptor {
            expect(.descriptor(contents), bytes: 4)
            // Less than a descriptor, so that nothing but it can begin here.
            let excess = contents.excess
            offset -= Int64(excess.count)
            return try excess.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try feed(bytes) }
        }
        do throws(ArchiveFault) {
            _ = try finish(contents, nil)
        } catch { throw .refused(error, entry: current) }
        try end()
    }

    private mutating func finish(
        _ contents: ZipContents,
        _ descriptor: ZipMember.Summary?
    ) throws(ArchiveFault) -> Step {
        do throws(ZipFault) {
            members.append(try contents.finish(descriptor))
        } catch { throw .zip(error) }
        expect(.signature, bytes: 4)
        return .end
    }

    private mutating func end() throws(ArchiveError) {
        if entry?.path.isRoot == false { try sink.end() }
        entry = nil
    }
}

// MARK: The directory

extension ZipReader {
    private mutating func takeCentralHeader(_ header: ZipCentralHeader) throws(ArchiveFault) {
        let (member, comment) = (header.member, header.commentLength)
        expect(.centralNames(header), bytes: member.nameLength + member.extraLength + comment)
        if wanted == 0 { throw .path(.empty) }
    }

    /// Holds what the directory says to what was read.
    private mutating func list(_ header: ZipCentralHeader, _ record: [UInt8]) throws(ArchiveFault) {
        var header = header
        let (name, extra) = (header.member.nameLength, header.member.extraLength)
        try header.member.take(name: record.prefix(name), extra: record.dropFirst(name).prefix(extra))
        current = String(decoding: header.member.name, as: UTF8.self)
        guard listed < members.count else { throw .zip(.disagreement(field: "number of entries")) }
        if let field = members[listed].disagreement(with: header.member) { throw .zip(.disagreement(field: field)) }
        try header.checkKind()
        listed += 1
        expect(.signature, bytes: 4)
    }

    private mutating func takeEnd(_ end: ZipEndRecord) throws(ArchiveFault) {
        let here = offset - Int64(4 + ZipFormat.endRecordSize)
        let start = directoryOffset ?? here
        guard listed == members.count, end.entries == members.count else {
            throw .zip(.disagreement(field: "number of entries"))
        }
        guard end.directoryOffset == start, end.directorySize == here - start else {
            throw .zip(.disagreement(field: "place of the directory"))
        }
        expect(.comment, bytes: end.commentLength)
        if wanted == 0 { state = .end }
    }
}

extension ZipFormat {
    /// A signature as it stands in the file.
    fileprivate static func bytes(of signature: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: signature >> (8 * $0)) }
    }
}
