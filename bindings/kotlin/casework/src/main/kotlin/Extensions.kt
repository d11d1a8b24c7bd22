/**
 * What Kotlin people expect beside the generated code: events as a [Flow], and waiting for the
 * network without blocking a thread of the caller.
 *
 * Calls that only read and write this device take well under a millisecond; those that wait for
 * the network run on [Dispatchers.IO].
 */
package casework

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.withContext

/** Every event of the workspace while it is collected. A slow collector loses nothing. */
fun Workspace.events(): Flow<Event> = callbackFlow {
    val subscription = observe(object : WorkspaceObserver {
        override fun onEvent(event: Event) {
            trySend(event)
        }
    })
    awaitClose {
        subscription.stop()
        subscription.close()
    }
}.buffer(Channel.UNLIMITED)

/** How syncing stands, beginning with how it stands now. States in between may be left out. */
fun Workspace.syncStates(): Flow<SyncState> = turns { it is Event.Sync }.map { syncState() }

/**
 * A case, beginning with how it stands now, again whenever it may look different. What changes while
 * the collector is busy comes as one. Fails as [Workspace.caseView] does, when the case is gone.
 */
fun Workspace.caseViews(caseId: String): Flow<CaseView> = turns {
    it is Event.Changed && (it.changes.everything || caseId in it.changes.documents)
}.map { caseView(caseId) }

/** One turn for now and one for every such event. The observer is attached before the first turn,
 * so that nothing happens unseen between the first reading and the first event. */
private fun Workspace.turns(wanted: (Event) -> Boolean): Flow<Unit> = callbackFlow {
    val subscription = observe(object : WorkspaceObserver {
        override fun onEvent(event: Event) {
            if (wanted(event)) trySend(Unit)
        }
    })
    trySend(Unit)
    awaitClose {
        subscription.stop()
        subscription.close()
    }
}.buffer(Channel.CONFLATED)

/** [Workspace.sync], off the caller's thread. */
suspend fun Workspace.awaitSync(): SyncReport = withContext(Dispatchers.IO) { sync() }

/** [Workspace.syncFor], off the caller's thread. */
suspend fun Workspace.awaitSyncFor(seconds: UInt): SyncReport =
    withContext(Dispatchers.IO) { syncFor(seconds) }

/** Joining, off the caller's thread. */
suspend fun joinWorkspace(
    folder: String,
    invite: String,
    who: JoinAs,
    keyStore: KeyStore? = null,
    listener: JoinListener? = null,
): Workspace = withContext(Dispatchers.IO) { Workspace.join(folder, invite, who, keyStore, listener) }
