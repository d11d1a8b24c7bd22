"""The lines of the README, run as they stand, in the order in which they stand there.

They run in a folder where `target` and `bindings` are those of the repository. Instead of port 7410
the server takes a free one; what builds the wheel is what runs this test, and is not begun again.
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time
import unittest

from stage import Stage

ROOT = pathlib.Path(__file__).parents[3]
README = ROOT / "bindings" / "python" / "README.md"
BUILDING = "cargo xtask bindings --only python"
SERVER = "target/release/casework-server serve --data server-data &"
SAMPLE = "python bindings/python/sample/inspect_app.py field-office"
ADDRESS = "ws://127.0.0.1:7410"


class Readme(Stage):
    def test_every_line_runs_as_it_stands(self):
        blocks = re.findall(r"```(\w+)\n(.*?)```", README.read_text(), re.S)
        self.assertEqual([kind for kind, _ in blocks], ["sh", "sh", "python", "python", "sh"])
        self._prepare()
        said = ""
        for kind, text in blocks:
            if kind == "python":
                said += self._python(text)
            else:
                for line in text.splitlines():
                    self._shell(line)
        self.assertIn("sent\n[('Draft', 1), ('Done', 0)]", said)
        # An observer prints on a thread of its own: its words may come between those of a line.
        self.assertIn("read again: ", said)
        self.assertEqual(said.count("sent"), 2)
        # The second run goes on where the first one ended.
        (first, *_) = [text for kind, text in blocks if kind == "python"]
        self.assertLessEqual(len([line for line in first.splitlines() if line.strip()]), 16)
        self.assertIn("('Draft', 2)", self._python(first))

    def _prepare(self):
        self.place = pathlib.Path(self.folder())
        self.place.mkdir()
        built = pathlib.Path(os.environ["CASEWORK_SERVER"])
        (self.place / "target").mkdir()
        (self.place / "target" / "release").symlink_to(built.parent)
        (self.place / "target" / "bindings").symlink_to(built.parent.parent / "bindings")
        (self.place / "bindings").symlink_to(ROOT / "bindings")
        # `python` and `pip` of this environment come first.
        path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "CASEWORK_SERVER_LISTEN": "127.0.0.1:0",
                            "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "TERM": "xterm-256color"}
        self.address = ""

    def _shell(self, line):
        if line == BUILDING:
            self.assertIn("xtask", (ROOT / ".cargo" / "config.toml").read_text())
        elif line == SERVER:
            self._serve(line.removesuffix(" &").split())
        elif line == SAMPLE:
            self._play(line.split())
        else:
            self.assertTrue(line.startswith("pip install "), f"how is this run? {line}")
            self._run(["sh", "-c", line])

    def _serve(self, command):
        server = subprocess.Popen(command, cwd=self.place, env=self.environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        assert server.stdout
        found = re.search(r"ws://[\d.:]+", server.stdout.readline())
        self.address = found[0] if found else self.fail("the server said no address")

    def _play(self, command):
        """Plays the sample in a terminal: it comes up, and goes at a key."""
        ours, its = pty.openpty()
        app = subprocess.Popen(command, cwd=self.place, env=self.environment,
                               stdin=its, stdout=its, stderr=its)
        self.addCleanup(app.wait)
        self.addCleanup(app.kill)
        os.close(its)
        self.assertTrue(self._shown(ours, b"Bridge 7"), "the sample did not come up")
        os.write(ours, b"q")
        self._shown(ours, None)
        os.close(ours)
        self.assertEqual(app.wait(20), 0)

    def _shown(self, terminal, wanted):
        """Reads what a terminal is shown until it is wanted, or to the end."""
        seen, deadline = b"", time.monotonic() + 20
        while time.monotonic() < deadline and (wanted is None or wanted not in seen):
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    # The terminal is gone with the app.
                    break
        return wanted is not None and wanted in seen

    def _python(self, text):
        self.assertTrue(self.address, "the README starts a server first")
        return self._run([sys.executable, "-c", text.replace(ADDRESS, self.address)])

    def _run(self, command):
        done = subprocess.run(command, cwd=self.place, env=self.environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout


if __name__ == "__main__":
    unittest.main()
