"""For programs with an event loop: nothing here blocks it.

Calls of a workspace that only read and write this device take well under a millisecond and may be
made from the loop. What waits for the network goes to a thread; events come as an iterator.
"""

import asyncio
import os
import threading
from typing import AsyncIterator, Callable, Optional, TypeVar, Union

from . import _Function
from ._native import CaseworkError, Event, JoinAs, JoinListener, KeyStore, SyncReport, Workspace

_T = TypeVar("_T")


async def join(
    folder: "Union[str, os.PathLike[str]]",
    invite: str,
    who: JoinAs,
    key_store: Optional[KeyStore] = None,
    listener: Optional[JoinListener] = None,
) -> Workspace:
    """Joins a workspace by an invite. Cancelled, it joins all the same, later and unseen, and shuts
    the workspace down; open it then."""
    work = _in_a_thread(lambda: Workspace.join(folder, invite, who, key_store, listener))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_shut_down)
        raise


async def sync(workspace: Workspace) -> SyncReport:
    """Syncs once. Cancelled, it ends every sync of the workspace that runs; what was sent by then
    is safe, and the rest waits for the next."""
    return await _until_cancelled(workspace, workspace.sync)


async def sync_for(workspace: Workspace, seconds: int) -> SyncReport:
    """Syncs for at most so many seconds. Cancelled, it does as `sync`."""
    return await _until_cancelled(workspace, lambda: workspace.sync_for(seconds))


def events(workspace: Workspace) -> "Events":
    """The events of a workspace from now on, as an asynchronous iterator. Call it from the loop;
    a slow loop is told of everything, later. `aclose` detaches at once, and so does freeing it."""
    return Events(workspace)


class Events(AsyncIterator[Event]):
    """Events that wait to be heard. They end when this or the workspace is closed."""

    def __init__(self, workspace: Workspace) -> None:
        self._loop = loop = asyncio.get_running_loop()
        # What has been heard; nothing stands for the end.
        self._waiting: "asyncio.Queue[Optional[Event]]" = asyncio.Queue()
        heard = self._waiting.put_nowait

        def on_event(event: Event) -> None:
            try:
                loop.call_soon_threadsafe(heard, None if event.is_CLOSED() else event)
            except RuntimeError:
                # The loop is closed: nobody waits any more.
                pass

        self._subscription = workspace.observe(_Function(on_event))

    async def __anext__(self) -> Event:
        event = await self._waiting.get()
        if event is None:
            # Whoever else waits is told as well.
            self._waiting.put_nowait(None)
            raise StopAsyncIteration
        return event

    async def changed(self) -> None:
        """Returns when something has changed since this was asked last; several changes are one.
        Raises StopAsyncIteration at the end."""
        while not (await self.__anext__()).is_CHANGED():
            pass
        while not self._waiting.empty():
            await self.__anext__()

    async def aclose(self) -> None:
        """Detaches; what has been heard by then can still be taken."""
        self._subscription.stop()
        self._waiting.put_nowait(None)


async def readings(workspace: Workspace, read: Callable[[], _T]) -> "AsyncIterator[_T]":
    """What a reading answers, now and again whenever something in the workspace has changed and it
    looks different: a list, a board, a count. What changes while the loop is busy comes as one. Ends
    when the workspace is shut down, and with what the reading raises.

        async for page in aio.readings(workspace, lambda: workspace.list_cases(mine, ...)): ...
    """
    heard = events(workspace)
    last: "Optional[_T]" = None
    try:
        while True:
            now = await asyncio.to_thread(read)
            if now != last:
                yield now
            last = now
            await heard.changed()
    except (CaseworkError.Closed, StopAsyncIteration):
        return
    finally:
        await heard.aclose()


def _in_a_thread(call: Callable[[], _T]) -> "asyncio.Task[_T]":
    return asyncio.ensure_future(asyncio.to_thread(call))


async def _until_cancelled(workspace: Workspace, call: Callable[[], _T]) -> _T:
    begun, given_up, ended = threading.Event(), threading.Event(), threading.Event()

    def begin() -> _T:
        begun.set()
        try:
            if given_up.is_set():
                raise CaseworkError.Unavailable("nobody waits for this sync any more")
            return call()
        finally:
            ended.set()

    work = _in_a_thread(begin)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        # What has not begun will not. What has may not have come to where it can be ended: it is
        # told until it ends, also while the loop itself ends and cancels this once more.
        given_up.set()
        while begun.is_set() and not ended.is_set():
            workspace.cancel_sync()
            try:
                await asyncio.sleep(0.02)
            except asyncio.CancelledError:
                pass
        raise


def _shut_down(work: "asyncio.Task[Workspace]") -> None:
    if not work.cancelled() and not work.exception():
        work.result().shutdown()
