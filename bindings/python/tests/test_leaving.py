"""A program ends when it wants to, whatever the library is doing then: each way of ending runs as a
process of its own, several times, for what goes wrong here goes wrong by chance."""

import json
import subprocess
import sys
import textwrap
import time
import unittest

from casework import InviteGrant, Workspace
from stage import TEMPLATE, Stage

TIMES = 5

# Every program begins with a workspace that has a case, and an observer that reads it again.
BEGINNING = """
import atexit, sys, threading, time
import casework
from casework import *
workspace = Workspace.open(sys.argv[1])
case = workspace.cards()[0].case_id
class Reads(WorkspaceObserver):
    def on_event(self, event):
        workspace.case_view(case)
        time.sleep(0.005)
def act(times):
    for n in range(times):
        workspace.comment(case, f"number {n}")
"""


class Leaving(Stage):
    def test_a_program_ends_with_an_observer_attached(self):
        self.ends("subscription = workspace.observe(Reads()); act(3)")

    def test_a_program_ends_with_an_observer_attached_and_connected(self):
        self.ends("subscription = workspace.observe(Reads()); workspace.connect(SyncHints()); act(30)")

    def test_a_program_ends_with_the_last_call_of_a_subscribed_function_under_way(self):
        self.ends("""
            with casework.subscribed(workspace, lambda event: time.sleep(0.05)):
                act(10)
        """)

    def test_a_program_ends_with_a_slow_call_under_way_that_is_waited_for(self):
        said = self.ends("""
            class Slow(WorkspaceObserver):
                def on_event(self, event):
                    begun.set()
                    time.sleep(0.2)
                    print("written", flush=True)
            begun = threading.Event()
            subscription = workspace.observe(Slow())
            act(1)
            begun.wait()
        """)
        self.assertEqual(said, "written\n")

    def test_a_program_ends_with_a_call_that_never_comes_back(self):
        self.ends("""
            from casework import _leaving
            _leaving.PATIENCE_SECS = 0.2
            class Stuck(WorkspaceObserver):
                def on_event(self, event):
                    begun.set()
                    threading.Event().wait()
            begun = threading.Event()
            subscription = workspace.observe(Stuck())
            act(1)
            begun.wait()
        """)

    def test_a_program_ends_with_a_thread_that_still_works(self):
        self.ends("""
            def work():
                while True:
                    workspace.observe(Reads())
                    act(1)
            subscription = workspace.observe(Reads())
            threading.Thread(target=work, daemon=True).start()
            time.sleep(0.1)
        """)

    def test_a_program_ends_after_an_error_and_by_its_own_code(self):
        self.ends("subscription = workspace.observe(Reads()); act(3); sys.exit(3)", 3)
        self.ends("subscription = workspace.observe(Reads()); act(3); raise ValueError", 1)

    def test_a_program_ends_out_of_an_event_loop_that_no_longer_listens(self):
        self.ends("""
            import asyncio
            from casework import aio
            async def play():
                global events
                events = aio.events(workspace)
                act(3)
                await events.__anext__()
                act(3)
            asyncio.run(play())
        """)

    def test_a_fork_ends_by_itself(self):
        self.ends("""
            import os
            subscription = workspace.observe(Reads())
            workspace.connect(SyncHints())
            act(3)
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
        """, times=2)

    def test_a_program_ends_in_the_middle_of_a_join_by_another_thread(self):
        server = self.server()
        ana, template = self.with_template()
        ana.set_server(server.url)
        self.open_case(ana, template)
        ana.sync()
        for n in range(2):
            link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
            ana.sync()
            self.ends(f"""
                class Hears(JoinListener):
                    def on_progress(self, progress):
                        begun.set()
                        time.sleep(0.01)
                begun = threading.Event()
                who = JoinAs(member_name="Rui {n}", device_name="phone")
                join = lambda: Workspace.join(sys.argv[1] + "-{n}", {link!r}, who, None, Hears())
                threading.Thread(target=join, daemon=True).start()
                begun.wait()
            """, times=1)

    def test_what_was_done_last_is_there_and_the_folder_is_free(self):
        folder = self.founded()
        self.ends("""
            subscription = workspace.observe(Reads())
            atexit.register(act, 2)
            act(1)
        """, folder=folder, times=1)
        again = Workspace.open(folder)
        self.addCleanup(again.shutdown)
        self.assertEqual(len(again.comments(again.cards()[0].case_id)), 3)

    def founded(self):
        workspace = self.founder()
        template = workspace.import_template(json.dumps(TEMPLATE)).id
        self.open_case(workspace, template)
        workspace.set_server(self.server().url)
        workspace.sync()
        folder = workspace.info().folder
        workspace.shutdown()
        return folder

    def ends(self, code, wanted=0, folder=None, times=TIMES):
        """Runs a program in a process until it ends, a few times; answers what the last one said."""
        folder = folder or self.founded()
        program = BEGINNING + textwrap.dedent(code)
        for _ in range(times):
            started = time.monotonic()
            command = [sys.executable, "-c", program, folder]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, wanted, done.stderr)
            self.assertNotIn("FATAL", done.stderr)
            self.assertLess(time.monotonic() - started, 20)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
