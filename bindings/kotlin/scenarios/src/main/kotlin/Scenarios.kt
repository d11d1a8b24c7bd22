/** The scenarios of bindings/scenarios.txt, as in Python and Swift, against a real server process. */
package casework

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CyclicBarrier
import kotlin.concurrent.thread
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull

class Scenarios(private val stage: TestStage) {
    fun test_create_a_workspace_and_open_it_again() {
        val folder = stage.folder()
        same(isWorkspace(folder), false)
        val made = Workspace.create(folder, NEW)
        val before = made.info()
        fails<CaseworkException.InUse> { Workspace.open(folder) }
        made.shutdown()
        same(isWorkspace(folder), true)
        val again = stage.kept(Workspace.open(folder))
        same(again.info(), before)
        same(listOf(before.name, before.memberName), listOf("Field office", "Ana"))
        same(again.members().map { it.name }, listOf("Ana"))
        again.shutdown()
        fails<CaseworkException.Invalid>("holds a workspace already") { Workspace.create(folder, NEW) }
    }

    fun test_join_by_a_link() {
        val (server, ana, template) = stage.host()
        val link = ana.invite(InviteGrant.NewMember(listOf("operator"))).link
        ana.sync()
        val preview = previewInvite(link)
        same(listOf(preview.server, preview.workspaceId), listOf(server.url, ana.info().workspaceId))
        same(preview.workspaceName, ana.info().name)
        val case = openCase(ana, template)
        ana.sync()
        val rui = stage.kept(Workspace.join(stage.folder(), link, JoinAs("Rui", "phone")))
        same(rui.info().memberName, "Rui")
        same(rui.caseView(case).title, "Bridge 7")
        fails<CaseworkException.Denied> { Workspace.join(stage.folder(), link, JoinAs("Eve", "phone")) }
        same(ana.sync().status.unsent, 0u)
        same(ana.members().map { it.name }, listOf("Ana", "Rui"))
    }

    fun test_a_second_device_by_the_text_of_a_qr_code() {
        val (_, ana, _) = stage.host()
        val me = ana.info().memberId!!
        val code = ana.invite(InviteGrant.NewDevice(me), 600u).link
        ana.sync()
        // What a scanner reads may have white space around it.
        val phone = stage.kept(Workspace.join(stage.folder(), " $code\n", JoinAs(deviceName = "phone")))
        same(phone.info().memberId, me)
        ana.sync()
        same(ana.member(me).devices.map { it.name }, listOf("laptop", "phone"))
    }

    fun test_act_offline_and_read_it_back() {
        val (ana, template) = stage.withTemplate()
        val new = NewCase(templateId = template, title = "Bridge 7", fields = mapOf("Site" to "North"))
        val case = ana.openCase(new).caseId
        val task = ana.act(case, Action.CreateTask("Walk the site", checklist = listOf("bolts", "rust"))).made!!
        ana.act(case, Action.CheckItem(task, ana.caseView(case).tasks[0].items[1].id, true))
        ana.setField(case, "visits", "3")
        val comment = ana.comment(case, "Looks fine")
        ana.act(case, Action.MoveTo("waiting"), ActOptions(reason = "no boat"))
        val view = ana.caseView(case)
        same(view.stage to view.stageName, "waiting" to "Waiting")
        same(view.fields.map { it.label to it.words }, listOf("Site" to "North", "Visits" to "3"))
        same(view.tasks[0].items.map { it.text to it.done }, listOf("bolts" to false, "rust" to true))
        same(ana.comments(case).map { it.id to it.body }, listOf(comment to "Looks fine"))
        val entry = ana.timeline(case, Page(take = 2u))[0]
        same(listOf(entry.action, entry.reason, entry.by?.name), listOf("stage.move", "no boat", "Ana"))
        same(entry.before to entry.after, listOf(Value.Words("open")) to listOf(Value.Words("waiting")))
        same(ana.undo(case).size, 1)
        same(ana.caseView(case).stage, "open")
    }

