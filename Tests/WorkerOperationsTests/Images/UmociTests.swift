// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

/// The tool of the OCI project unpacks the same images: entry by entry the same tree comes out.
@Suite(.timeLimit(.minutes(10))) struct UmociTests {
    /// One image: the bodies of layers that Python writes, or commands that add layers to `made:a`.
    struct Image: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var layers: [String] = []
        var commands = ""
    }

    /// Folders of files with holes: nothing else, one at the end, and more than a header has room for.
    private static let holes = """
        mkdir holes; truncate -s 5M holes/empty; truncate -s 3M holes/end
        printf x | dd of=holes/end bs=1 seek=3000000 conv=notrunc
        for n in $(seq 40); do printf "part $n" | dd of=holes/many bs=1 seek=$((n * 100000)) conv=notrunc; done
        """

    static let corpus = [
        Image(
            testDescription: "whiteouts before, between and after their neighbours",
            layers: [
                "add('a/old', b'1'); add('a/keep', b'2'); add('b/x/y', b'3'); add('c', b'4'); add('e/f', b'5')",
                "add('a/new', b'6'); add('a/.wh.old'); add('.wh.c'); add('b/.wh.x'); add('b/x/z', b'7')",
                "add('.wh.e'); add('e', b'a file now'); add('c/now/deep', b'8'); add('a/.wh.nothing')",
            ]
        ),
        Image(
            testDescription: "opaque folders with the mark first, last and alone",
            layers: [
                "[add(f'{d}/{n}', b'x') for d in 'abc' for n in ('one', 'two', 'sub/three')]",
                "add('a/.wh..wh..opq'); add('a/four', b'4')",
                "add('b/four', b'4'); add('b/sub/five', b'5'); add('b/.wh..wh..opq')",
                "add('c/.wh..wh..opq')",
            ]
        ),
        Image(
            testDescription: "hard links, within a layer and across",
            layers: [
                "add('a', b'first'); add('b', type=LNK, link='a'); add('d/c', type=LNK, link='b')",
                "add('later', type=LNK, link='d/c'); add('a', b'second')",
                "add('.wh.b'); add('e', type=LNK, link='a'); add('f/g/h', type=LNK, link='later')",
            ]
        ),
        Image(
            testDescription: "one kind of thing in the place of another",
            layers: [
                "add('f', b'x'); add('d/in', b'y'); add('l', type=SYM, link='d'); add('m', type=SYM, link='nowhere'); add('n/o', b'')",
                "add('f', type=DIR); add('f/now', b'1'); add('d', b'2'); add('l', b'3'); add('m', type=DIR); add('n', type=SYM, link='f')",
                "add('f', type=SYM, link='/d'); add('d', type=DIR, mode=0o700); add('d/new', b'4')",
            ]
        ),
        Image(
            testDescription: "long names, in both dialects, and names that are no text",
            layers: [
                "add('p' * 200 + '/' + 'q' * 200 + '/' + 'r' * 250, b'1'); add('l', type=SYM, link='s/' * 150 + 't')",
                "t.format = tarfile.GNU_FORMAT; add('u' * 150 + '/' + 'v' * 180, b'2'); add('w' * 120, type=LNK, link='u' * 150 + '/' + 'v' * 180)",
                "t.encoding, t.errors = 'latin-1', 'strict'; t.format = tarfile.GNU_FORMAT; add('caf\\xe9/\\xff\\xfe', b'3')",
                "add('übergröße/名前', b'4'); add(' spaced \\t name', b'5'); add('new\\nline', b'6')",
            ]
        ),
        Image(
            testDescription: "modes, times, owners and attributes",
            layers: [
                "add('sticky', type=DIR, mode=0o1777); add('group', type=DIR, mode=0o2775); add('none', b'x', mode=0)",
                "add('times', b'x', mtime=1234567890.25); add('early', b'x', mtime=0); add('o', b'x', uid=1234567, gid=99)",
                "add('x', b'x', pax_headers={'SCHILY.xattr.user.note': 'kept', 'SCHILY.xattr.user.empty': ''}); add('group/f', b'y')",
                "add('dir', type=DIR, mode=0o755, mtime=1111111111, pax_headers={'SCHILY.xattr.user.d': 'e'}); add('dir/f')",
            ]
        ),
        Image(
            testDescription: "files with holes in three formats",
            commands: """
                \(holes)
                for format in posix:0.0 posix:0.1 posix:1.0; do
                  cp -r --sparse=always holes "holes-$format"
                  tar c --sparse --format="${format%:*}" --sparse-version="${format#*:}" --mtime=@1700000000 -f holes.tar "holes-$format"
                  umoci raw add-layer --image made:a holes.tar
                done
                """
        ),
        Image(
            testDescription: "what umoci packs of this machine's own programs",
            commands: """
                umoci unpack --image made:a $UMOCI own; R=own/rootfs
                mkdir -p $R/usr/bin $R/etc $R/var/x; cp -a /usr/bin/c[a-u]* $R/usr/bin/; ln $R/usr/bin/cat $R/usr/bin/second
                ln -s usr/bin $R/bin; echo old > $R/etc/old; echo 1 > $R/var/x/gone
                umoci repack --refresh-bundle --image made:a own
                rm -r $R/var/x $R/usr/bin/cm*; echo file > $R/var/x; mv $R/etc $R/moved; chmod 700 $R/moved; ln $R/usr/bin/cat $R/third
                umoci repack --image made:a own
                """
        ),
    ]

    /// Makes the image in `made:a`.
    private static func make(_ image: Image, in folder: FilePath) throws {
        try Shell.run("exec 2>log; umoci init --layout made; umoci new --image made:a", in: folder)
        for (index, layer) in image.layers.enumerated() {
            let script = """
                import io, sys, tarfile
                def add(name, data=b'', type=tarfile.REGTYPE, link='', mode=0o644, mtime=1700000000, **more):
                    i = tarfile.TarInfo(name)
                    i.type, i.linkname, i.size, i.mtime = type, link, len(data), mtime
                    i.mode = 0o755 if type == DIR and mode == 0o644 else mode
                    for key, value in more.items(): setattr(i, key, value)
                    t.addfile(i, io.BytesIO(data))
                DIR, SYM, LNK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
                with tarfile.open('layer.tar', 'w', format=tarfile.PAX_FORMAT) as t:
                    \(layer)
                """
            try script.write(toFile: folder.appending("l\(index).py").string, atomically: true, encoding: .utf8)
            try Shell.run("exec 2>log; python3 l\(index).py; umoci raw add-layer --image made:a layer.tar", in: folder)
        }
        let setUp = "exec 5>&2 2>made.log; trap 'test $? = 0 || cat made.log >&5' EXIT; UMOCI=\(options); "
        try Shell.run(setUp + image.commands + "\numoci config --image made:a --architecture amd64", in: folder)
    }

    /// Ordinary users have no others to give files to.
    private static let options = geteuid() == 0 ? "" : "--rootless"

    /// Every entry below a root, a line each: kind, mode, size, time, owner, link, contents, attributes, other names.
    private static func tree(_ root: FilePath) throws -> String {
        let script = """
            import hashlib, os, stat
            first, lines = {}, []
            for folder, folders, names in os.walk(b'.'):
                folders.sort()
                for name in sorted(folders + names):
                    path = os.path.join(folder, name)
                    s = os.lstat(path)
                    isfile, islink = stat.S_ISREG(s.st_mode), stat.S_ISLNK(s.st_mode)
                    mode = s.st_mode & ~0o6000 if isfile else s.st_mode
                    # A folder that no layer tells of is as old as its unpacking.
                    isnew = stat.S_ISDIR(s.st_mode) and s.st_mtime > 1750000000
                    line = [path, oct(mode), s.st_size if isfile else 0, 'now' if isnew else s.st_mtime_ns // 1000]
                    if os.geteuid() == 0: line += [s.st_uid, s.st_gid]
                    if islink: line.append(os.readlink(path))
                    if isfile:
                        if os.geteuid() != 0 and not s.st_mode & 0o400: os.chmod(path, s.st_mode | 0o400)
                        line += [hashlib.sha256(open(path, 'rb').read()).hexdigest(), first.setdefault(s.st_ino, path)]
                    if not islink:
                        line += [(a, os.getxattr(path, a)) for a in sorted(os.listxattr(path)) if a.startswith('user.note') or a in ('user.d', 'user.empty')]
                    lines.append(repr(line))
            print('\\n'.join(sorted(lines)))
            """
        let file = root.removingLastComponent().appending("tree.py")
        try script.write(toFile: file.string, atomically: true, encoding: .utf8)
        return try Shell.run("python3 \(file)", in: root)
    }

    private static func expectSame(_ ours: FilePath, _ peer: FilePath, _ what: String = "") throws {
        let (ours, peer) = (try tree(ours), try tree(peer))
        #expect(!ours.isEmpty)
        if ours == peer { return }
        let (mine, theirs) = (Set(ours.split(separator: "\n")), Set(peer.split(separator: "\n")))
        Issue.record("\(what) ours: \(mine.subtracting(theirs).sorted()) umoci: \(theirs.subtracting(mine).sorted())")
    }

    @Test(arguments: corpus) func unpacksTheSameTree(_ image: Image) async throws {
        try await withTemporaryDirectory { folder in
            try Self.make(image, in: folder)
            try Shell.run("exec 2>log; umoci unpack \(Self.options) --image made:a peer", in: folder)
            try await DockerRegistry.run(in: folder) { host in
                let push = "exec 2>log; skopeo copy --quiet --dest-tls-verify=false"
                try Shell.run("\(push) oci:made:a docker://\(host)/t/gzip:1", in: folder)
                let root = try await Puller(home: folder.appending("home")).pull("\(host)/t/gzip:1")
                try Self.expectSame(root, folder.appending("peer/rootfs"))
            }
        }
    }

    /// The same image, packed in each way that there is.
    @Test(arguments: ["--preserve-digests", "--format oci --dest-compress-format zstd"])
    func isTheSameHoweverItIsPacked(_ options: String) async throws {
        try await withTemporaryDirectory { folder in
            try Self.make(Self.corpus[0], in: folder)
            try Shell.run("exec 2>log; umoci unpack \(Self.options) --image made:a peer", in: folder)
            try await DockerRegistry.run(in: folder) { host in
                // A folder of plain layers between them: the way from one packing to another.
                let script = """
                    exec 2>log; skopeo copy --quiet --dest-decompress oci:made:a dir:plain
                    skopeo copy --quiet --dest-tls-verify=false \(options) dir:plain docker://\(host)/t/packed:1
                    skopeo inspect --raw --tls-verify=false docker://\(host)/t/packed:1
                    """
                let manifest = try Shell.run(script, in: folder)
                #expect(manifest.contains(options.contains("zstd") ? "tar+zstd" : "v1.tar\""), "\(manifest)")
                let root = try await Puller(home: folder.appending("home")).pull("\(host)/t/packed:1")
                try Self.expectSame(root, folder.appending("peer/rootfs"))
            }
        }
    }

    /// Umoci does not read the oldest map of holes: here GNU tar is the one who knows.
    @Test func readsTheMapOfHolesOfOld() async throws {
        try await withTemporaryDirectory { folder in
            let pack = "tar c --sparse --format=gnu -f holes.tar holes; umoci raw add-layer --image made:a holes.tar"
            try Self.make(Image(testDescription: "", commands: "\(Self.holes)\n\(pack)"), in: folder)
            try Shell.run("mkdir peer; tar x -p -f holes.tar -C peer; tar tf holes.tar > list", in: folder)
            try await DockerRegistry.run(in: folder) { host in
                let push = "exec 2>log; skopeo copy --quiet --dest-tls-verify=false"
                try Shell.run("\(push) oci:made:a docker://\(host)/t/holes:1", in: folder)
                let root = try await Puller(home: folder.appending("home")).pull("\(host)/t/holes:1")
                try Shell.run("diff -r . \(folder)/peer; test $(du -k holes/many | cut -f 1) -lt 1000", in: root)
            }
        }
    }

    /// An image that another tool made, without a daemon.
    @Test(.enabled(if: geteuid() == 0, "others need ranges of user numbers")) func takesWhatBuildahMakes() async throws
    {
        try await withTemporaryDirectory { folder in
            let script = """
                exec 5>&2 2>log; trap 'test $? = 0 || cat log >&5' EXIT
                export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot TMPDIR="$PWD" HOME="$PWD"
                mkdir -p files/sub; echo hello > files/hello; cp /bin/ls files/sub/
                printf '%s\\n' 'FROM scratch' 'COPY files/ /app/' 'COPY --chown=7:8 files/hello /app/owned' 'USER 1000' \\
                  'CMD ["/app/sub/ls"]' > Containerfile
                buildah --root "$PWD/st" --runroot "$PWD/run" build --layers --tag one -f Containerfile . >&2 || exit 1
                buildah --root "$PWD/st" --runroot "$PWD/run" push --quiet one "oci:$PWD/made:a"
                umoci unpack --image made:a peer
                """
            try Shell.run(script, in: folder)
            try await DockerRegistry.run(in: folder) { host in
                for (format, name) in [("oci", "a"), ("v2s2", "b")] {
                    let push = "exec 2>log; skopeo copy --quiet --dest-tls-verify=false --format \(format)"
                    try Shell.run("\(push) oci:made:a docker://\(host)/t/built:\(name)", in: folder)
                    let root = try await Puller(home: folder.appending(name)).pull("\(host)/t/built:\(name)")
                    try Self.expectSame(root, folder.appending("peer/rootfs"), format)
                }
            }
        }
    }
}
