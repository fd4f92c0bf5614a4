// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@testable import ImageDocuments

struct ImageConfigurationTests {
    private static let layer = "sha256:" + String(repeating: "0a", count: 32)

    private static func read(_ settings: String, layers: String = #""\#(layer)""#) throws -> ImageConfiguration {
        let text =
            #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[\#(layers)]},"config":\#(settings)}"#
        return try ImageConfiguration(parsing: Array(text.utf8))
    }

    @Test func readsWhatRunsAndHow() throws {
        let configuration = try Self.read(
            #"{"Entrypoint":["/bin/run"],"Cmd":["-v",""],"Env":["A=b=c","NOTHING","=x","E="],"WorkingDir":"srv","User":"7:8","#
                + #""StopSignal":"SIGINT","Labels":{"a":"b"}}"#
        )
        #expect(configuration.arguments == ["/bin/run", "-v", ""])
        #expect(configuration.environment == [.init(name: "A", value: "b=c"), .init(name: "E", value: "")])
        #expect(configuration.workingDirectory == "/srv")
        #expect(configuration.user == "7:8")
        #expect(configuration.stopSignal == 2)
        #expect(configuration.labels == ["a": "b"])
        #expect(configuration.platform == ImagePlatform(system: "linux", architecture: "amd64"))
        #expect(configuration.layers == [try Digest(parsing: Self.layer)])
    }

    @Test(arguments: [
        "null", "{}", #"{"Entrypoint":null,"Cmd":null,"Env":null,"User":"","WorkingDir":"","Labels":null}"#,
    ])
    func whatIsNotSaidIsTheUsual(_ settings: String) throws {
        let configuration = try Self.read(settings)
        #expect(configuration.arguments.isEmpty && configuration.environment.isEmpty && configuration.labels.isEmpty)
        #expect(configuration.workingDirectory == "/" && configuration.user == nil && configuration.stopSignal == nil)
    }

    @Test(arguments: [
        #"{"Entrypoint":"sh"}"#, #"{"Env":[1]}"#, #"{"Cmd":["a\u0000b"]}"#, #"{"User":"a\u0000"}"#,
        #"{"StopSignal":"SIGNONE"}"#,
        #"{"StopSignal":"0"}"#, #"{"StopSignal":"SIGRTMAX+1"}"#, "[]",
    ])
    func refusesWhatMakesNoSense(_ settings: String) {
        #expect(throws: OCIDocumentError.self) { try Self.read(settings) }
    }

    @Test(arguments: [#""sha256:0a""#, #""\#(layer.uppercased())""#, "1", #"{}"#])
    func refusesLayersThatAreNone(_ layers: String) {
        #expect(throws: OCIDocumentError.self) { try Self.read("{}", layers: layers) }
    }

    @Test(
        arguments: [
            ("SIGTERM", 15), ("term", 15), ("9", 9), ("SIGRTMIN", 34), ("SIGRTMIN+3", 37), ("RTMAX-1", 63),
            ("SIGSYS", 31),
        ] as [(String, Int32)]
    )
    func knowsTheSignalsOfLinux(_ name: String, _ number: Int32) {
        #expect(StopSignal.number(of: name) == number)
    }

    /// What runs on a host, in order; nested indexes without a platform last.
    @Test func choosesWhatRunsOnAHost() throws {
        func item(_ variant: String?, _ place: Int64, _ architecture: String? = "arm") throws -> OCIDescriptor {
            OCIDescriptor(
                mediaType: architecture == nil ? OCIMediaType.index.rawValue : "m",
                digest: try Digest(parsing: String(repeating: "0a", count: 32)),
                size: ByteCount(place),
                platform: architecture.map { ImagePlatform(system: "linux", architecture: $0, variant: variant) }
            )
        }
        let index = [
            try item(nil, 0, nil), try item("v6", 1), try item("v7", 2), try item("v8", 3), try item(nil, 4, "amd64"),
            try item("v7", 5),
        ]
        let host = ImagePlatform(system: "linux", architecture: "arm", variant: "v7")
        #expect(OCIDocument.choices(of: index, for: host).map(\.size.bytes) == [2, 5, 1, 0])
    }
}