    fun test_collide_see_both_sides_and_settle() {
        val (_, ana, template) = stage.host()
        val rui = stage.join(ana, "Rui")
        val case = openCase(ana, template)
        settle(ana, rui)
        ana.setField(case, "site", "North bank")
        rui.setField(case, "site", "South bank")
        settle(ana, rui)
        for (device in listOf(ana, rui)) {
            val conflict = device.conflicts(case).single()
            same(conflict.label, "Site")
            val sides = conflict.sides.associate { it.words to it.by?.name }
            same(sides, mapOf("North bank" to "Ana", "South bank" to "Rui"))
            holds(Badge.CONTESTED in device.caseView(case).badges)
        }
        val place = ana.conflicts(case).single().place
        ana.settle(case, place, Settlement.OfValue(Value.Words("South bank")), ActOptions("I called them"))
        fails<CaseworkException.Invalid>("not contested") { ana.settle(case, place, Settlement.Side(0u)) }
        settle(ana, rui)
        for (device in listOf(ana, rui)) {
            same(device.conflicts(case), emptyList<Conflict>())
            same(device.caseView(case).fields[0].words, "South bank")
        }
    }

    fun test_status_of_an_action_through_a_real_server() {
        val (server, ana, template) = stage.host()
        val case = openCase(ana, template)
        val acted = ana.act(case, Action.SetDue("2027-03-01"))
        same(ana.actionStatus(case, acted.changeId), ActionStatus.OnDevice)
        holds(Badge.UNSYNCED in ana.cards()[0].badges)
        val report = ana.sync()
        holds(report.inStep && report.pushed > 0u)
        val status = ana.actionStatus(case, acted.changeId)
        check(status is ActionStatus.OnServer) { "$status" }
        holds(kotlin.math.abs(status.receivedMs - System.currentTimeMillis()) < 120_000)
        holds(Badge.UNSYNCED !in ana.cards()[0].badges)
        server.stop()
        ana.act(case, Action.SetDue(null))
        fails<CaseworkException.Unavailable> { ana.sync() }
        holds(ana.status().unsent > 0u)
    }

    fun test_revoke_a_device_and_its_late_work_is_held() {
        val (_, ana, template) = stage.host()
        val rui = stage.join(ana, "Rui")
        val case = openCase(ana, template)
        settle(ana, rui)
        ana.revokeDevice(rui.info().deviceId, "lost on the ferry")
        ana.sync()
        val late = rui.act(case, Action.Comment("written before I knew")).changeId
        fails<CaseworkException.Denied> { rui.sync() }
        // The server has it and shows it to nobody; on the device it stays readable in the drawer.
        same(rui.actionStatus(case, late), ActionStatus.Held)
        val drawn = rui.drawer().single()
        holds(drawn.held && "written before I knew" in drawn.act.orEmpty())
        ana.sync()
        same(ana.members()[1].devices[0].revoked, true)
        same(ana.held().map { it.changeId }, listOf(late))
        same(ana.comments(case), emptyList<Comment>())
        same(ana.adopt(case, "it was really Rui").changes, 1u)
        ana.sync()
        same(ana.comments(case).map { it.body }, listOf("written before I knew"))
        same(ana.held(), emptyList<HeldChange>())
    }

    fun test_killed_in_the_middle_of_an_action_and_reopened() {
        val folder = stage.folder()
        val made = Workspace.create(folder, NEW)
        val template = made.importTemplate(TEMPLATE).id
        val case = openCase(made, template)
        made.shutdown()
        val command = listOf(
            System.getProperty("java.home") + "/bin/java",
            "-cp", System.getProperty("java.class.path"), "casework.ActorKt", folder, case,
        )
        val actor = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val said = actor.inputReader()
        val told = MutableList(20) { said.readLine().toInt() }
        // By its handle: the process object would close what it has said by then.
        actor.toHandle().destroyForcibly()
        said.readLines().filter { it.isNotEmpty() }.mapTo(told) { it.toInt() }
        actor.waitFor()
        val ana = stage.kept(Workspace.open(folder))
        val bodies = ana.comments(case).map { it.body }
        // Everything that returned is there; of the one under way it may be or not, whole.
        same(bodies.take(told.size), told.map { "number $it" })
        holds(bodies.size <= told.size + 1)
        same(ana.verify().findings, emptyList<String>())
    }

