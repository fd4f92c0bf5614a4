// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in Swift, with nothing but Foundation.
enum SwiftTemplate {
    static let package = """
        // swift-tools-version: 5.9
        import PackageDescription

        let package = Package(
            name: "@NAME@",
            targets: [.executableTarget(name: "@NAME@", path: "Sources")]
        )

        """

    static let main = #"""
        let worker = Worker(named: "@NAME@")

        worker.offer(
            "@PREFIX@::greet",
            description: "Greets somebody by name.",
            request: ["type": "object", "properties": ["name": ["type": "string"]], "required": ["name"]],
            response: ["type": "object", "properties": ["message": ["type": "string"]]]
        ) { data in
            guard let name = (data as? [String: Any])?["name"] as? String else { throw Failure("`name` must be text") }
            return ["message": "Hello, \(name)!"]
        }

        worker.run()

        """#

    static let engine = #"""
        import Foundation

        /// The connection of a worker to the iii engine: functions are offered, calls are answered.
        ///
        /// The engine says with III_URL where it is.
        final class Worker {
            typealias Handler = (Any) throws -> Any

            private let name: String
            private let url: String
            private var functions: [String: (frame: [String: Any], handler: Handler)] = [:]
            private var socket: Int32 = -1

            init(named name: String) {
                let environment = ProcessInfo.processInfo.environment
                self.name = environment["III_WORKER_NAME"] ?? name
                url = environment["III_URL"] ?? "ws://127.0.0.1:49134"
            }

            /// Offers a function to everybody on the engine.
            func offer(
                _ id: String, description: String, request: [String: Any], response: [String: Any],
                handler: @escaping Handler
            ) {
                let frame: [String: Any] = [
                    "type": "registerfunction", "id": id, "description": description, "request_format": request,
                    "response_format": response,
                ]
                functions[id] = (frame, handler)
            }

            /// Serves until the process is ended; a lost engine is looked for again.
            func run() -> Never {
                signal(SIGPIPE, SIG_IGN)
                var delay: UInt32 = 1
                while true {
                    do {
                        try connect()
                        delay = 1
                        while true { try answer(try message()) }
                    } catch { report("no engine at \(url): \(error)") }
                    if socket >= 0 { close(socket) }
                    socket = -1
                    sleep(delay)
                    delay = min(delay * 2, 30)
                }
            }

            private func report(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

            private func connect() throws {
                guard let parts = URLComponents(string: url), let host = parts.host else { throw Failure("no URL") }
                let port = parts.port ?? 80
                var hints = addrinfo()
                #if os(Linux)
                hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
                #else
                hints.ai_socktype = SOCK_STREAM
                #endif
                var found: UnsafeMutablePointer<addrinfo>?
                guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else {
                    throw Failure("there is no host \(host)")
                }
                defer { freeaddrinfo(found) }
                var next: UnsafeMutablePointer<addrinfo>? = first
                while let address = next?.pointee, socket < 0 {
                    socket = Foundation.socket(address.ai_family, address.ai_socktype, address.ai_protocol)
                    if Foundation.connect(socket, address.ai_addr, address.ai_addrlen) != 0 {
                        close(socket)
                        socket = -1
                    }
                    next = address.ai_next
                }
                guard socket >= 0 else { throw Failure("nobody answers") }
                let key = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
                let request = [
                    "GET \(parts.path.isEmpty ? "/" : parts.path) HTTP/1.1", "Host: \(host):\(port)",
                    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: \(key)",
                    "Sec-WebSocket-Version: 13", "", "",
                ]
                try write(Array(request.joined(separator: "\r\n").utf8))
                var head: [UInt8] = []
                while !head.suffix(4).elementsEqual([13, 10, 13, 10]) { head += try read(1) }
                let status = String(decoding: head, as: UTF8.self).prefix { $0 != "\r\n" }
                guard status.contains(" 101 ") else { throw Failure(String(status)) }
                try announce()
            }

            private func announce() throws {
                for function in functions.values { try send(function.frame) }
                let about: [String: Any] = [
                    "name": name, "runtime": "swift", "version": "1", "pid": Int(getpid()),
                    "os": ProcessInfo.processInfo.operatingSystemVersionString,
                    "isolation": ProcessInfo.processInfo.environment["III_ISOLATION"] ?? NSNull(), "namespace": NSNull(),
                ]
                try send([
                    "type": "invokefunction", "function_id": "engine::workers::register", "data": about,
                    "action": ["type": "void"],
                ])
                report("\(name) is connected to \(url)")
            }

            private func answer(_ call: [String: Any]) throws {
                guard call["type"] as? String == "invokefunction" else { return }
                let id = call["function_id"] as? String ?? ""
                var answer: [String: Any] = [
                    "type": "invocationresult", "invocation_id": call["invocation_id"] ?? NSNull(), "function_id": id,
                ]
                do {
                    guard let function = functions[id] else { throw Failure("there is no function \(id)") }
                    answer["result"] = try function.handler(call["data"] ?? NSNull())
                } catch { answer["error"] = ["code": "invocation_failed", "message": "\(error)"] }
                try send(answer)
            }

            private func send(_ message: [String: Any]) throws {
                try frame(1, Array(try JSONSerialization.data(withJSONObject: message)))
            }

            /// Sends a WebSocket frame, masked as clients do it.
            private func frame(_ kind: UInt8, _ payload: [UInt8]) throws {
                var bytes: [UInt8] = [0x80 | kind]
                switch payload.count {
                case ..<126: bytes.append(0x80 | UInt8(payload.count))
                case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
                default: bytes += [0x80 | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 255) }
                }
                let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
                bytes += mask
                for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index & 3]) }
                try write(bytes)
            }

            /// The next JSON message; pings are answered on the way.
            private func message() throws -> [String: Any] {
                var text: [UInt8] = []
                while true {
                    let head = try read(2)
                    var size = Int(head[1] & 0x7F)
                    if size >= 126 {
                        size = try read(size == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
                    }
                    let payload = try read(size)
                    switch head[0] & 15 {
                    case 8: throw Failure("the engine closed the connection")
                    case 9: try frame(10, payload)
                    case 0, 1, 2:
                        text += payload
                        guard head[0] & 0x80 != 0 else { continue }
                        let value = try JSONSerialization.jsonObject(with: Data(text))
                        return value as? [String: Any] ?? [:]
                    default: break
                    }
                }
            }

            private func write(_ bytes: [UInt8]) throws {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { Foundation.write(socket, $0.baseAddress, $0.count) }
                    guard count > 0 else { throw Failure("the engine is gone") }
                    rest = rest.dropFirst(count)
                }
            }

            private func read(_ count: Int) throws -> [UInt8] {
                var bytes = [UInt8](repeating: 0, count: count)
                var filled = 0
                while filled < count {
                    let got = bytes.withUnsafeMutableBytes { buffer in
                        Foundation.read(socket, buffer.baseAddress?.advanced(by: filled), count - filled)
                    }
                    guard got > 0 else { throw Failure("the engine is gone") }
                    filled += got
                }
                return bytes
            }
        }

        struct Failure: Error, CustomStringConvertible {
            let description: String

            init(_ description: String) { self.description = description }
        }

        """#
}
