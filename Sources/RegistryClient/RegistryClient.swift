// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import JSONText
import RegistryAPI
package import Transport
package import WorkerModel

/// Talks to one registry.
///
/// Safe to use from many tasks at once. What may pass (no connection, 408, 429, 5xx) is tried again: of no request does
/// a second one more than the first.
package struct RegistryClient: Sendable {
    /// The most bytes of an answer.
    package static let answerLimit = ByteCount.mebibytes(1)

    package let base: RegistryBase
    let transport: any Transport
    let access: RegistryAccess
    let pacing: Pacing
    /// What chose this registry, as it reads behind "chosen by"; nil where nobody needs to know.
    let chosenBy: String?

    /// A client for the registry at `base`.
    ///
    /// - Parameters:
    ///   - base: The registry.
    ///   - transport: The network.
    ///   - access: What publishing authenticates with; reading needs no key and sends none.
    ///   - pacing: How waits between tries pass.
    ///   - chosenBy: What chose the registry, for messages.
    package init(
        base: RegistryBase,
        transport: any Transport,
        access: RegistryAccess = .none(note: nil),
        pacing: Pacing = .live,
        chosenBy: String? = nil
    ) {
        self.base = base
        self.transport = transport
        self.access = access
        self.pacing = pacing
        self.chosenBy = chosenBy
    }

    /// A client for the registry at `base`, with a key or without.
    package init(base: RegistryBase, transport: any Transport, key: Redacted<String>?, pacing: Pacing = .live) {
        let access = key.map { RegistryAccess.key($0) } ?? .none(note: nil)
        self.init(base: base, transport: transport, access: access, pacing: pacing)
    }

    /// An error that names the registry, where something chose it among others.
    func failure(_ reason: RegistryClientError.Reason, _ conversation: Conversation) -> RegistryClientError {
        RegistryClientError(reason, conversation, at: chosenBy.map { "`\(base)` (chosen by \($0))" })
    }
}

/// What there is to authenticate with at a registry.
package enum RegistryAccess: Sendable {
    /// Nothing; the note says why, where that needs a word.
    case none(note: String?)
    case key(Redacted<String>)
    /// What was given as a key is none.
    case unusable(any CodedError)
}

/// What is being talked about, for messages and for the code of a refusal.
enum Conversation: Hashable, Sendable {
    case resolve(WorkerName, VersionSelector)
    case look(WorkerName)
    case publish(WorkerName, SemanticVersion)
    case upload(Digest)
    case search
    case account
    case programs
    /// What changes, as it reads behind "cannot".
    case change(WorkerName, action: String)

    /// The worker that it is about, where it is about one.
    var worker: String? {
        switch self {
        case .resolve(let name, _), .look(let name), .publish(let name, _), .change(let name, _): name.description
        case .upload, .search, .account, .programs: nil
        }
    }

    /// As it reads behind "cannot".
    var action: String {
        switch self {
        case .resolve(let name, let selector): "resolve `\(name)@\(selector)`"
        case .look(let name): "look up `\(name)`"
        case .publish(let name, let version): "publish `\(name)` \(version)"
        case .upload(let digest): "upload the blob \(digest.abbreviated)…"
        case .search: "search the registry"
        case .account: "use the key"
        case .programs: "look for programs"
        case .change(_, let action): action
        }
    }
}

/// An answer whose body has been read.
struct RegistryAnswer: Sendable {
    let status: Int
    let bytes: [UInt8]
    /// Whether an earlier try may have arrived at the registry, whose answer did not arrive here.
    var mayHaveArrived = false

    /// What the answer says went wrong; nil where it does not say it in the registry's form.
    var envelope: ErrorEnvelope? {
        // A text that is no envelope is as good as none.
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        return try? ErrorEnvelope(json: json)
    }
}

extension RegistryClient {
    func request(
        _ method: TransportRequest.Method,
        _ path: RegistryPath,
        for conversation: Conversation,
        json: JSONValue? = nil
    ) throws -> TransportRequest {
        guard let base = base.url else { throw failure(.fixtureCannot, conversation) }
        let url = try base.appending(target: path.description)
        var request = TransportRequest(method, url, purpose: .registry, headers: ["Accept": "application/json"])
        request.registry = base.origin
        if let json {
            request.headers.append("Content-Type", "application/json")
            request.body = .bytes(json.bytes())
        }
        return request
    }

    /// Sends a request, again where that may help, and reads the answer.
    func exchange(
        _ request: TransportRequest,
        for conversation: Conversation
    ) async throws -> RegistryAnswer {
        var schedule = RetrySchedule()
        var mayHaveArrived = false
        while true {
            let retry: Retry
            do {
                let response = try await transport.send(request)
                var answer = try await read(response, for: conversation)
                answer.mayHaveArrived = mayHaveArrived
                guard response.isTransientFailure,
                    let next = schedule.wait(advice: response.retryAfter, jitter: pacing.jitter())
                else { return answer }
                mayHaveArrived = true
                retry = Retry(after: response, wait: next)
            } catch let error as TransportError {
                guard error.isTransient, let next = schedule.wait(jitter: pacing.jitter()) else { throw error }
                mayHaveArrived = mayHaveArrived || !error.isBeforeSending
                retry = Retry(after: error, wait: next)
            }
            try await pacing.wait(retry)
        }
    }

    func read(_ response: TransportResponse, for conversation: Conversation) async throws -> RegistryAnswer {
        do {
            let bytes = try await response.body.collect(upTo: Self.answerLimit)
            return RegistryAnswer(status: response.status, bytes: bytes)
        } catch is BodyTooLarge {
            throw failure(.answerTooLarge, conversation)
        }
    }

    /// Reads the value that an answer of status 200 carries.
    ///
    /// - Throws: `RegistryClientError` for any other status and for a body that is not such a value.
    func value<Value: WireValue>(
        of answer: RegistryAnswer,
        for conversation: Conversation,
        as type: Value.Type = Value.self
    ) throws(RegistryClientError) -> Value {
        guard (200...201).contains(answer.status) else {
            throw failure(.refused(status: answer.status, answer.envelope), conversation)
        }
        do {
            return try Value(json: try JSONValue(parsing: answer.bytes))
        } catch {
            throw failure(.unreadable(error), conversation)
        }
    }
}