    fun test_used_after_close_is_a_clear_error() {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        val subscription = ana.observe(Ear())
        ana.shutdown()
        ana.shutdown()
        same(ana.isShutDown(), true)
        val uses = listOf({ ana.info() }, { ana.cards() }, { ana.sync() }, { ana.caseView(case) })
        for (use in uses) fails<CaseworkException.Closed>("open it again") { use() }
        subscription.stop()
        race()
        // The handle itself, freed: the generated code says so.
        stage.closedByTest(ana)
        ana.close()
        fails<IllegalStateException>("destroyed") { ana.info() }
    }

    /** Calls under way end as they would, later ones are told; nothing else is ever said. */
    private fun race() {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        val calls = listOf({ ana.cards() }, { ana.comment(case, "late") }, { ana.caseView(case) }, { ana.observe(Ear()).stop() })
        val (ends, gate) = CopyOnWriteArrayList<Throwable>() to CyclicBarrier(calls.size + 1)
        val threads = calls.map { call ->
            thread {
                call()
                gate.await()
                ends.add(runCatching { while (true) call() }.exceptionOrNull()!!)
            }
        }
        gate.await()
        ana.shutdown()
        threads.forEach { it.join() }
        check(ends.size == calls.size && ends.all { it is CaseworkException.Closed }) { "$ends" }
    }

    fun test_a_callback_that_throws_harms_nobody() {
        val (_, ana, template) = stage.host()
        val bad = Ear(throws = true)
        val good = Ear()
        val attached = ana.observe(bad)
        val other = ana.observe(good)
        for (title in listOf("Bridge 7", "Bridge 8")) {
            val case = openCase(ana, template, title)
            good.waitForChange(case)
            bad.waitForChange(case)
        }
        val end = System.nanoTime() + 20_000_000_000
        while (attached.failures() < 2u && System.nanoTime() < end) Thread.onSpinWait()
        holds(attached.failures() >= 2u)
        holds("on purpose" in attached.lastFailure().orEmpty())
        same(ana.cards().size, 2)
        other.stop()
        aJoinIsNotDisturbed(ana)
        aBrokenKeyStoreIsSaid(ana)
    }

    private fun aJoinIsNotDisturbed(ana: Workspace) {
        var told = 0
        val listener = object : JoinListener {
            override fun onProgress(progress: SyncProgress) {
                told++
                // Undeclared, and declared.
                if (told % 2 == 0) throw ObserverException.Failed("on purpose") else error("on purpose")
            }
        }
        val rui = stage.kept(Workspace.join(stage.folder(), invite(ana), JoinAs("Rui", "phone"), listener = listener))
        holds(told > 1)
        same(rui.cards().size, 2)
    }

    private fun aBrokenKeyStoreIsSaid(ana: Workspace) {
        class Broken(val inner: Map<String, ByteArray>?) : KeyStore {
            override fun load(): ByteArray? = if (inner == null) null else error("broken on purpose")

            override fun save(secret: ByteArray) = error("broken on purpose")
        }
        val (founded, joined) = stage.folder() to stage.folder()
        Workspace.create(founded, NEW).shutdown()
        val link = invite(ana)
        for (broken in listOf(Broken(null), Broken(emptyMap()))) {
            fails<CaseworkException>("broken on purpose") { Workspace.create(stage.folder(), NEW, broken) }
            fails<CaseworkException>("broken on purpose") { Workspace.join(joined, link, JoinAs("Eve", "phone"), broken) }
        }
        fails<CaseworkException>("broken on purpose") { Workspace.open(founded, Broken(emptyMap())) }
        // Nothing was lost by that: both go on without it.
        stage.kept(Workspace.open(founded))
        same(stage.kept(Workspace.join(joined, link, JoinAs("Eve", "phone"))).cards().size, 2)
    }

