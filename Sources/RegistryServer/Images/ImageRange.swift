// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import RegistryService
import WorkerModel

/// How clients of images write which bytes they send and how far an upload has come: `0-499`, without a unit.
enum ImageRange {
    /// What has arrived; the form has no way to say that nothing has.
    static func arrived(_ size: ByteCount) -> String { "0-\(max(0, size.bytes - 1))" }

    /// Where a piece belongs, and how long it is; nil where the request does not say.
    ///
    /// - Throws: `RequestFault.header` for a header that cannot be read.
    static func piece(_ request: Request) throws(RequestFault) -> Range<Int64>? {
        guard let text = request.headers[.contentRange] else { return nil }
        let bare = text.hasPrefix("bytes ") ? text.dropFirst("bytes ".count) : text[...]
        let ends = bare.prefix { $0 != "/" }.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]), first <= last else {
            throw .header("Content-Range", "must be as in `0-499`")
        }
        return first..<last + 1
    }

    private static func number(_ text: Substring) -> Int64? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}
