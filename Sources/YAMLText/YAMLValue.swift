// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a YAML text means, without where and how it is written.
package indirect enum YAMLValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The digits as they were written.
    case integer(String)
    /// The number as it was written.
    case float(String)
    case string(String)
    case sequence([YAMLValue])
    /// In order. Equality sees the order.
    case mapping([Member])

    /// A key of a map with its value.
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: YAMLValue

        package init(_ key: String, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }

    /// A map from pairs, in their order.
    package static func map(_ members: KeyValuePairs<String, YAMLValue>) -> YAMLValue {
        .mapping(members.map { Member($0.key, $0.value) })
    }

    /// The members of a map, nil for everything else.
    package var members: [Member]? { if case .mapping(let members) = self { members } else { nil } }

    /// The items of a list, nil for everything else.
    package var items: [YAMLValue]? { if case .sequence(let items) = self { items } else { nil } }

    package subscript(key: String) -> YAMLValue? { members?.first { $0.key == key }?.value }

    /// The same value with the keys of all maps in the order of their bytes.
    package var sorted: YAMLValue {
        switch self {
        case .sequence(let items): .sequence(items.map(\.sorted))
        case .mapping(let members):
            .mapping(
                members.map { Member($0.key, $0.value.sorted) }
                    .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            )
        case .null, .bool, .integer, .float, .string: self
        }
    }
}

extension YAMLValue {
    /// What a scalar means.
    package init(_ scalar: YAMLScalar) {
        switch scalar.kind {
        case .null: self = .null
        case .bool: self = .bool(scalar.bool ?? false)
        case .integer: self = .integer(scalar.text)
        case .float: self = .float(scalar.text)
        case .string: self = .string(scalar.text)
        }
    }
}

extension YAMLNode {
    /// What this node means.
    ///
    /// Aliases are replaced by what they stand for, tags of one's own are dropped.
    package var value: YAMLValue {
        switch content {
        case .scalar(let scalar): YAMLValue(scalar)
        case .sequence(let items): .sequence(items.map(\.value))
        case .mapping(let pairs): .mapping(pairs.map { YAMLValue.Member($0.name, $0.value.value) })
        }
    }
}

extension YAMLValue {
    /// A number as JSON writes it, in a notation that every reader takes for a number.
    package static func number(_ text: String) -> YAMLValue { YAMLValue(YAMLScalar(plain: CoreSchema.readByAll(text))) }
}
