// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// Stands before a registry and cuts answers that hold blobs.
package struct CuttingProxy {
    /// One answer with bytes of a blob.
    package struct Answer: Hashable, Sendable {
        package let digest: String
        /// Where the client asked it to begin.
        package let start: Int
        /// Bytes of the body that were sent.
        package let sent: Int
    }

    package let host: String
    private let log: FilePath

    private static let script = """
        import http.client, http.server, os, sys
        upstream, size, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        cuts = {}
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                other = http.client.HTTPConnection(upstream)
                taken = {name: self.headers[name] for name in ('Accept', 'Range') if name in self.headers}
                other.request('GET', self.path, headers=taken)
                answer = other.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ('content-length', 'connection', 'date', 'server', 'transfer-encoding'):
                        self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                whole = len(body)
                if '/blobs/' in self.path:
                    digest = self.path.rsplit(':', 1)[1]
                    if whole > size and cuts.get(digest, 0) < times:
                        cuts[digest] = cuts.get(digest, 0) + 1
                        body, self.close_connection = body[:size], True
                    start = self.headers.get('Range', 'bytes=0-').removeprefix('bytes=').rstrip('-')
                    # One write: several of these run at once.
                    os.write(2, f'blob {digest} {start} {len(body)}\\n'.encode())
                self.wfile.write(body)
            def log_message(self, *words): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print('listening on 127.0.0.1:%d' % server.server_address[1], file=sys.stderr, flush=True)
        server.serve_forever()
        """

    /// Runs it before `upstream` while `body` runs.
    ///
    /// Of each blob the first `times` answers end after `size` bytes.
    package static func run(
        before upstream: String,
        cutting times: Int,
        after size: Int,
        in folder: FilePath,
        _ body: (CuttingProxy) async throws -> Void
    ) async throws {
        let arguments = [upstream, "\(size)", "\(times)"]
        try await LoopbackProgram.python(script, arguments, named: "proxy", in: folder) { host in
            try await body(CuttingProxy(host: host, log: folder.appending("proxy.log")))
        }
    }

    /// What was answered, in order.
    package var answers: [Answer] {
        get throws {
            try String(contentsOfFile: log.string, encoding: .utf8).split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 4, words[0] == "blob", let start = Int(words[2]), let sent = Int(words[3]) else {
                    return nil
                }
                return Answer(digest: String(words[1]), start: start, sent: sent)
            }
        }
    }
}
