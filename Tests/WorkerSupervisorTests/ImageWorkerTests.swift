// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ImageStore
import JSONText
import Namespaces
import ProjectFiles
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerSupervisor

/// Images and bundles on base images, started by the launcher in real namespaces.
@Suite(.timeLimit(.minutes(20))) struct ImageWorkerTests {
    private struct Stage {
        let home: IIIHome
        let folder: ProjectFolder
        let root: FilePath

        static func with(_ body: (Stage) async throws -> Void) async throws {
            try await withTemporaryDirectory { root in
                let home = IIIHome(root: root.appending("home"))
                let project = Project(configPath: root.appending("config.yaml"))
                let stage = Stage(home: home, folder: ProjectFolder(project, in: home), root: root)
                try HostFiles.makeDirectory(home.root, mode: 0o700)
                try await body(stage)
            }
        }

        func launcher() throws -> WorkerLauncher {
            let guest = SmallRoot.repository.appending(".build/debug/iii-guest")
            return WorkerLauncher(
                folder: folder,
                environment: HostEnvironment(variables: [:], currentDirectory: root),
                engine: { NetworkAddress(host: "127.0.0.1", port: 9) },
                sandboxes: Sandboxes([NamespacesBackend(guest: guest, bubblewrap: "/usr/bin/bwrap")]),
                images: try ImageShelf(home: home, host: try TargetTriple(parsing: "x86_64-unknown-linux-gnu"))
            )
        }

        func declaration(_ content: WorkerDeclaration.Content, _ config: JSONValue? = nil) throws -> WorkerDeclaration {
            WorkerDeclaration(name: try WorkerName(parsing: "worker"), content: content, config: config)
        }

        /// Runs a worker to its end.
        func run(_ declaration: WorkerDeclaration) async throws -> (end: String, output: String) {
            let log = WorkerLog(folder: folder.logs(of: declaration.name))
            log.beginRun()
            let run = try await launcher().start(declaration, log: log)
            let end = await run.exit()
            #expect(run.tier == .namespaces)
            let lines = try LogReader(folder: folder.logs(of: declaration.name)).last(100, of: .output)
            return (end, String(decoding: lines, as: UTF8.self))
        }
    }

    @Test func anImageRunsAsItSaysBelowWhatItsUserSays() async throws {
        try await Stage.with { stage in
            let script =
                "pwd; id -u; id -g; echo $A $B $C $HOME $III_ISOLATION $III_URL; echo x > made; cat made; cat /etc/secret || echo closed"
            let image = try StoredImage(
                """
                {"Entrypoint": ["/bin/sh", "-c"], "WorkingDir": "/srv/app", "User": "www", "Cmd": ["\(script)"],
                 "Env": ["A=image", "B=image", "C=image", "III_URL=ws://elsewhere"]}
                """,
                in: stage.home.root,
                adding: """
                    mkdir iii; printf 'env:\\n  B: manifest\\n  C: manifest\\nresources:\\n  memory: 96\\n' > iii/worker.yaml
                    echo www:x:33:34::/var/www:/bin/sh >> etc/passwd
                    """
            )
            let declaration = try stage.declaration(.image(image.reference), ["C": "entry"])
            let (end, output) = try await stage.run(declaration)
            let expected =
                "/srv/app\n33\n34\nimage manifest entry /var/www namespaces ws://127.0.0.1:49134\nx\nclosed\n"
            #expect(output == expected, "\(end)")
            #expect(end == "ended with status 0")
        }
    }

    @Test func whatAnImageWritesStaysOnlyWhereThatIsAskedFor() async throws {
        try await Stage.with { stage in
            let script = "echo run >> /var/lib/runs; cat /var/lib/runs; echo --"
            let image = try StoredImage(#"{"Cmd":["/bin/sh","-c","\#(script)"]}"#, in: stage.home.root)
            var declaration = try stage.declaration(.image(image.reference))
            #expect(try await stage.run(declaration).output == "run\n--\n")
            #expect(try await stage.run(declaration).output == "run\n--\nrun\n--\n")
            declaration.keepsWrites = true
            for _ in 0..<2 { _ = try await stage.run(declaration) }
            #expect(try await stage.run(declaration).output.hasSuffix("run\nrun\nrun\n--\n"))
        }
    }

    @Test func whatCannotRunSaysWhy() async throws {
        try await Stage.with { stage in
            let nothing = try StoredImage("{}", in: stage.home.root)
            let nobody = try StoredImage(#"{"Cmd":["/bin/sh"],"User":"nobody-here"}"#, in: stage.home.root)
            let absent = "registry.example/worker@sha256:\(String(repeating: "0", count: 64))"
            for (reference, reason) in [
                (nothing.reference, "its image names no program"),
                (nobody.reference, "its image has no user `nobody-here`"), (absent, "is not on this machine"),
            ] {
                let error = await #expect(throws: WorkerCannotRun.self) {
                    _ = try await stage.run(try stage.declaration(.image(reference)))
                }
                #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
            }
        }
    }

    @Test func aBundleRunsOnTheBaseImageThatTheMachineNames() async throws {
        try await Stage.with { stage in
            let base = try StoredImage(
                #"{"Env":["GREETING=base"]}"#,
                in: stage.home.root,
                adding: "echo marked > etc/mark"
            )
            let tree = stage.root.appending("bundle")
            try Shell.run(
                """
                mkdir bundle; cat > bundle/iii.worker.yaml <<'END'
                name: worker
                scripts:
                  start: python3 main.py
                END
                cat > bundle/main.py <<'END'
                import os
                print(open("/etc/mark").read().strip(), os.environ["GREETING"], os.path.exists("/usr/bin/bwrap"), os.getcwd())
                try: open("/etc/own", "w"); print("wrote")
                except OSError: print("held")
                END
                chmod -R a+rX .
                """,
                in: stage.root
            )
            try Shell.run(
                "echo 'base_images: {python: \"registry.example/python:3\"}' > settings.yaml",
                in: stage.home.root
            )
            let declaration = try stage.declaration(.bundle(tree))
            let missing = await #expect(throws: WorkerCannotRun.self) { _ = try await stage.run(declaration) }
            #expect(missing?.reason == "its image `registry.example/python:3` is not on this machine")
            try ImageStore(home: stage.home).name(
                base.digest,
                as: try ImageReference(parsing: "registry.example/python:3")
            )
            #expect(try await stage.run(declaration).output == "marked base False /workspace\nheld\n")
        }
    }

    /// As its manifest says, once that image is here; without a word it would run on this machine's own programs.
    @Test func aFolderRunsOnTheImageThatItsManifestNames() async throws {
        try await Stage.with { stage in
            let base = try StoredImage(
                #"{"Env":["GREETING=base"]}"#,
                in: stage.home.root,
                adding: "echo marked > etc/mark"
            )
            try Shell.run(
                """
                mkdir tool; cat > tool/iii.worker.yaml <<'END'
                name: worker
                runtime: {base_image: "registry.example/python:3"}
                scripts:
                  install: cat /etc/mark > made; echo $GREETING >> made
                  start: cat made; id -u; test -e /usr/bin/bwrap || echo own; echo x > /etc/own || echo held
                END
                chmod -R a+rX .
                """,
                in: stage.root
            )
            var declaration = try stage.declaration(.folder(stage.root.appending("tool")))
            let missing = await #expect(throws: WorkerCannotRun.self) { _ = try await stage.run(declaration) }
            #expect(missing?.reason == "its image `registry.example/python:3` is not on this machine")
            let reference = try ImageReference(parsing: "registry.example/python:3")
            try ImageStore(home: stage.home).name(base.digest, as: reference)
            #expect(try await stage.run(declaration).output == "marked\nbase\n1000\nown\nheld\n")
            declaration.isolation = IsolationTier.none
            let unconfined = declaration
            let refused = await #expect(throws: WorkerCannotRun.self) { _ = try await stage.run(unconfined) }
            #expect(refused?.reason.contains("runtime.base_image") == true)
        }
    }

    @Test(
        arguments: [
            (nil, 1000, 1000, [], "/root"), ("0", 1000, 1000, [], "/root"), ("root:root", 1000, 1000, [], "/root"),
            ("app", 7, 8, [9, 10], "/home/app"), ("app:team", 7, 9, [], "/home/app"),
            ("7:123", 7, 123, [], "/home/app"), ("7", 7, 8, [9, 10], "/home/app"), ("55", 55, 0, [], "/"),
            ("55:0", 55, 0, [], "/"), ("app:root", 7, 0, [], "/home/app"), ("55:team", 55, 9, [], "/"),
        ] as [(String?, UInt32, UInt32, [UInt32], String)]
    )
    func usersAreThoseOfTheImage(
        text: String?,
        user: UInt32,
        group: UInt32,
        groups: [UInt32],
        home: String
    ) throws {
        let accounts = ImageAccounts(
            users: Array("root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:7:8::/home/app:/bin/sh\n".utf8),
            groups: Array(
                "root:x:0:\nown:x:8:app\nteam:x:9:other,app\nmore:x:10:app\nno:x:11:application\nbroken\n".utf8
            )
        )
        let account = try accounts.account(text)
        let worker = WorkerUser(user: user, group: group, groups: groups)
        #expect(account == ImageAccounts.Account(user: worker, home: home, isRoot: home == "/root"))
    }
}
