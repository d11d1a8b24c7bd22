/**
 * A field inspection in a terminal, on the public surface only: my cases, a case with its fields
 * and checklists, filling them in offline, how syncing stands, settling a conflict.
 *
 * With FOLDER it opens the workspace there; with FOLDER INVITE NAME it joins first.
 */
package casework.sample

import casework.Action
import casework.Card
import casework.CaseFilter
import casework.CaseView
import casework.CaseworkException
import casework.Conflict
import casework.Event
import casework.JoinAs
import casework.Page
import casework.Settlement
import casework.Sorting
import casework.SyncHints
import casework.SyncState
import casework.TaskItem
import casework.TaskStatus
import casework.TaskView
import casework.Workspace
import casework.WorkspaceObserver
import casework.isWorkspace
import kotlin.system.exitProcess

private const val HELP = """  mine                 my cases
  all                  every case
  open N               open case N of the list
  set FIELD = WORDS    fill in a field (id or label)
  check T.I            tick item I of task T; again to take the tick off
  done T               finish task T
  note WORDS           write a comment
  move STAGE           move to a stage (id or name)
  conflicts            what several people wrote without knowing of each other
  settle N S           conflict N is settled on side S
  history              what was done, newest first, and how far it has come
  sync                 sync now;   online / offline: keep in step, or not
  quit"""

/** One terminal. Every line that is said goes to [say]. */
class Inspect(private val workspace: Workspace, private val say: (String) -> Unit) {
    private var listed: List<Card> = emptyList()
    private var open: String? = null

    /** Carries out one line; `false` ends. */
    fun carryOut(line: String): Boolean {
        val (command, rest) = line.trim().split(Regex("\\s+"), limit = 2).let { it[0] to it.getOrElse(1) { "" } }
        if (command == "quit") return false
        try {
            dispatch(command, rest)
        } catch (error: CaseworkException) {
            // The text says what to do; nothing was done.
            say("! ${error.message}")
        } catch (error: IllegalArgumentException) {
            say("! ${error.message}")
        }
        return true
    }

    private fun dispatch(command: String, rest: String) {
        when (command) {
            "" -> {}
            "mine" -> list(CaseFilter(people = listOfNotNull(workspace.info().memberId), unfinished = true))
            "all" -> list(CaseFilter())
            "open" -> show(number(rest, listed, "case").caseId)
            "set" -> fill(rest)
            "check" -> check(rest)
            "done" -> act(Action.FinishTask(task(rest).id))
            "note" -> act(Action.Comment(rest))
            "move" -> act(Action.MoveTo(stage(rest)))
            "conflicts" -> conflicts()
            "settle" -> settle(rest)
            "history" -> history()
            "sync" -> sync()
            "online" -> workspace.connect(SyncHints())
            "offline" -> workspace.disconnect()
            else -> say(HELP)
        }
    }

    private fun list(filter: CaseFilter) {
        val page = workspace.listCases(filter, Sorting.DUE, Page(take = 20u))
        listed = page.cards
        listed.forEachIndexed { n, card ->
            val badges = card.badges.joinToString(" ") { it.name.lowercase().replace('_', '-') }
            say("%2d  %-10s %-28s %-12s %s %s".format(n + 1, card.number, card.title, card.stageName, card.due ?: "", badges))
        }
        say("${page.cards.size} of ${page.total} cases. ${state(workspace.syncState())}, ${workspace.status().unsent} unsent")
    }

