"""Makes values of the generated classes.

A record is what it holds: equal to another with the same, shown with all of it, good as a key of a
dictionary, and never changed (`dataclasses.replace` makes another). The variants of an enum are the
same. What the generator writes compares with its own kind only and hides what it holds.
"""

import dataclasses
from typing import Any, Callable, Iterator


def make_values(public: "list[type]") -> None:
    """Mends the records and variants among some classes, once, before any is used."""
    for one in public:
        if dataclasses.is_dataclass(one):
            _make_value(one)
        for variant in variants(one):
            if not issubclass(variant, Exception):
                _make_value(variant)


def variants(of: type) -> "Iterator[type]":
    """The variants of an enum or an error: classes in it that are of it."""
    for one in vars(of).values():
        if isinstance(one, type) and one is not of and issubclass(one, of):
            yield one


def _make_value(one: Any) -> None:
    init = one.__init__
    code = init.__code__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    one.__annotations__ = {name: init.__annotations__[name] for name in names}
    # A variant is put together from the class that was written, and its words stand there.
    one.__doc__ = one.__doc__ or one.__mro__[1].__doc__
    # Writes down the fields; what it would make of them is made here, for all classes at once.
    dataclasses.dataclass(init=False, repr=False, eq=False)(one)
    setattr(one, "__match_args__", names)
    one.__eq__, one.__hash__ = _is_equal, _hash
    one.__repr__ = one.__str__ = _words
    one.__setattr__, one.__delattr__ = _set_once(frozenset(names)), _keep


def _is_equal(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__dict__ == other.__dict__


def _hash(self: Any) -> int:
    held = (_frozen(getattr(self, name)) for name in self.__match_args__)
    return hash((self.__class__, *held))


SECRETS = {"Invite": "link", "RequestMade": "token"}
"""What a record does not show, for it would stand in a log: whoever has it can join, or answer."""


def _words(self: Any) -> str:
    secret = SECRETS.get(self.__class__.__name__)
    held = (
        f"{name}={'…' if name == secret else repr(getattr(self, name))}"
        for name in self.__match_args__
    )
    return f"{self.__class__.__qualname__}({', '.join(held)})"


def _set_once(names: "frozenset[str]") -> "Callable[[Any, str, object], None]":
    """Sets each field once, as the constructor does: no attribute is set after that."""

    def set_once(self: Any, name: str, value: object) -> None:
        held = self.__dict__
        if name in held or name not in names:
            _keep(self, name)
        held[name] = value

    return set_once


def _keep(self: Any, name: str) -> None:
    kind = self.__class__.__qualname__
    if name not in self.__match_args__:
        known = ", ".join(self.__match_args__) or "nothing"
        raise AttributeError(f"{kind} has no {name!r}; it has {known}")
    raise dataclasses.FrozenInstanceError(
        f"{name!r} of {kind} is not changed: make another with dataclasses.replace"
    )


def _frozen(value: Any) -> Any:
    """A value that can be hashed."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return frozenset((key, _frozen(one)) for key, one in value.items())
    return value
