// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// One step of the parser, copied out of its memory.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        /// `explicit` for a document that is ended by a line `...`.
        case documentEnd(explicit: Bool)
        case alias(String)
        case scalar(String, YAMLNode.Style)
        case sequenceStart(YAMLNode.Style)
        case sequenceEnd
        case mappingStart(YAMLNode.Style)
        case mappingEnd
    }

    var kind: Kind
    var span: YAMLSpan
    var anchor: String?
    var tag: String?
}
