// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Hummingbird

/// Refuses requests whose target or header fields do not keep the rule of `StreamSafeText`, before any route compares them.
///
/// Bodies are held to it by their readers.
struct StreamSafeRequests: RouterMiddleware {
    typealias Context = RegistryContext

    func handle(
        _ request: Request,
        context: RegistryContext,
        next: @concurrent (Request, RegistryContext) async throws -> Response
    ) async throws -> Response {
        if let fault = Self.fault(in: request) { throw fault }
        return try await next(request, context)
    }

    private static func fault(in request: Request) -> RequestFault? {
        if StreamSafeText.excess(in: decoded(request.uri.string.utf8)) != nil { return .marks }
        for field in request.headers where StreamSafeText.excess(in: field.value.utf8) != nil {
            return .header(field.name.rawName, "has " + StreamSafeText.complaint)
        }
        return nil
    }

    /// The bytes that a target stands for.
    static func decoded(_ target: String.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(target.count)
        var rest = target[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            // `UInt8` would take a sign for a digit.
            guard byte == UInt8(ascii: "%"), digits.count == 2, digits.first != UInt8(ascii: "+"),
                let value = UInt8(String(Substring(digits)), radix: 16)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
