// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import PackageDescription

/// The settings of every target, tests included.
///
/// See CONTRIBUTING.md.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let serviceLifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let systemPackage = product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
}

/// One module of ours: what it imports, and what its tests import besides it.
struct Module {
    var name: String
    var uses: [Target.Dependency]
    var testUses: [Target.Dependency] = []
    /// A program rather than a library.
    ///
    /// Programs have no test target: journeys run them.
    var isProgram = false
}

/// The modules, lowest layer first.
///
/// ARCHITECTURE.md has the layers, `scripts/check-layers` holds imports to them.
let modules: [Module] = [
    // 0 vocabulary
    Module(name: "Diagnostics", uses: []),
    // 1 values and texts
    Module(name: "WorkerModel", uses: ["Diagnostics", "CBuildInfo", .crypto]),
    Module(name: "JSONText", uses: ["Diagnostics"]),
    Module(name: "YAMLText", uses: ["Diagnostics", "CLibYAML"]),
    Module(name: "MarkupText", uses: ["Diagnostics", "CCommonMark"]),
    // 2 formats and seams
    Module(name: "HostSystem", uses: ["Diagnostics", "WorkerModel", "CHostSystem", .systemPackage]),
    Module(name: "Transport", uses: ["Diagnostics", "WorkerModel", .nioCore], testUses: ["TransportTestSupport"]),
    Module(name: "RegistryAPI", uses: ["Diagnostics", "WorkerModel", "JSONText"]),
    Module(name: "Resolution", uses: ["Diagnostics", "WorkerModel"]),
    Module(name: "Manifests", uses: ["Diagnostics", "WorkerModel", "JSONText", "YAMLText"]),
    Module(name: "ImageDocuments", uses: ["Diagnostics", "WorkerModel", "JSONText"]),
    Module(name: "RegistryStorage", uses: ["Diagnostics", "WorkerModel", .systemPackage]),
    Module(name: "EngineProtocol", uses: ["Diagnostics", "JSONText", .nioCore]),
    Module(name: "Sandboxing", uses: ["Diagnostics", "WorkerModel", .systemPackage]),
    // 3 effects
    Module(
        name: "WebSockets",
        uses: ["Diagnostics", "EngineProtocol", .nioCore, .nioHTTP1, .nioPosix, .nioWebSocket]
    ),
    Module(
        name: "Archives",
        uses: ["Diagnostics", "WorkerModel", "HostSystem", "CHostSystem", "CCompression", .systemPackage]
    ),
    Module(
        name: "ProjectFiles",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "YAMLText", "Manifests", "HostSystem", "Sandboxing", "Transport",
            .systemPackage,
        ]
    ),
    Module(
        name: "Downloads",
        uses: [
            "Diagnostics", "WorkerModel", "HostSystem", "Transport", .asyncHTTPClient, .nioCore, .nioHTTP1, .nioPosix,
            .nioSSL, .systemPackage,
        ],
        testUses: ["TransportTestSupport"]
    ),
    Module(
        name: "RegistryDatabase",
        uses: ["WorkerModel", "RegistryStorage", .grdb, .systemPackage]
    ),
    Module(
        name: "BlobStorage",
        uses: [
            "WorkerModel", "HostSystem", "CHostSystem", "RegistryStorage", .nioPosix, .systemPackage,
        ],
        testUses: ["Diagnostics"]
    ),
    Module(
        name: "GuestChannel",
        uses: ["Diagnostics", "WorkerModel", "HostSystem", "Sandboxing", .nioCore, .nioPosix, .systemPackage],
        testUses: ["CHostSystem", "SandboxTestSupport"]
    ),
    Module(name: "SourceFolders", uses: ["WorkerModel", "HostSystem", .systemPackage]),
    // 4 stores and conversations
    Module(
        name: "EngineClient",
        uses: ["Diagnostics", "JSONText", "EngineProtocol", "Transport", "WebSockets", .nioCore, .nioPosix]
    ),
    Module(
        name: "WorkerConfigurations",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "YAMLText", "Manifests", "HostSystem", "EngineProtocol", .nioCore,
            .systemPackage,
        ]
    ),
    Module(
        name: "RegistryClient",
        uses: ["Diagnostics", "WorkerModel", "JSONText", "Transport", "RegistryAPI", .nioCore, .systemPackage],
        testUses: ["TransportTestSupport"]
    ),
    Module(
        name: "OCIImages",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "ImageDocuments", "Transport", .nioCore,
            .systemPackage,
        ],
        testUses: ["TransportTestSupport", "Downloads"]
    ),
    Module(
        name: "ImageStore",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "CHostSystem", "ImageDocuments", "Sandboxing",
            "Archives",
            .nioCore, .systemPackage,
        ]
    ),
    Module(
        name: "ArtifactStore",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "Archives", "ProjectFiles", .nioCore,
            .systemPackage,
        ]
    ),
    Module(
        name: "Namespaces",
        uses: ["Diagnostics", "WorkerModel", "HostSystem", "Sandboxing", "GuestChannel", .systemPackage],
        testUses: ["SandboxTestSupport"]
    ),
    Module(
        name: "MicroVM",
        uses: ["Diagnostics", "WorkerModel", "JSONText", "HostSystem", "Sandboxing", "GuestChannel", .systemPackage],
        testUses: ["SandboxTestSupport"]
    ),
    Module(
        name: "LocalWorkspaces",
        uses: ["Diagnostics", "WorkerModel", "HostSystem", "SourceFolders", .systemPackage]
    ),
    // 5 use cases
    Module(
        name: "WorkerOperations",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "Sandboxing", "Transport", "RegistryAPI",
            "Resolution",
            "Manifests",
            "Archives", "ProjectFiles", "SourceFolders", "RegistryClient", "ImageDocuments", "OCIImages", "ImageStore",
            "ArtifactStore", .nioCore, .systemPackage,
        ],
        testUses: ["TransportTestSupport", "Downloads"]
    ),
    Module(
        name: "WorkerSupervisor",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "YAMLText", "HostSystem", "Manifests", "ProjectFiles",
            "Sandboxing", "GuestChannel", "LocalWorkspaces", "ImageDocuments", "ImageStore",
            "ArtifactStore", .systemPackage,
        ],
        testUses: ["Namespaces", "SandboxTestSupport"]
    ),
    Module(
        name: "RegistryService",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "RegistryAPI", "Resolution", "Manifests",
            "Archives", "MarkupText",
            "RegistryStorage", "ImageDocuments", .crypto,
        ],
        testUses: [.systemPackage, "RegistryDatabase", "BlobStorage"]
    ),
    Module(name: "RegistryPages", uses: ["WorkerModel", "JSONText", "MarkupText", "RegistryAPI"]),
    // 6 faces
    Module(
        name: "Commands",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "Sandboxing", "GuestChannel", "Namespaces",
            "MicroVM", "Archives", "Transport",
            "RegistryAPI", "Resolution", "Manifests", "ProjectFiles", "Downloads", "OCIImages", "RegistryClient",
            "ImageDocuments", "ImageStore", "ArtifactStore", "WorkerOperations", "WorkerSupervisor",
            "EngineProtocol", "EngineClient", .nioSSL, .argumentParser, .systemPackage,
        ]
    ),
    Module(
        name: "RegistryServer",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "YAMLText", "HostSystem", "RegistryAPI", "RegistryStorage",
            "RegistryService", "RegistryPages", "MarkupText", "Resolution", "Transport",
            .httpTypes, .hummingbird, .hummingbirdCore, .logging, .nioCore, .nioHTTP1, .nioHTTPTypes,
            .nioHTTPTypesHTTP1, .nioPosix, .nioSSL, .serviceLifecycle,
            .systemPackage, .unixSignals,
        ],
        testUses: ["RegistryDatabase", "BlobStorage", .asyncHTTPClient, .hummingbirdTesting]
    ),
    Module(
        name: "Engine",
        uses: [
            "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "Manifests", "EngineProtocol", "Sandboxing",
            "Transport", "WebSockets", "WorkerConfigurations",
            .crypto, .systemPackage,
            .logging, .nioCore, .nioHTTP1, .nioPosix,
        ],
        testUses: ["EngineClient", .subprocess, .systemPackage]
    ),
    // Workers in Swift: a library for others
    Module(
        name: "IIIWorker",
        uses: ["Diagnostics", "JSONText", "HostSystem", "EngineProtocol", "EngineClient", .nioCore],
        testUses: ["Engine", .logging]
    ),
    // 7 doors
    Module(
        name: "iii",
        uses: [
            "Commands", "Diagnostics", "HostSystem", "JSONText", "ProjectFiles", "Sandboxing", "Transport",
            "EngineProtocol",
            "EngineClient", "Engine", "GuestChannel", "WorkerConfigurations", "WorkerModel", "WorkerOperations",
            "WorkerSupervisor", .argumentParser, .logging, .systemPackage,
        ],
        isProgram: true
    ),
    Module(
        name: "iii-registry",
        uses: [
            "Archives", "Diagnostics", "WorkerModel", "JSONText", "HostSystem", "RegistryAPI", "RegistryStorage",
            "RegistryDatabase",
            "BlobStorage",
            "RegistryService", "RegistryServer", .argumentParser, .systemPackage,
        ],
        isProgram: true
    ),
]

