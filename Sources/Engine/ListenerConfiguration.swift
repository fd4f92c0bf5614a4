// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
import Transport

/// One address that an engine listens on, and how it treats those who connect there.
///
/// Shape of a `config:` block: `{"host":"127.0.0.1","port":49135,"middleware_function_id":"m::f","rbac":{…},
/// "handshake_timeout_ms":10000,"token":…}`.
package struct ListenerConfiguration: Sendable {
    /// An address of this machine; whoever is to be reached from elsewhere says `0.0.0.0`.
    package var host: String
    /// 0 for any free port.
    package var port: Int
    /// From the TCP connection to the end of the upgrade; nil for what the engine's limits say.
    package var handshake: Duration?
    /// What programs of other machines have to send as `Authorization: Bearer`; nil for nothing.
    package var token: String?
    var door = Door()

    /// Whether anybody who reaches it gets in, from other machines too.
    package var isOpenToNetwork: Bool { !IPAddress.isLoopback(host: host) && door.rules == nil && token == nil }

    package init(host: String = "127.0.0.1", port: Int = 49_134, handshake: Duration? = nil) {
        self.host = host
        self.port = port
        self.handshake = handshake
    }

    /// Reads the `config:` block of an `iii-worker-manager` entry; what is missing has its default.
    ///
    /// - Throws: `JSONShapeError` for a member that is unknown or of the wrong kind: a rule that is passed over in silence
    ///   would leave a door open.
    package init(parsing cursor: JSONCursor) throws(JSONShapeError) {
        let known: Set<String> = ["host", "port", "middleware_function_id", "rbac", "handshake_timeout_ms", "token"]
        if let key = try cursor.unknownKeys(besides: known).first { throw cursor.fail("has an unknown key `\(key)`") }
        self.init()
        host = try cursor.optional("host")?.string() ?? host
        if let number = try cursor.optional("port") {
            port = try number.integer()
            guard (0...65_535).contains(port) else { throw number.fail("is no port") }
        }
        if let time = try cursor.optional("handshake_timeout_ms") {
            let milliseconds = try time.integer()
            guard (1...3_600_000).contains(milliseconds) else { throw time.fail("is no time to wait") }
            handshake = .milliseconds(milliseconds)
        }
        if let text = try cursor.optional("token") {
            token = try text.string()
            guard token?.isEmpty == false else { throw text.fail("must not be empty") }
        }
        door.middleware = try cursor.optional("middleware_function_id")?.string()
        door.rules = try cursor.optional("rbac").map { rules throws(JSONShapeError) in try AccessRules(parsing: rules) }
    }
}

/// What stands between a listener's guests and the hub; nothing at first.
struct Door: Sendable, Hashable {
    static let open = Boxed(Door())

    /// A function that every call goes through; its result is the caller's.
    var middleware: String?
    /// Nil where everything is allowed.
    var rules: AccessRules?

    /// The functions that are named here to be called by the engine: a guest that had one would stand at the door itself.
    var named: [String] { (middleware.map { [$0] } ?? []) + (rules?.named ?? []) }
}
