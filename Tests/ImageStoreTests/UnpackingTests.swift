// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import ImageDocuments
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ImageStore

struct UnpackingTests {
    private static func unpack(_ layers: [String]) async throws -> (tree: String, notes: [String]) {
        try await withTemporaryDirectory { folder in
            let made = try LayeredImage(layers, in: folder)
            let done = try await made.store.install(made.image)
            let found = try await made.store.find(made.image.manifest.digest, for: LayeredImage.platform)
            #expect(found?.root == done.image.root)
            return (try LayeredImage.tree(done.image.root), done.notes)
        }
    }

    /// Layers, and the lines of the tree that they make.
    @Test(arguments: [
        (["add('a', b'1')"], "a f 644 1 \n"),
        // A whiteout takes lower things away, wherever it stands among its layer's own.
        (
            ["add('d/old'); add('d/keep')", "add('d/new'); add('d/.wh.old')"],
            "d d 755 \nd/keep f 644 0 \nd/new f 644 0 \n"
        ),
        (["add('d/old')", "add('d/new'); add('d/.wh..wh..opq')"], "d d 755 \nd/new f 644 0 \n"),
        (["add('d/old')", "add('.wh.d'); add('d/new')"], "d d 755 \nd/new f 644 0 \n"),
        (["add('d/old')", "add('d/new'); add('.wh.d')"], "d d 755 \nd/new f 644 0 \n"),
        (["add('a')", "add('.wh.a')", "add('.wh.a')"], ""),
        // Paths lead through links as a container sees them, to the root at most.
        (
            ["add('l', type=SYM, link='/usr/l'); add('l/a')"],
            "l l 777 6 /usr/l\nusr d 755 \nusr/l d 755 \nusr/l/a f 644 0 \n"
        ),
        (["add('l', type=SYM, link='../../..'); add('l/a')"], "a f 644 0 \nl l 777 8 ../../..\n"),
        (["add('/abs'); add('./dot')"], "abs f 644 0 \ndot f 644 0 \n"),
        // Another kind takes the place of what was there.
        (["add('a/b/c')", "add('a', b'x')"], "a f 644 1 \n"),
        (["add('a', b'x')", "add('a/b/c')"], "a d 755 \na/b d 755 \na/b/c f 644 0 \n"),
        (["add('a', b'x')", "add('a', type=DIR, mode=0o700)"], "a d 700 \n"),
        (
            ["add('u', type=DIR); add('a', type=SYM, link='u')", "add('a', type=DIR); add('a/f')"],
            "a d 644 \na/f f 644 0 \nu d 644 \n"
        ),
        // A second name keeps what it names when the first is written anew.
        (["add('a', b'1'); add('b', type=LNK, link='a')", "add('a', b'22')"], "a f 644 2 \nb f 644 1 \n"),
        (["add('a', b'1')", "add('b', type=LNK, link='/a')"], "a f 644 1 \nb f 644 1 \n"),
        (
            [
                "add('s', b'1', mode=0o6755); add('d', type=DIR, mode=0o2775); add('n', type=CHR); add('p', type=FIFO); add('m', type=LNK, link='n')"
            ],
            "d d 2775 \ns f 755 1 \n"
        ),
        (
            ["add('x' * 200 + '/' + 'y' * 200, b'1')"],
            "\(String(repeating: "x", count: 200)) d 755 \n\(String(repeating: "x", count: 200))/\(String(repeating: "y", count: 200)) f 644 1 \n"
        ),
    ])
    func laysLayersOverOneAnother(_ layers: [String], _ tree: String) async throws {
        #expect(try await Self.unpack(layers).tree == tree)
    }

