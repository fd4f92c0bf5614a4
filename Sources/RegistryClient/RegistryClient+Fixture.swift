// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import SystemPackage
import WorkerModel

extension RegistryClient {
    /// The graph in the file that takes the place of a registry: an answer of `POST /resolve` or of `GET /download`.
    func fixtureGraph(for conversation: Conversation) throws -> ResolvedGraph {
        guard case .fixture(let path) = base.place else { throw failure(.fixtureCannot, conversation) }
        let bytes: [UInt8]
        do { bytes = try Self.contents(of: path) } catch is Errno {
            throw failure(.fixtureMissing(path.string), conversation)
        }
        if bytes.count > Self.answerLimit.bytes { throw failure(.answerTooLarge, conversation) }
        let answer = RegistryAnswer(status: 200, bytes: bytes)
        if let json = try? JSONValue(parsing: bytes), json["type"] != nil {
            return ResolvedGraph(try value(of: answer, for: conversation, as: WorkerDownload.self))
        }
        return try value(of: answer, for: conversation)
    }

    /// At most one byte more than an answer may have.
    private static func contents(of path: FilePath) throws -> [UInt8] {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            while bytes.count <= answerLimit.bytes {
                // Safety: the system writes into the array and says how much.
                let piece = try [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                    count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if piece.isEmpty { break }
                bytes += piece
            }
            return bytes
        }
    }
}
