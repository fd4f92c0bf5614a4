// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// An error with its chain of causes, as a person and as a machine read it.
package struct ErrorReport: Sendable {
    /// The published code; `W900` for an error that has none.
    package let code: ErrorCode
    /// One line without control characters.
    package let message: String
    /// The messages of the causes, outermost first, without repetitions.
    package let causes: [String]
    /// The next steps of the whole chain, outermost first, without repetitions.
    package let hints: [String]
    /// Values of the error for machines.
    package let details: [(key: String, value: String)]

    package init(_ error: any Error) {
        let coded = error as? any CodedError
        code = coded?.code ?? .internalError
        message = Self.sentence(of: error)
        // What nobody has words for is for whoever mends it.
        let isWorded = coded != nil || error is CancellationError || error is any PlainlyWorded
        details = coded?.details ?? (isWorded ? [] : [("internal", String(describing: error))])
        var causes: [String] = []
        var hints = coded?.hints ?? (isWorded ? [] : [Self.report])
        var next = coded?.cause
        // A chain longer than this is a cycle or noise.
        for _ in 0..<16 {
            guard let cause = next else { break }
            let text = Self.sentence(of: cause)
            if text != message, !causes.contains(text) { causes.append(text) }
            let inner = cause as? any CodedError
            for hint in inner?.hints ?? [] where !hints.contains(hint) { hints.append(hint) }
            next = inner?.cause
        }
        self.causes = causes
        self.hints = hints.prefix(PrintableText.mostLines).map(\.printable)
    }

    /// The report as lines of text: `error: [W142] …`, `  caused by: …`, `hint: …`.
    package var lines: [String] {
        ["error: [\(code.rawValue)] \(message)"] + causes.map { "  caused by: \($0)" } + hints.map { "hint: \($0)" }
    }

    private static let report = "this is a fault of iii: report it with what `--json` shows as `internal`"

    private static func sentence(of error: any Error) -> String { error.words.printable }
}
