// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import YAMLText

/// What was written of settings in the file, the environment and the flags, in rising order.
package struct SettingValues: Sendable {
    package struct Value: Hashable, Sendable {
        package let text: String
        package let origin: SettingOrigin
    }

    private static let fileRules = YAMLRules.strict(upTo: 1 << 16, depth: 4, nodes: 1000)

    private var values: [Setting: Value] = [:]

    /// Nothing but the defaults.
    package init() {}

    /// Takes what stands in a file of settings.
    ///
    /// The file is YAML, one setting a line:
    ///
    ///     public-url: https://registry.example.com
    ///     trusted-proxy: [10.0.0.1, 10.0.0.2]
    ///     upload-limit: 1GiB
    ///
    /// - Throws: `SettingError` for a key that is no setting, a value that is no text, or a text that is no YAML.
    package mutating func add(file bytes: [UInt8], path: String) throws(SettingError) {
        let root: YAMLNode?
        do throws(YAMLError) {
            root = try YAMLDocument(parsing: bytes, rules: Self.fileRules).root
        } catch {
            throw SettingError(
                .file(path: path, line: error.position.line, key: "?"),
                "cannot be read: \(error.reason)"
            )
        }
        guard let root, !root.isNull else { return }
        guard let pairs = root.pairs else {
            throw SettingError(.file(path: path, line: 1, key: "?"), "must be a list of lines `setting: value`")
        }
        for pair in pairs {
            let origin = SettingOrigin.file(path: path, line: pair.value.span.start.line, key: pair.name)
            guard let setting = Setting(rawValue: pair.name) else { throw SettingError(origin, "is not a setting") }
            let scalars = (pair.value.items ?? [pair.value]).map(\.scalar?.text)
            let texts = scalars.compactMap(\.self)
            guard texts.count == scalars.count else {
                throw SettingError(origin, "must be a value or a list of values")
            }
            if pair.value.isNull { continue }
            values[setting] = Value(text: texts.joined(separator: ","), origin: origin)
        }
    }

    /// Takes the variables of an environment; an empty one is as good as none.
    package mutating func add(environment: [String: String]) {
        for setting in Setting.allCases {
            guard let text = environment[setting.variable], !text.isEmpty else { continue }
            values[setting] = Value(text: text, origin: .variable(setting))
        }
    }

    package mutating func add(flag setting: Setting, _ text: String) {
        values[setting] = Value(text: text, origin: .flag(setting))
    }

    package subscript(setting: Setting) -> Value? { values[setting] }

    /// The value of a setting, read by its type; nil where nothing was written.
    func read<Result>(_ setting: Setting, _ read: (String) throws -> Result) throws(SettingError) -> Result? {
        guard let value = values[setting] else { return nil }
        do { return try read(value.text) } catch let error as UnreadableValue {
            throw SettingError(value.origin, "must be \(error.expected), not `\(value.text.printable)`")
        } catch {
            throw SettingError(value.origin, "cannot be used: \(error.words)")
        }
    }
}

/// A text that is not what a setting takes.
struct UnreadableValue: Error {
    let expected: String
}
