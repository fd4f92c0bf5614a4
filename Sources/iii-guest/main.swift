// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

// iii-guest serve FD        the agent in namespaces: frames over a descriptor
// iii-guest launch … -- …   before bubblewrap: see `launch`
// iii-guest                 as process 1 of a machine: mounts what there is, then serves its console port

runProgram(words())

func runProgram(_ arguments: [CString]) {
    if getpid() == 1 && arguments.count < 2 || equals(arguments.first, "/init") {
        runMachine()
    } else if arguments.count >= 3, equals(arguments[1], "serve") {
        let agent = Agent(channel: atoi(arguments[2]), isMachine: false)
        agent.prepare()
        agent.run()
    } else if arguments.count >= 3, equals(arguments[1], "launch") {
        launch(Array(arguments.dropFirst(2)))
    } else {
        complain("iii-guest is started by iii, not by hand")
        exit(2)
    }
}
