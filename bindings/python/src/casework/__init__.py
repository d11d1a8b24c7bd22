"""Cases that work offline and sync.

Everything of the surface is here, generated with its documentation: `Workspace` is where to begin,
`help(casework.Workspace)` its reference. Beside it, what Python people expect: `opened`, `created`
and `joined` shut the workspace down at the end of a `with` block, `subscribed` attaches a plain
function, and `casework.aio` waits without blocking an event loop.

When the program ends, observers are detached and workspaces shut down by themselves.
"""

import os
import typing
from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Union

from . import _generated
from ._native import *  # noqa: F401,F403
from ._native import (
    Event,
    JoinAs,
    JoinListener,
    KeyStore,
    NewWorkspace,
    Subscription,
    Workspace,
    WorkspaceObserver,
    library_version,
)

# A checker reads the names from the stub.
if not typing.TYPE_CHECKING:
    __all__ = ["opened", "created", "joined", "subscribed", *_generated.names]

__version__: str = library_version()


@contextmanager
def opened(
    folder: "Union[str, os.PathLike[str]]", key_store: Optional[KeyStore] = None
) -> Iterator[Workspace]:
    """The workspace in a folder, until the end of the block."""
    yield from _until_the_end(Workspace.open(folder, key_store))


@contextmanager
def created(
    folder: "Union[str, os.PathLike[str]]",
    new: NewWorkspace,
    key_store: Optional[KeyStore] = None,
) -> Iterator[Workspace]:
    """A new workspace in a folder, until the end of the block."""
    yield from _until_the_end(Workspace.create(folder, new, key_store))


@contextmanager
def joined(
    folder: "Union[str, os.PathLike[str]]",
    invite: str,
    who: JoinAs,
    key_store: Optional[KeyStore] = None,
    listener: Optional[JoinListener] = None,
) -> Iterator[Workspace]:
    """A workspace joined by an invite, until the end of the block. Waits for the network."""
    yield from _until_the_end(Workspace.join(folder, invite, who, key_store, listener))


@contextmanager
def subscribed(
    workspace: Workspace, on_event: Callable[[Event], None]
) -> Iterator[Subscription]:
    """Has a function called with every event, on a thread of the library, until the end of the
    block. A call that is under way then is waited for: after the block none runs."""
    subscription = workspace.observe(_Function(on_event))
    try:
        yield subscription
    finally:
        subscription.finish()


class _Function(WorkspaceObserver):
    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event

    def on_event(self, event: Event) -> None:
        self._on_event(event)


def _until_the_end(workspace: Workspace) -> Iterator[Workspace]:
    try:
        yield workspace
    finally:
        workspace.shutdown()
