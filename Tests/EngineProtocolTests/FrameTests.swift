// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import NIOCore
import TestSupport
import Testing

@Suite struct FrameDecodingTests {
    private func decode(_ text: String) throws -> Frame { try Frame(decoding: ByteBuffer(string: text)) }

    private func raw(_ text: String) throws -> RawJSON { try RawJSON(parsing: ByteBuffer(string: text)) }

    @Test func readsACallAsAWorkerSendsIt() throws {
        let frame = try decode(
            #"{"function_id":"smoke::add","data":{"a":2, "b":3.0},"invocation_id":"i1","type":"invokefunction"}"#
        )
        let data = try raw(#"{"a":2, "b":3.0}"#)
        #expect(frame == .invoke(InvokeFunction(id: "i1", functionID: "smoke::add", data: data)))
    }

    @Test func readsAnAnnouncement() throws {
        let frame = try decode(
            #"{"function_id":"engine::workers::register","data":{"isolation":null},"action":{"type":"void"},"#
                + #""namespace":"default","invocation_id":null,"features":["x"],"type":"invokefunction"}"#
        )
        let expected = InvokeFunction(
            id: nil,
            functionID: "engine::workers::register",
            data: try raw(#"{"isolation":null}"#),
            namespace: "default",
            action: .void
        )
        #expect(frame == .invoke(expected))
    }

    @Test func anErrorWinsOverAResult() throws {
        let frame = try decode(
            #"{"type":"invocationresult","invocation_id":"i","function_id":"f","result":1,"error":{"code":"c"}}"#
        )
        #expect(
            frame
                == .result(InvocationResult(id: "i", functionID: "f", outcome: .failure(try raw(#"{"code":"c"}"#))))
        )
    }

    @Test(arguments: [
        #"{"type":"invocationresult","invocation_id":"i"}"#,
        #"{"type":"invocationresult","invocation_id":"i","result":null,"error":null,"function_id":null}"#,
    ])
    func aMissingResultIsNone(text: String) throws {
        #expect(try decode(text) == .result(InvocationResult(id: "i", functionID: "", outcome: .success(nil))))
    }

    @Test func halfCharactersPassThrough() throws {
        let frame = try decode(#"{"type":"invocationresult","invocation_id":"i","result":"\ud83d x"}"#)
        guard case .result(let result) = frame, case .success(let value?) = result.outcome else {
            Issue.record("no result")
            return
        }
        #expect(value.description == #""\ud83d x""#)
    }

    @Test(
        arguments: [
            (#"{"type":"invocationresult","invocation_id":"i","result":NaN}"#, "i"),
            (#"{"function_id":"f","result":[1,-Infinity],"invocation_id":"i","type":"invocationresult"}"#, "i"),
            (#"{"function_id":"f","data":{"a":Infinity},"invocation_id":"i","type":"invokefunction"}"#, "i"),
            (#"{"type":"invokefunction","invocation_id":"i","data":{}}"#, "i"),
            (#"{"type":"invokefunction","invocation_id":"i","function_id":7}"#, "i"),
            (#"{"type":"invokefunction","invocation_id":"i","function_id":"f","action":{"type":"later"}}"#, "i"),
            (#"{"type":"invokefunction","invocation_id":"i","function_id":"f","data":{"a":1"#, "i"),
            (#"{"type":"invokefunction","invocation_id":7,"function_id":"f"}"#, nil),
            (#"{"data":1,"data":2,"type":"invokefunction"}"#, nil),
            ("[]", nil), ("{}", nil), ("\"x\"", nil), (#"{"type":"registerfunction","id":" "}"#, nil),
            (#"{"type":"ping"} x"#, nil), (#"{"type":5}"#, nil), (#"{"type":"invocationresult"}"#, nil),
        ] as [(String, String?)]
    )
    func anIllFormedFrameTellsWhichCallItWasAbout(text: String, id: String?) {
        let fault = #expect(throws: FrameFault.self) { try decode(text) }
        #expect(fault?.invocationID == id)
    }

    @Test func aSchemaThatSaysNaNIsLeftAway() throws {
        let frame = try decode(
            #"{"type":"registerfunction","id":"f","request_format":{"default":NaN},"metadata":{"k":1}}"#
        )
        let expected = FunctionRegistration(id: "f", metadata: try raw(#"{"k":1}"#))
        #expect(frame == .registerFunction(expected))
    }

    @Test func namesHaveALimit() {
        let long = String(repeating: "x", count: 2000)
        #expect(throws: FrameFault.self) { try decode(#"{"type":"registerfunction","id":"\#(long)"}"#) }
    }

    @Test(arguments: [
        (#"{"type":"later","id":"x"}"#, Frame.unknown(type: "later")), (#" {"type":"ping"} "#, .ping),
        (
            #" {"type":"observe","id":"x"} "#,
            .observation(.observe, RawJSON(["type": "observe", "id": "x"]))
        ),
        (#"{"type":"registerservice","id":"s","name":"n"}"#, .registerService(id: "s")),
    ])
    func readsSmallFrames(text: String, frame: Frame) throws {
        #expect(try decode(text) == frame)
    }

    /// Bytes cut, flipped or doubled end in a frame or a fault, never in a trap.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func survivesDamage(seed: UInt64) {
        let text = Array(
            (#"{"function_id":"smoke::add","data":{"a":[2.5e3,"x\u00e9é\ud83d",null,true],"_caller_worker_id":"y"},"#
                + #""metadata":{"m":NaN},"invocation_id":"i1","action":{"type":"enqueue","queue":"q"},"#
                + #""type":"invokefunction"}"#).utf8
        )
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) where damaged.count > 1 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[Int.random(in: damaged.indices, using: &random)] = .random(in: 0...255, using: &random)
                case 1: damaged.removeSubrange(Int.random(in: 1..<damaged.count, using: &random)...)
                default:
                    let range = Int.random(in: 0..<damaged.count, using: &random)..<damaged.count
                    damaged.insert(contentsOf: damaged[range], at: range.lowerBound)
                }
            }
            guard let frame = try? Frame(decoding: ByteBuffer(bytes: damaged)), case .invoke(var call) = frame else {
                continue
            }
            call.callerWorkerID = "w"
            // What was taken in has to be JSON when it goes out.
            let sent = Frame.invoke(call).encoded()
            #expect((try? RawJSON(parsing: sent)) != nil, "\(String(buffer: sent))")
        }
    }
}

@Suite struct FrameEncodingTests {
    private static let json = RawJSON(["k": [1, "two"]])
    /// A call among those who speak `observe.v1`.
    private static let originated: Frame = {
        var call = InvokeFunction(id: "i", functionID: "f")
        call.origin = .said(caller: json, depth: 3, activation: json)
        return .invoke(call)
    }()

    @Test(
        arguments: [
            .workerRegistered(workerID: "w", reattachToken: "t"),
            .workerRegistered(workerID: "w", reattachToken: nil, features: ["a", "b"]),
            .observation(.report, RawJSON(["type": "invocationsobserved", "items": []])), originated,
            .invoke(
                InvokeFunction(
                    id: "i",
                    functionID: "f",
                    data: json,
                    namespace: "n",
                    metadata: json,
                    traceparent: "00-1",
                    baggage: "a=b",
                    action: .enqueue(queue: "q")
                )
            ),
            .invoke(InvokeFunction(id: nil, functionID: "f\"\\\n\u{1}é", action: .void)),
            .result(InvocationResult(id: "i", functionID: "f", outcome: .success(nil), traceparent: "t", baggage: "b")),
            .result(InvocationResult(id: "i", functionID: "f", outcome: .failure(json))),
            .registerFunction(
                FunctionRegistration(
                    id: "f",
                    description: "d",
                    requestFormat: json,
                    responseFormat: json,
                    metadata: json,
                    invocation: json,
                    observe: json
                )
            ),
            .unregisterFunction(id: "f"), .registerService(id: "s"),
            .registerTriggerType(
                TriggerTypeRegistration(id: "t", description: "d", configFormat: json, callFormat: json, namespace: "n")
            ),
            .unregisterTriggerType(id: "t", namespace: "n"),
            .registerTrigger(
                TriggerRegistration(
                    id: "b",
                    triggerType: "t",
                    functionID: "f",
                    config: json,
                    metadata: json,
                    namespace: "n",
                    triggerNamespace: "m"
                )
            ),
            .registerTrigger(TriggerRegistration(id: "b", triggerType: "t", functionID: "f")),
            .triggerResult(TriggerRegistrationResult(id: "b", triggerType: "t", functionID: "f", error: json)),
            .unregisterTrigger(id: "b", triggerType: "t"),
            .registrationRejected(
                RegistrationRejection(subject: .function(id: "f"), namespace: "n", ownerWorkerID: "w")
            ),
            .registrationRejected(
                RegistrationRejection(subject: .worker(name: "w"), namespace: "n", ownerWorkerID: "")
            ),
            .reattach(previousWorkerID: "w", token: "t"), .ping, .pong, .error(code: "AUTH_ERROR", message: "no"),
        ] as [Frame]
    )
    func whatIsWrittenIsReadAgain(frame: Frame) throws {
        let text = frame.encoded()
        #expect(try Frame(decoding: text) == frame)
        #expect(frame.cost >= text.readableBytes)
    }

    @Test(
        arguments: [
            ("{}", #"{"_caller_worker_id":"w"}"#),
            ("{ }", #"{"_caller_worker_id":"w"}"#),
            (#"{"a":2,"b":[1.0, {}]}"#, #"{"a":2,"b":[1.0, {}],"_caller_worker_id":"w"}"#),
            (#"{ "a" : 2 }"#, #"{"a" : 2,"_caller_worker_id":"w"}"#),
            (#"{"_caller_worker_id":"x","a":1}"#, #"{"a":1,"_caller_worker_id":"w"}"#),
            (#"{"a":1, "_caller_worker_id":{"x":[]} }"#, #"{"a":1,"_caller_worker_id":"w"}"#),
            (#"{"_caller\u005fworker_id":"x","a":1,"_caller_worker_id":2}"#, #"{"a":1,"_caller_worker_id":"w"}"#),
            (#"{"_caller_worker_id":"x"}"#, #"{"_caller_worker_id":"w"}"#),
            (#"{"a":{"_caller_worker_id":"x"}}"#, #"{"a":{"_caller_worker_id":"x"},"_caller_worker_id":"w"}"#),
            ("[1]", "[1]"), ("null", nil), ("12345678901234567890", "12345678901234567890"),
        ] as [(String, String?)]
    )
    func theCallerIsNamedInTheData(data: String, expected: String?) throws {
        let text = #"{"type":"invokefunction","invocation_id":"i","function_id":"f","data":\#(data)}"#
        guard case .invoke(var call) = try Frame(decoding: ByteBuffer(string: text)) else {
            Issue.record("no call")
            return
        }
        call.callerWorkerID = "w"
        guard case .invoke(let sent) = try Frame(decoding: Frame.invoke(call).encoded()) else {
            Issue.record("no call")
            return
        }
        #expect(sent.data?.description == expected)
    }
}