    fun test_an_observer_is_told_and_not_after_it_was_stopped() {
        val (ana, template) = stage.withTemplate()
        val ear = Ear()
        val back = object : Ear() {
            // Never under a lock: an observer may call back.
            override fun onEvent(event: Event) {
                ana.cards()
                super.onEvent(event)
            }
        }
        val subscription = ana.observe(ear)
        val other = ana.observe(back)
        val first = openCase(ana, template)
        ear.waitForChange(first)
        back.waitForChange(first)
        holds(Thread.currentThread().id !in ear.threads)
        subscription.stop()
        val count = ear.size()
        val second = openCase(ana, template, "Bridge 8")
        back.waitForChange(second)
        same(ear.size(), count)
        // Freeing the handle detaches as well.
        other.close()
        val heard = back.size()
        val third = Ear()
        val kept = ana.observe(third)
        third.waitForChange(openCase(ana, template, "Bridge 9"))
        same(back.size(), heard)
        kept.stop()
        anObserverStopsItself(ana, template)
    }

    /** Within its own call it may detach and free itself, and wait for its own end: it has it. */
    private fun anObserverStopsItself(ana: Workspace, template: String) {
        val given = CompletableFuture<Subscription>()
        val itself = object : Ear() {
            override fun onEvent(event: Event) {
                val own = given.get()
                own.stop()
                own.finish()
                own.close()
                super.onEvent(event)
            }
        }
        given.complete(ana.observe(itself))
        val last = Ear()
        val told = ana.observe(last)
        val first = openCase(ana, template, "Bridge 10")
        itself.waitForChange(first)
        last.waitForChange(openCase(ana, template, "Bridge 11"))
        same(itself.size(), 1)
        // What is finished is in no call any more; and the last that is heard is the end.
        told.finish()
        val heard = last.size()
        openCase(ana, template, "Bridge 12")
        same(last.size(), heard)
        val end = Ear()
        ana.observe(end)
        ana.shutdown()
        end.waitFor { it is Event.Closed }
        same(end.events.last(), Event.Closed)
    }

    fun test_a_board_of_ten_thousand_cases_in_pages() {
        val (ana, template) = stage.withTemplate()
        val stages = listOf("open", "waiting")
        fun title(n: Int) = "Case %05d".format(n)
        for (start in 0 until 10_000 step 500) {
            ana.importCases((start until start + 500).map {
                CaseImport(NewCase(templateId = template, title = title(it), stage = stages[it % 2]))
            })
        }
        val board = ana.board(template, CaseFilter(), Sorting.TITLE, 20u)
        same(
            board.columns.map { Triple(it.name, it.total, it.cards.size) },
            listOf(Triple("Open", 5000u, 20), Triple("Waiting", 5000u, 20), Triple("Done", 0u, 0)),
        )
        same(board.columns[0].cards[0].title, title(0))
        val page = ana.boardColumn(template, "waiting", CaseFilter(), Sorting.TITLE, Page(4990u, 20u))
        same(page.cards.map { it.title }, (9981 until 10_000 step 2).map { title(it) })
        val seen = mutableListOf<String>()
        while (seen.size < 10_000) {
            val next = ana.listCases(CaseFilter(), Sorting.TITLE, Page(seen.size.toUInt(), 2500u))
            same(next.total, 10_000u)
            next.cards.mapTo(seen) { it.title }
        }
        same(seen, (0 until 10_000).map { title(it) })
        val found = ana.listCases(CaseFilter(text = "09999"), Sorting.CHANGED, Page(), template)
        same(found.cards.map { it.title }, listOf("Case 09999"))
    }

    fun test_fifty_threads_at_once() {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        val failures = CopyOnWriteArrayList<Throwable>()
        val gate = CyclicBarrier(50)
        val threads = (0 until 50).map { n ->
            thread {
                runCatching {
                    gate.await()
                    repeat(4) { step ->
                        ana.comment(case, "$n/$step")
                        ana.act(case, Action.Count("visits", 1))
                        ana.listCases(CaseFilter(), Sorting.CHANGED, Page(), template)
                    }
                }.onFailure { failures.add(it) }
            }
        }
        threads.forEach { it.join() }
        same(failures.toList(), emptyList<Throwable>())
        same(ana.caseView(case).fields[1].count, 200L)
        val wanted = (0 until 50).flatMap { n -> (0 until 4).map { "$n/$it" } }.toSet()
        same(ana.comments(case).map { it.body }.toSet(), wanted)
    }

