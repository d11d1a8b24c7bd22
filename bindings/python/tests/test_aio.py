"""Helpers for an event loop: nothing blocks it, events end, and what is cancelled ends soon."""

import asyncio
import time
import unittest

from casework import (
    Action,
    CaseFilter,
    CaseworkError,
    Event,
    InviteGrant,
    JoinAs,
    Page,
    Sorting,
    Workspace,
    aio,
)
from stage import Stage


class Loop(Stage):
    def test_an_event_loop_is_not_blocked_and_hears_of_changes(self):
        _, ana, template = self.host()
        link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
        ana.sync()
        folder = self.folder()

        async def play():
            rui = await aio.join(folder, link, JoinAs(member_name="Rui", device_name="phone"))
            heard = aio.events(rui)
            case = await asyncio.to_thread(self.open_case, ana, template)
            await aio.sync(ana)
            await aio.sync_for(rui, 20)
            async for event in heard:
                if isinstance(event, Event.CHANGED) and case in event.changes.documents:
                    break
            await heard.aclose()
            rui.shutdown()
            return True

        self.assertTrue(self.play(play()))

    def test_events_end_when_they_are_closed(self):
        ana, template = self.with_template()

        async def play():
            heard = aio.events(ana)
            waiting = [asyncio.create_task(self.take(heard)) for _ in range(2)]
            await asyncio.sleep(0.05)
            await heard.aclose()
            await asyncio.gather(*waiting)
            await heard.aclose()
            with self.assertRaises(StopAsyncIteration):
                await heard.__anext__()
            # What was heard by then can still be taken.
            late = aio.events(ana)
            self.open_case(ana, template)
            await asyncio.sleep(0.3)
            await late.aclose()
            return await self.take(late)

        (event, *_) = self.play(play())
        self.assertTrue(event.is_CHANGED())

    def test_events_end_when_the_workspace_is_shut_down(self):
        ana, _ = self.with_template()

        async def play():
            waiting = asyncio.create_task(self.take(aio.events(ana)))
            await asyncio.sleep(0.05)
            ana.shutdown()
            return await waiting

        self.assertFalse(any(event.is_CLOSED() for event in self.play(play())))

    def test_readings_come_again_when_they_look_different(self):
        ana, template = self.with_template()
        case = self.open_case(ana, template)

        async def play():
            seen = []
            count = lambda: ana.list_cases(CaseFilter(), Sorting.TITLE, Page()).total
            async for now in aio.readings(ana, count):
                seen.append(now)
                # Another title is no other count.
                ana.act(case, Action.SET_TITLE(f"Bridge {7 + now}"))
                if now == 3:
                    ana.shutdown()
                else:
                    self.open_case(ana, template)
            with self.assertRaises(CaseworkError.Invalid):
                bo, _ = self.with_template()
                async for _ in aio.readings(bo, lambda: bo.case_view("nothing")):
                    self.fail("there is no such case")
            return seen

        self.assertEqual(self.play(play()), [1, 2, 3])

    def test_what_is_cancelled_ends_soon(self):
        ana, _ = self.with_template()
        ana.set_server(self.line().url)

        async def play():
            for sync in (aio.sync(ana), aio.sync_for(ana, 60)):
                task = asyncio.create_task(sync)
                await asyncio.sleep(0.2)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(aio.sync(ana), 0.2)
            # At once: it has not begun.
            task = asyncio.create_task(aio.sync(ana))
            await asyncio.sleep(0)
            task.cancel()

        started = time.monotonic()
        self.play(play())
        self.assertLess(time.monotonic() - started, 8)

    def test_a_join_that_is_cancelled_leaves_the_folder_free(self):
        _, ana, _ = self.host()
        link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
        ana.sync()
        folder = self.folder()

        async def play():
            who = JoinAs(member_name="Rui", device_name="phone")
            task = asyncio.create_task(aio.join(folder, link, who))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            for _ in range(200):
                await asyncio.sleep(0.05)
                try:
                    Workspace.open(folder).shutdown()
                except CaseworkError:
                    continue
                return True

        self.assertTrue(self.play(play()))

    async def take(self, heard):
        return [event async for event in heard]

    def play(self, story):
        return asyncio.run(asyncio.wait_for(story, 60))


if __name__ == "__main__":
    unittest.main()