    private fun show(case: String) {
        open = case
        workspace.noteReading(case)
        val view = workspace.caseView(case)
        say("${view.number}  ${view.title}  [${view.stageName}]  ${view.owner?.name ?: "nobody's"}")
        for (field in view.fields.filter { it.redacted == null }) {
            val mark = if (field.contested) " (contested)" else ""
            say("  %-22s %s%s".format(field.label, field.words.ifEmpty { "-" }, mark))
        }
        view.tasks.forEachIndexed { n, task -> showTask(n, task) }
        view.requirementsUnmet.takeIf { it.isNotEmpty() }?.let { say("  to fill in: ${it.joinToString()}") }
        if (view.contested.isNotEmpty()) say("  contested: ${view.contested.size}; see conflicts")
    }

    private fun showTask(n: Int, task: TaskView) {
        say("  ${n + 1}. [${task.status.name.lowercase()}] ${task.title}")
        task.items.forEachIndexed { i, item -> say("     ${n + 1}.${i + 1} ${if (item.done) "[x]" else "[ ]"} ${item.text}") }
    }

    private fun fill(rest: String) {
        val (field, words) = rest.split("=", limit = 2).map { it.trim() }.also {
            require(it.size == 2) { "write it as: set FIELD = WORDS" }
        }
        if (words.isEmpty()) workspace.clearField(case(), field) else workspace.setField(case(), field, words)
        say("saved on this device")
    }

    private fun check(rest: String) {
        val (task, item) = rest.split(".", limit = 2).also { require(it.size == 2) { "write it as: check 1.2" } }
        val known = task(task)
        val one: TaskItem = number(item, known.items, "item")
        act(Action.CheckItem(known.id, one.id, !one.done))
    }

    private fun act(action: Action) {
        val acted = workspace.act(case(), action)
        acted.warnings.forEach { say("  $it") }
        acted.effects.forEach { say("  $it") }
        say("saved on this device")
    }

    private fun conflicts() {
        val all = workspace.conflicts(case())
        if (all.isEmpty()) say("nothing is contested")
        all.forEachIndexed { n, conflict -> showConflict(n, conflict) }
    }

    private fun showConflict(n: Int, conflict: Conflict) {
        say("${n + 1}. ${conflict.label}")
        conflict.sides.forEachIndexed { s, side -> say("   ${s + 1}) ${side.words}  - ${side.by?.name ?: "somebody"}") }
    }

    private fun settle(rest: String) {
        val (n, side) = rest.split(" ", limit = 2).also { require(it.size == 2) { "write it as: settle 1 2" } }
        val conflict = number(n, workspace.conflicts(case()), "conflict")
        val chosen = number(side, conflict.sides, "side")
        workspace.settle(case(), conflict.place, Settlement.OfChange(chosen.changeId))
        say("settled on ${chosen.words}")
    }

    private fun history() {
        for (entry in workspace.timeline(case(), Page(take = 15u))) {
            say("  %-10s %s (%s)".format(entry.by?.name ?: "?", entry.sentence, entry.status::class.simpleName))
        }
    }

    private fun sync() {
        val report = workspace.sync()
        say("in step: ${report.pushed} sent, ${report.received} received, ${report.status.unsent} unsent")
        report.notices.forEach { say("  ${it.kind}: ${it.text}") }
    }

    private fun case(): String = requireNotNull(open) { "open a case first" }

    private fun view(): CaseView = workspace.caseView(case())

    private fun task(n: String): TaskView = number(n, view().tasks, "task").also {
        require(it.status == TaskStatus.OPEN) { "task $n is not open" }
    }

    private fun stage(text: String): String {
        val stages = workspace.template(view().templateId).stages
        val known = stages.find { it.id == text || it.name.equals(text, ignoreCase = true) }
        return requireNotNull(known) { "there is ${stages.joinToString { it.name }}" }.id
    }

    private fun <T> number(text: String, all: List<T>, what: String): T {
        val n = text.trim().toIntOrNull()
        require(n != null && n in 1..all.size) { "there is no $what $text; there are ${all.size}" }
        return all[n - 1]
    }
}

/** How syncing stands, in words. Later versions know more states than this one: hence the last line. */
@Suppress("REDUNDANT_ELSE_IN_WHEN")
fun state(state: SyncState): String = when (state) {
    is SyncState.InStep -> "in step"
    is SyncState.Working -> "syncing"
    is SyncState.Connecting -> "connecting"
    is SyncState.Paused -> "paused"
    is SyncState.Offline -> "offline (${state.reason})"
    is SyncState.Stopped -> "stopped (${state.reason})"
    is SyncState.Resting -> "resting, ${state.unsent} unsent"
    is SyncState.Off -> "not syncing"
    else -> "syncing, in its own way"
}

private const val USAGE = """inspect FOLDER               opens the workspace in the folder
inspect FOLDER INVITE NAME   joins by an invite first, under your name"""

/** The workspace that the arguments name; nothing when they name none. */
private fun workspace(args: Array<String>): Workspace? = when {
    args.isNotEmpty() && isWorkspace(args[0]) -> Workspace.open(args[0])
    args.size == 3 -> Workspace.join(args[0], args[1], JoinAs(args[2], "terminal"))
    else -> null
}

fun main(args: Array<String>) {
    val workspace = try {
        workspace(args)
    } catch (error: CaseworkException) {
        System.err.println(error.message)
        exitProcess(1)
    }
    if (workspace == null) {
        if (args.size == 1) System.err.println("There is no workspace in ${args[0]}: join one by an invite.")
        System.err.println(USAGE)
        exitProcess(2)
    }
    workspace.use {
        val subscription = it.observe(object : WorkspaceObserver {
            override fun onEvent(event: Event) {
                if (event is Event.Noticed) event.notices.forEach { notice -> println("* ${notice.kind}: ${notice.text}") }
            }
        })
        val inspect = Inspect(it, ::println)
        inspect.carryOut("mine")
        while (true) {
            print("> ")
            if (!inspect.carryOut(readlnOrNull() ?: break)) break
        }
        subscription.stop()
        it.shutdown()
    }
}