/// Modules that are asked for with `III_MODULES=A,B`, with all that they use: a quick build while one works on these.
let wanted: Set<String>? = Context.environment["III_MODULES"].map { list in
    let byName = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0) })
    var found: Set<String> = []
    var open = list.split(separator: ",").map(String.init) + ["WorkerModel"]  // TestSupport uses it
    if open.contains("Journeys") { open.append("IIIWorker") }  // the workers of the examples
    while let name = open.popLast() {
        guard let module = byName[name], found.insert(name).inserted else { continue }
        for case .byNameItem(let used, _) in module.uses + module.testUses { open.append(used) }
    }
    return found
}

/// A macro with what a variable says of where the build comes from; only letters, digits and `-` are taken.
func origin(_ variable: String) -> CSetting? {
    guard let text = Context.environment[variable], !text.isEmpty,
        text.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) || (97...122).contains($0) })
    else { return nil }
    return .define(variable, to: "\"\(text)\"")
}

/// Takes the place of ICU's data in the registry, for releases: `packaging/icu/no_icu_data.c` says why.
let withoutICUData = Context.environment["III_WITHOUT_ICU_DATA"] != nil
let noICUData: [Target] = withoutICUData ? [.target(name: "CNoICUData", path: "packaging/icu")] : []

let systemLibraries: [Target] = [
    .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
    .systemLibrary(
        name: "CCommonMark",
        providers: [.apt(["libcmark-gfm-dev", "libcmark-gfm-extensions-dev"]), .brew(["cmark-gfm"])]
    ),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // zlib, and ISA-L where the machine has it: it inflates about twice as fast. It is loaded when first used, not linked.
    .target(name: "CCompression", dependencies: ["CZlib"], linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CHostSystem"),
    .target(name: "CBuildInfo", cSettings: ["III_COMMIT", "III_DATE"].compactMap(origin)),
]

/// The agent of sandboxes: Embedded Swift with a static C library, since it starts where there is nothing else.
///
/// No test target may depend on it: its linker flags would follow. Tests run it.
let guest: [Target] =
    !(wanted.map { !$0.isDisjoint(with: ["GuestChannel", "iii"]) } ?? true)
    ? []
    : [
        .target(name: "CGuest", linkerSettings: [.linkedLibrary("seccomp")]),
        .executableTarget(
            name: "iii-guest",
            dependencies: ["CGuest"],
            exclude: ["README.md"],
            swiftSettings: [
                .swiftLanguageMode(.v6), .enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo", "-Osize"]),
                .treatAllWarnings(as: .error),
            ],
            linkerSettings: [.unsafeFlags(["-static-executable", "-Xlinker", "--gc-sections", "-Xlinker", "-s"])]
        ),
    ]

/// Of some paths below a folder, those that exist: SwiftPM warns of others.
func existing(_ paths: [String], in folder: String) -> [String] {
    paths.filter { FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(folder)/\($0)") }
}

let ours: [Target] = modules.filter { wanted?.contains($0.name) ?? true }.flatMap { module -> [Target] in
    if module.isProgram {
        let data: [Target.Dependency] = withoutICUData && module.name == "iii-registry" ? ["CNoICUData"] : []
        return [.executableTarget(name: module.name, dependencies: module.uses + data, swiftSettings: strict)]
    }
    let library = Target.target(
        name: module.name,
        dependencies: module.uses,
        exclude: existing(["README.md"], in: "Sources/\(module.name)"),
        swiftSettings: strict
    )
    guard !existing(["\(module.name)Tests"], in: "Tests").isEmpty else { return [library] }
    let tests = Target.testTarget(
        name: module.name + "Tests",
        dependencies: [.byName(name: module.name), "TestSupport"] + module.uses + module.testUses,
        exclude: existing(["Fixtures"], in: "Tests/\(module.name)Tests"),
        swiftSettings: strict
    )
    return [library, tests]
}

/// What tests share, and the tests of the two programs together.
let support: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: ["WorkerModel", .systemPackage],
        path: "Tests/TestSupport",
        swiftSettings: strict
    )
]
/// A network that fails on demand, for the tests of whoever speaks through `Transport`.
let transportSupport: [Target] =
    !(wanted?.contains("Transport") ?? true)
    ? []
    : [
        .target(
            name: "TransportTestSupport",
            dependencies: ["Transport", "WorkerModel", .nioCore, .nioHTTP1, .nioPosix],
            path: "Tests/TransportTestSupport",
            swiftSettings: strict
        )
    ]
