/**
 * The stage of the tests: a server process, a line that counts connections, folders that go away, an
 * observer that keeps what it hears.
 */
package casework

import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

const val TEMPLATE = """{"key":"SITE","name":"Inspection","stages":[
 {"id":"open","name":"Open","category":"active"},
 {"id":"waiting","name":"Waiting","category":"waiting"},
 {"id":"done","name":"Done","category":"done"}],
 "fields":[{"id":"site","label":"Site","type":"text","card":true},
 {"id":"visits","label":"Visits","type":"counter"}]}"""

class Server(folder: String) {
    private val process: Process = ProcessBuilder(
        System.getenv("CASEWORK_SERVER"), "serve", "--listen", "127.0.0.1:0", "--data", folder,
    ).redirectError(ProcessBuilder.Redirect.DISCARD).start()
    val url: String = Regex("\"url\":\"([^\"]+)\"").find(process.inputReader().readLine())!!.groupValues[1]

    fun stop() {
        process.destroyForcibly().waitFor()
    }
}

/** A listener in front of a server, that counts who connects; in front of nothing it stays silent. */
class Line(private val to: String?) {
    private val listening = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val open = CopyOnWriteArrayList<Socket>()
    val url = "ws://127.0.0.1:${listening.localPort}"

    @Volatile
    var connections = 0
        private set

    init {
        thread(isDaemon = true) { runCatching { while (true) take(listening.accept()) } }
    }

    private fun take(socket: Socket) {
        open.add(socket)
        connections++
        val server = Socket("127.0.0.1", to?.substringAfterLast(':')?.toInt() ?: return)
        open.add(server)
        for ((from, into) in listOf(socket to server, server to socket)) {
            thread(isDaemon = true) {
                runCatching { from.getInputStream().transferTo(into.getOutputStream()) }
                runCatching { into.close() }
            }
        }
    }

    fun stop() {
        listening.close()
        open.forEach { it.close() }
    }
}

class TestStage {
    private val root: File = Files.createTempDirectory("casework").toFile()
    private val ends = mutableListOf<() -> Unit>()
    private var made = 0

    fun folder(): String = File(root, (++made).toString()).path

    fun atEnd(end: () -> Unit) {
        ends.add(end)
    }

    fun clear() {
        ends.reversed().forEach { it() }
        root.deleteRecursively()
    }

    fun kept(workspace: Workspace): Workspace {
        atEnd { if (!closed.contains(workspace)) workspace.shutdown() }
        return workspace
    }

    private val closed = mutableSetOf<Workspace>()

    fun closedByTest(workspace: Workspace) {
        closed.add(workspace)
    }

    fun founder(): Workspace = kept(Workspace.create(folder(), NEW))

    fun withTemplate(): Pair<Workspace, String> {
        val ana = founder()
        return ana to ana.importTemplate(TEMPLATE).id
    }

    fun server(): Server = Server(folder()).also { atEnd { it.stop() } }

    fun line(to: String? = null): Line = Line(to).also { atEnd { it.stop() } }

    fun host(): Triple<Server, Workspace, String> {
        val server = server()
        val (ana, template) = withTemplate()
        ana.setServer(server.url)
        ana.sync()
        return Triple(server, ana, template)
    }

    fun join(host: Workspace, name: String): Workspace {
        val link = host.invite(InviteGrant.NewMember(listOf("operator"))).link
        host.sync()
        return kept(Workspace.join(folder(), link, JoinAs(name, "phone")))
    }
}

val NEW = NewWorkspace("Field office", "Ana", "laptop")

fun openCase(workspace: Workspace, template: String, title: String = "Bridge 7"): String =
    workspace.openCase(NewCase(templateId = template, title = title)).caseId

fun settle(vararg devices: Workspace) = repeat(2) { devices.forEach { it.sync() } }

/** Keeps what it is told, and lets a test wait for it. */
open class Ear(private val throws: Boolean = false) : WorkspaceObserver {
    private val lock = ReentrantLock()
    private val bell = lock.newCondition()
    val events = mutableListOf<Event>()
    val threads = mutableSetOf<Long>()

    override fun onEvent(event: Event) {
        lock.withLock {
            events.add(event)
            threads.add(Thread.currentThread().id)
            bell.signalAll()
        }
        if (throws) throw IllegalStateException("on purpose")
    }

    fun size(): Int = lock.withLock { events.size }

    fun waitFor(wanted: (Event) -> Boolean) = lock.withLock {
        var left = TimeUnit.SECONDS.toNanos(20)
        while (events.none(wanted)) {
            check(left > 0) { "it was not told in time; heard: $events" }
            left = bell.awaitNanos(left)
        }
    }

    fun waitForChange(case: String) = waitFor { it is Event.Changed && case in it.changes.documents }
}

fun same(found: Any?, wanted: Any?) = check(found == wanted) { "found $found where $wanted was wanted" }

fun seconds(use: () -> Unit): Double {
    val started = System.nanoTime()
    use()
    return (System.nanoTime() - started) / 1e9
}

fun holds(what: Boolean) = check(what) { "it does not hold" }

inline fun <reified E : Throwable> fails(words: String = "", use: () -> Unit) {
    val error = try {
        use()
        null
    } catch (error: Throwable) {
        error
    }
    check(error is E) { "found $error where ${E::class.simpleName} was wanted" }
    check(words in error.message.orEmpty()) { "${error.message} does not say $words" }
}
