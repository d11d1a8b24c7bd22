"""A field inspection in a terminal, on the public surface only: my cases, a case with its fields and
checklists, filling them in offline, how syncing stands, settling a conflict.

    python inspect_app.py FOLDER                 opens the workspace in a folder
    python inspect_app.py FOLDER INVITE NAME     joins it first
"""

import sys
from typing import List, Optional

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Footer, Header, Input, Label, Static

import casework
from casework import (
    Action,
    Badge,
    CaseFilter,
    CaseworkError,
    Event,
    Field,
    FieldKind,
    JoinAs,
    Page,
    Settlement,
    Sorting,
    SyncState,
    Workspace,
)


def state_words(state: SyncState) -> str:
    """How syncing stands, for people."""
    if isinstance(state, (SyncState.OFFLINE, SyncState.STOPPED)):
        kind = "offline" if state.is_OFFLINE() else "stopped"
        return f"{kind}: {state.reason}"
    return type(state).__name__.replace("_", " ").lower()


def badge_words(badges: List[Badge]) -> str:
    return " ".join(badge.name.lower().replace("_", "-") for badge in badges)


class Ask(ModalScreen):
    """Asks for one value; answers it, or nothing."""

    CSS = "Ask { align: center middle; } #ask { width: 60; height: auto; border: round; padding: 1; }"
    BINDINGS = [Binding("escape", "dismiss(None)", "leave it")]

    def __init__(self, field: Field, words: str) -> None:
        super().__init__()
        self._field, self._words = field, words

    def compose(self) -> ComposeResult:
        hint = self._field.help
        if self._field.options:
            hint += " " + ", ".join(option.label for option in self._field.options)
        with Static(id="ask"):
            yield Label(f"{self._field.label}  {hint.strip()}")
            yield Input(self._words, id="value")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class CaseScreen(Screen):
    """A case: fields, checklists and conflicts, each a row that Enter acts on."""

    BINDINGS = [
        Binding("escape", "app.pop_screen", "back"),
        Binding("s", "app.sync", "sync"),
    ]

    def __init__(self, workspace: Workspace, case: str) -> None:
        super().__init__()
        self._workspace, self.case = workspace, case
        self._template = workspace.template(workspace.case_view(case).template_id)

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable(cursor_type="row", id="rows")
        yield Static(id="said")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns("what", "value", "")
        self._workspace.note_reading(self.case)
        self.read()

    def read(self) -> None:
        """Reads the case again: after every action, and when somebody else changed it."""
        view = self._workspace.case_view(self.case)
        self.sub_title = f"{view.number} {view.title} [{view.stage_name}]"
        table = self.query_one(DataTable)
        at = table.cursor_row
        table.clear()
        for conflict in self._workspace.conflicts(self.case):
            for n, side in enumerate(conflict.sides):
                by = side.by.name if side.by else "somebody"
                key = f"side|{conflict.place}|{n}"
                table.add_row(f"! {conflict.label}", side.words, f"{by}: Enter settles on it", key=key)
        for task in view.tasks:
            for item in task.items:
                mark = "[x]" if item.done else "[ ]"
                key = f"item|{task.id}|{item.id}"
                table.add_row(task.title, f"{mark} {item.text}".replace("[", "\\["), "", key=key)
        for field in view.fields:
            note = "contested" if field.contested else ""
            table.add_row(field.label, field.words, note, key=f"field|{field.id}|")
        table.move_cursor(row=min(at, table.row_count - 1))

    def say(self, words: str) -> None:
        self.query_one("#said", Static).update(words.replace("[", "\\["))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        what, first, second = str(event.row_key.value).split("|")
        if what == "field":
            self._fill(first)
        elif what == "item":
            self._try(lambda: self._tick(first, second))
        else:
            on = Settlement.SIDE(int(second))
            self._try(lambda: self._workspace.settle(self.case, first, on))

    def _tick(self, task: str, item: str) -> None:
        tasks = self._workspace.case_view(self.case).tasks
        done = next(one.done for known in tasks for one in known.items if one.id == item)
        self._workspace.act(self.case, Action.CHECK_ITEM(task, item, not done))

    def _fill(self, field_id: str) -> None:
        field = next((one for one in self._template.fields if one.id == field_id), None)
        if field is None or field.kind in (FieldKind.TABLE, FieldKind.FORMULA):
            self.say("this field is not filled in here")
            return
        view = self._workspace.case_view(self.case)
        words = next(one.words for one in view.fields if one.id == field_id)

        def filled(value: Optional[str]) -> None:
            if value:
                self._try(lambda: self._workspace.set_field(self.case, field_id, value))
            elif value == "" and words:
                self._try(lambda: self._workspace.clear_field(self.case, field_id))

        self.app.push_screen(Ask(field, words), filled)

    def _try(self, act) -> None:
        try:
            act()
            self.say("saved on this device")
        except CaseworkError as error:
            # The text says what to do; nothing was done.
            self.say(str(error))
        self.read()


class Inspect(App):
    """My cases, and how syncing stands."""

    TITLE = "Inspections"
    BINDINGS = [
        Binding("s", "sync", "sync"),
        Binding("a", "everything", "mine / all"),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace, self._all = workspace, False
        self._subscription: Optional[casework.Subscription] = None

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable(cursor_type="row", id="cases")
        yield Static(id="sync")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#cases", DataTable).add_columns("number", "title", "stage", "due", "badges")
        self._subscription = self.workspace.observe(_Relay(self))
        self.read()

    def on_unmount(self) -> None:
        if self._subscription:
            self._subscription.stop()

    def read(self) -> None:
        """Reads the list and the state again."""
        me = self.workspace.info().member_id
        wanted = CaseFilter(people=[me], unfinished=True) if me and not self._all else CaseFilter()
        page = self.workspace.list_cases(wanted, Sorting.DUE, Page(take=100))
        table = self.screen_stack[0].query_one("#cases", DataTable)
        table.clear()
        for card in page.cards:
            cells = (card.number, card.title, card.stage, card.due or "", badge_words(card.badges))
            table.add_row(*cells, key=card.case_id)
        self.show_state(self.workspace.sync_state())
        if isinstance(self.screen, CaseScreen):
            self.screen.read()

    def show_state(self, state: SyncState) -> None:
        status = self.workspace.status()
        words = f"{state_words(state)} | {status.unsent} unsent | {status.held} held"
        self.screen_stack[0].query_one("#sync", Static).update(words)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id == "cases":
            self.push_screen(CaseScreen(self.workspace, str(event.row_key.value)))

    def action_everything(self) -> None:
        self._all = not self._all
        self.read()

    @work(thread=True)
    def action_sync(self) -> None:
        """Waits for the network on a thread of its own."""
        try:
            report = self.workspace.sync()
            words = f"{report.pushed} sent, {report.received} received"
        except CaseworkError as error:
            words = str(error)
        self.call_from_thread(self.notify, words)


class _Relay(casework.WorkspaceObserver):
    """Takes events from the thread of the library to that of the app."""

    def __init__(self, app: Inspect) -> None:
        self._app = app

    def on_event(self, event: Event) -> None:
        if isinstance(event, Event.SYNC):
            self._app.call_later(self._app.show_state, event.state)
        else:
            self._app.call_later(self._app.read)


def main() -> None:
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    folder = sys.argv[1]
    if casework.is_workspace(folder):
        workspace = Workspace.open(folder)
    else:
        workspace = Workspace.join(folder, sys.argv[2], JoinAs(member_name=sys.argv[3], device_name="terminal"))
    try:
        Inspect(workspace).run()
    finally:
        workspace.shutdown()


if __name__ == "__main__":
    main()
