// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol

/// Everything that bounds what peers may cost the engine, and how long it waits for them.
package struct EngineLimits: Sendable {
    /// One message, whole: 64 MiB.
    package var messages = ProtocolLimits.standard
    /// Connections at once; more are closed as soon as they are accepted.
    package var connections = 16_384
    /// From the TCP connection to the end of the upgrade.
    package var handshake = Duration.seconds(10)
    /// How long registrations wait for the announcement that names their namespace.
    package var namespaceGrace = Duration.seconds(5)
    /// A connection that has said nothing for this long is pinged.
    package var pingAfter = Duration.seconds(20)
    /// A connection is given up when after a ping nothing comes for this long.
    package var pongWithin = Duration.seconds(40)
    /// What may wait to be read by one peer; further calls to it fail at once.
    package var outboundBytes = 128 << 20
    /// What may wait for one peer before it is no longer read from.
    package var pauseReadingAbove = 16 << 20
    /// Registrations that wait for a namespace, on one connection, in bytes.
    package var waitingBytes = 32 << 20
    /// Functions, and likewise trigger types and bindings, of one connection.
    package var registrations = 10_000
    /// Calls that one connection has open.
    package var openCalls = 65_536
    /// How long a provider has to refuse a binding.
    package var triggerAcknowledgement = Duration.seconds(10)
    /// How soon a change of the function table is told to those who asked.
    package var functionsChangedDelay = Duration.seconds(5)
    /// How many observers may call each other in a row.
    package var observeDepth = 16
    /// Calls of one observer's target at once.
    package var observersInFlight = 64
    /// Events that wait for one observer's target.
    package var observerQueue = 1000
    /// Channels that exist at once.
    package var channels = 4096
    /// How long a channel waits for its ends to be taken.
    package var channelIdle = Duration.seconds(300)
    /// What one channel keeps while its reader is away or slow, in bytes; its number of messages is the maker's choice.
    package var channelBytes = 8 << 20

    package init() {}

    package static let standard = EngineLimits()
}