/// What all backends of sandboxes must do, and what no worker may.
let sandboxSupport: [Target] =
    !(wanted?.contains("GuestChannel") ?? true)
    ? []
    : [
        .target(
            name: "SandboxTestSupport",
            dependencies: ["Sandboxing", "WorkerModel", "TestSupport", .nioCore, .nioPosix, .systemPackage],
            path: "Tests/SandboxTestSupport",
            swiftSettings: strict
        )
    ]
/// The tests of the two programs together, which are built with `III_MODULES=iii,iii-registry,Journeys`.
let journeys: [Target] =
    !(Context.environment["III_MODULES"]?.contains("Journeys") ?? true)
    ? []
    : [
        .testTarget(
            name: "Journeys",
            dependencies: [
                "TestSupport", "TransportTestSupport", "JSONText", "WorkerModel", "iii", "iii-registry", "greeter",
                "roman-dates",
                "roman-numerals",
                .subprocess, .systemPackage,
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict
        )
    ]

/// The workers in Swift below `Examples/`, which the demo publishes and journeys call.
let examples: [Target] =
    !(wanted.map { $0.contains("IIIWorker") } ?? true)
    ? []
    : ["greeter", "roman-dates", "roman-numerals"].map { name in
        .executableTarget(
            name: name,
            dependencies: ["IIIWorker"],
            path: "Examples/\(name)/Sources",
            swiftSettings: strict
        )
    }

/// What benchmarks run that no program does alone; built in part with `III_MODULES=Benchmarks,…` and what they use.
let benchmarks: [Target] =
    !(Context.environment["III_MODULES"]?.contains("Benchmarks") ?? true)
    ? []
    : [
        .executableTarget(
            name: "bench-unpack",
            dependencies: ["Archives", "WorkerModel", .systemPackage],
            path: "Benchmarks/unpack",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-linear",
            dependencies: [
                "Archives", "Diagnostics", "EngineProtocol", "ImageDocuments", "JSONText", "Manifests", "MarkupText",
                "ProjectFiles", "WorkerModel", .nioCore,
            ],
            path: "Benchmarks/linear",
            swiftSettings: strict
        ),
    ]

/// What other packages may use: a library for workers in Swift.
let libraries: [Product] =
    wanted.map { $0.contains("IIIWorker") } ?? true ? [.library(name: "IIIWorker", targets: ["IIIWorker"])] : []

let package = Package(
    name: "iii",
    platforms: [.macOS(.v15)],
    products: libraries,
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", exact: "1.0.2", traits: []),
    ],
    targets: systemLibraries + noICUData + guest + support + transportSupport + sandboxSupport + ours + examples
        + journeys
        + benchmarks
)
