// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The frames as the guest sees them; `Sandboxing.GuestFrame` is where they are described.
enum Kind {
    static let start: UInt8 = 1
    static let execute: UInt8 = 2
    static let input: UInt8 = 3
    static let inputEnd: UInt8 = 4
    static let signal: UInt8 = 5
    static let ping: UInt8 = 6
    static let powerOff: UInt8 = 7
    static let seed: UInt8 = 8
    static let resize: UInt8 = 9
    static let data: UInt8 = 16
    static let close: UInt8 = 17
    static let finish: UInt8 = 18
    static let credit: UInt8 = 19
    static let hello: UInt8 = 32
    static let started: UInt8 = 33
    static let output: UInt8 = 34
    static let errorOutput: UInt8 = 35
    static let exit: UInt8 = 36
    static let pong: UInt8 = 37
    static let failure: UInt8 = 38
    static let open: UInt8 = 39
}

enum Limit {
    static let header = 9
    static let payload = 64 << 10
    static let window = 256 << 10
    /// Above so many bytes for the host, nothing more is read from children and connections.
    static let outbox = 512 << 10
    static let connections = 64
    static let children = 64
    static let firstConnection: UInt32 = 0x8000_0000
    static let version: UInt8 = 1
}

/// What `start` and `execute` ask for.
struct StartRequest {
    var arguments: [[CChar]] = []
    var environment: [[CChar]] = []
    var directory: [CChar] = literal("/workspace")
    var listeners: [Listener] = []
    var openFiles: UInt64 = 0
    var processes: UInt64 = 0
    var memory: UInt64 = 0
    var scratch: UInt64 = 0
    var time: UInt64 = 0
    var terminal: (rows: UInt16, columns: UInt16)?
    var workspace: [UInt8] = []
    var hosts: [CChar]?
    var user: UInt32 = 1000
    var group: UInt32 = 1000
    /// The further ones.
    var groups: [UInt32] = []
    /// Whether it is to become that user, where it is not a machine's first process.
    var changesUser = false
    /// Folders that are given to the user.
    var given: [[CChar]] = []
    var ownsRoot = false
    /// In a machine: where the worker is at home, empty where nothing is to be added to the lists of accounts.
    var home: [CChar] = []
    /// `own` or `base`, empty for no rules.
    var fileRules: [UInt8] = []

    struct Listener {
        var address: [UInt8]
        var port: UInt16
        var descriptor: Int32 = -1
    }

    init(_ payload: [UInt8]) {
        for entry in payload.split(separator: 0) {
            let value = entry.dropFirst()
            switch entry.first {
            case UInt8(ascii: "a"): arguments.append(cString(value))
            case UInt8(ascii: "e"): environment.append(cString(value))
            case UInt8(ascii: "c"): directory = cString(value)
            case UInt8(ascii: "l"): if let listener = Self.listener(value) { listeners.append(listener) }
            case UInt8(ascii: "n"): openFiles = number(value) ?? 0
            case UInt8(ascii: "P"): processes = number(value) ?? 0
            case UInt8(ascii: "M"): memory = number(value) ?? 0
            case UInt8(ascii: "k"): scratch = number(value) ?? 0
            case UInt8(ascii: "t"): time = number(value) ?? 0
            case UInt8(ascii: "y"): terminal = Self.size(value)
            case UInt8(ascii: "H"): hosts = cString(value)
            case UInt8(ascii: "w"): workspace = Array(value)
            case UInt8(ascii: "o"): ownsRoot = true
            case UInt8(ascii: "h"): home = cString(value)
            case UInt8(ascii: "r"): fileRules = Array(value)
            case UInt8(ascii: "O"): given.append(cString(value))
            case UInt8(ascii: "G"): groups.append(UInt32(truncatingIfNeeded: number(value) ?? 1000))
            case UInt8(ascii: "u"):
                user = UInt32(truncatingIfNeeded: number(value) ?? 1000)
                changesUser = true
            case UInt8(ascii: "g"): group = UInt32(truncatingIfNeeded: number(value) ?? 1000)
            default: break
            }
        }
    }

    private static func listener(_ text: ArraySlice<UInt8>) -> Listener? {
        let halves = text.split(separator: UInt8(ascii: ":"))
        guard halves.count == 2, let port = number(halves[1]), port <= UInt64(UInt16.max) else { return nil }
        guard let address = ipv4(halves[0]) else { return nil }
        return Listener(address: address, port: UInt16(port))
    }

    private static func size(_ text: ArraySlice<UInt8>) -> (rows: UInt16, columns: UInt16)? {
        let parts = text.split(separator: UInt8(ascii: "x"))
        guard parts.count == 2, let rows = number(parts[0]), let columns = number(parts[1]) else { return nil }
        return (UInt16(truncatingIfNeeded: rows), UInt16(truncatingIfNeeded: columns))
    }
}