    fun test_the_key_lives_in_the_store_of_the_app() {
        class Vault : KeyStore {
            var secret: ByteArray? = null
            var locked = false

            override fun load(): ByteArray? {
                if (locked) throw KeyStoreException.Unavailable("locked")
                return secret
            }

            override fun save(secret: ByteArray) {
                this.secret = secret
            }
        }
        val vault = Vault()
        val folder = stage.folder()
        val made = Workspace.create(folder, NEW, vault)
        val device = made.info().deviceId
        made.shutdown()
        same(vault.secret?.size, 32)
        holds(!File(folder, "device.key").exists())
        vault.locked = true
        fails<CaseworkException.Unavailable>("locked") { Workspace.open(folder, vault) }
        vault.locked = false
        val again = Workspace.open(folder, vault)
        same(again.info().deviceId, device)
        again.shutdown()
        fails<CaseworkException.Corrupt> { Workspace.open(folder, Vault()) }
    }

    fun test_a_pause_keeps_the_line_quiet_and_a_burst_ends_in_time() {
        val (server, ana, template) = stage.host()
        val rui = stage.join(ana, "Rui")
        val line = stage.line(server.url)
        rui.setServer(line.url)
        val ear = Ear()
        val subscription = rui.observe(ear)
        rui.connect(SyncHints(paused = true))
        ear.waitFor { it is Event.Sync && it.state is SyncState.Paused }
        val case = openCase(ana, template)
        ana.sync()
        openCase(rui, template, "Own work waits too")
        holds(rui.cards().none { it.caseId == case })
        same(line.connections, 0)
        // A burst goes through the pause: the app asks for it.
        holds(seconds { same(rui.syncFor(20u).inStep, true) } < 20)
        same(line.connections, 1)
        same(rui.caseView(case).title, "Bridge 7")
        rui.setHints(SyncHints(metered = true))
        ear.waitFor { it is Event.Sync && (it.state is SyncState.InStep || it.state is SyncState.Resting) }
        rui.setHints(SyncHints())
        val other = openCase(ana, template, "Bridge 8")
        ana.sync()
        ear.waitForChange(other)
        rui.disconnect()
        same(rui.isConnected(), false)
        subscription.stop()
        // A server that takes the call and says nothing.
        val silent = stage.line()
        val eve = stage.founder()
        eve.setServer(silent.url)
        holds(seconds { fails<CaseworkException.Unavailable> { eve.syncFor(1u) } } in 0.9..5.0)
        same(silent.connections, 1)
    }

    fun test_who_is_at_a_case_is_seen_while_connected() {
        val (_, ana, template) = stage.host()
        val rui = stage.join(ana, "Rui")
        val case = openCase(ana, template)
        settle(ana, rui)
        val ears = listOf(ana, rui).associateWith { Ear() }
        val subscriptions = ears.map { (device, ear) -> device.observe(ear) }
        for ((device, ear) in ears) {
            device.connect(SyncHints())
            ear.waitFor { it is Event.Sync && it.state is SyncState.InStep }
        }
        fun until(device: Workspace, vararg wanted: Pair<String, AtWork>) = ears.getValue(device).waitFor {
            it is Event.Changed && case in it.changes.presence &&
                device.presenceOf(case).present.map { one -> one.who.name to one.atWork } == wanted.toList()
        }
        ana.announceCase(case, AtWork.OPEN)
        until(rui, "Ana" to AtWork.OPEN)
        ana.announceCase(case, AtWork.TYPING)
        until(rui, "Ana" to AtWork.TYPING)
        same(rui.casesWithCompany(), listOf(case))
        same(ana.presenceOf(case).present, emptyList<Present>())
        ana.leaveCase(case)
        until(rui)
        same(rui.casesWithCompany(), emptyList<String>())
        rui.glanceAtCase(case, 60u)
        until(ana, "Rui" to AtWork.OPEN)
        rui.leaveCase(case)
        until(ana)
        // Who wants to hear nothing is told nothing, until it wants to.
        rui.hearPresence(false)
        ana.announceCase(case, AtWork.OPEN)
        same(rui.syncFor(20u).inStep, true)
        same(rui.casesWithCompany(), emptyList<String>())
        rui.hearPresence(true)
        until(rui, "Ana" to AtWork.OPEN)
        ana.disconnect()
        until(rui)
        subscriptions.forEach { it.stop() }
    }

