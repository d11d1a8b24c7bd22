"""A field inspection in a terminal, on the public surface only: my cases, a case with its fields and
checklists, filling them in offline, how syncing stands, settling a conflict.

    python inspect_app.py FOLDER                 opens the workspace in a folder
    python inspect_app.py FOLDER INVITE NAME     joins it first

What people wrote is shown as it is, never read as markup: titles, fields, reasons of errors.
"""

import sys
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Footer, Header, Input, Static, TextArea

import casework
from casework import (
    Action,
    Badge,
    CaseFilter,
    CaseworkError,
    ConflictSide,
    Event,
    Field,
    FieldEdit,
    FieldKind,
    JoinAs,
    Page,
    Settlement,
    Sorting,
    SyncState,
    Workspace,
)


def plain(words: str) -> str:
    """Words of others on one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


def state_words(state: SyncState) -> str:
    """How syncing stands, for people; a state that came later is told by its name."""
    if isinstance(state, SyncState.OFF):
        return "not connected: s syncs"
    if isinstance(state, SyncState.IN_STEP):
        return "in step"
    if isinstance(state, SyncState.OFFLINE):
        return f"offline: {state.reason}"
    if isinstance(state, SyncState.STOPPED):
        return f"stopped: {state.reason}"
    return type(state).__name__.split(".")[-1].replace("_", " ").lower()


def badge_words(badges: List[Badge]) -> str:
    return " ".join(badge.name.lower().replace("_", "-") for badge in badges)


class Table(DataTable[Text]):
    """Rows with a key each. The column without a width takes what the others leave."""

    def __init__(self, columns: Sequence[Tuple[str, Optional[int]]], id: str) -> None:
        super().__init__(cursor_type="row", id=id)
        self._columns, self._rows = columns, {}  # type: ignore[var-annotated]

    def show(self, rows: Dict[str, Sequence[str]]) -> None:
        """Shows these rows; the cursor stays on its row, or near where that was."""
        at, line = self._key(), self.cursor_row
        self._rows = rows
        self.clear(columns=True)
        widths = self._widths()
        for (name, _), width in zip(self._columns, widths):
            self.add_column(Text(name), width=width)
        for key, cells in rows.items():
            self.add_row(*(_cell(words, width) for words, width in zip(cells, widths)), key=key)
        keys = list(rows)
        self.move_cursor(row=keys.index(at) if at in keys else min(line, len(keys) - 1))

    def on_resize(self, _event: Resize) -> None:
        if self._rows:
            self.show(self._rows)

    def _key(self) -> Optional[str]:
        if not self.row_count:
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def _widths(self) -> List[int]:
        fixed = sum(width or 0 for _, width in self._columns)
        around = 2 * len(self._columns) + 2
        left = max(12, (self.size.width or self.app.size.width) - fixed - around)
        return [width or left for _, width in self._columns]


def _cell(words: str, width: int) -> Text:
    cell = Text(plain(words), no_wrap=True)
    cell.truncate(width, overflow="ellipsis")
    return cell


class Ask(ModalScreen[Optional[str]]):
    """Asks for one value; answers it, or nothing."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "leave it"),
        Binding("ctrl+s", "write", "write it"),
    ]

    def __init__(self, field: Field, words: str) -> None:
        super().__init__()
        self._field, self._words = field, words

    def compose(self) -> ComposeResult:
        text = Text(plain(self._field.label), style="bold")
        options = ", ".join(one.label for one in self._field.options)
        for line in (self._field.help, options and f"One of: {options}"):
            text.append(f"\n{plain(line)}" if line else "", style="not bold")
        with VerticalScroll(classes="box"):
            yield Static(text)
            if self._field.kind == FieldKind.LONG_TEXT:
                yield TextArea(self._words, id="value")
                yield Static("Ctrl+S writes it, Escape leaves it", classes="hint")
            else:
                yield Input(self._words, id="value")
                yield Static("Enter writes it, Escape leaves it", classes="hint")

    def on_mount(self) -> None:
        self.query_one("#value").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_write(self) -> None:
        value = self.query_one("#value")
        self.dismiss(value.text if isinstance(value, TextArea) else value.value)  # type: ignore[attr-defined]


