// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import RegistryAPI
import RegistryService

extension ErrorResponse {
    /// What only images have to do with.
    init(image fault: ImageFault) {
        let error = RegistryServiceError.image(fault)
        self.init(
            .validationError,
            error.message.printable,
            fix: error.hints.joined(separator: "; ").printable
        )
        status = .init(code: fault.status)
        imageCode = fault.name
        if case .uploadOffset(let expected) = fault { headers[.range] = ImageRange.arrived(expected) }
    }

    /// The answer in the form that clients of images read.
    func imageResponse(requestID: String) -> Response {
        let code =
            imageCode
            ?? {
                switch status.code {
                case 400: "UNSUPPORTED"
                case 401: "UNAUTHORIZED"
                case 403: "DENIED"
                case 404: "NAME_UNKNOWN"
                case 405: "UNSUPPORTED"
                case 409, 416: "BLOB_UPLOAD_INVALID"
                case 413: "SIZE_INVALID"
                case 429: "TOOMANYREQUESTS"
                default: "UNKNOWN"
                }
            }()
        let error: JSONObject = [
            "code": .string(code), "message": .string(envelope.message),
            "detail": ["fix": .string(envelope.fix), "request_id": .string(requestID)],
        ]
        return Response.json(
            JSONValue.object(["errors": [.object(error)]]).bytes(),
            status: status,
            headers: headers
        )
    }
}
