// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// Gives tokens for a docker-registry, signed with a key that it trusts.
///
/// Everybody may pull what is below `public/`; `u` with the password `p` may pull and push everything.
package enum TokenServer {
    private static let script = """
        import base64, http.server, json, subprocess, sys, time, urllib.parse
        def text(data): return base64.urlsafe_b64encode(data).rstrip(b'=')
        chain = [''.join(line.strip() for line in open('cert.pem') if '-' not in line)]
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                said, user = self.headers.get('Authorization', ''), None
                if said:
                    if base64.b64decode(said.removeprefix('Basic ')) != b'u:p': return self.answer(401, b'')
                    user = 'u'
                access = []
                for scope in query.get('scope', []):
                    kind, name, actions = scope.rsplit(':', 2)
                    allowed = [action for action in actions.split(',')
                               if user or action == 'pull' and name.startswith('public/')]
                    access.append({'type': kind, 'name': name, 'actions': allowed})
                now = int(time.time())
                claims = {'iss': 'test', 'sub': user or '', 'aud': query['service'][0], 'exp': now + 3600,
                          'nbf': now - 60, 'iat': now, 'jti': str(time.time_ns()), 'access': access}
                head = {'typ': 'JWT', 'alg': 'RS256', 'x5c': chain}
                signed = text(json.dumps(head).encode()) + b'.' + text(json.dumps(claims).encode())
                signature = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', 'key.pem'], input=signed, check=True,
                                           capture_output=True).stdout
                self.answer(200, json.dumps({'token': (signed + b'.' + text(signature)).decode()}).encode())
            def answer(self, status, body):
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print('listening on 127.0.0.1:%d' % server.server_address[1], file=sys.stderr, flush=True)
        server.serve_forever()
        """

    /// Runs it, and a docker-registry that sends those who ask to it.
    package static func run(in folder: FilePath, _ body: (_ host: String) async throws -> Void) async throws {
        try Shell.run(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=test -days 2 2>log || {
              cat log >&2; exit 1; }
            """,
            in: folder
        )
        try await LoopbackProgram.python(script, named: "tokens", in: folder) { tokens in
            let certificate = folder.appending("cert.pem")
            let authorization =
                "{token: {realm: \"http://\(tokens)/token\", service: images, issuer: test, rootcertbundle: \(certificate)}}"
            try await DockerRegistry.run(in: folder, authorization: authorization, body)
        }
    }
}
