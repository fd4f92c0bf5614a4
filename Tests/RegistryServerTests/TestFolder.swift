// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage

enum TestFolder {
    /// The regular files below a folder, as paths relative to it.
    static func files(below folder: FilePath) throws -> [String] {
        let manager = FileManager.default
        return try manager.subpathsOfDirectory(atPath: folder.string).filter { path in
            let attributes = try manager.attributesOfItem(atPath: folder.appending(path).string)
            return attributes[.type] as? FileAttributeType == .typeRegular
        }
    }
}
