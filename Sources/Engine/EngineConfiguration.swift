// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Where an engine listens and what it allows.
package struct EngineConfiguration: Sendable {
    /// Where it listens; the first is the one that workers of its own are told of.
    package var listeners = [ListenerConfiguration()]
    /// Web pages that may connect besides those of this machine, as browsers write them: `https://console.example`.
    package var allowedOrigins: Set<String> = []
    /// Shown where the engine's own functions are listed.
    package var version: String
    package var limits = EngineLimits.standard
    /// One loop saves a hop between threads on every call; more carry more connections at once.
    package var eventLoops = 1
    /// How often an address in use is tried again, five times a second: it may be the near end of somebody's outgoing
    /// connection.
    package var listenAttempts = 10

    package init(version: String) { self.version = version }

    /// The first listener's.
    package var host: String {
        get { listeners.first?.host ?? "127.0.0.1" }
        set { changeFirst { $0.host = newValue } }
    }

    /// The first listener's.
    package var port: Int {
        get { listeners.first?.port ?? 49_134 }
        set { changeFirst { $0.port = newValue } }
    }

    private mutating func changeFirst(_ change: (inout ListenerConfiguration) -> Void) {
        if listeners.isEmpty { listeners = [ListenerConfiguration()] }
        change(&listeners[0])
    }
}

/// An address that an engine listens on.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    /// What workers are given in `III_URL`.
    package var url: String { "ws://\(description)" }
}

/// A listener for other machines that would let everybody in.
///
/// W163.
package struct OpenListener: CodedError {
    package let address: ListenAddress

    package init(address: ListenAddress) { self.address = address }

    package var code: ErrorCode { .engineAddress }
    package var message: String {
        "`\(address)` is reached from other machines and has neither rules nor a token: anybody could call workers"
    }
    package var hints: [String] {
        [
            "set `III_TOKEN` to a secret that clients send too, or give the listener an `rbac:` block (docs/engine.md)",
            "or listen on 127.0.0.1; `--insecure-listen` starts it all the same",
        ]
    }
}

/// Why an engine cannot run.
package enum EngineError: CodedError {
    /// W163
    case addressInUse(ListenAddress)
    /// W163
    case cannotListen(ListenAddress, any Error)

    package var code: ErrorCode { .engineAddress }

    package var message: String {
        switch self {
        case .addressInUse(let address): "`\(address)` is in use"
        case .cannotListen(let address, _): "cannot listen on `\(address)`"
        }
    }

    package var hints: [String] {
        switch self {
        case .addressInUse:
            [
                "another engine may run here already: stop it, or listen elsewhere: `iii --listen 127.0.0.1:0` takes any "
                    + "port that is free"
            ]
        case .cannotListen: []
        }
    }

    package var cause: (any Error)? {
        switch self {
        case .addressInUse: nil
        case .cannotListen(_, let error): error
        }
    }
}
