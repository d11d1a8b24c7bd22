"""For programs with an event loop: nothing here blocks it.

Calls of a workspace that only read and write this device take well under a millisecond and may be
made from the loop. What waits for the network goes to a thread; events come as an iterator.
"""

import asyncio
from typing import AsyncIterator, Optional

from . import _Function
from ._native import Event, JoinAs, JoinListener, KeyStore, SyncReport, Workspace


async def join(
    folder: str,
    invite: str,
    who: JoinAs,
    key_store: Optional[KeyStore] = None,
    listener: Optional[JoinListener] = None,
) -> Workspace:
    """Joins a workspace by an invite."""
    return await asyncio.to_thread(
        Workspace.join, str(folder), invite, who, key_store, listener
    )


async def sync(workspace: Workspace) -> SyncReport:
    """Syncs once."""
    return await asyncio.to_thread(workspace.sync)


async def sync_for(workspace: Workspace, seconds: int) -> SyncReport:
    """Syncs for at most so many seconds."""
    return await asyncio.to_thread(workspace.sync_for, seconds)


def events(workspace: Workspace) -> "Events":
    """The events of a workspace from now on, as an asynchronous iterator. Call it from the loop;
    a slow loop is told of everything, later. `aclose` detaches at once, and so does freeing it."""
    return Events(workspace)


class Events(AsyncIterator[Event]):
    """Events that wait to be heard."""

    def __init__(self, workspace: Workspace) -> None:
        loop = asyncio.get_running_loop()
        waiting: "asyncio.Queue[Event]" = asyncio.Queue()

        def on_event(event: Event) -> None:
            loop.call_soon_threadsafe(waiting.put_nowait, event)

        self._waiting = waiting
        self._subscription = workspace.observe(_Function(on_event))

    async def __anext__(self) -> Event:
        return await self._waiting.get()

    async def aclose(self) -> None:
        """Detaches; what has been heard by then can still be taken."""
        self._subscription.stop()
