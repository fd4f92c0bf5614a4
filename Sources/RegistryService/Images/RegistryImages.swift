// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// The registry as one of images and artifacts: what clients of the distribution specification ask and push.
package struct RegistryImages: Sendable {
    /// Pulling and listing.
    package let read: ReadImages
    /// Blobs on their way in.
    package let push: PushBlob
    /// Documents on their way in.
    package let pushManifest: PushManifest
    /// Tags, documents and blobs that go.
    package let delete: DeleteImages
    /// What clients show instead of a key.
    package let tokens: ImageTokens

    init(store: any RegistryStore, keys: Keys, receive: ReceiveBlob, surroundings: Surroundings) {
        read = ReadImages(
            table: AnswerTable(generation: { store.generation }),
            store: store,
            served: receive.served,
            blobs: receive.blobs
        )
        push = PushBlob(store: store, blobs: receive.blobs, receive: receive, surroundings: surroundings)
        pushManifest = PushManifest(store: store, receive: receive, surroundings: surroundings)
        delete = DeleteImages(store: store, surroundings: surroundings)
        tokens = ImageTokens(store: store, keys: keys, surroundings: surroundings)
    }
}