    /// What lies beside the tree tells whose its entries are: the same whoever unpacked it.
    @Test func tellsOfEntriesThatAreNotRootsOrNotAsUsual() async throws {
        let layers = [
            """
            add('usual'); add('folder', type=DIR, mode=0o755)
            add('own', b'1', mode=0o600, user=7, group=8); add('gone', user=7); add('again', user=7)
            add('d', type=DIR, mode=0o2775, group=50); add('d/link', type=SYM, link='../own', user=7)
            add('d/lower', user=9); add('closed', mode=0o640); add('shadow', mode=0o4755, user=3)
            add('writable', mode=0o666); add('second', type=LNK, link='own', user=7)
            """,
            "add('.wh.gone'); add('again'); add('d/.wh..wh..opq'); add('d/new', user=70000, group=70001)",
        ]
        try await withTemporaryDirectory { folder in
            let made = try LayeredImage(layers, in: folder)
            let image = try await made.store.install(made.image).image
            let bytes = try HostFiles.read(try #require(image.owners), upTo: .mebibytes(1)) ?? []
            let rows = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            #expect(
                rows == [
                    "0 0 100640 closed", "0 50 42775 d", "70000 70001 100644 d/new", "7 8 100600 own",
                    "7 8 100600 second", "3 0 100755 shadow", "0 0 100666 writable",
                ]
            )
            #expect(RootOwners(parsing: bytes)?.bytes == bytes)
        }
    }

