// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import PackageDescription

let package = Package(
    name: "greeter",
    platforms: [.macOS(.v15)],
    dependencies: [
        // A checkout of iii; from elsewhere, the path of one.
        .package(name: "iii", path: "../..")
    ],
    targets: [
        .executableTarget(name: "greeter", dependencies: [.product(name: "IIIWorker", package: "iii")])
    ]
)
