"""The scenarios of bindings/scenarios.txt, against a real server process. Kotlin and Swift have the
same ones under the same names."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import casework
from casework import (
    ActOptions,
    Action,
    ActionStatus,
    AtWork,
    CaseFilter,
    CaseImport,
    CaseworkError,
    Event,
    InviteGrant,
    JoinAs,
    NewCase,
    NewWorkspace,
    Page,
    Settlement,
    Sorting,
    SyncHints,
    SyncState,
    Value,
    Workspace,
)
from stage import TEMPLATE, Ear, Stage, settle

# Acts on a case until it is killed; every comment that returned was told before.
ACTOR = """
import sys, casework
workspace = casework.Workspace.open(sys.argv[1])
n = 0
while True:
    workspace.comment(sys.argv[2], f"number {n}")
    print(n, flush=True)
    n += 1
"""


class Scenarios(Stage):
    def test_create_a_workspace_and_open_it_again(self):
        folder = self.folder()
        self.assertFalse(casework.is_workspace(folder))
        new = NewWorkspace(name="Field office", member_name="Ana", device_name="laptop")
        with casework.created(folder, new) as workspace:
            before = workspace.info()
            with self.assertRaises(CaseworkError.InUse):
                Workspace.open(folder)
        self.assertTrue(casework.is_workspace(folder))
        with casework.opened(folder) as workspace:
            self.assertEqual(workspace.info(), before)
            self.assertEqual(before.name, "Field office")
            self.assertEqual(before.member_name, "Ana")
            self.assertEqual([m.name for m in workspace.members()], ["Ana"])
        with self.assertRaises(CaseworkError.Invalid):
            Workspace.create(folder, new)

    def test_join_by_a_link(self):
        server, ana, template = self.host()
        link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
        ana.sync()
        preview = casework.preview_invite(link)
        self.assertEqual(preview.server, server.url)
        self.assertEqual(preview.workspace_id, ana.info().workspace_id)
        self.assertEqual(preview.workspace_name, ana.info().name)
        case = self.open_case(ana, template)
        ana.sync()
        who = JoinAs(member_name="Rui", device_name="phone")
        with casework.joined(self.folder(), link, who) as rui:
            self.assertEqual(rui.info().member_name, "Rui")
            self.assertEqual(rui.case_view(case).title, "Bridge 7")
        with self.assertRaises(CaseworkError.Denied):
            Workspace.join(self.folder(), link, who)
        self.assertEqual(ana.sync().status.unsent, 0)
        self.assertEqual([m.name for m in ana.members()], ["Ana", "Rui"])

    def test_a_second_device_by_the_text_of_a_qr_code(self):
        _, ana, _ = self.host()
        gives = InviteGrant.NEW_DEVICE(ana.info().member_id)
        code = ana.invite(gives, valid_for_seconds=600).link
        ana.sync()
        # What a scanner reads may have white space around it.
        phone = Workspace.join(self.folder(), f" {code}\n", JoinAs(device_name="phone"))
        self.addCleanup(phone.shutdown)
        self.assertEqual(phone.info().member_id, ana.info().member_id)
        ana.sync()
        devices = ana.member(ana.info().member_id).devices
        self.assertEqual([device.name for device in devices], ["laptop", "phone"])

    def test_act_offline_and_read_it_back(self):
        ana, template = self.with_template()
        case = self.open_case(ana, template, fields={"Site": "North"})
        task = ana.act(case, Action.CREATE_TASK("Walk the site", checklist=["bolts", "rust"])).made
        item = ana.case_view(case).tasks[0].items[1].id
        ana.act(case, Action.CHECK_ITEM(task, item, True))
        ana.set_field(case, "visits", "3")
        comment = ana.comment(case, "Looks fine")
        ana.act(case, Action.MOVE_TO("waiting"), casework.ActOptions(reason="no boat"))
        view = ana.case_view(case)
        self.assertEqual((view.stage, view.stage_name), ("waiting", "Waiting"))
        self.assertEqual([(f.label, f.words) for f in view.fields], [("Site", "North"), ("Visits", "3")])
        self.assertEqual([(i.text, i.done) for i in view.tasks[0].items], [("bolts", False), ("rust", True)])
        self.assertEqual([(c.id, c.body) for c in ana.comments(case)], [(comment, "Looks fine")])
        entries = ana.timeline(case, Page(take=2))
        self.assertEqual(entries[0].action, "stage.move")
        self.assertEqual((entries[0].reason, entries[0].by.name), ("no boat", "Ana"))
        self.assertEqual((entries[0].before, entries[0].after), ([Value.WORDS("open")], [Value.WORDS("waiting")]))
        undone = ana.undo(case)
        self.assertEqual(len(undone), 1)
        self.assertEqual(ana.case_view(case).stage, "open")

    def test_collide_see_both_sides_and_settle(self):
        _, ana, template = self.host()
        rui = self.join(ana, "Rui")
        case = self.open_case(ana, template)
        settle(ana, rui)
        ana.set_field(case, "site", "North bank")
        rui.set_field(case, "site", "South bank")
        settle(ana, rui)
        for device in (ana, rui):
            (conflict,) = device.conflicts(case)
            self.assertEqual(conflict.label, "Site")
            sides = {side.words: side.by.name for side in conflict.sides}
            self.assertEqual(sides, {"North bank": "Ana", "South bank": "Rui"})
            self.assertIn(casework.Badge.CONTESTED, device.case_view(case).badges)
        wanted = Settlement.OF_VALUE(Value.WORDS("South bank"))
        ana.settle(case, conflict.place, wanted, ActOptions(reason="I called them"))
        with self.assertRaises(CaseworkError.Invalid):
            ana.settle(case, conflict.place, Settlement.SIDE(0))
        settle(ana, rui)
        for device in (ana, rui):
            self.assertEqual(device.conflicts(case), [])
            self.assertEqual(device.case_view(case).fields[0].words, "South bank")

    def test_status_of_an_action_through_a_real_server(self):
        server, ana, template = self.host()
        case = self.open_case(ana, template)
        acted = ana.act(case, Action.SET_DUE("2027-03-01"))
        self.assertEqual(ana.action_status(case, acted.change_id), ActionStatus.ON_DEVICE())
        self.assertIn(casework.Badge.UNSYNCED, ana.cards()[0].badges)
        report = ana.sync()
        self.assertTrue(report.in_step)
        self.assertEqual((report.pushed > 0, report.status.unsent), (True, 0))
        status = ana.action_status(case, acted.change_id)
        self.assertTrue(status.is_ON_SERVER())
        self.assertLess(abs(status.received_ms - time.time() * 1000), 120_000)
        self.assertNotIn(casework.Badge.UNSYNCED, ana.cards()[0].badges)
        server.stop()
        ana.act(case, Action.SET_DUE(None))
        with self.assertRaises(CaseworkError.Unavailable):
            ana.sync()
        self.assertGreater(ana.status().unsent, 0)

    def test_revoke_a_device_and_its_late_work_is_held(self):
        _, ana, template = self.host()
        rui = self.join(ana, "Rui")
        case = self.open_case(ana, template)
        settle(ana, rui)
        ana.revoke_device(rui.info().device_id, "lost on the ferry")
        ana.sync()
        late = rui.act(case, Action.COMMENT("written before I knew"))
        with self.assertRaises(CaseworkError.Denied):
            rui.sync()
        # The server has it and shows it to nobody; on the device it stays readable in the drawer.
        self.assertEqual(rui.action_status(case, late.change_id), ActionStatus.HELD())
        (drawn,) = rui.drawer()
        self.assertTrue(drawn.held)
        self.assertIn("written before I knew", drawn.act)
        ana.sync()
        self.assertTrue(ana.members()[1].devices[0].revoked)
        (held,) = ana.held()
        self.assertEqual((held.change_id, ana.comments(case)), (late.change_id, []))
        self.assertEqual(ana.action_status(case, late.change_id), ActionStatus.HELD())
        self.assertEqual(ana.adopt(case, "it was really Rui").changes, 1)
        ana.sync()
        self.assertEqual([c.body for c in ana.comments(case)], ["written before I knew"])
        self.assertEqual(ana.held(), [])

    def test_killed_in_the_middle_of_an_action_and_reopened(self):
        folder = self.folder()
        new = NewWorkspace(name="Field office", member_name="Ana", device_name="laptop")
        with casework.created(folder, new) as ana:
            template = ana.import_template(json.dumps(TEMPLATE)).id
            case = self.open_case(ana, template)
        actor = subprocess.Popen(
            [sys.executable, "-c", ACTOR, folder, case], stdout=subprocess.PIPE, text=True
        )
        assert actor.stdout
        told = [int(actor.stdout.readline()) for _ in range(20)]
        actor.send_signal(signal.SIGKILL)
        told += [int(line) for line in actor.stdout.read().split()]
        actor.wait()
        actor.stdout.close()
        with casework.opened(folder) as ana:
            bodies = [comment.body for comment in ana.comments(case)]
            # Everything that returned is there; of the one under way it may be or not, whole.
            self.assertEqual(bodies[: len(told)], [f"number {n}" for n in told])
            self.assertLessEqual(len(bodies), len(told) + 1)
            self.assertEqual(ana.verify().findings, [])

    def test_used_after_close_is_a_clear_error(self):
        ana, template = self.with_template()
        case = self.open_case(ana, template)
        subscription = ana.observe(Ear())
        ana.shutdown()
        ana.shutdown()
        self.assertTrue(ana.is_shut_down())
        for use in (ana.info, ana.cards, ana.sync, lambda: ana.case_view(case), ana.templates):
            with self.assertRaises(CaseworkError.Closed) as caught:
                use()
            self.assertIn("open it again", str(caught.exception))
        subscription.stop()

    def test_a_callback_that_throws_harms_nobody(self):
        ana, template = self.with_template()
        bad, good = Ear(throw=True), Ear()
        attached, _other = ana.observe(bad), ana.observe(good)
        case = self.open_case(ana, template)
        changed = lambda e: e.is_CHANGED() and case in e.changes.documents
        good.wait_for(changed)
        bad.wait_for(changed)
        # It stays attached, and its failures are counted.
        case = self.open_case(ana, template, "Bridge 8")
        bad.wait_for(changed)
        good.wait_for(changed)
        deadline = time.monotonic() + 20
        while attached.failures() < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertGreaterEqual(attached.failures(), 2)
        self.assertIn("on purpose", attached.last_failure())
        self.assertEqual(len(ana.cards()), 2)
        ana.set_server(self.server().url)
        ana.sync()
        link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
        ana.sync()
        self._a_listener_throws(link)

    def _a_listener_throws(self, link):
        """A key store that fails makes no device, and leaves nothing behind; a listener that fails
        changes nothing."""

        class Broken(casework.KeyStore):
            def load(self):
                raise ZeroDivisionError("on purpose")

            def save(self, secret):
                raise ZeroDivisionError("on purpose")

        class Listens(casework.JoinListener):
            def __init__(self):
                self.calls = 0

            def on_progress(self, progress):
                self.calls += 1
                raise ZeroDivisionError("on purpose")

        folder, other = self.folder(), self.folder()
        new = NewWorkspace(name="Field office", member_name="Eva", device_name="phone")
        rui = JoinAs(member_name="Rui", device_name="phone")
        Workspace.create(other, new).shutdown()
        for use in (
            lambda: Workspace.create(folder, new, Broken()),
            lambda: Workspace.open(other, Broken()),
            lambda: Workspace.join(folder, link, rui, Broken()),
        ):
            with self.assertRaises(CaseworkError.Internal) as caught:
                use()
            self.assertIn("ZeroDivisionError('on purpose')", str(caught.exception))
            self.assertFalse(casework.is_workspace(folder))
        listens = Listens()
        with casework.joined(folder, link, rui, None, listens) as workspace:
            self.assertEqual(len(workspace.cards()), 2)
        self.assertGreater(listens.calls, 0)

    def test_an_observer_is_told_and_not_after_it_was_stopped(self):
        ana, template = self.with_template()
        ear = Ear()

        class CallsBack(Ear):
            def on_event(self, event):
                # Never under a lock: an observer may call back.
                ana.cards()
                super().on_event(event)

        class StopsItself(Ear):
            def on_event(self, event):
                # It does not wait for itself.
                kept.finish()
                super().on_event(event)

        back, stops = CallsBack(), StopsItself()
        subscription, other, kept = ana.observe(ear), ana.observe(back), ana.observe(stops)
        case = self.open_case(ana, template)
        changed = lambda e: e.is_CHANGED() and case in e.changes.documents
        for one in (ear, back, stops):
            one.wait_for(changed)
            # Always on the same thread, and never on that of the app.
            self.assertEqual(len(one.threads), 1)
            self.assertNotIn(threading.get_ident(), one.threads)
        subscription.stop()
        count = len(ear.events)
        case = self.open_case(ana, template, "Bridge 8")
        back.wait_for(changed)
        self.assertEqual((len(ear.events), len(stops.events)), (count, 1))
        # Freeing the handle detaches as well.
        del other
        count = len(back.events)
        third = Ear()
        kept = ana.observe(third)
        case = self.open_case(ana, template, "Bridge 9")
        third.wait_for(changed)
        self.assertEqual(len(back.events), count)
        self._what_is_finished_is_over(ana, template)
        # The last that one is told is that there will be no more.
        ana.shutdown()
        third.wait_for(Event.is_CLOSED)
        self.assertEqual([e.is_CLOSED() for e in third.events].index(True), len(third.events) - 1)

    def _what_is_finished_is_over(self, ana, template):
        begun, over = threading.Event(), []

        def slow(event):
            begun.set()
            time.sleep(0.2)
            over.append(event)

        with casework.subscribed(ana, slow):
            self.open_case(ana, template, "Bridge 10")
            self.assertTrue(begun.wait(20))
        self.assertEqual(len(over), 1)
        self.open_case(ana, template, "Bridge 11")
        time.sleep(0.05)
        self.assertEqual(len(over), 1)

    def test_a_board_of_ten_thousand_cases_in_pages(self):
        ana, template = self.with_template()
        stages = ["open", "waiting"]
        for start in range(0, 10_000, 500):
            ana.import_cases([
                CaseImport(new=NewCase(template_id=template, title=f"Case {n:05}", stage=stages[n % 2]))
                for n in range(start, start + 500)
            ])
        board = ana.board(template, CaseFilter(), Sorting.TITLE, 20)
        self.assertEqual([(c.name, c.total, len(c.cards)) for c in board.columns],
                         [("Open", 5000, 20), ("Waiting", 5000, 20), ("Done", 0, 0)])
        self.assertEqual(board.columns[0].cards[0].title, "Case 00000")
        page = ana.board_column(template, "waiting", CaseFilter(), Sorting.TITLE, Page(skip=4990, take=20))
        self.assertEqual([card.title for card in page.cards], [f"Case {n:05}" for n in range(9981, 10_000, 2)])
        seen: list[str] = []
        while len(seen) < 10_000:
            page = ana.list_cases(CaseFilter(), Sorting.TITLE, Page(skip=len(seen), take=2500))
            self.assertEqual(page.total, 10_000)
            seen += [card.title for card in page.cards]
        self.assertEqual(seen, [f"Case {n:05}" for n in range(10_000)])
        found = ana.list_cases(CaseFilter(text="09999"), Sorting.CHANGED, Page(), template)
        self.assertEqual([card.title for card in found.cards], ["Case 09999"])

    def test_fifty_threads_at_once(self):
        ana, template = self.with_template()
        case = self.open_case(ana, template)
        failures = []
        gate = threading.Barrier(50)

        def work(n):
            try:
                gate.wait()
                for step in range(4):
                    ana.comment(case, f"{n}/{step}")
                    ana.act(case, Action.COUNT("visits", 1))
                    ana.list_cases(CaseFilter(), Sorting.CHANGED, Page(), template)
            except Exception as error:  # noqa: BLE001
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(ana.case_view(case).fields[1].count, 200)
        bodies = {comment.body for comment in ana.comments(case)}
        self.assertEqual(bodies, {f"{n}/{step}" for n in range(50) for step in range(4)})

    def test_the_key_lives_in_the_store_of_the_app(self):
        class Vault(casework.KeyStore):
            def __init__(self):
                self.secret, self.locked = b"", False

            def load(self):
                if self.locked:
                    raise casework.KeyStoreError.Unavailable("locked")
                return self.secret or None

            def save(self, secret):
                self.secret = secret

        vault = Vault()
        folder = self.folder()
        new = NewWorkspace(name="Field office", member_name="Ana", device_name="phone")
        workspace = Workspace.create(folder, new, vault)
        device = workspace.info().device_id
        workspace.shutdown()
        self.assertEqual(len(vault.secret), 32)
        self.assertNotIn("device.key", os.listdir(folder))
        vault.locked = True
        with self.assertRaises(CaseworkError.Unavailable) as caught:
            Workspace.open(folder, vault)
        self.assertIn("locked", str(caught.exception))
        vault.locked = False
        with casework.opened(folder, vault) as workspace:
            self.assertEqual(workspace.info().device_id, device)
        with self.assertRaises(CaseworkError.Corrupt):
            Workspace.open(folder, Vault())

    def test_a_pause_keeps_the_line_quiet_and_a_burst_ends_in_time(self):
        server, ana, template = self.host()
        rui = self.join(ana, "Rui")
        line = self.line(server)
        rui.set_server(line.url)
        ear = Ear()
        subscription = rui.observe(ear)
        rui.connect(SyncHints(paused=True))
        ear.wait_for(lambda e: e.is_SYNC() and e.state.is_PAUSED())
        case = self.open_case(ana, template)
        ana.sync()
        self.open_case(rui, template, "Bridge 7b")
        time.sleep(0.3)
        self.assertEqual(line.connections, 0)
        self.assertNotIn(case, [card.case_id for card in rui.cards()])
        # A burst goes through the pause: the app asks for it.
        started = time.monotonic()
        self.assertTrue(rui.sync_for(20).in_step)
        self.assertLess(time.monotonic() - started, 20)
        self.assertEqual(line.connections, 1)
        self.assertEqual(rui.case_view(case).title, "Bridge 7")
        time.sleep(0.3)
        self.assertEqual(line.connections, 1)
        # Where bytes cost money it connects, and rests.
        rui.set_hints(SyncHints(metered=True))
        resting = ear.wait_for(lambda e: e.is_SYNC() and e.state.is_RESTING()).state
        self.assertEqual((resting.unsent, line.connections), (0, 2))
        self.assertGreater(resting.next_in_ms, 60_000)
        rui.set_hints(SyncHints())
        other = self.open_case(ana, template, "Bridge 8")
        ana.sync()
        ear.wait_for(lambda e: e.is_CHANGED() and other in e.changes.documents)
        rui.disconnect()
        self.assertFalse(rui.is_connected())
        subscription.stop()
        self._a_burst_over_a_dead_line_ends_in_time(rui)

    def _a_burst_over_a_dead_line_ends_in_time(self, rui):
        silent = self.line()
        rui.set_server(silent.url)
        started = time.monotonic()
        with self.assertRaises(CaseworkError.Unavailable):
            rui.sync_for(1)
        self.assertLess(time.monotonic() - started, 4)
        self.assertGreater(silent.connections, 0)
        # Whoever must end sooner says so.
        started = time.monotonic()
        timer = threading.Timer(0.3, rui.cancel_sync)
        timer.start()
        with self.assertRaises(CaseworkError.Unavailable):
            rui.sync()
        timer.join()
        self.assertLess(time.monotonic() - started, 4)

    def test_who_is_at_a_case_is_seen_while_connected(self):
        _, ana, template = self.host()
        rui = self.join(ana, "Rui")
        case = self.open_case(ana, template)
        settle(ana, rui)
        ears = {ana: Ear(), rui: Ear()}
        subscriptions = [device.observe(ear) for device, ear in ears.items()]
        for device, ear in ears.items():
            device.connect(SyncHints())
            ear.wait_for(lambda e: e.is_SYNC() and e.state.is_IN_STEP())

        def until(device, *wanted):
            seen = lambda: tuple((one.who.name, one.at_work) for one in device.presence_of(case).present)
            ears[device].wait_for(
                lambda e: e.is_CHANGED() and case in e.changes.presence and seen() == wanted
            )

        ana.announce_case(case, AtWork.OPEN)
        until(rui, ("Ana", AtWork.OPEN))
        ana.announce_case(case, AtWork.TYPING)
        until(rui, ("Ana", AtWork.TYPING))
        self.assertEqual(rui.cases_with_company(), [case])
        self.assertEqual(ana.presence_of(case).present, [], "not oneself")
        ana.leave_case(case)
        until(rui)
        self.assertEqual(rui.cases_with_company(), [])
        rui.glance_at_case(case, 60)
        until(ana, ("Rui", AtWork.OPEN))
        rui.leave_case(case)
        until(ana)
        # Who wants to hear nothing is told nothing, until it wants to.
        rui.hear_presence(False)
        ana.announce_case(case, AtWork.OPEN)
        self.assertTrue(rui.sync_for(20).in_step)
        self.assertEqual(rui.cases_with_company(), [])
        rui.hear_presence(True)
        until(rui, ("Ana", AtWork.OPEN))
        ana.disconnect()
        until(rui)
        for subscription in subscriptions:
            subscription.stop()

    def test_errors_say_what_to_do(self):
        ana, template = self.with_template()
        case = self.open_case(ana, template)
        for use, words in (
            (lambda: ana.case_view("abc"), "hexadecimal digits"),
            (lambda: ana.set_field(case, "colour", "red"), "colour"),
            (lambda: ana.act(case, Action.MOVE_TO("nowhere")), "nowhere"),
            (lambda: Workspace.join(self.folder(), "https://x", JoinAs(device_name="p")), "invite link"),
            (lambda: ana.import_template("{}"), "key"),
            (lambda: ana.sync(), "server"),
        ):
            with self.assertRaises(CaseworkError.Invalid) as caught:
                use()
            self.assertIn(words, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
