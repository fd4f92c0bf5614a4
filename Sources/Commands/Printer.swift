// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
package import JSONText
import Synchronization
package import SystemPackage

/// The only writer of the command line: results on standard output, talk on standard error.
package final class Printer: Sendable {
    /// Whether a person watches standard error.
    package let isInteractive: Bool
    private let output: FileDescriptor
    private let talk: FileDescriptor
    /// Whether talk is a line of JSON for each event, for machines.
    package let writesEvents: Bool
    let colours: Colours
    /// Keeps the lines of concurrent tasks whole, and the lines of progress below them.
    private let progress = Mutex<[String]>([])
    /// Why a result could not be written.
    private let failure = Mutex<HostError?>(nil)

    package init(
        output: FileDescriptor = .standardOutput,
        talk: FileDescriptor = .standardError,
        isInteractive: Bool,
        writesEvents: Bool = false,
        colours: Colours = .none
    ) {
        self.output = output
        self.talk = talk
        self.isInteractive = isInteractive && !writesEvents
        self.writesEvents = writesEvents
        self.colours = colours
    }

    /// The same printer, with talk as lines of JSON.
    package var forMachines: Printer {
        Printer(output: output, talk: talk, isInteractive: false, writesEvents: true, colours: colours)
    }

    /// The columns of the terminal that talk goes to.
    package var width: Int { Terminal.width(of: talk) }

    /// The columns of the terminal that results go to; nil where they go elsewhere.
    var resultWidth: Int? { Terminal.isInteractive(output) ? Terminal.width(of: output) : nil }

    /// Prints one event as a line of JSON.
    package func event(_ value: JSONValue) { progress.withLock { _ in write(value.text(.sorted) + "\n", to: talk) } }

    /// Prints one line of the result.
    package func result(_ line: String) { write(line + "\n", to: output) }

    /// Prints the result as one JSON document, keys sorted.
    package func result(_ value: JSONValue) { write(value.text(.pretty) + "\n", to: output) }

    /// Asks a question that is answered with yes or no, and goes on where it is yes.
    ///
    /// - Throws: `PlanDeclined` for every other answer.
    func confirm(_ question: String) async throws {
        ask("\(question) [y/N] ")
        let answer = try await Terminal.readAnswer()?.lowercased()
        guard answer == "y" || answer == "yes" else { throw PlanDeclined() }
    }

    /// Whether there is somebody to ask.
    package var canAsk: Bool { isInteractive && Terminal.isInteractive(.standardInput) }

    /// Prints the beginning of a line that the user ends.
    package func ask(_ text: String) { write(text, to: talk) }

    /// Prints one line of talk; the lines of progress, where there are some, stay below it.
    package func say(_ line: String) {
        if writesEvents { return event(["event": "message", "message": .string(line)]) }
        let line = colours.talk.marked(line)
        progress.withLock { progress in
            write(Self.erasure(of: progress) + line + "\n" + progress.joined(separator: "\n"), to: talk)
        }
    }

    /// Shows lines in place until the next; none removes them.
    ///
    /// Nothing is shown where nobody watches.
    package func show(progress lines: [String]) {
        guard isInteractive else { return }
        progress.withLock { progress in
            guard lines != progress else { return }
            write(Self.erasure(of: progress) + lines.joined(separator: "\n"), to: talk)
            progress = lines
        }
    }

    /// Goes back to where the lines begin, and takes them away.
    private static func erasure(of lines: [String]) -> String {
        if lines.isEmpty { return "" }
        return "\r" + (lines.count > 1 ? "\u{1B}[\(lines.count - 1)A" : "") + "\u{1B}[J"
    }

    /// Passes on what a worker printed.
    ///
    /// On a terminal, whatever could move the cursor or change colours is taken out.
    func pass(_ bytes: [UInt8], toTalk: Bool) {
        let descriptor = toTalk ? talk : output
        guard Terminal.isInteractive(descriptor) else {
            _ = try? descriptor.writeAll(bytes)
            return
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        write(lines.map(\.printable).joined(separator: "\n"), to: descriptor)
    }

    /// A reader that went away, as `head` does, is no error of ours; a result that a full disk did not take is one.
    private func write(_ text: String, to descriptor: FileDescriptor) {
        do { try descriptor.writeAll(text.utf8) } catch {
            guard descriptor == output, let errno = error as? Errno, errno != .brokenPipe else { return }
            failure.withLock { $0 = HostError(.write, "/dev/stdout", errno) }
        }
    }

    /// Nothing, where all results were written.
    ///
    /// - Throws: `HostError` where one was not.
    func expectWritten() throws { if let error = failure.withLock({ $0 }) { throw error } }
}
