// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What `GET /programs` answers: the programs of iii that a registry offers, all of one version.
///
///     {"version":"0.2.0","programs":[{"target":"x86_64-unknown-linux-gnu","files":[
///       {"name":"iii","url":"https://…/blobs/sha256/2c26…","sha256":"2c26…","size":1048576}]}]}
package struct OfferedPrograms: WireValue {
    /// One file that is to lie in its place with this name.
    package struct File: WireValue {
        package var name: String
        package var url: String
        package var digest: Digest
        package var size: ByteCount

        package init(name: String, url: String, digest: Digest, size: ByteCount) {
            self.name = name
            self.url = url
            self.digest = digest
            self.size = size
        }

        package init(json: JSONCursor) throws(JSONShapeError) {
            name = try json.required("name").string()
            url = try json.required("url").string()
            digest = try json.required("sha256").parsed { try Digest(parsing: $0) }
            let size = try json.required("size")
            let bytes = try size.integer()
            guard bytes > 0 else { throw size.fail("must be above nothing") }
            self.size = ByteCount(Int64(bytes))
        }

        package var json: JSONValue {
            [
                "name": .string(name), "url": .string(url), "sha256": .string(digest.description),
                "size": .number(JSONNumber(size.bytes)),
            ]
        }
    }

    /// The files for one target.
    package struct Build: WireValue {
        package var target: TargetTriple
        package var files: [File]

        /// The files in the order in which they are put in place: `iii` last, which starts the others.
        package var inOrder: [File] { files.filter { $0.name != "iii" } + files.filter { $0.name == "iii" } }

        package init(target: TargetTriple, files: [File]) {
            self.target = target
            self.files = files
        }

        package init(json: JSONCursor) throws(JSONShapeError) {
            target = try json.required("target").parsed { try TargetTriple(parsing: $0) }
            files = try json.required("files").list()
        }

        package var json: JSONValue {
            ["target": .string(target.description), "files": .array(files.map(\.json))]
        }
    }

    package var version: SemanticVersion
    package var builds: [Build]

    package init(version: SemanticVersion, builds: [Build]) {
        self.version = version
        self.builds = builds
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        version = try json.required("version").version()
        builds = try json.required("programs").list()
    }

    package var json: JSONValue {
        ["version": .string(version.description), "programs": .array(builds.map(\.json))]
    }
}
