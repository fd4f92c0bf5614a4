// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@Suite struct HostEnvironmentTests {
    private let environment = HostEnvironment(
        variables: ["HOME": "/home/ada", "III_API_URL": "", "CI": ""],
        currentDirectory: "/work/here"
    )

    @Test func emptyVariablesCountAsUnset() {
        #expect(environment[.apiURL] == nil)
        #expect(environment[.userHome] == "/home/ada")
    }

    @Test(arguments: [
        ("a/b", "/work/here/a/b"), ("../x", "/work/x"), ("./x", "/work/here/x"), ("/etc/../x", "/x"),
        ("~/w", "/home/ada/w"), ("~", "/home/ada"), ("~other/w", "/work/here/~other/w"),
    ])
    func pathsBecomeAbsolute(text: String, expected: String) {
        #expect(environment.absolute(text) == FilePath(expected))
    }

    @Test func presenceOfAVariableTellsContinuousIntegration() {
        #expect(environment.isContinuousIntegration)
        #expect(!HostEnvironment(variables: [:], currentDirectory: "/").isContinuousIntegration)
    }

    @Test func homeIsTheOneThatIsNamed() throws {
        #expect(try IIIHome(environment).root == "/home/ada/.iii")
        var named = environment
        named.variables["III_HOME"] = "elsewhere"
        #expect(try IIIHome(named).root == "/work/here/elsewhere")
        #expect(throws: HomeUnknown.self) { try IIIHome(HostEnvironment(variables: [:], currentDirectory: "/")) }
    }

    @Test func liveEnvironmentHasThePath() throws {
        let live = try HostEnvironment.live()
        #expect(live.variables["PATH"] != nil)
        #expect(live.currentDirectory.isAbsolute)
    }

    @Test(arguments: [
        (["lib64/ld-linux-x86-64.so.2"], "gnu"), (["lib/ld-musl-x86_64.so.1"], "musl"), ([], "gnu"),
        (["lib/ld-musl-x86_64.so.1", "lib/ld-linux.so.2"], "gnu"),
    ])
    func loaderTellsTheLibrary(files: [String], library: String) throws {
        try withTemporaryDirectory { root in
            for file in files {
                let path = root.appending(file)
                try HostFiles.makeDirectory(path.removingLastComponent())
                try HostFiles.write([], to: path)
            }
            #if os(Linux)
            #expect(HostTarget.detect(root: root)?.description.hasSuffix("-linux-\(library)") == true)
            #endif
        }
    }
}