class Confirm(ModalScreen[bool]):
    """Asks whether to do what cannot be taken back by another Enter."""

    BINDINGS = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static(Text(plain(self._question)))
            yield Static("y does it, n or Escape leaves it", classes="hint")


class CaseScreen(Screen[None]):
    """A case: fields, checklists and conflicts, each a row that Enter acts on."""

    BINDINGS = [
        Binding("escape", "app.pop_screen", "back"),
        Binding("s", "app.sync", "sync"),
    ]

    def __init__(self, workspace: Workspace, case: str) -> None:
        super().__init__()
        self._workspace, self.case = workspace, case
        self._template = workspace.template(workspace.case_view(case).template_id)
        # What Enter does on the row of a key.
        self._does: Dict[str, Callable[[], None]] = {}

    def compose(self) -> ComposeResult:
        yield Header()
        yield Table((("what", 27), ("value", None), ("", 20)), id="rows")
        yield Static(id="said")
        yield Footer()

    def on_mount(self) -> None:
        self._workspace.note_reading(self.case)
        self.read()

    def read(self) -> None:
        """Reads the case again: after every action, and when somebody else changed it."""
        view = self._workspace.case_view(self.case)
        self.sub_title = plain(f"{view.number} {view.title} ({view.stage_name})")
        rows: Dict[str, Sequence[str]] = {}
        self._does = {}

        def row(key: str, cells: Sequence[str], does: Callable[[], None]) -> None:
            rows[key], self._does[key] = cells, does

        for conflict in self._workspace.conflicts(self.case):
            for side in conflict.sides:
                by = side.by.name if side.by else "somebody"
                cells = (f"! {conflict.label}", side.words, f"by {by}: settle?")
                does = lambda place=conflict.place, side=side: self._settle(place, side)
                row(f"side {conflict.place} {side.change_id}", cells, does)
        for task in view.tasks:
            for item in task.items:
                cells = (task.title, f"[{'x' if item.done else ' '}] {item.text}", "")
                does = lambda task=task.id, item=item: self._tick(task, item.id, not item.done)
                row(f"item {task.id} {item.id}", cells, does)
        for field in view.fields:
            note = "contested" if field.contested else ""
            does = lambda id=field.id, words=field.edit_words: self._fill(id, words)
            row(f"field {field.id}", (field.label, field.words, note), does)
        self.query_one(Table).show(rows)

    def say(self, words: str) -> None:
        self.query_one("#said", Static).update(Text(plain(words)))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        self._does[str(event.row_key.value)]()

    def _tick(self, task: str, item: str, done: bool) -> None:
        self._try(lambda: self._workspace.act(self.case, Action.CHECK_ITEM(task, item, done)))

    def _settle(self, place: str, side: ConflictSide) -> None:
        # By the change that wrote it: meanwhile there may be more sides, or none.
        on = Settlement.OF_CHANGE(side.change_id)

        def settle() -> None:
            self._workspace.settle(self.case, place, on)

        def answered(yes: Optional[bool]) -> None:
            if yes:
                self._try(settle)

        by = side.by.name if side.by else "somebody"
        self.app.push_screen(Confirm(f"Settle on “{side.words}”, by {by}?"), answered)

    def _fill(self, field_id: str, words: str) -> None:
        field = next((one for one in self._template.fields if one.id == field_id), None)
        if field is None or field.kind in (FieldKind.TABLE, FieldKind.FORMULA):
            self.say("this field is not filled in here")
            return

        def filled(value: Optional[str]) -> None:
            # What the form showed goes along: what others wrote meanwhile is not written over.
            if value is not None and value != words:
                edit = FieldEdit(field=field_id, words=value, shown=words)
                self._try(lambda: self._workspace.set_fields(self.case, [edit]))

        self.app.push_screen(Ask(field, words), filled)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
            self.say("saved on this device")
        except CaseworkError as error:
            # The text says what to do; nothing was done.
            self.say(str(error))
        self.read()


