// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import YAMLText

/// Types of unquoted scalars: the core schema of YAML 1.2, not the wider one of 1.1.
struct YAMLScalarTests {
    @Test(arguments: [
        (YAMLScalar.Kind.null, ["", "~", "null", "Null", "NULL"]),
        (.bool, ["true", "True", "TRUE", "false", "False", "FALSE"]),
        (.integer, ["0", "-1", "+7", "007", "0o17", "0x1F", "0xff", "12345678901234567890123"]),
        (.float, ["1.5", "-.5", "1.", "1e3", "1E-3", "+1.0e+10", ".inf", "-.INF", "+.Inf", ".nan", "0.0"]),
        (
            .string,
            [
                "yes", "no", "on", "off", "y", "tRUE", "nUll", "~x", "1.2.3", "1_000", "0b1", "0o8", "0x", "0xg",
                "-0x1",
                "12:30", "2024-01-01", ".", "-", "+", "1e", "1e+", "e5", ".e5", "--1", "^1.2", "inf", ".infx", "1 2",
                "٣",
            ]
        ),
    ])
    func plainTextHasItsType(_ kind: YAMLScalar.Kind, _ texts: [String]) {
        for text in texts { #expect(YAMLScalar(plain: text).kind == kind, "\(text)") }
    }

    @Test(arguments: [
        ("0", "0"), ("+7", "7"), ("-007", "-7"), ("0x1F", "31"), ("0o17", "15"), (".5", "0.5"), ("-.5e3", "-0.5e3"),
        ("5.", "5.0"), ("1E-3", "1E-3"), ("00.10", "0.10"), ("12345678901234567890123", "12345678901234567890123"),
    ])
    func numbersHaveAFormInJSON(_ text: String, _ json: String) {
        #expect(YAMLScalar(plain: text).jsonNumber == json)
    }

    @Test(arguments: [".inf", "-.Inf", ".nan", "true", "x", "0xFFFFFFFFFFFFFFFFFF"]) func otherTextHasNone(
        _ text: String
    ) {
        #expect(YAMLScalar(plain: text).jsonNumber == nil)
    }

    @Test func integersAreReadInAllNotations() {
        #expect(
            ["12", "+12", "0xC", "0o14", "-12", "012"].map { YAMLScalar(plain: $0).integer } == [
                12, 12, 12, 12, -12, 12,
            ]
        )
        #expect(YAMLScalar(plain: "99999999999999999999").integer == nil)
        #expect(YAMLScalar(text: "12", kind: .string).integer == nil)
    }
}
