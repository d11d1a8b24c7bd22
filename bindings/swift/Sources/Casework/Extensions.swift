// What Swift people expect beside the generated code: events as an AsyncSequence, and waiting
// without blocking the caller's actor.
//
// What a call costs: reading one case well under a millisecond; writing 1 to 5 ms, for it is on the
// disk when it returns; pages of lists with thousands of cases, and opening, tens of milliseconds;
// the network as long as it takes. So keep the workspace in an actor of its own, not the main one.
// What is here runs on a queue of its own.

import Dispatch
import Foundation

/// Where calls that wait run: never on the cooperative pool, which they would block.
private let aside = DispatchQueue(label: "casework.aside", attributes: .concurrent)

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

/// A call whose caller may stop waiting. Whichever of answer and cancellation comes first is told.
private final class Call<T: Sendable>: @unchecked Sendable {
    private let lock = NSCondition()
    private var waiting: CheckedContinuation<T, Error>?
    private var cancelled = false
    private var ended = false

    /// Waits for the work, which runs aside. What nobody waits for any more goes to `late`.
    func wait(for work: @escaping @Sendable () throws -> T, late: @escaping @Sendable (T) -> Void) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            guard begin(continuation) else { return continuation.resume(throwing: CancellationError()) }
            aside.async {
                let answer = Result(catching: work)
                if let waiting = self.end() {
                    waiting.resume(with: answer)
                } else if case let .success(value) = answer {
                    late(value)
                }
            }
        }
    }

    /// Answers at once that it was cancelled.
    func abandon() {
        let waiting = lock.withLock {
            cancelled = true
            defer { self.waiting = nil }
            return self.waiting
        }
        waiting?.resume(throwing: CancellationError())
    }

    /// Calls `stop` until the work has ended: more than once, for it may just be about to begin.
    /// Under the lock, so that it is over before the answer is told. It must not wait for anything.
    func stop(by stop: @escaping @Sendable () -> Void) {
        let begun = lock.withLock {
            cancelled = true
            return waiting != nil
        }
        guard begun else { return }
        aside.async {
            self.lock.withLock {
                while !self.ended {
                    stop()
                    _ = self.lock.wait(until: Date(timeIntervalSinceNow: 0.1))
                }
            }
        }
    }

    var wasCancelled: Bool {
        lock.withLock { cancelled }
    }

    private func begin(_ continuation: CheckedContinuation<T, Error>) -> Bool {
        lock.withLock {
            guard !cancelled else { return false }
            waiting = continuation
            return true
        }
    }

    private func end() -> CheckedContinuation<T, Error>? {
        lock.withLock {
            ended = true
            lock.broadcast()
            defer { waiting = nil }
            return waiting
        }
    }
}

/// A workspace that nobody waits for any more is shut down, so that the folder can be opened.
private func handedOver(_ open: @escaping @Sendable () throws -> Workspace) async throws -> Workspace {
    let call = Call<Workspace>()
    return try await withTaskCancellationHandler {
        try await call.wait(for: open, late: { $0.shutdown() })
    } onCancel: {
        call.abandon()
    }
}

extension Workspace {
    /// Every event of the workspace while it is iterated. A slow loop loses nothing. Ends after
    /// `Event.closed`, when the workspace is shut down.
    public func events() throws -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream<Event>.makeStream(bufferingPolicy: .unbounded)
        let subscription = try observe(
            observer: Function { event in
                continuation.yield(event)
                if case .closed = event { continuation.finish() }
            })
        continuation.onTermination = { _ in subscription.stop() }
        return stream
    }

    /// What a reading answers, now and again whenever something in the workspace has changed and it
    /// looks different: a list, a board, a count. What changes while the loop is busy comes as one.
    /// Ends when the workspace is shut down, and with what the reading throws.
    ///
    ///     for try await page in try workspace.readings({ try $0.listCases(filter: mine, …) }) { show(page) }
    public func readings<T: Equatable & Sendable>(
        _ read: @escaping @Sendable (Workspace) throws -> T
    ) throws -> AsyncThrowingStream<T, Error> {
        let (turns, turn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let subscription = try observe(
            observer: Function { event in
                if case .changed = event { turn.yield() }
                if case .closed = event { turn.finish() }
            })
        turn.yield()
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let reader = Task {
                var last: T?
                do {
                    for await _ in turns {
                        let now = try await self.aside { try read(self) }
                        if now != last { continuation.yield(now) }
                        last = now
                    }
                    continuation.finish()
                } catch CaseworkError.Closed {
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in
                subscription.stop()
                reader.cancel()
            }
        }
    }

    /// A case, now and again whenever it looks different. Ends when the workspace is shut down;
    /// fails as `caseView` does when the case is gone.
    public func caseViews(caseId: String) throws -> AsyncThrowingStream<CaseView, Error> {
        try readings { try $0.caseView(caseId: caseId) }
    }

    private func aside<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Casework.aside.async { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Syncs once, off the caller's actor. A cancelled task ends every sync that is under way.
    public func awaitSync() async throws -> SyncReport {
        try await cancellable { try self.sync() }
    }

    /// Syncs for at most so many seconds, off the caller's actor: for a background task. A cancelled
    /// task ends every sync that is under way.
    public func awaitSync(seconds: UInt32) async throws -> SyncReport {
        try await cancellable { try self.syncFor(seconds: seconds) }
    }

    /// Founds a workspace in a folder, off the caller's actor.
    public static func awaitCreate(
        folder: URL,
        new: NewWorkspace,
        keyStore: KeyStore? = nil
    ) async throws -> Workspace {
        try await handedOver { try Workspace.create(folder: folder.path, new: new, keyStore: keyStore) }
    }

    /// Opens the workspace in a folder, off the caller's actor.
    public static func awaitOpen(folder: URL, keyStore: KeyStore? = nil) async throws -> Workspace {
        try await handedOver { try Workspace.open(folder: folder.path, keyStore: keyStore) }
    }

    /// Joins a workspace by the text of an invite, off the caller's actor. Cancelled, it answers at
    /// once and the join ends by itself; until then the folder is in use. What it holds then can be
    /// opened (`isWorkspace`, `awaitOpen`): syncing goes on with a join that was not over.
    public static func awaitJoin(
        folder: URL,
        invite: String,
        who: JoinAs,
        keyStore: KeyStore? = nil,
        listener: JoinListener? = nil
    ) async throws -> Workspace {
        try await handedOver {
            try Workspace.join(
                folder: folder.path,
                invite: invite,
                who: who,
                keyStore: keyStore,
                listener: listener
            )
        }
    }

    /// A call that waits for the network. Whoever stops waiting stops the sync as well.
    private func cancellable(_ sync: @escaping @Sendable () throws -> SyncReport) async throws -> SyncReport {
        let call = Call<SyncReport>()
        return try await withTaskCancellationHandler {
            do {
                return try await call.wait(for: sync, late: { _ in })
            } catch {
                throw call.wasCancelled ? CancellationError() : error
            }
        } onCancel: {
            call.stop { self.cancelSync() }
        }
    }
}
