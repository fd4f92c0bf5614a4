// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import WorkerModel
import YAMLText

extension WorkerManifest {
    /// Reads a manifest: one YAML document of at most 64 KiB, a map, without anchors, tags and duplicate keys.
    ///
    /// - Throws: `ManifestError.syntax` and `.notAMap`. What does not fit within the map is listed in `problems`.
    package init(parsing bytes: [UInt8]) throws(ManifestError) {
        let document: YAMLDocument
        do {
            document = try YAMLDocument(parsing: bytes, rules: .strict(upTo: Int(Self.maximumSize.bytes)))
        } catch { throw .syntax(error) }
        guard let root = document.root else { throw .notAMap(found: "empty") }
        guard root.pairs != nil else { throw .notAMap(found: root.kindForPeople) }
        var reader = ManifestReader()
        reader.read(root)
        self = reader.finished
    }
}

/// Fills a manifest from a YAML map, noting what does not fit instead of stopping there.
struct ManifestReader {
    var manifest = WorkerManifest()

    /// The manifest with its problems in the order of the text.
    var finished: WorkerManifest {
        var manifest = manifest
        manifest.problems = manifest.problems.inTextOrder
        return manifest
    }

    mutating func read(_ root: YAMLNode) {
        for (key, value, path) in fields(of: root, below: "") {
            switch key {
            case "name": readName(value, path)
            case "version": readVersion(value, path)
            case "description": manifest.description = text(value, path)
            case "license": manifest.license = text(value, path)
            case "repository": manifest.repository = text(value, path) ?? manifest.repository
            case "repo": manifest.repository = manifest.repository ?? text(value, path)
            case "readme": manifest.readme = filePath(value, path)
            case "tags": manifest.tags = texts(value, path)
            case "iii": manifest.iii = text(value, path)
            case "deploy": readDeploy(value, path)
            case "manifest": manifest.versionFile = filePath(value, path)
            case "bin": manifest.bin = text(value, path)
            case "targets": readTargets(value, path)
            case "artifacts": readArtifacts(value, path)
            case "language": manifest.language = word(value, path)
            case "entry": manifest.entry = text(value, path)
            case "scripts": readScripts(value, path)
            case "runtime": readRuntime(value, path)
            case "resources": readResources(value, path)
            case "env": readEnvironment(value, path)
            case "dependencies": readDependencies(value, path)
            case "calls": readCalls(value, path)
            case "config": readConfig(value, path)
            default: noteUnknown(path, value)
            }
        }
    }

    private mutating func readName(_ value: YAMLNode, _ path: String) {
        guard let text = text(value, path) else { return }
        do throws(WorkerNameError) {
            manifest.name = try WorkerName(parsing: text.trimmingBlanks())
        } catch { note(.error, path, value.span.start, .invalidName(error)) }
    }

    private mutating func readVersion(_ value: YAMLNode, _ path: String) {
        // `0.1` is a number to YAML, and a version that was cut short to its author.
        let isNumber = value.scalar?.kind == .float || value.scalar?.kind == .integer
        guard let text = isNumber ? value.scalar?.text : text(value, path) else { return }
        do throws(VersionError) {
            manifest.version = try SemanticVersion(parsing: text.trimmingBlanks())
        } catch {
            let meant = SemanticVersion(completing: text.trimmingBlanks())
            note(
                .error,
                path,
                value.span.start,
                meant.map { .incompleteVersion(text, meant: $0) } ?? .invalidVersion(error)
            )
        }
    }

    private mutating func readDeploy(_ value: YAMLNode, _ path: String) {
        // No quotes make a number or a switch a kind.
        let shown = value.string == nil ? value.scalar.flatMap { value.isNull ? nil : $0.text } : nil
        guard let text = shown ?? word(value, path) else { return }
        manifest.deploy = WorkerKind(rawValue: text)
        if manifest.deploy == nil || manifest.deploy == .engine {
            manifest.deploy = nil
            note(.error, path, value.span.start, .invalidDeploy(text))
        }
    }

    private mutating func readScripts(_ value: YAMLNode, _ path: String) {
        for (key, value, path) in fields(of: value, below: path) {
            switch key {
            case "start": manifest.scripts.start = command(value, path)
            case "setup": manifest.scripts.setup = command(value, path)
            case "install": manifest.scripts.install = command(value, path)
            default: noteUnknown(path, value)
            }
        }
    }

    private mutating func readRuntime(_ value: YAMLNode, _ path: String) {
        for (key, value, path) in fields(of: value, below: path) {
            switch key {
            case "kind": manifest.runtime.kind = word(value, path)
            case "language": manifest.runtime.language = word(value, path)
            case "package_manager": manifest.runtime.packageManager = word(value, path)
            case "entry": manifest.runtime.entry = text(value, path)
            case "base_image": manifest.runtime.baseImage = word(value, path)
            default: noteUnknown(path, value)
            }
        }
    }

    private mutating func readResources(_ value: YAMLNode, _ path: String) {
        for (key, value, path) in fields(of: value, below: path) {
            switch key {
            case "cpus": manifest.resources.cpus = count(value, path, atLeast: 1)
            case "memory": manifest.resources.memoryMiB = count(value, path, atLeast: 64)
            default: noteUnknown(path, value)
            }
        }
    }
}
