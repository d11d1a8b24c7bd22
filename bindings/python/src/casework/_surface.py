"""Makes the generated module read as a module of Python.

Names say `casework` and not where they were generated, signatures say their defaults, texts say
`Workspace.sync`, and whatever takes the path of a folder or file takes a `Path` too. Nothing here
changes what a call does.
"""

import functools
import inspect
import os
import re
from types import FunctionType, ModuleType
from typing import Any, Callable

from ._records import make_values, variants

# Parameters of these names are paths; stubs.py goes by the same.
PATHS = ("folder", "path")
# Names that end so are the generator's own; stubs.py leaves them out, too.
INNER = ("Impl", "Protocol")
# Where functions of classes come from that are not the generator's.
FOREIGN = ("typing", "enum", "dataclasses", __package__ + "._records")


def polish(generated: ModuleType) -> "list[str]":
    """Mends a generated module, and answers the names of its surface."""
    names = [one for one in generated.__all__ if not one.endswith(INNER)]
    public = [getattr(generated, name) for name in names]
    classes = [one for one in public if isinstance(one, type)]
    make_values(classes)
    unsaid = generated._DEFAULT
    generated._DEFAULT = said = _Unsaid()  # type: ignore[attr-defined]
    for one in public:
        for inner in (one, *(variants(one) if isinstance(one, type) else ())):
            _name(inner)
    for function in _functions(public):
        _say_defaults(function, unsaid, said)
    for one in classes:
        for name, method in list(vars(one).items()):
            if isinstance(method, classmethod) and _path_at(method.__func__) is not None:
                setattr(one, name, classmethod(_with_path(method.__func__)))  # type: ignore[arg-type]
    for name, one in zip(names, public):
        if isinstance(one, FunctionType) and _path_at(one) is not None:
            setattr(generated, name, _with_path(one))
    return names


class _Unsaid:
    """Stands for a default that is made anew for each call, as an empty list is."""

    def __repr__(self) -> str:
        return "..."


def _name(one: Any) -> None:
    one.__module__ = __package__
    one.__doc__ = _text(one.__doc__)


def _functions(public: "list[Any]") -> "set[FunctionType]":
    """Every function of the surface, those of the classes beneath included."""
    every = [one for one in public if isinstance(one, FunctionType)]
    kinds = [one for one in public if isinstance(one, type)]
    kinds += [variant for kind in kinds for variant in variants(kind)]
    for kind in {inner for kind in kinds for inner in kind.__mro__}:
        members = (getattr(one, "__func__", one) for one in vars(kind).values())
        every += [one for one in members if isinstance(one, FunctionType)]
    return {one for one in every if one.__module__ not in FOREIGN}


def _say_defaults(function: FunctionType, unsaid: object, said: object) -> None:
    function.__doc__ = _text(function.__doc__)
    hints = function.__annotations__
    for name, hint in hints.items():
        if isinstance(hint, str):
            hints[name] = re.sub(r"^typing\.Union\[object, (.*)\]$", r"\1", hint)

    def default(name: str, given: object) -> object:
        if given is not unsaid:
            return given
        return None if str(hints.get(name)).startswith("typing.Optional[") else said

    code = function.__code__
    plain = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    if given:
        last = zip(plain[-len(given) :], given)
        function.__defaults__ = tuple(default(name, one) for name, one in last)
    if function.__kwdefaults__:
        named = function.__kwdefaults__.items()
        function.__kwdefaults__ = {name: default(name, one) for name, one in named}


def _text(text: "str | None") -> "str | None":
    """Documentation that names things as Python does: `SyncState.STOPPED`, `Workspace.sync`."""

    def here(found: "re.Match[str]") -> str:
        *kind, name = found[1].replace("crate::", "").split("::")
        if kind and name[0].isupper() and not kind[0].endswith("Error"):
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
        return f"`{'.'.join([*kind, name])}`"

    return text and re.sub(r"\[`([\w:]+)`\](?:\([\w:]+\))?", here, inspect.cleandoc(text))


def _path_at(function: Callable[..., Any]) -> "int | None":
    """Which parameter of a function is a path."""
    plain = function.__code__.co_varnames[: function.__code__.co_argcount]
    return next((at for at, name in enumerate(plain) if name in PATHS), None)


def _with_path(function: FunctionType) -> Callable[..., Any]:
    """The function, which takes whatever is a path."""
    at = _path_at(function)
    assert at is not None, "only functions with a path are asked for"
    name = function.__code__.co_varnames[at]
    function.__annotations__[name] = "typing.Union[str, os.PathLike[str]]"

    @functools.wraps(function)
    def call(*plain: Any, **named: Any) -> Any:
        if name in named:
            named[name] = os.fspath(named[name])
        elif len(plain) > at:
            plain = (*plain[:at], os.fspath(plain[at]), *plain[at + 1 :])
        return function(*plain, **named)

    return call
