/**
 * What Kotlin people expect beside the generated code: events as a [Flow], and waiting without
 * blocking a thread of the caller.
 *
 * What a call costs: reading one case well under a millisecond; writing 1 to 5 ms, for it is on the
 * disk when it returns; pages of lists with thousands of cases, and opening, tens of milliseconds;
 * the network as long as it takes. So call from [Dispatchers.IO], not from the thread that draws.
 * The functions here do.
 */
package casework

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ProducerScope
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Every event of the workspace while it is collected. A slow collector loses nothing. Ends after
 * [Event.Closed], when the workspace is shut down; at once, when it was before.
 */
fun Workspace.events(): Flow<Event> = callbackFlow {
    heard(this@events) { trySend(it) }
}.buffer(Channel.UNLIMITED)

/**
 * How syncing stands, beginning with how it stands now. States in between may be left out. Ends when
 * the workspace is shut down.
 */
fun Workspace.syncStates(): Flow<SyncState> = readAgain({ it is Event.Sync }) { syncState() }

/**
 * A case, beginning with how it stands now, again whenever it looks different. What changes while
 * the collector is busy comes as one. Ends when the workspace is shut down; fails as
 * [Workspace.caseView] does when the case is gone. It is read on [Dispatchers.IO].
 */
fun Workspace.caseViews(caseId: String): Flow<CaseView> {
    var template: String? = null
    val concerns = { changes: Changes ->
        // The names of people, stages and fields are a part of it.
        changes.everything || changes.people || caseId in changes.documents || template in changes.documents
    }
    return readAgain({ it is Event.Changed && concerns(it.changes) }) {
        caseView(caseId).also { template = it.templateId }
    }
}

/**
 * What a reading answers, now and again whenever something in the workspace has changed and it looks
 * different: a list, a board, a count. What changes while the collector is busy comes as one. Ends
 * when the workspace is shut down, and with what the reading throws. It reads on [Dispatchers.IO].
 *
 *     workspace.readings { listCases(mine, Sorting.DUE, Page()) }.collect { show(it) }
 */
fun <T> Workspace.readings(read: Workspace.() -> T): Flow<T> = readAgain({ it is Event.Changed }) { read() }

/** [Workspace.sync], off the caller's thread. Cancelled, it ends every sync that is under way. */
suspend fun Workspace.awaitSync(): SyncReport = cancellable { sync() }

/** [Workspace.syncFor], off the caller's thread. Cancelled, it ends every sync that is under way. */
suspend fun Workspace.awaitSyncFor(seconds: UInt): SyncReport = cancellable { syncFor(seconds) }

/** [Workspace.create], off the caller's thread. */
suspend fun Workspace.Companion.awaitCreate(
    folder: String,
    new: NewWorkspace,
    keyStore: KeyStore? = null,
): Workspace = handedOver { create(folder, new, keyStore) }

/** [Workspace.open], off the caller's thread. */
suspend fun Workspace.Companion.awaitOpen(folder: String, keyStore: KeyStore? = null): Workspace =
    handedOver { open(folder, keyStore) }

/**
 * [Workspace.join], off the caller's thread. Cancelled, it answers at once and the join ends by
 * itself; until then the folder is in use. What it holds then can be opened ([isWorkspace],
 * [awaitOpen]): syncing goes on with a join that was not over.
 */
suspend fun Workspace.Companion.awaitJoin(
    folder: String,
    invite: String,
    who: JoinAs,
    keyStore: KeyStore? = null,
    listener: JoinListener? = null,
): Workspace = handedOver { join(folder, invite, who, keyStore, listener) }

/** Reads now, and again after every such event, until the workspace is shut down. The observer is
 * attached before the first reading, so that nothing happens unseen between the two. */
private fun <T> Workspace.readAgain(wanted: (Event) -> Boolean, read: () -> T): Flow<T> {
    val turns = callbackFlow {
        heard(this@readAgain, { trySend(Unit) }) { if (wanted(it)) trySend(Unit) }
    }.buffer(Channel.CONFLATED)
    val read = turns.transformWhile {
        val found = try {
            read()
        } catch (_: CaseworkException.Closed) {
            return@transformWhile false
        }
        emit(found)
        true
    }
    return read.flowOn(Dispatchers.IO).conflate().distinctUntilChanged()
}

/** Observes until nobody collects any more, or the workspace is shut down. */
private suspend fun ProducerScope<*>.heard(
    workspace: Workspace,
    begin: () -> Unit = {},
    hear: (Event) -> Unit,
) {
    val observer = object : WorkspaceObserver {
        override fun onEvent(event: Event) {
            hear(event)
            if (event is Event.Closed) channel.close()
        }
    }
    val subscription = try {
        workspace.observe(observer)
    } catch (_: CaseworkException.Closed) {
        channel.close()
        return
    }
    begin()
    awaitClose {
        subscription.stop()
        subscription.close()
    }
}

/** A call that waits for the network. Whoever stops waiting stops the sync as well. */
private suspend fun <T> Workspace.cancellable(sync: () -> T): T = coroutineScope {
    // What it throws is its answer, so that being cancelled is what a cancelled caller is told.
    val call = async(Dispatchers.IO) { runCatching(sync) }
    try {
        call.await().getOrThrow()
    } catch (cancelled: CancellationException) {
        withContext(NonCancellable) { end(call) }
        throw cancelled
    }
}

/** More than once, for the call may just be about to begin. */
private suspend fun Workspace.end(call: Deferred<*>) {
    while (!call.isCompleted) {
        cancelSync()
        withTimeoutOrNull(100) { call.join() }
    }
}

/** Where a workspace is opened that nobody waits for any more. */
private val alone = CoroutineScope(SupervisorJob() + Dispatchers.IO)

/** A workspace that nobody waits for any more is shut down, so that the folder can be opened. */
@OptIn(ExperimentalCoroutinesApi::class)
private suspend fun handedOver(open: () -> Workspace): Workspace {
    val call = alone.async { open() }
    try {
        return call.await()
    } catch (cancelled: CancellationException) {
        call.invokeOnCompletion { failure -> if (failure == null) call.getCompleted().use { it.shutdown() } }
        throw cancelled
    }
}
