// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import WorkerModel

/// One connected worker.
struct Session: Sendable {
    let workerID: String
    let reattachToken: String
    let address: String?
    let connectedAt: Int64
    let identity: BusIdentity
    /// Whether nothing is refused to it, so that nobody need ask.
    let isFree: Bool
    private let doorBox: Boxed<Door>
    /// Whether its calls go through another function.
    let hasMiddleware: Bool
    private var grantBox = AccessGrant.everything
    var isAdmitted = false
    /// What it said before that.
    var unheard: [Frame] = []
    /// A hook is asked about a registration; later ones wait for its answer.
    var isAsking = false
    /// Nil until the worker has announced itself, or the time for that is over.
    var namespace: String?
    private var announcementBox: Boxed<Announcement>?
    /// The name that this connection holds.
    var name: String?
    /// Registrations that came before the namespace was known or while a hook is asked, in their order.
    var waiting: [Frame] = []
    var waitingBytes = 0
    /// Calls of functions that are among `waiting`.
    var deferred: [InvokeFunction] = []
    var functions: Set<String> = []
    var triggerTypes: Set<String> = []
    var bindings: Set<String> = []
    var observers: Set<String> = []
    /// Whether it speaks `observe.v1`.
    var observes = false
    /// Whether its functions are known to others under other names.
    private(set) var hasPrefix = false
    /// What was decided about calls, and how many there were.
    var verdicts: [FunctionName: Verdict] = [:]
    /// How many open calls it made, and how many it is to answer.
    var made = 0
    var handling = 0
    /// What was sent and has not left yet.
    var queuedBytes = 0
    /// Lines that it gave to the engine's log.
    var loggedLines = 0
    /// What it has registered.
    var registeredBytes = 0
    /// What all that is held for its worker is held against; nil for no bound but those of the connection.
    let budget: ByteBudget?
    /// The largest message that it can read.
    var messageBytes: Int

    /// Whoever comes through rules is a guest, unless the engine knows more of it.
    init(
        workerID: String,
        reattachToken: String,
        address: String?,
        connectedAt: Int64,
        door: Door,
        identity: BusIdentity,
        messageBytes: Int,
        budget: ByteBudget? = nil
    ) {
        self.messageBytes = messageBytes
        self.budget = budget
        self.identity = identity == .owner && door.rules != nil ? .guest : identity
        isFree = self.identity == .owner
        self.workerID = workerID
        self.reattachToken = reattachToken
        self.address = address
        self.connectedAt = connectedAt
        doorBox = door == Door() ? Door.open : Boxed(door)
        hasMiddleware = door.middleware != nil
    }
}

extension Session {
    /// How its listener treats it.
    var door: Door { doorBox.value }
    var announcement: Announcement? {
        get { announcementBox?.value }
        set { announcementBox = newValue.map { Boxed($0) } }
    }
    /// What it may do there, once it has been let in.
    var grant: AccessGrant {
        get { grantBox.value }
        set {
            grantBox = Boxed(newValue)
            hasPrefix = newValue.prefix != nil
        }
    }
}

/// A value that is rarely looked at, kept apart from those that every call passes by.
struct Boxed<Value: Sendable>: Sendable {
    private final class Storage: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let storage: Storage

    init(_ value: Value) { storage = Storage(value) }

    var value: Value { storage.value }
}

/// What a worker says of itself in `engine::workers::register`.
struct Announcement: Sendable {
    var name: String?
    var namespace: String?
    var description: String?
    var version: String?
    var runtime: String?
    var os: String?
    var isolation: String?
    var pid: Int?
    /// What it can do besides what every worker does.
    var features: [String] = []

    /// The largest message that the worker's SDK reads: the Python ones before 0.24.5 close their connection at more than
    /// 1 MiB.
    func messageBytes(upTo limit: Int) -> Int {
        guard runtime == "python", !features.contains("large-messages.v1"), let version,
            let parsed = try? SemanticVersion(parsing: version), parsed < SemanticVersion(0, 24, 5)
        else { return limit }
        return min(limit, 1 << 20)
    }

    /// Reads the payload; members of another kind than expected count as absent, but a namespace has to be one.
    init(_ data: RawJSON?) throws(CallFailure) {
        guard let value = data?.value(), case .object(let object) = value else {
            throw CallFailure(code: "deserialization_error", message: "an announcement is a JSON object")
        }
        func text(_ key: String) -> String? {
            guard case .string(let text)? = object[key] else { return nil }
            return text
        }
        name = text("name").flatMap(Self.displayName)
        description = text("description")
        version = text("version")
        runtime = text("runtime")
        os = text("os")
        isolation = text("isolation")
        if case .array(let names)? = object["features"] {
            features = names.compactMap { if case .string(let name) = $0 { name } else { nil } }
        }
        if case .number(let number)? = object["pid"], let value = number.int64 { pid = Int(value) }
        switch object["namespace"] {
        case nil, .null?: break
        case .string(let text)? where Hub.isNamespace(text): namespace = text
        default: throw .invalidNamespace
        }
    }

    /// A name without characters that change how the text around it is shown; nil where nothing is left.
    static func displayName(_ raw: String) -> String? {
        let kept = raw.unicodeScalars.filter { scalar in
            scalar.properties.generalCategory != .control && !scalar.properties.isBidiControl
        }
        let trimmed = String(String.UnicodeScalarView(kept)).trimmingBlanks.prefix(280)
        return trimmed.isEmpty ? nil : String(trimmed)
    }
}

extension String {
    fileprivate var trimmingBlanks: Substring {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}

extension CallFailure {
    static let invalidNamespace = CallFailure(code: "INVALID_NAMESPACE", message: "a namespace is not blank")
}
