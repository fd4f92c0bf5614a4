// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryAPI
import Testing
import WorkerModel

@Suite struct RegistryPathTests {
    @Test func fillsInNamesAndQueries() throws {
        let name = try WorkerName(parsing: "image-resize")
        let digest = Digest.sha256([])
        #expect(RegistryPath.resolve.description == "/resolve")
        #expect(RegistryPath.publish.description == "/publish")
        #expect(RegistryPath.download(name).description == "/download/image-resize")
        #expect(RegistryPath.detail(name, selector: .latest).description == "/w/image-resize?version=latest")
        #expect(RegistryPath.versions(of: name).description == "/w/image-resize/versions")
        #expect(RegistryPath.blob(digest).description == "/blobs/sha256/\(digest)")
    }

    @Test func encodesWhatAQueryCannotHold() throws {
        let name = try WorkerName(parsing: "a")
        let build = VersionSelector.exact(try SemanticVersion(parsing: "1.2.3+build.5"))
        #expect(
            RegistryPath.download(name, selector: build, isCI: true).description
                == "/download/a?version=1.2.3%2Bbuild.5&ci=true"
        )
        let range = VersionSelector.range(try VersionRequirement(parsing: ">=1 <2"))
        #expect(RegistryPath.download(name, selector: range).description == "/download/a?version=%3E%3D1%20%3C2")
    }

    @Test func everyCodeHasAnErrorStatus() {
        for code in RegistryErrorCode.allCases {
            #expect((400...599).contains(code.status))
            #expect(code.graphStatus != 404)
            #expect(code.rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F })
        }
    }

    @Test func onlyAnUnknownRootIsNotFoundWhenResolving() {
        #expect(RegistryErrorCode.workerNotFound.status == 404)
        #expect(RegistryErrorCode.workerNotFound.graphStatus == 422)
        #expect(RegistryErrorCode.versionNotFound.graphStatus == 422)
        #expect(RegistryErrorCode.unauthorized.graphStatus == 401)
    }
}
