// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import WorkerModel
import YAMLText

/// The lists and maps of a manifest.
extension ManifestReader {
    mutating func readTargets(_ value: YAMLNode, _ path: String) {
        for (index, item) in items(value, path).enumerated() {
            let path = "\(path)[\(index)]"
            guard let text = text(item, path), let target = target(text, path, item.span.start) else { continue }
            manifest.targets.append(target)
        }
    }

    mutating func readArtifacts(_ value: YAMLNode, _ path: String) {
        for (key, value, path) in fields(of: value, below: path) {
            guard let target = target(key, path, value.span.start), let file = filePath(value, path) else { continue }
            manifest.artifacts.append(WorkerManifest.Artifact(target: target, path: file))
        }
    }

    mutating func readEnvironment(_ value: YAMLNode, _ path: String) {
        for pair in pairs(value, path) {
            let path = "\(path).\(pair.name)"
            guard let value = text(pair.value, path, isNullAllowed: false) else { continue }
            if pair.name.hasPrefix("III_") {
                note(.warning, path, pair.key.span.start, .reservedVariable)
            } else if !Self.isVariableName(pair.name) {
                note(.warning, path, pair.key.span.start, .unusableVariable)
            } else {
                manifest.environment.append(WorkerManifest.Variable(name: pair.name, value: value))
            }
        }
    }

    mutating func readDependencies(_ value: YAMLNode, _ path: String) {
        for pair in pairs(value, path) {
            let path = "\(path).\(pair.name)"
            guard let text = text(pair.value, path, isNullAllowed: false) else { continue }
            do {
                let name = try WorkerName(parsing: pair.name)
                let selector = try VersionSelector(parsingDependency: text)
                manifest.dependencies.append(.init(name: name, selector: selector, text: text))
                let start = pair.key.span.start
                manifest.places[path] = ManifestProblem.Place(line: start.line, column: start.column)
            } catch let error as WorkerNameError {
                note(.error, path, pair.key.span.start, .invalidName(error))
            } catch let error as VersionError {
                note(.error, path, pair.value.span.start, .invalidVersion(error))
            } catch {
                // The two calls above throw nothing else; the compiler has no union of error types to say so.
                continue
            }
        }
    }

    mutating func readCalls(_ value: YAMLNode, _ path: String) {
        let items = items(value, path)
        if items.count > CallGrants.maximumCount {
            note(.error, path, value.span.start, .tooMany(limit: CallGrants.maximumCount))
        }
        for (index, item) in items.prefix(CallGrants.maximumCount).enumerated() {
            let path = "\(path)[\(index)]"
            guard let text = text(item, path, isNullAllowed: false) else { continue }
            do throws(CallPatternError) {
                let pattern = try CallPattern(parsingWish: text)
                if !manifest.calls.contains(pattern) { manifest.calls.append(pattern) }
            } catch { note(.error, path, item.span.start, .invalidCall(error)) }
        }
    }

    mutating func readConfig(_ value: YAMLNode, _ path: String) {
        guard value.pairs != nil else { return mismatch(value, path, "a map") }
        do throws(NumberWithoutJSON) {
            guard case .object(let object) = try JSONValue(yaml: value) else { return }
            manifest.config = object
        } catch { note(.error, path, error.node.span.start, .numberWithoutJSON(error.node.scalar?.text ?? "")) }
    }

    private mutating func target(_ text: String, _ path: String, _ place: YAMLPosition) -> TargetTriple? {
        do throws(TargetTripleError) {
            let target = try TargetTriple(parsing: text)
            // Whoever installs a worker need not know them all.
            if !target.isKnown { note(.warning, path, place, .unknownTarget(target)) }
            return target
        } catch {
            note(.error, path, place, .invalidTarget(error))
            return nil
        }
    }

    private static func isVariableName(_ name: String) -> Bool {
        let isLetter = { (byte: UInt8) in
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
        }
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }
}
