// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ProjectFiles
import Sandboxing
import SystemPackage
import TestSupport
import Testing

struct MachineSettingsTests {
    private func settings(_ text: String?) throws -> MachineSettings {
        try withTemporaryDirectory { folder in
            if let text { try HostFiles.write(Array(text.utf8), to: folder.appending("settings.yaml")) }
            return try MachineSettings(IIIHome(root: folder))
        }
    }

    @Test(arguments: [nil, "", "# nothing\n", "other: 1\n", "min_isolation:\n"] as [String?])
    func saysNothingWhereNothingIsSaid(text: String?) throws {
        #expect(try settings(text) == MachineSettings())
    }

    /// A word that is misspelt would be no protection, and nobody would know.
    @Test(arguments: [
        ("min_isolaton: vm\n", "line 1: `min_isolaton` means nothing here; did you mean `min_isolation`?"),
        ("isolation:\n  call: permissive\n", "line 2: `call` means nothing here; did you mean `calls`?"),
        ("registeries: []\n", "line 1: `registeries` means nothing here; did you mean `registries`?"),
        ("base-images: {}\n", "line 1: `base-images` means nothing here; did you mean `base_images`?"),
    ])
    func whatIsMisspeltIsTold(text: String, told: String) throws {
        #expect(try settings(text).oversights == ["settings.yaml, \(told)"])
    }

    @Test func readsMinimumAndImages() throws {
        let found = try settings("min_isolation: emulated-vm\nbase_images:\n  python: registry.example/python:3\n")
        #expect(found.minimumIsolation == .emulatedVM)
        #expect(found.baseImages == ["python": "registry.example/python:3"])
    }

    @Test(arguments: [
        "min_isolation: strong\n", "min_isolation: [vm]\n", "- a\n", "a: 1\na: 2\n", "a: &x 1\n",
        "base_images: {python: 3}\n",
    ])
    func namesTheFileThatIsWrong(text: String) {
        let error = #expect(throws: ProjectError.self) { try settings(text) }
        #expect(error?.message.contains("settings.yaml") == true)
        #expect(error?.cause != nil)
    }
}
