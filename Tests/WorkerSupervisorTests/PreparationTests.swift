// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Namespaces
import ProjectFiles
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerSupervisor

/// What `install` of a folder reaches, and what its worker reaches later.
@Suite(.timeLimit(.minutes(10))) struct PreparationTests {
    /// Asks the proxy for this machine itself, which it refuses: so it is there, and nobody has to be reached.
    private static let asking = """
        import os, urllib.request, urllib.error
        try: print("proxy", urllib.request.urlopen("http://10.255.255.1.invalid/").status)
        except urllib.error.HTTPError as error: print("proxy", error.code)
        except OSError as error: print("none", "HTTPS_PROXY" in os.environ)
        """

    private static func output(opensInstalls: Bool, folder root: FilePath) async throws -> String {
        let home = IIIHome(root: root.appending("home"))
        let folder = ProjectFolder(Project(configPath: root.appending("config.yaml")), in: home)
        try HostFiles.makeDirectory(home.root, mode: 0o700)
        try Shell.run(
            """
            mkdir -p tool; cat > tool/ask.py <<'END'
            \(asking)
            END
            printf 'name: tool\\nscripts:\\n  install: python3 ask.py\\n  start: python3 ask.py\\n' > tool/iii.worker.yaml
            chmod -R a+rX .
            """,
            in: root
        )
        let guest = SmallRoot.repository.appending(".build/debug/iii-guest")
        let launcher = WorkerLauncher(
            folder: folder,
            environment: HostEnvironment(variables: [:], currentDirectory: root),
            engine: { NetworkAddress(host: "127.0.0.1", port: 9) },
            sandboxes: Sandboxes([NamespacesBackend(guest: guest, bubblewrap: "/usr/bin/bwrap")]),
            images: try ImageShelf(home: home, host: try TargetTriple(parsing: "x86_64-unknown-linux-gnu"))
        )
        var declaration = WorkerDeclaration(
            name: try WorkerName(parsing: "tool"),
            content: .folder(root.appending("tool"))
        )
        declaration.opensInstalls = opensInstalls
        let log = WorkerLog(folder: folder.logs(of: declaration.name))
        _ = await (try launcher.start(declaration, log: log)).exit()
        let lines = try LogReader(folder: folder.logs(of: declaration.name)).last(100, of: .output)
        return String(decoding: lines, as: UTF8.self)
    }

    @Test(arguments: [(true, "proxy 502\nnone False\n"), (false, "none False\nnone False\n")])
    func installsReachTheNetworkUnlessThatIsClosed(isOpen: Bool, expected: String) async throws {
        try await withTemporaryDirectory { folder in
            let output = try await Self.output(opensInstalls: isOpen, folder: folder)
            #expect(output == expected)
        }
    }
}
