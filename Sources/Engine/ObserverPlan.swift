// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText

/// What somebody wants to hear of the calls of a function, and which function is then called.
///
/// Shape: `{"id":"…","source":{"function_id":"…","namespace":"…","args":{},"filters":{},"capture":["input"],
/// "on":"success","deliver":"envelope"},"target":{"function_id":"…","namespace":"…"},"metadata":{},"max_fires":1,
/// "expires_in_ms":1000,"max_in_flight":4}`, all but ids optional.
struct ObserverPlan: Sendable {
    enum Occasion: String, Sendable {
        case success
        case error
        case complete

        func includes(failure: Bool) -> Bool {
            switch self {
            case .success: !failure
            case .error: failure
            case .complete: true
            }
        }
    }

    enum Delivery: String, Sendable {
        case envelope
        case input
        case output
    }

    /// What one observer may hold, its arguments and metadata: 1 MiB.
    private static let mostBytes = 1 << 20

    var source: FunctionName
    var target: FunctionName
    let args: RawJSON?
    let filters: RawJSON
    let filter: ObserverFilter
    let capture: Set<ObservedPart>
    let occasion: Occasion
    let delivery: Delivery
    let metadata: RawJSON?
    let mostFires: Int?
    let expiry: Duration?
    let mostInFlight: Int?
    /// What it was read from.
    let text: RawJSON

    /// What of a call is to be kept until it has ended.
    var parts: Set<ObservedPart> {
        switch delivery {
        case .envelope: capture.union(filter.roots)
        case .input: filter.roots.union([.input])
        case .output: filter.roots
        }
    }

    /// - Throws: `CallFailure`: `INVALID_OBSERVER` for a member of the wrong kind, `INVALID_FILTER`, `payload_too_large`.
    init(_ text: RawJSON) throws(CallFailure) {
        guard text.byteCount <= Self.mostBytes else {
            throw CallFailure(code: "payload_too_large", message: "an observer takes at most \(Self.mostBytes) bytes")
        }
        guard let value = text.value() else { throw .invalidObserver("it is no JSON that can be read") }
        self.text = text
        args = text.member("source")?.member("args")
        filters = text.member("source")?.member("filters") ?? .emptyObject
        metadata = text.member("metadata")
        filter = try ObserverFilter(filters)
        do throws(JSONShapeError) {
            let root = JSONCursor(value)
            let source = try root.required("source")
            self.source = try Self.name(source)
            target = try Self.name(try root.required("target"))
            capture = try Self.parts(source.optional("capture"))
            occasion = try Self.word(source.optional("on")) ?? .success
            delivery = try Self.word(source.optional("deliver")) ?? .envelope
            mostFires = try Self.count(root.optional("max_fires"))
            mostInFlight = try Self.count(root.optional("max_in_flight"))
            expiry = try Self.count(root.optional("expires_in_ms")).map { .milliseconds($0) }
        } catch { throw .invalidObserver(error.message) }
    }

    private static func name(_ cursor: JSONCursor) throws(JSONShapeError) -> FunctionName {
        let id = try cursor.required("function_id").string()
        let namespace = try cursor.optional("namespace")?.string() ?? Hub.defaultNamespace
        guard id.utf8.count <= 1024, namespace.utf8.count <= 1024, Hub.isNamespace(namespace) else {
            throw cursor.fail("names no function")
        }
        return FunctionName(namespace: namespace, id: id)
    }

    /// Parts that are not known are passed over, as those of newer SDKs.
    private static func parts(_ cursor: JSONCursor?) throws(JSONShapeError) -> Set<ObservedPart> {
        guard let cursor else { return [.input, .output, .caller] }
        var result: Set<ObservedPart> = []
        for element in try cursor.elements() {
            if let part = ObservedPart(rawValue: try element.string()) { result.insert(part) }
        }
        return result
    }

    private static func word<Word: RawRepresentable<String>>(_ cursor: JSONCursor?) throws(JSONShapeError) -> Word? {
        guard let cursor else { return nil }
        guard let word = Word(rawValue: try cursor.string()) else { throw cursor.fail("has a word that is not known") }
        return word
    }

    private static func count(_ cursor: JSONCursor?) throws(JSONShapeError) -> Int? {
        guard let cursor else { return nil }
        let count = try cursor.integer()
        guard count > 0, count <= 1 << 40 else { throw cursor.fail("is not above zero, or too large") }
        return count
    }
}

/// How a function wants to be observed, as its worker has registered it.
struct ObserveManner: Sendable {
    /// Whether its worker itself hands events to observers, in place of the engine that tells of each call.
    let isOwnerDelivered: Bool
    let isAllowed: Bool
    /// The JSON Schema of observers' `args`.
    let argsFormat: JSONValue?

    init(_ registration: FunctionRegistration?) {
        let observe = registration?.observe
        isOwnerDelivered = observe?.member("delivery")?.string == "owner"
        isAllowed = observe?.member("allow")?.description != "false"
        argsFormat = observe?.member("args_format")?.value()
    }
}

extension CallFailure {
    static func invalidObserver(_ reason: String) -> CallFailure {
        CallFailure(code: "INVALID_OBSERVER", message: reason)
    }
}
