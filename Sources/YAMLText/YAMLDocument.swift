// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A YAML text with one document, or with none.
package struct YAMLDocument: Sendable {
    /// The value of the document; nil for a text that has only blank lines and comments, or nothing after `---`.
    package let root: YAMLNode?
    /// Where the line `...` begins that ends the document, where there is one.
    package let endMarker: YAMLPosition?
    /// Variables that placeholders name, and that have neither a value nor a default, in the order of the text.
    package let unsetVariables: [String]

    /// Reads a text.
    ///
    /// With `variable`, and rules that read placeholders, each placeholder in a scalar gives way to the variable's value or
    /// its own default; a plain scalar then has the type that its new text has. Without it, placeholders are text.
    ///
    /// - Throws: `YAMLError` with the place at which the text is not YAML, or breaks the rules.
    package init(
        parsing bytes: [UInt8],
        rules: YAMLRules,
        filling variable: ((String) -> String?)? = nil
    ) throws(YAMLError) {
        let source = try YAMLSource(bytes, rules: rules, filling: variable)
        var parser = try LibYAMLParser(source)
        var composer = YAMLComposer(rules: rules)
        var root: YAMLNode?
        var endMarker: YAMLPosition?
        var hasDocument = false
        reading: while true {
            let event = try parser.next()
            switch event.kind {
            case .streamEnd: break reading
            case .streamStart: break
            case .documentStart:
                if hasDocument { throw YAMLError(.severalDocuments, at: event.span.start) }
                hasDocument = true
            case .documentEnd(let isExplicit): endMarker = isExplicit ? event.span.start : nil
            case .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd:
                if let value = try composer.receive(event) { root = value }
            }
        }
        let isNothing = root.map { $0.isNull && $0.span.isEmpty && $0.anchor == nil } ?? true
        self.root = isNothing ? nil : root
        self.endMarker = endMarker
        unsetVariables = parser.unsetVariables
    }

    /// Reads a text that is at hand as a string.
    package init(parsing text: String, rules: YAMLRules) throws(YAMLError) {
        try self.init(parsing: Array(text.utf8), rules: rules)
    }
}
