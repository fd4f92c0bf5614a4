// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage

/// A small root file system that is made of this machine's own programs.
///
/// It has none of the places that a sandbox mounts something on, and a file that only root may read.
package enum SmallRoot {
    /// A shell, what scripts of the contract call, and Python with the libraries that it needs.
    private static let script = """
        test -e done && exit 0
        rm -rf root; mkdir -p root/usr/bin root/usr/lib root/usr/lib64 root/usr/sbin
        ln -s usr/bin root/bin; ln -s usr/lib root/lib; ln -s usr/lib64 root/lib64; ln -s usr/sbin root/sbin
        mkdir -p root/etc root/var/lib; echo secret > root/etc/secret; chmod 600 root/etc/secret
        printf 'worker:x:1000:1000::/home/worker:/bin/sh\\n' > root/etc/passwd
        printf '127.0.0.1 localhost\\n' > root/etc/hosts
        python=$(readlink -f /usr/bin/python3)
        place() { target=root/usr/$(echo "$1" | sed 's,^/usr/,,; s,^/,,'); mkdir -p "$(dirname "$target")"; cp -n "$(readlink -f "$1")" "$target"; }
        for name in sh cat env grep id ln ls mkdir rm setsid sleep sort stty test true yes; do place /usr/bin/$name; done
        place "$python"; ln -s "$(basename "$python")" root/usr/bin/python3
        library=/usr/lib/$(basename "$python")
        (cd /usr/lib && tar c --exclude=test --exclude=__pycache__ --exclude='*.a' --exclude='config-3*' --exclude=idlelib \\
          --exclude=ensurepip "$(basename "$library")") | tar x -C root/usr/lib
        { ldd root/usr/bin/* "$library"/lib-dynload/*.so 2>/dev/null || true; } | sed -n 's,.*[[:space:]]\\(/lib[^ ]*\\) (.*,\\1,p' | sort -u |
          while read -r file; do place "$file"; done
        touch done
        """

    /// Makes it once in a folder of the build.
    ///
    /// - Throws: `Shell.Failed`, with what its making complained of.
    package static func make() throws -> FilePath {
        try Shell.run("mkdir -p \(folder)", in: repository)
        try Shell.run("exec 9> lock; flock 9; { \(script)\n} 2> log || { cat log >&2; exit 1; }", in: folder)
        return folder.appending("root")
    }

    package static let repository = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent()
    /// Changes with the script.
    private static let folder: FilePath =
        geteuid() == 0 ? repository.appending(".build/small-root-2") : FilePath("/tmp/iii-small-root-2-\(geteuid())")
}
