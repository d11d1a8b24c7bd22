"""Plays the sample in a terminal and draws what is seen there: `screen.py` writes screen.svg.

Needs what `cargo xtask bindings` has built; run it with target/bindings-tools/python/bin/python. What
is typed comes from here, everything else from the sample.
"""

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

import rich.console
import rich.terminal_theme
import rich.text

import casework
from casework import Action, InviteGrant, JoinAs, NewCase, NewWorkspace, Workspace

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BUILT = next(path for path in (ROOT / "target/release", ROOT / "target/debug") if (path / "casework-server").exists())
TYPED = ["open 1", "check 1.1", "set Site = North bank", "sync", "sync", "open 1", "conflicts", "settle 1 1",
         "history", "sync", "quit"]


def stage(folder, address):
    """Ana's workspace with one case, of which Rui has written something that she does not know yet."""
    ana = Workspace.create(f"{folder}/ana", NewWorkspace(name="Field office", member_name="Ana", device_name="laptop"))
    template = ana.import_template((ROOT / "bindings/samples/field-inspection.json").read_text()).id
    case = ana.open_case(NewCase(template_id=template, title="Bridge 7", owner=ana.info().member_id)).case_id
    ana.act(case, Action.CREATE_TASK("Walk the bridge", checklist=["bolts", "rust"]))
    ana.set_server(address)
    ana.sync()  # An invite names the server's key.
    link = ana.invite(InviteGrant.NEW_MEMBER(["operator"])).link
    ana.sync()
    rui = Workspace.join(f"{folder}/rui", link, JoinAs(member_name="Rui", device_name="phone"))
    rui.set_field(case, "Site", "South bank")
    ana.sync()
    rui.sync()
    rui.shutdown()
    ana.shutdown()


def play(folder):
    """What stands in the terminal at the end."""
    ours, theirs = pty.openpty()
    program = ["bash", str(HERE.parent / "run.sh"), "casework.sample.InspectKt", f"{folder}/ana"]
    sample = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen, typed = "", list(TYPED)
    while True:
        try:
            more = os.read(ours, 65_536)
        except OSError:  # The end of the program is the end of its terminal.
            break
        seen += more.decode()
        if seen.endswith("> ") and typed:
            os.write(ours, f"{typed.pop(0)}\n".encode())
    if sample.wait() != 0:
        sys.exit(f"the sample failed:\n{seen}")
    # Fields that are empty fill a screen and say nothing.
    return re.sub(r"^  .{22,} -\n", "", seen.replace("\r", ""), flags=re.M)


def draw(seen):
    console = rich.console.Console(record=True, width=84, file=open(os.devnull, "w"))
    text = rich.text.Text(seen.rstrip())
    text.highlight_regex(r"(?m)^> .*$", "bold cyan")
    text.highlight_regex(r"contested(: \d+)?", "yellow")
    console.print(text)
    picture = console.export_svg(title="Field office", theme=rich.terminal_theme.MONOKAI)
    picture = re.sub(r"<!--.*?-->|@font-face \{.*?\}", "", picture, flags=re.S)
    (HERE / "screen.svg").write_text(re.sub(r"\n\s*\n+", "\n", picture))


with tempfile.TemporaryDirectory() as folder:
    command = [str(BUILT / "casework-server"), "serve", "--listen", "127.0.0.1:0", "--data", f"{folder}/server"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        stage(folder, json.loads(server.stdout.readline())["url"])
        draw(play(folder))
    finally:
        server.kill()
