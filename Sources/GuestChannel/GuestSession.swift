// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOPosix
import Sandboxing

/// The host's end of one channel.
///
/// Confined to the channel's event loop.
///
/// `SandboxLifeCycle` decides; this does what it says, and keeps processes and connections apart.
final class GuestSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let launch: GuestLaunch
    let loop: any EventLoop
    private let holder: any SandboxHolder
    private var life: SandboxLifeCycle
    private var decoder = GuestFrameDecoder()
    private var channel: (any Channel)?
    private var pinging: RepeatedTask?
    private var grace: Duration = .zero
    private var timers: [Scheduled<Void>] = []
    var processes: [UInt32: GuestProcess] = [:]
    var connections: [UInt32: TunnelConnection] = [:]
    private var probes: [UInt32: EventLoopPromise<Void>] = [:]
    private var nextNumber = GuestFrame.workerStream
    private let worker: GuestProcess
    /// From the start of the sandbox's processes to the guest's first word.
    private(set) var answeredAfter: Duration = .zero
    /// How the worker's pump finds the session; emptied at the end, since the two hold each other.
    private let own: NIOLoopBoundBox<GuestSession?>
    /// Succeeds when nothing of the sandbox is left.
    let gone: EventLoopPromise<SandboxExit>

    init(_ launch: GuestLaunch, _ holder: any SandboxHolder, _ output: any SandboxOutput, on loop: any EventLoop) {
        self.launch = launch
        life = SandboxLifeCycle(stopSignal: launch.stopSignal)
        self.holder = holder
        self.loop = loop
        gone = loop.makePromise()
        let bound = NIOLoopBoundBox<GuestSession?>(nil, eventLoop: loop)
        let pump = OutputPump(to: output) { count in
            loop.execute { bound.value?.used(count, of: GuestFrame.workerStream) }
        }
        worker = GuestProcess(pump, on: loop)
        processes[GuestFrame.workerStream] = worker
        own = bound
        bound.value = self
    }

    var started: EventLoopFuture<Void> { worker.started.futureResult }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        channel = context.channel
        // It answers before it stirs its random numbers, and does that while we hear of it.
        if launch.isRestored { send(GuestFrame(.ping)) }
        if let seed = launch.seed { send(GuestFrame(.seed, payload: seed)) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        timers.append(
            loop.scheduleTask(in: TimeAmount(launch.startLimit)) {
                let session = bound.value
                session.worker.started.fail(
                    SandboxError.timedOut(session.launch.tier, after: session.launch.startLimit)
                )
                session.receive(.channelLost)
            }
        )
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        do {
            while !life.hasEnded, let frame = try decoder.next() { try handle(frame) }
        } catch {
            receive(.channelLost)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { receive(.channelLost) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { receive(.channelLost) }

    func send(_ frame: GuestFrame) {
        guard let channel, !life.hasEnded else { return }
        channel.writeAndFlush(ByteBuffer(bytes: frame.bytes), promise: nil)
    }

    // MARK: Frames

    private func handle(_ frame: GuestFrame) throws(GuestProtocolError) {
        if frame.stream >= GuestFrame.firstConnection { return try handleConnection(frame) }
        switch frame.kind {
        case .hello where frame.stream == 0:
            guard let version = frame.payload.first else { throw .malformed(.hello) }
            receive(.hello(version: version))
        case .pong where frame.stream == 0: receive(launch.isRestored && life.awaitsHello ? .hello(version: 1) : .pong)
        case .pong: probes.removeValue(forKey: frame.stream)?.succeed()
        case .failure where frame.stream <= GuestFrame.workerStream:
            receive(.failed(GuestFailure(payload: frame.payload).text))
        case .started where frame.stream == GuestFrame.workerStream: receive(.started)
        default: try handle(frame, of: frame.stream)
        }
    }

    private func handle(_ frame: GuestFrame, of stream: UInt32) throws(GuestProtocolError) {
        guard let process = processes[stream] else { throw .unexpected(frame.kind) }
        switch frame.kind {
        case .started: process.started.succeed()
        case .failure:
            process.started.fail(GuestFailure(payload: frame.payload))
            processes[stream] = nil
            finish(process, .lost)
        case .output, .errorOutput:
            process.took(frame.payload.count)
            guard process.outputOnTheWay <= GuestFrame.window else { throw .overWindow(stream: stream) }
            process.pump.push(frame.payload, from: frame.kind == .output ? .output : .error)
        case .credit:
            guard let count: UInt32 = LittleEndian.number(frame.payload) else { throw .malformed(.credit) }
            process.credit(Int(count))
            sendInput(stream, process)
        case .exit:
            guard let exit = SandboxExit(guest: frame.payload, memoryLimit: launch.limits.memory) else {
                throw .malformed(.exit)
            }
            if stream == GuestFrame.workerStream { return receive(.workerEnded(exit)) }
            processes[stream] = nil
            finish(process, exit)
        default: throw .unexpected(frame.kind)
        }
    }

    private func finish(_ process: GuestProcess, _ exit: SandboxExit) {
        process.dropInput()
        let (pump, ended) = (process.pump, process.ended)
        ended.completeWithTask {
            await pump.finish()
            return exit
        }
    }

    func used(_ count: Int, of stream: UInt32) {
        processes[stream]?.used(count)
        send(GuestFrame(.credit, stream: stream, payload: LittleEndian.bytes(UInt32(count))))
    }

    func sendInput(_ stream: UInt32, _ process: GuestProcess) {
        let (payloads, isEnd) = process.sendable()
        for payload in payloads { send(GuestFrame(.input, stream: stream, payload: payload)) }
        if isEnd { send(GuestFrame(.inputEnd, stream: stream)) }
    }

    // MARK: Life

    func receive(_ event: SandboxLifeCycle.Event) {
        if case .hello = event { answeredAfter = launch.began.duration(to: .now) }
        for action in life.receive(event) { perform(action) }
    }

    private func perform(_ action: SandboxLifeCycle.Action) {
        switch action {
        case .sendStart: send(GuestFrame(.start, stream: GuestFrame.workerStream, payload: launch.start.payload))
        case .sendPing: send(GuestFrame(.ping))
        case .reportStarted:
            cancelTimers()
            worker.started.succeed()
            startPinging()
        case .reportFailure(let detail):
            let command = launch.start.command.joined(separator: " ")
            worker.started.fail(SandboxError.notStarted(command: command, detail: detail))
        case .signal(let number): send(GuestFrame(.signal, stream: GuestFrame.workerStream, payload: [UInt8(number)]))
        case .startGrace: after(grace) { $0.receive(.graceElapsed) }
        case .destroy(let exit): destroy(exit)
        }
    }

    private func startPinging() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let interval = TimeAmount(launch.pingInterval)
        pinging = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.receive(.pingDue)
        }
    }

    private func after(_ time: Duration, _ body: @escaping (GuestSession) -> Void) {
        let (bound, body) = (NIOLoopBound(self, eventLoop: loop), NIOLoopBound(body, eventLoop: loop))
        timers.append(loop.scheduleTask(in: TimeAmount(time)) { body.value(bound.value) })
    }

    private func cancelTimers() {
        for timer in timers { timer.cancel() }
        timers = []
    }

    func stop(grace: Duration) {
        self.grace = grace
        receive(.stopAsked)
    }

    private func destroy(_ exit: SandboxExit) {
        cancelTimers()
        pinging?.cancel()
        for promise in probes.values { promise.fail(SandboxError.ended) }
        for connection in connections.values { connection.closeTarget() }
        connections = [:]
        let others = processes.filter { $0.key != GuestFrame.workerStream }.values
        processes = [:]
        for process in others {
            process.started.fail(SandboxError.ended)
            finish(process, .lost)
        }
        worker.dropInput()
        gone.futureResult.cascade(to: worker.ended)
        channel?.close(promise: nil)
        own.value = nil
        let (holder, pump, worker, tier) = (holder, worker.pump, worker.started, launch.tier)
        gone.completeWithTask {
            // What the guest's programs said before there was a worker is the reason that there is none.
            let complaint = await holder.complaint()
            let exit = await holder.destroy(exit)
            worker.fail(SandboxError.notMade(tier, detail: complaint.isEmpty ? exit.description : complaint))
            await pump.finish()
            return exit
        }
    }

    // MARK: Further commands

    /// Starts a command; its stream number tells it from others.
    func execute(_ request: ExecRequest, _ output: any SandboxOutput) -> (stream: UInt32, process: GuestProcess)? {
        guard life.isRunning else { return nil }
        nextNumber += 1
        let (stream, loop) = (nextNumber, loop)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let pump = OutputPump(to: output) { count in loop.execute { bound.value.used(count, of: stream) } }
        let process = GuestProcess(pump, on: loop)
        processes[stream] = process
        let start = GuestStart(
            command: request.command,
            environment: request.environment.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            directory: request.directory ?? launch.start.directory,
            terminal: request.terminal
        )
        send(GuestFrame(.execute, stream: stream, payload: start.payload))
        return (stream, process)
    }

    /// Asks for an answer; fails after `limit` and at the sandbox's end.
    func probe(within limit: Duration) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        guard life.isRunning else {
            promise.fail(SandboxError.ended)
            return promise.futureResult
        }
        nextNumber += 1
        let number = nextNumber
        probes[number] = promise
        send(GuestFrame(.ping, stream: number))
        let (bound, tier) = (NIOLoopBound(self, eventLoop: loop), launch.tier)
        let timer = loop.scheduleTask(in: TimeAmount(limit)) {
            bound.value.probes.removeValue(forKey: number)?.fail(SandboxError.timedOut(tier, after: limit))
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }
}