    fun test_errors_say_what_to_do() {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        fails<CaseworkException.Invalid>("hexadecimal digits") { ana.caseView("abc") }
        fails<CaseworkException.Invalid>("colour") { ana.setField(case, "colour", "red") }
        fails<CaseworkException.Invalid>("nowhere") { ana.act(case, Action.MoveTo("nowhere")) }
        fails<CaseworkException.Invalid>("invite link") {
            Workspace.join(stage.folder(), "https://x", JoinAs(deviceName = "p"))
        }
        fails<CaseworkException.Invalid>("key") { ana.importTemplate("{}") }
        fails<CaseworkException.Invalid>("server") { ana.sync() }
        ana.setField(case, "site", "North bank")
        fails<CaseworkException.Unchanged>("so already") { ana.setField(case, "site", "North bank") }
    }

    /** The first program of the README, as it stands there but for three names of this machine. */
    fun test_the_readme_leads_to_a_synced_board() {
        val folder = stage.folder()
        System.setProperty("readme.server", stage.server().url)
        System.setProperty("readme.folder", folder)
        System.setProperty("readme.template", System.getenv("CASEWORK_TEMPLATE"))
        val (out, said) = System.out to ByteArrayOutputStream()
        System.setOut(PrintStream(said))
        try {
            Class.forName("readme.Readme1Kt").getMethod("main").invoke(null)
        } finally {
            System.setOut(out)
        }
        check("sent\n" in "$said" && "Draft: 1" in "$said") { "$said" }
        same(stage.kept(Workspace.open(folder)).status().unsent, 0u)
    }

    /** The sample app, line by line. */
    fun test_the_sample_fills_a_checklist_and_settles() {
        val said = playSample(stage)
        holds(said.any { "Bridge 7" in it && "Draft" in it })
        holds(said.any { "1.1 [x] bolts" in it })
        holds(said.any { "Site" in it && "(contested)" in it })
        holds(said.any { "1) " in it } && said.any { "2) " in it })
        holds(said.any { it.startsWith("settled on ") })
        holds(said.any { "settled Site on" in it && "OnDevice" in it })
        holds(said.any { "OnServer" in it })
        holds(said.any { it.startsWith("! there is no case 9") })
    }

    /** What only Kotlin has: a case as a Flow. */
    fun test_a_case_is_a_flow_until_the_workspace_is_shut_down() = runBlocking {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        withTimeout(20_000) {
            val (views, turns) = CopyOnWriteArrayList<String>() to Channel<String>(Channel.UNLIMITED)
            val flows = listOf(
                launch { ana.caseViews(case).collect { turns.send(it.title.also(views::add)) } },
                launch { ana.syncStates().collect {} },
            )
            val events = async { ana.events().toList() }
            val titles = listOf("Bridge 7") + (0 until 5).map { "Bridge 7, number $it" }
            for (title in titles) {
                if (title != titles.first()) withContext(Dispatchers.IO) { ana.act(case, Action.SetTitle(title)) }
                same(turns.receive(), title)
            }
            withContext(Dispatchers.IO) { ana.shutdown() }
            flows.joinAll()
            same(events.await().last(), Event.Closed)
            // Every state once, however many events told of it; and after the end there is none.
            same(views.toList(), titles)
            same(ana.caseViews(case).toList(), emptyList<CaseView>())
        }
    }

