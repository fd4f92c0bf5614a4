// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CGuest

extension Agent {
    func handle(kind: UInt8, stream: UInt32, _ payload: [UInt8]) {
        switch kind {
        case Kind.start: start(StartRequest(payload), stream)
        case Kind.execute: execute(StartRequest(payload), stream)
        case Kind.ping: send(Kind.pong, stream, payload)
        case Kind.powerOff: leave()
        case Kind.seed:
            if isMachine { _ = payload.withUnsafeBufferPointer { guest_seed($0.baseAddress, Int32($0.count)) } }
        default: stream >= Limit.firstConnection ? tunnel(kind, stream, payload) : instruct(kind, stream, payload)
        }
    }

    private func start(_ request: StartRequest, _ stream: UInt32) {
        environment = request.environment
        limits = request
        if isMachine, request.time > 0 { _ = guest_set_clock(Int64(request.time)) }
        guard isMachine || !request.changesUser || become(request) else {
            return send(Kind.failure, stream, bytes("cannot become the user: ") + reasonOfErrno())
        }
        guard prepareWorkspace(request) else {
            return send(Kind.failure, stream, bytes("the workspace could not be made"))
        }
        for var listener in request.listeners {
            if isMachine { _ = guest_add_address(listener.address) }
            listener.descriptor = guest_listen(listener.address, listener.port)
            guard listener.descriptor >= 0 else {
                return send(Kind.failure, stream, bytes("cannot listen on a port: ") + reasonOfErrno())
            }
            listeners.append(listener)
        }
        if isMachine { limitMachine(request) } else { _ = guest_drop_capabilities() }
        // From here on for this process too: the worker and commands beside it must be able to signal each other.
        guard request.fileRules.isEmpty || guest_restrict(request.fileRules == bytes("own") ? 1 : 0) == 0 else {
            return send(Kind.failure, stream, bytes("cannot be held to its files: ") + reasonOfErrno())
        }
        spawn(request, stream)
    }

    /// In namespaces with many users: what it has to do for the worker as root of them, and then to be the worker for good.
    private func become(_ request: StartRequest) -> Bool {
        for folder in request.given { chown(folder, request.user, request.group) }
        _ = guest_make_directory(request.directory, request.user, request.group)
        return guest_become_worker(request.user, request.group, request.groups, Int32(request.groups.count)) == 0
            && guest_hide() == 0
    }

    private func execute(_ request: StartRequest, _ stream: UInt32) {
        guard children.count < Limit.children else {
            return send(Kind.failure, stream, bytes("too many commands at once"))
        }
        var whole = request
        whole.environment = environment + request.environment
        whole.openFiles = limits.openFiles
        whole.processes = limits.processes
        whole.memory = limits.memory
        (whole.user, whole.group, whole.groups) = (limits.user, limits.group, limits.groups)
        spawn(whole, stream)
    }

    /// In namespaces a copy, since they cannot lay one folder over another; in a machine an overlay.
    private func prepareWorkspace(_ request: StartRequest) -> Bool {
        if isMachine {
            if let hosts = request.hosts { _ = guest_make_file("/root", "etc/hosts", hosts, 1) }
            _ = guest_make_file("/root", "etc/hostname", "sandbox\n", 1)
            if request.ownsRoot { chown("/root", request.user, request.group) }
            chown("/root/home/worker", request.user, request.group)
            if !request.home.isEmpty {
                let (owner, group) = request.ownsRoot ? (request.user, request.group) : (0, 0)
                // Where that cannot be, the worker has no name: that keeps it from nothing.
                _ = guest_add_account("/root", request.user, request.group, request.home, owner, group)
            }
            if request.workspace != bytes("absent"), mkdir("/root/workspace", 0o755) == 0 {
                chown("/root/workspace", request.user, request.group)
            }
        }
        if request.workspace.isEmpty || request.workspace == bytes("absent") { return true }
        if isMachine { return mountWorkspace(request) }
        return guest_copy_tree("/run/sandbox/bundle", "/workspace") == 0
    }

