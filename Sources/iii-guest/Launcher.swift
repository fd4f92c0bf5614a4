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
///     --file-users MAP    whose the files of that folder are on the host, lines as maps of user namespaces have them
///     --file-groups MAP   and of which groups
///     --everything ID     or all of them are this user's of the host
///     --owners PATH       a list of those that are not root's
///     --change-owners     change owners in the layer, even where the file system could show them so
///     --keep-owners       never change any
///     --account UID GID HOME  name this user in the lists of that folder, in the layer
///     --processors COUNT  stay on so many processors
///     --network           a network of its own, with nothing but a loopback interface
///     --address A.B.C.D   one more address of that interface; may be repeated
///     --user ID           become this user
///     --users MAP         in place of that, become root of a user namespace with these users
///     --groups MAP        and these groups
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
    if let users = order.users, let groups = order.userGroups, guest_enter_users(users, groups) != 0 {
        refuse("cannot make a namespace of users")
    }
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
    /// Whose the files of the root file system are to be.
    var owners = guest_owners()
    var list: CString?
    var users: CString?
    var userGroups: CString?
    var hasNetwork = false
    var addresses: [CString] = []

    init() { (owners.list, owners.maps, owners.changes) = (-1, 1, 1) }

    /// - Returns: what stands behind `--`.
    mutating func read(_ words: [CString]) -> ArraySlice<CString> {
        var rest = words[...]
        while let word = rest.popFirst(), !equals(word, "--") {
            if equals(word, "--network") {
                hasNetwork = true
            } else if equals(word, "--change-owners") {
                owners.maps = 0
            } else if equals(word, "--keep-owners") {
                owners.changes = 0
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
        if equals(word, "--user") { user = UInt32(number(bytes(of: value)) ?? 0) }
        if equals(word, "--users") { users = value }
        if equals(word, "--groups") { userGroups = value }
        if equals(word, "--file-users") { owners.users = UnsafePointer(value) }
        if equals(word, "--file-groups") { owners.groups = UnsafePointer(value) }
        if equals(word, "--everything") { owners.everything = UInt32(number(bytes(of: value)) ?? 0) }
        if equals(word, "--owners") { list = value }
        if equals(word, "--place") { places.append((value, 0)) }
        if equals(word, "--place-file") { places.append((value, 1)) }
        if equals(word, "--root") { root = value }
        if equals(word, "--layer") { layer = value }
        if equals(word, "--layer-size") { layerSize = number(bytes(of: value)[...]) ?? layerSize }
        if equals(word, "--stage") { stages.append((value, next())) }
        if equals(word, "--link") { links.append((value, next())) }
        if equals(word, "--file") { files.append((value, next())) }
        if equals(word, "--folder") { folders.append(value) }
        if equals(word, "--account") {
            let group = next()
            account = (UInt32(number(bytes(of: value)) ?? 0), UInt32(number(bytes(of: group)) ?? 0), next())
        }
    }
}

private func stage(_ order: LaunchOrder) {
    if guest_stage_begin() != 0 { refuse("cannot make a mount namespace") }
    // Opened before the empty folder lies over what may be below /tmp.
    let opened = order.stages.map { guest_open_path($0.path) }
    let (lower, layer) = (order.root.map { guest_open_path($0) }, order.layer.map { guest_open_path($0) })
    let list = order.list.map { guest_open($0, O_RDONLY) }
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
    var owners = order.owners
    owners.list = list ?? -1
    if guest_stage_lower(lower, &owners) != 0 { refuse("cannot show the root file system") }
    if guest_stage_layer(layer ?? -1, order.layerSize, &owners) != 0 { refuse("cannot make a private layer") }
    for place in order.places where guest_stage_place(place.name, place.isFile, &owners) != 0 {
        refuse("cannot make a place in the layer over the root file system: a link stands where a folder must be")
    }
    if guest_stage_root(&owners) != 0 { refuse("cannot lay a private layer over the root file system") }
    close(lower)
    if let layer { close(layer) }
    if let list { close(list) }
    // Where the lists are links, or more than that, the worker has no name: that keeps it from nothing.
    if let account = order.account {
        let owner = owners.users == nil ? 0 : guest_root_of(owners.users)
        let group = owners.groups == nil ? 0 : guest_root_of(owners.groups)
        _ = guest_add_account("/tmp/root", account.user, account.group, account.home, owner, group)
    }
}

private func refuse(_ text: StaticString) -> Never {
    complain(text)
    exit(125)
}
