// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Transport

/// Who may be contacted.
///
/// Public addresses over https, for everybody. Loopback addresses, over http too, where the registry in use is itself
/// on loopback or the user allows it. Other special addresses for the host of a registry that the user set, only.
///
/// Registries of images are contacted on loopback too where they are named so. In private networks, and over http
/// anywhere else, only those are that the user has set.
package struct ContactPolicy: Sendable {
    /// The registry that the user set; nil where the built-in one is used.
    package var configuredRegistry: RemoteURL?
    /// Whether loopback addresses are allowed whatever the registry is.
    package var allowsLoopback: Bool
    /// Registries of images that may have any address: those that the user has an account at.
    package var imageRegistries: Set<RemoteURL.Host> = []
    /// Registries of images that may be talked to over plain http, at any address.
    package var insecureImageRegistries: Set<RemoteURL.Host> = []

    package init(configuredRegistry: RemoteURL? = nil, allowsLoopback: Bool = false) {
        self.configuredRegistry = configuredRegistry
        self.allowsLoopback = allowsLoopback
    }

    /// One URL that is about to be contacted, with what is known of it.
    struct Contact {
        var url: RemoteURL
        var purpose: TransportRequest.Purpose
        /// What the host resolves to.
        var addresses: [IPAddress]
        /// Whether the registry in use is on loopback.
        var registryIsLoopback: Bool
        /// For a redirect: whether the address that sent it was on loopback.
        var redirectedFromLoopback: Bool?
    }

    /// The addresses of a host that may be connected to, in their order; never empty.
    ///
    /// - Throws: the reason, `plainHTTP` or `refusedAddress`, where there is none.
    func permittedAddresses(for contact: Contact) throws(TransportError.Reason) -> [IPAddress] {
        let isRegistry =
            contact.url.host == configuredRegistry?.host
            || (contact.purpose == .image && isKnownForImages(contact.url.host))
        // By its text a reference to this machine is one that a user wrote, or one that was allowed before; another name
        // that leads here is neither.
        let isLocalImage = contact.purpose == .image && contact.url.host.isThisMachine
        let loopbackIsAllowed = allowsLoopback || contact.registryIsLoopback || isLocalImage
        var refused: (IPAddress, SpecialRange)?
        var permitted: [IPAddress] = []
        for address in contact.addresses {
            let range = SpecialRange(of: address)
            // A local name is this machine's or nothing, whatever a name server says.
            if contact.url.host.isLocalName, range != .loopback { continue }
            let isAllowed = range == nil || isRegistry || (range == .loopback && loopbackIsAllowed)
            // A redirect must not lead to where the first URL could not have been.
            let isJump = range == .loopback && contact.redirectedFromLoopback == false
            if isAllowed, !isJump {
                permitted.append(address)
            } else {
                refused = refused ?? range.map { (address, $0) }
            }
        }
        if contact.url.scheme == .http { permitted = try plain(permitted, contact) }
        guard permitted.isEmpty else { return permitted }
        guard let (address, range) = refused else { throw .unknownHost }
        throw .refusedAddress(address.description, range: range.rawValue)
    }

    /// Checks a URL whose host a proxy looks up: what there is to check is its scheme, and an address that it names itself.
    ///
    /// - Throws: the reason, `plainHTTP` or `refusedAddress`, where it may not be asked for.
    func checkByText(_ contact: Contact) throws(TransportError.Reason) {
        if case .address(let address) = contact.url.host {
            var contact = contact
            contact.addresses = [address]
            _ = try permittedAddresses(for: contact)
        } else if contact.url.scheme == .http, !allowsPlainHTTP(contact) {
            throw .plainHTTP
        }
    }

    private func isKnownForImages(_ host: RemoteURL.Host) -> Bool {
        imageRegistries.contains(host) || insecureImageRegistries.contains(host)
    }

    /// The addresses that plain http may go to.
    private func plain(_ permitted: [IPAddress], _ contact: Contact) throws(TransportError.Reason) -> [IPAddress] {
        if allowsPlainHTTP(contact) { return permitted }
        let loopback = permitted.filter { SpecialRange(of: $0) == .loopback }
        if loopback.isEmpty, !permitted.isEmpty { throw .plainHTTP }
        return loopback
    }

    /// Whether plain http may go to any address of the host.
    private func allowsPlainHTTP(_ contact: Contact) -> Bool {
        switch contact.purpose {
        case .image: insecureImageRegistries.contains(contact.url.host)
        // Whoever sets an http URL for the registry has chosen http for talking to it, not for artifacts.
        case .registry: contact.url.origin == configuredRegistry?.origin
        case .artifact: false
        }
    }
}
