"""The stage of the tests: a server process, lines to it, and folders that go away."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

import casework
from casework import InviteGrant, JoinAs, NewCase, NewWorkspace, Workspace

TEMPLATE = {
    "key": "SITE",
    "name": "Inspection",
    "stages": [
        {"id": "open", "name": "Open", "category": "active"},
        {"id": "waiting", "name": "Waiting", "category": "waiting"},
        {"id": "done", "name": "Done", "category": "done"},
    ],
    "fields": [
        {"id": "site", "label": "Site", "type": "text", "card": True},
        {"id": "visits", "label": "Visits", "type": "counter"},
    ],
}


class Server:
    """`casework-server` on a free port."""

    def __init__(self, folder):
        program = os.environ["CASEWORK_SERVER"]
        command = [program, "serve", "--listen", "127.0.0.1:0", "--data", folder]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        said = self._process.stdout
        assert said
        self._said = said
        self.url = json.loads(self._said.readline())["url"]

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._said.close()


class Line:
    """A line to a server, which counts who connects. Without a server it takes everybody and says
    nothing."""

    def __init__(self, server=None):
        self.connections = 0
        self._server = server
        self._open = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        # Closing alone would not wake who waits at the door.
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for one in self._open:
            one.close()

    def _accept(self):
        while True:
            try:
                here, _ = self._door.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(here)
            if self._server:
                host, port = self._server.url.removeprefix("ws://").split(":")
                there = socket.create_connection((host, int(port)))
                self._open.append(there)
                for both in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=both, daemon=True).start()

    def _carry(self, one, other):
        try:
            while sent := one.recv(65536):
                other.sendall(sent)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Stage(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self._made = 0

    def folder(self):
        self._made += 1
        return os.path.join(self._folder.name, str(self._made))

    def founder(self, **more):
        folder = self.folder()
        new = NewWorkspace(name="Field office", member_name="Ana", device_name="laptop")
        workspace = Workspace.create(folder, new, **more)
        self.addCleanup(workspace.shutdown)
        return workspace

    def with_template(self):
        workspace = self.founder()
        template = workspace.import_template(json.dumps(TEMPLATE)).id
        return workspace, template

    def server(self):
        server = Server(self.folder())
        self.addCleanup(server.stop)
        return server

    def line(self, server=None):
        line = Line(server)
        self.addCleanup(line.stop)
        return line

    def host(self):
        """A founder with a template, whose workspace is on a server."""
        server = self.server()
        workspace, template = self.with_template()
        workspace.set_server(server.url)
        workspace.sync()
        return server, workspace, template

    def join(self, host, name, role="operator"):
        link = host.invite(InviteGrant.NEW_MEMBER([role])).link
        host.sync()
        guest = Workspace.join(self.folder(), link, JoinAs(member_name=name, device_name="phone"))
        self.addCleanup(guest.shutdown)
        return guest

    def open_case(self, workspace, template, title="Bridge 7", **more):
        return workspace.open_case(NewCase(template_id=template, title=title, **more)).case_id


class Ear(casework.WorkspaceObserver):
    """Keeps what it is told, and lets a test wait for it."""

    def __init__(self, throw=False):
        self.events = []
        self.threads = set()
        self._throw = throw
        self._bell = threading.Condition()

    def on_event(self, event):
        with self._bell:
            self.events.append(event)
            self.threads.add(threading.get_ident())
            self._bell.notify_all()
        if self._throw:
            raise RuntimeError("on purpose")

    def wait_for(self, wanted, seconds=20):
        """The first event that is wanted."""
        with self._bell:
            found = lambda: next((one for one in self.events if wanted(one)), None)
            if not self._bell.wait_for(lambda: found() is not None, seconds):
                raise AssertionError(f"it was not told in time; heard: {self.events}")
            return found()


def settle(*devices):
    for _ in range(2):
        for device in devices:
            device.sync()
