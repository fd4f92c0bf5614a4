// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// Does what is due between `iii` and bubblewrap, in this order whatever the order of the words.
///
///     --parent PID        die when this process dies
///     --cgroup FILE       join a control group; may be repeated
///     --stage PATH NAME   show a file or folder as `/tmp/NAME`, in a mount namespace of its own; may be repeated
///     --root PATH         show a folder as `/tmp/root`, below a layer that takes what is written
///     --layer PATH        that layer is in this folder, instead of in memory
///     --layer-size BYTES  the size of a layer in memory
///     --place NAME        a folder in that layer, for something to be mounted on; may be repeated
///     --place-file NAME   a file
///     --own               what root owns of that folder belongs to the user of `--user`
///     --network           a network of its own, with nothing but a loopback interface
///     --address A.B.C.D   one more address of that interface; may be repeated
///     --user ID           become this user
///     -- PROGRAM …        then become this program
///
/// Of what root stages, the user that bubblewrap then runs as need not be able to reach the folders.
func launch(_ words: [CString]) -> Never {
    var (parent, user): (Int32, UInt32?) = (0, nil)
    var groups: [CString] = []
    var stages: [(path: CString, name: CString)] = []
    var (hasNetwork, owns) = (false, false)
    var (root, layer): (CString?, CString?) = (nil, nil)
    var layerSize: UInt64 = 1 << 20
    var places: [(name: CString, isFile: Int32)] = []
    var addresses: [CString] = []
    var index = 0
    while index < words.count, !equals(words[index], "--") {
        let word = words[index]
        if equals(word, "--network") || equals(word, "--own") {
            if equals(word, "--own") { owns = true } else { hasNetwork = true }
            index += 1
            continue
        }
        guard index + 1 < words.count else { refuse("an option of the launcher has no value") }
        if equals(word, "--parent") { parent = atoi(words[index + 1]) }
        if equals(word, "--cgroup") { groups.append(words[index + 1]) }
        if equals(word, "--address") { addresses.append(words[index + 1]) }
        if equals(word, "--user") { user = UInt32(atoi(words[index + 1])) }
        if equals(word, "--place") || equals(word, "--place-file") {
            places.append((words[index + 1], equals(word, "--place-file") ? 1 : 0))
        }
        if equals(word, "--root") { root = words[index + 1] }
        if equals(word, "--layer") { layer = words[index + 1] }
        if equals(word, "--layer-size") { layerSize = number(bytes(of: words[index + 1])[...]) ?? layerSize }
        if equals(word, "--stage") {
            guard index + 2 < words.count else { refuse("--stage has no name") }
            stages.append((words[index + 1], words[index + 2]))
            index += 1
        }
        index += 2
    }
    for group in groups where guest_write_file(group, "0") != 0 { refuse("cannot join the control group") }
    if guest_own_user() != 0 { refuse("cannot make a user namespace") }
    if !stages.isEmpty || root != nil {
        stage(stages, Root(path: root, layer: layer, size: layerSize, places: places, owner: owns ? user ?? 0 : 0))
    }
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

/// The root file system and the layer over it.
private struct Root {
    /// Nil for none.
    var path: CString?
    var layer: CString?
    var size: UInt64
    var places: [(name: CString, isFile: Int32)]
    var owner: UInt32
}

private func stage(_ stages: [(path: CString, name: CString)], _ root: Root) {
    if guest_stage_begin() != 0 { refuse("cannot make a mount namespace") }
    // Opened before the empty folder lies over what may be below /tmp.
    let opened = stages.map { guest_open_path($0.path) }
    let (lower, layer) = (root.path.map { guest_open_path($0) }, root.layer.map { guest_open_path($0) })
    if guest_stage_folder() != 0 { refuse("cannot make a folder to stage in") }
    for (stage, descriptor) in zip(stages, opened) {
        if descriptor < 0 || guest_stage(descriptor, stage.name) != 0 {
            refuse("cannot show a folder to the sandbox")
        }
        close(descriptor)
    }
    guard let lower else { return }
    if guest_stage_layer(layer ?? -1, root.size, root.owner) != 0 { refuse("cannot make a private layer") }
    for place in root.places where guest_stage_place(place.name, place.isFile, root.owner) != 0 {
        refuse("cannot make a place in the private layer")
    }
    if guest_stage_root(lower, root.owner) != 0 { refuse("cannot lay a private layer over the root file system") }
    close(lower)
    if let layer { close(layer) }
}

private func refuse(_ text: StaticString) -> Never {
    complain(text)
    exit(125)
}
