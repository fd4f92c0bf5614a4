// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import OCIImages

struct AuthenticationChallengeTests {
    private static let cases: [(String, [AuthenticationChallenge])] = [
        ("", []),
        ("Basic", [.init(scheme: "basic", parameters: [:])]),
        ("BASIC realm=\"a\"", [.init(scheme: "basic", parameters: ["realm": "a"])]),
        (
            #"Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push""#,
            [
                .init(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token", "service": "reg", "scope": "repository:a/b:pull,push",
                    ]
                )
            ]
        ),
        (
            #"Basic realm="x, y", Bearer realm="z" , Service = plain"#,
            [
                .init(scheme: "basic", parameters: ["realm": "x, y"]),
                .init(scheme: "bearer", parameters: ["realm": "z", "service": "plain"]),
            ]
        ),
        (#"Bearer realm="say \"hi\"""#, [.init(scheme: "bearer", parameters: ["realm": #"say "hi""#])]),
        (#"Bearer realm="never closed"#, []),
        (#"Bearer realm="a", ="b""#, [.init(scheme: "bearer", parameters: ["realm": "a"])]),
        ("=,=,=", []),
    ]

    @Test(arguments: cases) func readsWhatServersAskFor(_ header: String, _ expected: [AuthenticationChallenge]) {
        #expect(AuthenticationChallenge.parse(header) == expected)
    }

    @Test func noiseEndsTheListAndNothingElse() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                "Bearer =\",\\realm".utf8.randomElement(using: &generator) ?? 0
            }
            let challenges = AuthenticationChallenge.parse(String(decoding: bytes, as: UTF8.self))
            #expect(challenges.count <= bytes.count)
        }
    }
}
