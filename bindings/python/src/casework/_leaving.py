"""Leaves nothing running when the program ends.

The library calls observers and listeners on threads that Python does not know. One that came while
Python is taken down would end the program with an abort. So, before that: no call begins any more,
one that is under way is waited for, and workspaces are shut down. A key store is called on the
thread of whoever opens a workspace, and not sealed: to answer nothing for it would lose a key.
"""

import atexit
import ctypes
import os
import threading
import time
import weakref
from types import ModuleType
from typing import Any, Callable

# How long a call that is under way may take; the program ends without it then.
PATIENCE_SECS = 10
# A call that is on its way into Python needs a moment to be counted.
ENTRY_SECS = 0.02

_bell = threading.Condition()
_under_way = 0
_subscriptions: "weakref.WeakSet[Any]" = weakref.WeakSet()
_workspaces: "weakref.WeakSet[Any]" = weakref.WeakSet()


def watch(generated: ModuleType) -> None:
    """Has the hook know everything that a generated module makes, and count calls into Python."""
    for kind, known in (
        (generated.Subscription, _subscriptions),
        (generated.Workspace, _workspaces),
    ):
        kind._uniffi_make_instance = classmethod(_known(kind._uniffi_make_instance, known))
    for name in ("_uniffi_trait_interface_call", "_uniffi_trait_interface_call_with_error"):
        setattr(generated, name, _counted(getattr(generated, name)))
    atexit.register(_leave, generated, os.getpid())


def _known(make: Any, known: "weakref.WeakSet[Any]") -> "Callable[..., Any]":
    def make_known(kind: type, handle: int) -> Any:
        made = make.__func__(kind, handle)
        with _bell:
            known.add(made)
        return made

    return make_known


def _counted(call: "Callable[..., Any]") -> "Callable[..., Any]":
    def count(by: int) -> None:
        global _under_way
        with _bell:
            _under_way += by
            _bell.notify_all()

    def counted(*given: Any) -> Any:
        count(1)
        try:
            return call(*given)
        finally:
            count(-1)

    return counted


def _leave(generated: ModuleType, process: int) -> None:
    if os.getpid() != process:
        # A fork has the memory of these threads, and not the threads.
        return
    _seal(generated)
    with _bell:
        subscriptions, workspaces = list(_subscriptions), list(_workspaces)
    for workspace in workspaces:
        workspace.cancel_sync()
    time.sleep(ENTRY_SECS)
    with _bell:
        ended = _bell.wait_for(lambda: _under_way == 0, PATIENCE_SECS)
    if ended:
        for subscription in subscriptions:
            subscription.finish()
    for workspace in workspaces:
        workspace.shutdown()


def _seal(generated: ModuleType) -> None:
    """Puts a function of the library that does nothing in the place of those in Python."""
    nothing = generated._UniffiLib.ffi_casework_native_uniffi_contract_version
    address = ctypes.cast(nothing, ctypes.c_void_p).value
    for kind in ("WorkspaceObserver", "JoinListener"):
        table = getattr(generated, f"_UniffiTraitImpl{kind}Impl")._uniffi_vtable
        # The library reads it to the very end.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(table))
        for name, call in table._fields_:
            setattr(table, name, call(address))
