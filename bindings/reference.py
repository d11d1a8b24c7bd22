"""Makes reference.md from the documentation of the surface: a chapter per file, with every function,
record and list of choices. The generated code of each language carries the same texts.

    python3 bindings/reference.py            writes it
    python3 bindings/reference.py --check    fails when it is not what it should be
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
SOURCES = HERE / "native" / "src"
OUT = HERE / "reference.md"
# Chapters in the order in which an app meets them.
CHAPTERS = """workspace syncing status event key_store error templates template_parts acting editing
judging action case case_parts
comments timeline conflicts presence listing board inbox agency drawer people invites rights forms given export
imports templates_draft rules vocabulary text lib""".split()

HEAD = """# The surface, as every language has it

Made by `bindings/reference.py`; do not edit. Names are written as Rust and Python have them: Kotlin
and Swift say `caseView` for `case_view`, Kotlin and Swift `Action.setDue` (Swift) or `Action.SetDue`
(Kotlin) for what Python calls `Action.SET_DUE`, and Kotlin `CaseworkException` for `CaseworkError`.
`T?` may be nothing, `[T]` is a list. A default after `=` may be left out. Errors are named by their
kind; `Closed` can come from every call of a workspace and is not repeated.
"""

TYPES = (
    (r"Result<(.*), \w+>$", r"\1"),
    (r"Option<(.*)>$", r"\1?"),
    (r"Vec<u8>$", "bytes"),
    (r"Vec<(.*)>$", r"[\1]"),
    (r"Arc<(?:dyn )?(.*)>$", r"\1"),
    (r"(?:std::collections::)?HashMap<(\w+), (.*)>$", r"{\1: \2}"),
)


def plain(kind):
    """A type of Rust as people of any language read it."""
    kind = kind.strip().removeprefix("&").strip()
    for pattern, to in TYPES:
        found = re.match(pattern, kind)
        if found:
            inner = [plain(group) for group in found.groups()]
            return re.sub(r"\\(\d)", lambda m: inner[int(m.group(1)) - 1], to)
    return {"Self": "Workspace", "str": "text", "String": "text", "()": ""}.get(kind, kind)


def split(text):
    """Splits at commas outside brackets."""
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += letter in "<([" 
        depth -= letter in ">)]"
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [one.strip() for one in parts + [part] if one.strip()]


def defaults(attributes):
    found = re.search(r"default\((.*)\)\)\]", attributes)
    pairs = (one.split("=", 1) for one in split(found.group(1))) if found else ()
    return {name.strip(): value.strip() for name, value in pairs}


def function(signature, attributes):
    name, arguments, answer = re.match(r"pub fn (\w+)\((.*)\)(?: -> (.*))?$", signature).groups()
    given = defaults(attributes)
    shown = []
    for argument in split(arguments):
        if argument in ("&self", "self"):
            continue
        argument, kind = argument.split(":", 1)
        default = f" = {given[argument.strip()]}" if argument.strip() in given else ""
        shown.append(f"{argument.strip()}: {plain(kind)}{default}")
    answer = plain(answer or "()")
    return f"{name}({', '.join(shown)})" + (f" → {answer}" if answer else "")


def words(docs):
    text = "\n".join(docs).strip()
    text = re.sub(r"# Errors\n", "**Errors.** ", text)
    text = re.sub(r"\[`(?:Workspace|Subscription)::(\w+)`\]", r"`\1`", text)
    return text.replace("\n\n", "\n\n  ").replace("\n", "\n  ")


def chapter(source):
    # A field in one line is read as one in several.
    source = re.sub(r'#\[doc = "(.*?)"\] ', r"\n        /// \1\n        ", source.replace('\\"', "'"))
    source = re.sub(r"\] (\w+: .*?)(,| \},)\n", r"]\n        \1,\n", source)
    source = re.sub(r"(\n        \w+: .*?),? \n", r"\1,\n", source)
    source = re.sub(r"(\n        \w+: .*?) \},\n", r"\1,\n    },\n", source)
    lines = source.split("#[cfg(test)]")[0].splitlines()
    head = " ".join(line[3:].strip() for line in lines if line.startswith("//!"))
    out, docs, attributes, inside, exported = [f"## {head.split('. ')[0].rstrip('.')}", ""], [], "", None, False
    at = 0
    while at < len(lines):
        line = lines[at]
        text = line.strip()
        at += 1
        if text.startswith("///"):
            docs.append(text[3:].removeprefix(" "))
            continue
        if text.startswith("#["):
            attributes += text
            continue
        exported = "uniffi::export" in attributes or "uniffi::remote" in attributes
        shown = exported or "uniffi::" in attributes
        if re.match(r"(pub )?(struct|enum|trait) \w+", text) and shown and not line.startswith(" "):
            out += [f"### `{text.split()[2].strip(' {:')}`", "", words(docs).replace("\n  ", "\n"), ""]
            inside = "type"
        elif text.startswith("impl ") and exported:
            out += [words(docs).replace("\n  ", "\n"), ""] if docs else []
            inside = "impl"
        elif line == "}":
            inside = None
            out += [""] if out[-1] else []
        elif (inside == "impl" and text.startswith("pub fn")) or (exported and text.startswith("pub fn")) or (
            inside == "type" and text.startswith("fn ")
        ):
            signature = text
            while not re.search(r"[{;]$", signature):
                signature += " " + lines[at].strip()
                at += 1
            signature = re.sub(r"\s*[{;]$", "", signature).replace("( ", "(").replace(", )", ")")
            signature = signature if signature.startswith("pub") else f"pub {signature}"
            out += [f"* **`{function(signature, attributes)}`** — {words(docs)}"]
            if not exported and inside is None:
                out += [""]
        elif inside == "type" and re.match(r"(pub )?\w+: .*,$", text):
            name, kind = text.removeprefix("pub ").rstrip(",").split(": ", 1)
            default = re.search(r"uniffi\(default(?: = (.*?))?\)\]", attributes)
            default = f" = {default.group(1) or 'empty'}" if default else ""
            indent = "  " if line.startswith("        ") else ""
            if line.startswith("    ") and not (name in ("open", "watch", "observation", "ear")):
                out += [f"{indent}* `{name}: {plain(kind)}{default}` — {' '.join(docs)}"]
        elif inside == "type" and re.match(r"[A-Z]\w*(\(\w+\))?[,{ ]*$", text) and line.startswith("    "):
            out += [f"* **`{re.match(r'[A-Z][A-Za-z0-9]*', text).group()}`** — {' '.join(docs)}"]
        if text:
            docs, attributes = [], ""
    return "\n".join(out).strip() + "\n"


def main():
    known = {path.stem for path in SOURCES.glob("*.rs")}
    assert known == set(CHAPTERS), f"no chapter for {known ^ set(CHAPTERS)}"
    chapters = [chapter((SOURCES / f"{name}.rs").read_text()) for name in CHAPTERS]
    text = "\n".join([HEAD, *chapters])
    if "--check" in sys.argv:
        if OUT.read_text() != text:
            sys.exit(f"{OUT} is not what the surface says; run python3 bindings/reference.py")
    else:
        OUT.write_text(text)
    print(f"reference.md: {len(chapters)} chapters, {text.count('* **`')} functions and choices")


main()
