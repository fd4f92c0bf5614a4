// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import NIOCore
import NIOPosix
import Synchronization
package import Transport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Finds the addresses of a host name; tests pass their own.
package struct NameResolver: Sendable {
    /// The addresses in the order in which to try them; empty where there are none.
    ///
    /// - Throws: `NoNameServer` where nobody can tell; `CancellationError`.
    let addresses: @Sendable (_ name: String) async throws -> [IPAddress]

    package init(_ addresses: @escaping @Sendable (_ name: String) async throws -> [IPAddress]) {
        self.addresses = addresses
    }

    /// The system's resolver, on a thread that may block.
    package static let system = NameResolver { name in
        try await waiting { settle in
            NIOThreadPool.singleton.submit { state in
                settle(Result { state == .active ? try lookUp(name) : [] })
            }
        }
    }

    /// Waits for an answer that cannot be hurried, and no longer once the task is cancelled.
    private static func waiting<Value: Sendable>(
        _ start: (@escaping @Sendable (Result<Value, any Error>) -> Void) -> Void
    ) async throws -> Value {
        let waiter = Waiter<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter.wait(continuation)
                start { waiter.settle($0) }
            }
        } onCancel: {
            waiter.settle(.failure(CancellationError()))
        }
    }

    private static func lookUp(_ name: String) throws(NoNameServer) -> [IPAddress] {
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        // Safety: getaddrinfo gives a list that is valid until freeaddrinfo, which runs after it has been read.
        var list: UnsafeMutablePointer<addrinfo>?
        switch getaddrinfo(name, nil, &hints, &list) {
        case 0: break
        case EAI_AGAIN, EAI_SYSTEM: throw NoNameServer()
        default: return []
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = address(of: info), !addresses.contains(address) { addresses.append(address) }
            entry = info.ai_next
        }
        return addresses
    }

    private static func address(of info: addrinfo) -> IPAddress? {
        guard let pointer = info.ai_addr else { return nil }
        // Safety: ai_addrlen bytes are behind ai_addr, of the type that ai_family says.
        let bytes = Array(UnsafeRawBufferPointer(start: pointer, count: Int(info.ai_addrlen)))
        func value(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        switch info.ai_family {
        case AF_INET where bytes.count >= 8: return .v4(UInt32(value(4..<8)))
        case AF_INET6 where bytes.count >= 24: return .v6(value(8..<16), value(16..<24))
        default: return nil
        }
    }
}

/// A name could not be looked up, which says nothing about whether it exists.
struct NoNameServer: PlainlyWorded {
    var plainWords: String { "no name server answered" }
}

/// A continuation that the first of several answers resumes.
private final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
    }

    private let state = Mutex<State>(.idle)

    func wait(_ continuation: CheckedContinuation<Value, any Error>) {
        let early: Result<Value, any Error>? = state.withLock { state in
            if case .settled(let result) = state { return result }
            state = .waiting(continuation)
            return nil
        }
        if let early { continuation.resume(with: early) }
    }

    func settle(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            defer { if case .settled = state {} else { state = .settled(result) } }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        waiting?.resume(with: result)
    }
}
