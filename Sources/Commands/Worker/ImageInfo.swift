// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ImageDocuments
import JSONText
import WorkerModel
import WorkerOperations

/// How `iii worker info` shows an image.
extension ImageDescription {
    func render(_ output: OutputOptions, _ printer: Printer) {
        if output.json { return printer.result(json) }
        printer.result("\(image.reference)  image".printable)
        printer.table(rows.filter { !$0[1].isEmpty })
    }

    private var rows: [[String]] {
        let configuration = content?.configuration
        let told: [(String, String)] = [
            ("digest", "sha256:\(image.digest)"),
            ("platforms", platforms.map(\.shortDescription).joined(separator: ", ")),
            ("attestations", attestations > 0 ? String(attestations) : ""),
            ("layers", content.map { "\($0.layers), \($0.size) to fetch" } ?? "none for this platform"),
            ("program", configuration?.arguments.joined(separator: " ") ?? ""),
            ("user", configuration?.user ?? ""),
            ("installed", isInstalled ? "yes" : "no"),
        ]
        return told.map { [$0.0.printable, $0.1.printable] }
    }

    private var json: JSONValue {
        [
            "type": "image", "image": .string(image.reference.description), "digest": .string("sha256:\(image.digest)"),
            "platforms": .array(platforms.map { .string($0.shortDescription) }),
            "attestations": .number(JSONNumber(attestations)),
            "manifest": content.map { .string("sha256:\($0.manifest)") } ?? .null,
            "layers": content.map { .number(JSONNumber($0.layers)) } ?? .null,
            "size": content.map { .number(JSONNumber($0.size.bytes)) } ?? .null,
            "program": .array((content?.configuration.arguments ?? []).map { .string($0) }),
            "user": content?.configuration.user.map(JSONValue.string) ?? .null,
            "installed": .bool(isInstalled),
        ]
    }
}

/// A question that only a registry of workers answers.
///
/// W101.
struct NotOfImages: CodedError {
    let reference: ImageReference

    var code: ErrorCode { .invalidSource }
    var message: String {
        "`\(reference)` is an image: registries of images have neither READMEs nor lists of versions"
    }
    var hints: [String] { ["leave `--readme` and `--versions` out"] }
}
