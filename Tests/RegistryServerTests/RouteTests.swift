// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import RegistryAPI
import Testing

/// Which request gets which status; every error is an envelope with all its parts.
struct RouteTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        var who = TestedServer.Who.nobody
        var body: String?
        let status: Int
        var code: RegistryErrorCode?

        var testDescription: String { "\(method.rawValue) \(path) \(who) \(body ?? "") is \(status)" }
    }

    static let rawMarks = String(repeating: "\u{300}", count: 31)
    /// The same in a target: comparing them takes time with the square of their number.
    static let marks = String(repeating: "%CC%80", count: 31)
    static let hex = String(repeating: "0", count: 64)

    static let rows: [Row] = [
        Row(method: .get, path: "/healthz", status: 200),
        Row(method: .head, path: "/healthz", status: 200),
        Row(method: .get, path: "/readyz", status: 200),
        Row(method: .get, path: "/metrics", status: 200),
        Row(method: .get, path: "/whoami", status: 401, code: .unauthorized),
        Row(method: .get, path: "/whoami", who: .wrong, status: 401, code: .unauthorized),
        Row(method: .get, path: "/whoami", who: .publisher, status: 200),
        // Known paths with a method that they do not have, and paths that nobody knows.
        Row(method: .get, path: "/", status: 404, code: .notFound),
        Row(method: .get, path: "/publish", status: 404, code: .notFound),
        Row(method: .get, path: "/resolve", status: 404, code: .notFound),
        Row(method: .put, path: "/publish", who: .publisher, body: "{}", status: 404, code: .notFound),
        Row(method: .delete, path: "/w/smoke", who: .publisher, status: 404, code: .notFound),
        Row(method: .post, path: "/blobs/sha256/\(hex)", who: .publisher, body: "", status: 404, code: .notFound),
        Row(method: .get, path: "/w/smoke/tags/latest", status: 404, code: .notFound),
        Row(method: .get, path: "/workers", status: 404, code: .notFound),
        Row(method: .get, path: "/download", status: 404, code: .notFound),
        Row(method: .get, path: "/blobs/sha256", status: 404, code: .notFound),
        Row(method: .options, path: "/publish", status: 404, code: .notFound),
        // Reads.
        Row(method: .get, path: "/w/smoke", status: 200),
        Row(method: .head, path: "/w/smoke", status: 200),
        Row(method: .get, path: "/w/smoke?version=1.2.3", status: 200),
        Row(method: .get, path: "/w/smoke?tag=latest", status: 200),
        Row(method: .get, path: "/w/smoke?version=9.9.9", status: 404, code: .versionNotFound),
        Row(method: .get, path: "/w/smoke?version=next", status: 404, code: .versionNotFound),
        Row(method: .get, path: "/w/smoke?version=%5E%5E", status: 422, code: .validationError),
        Row(method: .get, path: "/w/nobody", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w/No%20Body", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w/smoke/versions", status: 200),
        Row(method: .get, path: "/w/nobody/versions", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w", status: 200),
        Row(method: .head, path: "/w?search=smoke", status: 200),
        Row(method: .get, path: "/w?q=\(marks)", status: 422, code: .validationError),
        Row(method: .get, path: "/w/\(marks)", status: 422, code: .validationError),
        Row(method: .head, path: "/w/\(marks)", status: 422),
        Row(method: .get, path: "/w/smoke?\(marks)=1", status: 422, code: .validationError),
        Row(method: .post, path: "/resolve", body: "{\"e\(rawMarks)\":1}", status: 400, code: .invalidJSON),
        Row(method: .get, path: "/w?page_size=0", status: 422, code: .validationError),
        Row(method: .get, path: "/w?page_size=101", status: 422, code: .validationError),
        Row(method: .get, path: "/w?sort=best", status: 422, code: .validationError),
        Row(method: .get, path: "/w?type=executable", status: 422, code: .validationError),
        Row(method: .get, path: "/w?cursor=%27%3B--", status: 422, code: .validationError),
        Row(method: .get, path: "/w?cursor=1.zzzzzzzzzzzzzzzzzzzz", status: 422, code: .validationError),
        Row(method: .get, path: "/w?search=%22%20OR%20name%3A*%00", status: 200),
        Row(method: .get, path: "/w/smoke/skills", status: 200),
        Row(method: .get, path: "/w/smoke/skills?version=9.9.9", status: 404, code: .versionNotFound),
        Row(method: .get, path: "/w/nobody/skills", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w/smoke/events", status: 200),
        Row(method: .get, path: "/w/smoke/events?cursor=x", status: 422, code: .validationError),
        Row(method: .get, path: "/w/nobody/events", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w/smoke/dependents", status: 200),
        Row(method: .get, path: "/w/smoke/dependents?cursor=%2F", status: 422, code: .validationError),
        Row(method: .get, path: "/w/nobody/dependents", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/w/smoke/downloads", status: 200),
        Row(method: .get, path: "/w/nobody/downloads", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/feed.atom", status: 200),
        Row(method: .get, path: "/w/smoke/feed.atom", status: 200),
        Row(method: .get, path: "/w/nobody/feed.atom", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/badge/downloads.svg", status: 200),
        Row(method: .get, path: "/badge/weekly.svg", status: 200),
        Row(method: .get, path: "/badge/workers.svg", status: 200),
        Row(method: .get, path: "/workers/smoke/badge.svg", status: 200),
        Row(method: .get, path: "/workers/nobody/badge.svg", status: 200),
        Row(method: .get, path: "/workers/..%2F/badge.svg", status: 200),
        // Changes of what is there.
        Row(method: .post, path: "/w/smoke/skills", body: "{}", status: 401, code: .unauthorized),
        Row(
            method: .post,
            path: "/w/smoke/skills",
            who: .publisher,
            body: #"{"version":"latest","skills":{"SKILL.md":"text"}}"#,
            status: 200
        ),
        Row(
            method: .post,
            path: "/w/smoke/skills",
            who: .stranger,
            body: #"{"version":"latest","skills":{}}"#,
            status: 403,
            code: .forbidden
        ),
        Row(
            method: .post,
            path: "/w/smoke/skills",
            who: .publisher,
            body: #"{"version":"9.9.9","skills":{}}"#,
            status: 404,
            code: .versionNotFound
        ),
        Row(
            method: .post,
            path: "/w/smoke/skills",
            who: .publisher,
            body: #"{"version":"1.2.3"}"#,
            status: 422,
            code: .validationError
        ),
        Row(method: .put, path: "/w/smoke/tags/next", body: "{}", status: 401, code: .unauthorized),
        Row(method: .put, path: "/w/smoke/tags/next", who: .publisher, body: "[", status: 400, code: .invalidJSON),
        Row(method: .put, path: "/w/smoke/tags/next", who: .publisher, body: "{}", status: 422, code: .validationError),
        Row(
            method: .put,
            path: "/w/smoke/tags/next",
            who: .reader,
            body: #"{"version":"1.2.3"}"#,
            status: 200
        ),
        Row(
            method: .put,
            path: "/w/smoke/tags/next",
            who: .publisher,
            body: #"{"version":"9.9.9"}"#,
            status: 404,
            code: .versionNotFound
        ),
        Row(
            method: .put,
            path: "/w/nobody/tags/next",
            who: .publisher,
            body: #"{"version":"1.2.3"}"#,
            status: 404,
            code: .workerNotFound
        ),
        Row(
            method: .put,
            path: "/w/smoke/tags/v1",
            who: .publisher,
            body: #"{"version":"1.2.3"}"#,
            status: 422,
            code: .validationError
        ),
        Row(
            method: .put,
            path: "/w/smoke/tags/next",
            who: .publisher,
            body: #"{"version":"1.2.3","expected_current_version":"1.0.0"}"#,
            status: 409,
            code: .tagConflict
        ),
        Row(method: .delete, path: "/w/smoke/tags/next", who: .publisher, status: 404, code: .channelNotFound),
        Row(method: .delete, path: "/w/smoke/tags/latest", who: .publisher, status: 422, code: .validationError),
        Row(
            method: .post,
            path: "/w/smoke/releases/finalize",
            who: .publisher,
            body: #"{"candidate_version":"1.3.0-rc.1","stable_version":"1.3.0","expected_latest_version":"1.2.3"}"#,
            status: 409,
            code: .finalizeConflict
        ),
        Row(
            method: .post,
            path: "/w/smoke/releases/finalize",
            who: .publisher,
            body: #"{"candidate_version":"1.3.0-beta","stable_version":"1.3.0","expected_latest_version":null}"#,
            status: 422,
            code: .validationError
        ),
        Row(method: .post, path: "/w/smoke/versions/1.2.3/yank", status: 401, code: .unauthorized),
        Row(method: .post, path: "/w/smoke/versions/1.2.3/yank", who: .reader, status: 403, code: .forbidden),
        Row(method: .post, path: "/w/smoke/versions/1.2.3/yank", who: .publisher, status: 200),
        Row(
            method: .post,
            path: "/w/smoke/versions/1.2.3/yank",
            who: .publisher,
            body: #"{"reason":"loses data"}"#,
            status: 200
        ),
        Row(method: .post, path: "/w/smoke/versions/9.9.9/yank", who: .publisher, status: 404, code: .versionNotFound),
        Row(method: .post, path: "/w/smoke/versions/latest/yank", who: .publisher, status: 422, code: .validationError),
        Row(method: .post, path: "/w/smoke/versions/1.2.3/unyank", who: .publisher, status: 200),
        Row(method: .delete, path: "/w/smoke/versions/1.2.3", status: 401, code: .unauthorized),
        Row(method: .delete, path: "/w/smoke/versions/1.2.3", who: .stranger, status: 403, code: .forbidden),
        Row(method: .delete, path: "/w/smoke/versions/1.2.3", who: .publisher, status: 200),
        Row(method: .delete, path: "/w/smoke/versions/9.9.9", who: .publisher, status: 404, code: .versionNotFound),
        Row(method: .get, path: "/w/smoke/versions/1.2.3", status: 404, code: .notFound),
        Row(
            method: .post,
            path: "/w/smoke/deprecate",
            who: .publisher,
            body: #"{"message":"use state","replacement":"state"}"#,
            status: 200
        ),
        Row(
            method: .post,
            path: "/w/smoke/deprecate",
            who: .publisher,
            body: #"{"message":"use x","replacement":"nobody","versions":"^^"}"#,
            status: 422,
            code: .validationError
        ),
        Row(method: .get, path: "/download/smoke", status: 200),
        Row(method: .get, path: "/download/smoke?version=1.2.3&ci=true", status: 200),
        Row(method: .get, path: "/download/smoke?version=%5E1", status: 200),
        Row(method: .get, path: "/download/smoke?version=%3E%3D1+%3C2", status: 200),
        Row(method: .get, path: "/download/smoke?version=2.0.0", status: 404, code: .versionNotFound),
        Row(method: .get, path: "/download/smoke?version=%5E2", status: 404, code: .versionNotFound),
        Row(method: .get, path: "/download/nobody", status: 404, code: .workerNotFound),
        Row(method: .get, path: "/download/state", status: 204),
        Row(method: .get, path: "/download/state?version=1.0.0", status: 204),
        Row(method: .head, path: "/download/smoke", status: 200),
        Row(method: .get, path: "/blobs/sha256/\(hex)", status: 404, code: .blobNotFound),
        Row(method: .head, path: "/blobs/sha256/\(hex)", status: 404),
        Row(method: .get, path: "/blobs/sha256/abc", status: 404, code: .notFound),
        Row(method: .get, path: "/blobs/sha256/..%2F..%2Fetc", status: 404, code: .notFound),
        // Resolving.
        Row(method: .post, path: "/resolve", body: #"{"worker":"smoke"}"#, status: 200),
        Row(method: .post, path: "/resolve", body: #"{"worker":"smoke","version":"*"}"#, status: 200),
        Row(method: .post, path: "/resolve", body: #"{"worker":"nobody"}"#, status: 404, code: .workerNotFound),
        Row(
            method: .post,
            path: "/resolve",
            body: #"{"worker":"smoke","version":"^9"}"#,
            status: 422,
            code: .versionNotFound
        ),
        Row(
            method: .post,
            path: "/resolve",
            body: #"{"worker":"smoke","version":"next"}"#,
            status: 422,
            code: .versionNotFound
        ),
        Row(method: .post, path: "/resolve", body: #"{"worker":"broken"}"#, status: 422, code: .workerNotFound),
        Row(method: .post, path: "/resolve", body: #"{"worker":"a/b"}"#, status: 422, code: .validationError),
        Row(method: .post, path: "/resolve", body: #"{"version":"*"}"#, status: 422, code: .validationError),
        Row(method: .post, path: "/resolve", body: #"{"worker":"#, status: 400, code: .invalidJSON),
        Row(method: .post, path: "/resolve", body: "", status: 400, code: .invalidJSON),
        Row(method: .post, path: "/resolve", body: #"{"worker":"a","worker":"b"}"#, status: 400, code: .invalidJSON),
        Row(method: .post, path: "/resolve", body: "[]", status: 422, code: .validationError),
        // Publishing.
        Row(method: .post, path: "/publish", body: "{}", status: 401, code: .unauthorized),
        Row(method: .post, path: "/publish", who: .wrong, body: "{}", status: 401, code: .unauthorized),
        Row(method: .post, path: "/publish", who: .reader, body: "{}", status: 403, code: .forbidden),
        Row(method: .post, path: "/publish", who: .publisher, body: "{", status: 400, code: .invalidJSON),
        Row(method: .post, path: "/publish", who: .publisher, body: "{}", status: 422, code: .validationError),
        Row(
            method: .post,
            path: "/publish",
            who: .publisher,
            body: String(repeating: "[", count: 100_000),
            status: 400,
            code: .invalidJSON
        ),
        Row(
            method: .post,
            path: "/publish",
            who: .stranger,
            body: #"{"worker_name":"state","version":"2.0.0","type":"engine"}"#,
            status: 403,
            code: .forbidden
        ),
        Row(
            method: .post,
            path: "/publish",
            who: .stranger,
            body: #"{"worker_name":"st-ate","version":"2.0.0","type":"engine"}"#,
            status: 403,
            code: .forbidden
        ),
        Row(
            method: .post,
            path: "/publish",
            who: .publisher,
            body: #"{"worker_name":"state","version":"1.0.0","type":"engine"}"#,
            status: 409,
            code: .versionExists
        ),
        Row(
            method: .post,
            path: "/publish",
            who: .publisher,
            body: #"{"worker_name":"state","version":"1.0.1","type":"engine","functions":[]}"#,
            status: 200
        ),
        // Keys and owners.
        Row(method: .get, path: "/keys", status: 401, code: .unauthorized),
        Row(method: .get, path: "/keys", who: .publisher, status: 200),
        Row(method: .post, path: "/keys", body: "{}", status: 401, code: .unauthorized),
        Row(method: .post, path: "/keys", who: .reader, body: "{}", status: 403, code: .forbidden),
        Row(
            method: .post,
            path: "/keys",
            who: .publisher,
            body: #"{"scopes":["admin"]}"#,
            status: 403,
            code: .forbidden
        ),
        Row(method: .post, path: "/keys", who: .publisher, body: "[]", status: 422, code: .validationError),
        Row(method: .delete, path: "/keys/0123456789abcdef", status: 401, code: .unauthorized),
        Row(method: .delete, path: "/keys/0123456789abcdef", who: .publisher, status: 404, code: .keyNotFound),
        Row(method: .get, path: "/w/smoke/owners", status: 200),
        Row(method: .get, path: "/w/nobody/owners", status: 404, code: .workerNotFound),
        Row(method: .post, path: "/w/smoke/owners", body: "{}", status: 401, code: .unauthorized),
        Row(method: .post, path: "/w/smoke/owners", who: .publisher, body: "{}", status: 422, code: .validationError),
        Row(
            method: .post,
            path: "/w/smoke/owners",
            who: .publisher,
            body: #"{"account":"ghost"}"#,
            status: 404,
            code: .accountNotFound
        ),
        Row(
            method: .post,
            path: "/w/nobody/owners",
            who: .publisher,
            body: #"{"account":"acme"}"#,
            status: 404,
            code: .workerNotFound
        ),
        Row(method: .delete, path: "/w/smoke/owners/acme", status: 401, code: .unauthorized),
        Row(method: .delete, path: "/w/smoke/owners/acme", who: .reader, status: 403, code: .forbidden),
        Row(method: .delete, path: "/w/smoke/owners/acme", who: .stranger, status: 403, code: .forbidden),
        Row(method: .delete, path: "/w/smoke/owners/acme", who: .publisher, status: 409, code: .lastOwner),
        // Uploading.
        Row(method: .put, path: "/blobs/sha256/\(hex)", body: "x", status: 401, code: .unauthorized),
        Row(method: .put, path: "/blobs/sha256/\(hex)", who: .reader, body: "x", status: 403, code: .forbidden),
        Row(
            method: .put,
            path: "/blobs/sha256/\(hex)",
            who: .publisher,
            body: "x",
            status: 422,
            code: .digestMismatch
        ),
        Row(method: .put, path: "/blobs/sha256/xyz", who: .publisher, body: "x", status: 404, code: .notFound),
    ]

    @Test(arguments: rows)
    func requestsGetTheirStatus(_ row: Row) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary())
                try await server.publish(Requests.engine("state"))
                try await server.publish(Requests.engine("broken", needs: [("gone", "^1")]))
                let answer = try await server.ask(row.method, row.path, as: row.who, row.body.map { Array($0.utf8) })
                #expect(answer.status == row.status, "\(answer.json.text())")
                #expect(answer.header("X-Request-Id") != nil)
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
                if row.method == .head { #expect(answer.bytes.isEmpty, "a body would be taken for the next answer") }
                guard let code = row.code, row.method != .head else { return }
                #expect(answer.code == code.rawValue)
                Self.expectWhole(answer)
            }
        }
    }

    private static func expectWhole(_ answer: Answer) {
        guard case .object(let error) = answer.json["error"] else {
            Issue.record("no envelope: \(answer.json.text())")
            return
        }
        for key in ["code", "message", "fix", "available", "request_id"] { #expect(error[key] != nil, "\(key)") }
        if case .array = error["available"] {} else { Issue.record("available is no array") }
        if case .string(let fix) = error["fix"] { #expect(!fix.isEmpty) }
        #expect(error["request_id"] == answer.header("X-Request-Id").map { .string($0) })
        #expect(answer.header("Content-Type")?.hasPrefix("application/json") == true)
    }

    @Test func everyRouteOfClientsIsThere() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                // Clients that ask for no page hear that nothing is at the root.
                for route in RegistryRoute.allCases where route != .home {
                    let path = route.rawValue.replacing("{id}", with: "none").replacing("{account}", with: "none")
                        .replacing("{name}", with: "none").replacing("{digest}", with: Self.hex)
                        .replacing("{version}", with: "1.0.0").replacing("{tag}", with: "next")
                    let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete]
                    var codes: [String?] = []
                    for method in methods { codes.append(try await server.ask(method, path, []).code) }
                    #expect(codes.contains { $0 != RegistryErrorCode.notFound.rawValue }, "\(route)")
                }
            }
        }
    }

    /// A path may be written with any of its bytes escaped.
    @Test func partsOfPathsAreReadAsTheyAreMeant() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                try await server.publish(Requests.binary("smoke", "1.2.3"))
                let plain = try await server.ask(.get, "/w/smoke")
                let escaped = try await server.ask(.get, "/w/sm%6Fke")
                #expect(plain.status == 200 && escaped.status == 200 && escaped.bytes == plain.bytes)
                for (path, status) in [
                    ("/w/smoke/versions/1.2.3%2Bx", 404), ("/w/smoke/versions/1.2.3%", 422),
                    ("/w/smoke/versions/%FF", 422), ("/w/smoke%2F..%2Fsmoke/versions/1.2.3", 404),
                    ("/w/smoke/versions/1%2e2.3", 200),
                ] {
                    #expect(try await server.ask(.delete, path, as: .publisher).status == status, "\(path)")
                }
            }
        }
    }
}
