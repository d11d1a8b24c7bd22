"""Parses Swift with tree-sitter: there is no compiler everywhere. Fails with the first errors.

`parse.py PATH…` takes files and folders. It knows syntax only; types are the compiler's matter.
"""

import pathlib
import sys

import tree_sitter
import tree_sitter_swift

# Swift that the grammar does not know, and what stands for it: neither means anything for the rest.
UNKNOWN = ((b"@_documentation(visibility: private)", b""), (b"{ () }", b"{ nothing }"))


def errors(node):
    if node.type == "ERROR" or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from errors(child)


def main():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    files = []
    for path in map(pathlib.Path, sys.argv[1:]):
        files += sorted(path.rglob("*.swift")) if path.is_dir() else [path]
    found = 0
    for path in files:
        text = path.read_bytes()
        for unknown, known in UNKNOWN:
            text = text.replace(unknown, known)
        lines = text.splitlines()
        for node in list(errors(parser.parse(text).root_node))[:5]:
            row = node.start_point[0]
            print(f"{path}:{row + 1}: {lines[row].decode()[:100]}")
            found += 1
    print(f"{len(files)} files of Swift, {found} errors")
    sys.exit(found > 0 or not files)


main()
