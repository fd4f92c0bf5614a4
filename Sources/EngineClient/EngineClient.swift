// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol

/// Calls functions of the engine at one address, with a connection for each call.
package struct EngineClient: Sendable {
    package let host: String
    package let port: Int
    private let limits: ProtocolLimits

    package init(host: String = "127.0.0.1", port: Int = 49_134, limits: ProtocolLimits = .standard) {
        self.host = host
        self.port = port
        self.limits = limits
    }

    /// Connects, calls one function, waits for its answer, and disconnects.
    ///
    /// The connection does not announce itself: it is in no list of workers.
    ///
    /// - Parameters:
    ///   - function: Its id, such as `pdf::render`.
    ///   - payload: What it is called with.
    ///   - namespace: Where it is looked for; nil for `default`.
    ///   - timeout: For all of it, connecting included.
    /// - Returns: the result as it came; nil for null.
    /// - Throws: `EngineClientError`; `CancellationError` where the task was cancelled.
    package func call(
        function: String,
        payload: RawJSON = .emptyObject,
        namespace: String? = nil,
        timeout: Duration = .seconds(30)
    ) async throws -> RawJSON? {
        try await converse(connectTimeout: timeout) { session in
            try await session.call(function: function, payload: payload, namespace: namespace, timeout: timeout)
        }
    }

    /// Connects, makes the calls of `body` over one connection, and disconnects.
    ///
    /// - Throws: `EngineClientError`; `CancellationError` where the task was cancelled; what `body` throws.
    package func converse<Result: Sendable>(
        connectTimeout: Duration = .seconds(30),
        _ body: @escaping @Sendable (EngineSession) async throws -> Result
    ) async throws -> Result {
        var settings = EngineSession.Settings(EngineAddress(host: host, port: port))
        settings.reconnects = false
        settings.connectTimeout = connectTimeout
        settings.limits = limits
        let session = EngineSession(settings)
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask {
                try await session.run()
                throw CancellationError()
            }
            group.addTask { try await body(session) }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }
}
