// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import SystemPackage
import WorkerModel

extension ImageOrigin {
    /// What skopeo may take to copy an image to a folder.
    private static let patience = Duration.seconds(1800)

    /// The image, to be read; what skopeo reads is copied to `scratch` first.
    ///
    /// - Throws: `ImageSourceError` without skopeo, or with what it says; `HostError`; `CancellationError`.
    package func open(
        over registry: ImageRegistry,
        scratch: FilePath,
        environment: HostEnvironment
    ) async throws -> any ImageSource {
        switch self {
        case .registry(let reference): return RegistryImageSource(reference, at: registry)
        case .layout(let folder, let tag, let written): return LayoutImageSource(folder, tag: tag, name: written)
        case .other(let place):
            let copy = scratch.appending("image")
            try await Self.copy(place, to: copy, environment: environment)
            return LayoutImageSource(copy, tag: nil, name: place)
        }
    }

    /// Has skopeo write an image, all platforms of it, to a folder that `LayoutImageSource` reads.
    private static func copy(
        _ place: String,
        to folder: FilePath,
        environment: HostEnvironment
    ) async throws {
        guard let skopeo = environment.program("skopeo") else {
            throw ImageSourceError(
                source: place,
                reason: "`skopeo`, which reads it, is not on the `PATH`",
                hint: "install skopeo, or save the image as a folder and name that: `--image oci:FOLDER`"
            )
        }
        // Its words about what is wrong come with its output.
        let (output, end) = try await HeldProcess.output(
            of: "/bin/sh",
            arguments: ["-c", #"exec "$@" 2>&1"#, "sh", skopeo.string, "copy", "--all", place, "oci:\(folder):image"],
            environment: environment.variables,
            within: patience,
            upTo: .mebibytes(1)
        )
        if end == .exited(0) { return }
        let last = String(decoding: output, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        throw ImageSourceError(
            source: place,
            reason: last.isEmpty ? "skopeo \(end.sentence)" : "skopeo says: \(PrintableText(last, limit: 400))"
        )
    }
}
