// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
package import SystemPackage

/// Where colours are wanted: on standard output, and on standard error.
///
/// Nothing is told by a colour alone.
package struct Colours: Sendable, Hashable {
    /// How text for one of the two is painted.
    struct Brush: Sendable, Hashable {
        var isOn: Bool

        func painted(_ text: String, _ style: Style) -> String {
            isOn && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
        }

        /// A line of talk with its mark, such as `error:`, in the colour of such lines.
        func marked(_ line: String) -> String {
            guard isOn, let (mark, style) = Self.marks.first(where: { line.hasPrefix($0.mark) }) else { return line }
            return painted(mark, style) + line.dropFirst(mark.count)
        }

        private static let marks: [(mark: String, style: Style)] = [
            ("error:", .error), ("  caused by:", .error), ("warning:", .warning), ("hint:", .hint), ("fix:", .hint),
        ]
    }

    enum Style: String, Sendable {
        case bold = "1"
        case error = "1;31"
        case warning = "1;33"
        case hint = "36"
    }

    var output: Brush
    var talk: Brush

    package static let none = Colours(output: Brush(isOn: false), talk: Brush(isOn: false))

    private init(output: Brush, talk: Brush) {
        self.output = output
        self.talk = talk
    }

    /// `NO_COLOR` wins over `CLICOLOR_FORCE`, which wins over what the terminal is; `TERM` unset or `dumb` wants none.
    package init(_ environment: HostEnvironment, isTerminal: (FileDescriptor) -> Bool = Terminal.isInteractive) {
        let isForced = environment[.forceColor].map { $0 != "0" } ?? false
        let isCapable = environment[.terminal].map { $0 != "dumb" } ?? false
        func brush(_ descriptor: FileDescriptor) -> Brush {
            if environment[.noColor] != nil { return Brush(isOn: false) }
            return Brush(isOn: isForced || (isCapable && isTerminal(descriptor)))
        }
        self.init(output: brush(.standardOutput), talk: brush(.standardError))
    }
}
