// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Transport

/// Who may be contacted.
///
/// Public addresses over https, for everybody. A registry that the user has named may have any address itself, and so may
/// what its answers point to on its own host; where it is on loopback, they may point to all of loopback. Nobody else's
/// answers lead to such addresses.
///
/// Plain http is for loopback addresses, and for registries with which the user allows it.
///
/// Registries of images are contacted on loopback too where they are named so. In private networks, and over http
/// anywhere else, only those are that the user has set.
package struct ContactPolicy: Sendable {
    /// The registries that the user has named.
    package var registries: Set<RemoteURL.Origin>
    /// Those of them, by their origin, that plain http may be used with beyond this machine.
    package var insecureRegistries: Set<RemoteURL.Origin> = []
    /// Whether loopback addresses are allowed whatever the registry is.
    package var allowsLoopback: Bool
    /// Registries of images that may have any address: those that the user has an account at.
    package var imageRegistries: Set<RemoteURL.Host> = []
    /// Registries of images that may be talked to over plain http, at any address.
    package var insecureImageRegistries: Set<RemoteURL.Host> = []

    package init(registries: Set<RemoteURL.Origin> = [], allowsLoopback: Bool = false) {
        self.registries = registries
        self.allowsLoopback = allowsLoopback
    }

    /// One URL that is about to be contacted, with what is known of it.
    struct Contact {
        var url: RemoteURL
        var purpose: TransportRequest.Purpose
        /// What the host resolves to.
        var addresses: [IPAddress]
        /// The registry that is talked with, or whose answer named the URL.
        var registry: RemoteURL.Origin?
        /// Whether the user has named that registry, and it is on loopback.
        var registryIsLoopback: Bool
        /// For a redirect: whether the address that sent it was on loopback.
        var redirectedFromLoopback: Bool?
    }

    /// The addresses of a host that may be connected to, in their order; never empty.
    ///
    /// - Throws: the reason, `plainHTTP` or `refusedAddress`, where there is none.
    func permittedAddresses(for contact: Contact) throws(TransportError.Reason) -> [IPAddress] {
        let isRegistry =
            isOwnHost(contact)
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

    /// Whether a URL is on the host of the registry that named it, which the user has named.
    private func isOwnHost(_ contact: Contact) -> Bool {
        guard let registry = contact.registry, registries.contains(registry) else { return false }
        return contact.url.host == registry.host
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
        if contact.purpose == .image { return insecureImageRegistries.contains(contact.url.host) }
        guard let registry = contact.registry, registry == contact.url.origin else { return false }
        return insecureRegistries.contains(registry)
    }
}
