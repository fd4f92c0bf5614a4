// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// Does what is due between `iii` and bubblewrap, in this order whatever the order of the words.
///
///     --parent PID        die when this process dies
///     --cgroup FILE       join a control group; may be repeated
///     --stage PATH NAME   show a file or folder as `/tmp/NAME`, in a mount namespace of its own; may be repeated
///     --network           a network of its own, with nothing but a loopback interface
///     --address A.B.C.D   one more address of that interface; may be repeated
///     --user ID           become this user
///     -- PROGRAM …        then become this program
///
/// Staging is for root: the user that bubblewrap then runs as need not be able to reach the folders.
func launch(_ words: [CString]) -> Never {
    var (parent, user): (Int32, UInt32?) = (0, nil)
    var groups: [CString] = []
    var stages: [(path: CString, name: CString)] = []
    var hasNetwork = false
    var addresses: [CString] = []
    var index = 0
    while index < words.count, !equals(words[index], "--") {
        let word = words[index]
        if equals(word, "--network") {
            hasNetwork = true
            index += 1
            continue
        }
        guard index + 1 < words.count else { refuse("an option of the launcher has no value") }
        if equals(word, "--parent") { parent = atoi(words[index + 1]) }
        if equals(word, "--cgroup") { groups.append(words[index + 1]) }
        if equals(word, "--address") { addresses.append(words[index + 1]) }
        if equals(word, "--user") { user = UInt32(atoi(words[index + 1])) }
        if equals(word, "--stage") {
            guard index + 2 < words.count else { refuse("--stage has no name") }
            stages.append((words[index + 1], words[index + 2]))
            index += 1
        }
        index += 2
    }
    for group in groups where guest_write_file(group, "0") != 0 { refuse("cannot join the control group") }
    if !stages.isEmpty { stage(stages) }
    if hasNetwork, guest_own_network() != 0 { refuse("cannot make a network namespace") }
    for address in addresses where guest_add_address(ipv4(bytes(of: address)) ?? []) != 0 {
        refuse("cannot add an address to the network namespace")
    }
    if let user, guest_become(user) != 0 { refuse("cannot change the user") }
    // Last of all: a change of the user would undo it.
    if parent != 0, guest_follow_parent(parent) != 0 { refuse("the program that asked is gone") }
    guard index + 1 < words.count else { refuse("no program to become") }
    var arguments: [CString?] = []
    for word in words[(index + 1)...] { arguments.append(word) }
    arguments.append(nil)
    execvp(words[index + 1], &arguments)
    refuse("cannot execute the program behind `--`")
}

private func stage(_ stages: [(path: CString, name: CString)]) {
    if guest_stage_begin() != 0 { refuse("cannot make a mount namespace") }
    // Opened before the empty folder lies over what may be below /tmp.
    let opened = stages.map { guest_open_path($0.path) }
    if guest_stage_folder() != 0 { refuse("cannot make a folder to stage in") }
    for (stage, descriptor) in zip(stages, opened) {
        if descriptor < 0 || guest_stage(descriptor, stage.name) != 0 {
            refuse("cannot show a folder to the sandbox")
        }
        close(descriptor)
    }
}

private func refuse(_ text: StaticString) -> Never {
    complain(text)
    exit(125)
}
