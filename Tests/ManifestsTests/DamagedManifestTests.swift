// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import TestSupport
import Testing
import WorkerModel

@testable import Manifests

/// Manifests come out of archives that anybody can make: whatever is in them, reading ends, with places inside the text.
struct DamagedManifestTests {
    private let text = """
        name: tool
        version: '1.2.0'
        scripts: {start: "node x", setup: ~}
        runtime: {kind: node}
        resources: {cpus: 9, memory: 0x200}
        env: {A: "b", III_X: 'y'}
        dependencies: {other: ^1.2, more: latest}
        tags: [a, b]
        artifacts: {x86_64-unknown-linux-gnu: dist/a}
        config:
          a: [1, .5, {b: true}]
          c: |
            text
        """

    @Test(arguments: 0..<6) func isReadOrRefused(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let marks = Array("-:#[]{}&*!|>'\"%@`?, \t\n~\\.0".utf8)
        var readCount = 0
        for _ in 0..<400 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
                default: bytes.insert(marks.randomElement(using: &random) ?? 0x20, at: place)
                }
            }
            // A value that is not there can stand on the line behind the last.
            let lines = 2 + bytes.count { $0 == 0x0A || $0 == 0x0D }
            guard let manifest = try? WorkerManifest(parsing: bytes) else { continue }
            readCount += 1
            #expect(manifest.problems.allSatisfy { ($0.place?.line ?? 1) <= lines && !$0.message.isEmpty })
            let bundle = try? manifest.checkedAsBundle(named: nil, version: nil)
            #expect(bundle == nil || bundle?.resources == bundle?.resources.clamped(to: .bundleCap))
            _ = try? manifest.checkedAsLocal()
            _ = try? manifest.checkedForPublishing()
        }
        #expect(readCount > 40)
    }
}
