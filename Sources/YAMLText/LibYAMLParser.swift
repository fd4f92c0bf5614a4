// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CLibYAML

/// The system's libyaml as a series of events.
///
/// All unsafe memory of this module is in this file.
///
/// Safety: the parser lives at one address on the heap, since libyaml keeps a pointer to it inside itself, and reads
/// from a copy of the text that this value owns. Both are freed in `deinit`, and nowhere else; the value cannot be
/// copied. What an event holds is copied into Swift values before the event is freed.
struct LibYAMLParser: ~Copyable {
    private let source: YAMLSource
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// Variables that placeholders named so far, and that have no value.
    private(set) var unsetVariables: [String] = []

    /// - Throws: `YAMLError` when there is no memory for the parser.
    init(_ source: YAMLSource) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        // Safety: one `yaml_parser_t` was allocated, and the call fills all of it; on failure nothing is kept.
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError(.outOfMemory, at: .start)
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(source.parsed.count, 1))
        _ = input.initialize(fromContentsOf: source.parsed)
        // Safety: the parser reads `source.parsed.count` bytes from `input`, which is at least as long and outlives it.
        yaml_parser_set_input_string(parser, input.baseAddress, source.parsed.count)
        // The text is known to be UTF-8 without a byte order mark: nothing is left to guess.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        self.source = source
        self.parser = parser
        self.input = input
    }

    deinit {
        // Safety: the parser was initialised, and is not used again; it does not own `input`.
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event.
    ///
    /// After `streamEnd` there is none.
    ///
    /// - Throws: `YAMLError` at the place where the text is not YAML.
    mutating func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        // Safety: `event` is zero or filled by this call, and libyaml leaves it zero when it fails.
        let isParsed = yaml_parser_parse(parser, &event) == 1
        defer { yaml_event_delete(&event) }
        guard isParsed else { throw failure() }
        let properties = properties(of: event)
        let span = YAMLSpan(start: position(event.start_mark), end: position(event.end_mark))
        return YAMLEvent(kind: kind(of: event), span: span, anchor: properties.anchor, tag: properties.tag)
    }

    private mutating func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd(explicit: event.data.document_end.implicit == 0)
        case YAML_ALIAS_EVENT: .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            .scalar(
                text(event.data.scalar.value, count: event.data.scalar.length),
                style(event.data.scalar.style)
            )
        case YAML_SEQUENCE_START_EVENT:
            .sequenceStart(event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? .flow : .block)
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            .mappingStart(event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? .flow : .block)
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: .streamEnd
        }
    }

    private func properties(of event: yaml_event_t) -> (anchor: String?, tag: String?) {
        // Safety: the member of the union that is read is the one that the event's type names.
        switch event.type {
        case YAML_SCALAR_EVENT: (text(event.data.scalar.anchor), text(event.data.scalar.tag))
        case YAML_SEQUENCE_START_EVENT: (text(event.data.sequence_start.anchor), text(event.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT: (text(event.data.mapping_start.anchor), text(event.data.mapping_start.tag))
        default: (nil, nil)
        }
    }

    private func style(_ style: yaml_scalar_style_t) -> YAMLNode.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private mutating func text(_ value: UnsafeMutablePointer<yaml_char_t>?, count: Int) -> String {
        // Safety: libyaml gives `count` bytes of UTF-8 at `value`, alive until the event is deleted.
        let text = String(decoding: UnsafeBufferPointer(start: value, count: value == nil ? 0 : count), as: UTF8.self)
        return source.text(text, unset: &unsetVariables)
    }

    // Safety: names and tags are strings of C, alive until the event is deleted.
    private func text(_ name: UnsafeMutablePointer<yaml_char_t>?) -> String? { name.map { String(cString: $0) } }

    private func position(_ mark: yaml_mark_t) -> YAMLPosition {
        source.position(index: mark.index, line: mark.line, column: mark.column)
    }

    private func failure() -> YAMLError {
        // Safety: `problem` is nil or one of libyaml's constant strings.
        let words = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        let place = position(parser.pointee.problem_mark)
        switch parser.pointee.error {
        case YAML_MEMORY_ERROR: return YAMLError(.outOfMemory, at: place)
        case YAML_READER_ERROR:
            return YAMLError(.syntax(words), at: source.position(ofByte: parser.pointee.problem_offset))
        default: return YAMLError(source.byte(at: place) == UInt8(ascii: "\t") ? .tab : .syntax(words), at: place)
        }
    }
}
