"""The sample app, played by keys: a checklist offline, syncing, a conflict settled; with the words
of people who write brackets, in small and in large terminals."""

import asyncio
import os
import pathlib
import subprocess
import sys
import unittest

from casework import Action, NewCase, Remedy, SyncProgress, SyncState
from stage import Stage, settle

HERE = pathlib.Path(__file__).parent
APP = HERE.parent / "sample" / "inspect_app.py"
sys.path.insert(0, str(APP.parent))
PACKAGE = HERE.parents[1] / "samples" / "field-inspection.json"
SIZES = ((80, 24), (120, 40))


class Sample(Stage):
    def test_a_checklist_is_filled_offline_and_a_conflict_settled(self):
        from inspect_app import Confirm, Inspect
        from textual.widgets import Static

        ana, rui, case = self.contested("South bank")

        async def play():
            app = Inspect(ana)
            async with app.run_test(size=(110, 34)) as pilot:
                self.assertEqual(self.rows(pilot)[0][1:3], ["Bridge 7", "Draft"])
                await pilot.press("enter")
                await pilot.pause()
                await pilot.press("enter")  # ticks the first item
                self.assertIn("[x] bolts", [row[1] for row in self.rows(pilot)])
                await pilot.press("down", "down", "enter")  # the first field: Site
                await pilot.pause()
                await pilot.press(*"North", "enter")
                await pilot.pause()
                self.assertIn(["Site", "North", ""], self.rows(pilot))
                self.assertGreater(ana.status().unsent, 0)
                await pilot.press("s")
                await self.until(pilot, lambda: ana.conflicts(case) != [])
                await self.until(pilot, lambda: ana.status().unsent == 0)
                await self.until(pilot, lambda: self.rows(pilot)[0][0] == "! Site")
                sides = self.rows(pilot)[:2]
                self.assertEqual({row[1] for row in sides}, {"North", "South bank"})
                picture = os.environ.get("CASEWORK_SCREEN_SVG")
                if picture:
                    pathlib.Path(picture).write_text(app.export_screenshot(title="Inspections"))
                # Enter asks, and another Enter does nothing.
                await pilot.press("up", "up", "up", "up", "enter")
                await pilot.pause()
                await pilot.press("enter")
                await pilot.pause()
                self.assertIsInstance(app.screen, Confirm)
                self.assertEqual(len(ana.conflicts(case)), 1)
                await pilot.press("n")
                await pilot.pause()
                self.assertEqual(len(ana.conflicts(case)), 1)
                await pilot.press("enter")
                await pilot.pause()
                await pilot.press("y")
                await self.until(pilot, lambda: ana.conflicts(case) == [])
                self.assertEqual(ana.case_view(case).fields[0].words, sides[0][1])
                await pilot.press("escape")
                await pilot.pause()
                said = str(app.query_one("#sync", Static).render())
                self.assertEqual(said, "not connected: s syncs | 1 unsent | 0 held")

        asyncio.run(play())

    def test_what_people_write_is_shown_as_it_is(self):
        from inspect_app import Ask, Inspect, plain

        self.assertEqual(plain("a\nb\x1b[31m\u202ec ü東"), "a b [31m c ü東")
        words = "tower [/b] [bold]x[/]"
        ana, rui, case = self.contested(f"{words}!", title=words)
        ana.set_field(case, "site_name", words)
        settle(ana, rui)

        async def play(size):
            app = Inspect(ana)
            async with app.run_test(size=size) as pilot:
                await pilot.press("enter")
                await pilot.pause()
                self.assertIn(words, app.export_screenshot().replace("&#160;", " "))
                for _ in self.rows(pilot) if size == SIZES[0] else ():
                    await pilot.press("enter")
                    await pilot.pause()
                    if isinstance(app.screen, Ask):
                        self.assertLessEqual(app.screen.query_one(".box").region.right, size[0])
                    asked = len(app.screen_stack) > 2
                    await pilot.press(*(["escape"] if asked else []), "down")
                    await pilot.pause()

        for size in SIZES:
            with self.subTest(size):
                asyncio.run(play(size))

    def test_every_column_is_on_the_screen_whatever_the_title(self):
        from inspect_app import Inspect

        ana, _, case = self.contested("b", title="A bridge of many words over a wide river " * 5)
        ana.act(case, Action.SET_DUE("2026-12-03"))

        async def play(size):
            app = Inspect(ana)
            async with app.run_test(size=size) as pilot:
                await pilot.pause()
                table = app.query_one("#cases")
                self.assertLessEqual(table.virtual_size.width, size[0])
                (row,) = self.rows(pilot)
                self.assertTrue(row[1].endswith("…"))
                self.assertEqual((row[2], row[3]), ("Draft", "2026-12-03"))
                self.assertIn("unsynced", row[4])
                await pilot.resize_terminal(size[0] + 20, size[1])
                await pilot.pause()
                (wider,) = self.rows(pilot)
                self.assertEqual(len(wider[1]), len(row[1]) + 20)

        for size in SIZES:
            with self.subTest(size):
                asyncio.run(play(size))

    def test_how_syncing_stands_is_told_in_words(self):
        from inspect_app import state_words

        at = SyncProgress(**{field: 0 for field in SyncProgress.__match_args__})  # type: ignore[arg-type]
        for state, words in (
            (SyncState.OFF(), "not connected: s syncs"),
            (SyncState.PAUSED(), "paused"),
            (SyncState.CONNECTING(), "connecting"),
            (SyncState.IN_STEP(at), "in step"),
            (SyncState.WORKING(at), "working"),
            (SyncState.RESTING(900_000, 0), "resting"),
            (SyncState.OFFLINE("no network", 1000), "offline: no network"),
            (SyncState.STOPPED(Remedy.DENIED, "revoked"), "stopped: revoked"),
        ):
            self.assertEqual(state_words(state), words)

    def test_a_wrong_command_line_says_what_to_do(self):
        folder = self.folder()
        for arguments, words in (
            ([], "inspect_app.py FOLDER"),
            ([folder], "There is no workspace"),
            ([folder, "link"], "inspect_app.py FOLDER"),
            ([folder, "https://example.org", "Rui"], "invite link"),
        ):
            command = [sys.executable, str(APP), *arguments]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
            self.assertNotIn("Traceback", done.stderr)

    def contested(self, theirs, title="Bridge 7"):
        """A case whose site was written by another; what is written here next, collides."""
        _, ana, _ = self.host()
        template = ana.import_template(PACKAGE.read_text()).id
        me = ana.info().member_id
        case = ana.open_case(NewCase(template_id=template, title=title, owner=me)).case_id
        ana.act(case, Action.CREATE_TASK("Walk the bridge", checklist=["bolts", "rust"]))
        rui = self.join(ana, "Rui")
        settle(ana, rui)
        rui.set_field(case, "site_name", theirs)
        rui.sync()
        return ana, rui, case

    def rows(self, pilot):
        """The rows of the table that is shown."""
        from textual.widgets import DataTable

        table = pilot.app.screen.query_one(DataTable)
        return [[cell.plain for cell in table.get_row_at(n)] for n in range(table.row_count)]

    async def until(self, pilot, holds):
        for _ in range(200):
            await pilot.pause(0.05)
            if holds():
                return
        self.fail("it did not come so far in time")


if __name__ == "__main__":
    unittest.main()
