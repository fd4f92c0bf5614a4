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
    var (parent, user): (Int32, UInt32?) = (0, nil)
    var groups: [CString] = []
    var stages: [(path: CString, name: CString)] = []
    var (hasNetwork, owns, maps) = (false, false, true)
    var (root, layer): (CString?, CString?) = (nil, nil)
    var layerSize: UInt64 = 1 << 20
    var places: [(name: CString, isFile: Int32)] = []
    var addresses: [CString] = []
    var account: Account?
    var processors: Int32 = 0
    var index = 0
    while index < words.count, !equals(words[index], "--") {
        let word = words[index]
        if equals(word, "--network") || equals(word, "--own") || equals(word, "--change-owners") {
            if equals(word, "--network") { hasNetwork = true } else { owns = true }
            if equals(word, "--change-owners") { maps = false }
            index += 1
            continue
        }
        guard index + 1 < words.count else { refuse("an option of the launcher has no value") }
        if equals(word, "--parent") { parent = atoi(words[index + 1]) }
        if equals(word, "--cgroup") { groups.append(words[index + 1]) }
        if equals(word, "--address") { addresses.append(words[index + 1]) }
        if equals(word, "--processors") { processors = atoi(words[index + 1]) }
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
        if equals(word, "--account") {
            guard index + 3 < words.count else { refuse("--account has too few values") }
            account = Account(
                user: UInt32(atoi(words[index + 1])),
                group: UInt32(atoi(words[index + 2])),
                home: words[index + 3]
            )
            index += 2
        }
        index += 2
    }
    for group in groups where guest_write_file(group, "0") != 0 { refuse("cannot join the control group") }
    // What cannot be chosen is left to the kernel.
    if processors > 0 { _ = guest_choose_processors(processors) }
    if guest_own_user() != 0 { refuse("cannot make a user namespace") }
    if !stages.isEmpty || root != nil {
        let owner = owns ? user ?? 0 : 0
        stage(
            stages,
            Root(path: root, layer: layer, size: layerSize, places: places, owner: owner, maps: maps ? 1 : 0)
        )
        // Where the lists are links, or more than that, the worker has no name: that keeps it from nothing.
        if let account { _ = guest_add_account("/tmp/root", account.user, account.group, account.home, owner) }
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

private struct Account {
    var user: UInt32
    var group: UInt32
    var home: CString
}

/// The root file system and the layer over it.
private struct Root {
    /// Nil for none.
    var path: CString?
    var layer: CString?
    var size: UInt64
    var places: [(name: CString, isFile: Int32)]
    var owner: UInt32
    var maps: Int32
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
        refuse("cannot make a place in the layer over the root file system: a link stands where a folder must be")
    }
    if guest_stage_root(lower, root.owner, root.maps) != 0 {
        refuse("cannot lay a private layer over the root file system")
    }
    close(lower)
    if let layer { close(layer) }
}

private func refuse(_ text: StaticString) -> Never {
    complain(text)
    exit(125)
}
