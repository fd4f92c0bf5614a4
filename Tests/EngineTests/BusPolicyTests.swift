// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Manifests
import Sandboxing
import Testing

@testable import Engine

/// Who may do what on the bus: each of those who ask against each thing that is asked for.
@Suite struct BusPolicyTests {
    /// Those who ask.
    enum Who: String, CaseIterable, Sendable {
        case owner, bundle, machine, native, stranger, network, guest, narrowGuest

        var asker: BusPolicy.Asker {
            switch self {
            case .owner: BusPolicy.Asker(identity: .owner)
            case .bundle: BusPolicy.Asker(identity: .worker(StartedWorker(name: "bundle", tier: .namespaces)))
            case .machine: BusPolicy.Asker(identity: .worker(StartedWorker(name: "machine", tier: .vm)))
            case .native: BusPolicy.Asker(identity: .worker(StartedWorker(name: "native", tier: .none)))
            case .stranger: BusPolicy.Asker(identity: .stranger)
            case .network: BusPolicy.Asker(identity: .network)
            case .guest: Self.guest("match(\"*\")")
            case .narrowGuest: Self.guest("match(\"worker::*\")")
            }
        }

        private static func guest(_ exposed: JSONValue) -> BusPolicy.Asker {
            let rules = try? AccessRules(parsing: JSONCursor(["expose_functions": [exposed]]))
            return BusPolicy.Asker(identity: .guest, rules: rules ?? AccessRules())
        }
    }

    /// What is asked for.
    enum What: String, CaseIterable, Sendable {
        case builtin, list, add, ownConfiguration, own, bundles, machines, natives, dependency, scripts, granted,
            missing

        var function: BusPolicy.Function {
            switch self {
            case .builtin: BusPolicy.Function(id: "engine::functions::list", holder: .engine)
            case .list: BusPolicy.Function(id: "worker::list", holder: .local)
            case .add: BusPolicy.Function(id: "worker::add", holder: .local)
            case .ownConfiguration: BusPolicy.Function(id: "configuration::get", holder: .local)
            case .own: BusPolicy.Function(id: "mine::f", holder: .asker)
            case .bundles: Self.of("other-bundle", .namespaces)
            case .machines: Self.of("other-machine", .vm)
            case .natives: Self.of("shell", .none)
            case .dependency: Self.of("database", .none)
            case .scripts: BusPolicy.Function(id: "script::f", holder: .other(.owner, name: "script"))
            case .granted: Self.of("granted", .none)
            case .missing: BusPolicy.Function(id: "nothing::f", holder: .nobody)
            }
        }

        private static func of(_ name: String, _ tier: IsolationTier) -> BusPolicy.Function {
            let worker = StartedWorker(name: name, tier: tier)
            return BusPolicy.Function(id: "\(name)::f", holder: .other(.worker(worker), name: name))
        }
    }

    private var policy: BusPolicy {
        var policy = BusPolicy()
        let worker = BusRights.Worker(
            dependencies: ["database"],
            grants: CallGrants([CallGrants.Grant(CallPattern(trusting: "granted::*"))])
        )
        policy.rights = BusRights(["bundle": worker, "machine": worker, "native": worker, "shell": BusRights.Worker()])
        policy.named = ["door::who"]
        return policy
    }

    /// A `+` for what is allowed, in the order of `What`.
    @Test(arguments: [
        //               builtin list add config own bundles machines natives dependency scripts granted missing
        (Who.owner, "+++++++++" + "+++"), (.bundle, "++-++++-+" + "-++"), (.machine, "++-++-+-+" + "-++"),
        (.native, "++-++++++" + "+++"), (.stranger, "++-++++++" + "+++"), (.network, "+---+++++" + "+++"),
        (.guest, "+---+++++" + "+++"), (.narrowGuest, "-++------" + "---"),
    ])
    func callsAreDecidedByWhoAsksForWhat(who: Who, allowed: String) {
        let decided = What.allCases.map { policy.mayCall($0.function, by: who.asker).isAllowed ? "+" : "-" }
        #expect(decided.joined() == allowed, "\(who.rawValue)")
    }

    @Test(arguments: [
        (Who.owner, "++++++++++++"), (.bundle, "----+-----++"), (.machine, "----+-----++"), (.native, "----+-----++"),
        (.stranger, "----+------+"), (.network, "----+------+"), (.guest, "----++++++++"),
        // Whoever serves the trigger would call the engine's own functions with rights of its own.
        (.narrowGuest, "----+-------"),
    ])
    func onlyOnesOwnFunctionsAreBoundWithoutAGrant(who: Who, allowed: String) {
        let decided = What.allCases.map { policy.mayBind($0.function, by: who.asker).isAllowed ? "+" : "-" }
        #expect(decided.joined() == allowed, "\(who.rawValue)")
    }

    @Test(arguments: [
        // Their own names, and those that are nobody's.
        ("bundle::f", "++------"), ("roman::f", "++++++++"), ("f", "++++++++"),
        // Those of a declared worker, of the engine, and of a listener's door.
        ("shell::f", "+-------"), ("worker::add", "+-------"), ("engine::queue::enqueue", "+--+----"),
        ("door::who", "+--+----"),
    ])
    func namesBelongToThoseWhoseTheyAre(id: String, allowed: String) {
        let asked = Who.allCases.map { policy.mayOffer(id, by: $0.asker) ? "+" : "-" }
        #expect(asked.joined() == allowed, "\(id)")
    }

    @Test func aGrantLetsAWorkerOfferOthersNames() {
        var policy = policy
        policy.rights.workers["bundle"]?.grants = CallGrants([
            CallGrants.Grant(CallPattern(trusting: "shell::*"), mayRegister: true)
        ])
        #expect(policy.mayOffer("shell::f", by: Who.bundle.asker))
        #expect(!policy.mayOffer("shell::f", by: Who.machine.asker))
        #expect(policy.mayBeCalled("bundle", Who.bundle.asker))
        #expect(!policy.mayBeCalled("shell", Who.bundle.asker))
        #expect(policy.mayBeCalled("snake:4711", Who.bundle.asker))
    }

    @Test func aGuestsPrefixIsItsOwn() {
        var guest = Who.guest.asker
        guest.grant.prefix = "tenant"
        #expect(policy.mayOffer("tenant::f", by: guest))
        #expect(policy.mayOffer("tenant::shell::f", by: guest))
    }

    @Test func aRefusalSaysWhatWouldLetIt() {
        let refusal = policy.refusal(of: "shell::run", to: Who.bundle.asker)
        #expect(refusal.code == "FORBIDDEN")
        for part in ["'shell::run'", "'bundle'", "may_call: [\"shell::run\"]"] {
            #expect(refusal.message.contains(part), "\(refusal.message)")
        }
    }
}
