// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import Testing

@testable import Namespaces

/// Where this process is in the control groups, as kernels say it.
struct OwnControlGroupTests {
    @Test func readsBothVersions() {
        let own = OwnControlGroups(
            """
            12:pids:/user.slice/user-1000.slice
            4:cpu,cpuacct:/a:b
            1:name=systemd:/init.scope
            0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope

            """
        )
        #expect(own.unified == "/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope")
        #expect(own.separate["pids"] == "/user.slice/user-1000.slice")
        #expect(own.separate["cpu"] == "/a:b" && own.separate["cpuacct"] == "/a:b")
        #expect(own.separate["memory"] == nil)
    }

    /// A group outside of what is mounted here, and lines of no known form.
    @Test(arguments: ["0::/../outside", "0::relative", "0", "", "x:y", "0:::"])
    func takesNothingElse(text: String) {
        #expect(OwnControlGroups(text).unified == nil)
    }

    @Test func findsNoneWhereThereIsNoneToWrite() {
        #expect(ControlGroups.find(at: "/proc/sys/kernel", own: "0::/random\n4:memory:/random\n") == nil)
    }
}