class Inspect(App[None]):
    """My cases, and how syncing stands."""

    TITLE = "Inspections"
    CSS = """
    DataTable { height: 1fr; }
    #said, #sync { height: auto; max-height: 4; padding: 0 1; }
    Ask, Confirm { align: center middle; }
    .box { width: 80%; max-width: 76; height: auto; max-height: 90%; border: round $primary;
           background: $surface; padding: 0 1; }
    .hint { color: $text-muted; }
    """
    BINDINGS = [
        Binding("s", "sync", "sync"),
        Binding("a", "everything", "mine / all"),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace, self._all, self._empty = workspace, False, True
        self._subscription: Optional[casework.Subscription] = None

    def compose(self) -> ComposeResult:
        columns = (("number", 10), ("title", None), ("stage", 11), ("due", 10), ("badges", 18))
        yield Header()
        yield Table(columns, id="cases")
        yield Static(id="sync")
        yield Footer()

    def on_mount(self) -> None:
        self._subscription = self.workspace.observe(_Relay(self))
        self.read()

    def on_unmount(self) -> None:
        self.workspace.cancel_sync()
        if self._subscription:
            self._subscription.stop()

    def read(self) -> None:
        """Reads the list and the state again."""
        me = self.workspace.info().member_id
        wanted = CaseFilter(people=[me], unfinished=True) if me and not self._all else CaseFilter()
        page = self.workspace.list_cases(wanted, Sorting.DUE, Page(take=100))
        self._empty = not page.cards
        self.sub_title = "all cases" if self._all else "my cases"
        stages = {
            (template.id, stage.id): stage.name
            for template in self.workspace.templates()
            for stage in template.stages
        }
        self.screen_stack[0].query_one("#cases", Table).show({
            card.case_id: (
                card.number,
                card.title,
                stages.get((card.template_id, card.stage), card.stage),
                card.due or "",
                badge_words(card.badges),
            )
            for card in page.cards
        })
        self.show_state(self.workspace.sync_state())
        for screen in self.screen_stack:
            if isinstance(screen, CaseScreen):
                screen.read()

    def show_state(self, state: SyncState) -> None:
        status = self.workspace.status()
        words = f"{state_words(state)} | {status.unsent} unsent | {status.held} held"
        if self._empty and not self._all:
            words = f"no case of yours is open: a shows all | {words}"
        self.screen_stack[0].query_one("#sync", Static).update(Text(plain(words)))

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
        if self.is_running:
            self.call_from_thread(self.notify, plain(words), markup=False)


class _Relay(casework.WorkspaceObserver):
    """Takes events from the thread of the library to that of the app."""

    def __init__(self, app: Inspect) -> None:
        self._app = app

    def on_event(self, event: Event) -> None:
        if isinstance(event, Event.SYNC):
            self._app.call_later(self._app.show_state, event.state)
        elif isinstance(event, (Event.CHANGED, Event.NOTICED)):
            self._app.call_later(self._app.read)


def opened(folder: str, invite: Sequence[str]) -> Workspace:
    """The workspace that the command line asks for."""
    if casework.is_workspace(folder):
        return Workspace.open(folder)
    if not invite:
        sys.exit(f"There is no workspace in {folder}: join one.\n\n{__doc__}")
    return Workspace.join(folder, invite[0], JoinAs(member_name=invite[1], device_name="terminal"))


def main() -> None:
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    try:
        workspace = opened(sys.argv[1], sys.argv[2:])
    except CaseworkError as error:
        sys.exit(str(error))
    try:
        Inspect(workspace).run()
    finally:
        workspace.shutdown()


if __name__ == "__main__":
    main()
