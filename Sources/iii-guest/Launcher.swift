// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

/// Does what is due between `iii` and bubblewrap, in this order whatever the order of the words.
///
///     --parent PID        die when this process dies
///     --cgroup FILE       join a control group; may be repeated
///     --stage PATH NAME   show a file or folder as `/tmp/NAME`, in a mount namespace of its own; may be repeated
///     --link TARGET NAME  a link there; may be repeated
///     --file NAME TEXT    a file there, with this text; may be repeated
///     --folder NAME       an empty folder there; may be repeated
///     --root PATH         show a folder as `/tmp/root`, below a layer that takes what is written
///     --layer PATH        that layer is in this folder, instead of in memory
///     --layer-size BYTES  the size of a layer in memory
///     --place NAME        a folder in that layer, for something to be mounted on; may be repeated
///     --place-file NAME   a file
///     --own               what root owns of that folder belongs to the user of `--user`
///     --change-owners     for that, change the owners in the layer, even where the file system could show them so
///     --account UID GID HOME  name this user in the lists of that folder, in the layer
///     --processors COUNT  stay on so many processors
///     --network           a network of its own, with nothing but a loopback interface
///     --address A.B.C.D   one more address of that interface; may be repeated
///     --user ID           become this user
///     -- PROGRAM …        then become this program
///
/// Of what root stages, the user that bubblewrap then runs as need not be able to reach the folders.
func launch(_ words: [CString]) -> Never {
    var order = LaunchOrder()
    let rest = order.read(words)
    for group in order.groups where guest_write_file(group, "0") != 0 { refuse("cannot join the control group") }
    // What cannot be chosen is left to the kernel.
    if order.processors > 0 { _ = guest_choose_processors(order.processors) }
    if guest_own_user() != 0 { refuse("cannot make a user namespace") }
    stage(order)
    if order.hasNetwork, guest_own_network() != 0 { refuse("cannot make a network namespace") }
    for address in order.addresses where guest_add_address(ipv4(bytes(of: address)) ?? []) != 0 {
        refuse("cannot add an address to the network namespace")
    }
    if let user = order.user, guest_become(user) != 0 { refuse("cannot change the user") }
    // Last of all: a change of the user would undo it.
    if order.parent != 0, guest_follow_parent(order.parent) != 0 { refuse("the program that asked is gone") }
    guard let program = rest.first else { refuse("no program to become") }
    var arguments: [CString?] = []
    for word in rest { arguments.append(word) }
    arguments.append(nil)
    execvp(program, &arguments)
    refuse("cannot execute the program behind `--`")
}

/// What the words before `--` ask for.
private struct LaunchOrder {
    var parent: Int32 = 0
    var user: UInt32?
    var groups: [CString] = []
    var processors: Int32 = 0
    var stages: [(path: CString, name: CString)] = []
    var links: [(target: CString, name: CString)] = []
    var files: [(name: CString, text: CString)] = []
    var folders: [CString] = []
    /// The root file system, nil for none.
    var root: CString?
    var layer: CString?
    var layerSize: UInt64 = 1 << 20
    var places: [(name: CString, isFile: Int32)] = []
    var account: (user: UInt32, group: UInt32, home: CString)?
    var (owns, maps) = (false, true)
    var hasNetwork = false
    var addresses: [CString] = []

    /// Who is to own what root owns of the root file system, 0 for nobody else.
    var owner: UInt32 { owns ? user ?? 0 : 0 }

    /// - Returns: what stands behind `--`.
    mutating func read(_ words: [CString]) -> ArraySlice<CString> {
        var rest = words[...]
        while let word = rest.popFirst(), !equals(word, "--") {
            if equals(word, "--network") {
                hasNetwork = true
            } else if equals(word, "--own") {
                owns = true
            } else if equals(word, "--change-owners") {
                maps = false
            } else {
                readValues(of: word, &rest)
            }
        }
        return rest
    }

    private mutating func readValues(of word: CString, _ rest: inout ArraySlice<CString>) {
        func next() -> CString {
            guard let value = rest.popFirst() else { refuse("an option of the launcher has too few values") }
            return value
        }
        let value = next()
        if equals(word, "--parent") { parent = atoi(value) }
        if equals(word, "--cgroup") { groups.append(value) }
        if equals(word, "--processors") { processors = atoi(value) }
        if equals(word, "--address") { addresses.append(value) }
        if equals(word, "--user") { user = UInt32(atoi(value)) }
        if equals(word, "--place") { places.append((value, 0)) }
        if equals(word, "--place-file") { places.append((value, 1)) }
        if equals(word, "--root") { root = value }
        if equals(word, "--layer") { layer = value }
        if equals(word, "--layer-size") { layerSize = number(bytes(of: value)[...]) ?? layerSize }
        if equals(word, "--stage") { stages.append((value, next())) }
        if equals(word, "--link") { links.append((value, next())) }
        if equals(word, "--file") { files.append((value, next())) }
        if equals(word, "--folder") { folders.append(value) }
        if equals(word, "--account") { account = (UInt32(atoi(value)), UInt32(atoi(next())), next()) }
    }
}

private func stage(_ order: LaunchOrder) {
    if guest_stage_begin() != 0 { refuse("cannot make a mount namespace") }
    // Opened before the empty folder lies over what may be below /tmp.
    let opened = order.stages.map { guest_open_path($0.path) }
    let (lower, layer) = (order.root.map { guest_open_path($0) }, order.layer.map { guest_open_path($0) })
    if guest_stage_folder() != 0 { refuse("cannot make a folder to stage in") }
    for (stage, descriptor) in zip(order.stages, opened) {
        if descriptor < 0 || guest_stage(descriptor, stage.name) != 0 {
            refuse("cannot show a folder to the sandbox")
        }
        close(descriptor)
    }
    for link in order.links where guest_stage_link(link.target, link.name) != 0 { refuse("cannot make a link") }
    for file in order.files where guest_stage_file(file.name, file.text) != 0 { refuse("cannot make a file") }
    for folder in order.folders where guest_stage_empty(folder) != 0 { refuse("cannot make a folder") }
    guard let lower else { return }
    let owner = order.owner
    if guest_stage_layer(layer ?? -1, order.layerSize, owner) != 0 { refuse("cannot make a private layer") }
    for place in order.places where guest_stage_place(place.name, place.isFile, owner) != 0 {
        refuse("cannot make a place in the layer over the root file system: a link stands where a folder must be")
    }
    if guest_stage_root(lower, owner, order.maps ? 1 : 0) != 0 {
        refuse("cannot lay a private layer over the root file system")
    }
    close(lower)
    if let layer { close(layer) }
    // Where the lists are links, or more than that, the worker has no name: that keeps it from nothing.
    if let account = order.account {
        _ = guest_add_account("/tmp/root", account.user, account.group, account.home, owner)
    }
}

private func refuse(_ text: StaticString) -> Never {
    complain(text)
    exit(125)
}
