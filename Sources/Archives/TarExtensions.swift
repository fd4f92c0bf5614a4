// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What extended headers said about the entry that comes next.
struct TarExtensions {
    private var pax: PaxRecords?
    private var longName: [UInt8]?

    var isEmpty: Bool { pax == nil && longName == nil }

    /// Whether another header of this kind may come before the entry.
    ///
    /// - Throws: `TarFault.severalExtendedHeaders`, as the second would hide the first.
    func checkRoom(for kind: TarHeader.Kind) throws(ArchiveFault) {
        let isTaken =
            switch kind {
            case .extended: pax != nil
            case .longName: longName != nil
            default: !isEmpty
            }
        if isTaken { throw .tar(.severalExtendedHeaders) }
    }

    /// Takes the data of an extended header.
    mutating func take(_ data: [UInt8], of kind: TarHeader.Kind) throws(ArchiveFault) {
        switch kind {
        case .extended: pax = try PaxRecords(parsing: data, isGlobal: false)
        case .globalExtended: _ = try PaxRecords(parsing: data, isGlobal: true)
        default:
            guard data.last == 0, data.count > 1 else { throw .tar(.extendedHeader) }
            longName = Array(data.dropLast())
        }
    }

    /// The path of the entry with this header.
    ///
    /// An extended header is there for paths that do not fit. One that says something else than a header that could have
    /// held its path is a trap for readers that know only one of the two.
    func path(for header: TarHeader) throws(ArchiveFault) -> [UInt8] {
        if let pax = pax?.path, let longName, pax != longName { throw .tar(.disagreement(field: "path")) }
        guard let path = pax?.path ?? longName else { return header.path }
        let fits = path.count <= 100 && path.allSatisfy { $0 < 0x80 }
        if fits, Self.stem(path) != Self.stem(header.path) { throw .tar(.disagreement(field: "path")) }
        return path
    }

    /// Checks what else an extended header says against the header: the size, as only sizes far beyond every limit do
    /// not fit a header, and whether the entry is a link.
    func check(_ header: TarHeader) throws(ArchiveFault) {
        if let size = pax?.size, size != header.size { throw .tar(.disagreement(field: "size")) }
        if case .link = header.kind { return }
        if pax?.namesLink == true { throw .tar(.disagreement(field: "type")) }
    }

    private static func stem(_ path: [UInt8]) -> ArraySlice<UInt8> {
        path.last == UInt8(ascii: "/") ? path.dropLast() : path[...]
    }
}
