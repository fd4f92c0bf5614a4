// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import PackageDescription

let package = Package(
    name: "roman-numerals",
    targets: [.executableTarget(name: "roman-numerals", path: "Sources")]
)
