"""The sample app, played by keys: a checklist offline, syncing, a conflict settled."""

import asyncio
import os
import pathlib
import sys
import unittest

from casework import Action, NewCase
from stage import Stage, settle

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "sample"))
PACKAGE = HERE.parents[1] / "samples" / "field-inspection.json"


class Sample(Stage):
    def test_a_checklist_is_filled_offline_and_a_conflict_settled(self):
        from inspect_app import Inspect
        from textual.widgets import DataTable, Static

        _, ana, _ = self.host()
        template = ana.import_template(PACKAGE.read_text()).id
        me = ana.info().member_id
        case = ana.open_case(NewCase(template_id=template, title="Bridge 7", owner=me)).case_id
        ana.act(case, Action.CREATE_TASK("Walk the bridge", checklist=["bolts", "rust"]))
        rui = self.join(ana, "Rui")
        settle(ana, rui)
        rui.set_field(case, "site_name", "South bank")
        rui.sync()

        async def rows(pilot):
            await pilot.pause()
            table = pilot.app.screen.query_one("#rows", DataTable)
            return [table.get_row_at(n) for n in range(table.row_count)]

        async def until(pilot, holds):
            for _ in range(200):
                await pilot.pause(0.05)
                if holds():
                    return
            self.fail("it did not come so far in time")

        async def play():
            app = Inspect(ana)
            async with app.run_test(size=(110, 34)) as pilot:
                self.assertEqual(app.query_one("#cases", DataTable).row_count, 1)
                await pilot.press("enter")
                await pilot.pause()
                await pilot.press("enter")  # ticks the first item
                self.assertIn("\\[x] bolts", [row[1] for row in await rows(pilot)])
                await pilot.press("down", "down", "enter")  # the first field: Site
                await pilot.pause()
                await pilot.press(*"North", "enter")
                self.assertIn(["Site", "North", ""], await rows(pilot))
                self.assertGreater(ana.status().unsent, 0)
                await pilot.press("s")
                await until(pilot, lambda: ana.conflicts(case) != [])
                await until(pilot, lambda: ana.status().unsent == 0)
                sides = [row for row in await rows(pilot) if row[0] == "! Site"]
                self.assertEqual({row[1] for row in sides}, {"North", "South bank"})
                picture = os.environ.get("CASEWORK_SCREEN_SVG")
                if picture:
                    pathlib.Path(picture).write_text(app.export_screenshot(title="Inspections"))
                await pilot.press("up", "up", "up", "up", "enter")
                await until(pilot, lambda: ana.conflicts(case) == [])
                self.assertEqual(ana.case_view(case).fields[0].words, sides[0][1])
                await pilot.press("escape")
                await pilot.pause()
                said = str(app.query_one("#sync", Static).render())
                self.assertIn("unsent", said)

        asyncio.run(play())


if __name__ == "__main__":
    unittest.main()
