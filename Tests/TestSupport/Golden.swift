// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Foundation
package import Testing

/// Files that hold what a test expects, beside the test in a folder `Fixtures`.
package enum Golden {
    /// Compares `text` with the golden file; `RECORD_GOLDEN=1` writes the file instead, which CI refuses.
    package static func expect(
        _ text: String,
        matches name: String,
        fixturesNear file: String = #filePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let url = fixture(name, near: file)
        let environment = ProcessInfo.processInfo.environment
        if environment["RECORD_GOLDEN"] == "1" {
            guard environment["CI"] == nil else {
                Issue.record("golden files are not recorded under CI", sourceLocation: sourceLocation)
                return
            }
            do {
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: url)
            } catch { Issue.record(error, sourceLocation: sourceLocation) }
            return
        }
        guard let expected = try? Data(contentsOf: url) else {
            Issue.record("no golden file \(name); record it with RECORD_GOLDEN=1", sourceLocation: sourceLocation)
            return
        }
        #expect(text == String(decoding: expected, as: UTF8.self), "\(name)", sourceLocation: sourceLocation)
    }

    /// The place of a fixture.
    package static func fixture(_ name: String, near file: String = #filePath) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
    }
}