    /// Links that one layer plants, and names below them that the next one writes, links, removes or takes for folders.
    @Test(arguments: [
        "add('l/victim', b'written')", "add('l/new', b'written')", "add('l/.wh.victim')", "add('l/.wh..wh..opq')",
        "add('.wh.l'); add('l/victim', b'written')", "add('h', type=LNK, link='l/victim')",
        "add('l/sub/deep', b'written')", "add('l', b'in its place')", "add('l', type=DIR, mode=0o700)",
        "add('up/up/up/up/up/victim', b'x')", "add('l/s', type=SYM, link='/etc'); add('l/s/passwd', b'x')",
    ])
    func nothingBehindPlantedLinksIsTouched(_ layer: String) async throws {
        try await withTemporaryDirectory { folder in
            let outside = folder.appending("outside")
            try Shell.run(
                "mkdir outside; echo mine > outside/victim; chmod 755 outside; touch -d @1 outside/victim outside",
                in: folder
            )
            let before = try Shell.run("find outside -printf '%P %y %m %n %T@ %u\\n'; cat outside/victim", in: folder)
            let planted = "add('l', type=SYM, link='\(outside)'); add('up', type=SYM, link='../../../../../..')"
            let made = try LayeredImage([planted, layer], in: folder)
            // Some are refused, others done within the root.
            _ = try? await made.store.install(made.image)
            #expect(
                try Shell.run("find outside -printf '%P %y %m %n %T@ %u\\n'; cat outside/victim", in: folder) == before
            )
        }
    }

    @Test func tellsWhatWasLeftOut() async throws {
        let notes = try await Self.unpack(["add('s', mode=0o4755); add('dev/null', type=CHR)"]).notes
        #expect(notes == ["devices and pipes were left out: /dev/null", "setuid and setgid were taken from 1 file"])
    }

    /// What would climb out, contradict itself or go on for ever, and a word of the refusal.
    @Test(arguments: [
        (["add('../out')"], "contains `..`"), (["add('a/../../out')"], "contains `..`"),
        (["add('a'); add('.wh.')"], "plain name"), (["add('a')", "add('.wh...')"], "plain name"),
        (["add('d/a')", "add('d/.wh..')"], "plain name"),
        (["add('a', b'x'); add('a/b')"], "no folder"),
        (["add('a', type=SYM, link='b'); add('b', type=SYM, link='a'); add('a/x')"], "too many links"),
        (["add('h', type=LNK, link='../../../etc/passwd')"], "contains `..`"),
        (["add('h', type=LNK, link='/etc/passwd')"], "not there"),
        (["add('d', type=DIR); add('h', type=LNK, link='d')"], "no file"),
        (["add('/'.join('d' * 300))"], "levels"), (["add('.')"], "the root"),
        (["add('a', bytes(20 << 20))"], "grow to more than"), (["add('x' * 300)"], "longer than 255"),
    ])
    func refusesHostileLayers(_ layers: [String], _ words: String) async throws {
        try await withTemporaryDirectory { folder in
            let made = try LayeredImage(layers, in: folder)
            let before = try Shell.run("find . -path ./home -prune -o -print | sort", in: folder)
            let error = await #expect(throws: ArchiveError.self) { try await made.store.install(made.image) }
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(try Shell.run("find . -path ./home -prune -o -print | sort", in: folder) == before)
            #expect(try await made.store.find(made.image.manifest.digest, for: LayeredImage.platform) == nil)
            #expect(try HostFiles.entries(of: made.store.staging).isEmpty)
        }
    }

    @Test(arguments: ["application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+zstd"])
    func refusesWhatIsPackedOtherwiseThanItsTypeSays(_ type: String) async throws {
        try await withTemporaryDirectory { folder in
            let made = try LayeredImage(["add('a')"], in: folder, mediaType: type)
            await #expect(throws: ArchiveError.self) { try await made.store.install(made.image) }
        }
    }

    /// Against the tool of the OCI project, on an image that it made.
    @Test func makesTheTreeThatUmociMakes() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run(
                """
                exec 2>log
                umoci init --layout img; umoci new --image img:a; umoci unpack --image img:a b
                R=b/rootfs; mkdir -p $R/bin $R/etc/d $R/usr/lib $R/var/x; cp /bin/ls $R/bin/; ln $R/bin/ls $R/bin/dir
                ln -s usr/lib $R/lib; ln -s /nowhere $R/dangling; echo old > $R/etc/d/old; chmod 600 $R/etc/d/old
                truncate -s 3M $R/var/sparse; echo 1 > $R/var/x/gone; chmod 1777 $R/var
                umoci repack --refresh-bundle --image img:a b
                rm -r $R/etc/d $R/var/x; mkdir $R/etc/d; echo new > $R/etc/d/new; echo y > $R/usr/lib/y; rm $R/dangling
                ln $R/bin/ls $R/bin/third; echo file > $R/var/x
                umoci repack --refresh-bundle --image img:a b; umoci unpack --image img:a peer
                """,
                in: folder
            )
            let store = ImageStore(home: IIIHome(root: folder.appending("home")))
            let blobs = folder.appending("img").appending("blobs").appending("sha256")
            for name in try HostFiles.entries(of: blobs) {
                let bytes = try HostFiles.read(blobs.appending(name), upTo: .mebibytes(64)) ?? []
                try store.keep(bytes, digest: Digest(parsing: name))
            }
            let name = try Shell.run(
                "python3 -c \"import json; print([m for m in json.load(open('img/index.json'))['manifests']][-1]['digest'])\"",
                in: folder
            )
            let host = ImagePlatform(system: "linux", architecture: "amd64")
            let stored = try #require(try store.manifest(Digest(parsing: name.filter { !$0.isWhitespace }), for: host))
            let done = try await store.install(try store.unpackable(stored, for: host))
            let peer = folder.appending("peer").appending("rootfs")
            #expect(try LayeredImage.tree(done.image.root) == LayeredImage.tree(peer))
            try Shell.run("diff -r --no-dereference \(done.image.root) \(peer)", in: folder)
        }
    }

    /// What is in an image is read as a container would read it.
    @Test func readsFilesWithoutLeavingTheRoot() async throws {
        try await withTemporaryDirectory { folder in
            let layer =
                "add('iii/worker.yaml', type=SYM, link='/../real'); add('real', b'x: 1'); add('up', type=SYM, link='../../../../etc/passwd'); add('d/f')"
            let made = try LayeredImage([layer], in: folder)
            let image = try await made.store.install(made.image).image
            #expect(try image.workerManifest() == Array("x: 1".utf8))
            #expect(try image.read("/up", upTo: .kibibytes(1)) == nil)
            #expect(try image.read("d", upTo: .kibibytes(1)) == nil)
            #expect(throws: FileTooLarge.self) { try image.read("real", upTo: ByteCount(2)) }
        }
    }
}
