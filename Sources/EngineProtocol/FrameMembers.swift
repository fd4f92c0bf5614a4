// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore

/// The members of frames that this module reads; others are passed over.
enum FrameKey: String, CaseIterable {
    case action
    case activation
    case baggage
    case caller
    case callRequestFormat = "call_request_format"
    case code
    case config
    case data
    case description
    case error
    case features
    case functionID = "function_id"
    case id
    case invocation
    case invocationID = "invocation_id"
    case message
    case metadata
    case namespace
    case observe
    case observeDepth = "observe_depth"
    case ownerWorkerID = "owner_worker_id"
    case previousWorkerID = "previous_worker_id"
    case queue
    case reattachToken = "reattach_token"
    case requestFormat = "request_format"
    case responseFormat = "response_format"
    case result
    case traceparent
    case triggerNamespace = "trigger_namespace"
    case triggerRequestFormat = "trigger_request_format"
    case triggerType = "trigger_type"
    case type
    case workerID = "worker_id"
    case workerName = "worker_name"

    /// The keys of each length, as bytes.
    private static let byLength: [[(bytes: [UInt8], key: FrameKey)]] = {
        let longest = allCases.map(\.rawValue.utf8.count).max() ?? 0
        return (0...longest).map { length in
            allCases.filter { $0.rawValue.utf8.count == length }.map { (Array($0.rawValue.utf8), $0) }
        }
    }()

    /// The key at a place of a text; nil for unknown ones.
    init?(at range: Range<Int>, in text: Span<UInt8>) {
        guard range.count < Self.byLength.count else { return nil }
        for candidate in Self.byLength[range.count] where Self.matches(candidate.bytes, at: range.lowerBound, in: text)
        {
            self = candidate.key
            return
        }
        return nil
    }

    private static func matches(_ bytes: [UInt8], at start: Int, in text: Span<UInt8>) -> Bool {
        for index in bytes.indices where text[start + index] != bytes[index] { return false }
        return true
    }
}

/// Where the members of one JSON object are in its text.
struct FrameMembers {
    private struct Entry {
        var key: FrameKey
        var place: Range<Int>
        var isStandard: Bool
        var isSuspect: Bool
    }

    private let text: ByteBuffer
    private var entries: [Entry] = []
    /// Why reading stopped before the end; what came before it is there.
    private(set) var fault: JSONFault?
    /// Whether there is a member that says from what a call was made.
    private(set) var hasOrigin = false

    init(of text: ByteBuffer, limits: ProtocolLimits) {
        self.text = text
        entries.reserveCapacity(10)
        do { try read(limits: limits) } catch { fault = error }
    }

    /// The text of a member; nil where it is missing or null.
    subscript(key: FrameKey) -> RawJSON? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        let raw = RawJSON(checked: text.slice(entry.place))
        return raw.isNull ? nil : raw
    }

    /// Whether a member says `NaN` or its like.
    func isForeign(_ key: FrameKey) -> Bool { entries.contains { $0.key == key && !$0.isStandard } }

    /// Whether an object may hold the mark of a caller.
    func isSuspect(_ key: FrameKey) -> Bool { entries.contains { $0.key == key && $0.isSuspect } }

    private mutating func read(limits: ProtocolLimits) throws(JSONFault) {
        let text = text
        let bytes = text.readableBytesUInt8Span
        var scan = JSONScan(maximumDepth: limits.depth)
        guard scan.take(UInt8(ascii: "{"), in: bytes) else { throw scan.fault(.notAnObject) }
        if !scan.take(UInt8(ascii: "}"), in: bytes) {
            repeat { try readMember(&scan, in: bytes) } while scan.take(UInt8(ascii: ","), in: bytes)
            try scan.expect(UInt8(ascii: "}"), in: bytes)
        }
        scan.skipBlanks(in: bytes)
        guard scan.index == bytes.count else { throw scan.fault(.syntax) }
    }

    private mutating func readMember(_ scan: inout JSONScan, in bytes: Span<UInt8>) throws(JSONFault) {
        let key = FrameKey(at: try scan.key(in: bytes), in: bytes)
        scan.skipBlanks(in: bytes)
        let start = scan.index
        scan.isStandard = true
        scan.isSuspect = false
        try scan.value(in: bytes, depth: 1)
        guard let key else { return }
        guard !entries.contains(where: { $0.key == key }) else { throw scan.fault(.duplicateMember) }
        if key == .caller || key == .observeDepth || key == .activation { hasOrigin = true }
        entries.append(
            Entry(key: key, place: start..<scan.index, isStandard: scan.isStandard, isSuspect: scan.isSuspect)
        )
    }
}