    fun test_readings_come_again_when_they_look_different() = runBlocking {
        val (ana, template) = stage.withTemplate()
        val case = openCase(ana, template)
        withTimeout(20_000) {
            val turns = Channel<UInt>(Channel.UNLIMITED)
            val counts = launch { ana.readings { listCases(CaseFilter(), Sorting.TITLE, Page()).total }.collect(turns::send) }
            for (count in 1u..3u) {
                same(turns.receive(), count)
                // Another title is no other count.
                withContext(Dispatchers.IO) { ana.act(case, Action.SetTitle("Bridge ${7u + count}")) }
                if (count < 3u) openCase(ana, template)
            }
            withContext(Dispatchers.IO) { ana.shutdown() }
            counts.join()
            same(turns.tryReceive().getOrNull(), null)
        }
    }

    /** And waiting that can be given up. */
    fun test_who_stops_waiting_stops_the_sync() = runBlocking {
        val silent = stage.line()
        val folder = stage.folder()
        val ana = Workspace.awaitCreate(folder, NEW)
        ana.setServer(silent.url)
        val waited = seconds { runBlocking { same(withTimeoutOrNull(1000) { ana.awaitSync() }, null) } }
        holds(waited in 0.9..5.0)
        ana.setServer(silent.url)
        fails<CaseworkException.Unavailable> { ana.awaitSyncFor(1u) }
        ana.shutdown()
        val again = stage.kept(Workspace.awaitOpen(folder))
        same(again.info().memberName, "Ana")
        // A join that nobody waits for is given up at once.
        val host = stage.host().second
        host.setServer(silent.url)
        val link = host.invite(InviteGrant.NewMember(listOf("operator"))).link
        same(previewInvite(link).server, silent.url)
        val given = seconds {
            runBlocking {
                same(withTimeoutOrNull(200) { Workspace.awaitJoin(stage.folder(), link, JoinAs("Rui", "phone")) }, null)
            }
        }
        holds(given < 5)
    }
}

private fun invite(host: Workspace): String {
    val link = host.invite(InviteGrant.NewMember(listOf("operator"))).link
    host.sync()
    return link
}

/** The sample, played on the public surface as a person would. */
private fun playSample(stage: TestStage): List<String> {
    val (_, ana, _) = stage.host()
    val template = ana.importTemplate(File(System.getenv("CASEWORK_TEMPLATE")).readText()).id
    val new = NewCase(templateId = template, title = "Bridge 7", owner = ana.info().memberId)
    val case = ana.openCase(new).caseId
    ana.act(case, Action.CreateTask("Walk the bridge", checklist = listOf("bolts", "rust")))
    val rui = stage.join(ana, "Rui")
    settle(ana, rui)
    rui.setField(case, "site_name", "South bank")
    rui.sync()
    val said = mutableListOf<String>()
    val inspect = casework.sample.Inspect(ana, said::add)
    val lines = listOf(
        "mine", "open 1", "check 1.1", "set Site = North bank", "set Weather = Rain", "sync", "sync",
        "open 1", "conflicts", "settle 1 1", "history", "sync", "nonsense", "open 9",
    )
    for (line in lines) {
        said.add("> $line")
        inspect.carryOut(line)
    }
    check(!inspect.carryOut("quit")) { "quit ends" }
    return said
}

/** Runs every test; the process fails with the first one that does. */
fun main(args: Array<String>) {
    val tests = Scenarios::class.java.methods.filter { it.name.startsWith("test_") }
    val wanted = tests.filter { args.isEmpty() || it.name in args }.sortedBy { it.name }
    check(wanted.isNotEmpty()) { "there is no such test" }
    var failed = 0
    for (test in wanted) {
        val stage = TestStage()
        val started = System.nanoTime()
        val outcome = runCatching { test.invoke(Scenarios(stage)) }
        runCatching { stage.clear() }
        val millis = (System.nanoTime() - started) / 1_000_000
        println("${test.name} ... ${if (outcome.isSuccess) "ok" else "FAILED"} ($millis ms)")
        outcome.exceptionOrNull()?.let {
            failed++
            (it.cause ?: it).printStackTrace(System.out)
        }
    }
    println("${wanted.size} tests, $failed failed")
    if (failed > 0) kotlin.system.exitProcess(1)
}
