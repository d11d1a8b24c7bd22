"""Type stubs of the public surface, made from the generated module.

`stubs.py GENERATED STUB` reads the module that the generator wrote and writes what a type checker
needs of it. The module itself has hints, but checkers cannot follow how it builds its classes: the
variants of an enum and of an error are put together while it runs. Documentation stays in the module.
What the package mends while it is imported (`_records.py`, `_surface.py`) is told as it is then.
"""

import ast
import sys

HEAD = '''"""The surface of the library. Made by stubs.py from the generated module; do not edit."""

import dataclasses
import enum
import os
import typing

'''
# As in _surface.py: parameters that are paths, and names of the generator's own.
PATHS = ("folder", "path")
INNER = ("Impl", "Protocol")
# What a record is; its constructor is told beside it.
VALUE = "@dataclasses.dataclass(frozen=True, init=False)"


def hint(annotation):
    """An annotation as people read it: `object | X` is how the generator marks a default."""
    if annotation is None:
        return "typing.Any"
    text = ast.unparse(annotation)
    if text.startswith("typing.Union[object, ") and text.endswith("]"):
        text = text[len("typing.Union[object, ") : -1]
    return text


def default(one, value):
    """What a parameter is when it is left out; a list is made anew for each call."""
    if isinstance(value, ast.Constant):
        return f" = {ast.unparse(value)}"
    return " = None" if hint(one.annotation).startswith("typing.Optional[") else " = ..."


def parameter(one, value=None):
    said = hint(one.annotation)
    if one.arg in PATHS and said == "str":
        said = "typing.Union[str, os.PathLike[str]]"
    return f"{one.arg}: {said}{default(one, value) if value else ''}"


def parameters(arguments):
    """The parameters of a function, `self` or `cls` included."""
    plain = arguments.posonlyargs + arguments.args
    values = [None] * (len(plain) - len(arguments.defaults)) + arguments.defaults
    own = plain[:1] if plain and plain[0].arg in ("self", "cls") else []
    said = [one.arg for one in own]
    said += [parameter(*both) for both in zip(plain[len(own) :], values[len(own) :])]
    if arguments.kwonlyargs:
        said.append("*")
    said += [parameter(*both) for both in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return ", ".join(said)


def method(function, indent, result=None):
    decorators = [ast.unparse(one) for one in function.decorator_list]
    lines = [f"{indent}@{one}" for one in decorators if one in ("classmethod", "staticmethod")]
    result = result or hint(function.returns)
    lines.append(f"{indent}def {function.name}({parameters(function.args)}) -> {result}: ...")
    return lines


def members(node, kind):
    return [one for one in node.body if isinstance(one, kind)]


def methods(node):
    return [one for one in members(node, ast.FunctionDef) if not one.name.startswith("_")]


def attributes(init, indent):
    every = init.args.args[1:] + init.args.kwonlyargs
    return [f"{indent}{one.arg}: {hint(one.annotation)}" for one in every]


def constructor(node):
    return next((one for one in members(node, ast.FunctionDef) if one.name == "__init__"), None)


def record(node, base="", indent="", decorator=VALUE):
    """A class that is what its constructor takes."""
    inner, init = indent + "    ", constructor(node)
    fields = attributes(init, inner) if init else []
    lines = [f"{indent}{decorator}"] if decorator else []
    lines.append(f"{indent}class {node.name}{base}:" + ("" if init else " ..."))
    lines += fields
    if init:
        lines += method(init, inner, "None")
    return lines


def variants(node):
    """An enum whose variants carry something: each is a class of its own, and of the enum."""
    lines = [f"class {node.name}:"]
    for variant in members(node, ast.ClassDef):
        lines += record(variant, f"({node.name})", "    ")
    for one in methods(node):
        lines += method(one, "    ")
    return lines


def error(node):
    lines = [f"class {node.name}(Exception):"]
    for variant in members(node, ast.ClassDef):
        lines += record(variant, f"({node.name})", "    ", None)
    return lines


def words(node):
    lines = [f"class {node.name}(enum.Enum):"]
    for one in members(node, ast.Assign):
        lines.append(f"    {ast.unparse(one.targets[0])} = {ast.unparse(one.value)}")
    return lines


def thing(node):
    """An object of the library, or an interface that an app implements."""
    lines = [f"class {node.name}:"]
    for one in methods(node):
        lines += method(one, "    ")
    return lines


def stub(node):
    if isinstance(node, ast.FunctionDef):
        return method(node, "")
    bases = [ast.unparse(one) for one in node.bases]
    if "enum.Enum" in bases:
        return words(node)
    inner = members(node, ast.ClassDef)
    if inner and any("_UniffiTemp" in ast.unparse(base) for one in inner for base in one.bases):
        return error(node)
    if inner:
        return variants(node)
    init = constructor(node)
    if bases == ["Exception"]:
        return [f"class {node.name}(Exception): ..."]
    if init and any(one.arg == "args" for one in [init.args.vararg] if one) or methods(node):
        return thing(node)
    return record(node)


def main():
    generated, wanted = sys.argv[1:]
    with open(generated, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    public, found = [], {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            public = [one for one in ast.literal_eval(node.value) if not one.endswith(INNER)]
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = node  # the last of a name is the one that counts
    lacking = [name for name in public if name not in found]
    if lacking or not public:
        sys.exit(f"no stub for {lacking or 'anything'}: the generator has changed")
    parts = ["\n".join(stub(found[name])) for name in public]
    listed = "".join(f"    {name!r},\n" for name in public)
    with open(wanted, "w", encoding="utf-8") as out:
        out.write(HEAD + f"__all__ = [\n{listed}]\n\n" + "\n\n".join(parts) + "\n")
    print(f"{len(public)} names in {wanted}")


main()