    // Safety: the arrays of C strings live until `guest_spawn` has returned; the child has its own copy of all memory.
    private func spawn(_ request: StartRequest, _ stream: UInt32) {
        var child = guest_child()
        let environment = lastOfEachName(request.environment)
        let texts = request.arguments + environment + [request.directory]
        let copies = texts.map { text in text.withUnsafeBufferPointer { $0.baseAddress.flatMap { strdup($0) } } }
        defer { for copy in copies { free(copy) } }
        let count = request.arguments.count
        var arguments = copies[0..<count] + [nil]
        var variables = copies[count..<(count + environment.count)] + [nil]
        guard count > 0, let directory = copies[count + environment.count] else { return }
        child.directory = UnsafePointer(directory)
        child.open_files = request.openFiles
        child.processes = request.processes
        (child.user, child.group) = (request.user, request.group)
        child.data_bytes = isMachine ? 0 : request.memory
        if let terminal = request.terminal {
            child.has_terminal = 1
            (child.rows, child.columns) = (terminal.rows, terminal.columns)
        }
        var reason: UnsafePointer<CChar>?
        let (root, group) = (literal("/root"), literal("/group/worker/cgroup.procs"))
        let result = arguments.withUnsafeMutableBufferPointer { arguments in
            variables.withUnsafeMutableBufferPointer { variables in
                root.withUnsafeBufferPointer { root in
                    group.withUnsafeBufferPointer { group in
                        child.arguments = arguments.baseAddress.map { UnsafePointer($0) }
                        child.environment = variables.baseAddress.map { UnsafePointer($0) }
                        if isMachine { (child.root, child.control_group) = (root.baseAddress, group.baseAddress) }
                        return request.groups.withUnsafeBufferPointer { groups in
                            (child.groups, child.group_count) = (groups.baseAddress, Int32(groups.count))
                            return guest_spawn(&child, &reason)
                        }
                    }
                }
            }
        }
        guard result == 0 else {
            let errno = reasonOfErrno()
            var text = bytes("")
            if let reason { text = bytes(of: reason) + bytes(": ") }
            let status = child.status == 0 ? [] : [0, UInt8(truncatingIfNeeded: child.status)]
            return send(Kind.failure, stream, text + errno + status)
        }
        children.append(Child(stream: stream, started: child))
        send(Kind.started, stream, littleEndian(UInt32(child.process)))
    }

    /// Of two variables with one name the later one counts.
    private func lastOfEachName(_ variables: [[CChar]]) -> [[CChar]] {
        var kept: [[CChar]] = []
        for variable in variables {
            let name = variable.prefix { $0 != CChar(UInt8(ascii: "=")) }
            if let index = kept.firstIndex(where: { $0.prefix { $0 != CChar(UInt8(ascii: "=")) } == name }) {
                kept[index] = variable
            } else {
                kept.append(variable)
            }
        }
        return kept
    }

    private func reasonOfErrno() -> [UInt8] {
        guard let text = strerror(guest_errno()) else { return [] }
        return bytes(of: text)
    }

    private func instruct(_ kind: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
        guard let index = children.firstIndex(where: { $0.stream == stream }) else { return }
        switch kind {
        case Kind.signal: if let signal = payload.first { kill(-children[index].process, Int32(signal)) }
        case Kind.input:
            children[index].pending += payload
            children[index].writeInput(self)
        case Kind.inputEnd:
            children[index].inputEnds = true
            children[index].writeInput(self)
        case Kind.credit: if payload.count == 4 { children[index].onTheWay -= Int(word(payload, at: 0)) }
        case Kind.resize:
            guard payload.count == 4, children[index].isTerminal else { return }
            let rows = UInt16(payload[0]) | UInt16(payload[1]) << 8
            _ = guest_resize(children[index].output, rows, UInt16(payload[2]) | UInt16(payload[3]) << 8)
        default: break
        }
    }

    private func tunnel(_ kind: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
        guard let index = connections.firstIndex(where: { $0.stream == stream }) else { return }
        switch kind {
        case Kind.data:
            connections[index].pending += payload
            connections[index].write(self)
        case Kind.finish:
            connections[index].outputEnds = true
            connections[index].write(self)
        case Kind.close: connections[index].close()
        case Kind.credit: if payload.count == 4 { connections[index].onTheWay -= Int(word(payload, at: 0)) }
        default: break
        }
        connections.removeAll { $0.isClosed }
    }
}
