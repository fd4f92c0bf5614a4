// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText

/// A worker's `config:` block as variables of its environment.
package enum ConfigVariables {
    /// Nested keys become one name in capitals, joined by `_`; strings stay as they are, all else is JSON.
    ///
    /// Names that no shell could hold are left out: those with other characters than letters, digits and `_`, those that
    /// begin with a digit, and `III_…`, which belongs to the engine.
    package static func flatten(_ config: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        if let config { collect(config, [], &result) }
        return result
    }

    private static func collect(_ value: JSONValue, _ path: [String], _ result: inout [String: String]) {
        if case .object(let object) = value {
            for member in object.members { collect(member.value, path + [member.key.uppercased()], &result) }
            return
        }
        let name = path.joined(separator: "_")
        guard isName(name) else { return }
        if case .string(let text) = value { result[name] = text } else { result[name] = value.text() }
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), !name.hasPrefix("III_") else { return false }
        return name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        }
    }
}
