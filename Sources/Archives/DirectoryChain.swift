// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage

/// The open folders from the root of a tree down to where the last entry went.
///
/// Each is opened from the one above it and never through a link, so nothing that anybody puts into the tree meanwhile
/// can lead out of it. Archives list their folders together, so most entries open none.
struct DirectoryChain: ~Copyable {
    private let root: OpenDirectory
    /// For messages.
    private let path: FilePath
    private var names: [String] = []
    private var descriptors: [Int32] = []

    init(root path: FilePath) throws(HostError) {
        root = try OpenDirectory(path)
        self.path = path
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// The folder with these components below the root, made with mode 0755 where it is missing.
    ///
    /// The descriptor is good until the next call.
    mutating func descriptor(of components: some Collection<String>) throws(HostError) -> Int32 {
        let common = zip(names, components).prefix { $0 == $1 }.count
        while names.count > common {
            names.removeLast()
            close(descriptors.removeLast())
        }
        for name in components.dropFirst(common) { try descend(to: name) }
        return descriptors.last ?? root.descriptor
    }

    private mutating func descend(to name: String) throws(HostError) {
        let parent = descriptors.last ?? root.descriptor
        let here = names + [name]
        let isNew = mkdirat(parent, name, 0o755) == 0
        guard isNew || Errno.last == .fileExists else { throw HostError(.create, path(of: here), .last) }
        let descriptor = retrying { iii_openat(parent, name, OpenDirectory.flags, 0) }
        if descriptor < 0 { throw HostError(.create, path(of: here), .last) }
        names = here
        descriptors.append(descriptor)
        guard isNew else { return }
        // The mode of mkdir is cut by the umask.
        if fchmod(descriptor, 0o755) != 0 { throw HostError(.changeMode, path(of: here), .last) }
    }

    private func path(of names: [String]) -> FilePath { path.appending(names.joined(separator: "/")) }
}
