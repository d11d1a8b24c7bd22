// What Swift people expect beside the generated code: events as an AsyncSequence, and waiting for
// the network without blocking the caller's actor.
//
// Calls that only read and write this device take well under a millisecond and may be made from
// the main actor; those that wait for the network run on a queue of their own.

import Dispatch
import Foundation

/// Where calls that wait for the network run: never on the cooperative pool, which they would block.
private let network = DispatchQueue(label: "casework.network", attributes: .concurrent)

private func offTheActor<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        network.async { continuation.resume(with: Result(catching: work)) }
    }
}

/// An observer that is a function.
private final class Function: WorkspaceObserver, @unchecked Sendable {
    private let hear: @Sendable (Event) -> Void

    init(_ hear: @escaping @Sendable (Event) -> Void) {
        self.hear = hear
    }

    func onEvent(event: Event) throws {
        hear(event)
    }
}

extension Workspace {
    /// Every event of the workspace while it is iterated. A slow loop loses nothing.
    public func events() throws -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .unbounded)
        let subscription = try observe(observer: Function { continuation.yield($0) })
        continuation.onTermination = { _ in subscription.stop() }
        return stream
    }

    /// Syncs once, off the caller's actor.
    public func awaitSync() async throws -> SyncReport {
        try await offTheActor { try self.sync() }
    }

    /// Syncs for at most so many seconds, off the caller's actor: for a background task.
    public func awaitSync(seconds: UInt32) async throws -> SyncReport {
        try await offTheActor { try self.syncFor(seconds: seconds) }
    }

    /// Joins a workspace by the text of an invite, off the caller's actor.
    public static func awaitJoin(
        folder: URL,
        invite: String,
        who: JoinAs,
        keyStore: KeyStore? = nil,
        listener: JoinListener? = nil
    ) async throws -> Workspace {
        try await offTheActor {
            try Workspace.join(
                folder: folder.path,
                invite: invite,
                who: who,
                keyStore: keyStore,
                listener: listener
            )
        }
    }
}
