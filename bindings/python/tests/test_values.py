"""What people expect of a package of Python: records are values, names and signatures read well, the
stub says what the module is, and the wheel runs where its tag says."""

import ast
import copy
import dataclasses
import enum
import importlib.metadata
import inspect
import os
import pathlib
import pickle
import pydoc
import re
import subprocess
import sys
import textwrap
import typing
import unittest

import casework
from casework import CaseFilter, NewWorkspace, Page, Person, SyncState, Value, Workspace
from stage import Stage

PACKAGE = pathlib.Path(casework.__file__).parent


def surface() -> typing.Iterator[typing.Any]:
    """Everything that is public."""
    return (getattr(casework, name) for name in casework.__all__)  # type: ignore[attr-defined]


def kinds() -> typing.Iterator[typing.Any]:
    """Every record, and every variant of an enum that carries something."""
    for one in surface():
        if dataclasses.is_dataclass(one):
            yield one
        elif isinstance(one, type) and not issubclass(one, (enum.Enum, Exception)):
            members = vars(one).values()
            yield from (inner for inner in members if isinstance(inner, type) and issubclass(inner, one))


def filled(kind, words="x"):
    """A value of a kind, with the same in every field. The constructor asks for no types."""
    names = [one.name for one in dataclasses.fields(kind)]
    return kind(**{name: [words] for name in names})


class Values(unittest.TestCase):
    def test_records_and_variants_are_values(self):
        every = list(kinds())
        self.assertGreater(len(every), 200)
        for kind in every:
            with self.subTest(kind.__qualname__):
                one, same, other = filled(kind), filled(kind), filled(kind, "y")
                names = tuple(field.name for field in dataclasses.fields(kind))
                self.assertEqual(kind.__match_args__, names)
                self.assertEqual(one, same)
                self.assertEqual(hash(one), hash(same))
                self.assertEqual(one == other, not names)
                for stranger in (None, "x", 1, Page(), kind):
                    self.assertFalse(one == stranger)
                    self.assertTrue(stranger != one)
                # Shown with all of it but secrets, and read back from that.
                if kind.__name__ in ("Invite", "RequestMade"):
                    self.assertRegex(repr(one), "(link|token)=…")
                else:
                    self.assertEqual(eval(repr(one), vars(casework)), one)  # noqa: S307
                self.assertEqual(str(one), repr(one))
                self.assertEqual(list(dataclasses.asdict(one)), list(names))
                self.assertEqual(dataclasses.replace(one), one)
                self.assertEqual(copy.deepcopy(one), one)
                self.assertEqual(pickle.loads(pickle.dumps(one)), one)  # noqa: S301
                for name in names:
                    with self.assertRaisesRegex(AttributeError, "dataclasses.replace"):
                        setattr(one, name, "z")
                    with self.assertRaises(AttributeError):
                        delattr(one, name)

    def test_a_record_is_found_matched_and_replaced(self):
        ana, rui = Person(id="1", name="Ana"), Person(id="2", name="Rui")
        self.assertIn(ana, [None, "Ana", rui, Person(id="1", name="Ana")])
        self.assertNotIn(ana, [None, rui])
        self.assertEqual({ana: "first"}[Person(id="1", name="Ana")], "first")
        self.assertEqual(dataclasses.replace(ana, name="Eva"), Person(id="1", name="Eva"))
        self.assertEqual(repr(ana), "Person(id='1', name='Ana')")
        self.assertEqual(repr(Value.WORDS("x")), "Value.WORDS(text='x')")
        self.assertEqual(len({SyncState.OFF(), SyncState.OFF(), SyncState.PAUSED()}), 2)
        self.assertNotEqual(Value.WORDS("x"), Value.FLAG(True))
        if sys.version_info >= (3, 10):
            said: typing.Dict[str, typing.Any] = {"value": Value.WORDS("North")}
            exec("match value:\n    case Value.WORDS(text): pass", vars(casework), said)  # noqa: S102
            self.assertEqual(said["text"], "North")

    def test_a_field_that_is_none_is_told_at_once(self):
        wanted = CaseFilter()
        with self.assertRaisesRegex(AttributeError, "no 'pepole'; it has people"):
            wanted.pepole = ["x"]  # type: ignore[attr-defined]
        with self.assertRaises(TypeError):
            CaseFilter(pepole=["x"])  # type: ignore[call-arg]
        self.assertIsNot(CaseFilter().labels, CaseFilter().labels)


class Surface(Stage):
    def test_a_star_takes_the_surface_and_nothing_else(self):
        names: typing.Dict[str, typing.Any] = {}
        exec("import casework\nfrom casework import *", names)  # noqa: S102
        self.assertIs(names["casework"], casework)
        names.pop("__builtins__")
        self.assertEqual(set(names), {"casework", *casework.__all__})  # type: ignore[attr-defined]
        self.assertFalse(hasattr(casework, "casework"))

    def test_the_version_is_that_of_the_wheel(self):
        self.assertEqual(casework.__version__, importlib.metadata.version("casework"))
        self.assertEqual(casework.__version__, casework.library_version())

    def test_a_folder_is_given_as_a_path_too(self):
        folder = pathlib.Path(self.folder())
        new = NewWorkspace(name="Field office", member_name="Ana", device_name="laptop")
        self.assertFalse(casework.is_workspace(folder))
        Workspace.create(folder, new).shutdown()
        self.assertTrue(casework.is_workspace(folder))
        Workspace.open(folder).shutdown()
        Workspace.open(folder=str(folder)).shutdown()
        with casework.opened(folder) as workspace:
            self.assertEqual(workspace.info().folder, str(folder))
        note = folder / "note.txt"
        note.write_text("x")
        self.assertEqual(casework.file_mark(note).name, "note.txt")
        for wrong in (None, 7):
            with self.assertRaisesRegex(TypeError, "PathLike"):
                Workspace.open(wrong)  # type: ignore[arg-type]

    def test_help_is_readable(self):
        for one in surface():
            text = pydoc.plain(pydoc.render_doc(one))
            for noise in ("<object object", "typing.Union[object", "_UniffiTemp", "[`"):
                self.assertFalse(noise in text, f"{noise} in the help of {one}")
        said = str(inspect.signature(Workspace.open))
        self.assertIn("key_store: 'typing.Optional[KeyStore]' = None", said)
        self.assertEqual(Person.__module__, "casework")

    def test_the_stub_says_what_the_module_is(self):
        stub = ast.parse((PACKAGE / "_native" / "__init__.pyi").read_text())
        told = {one.name for one in stub.body if isinstance(one, (ast.ClassDef, ast.FunctionDef))}
        helpers = {"opened", "created", "joined", "subscribed"}
        self.assertEqual(told | helpers, set(casework.__all__))  # type: ignore[attr-defined]
        compared = list(self._compare(stub, casework))
        self.assertGreater(len(compared), 500)

    def _compare(self, node, real):
        for one in node.body:
            if isinstance(one, ast.ClassDef):
                yield from self._compare(one, getattr(real, one.name))
            elif isinstance(one, ast.FunctionDef):
                said = inspect.signature(getattr(real, one.name)).parameters
                arguments = one.args.args + one.args.kwonlyargs
                names = [argument.arg for argument in arguments if argument.arg != "cls"]
                self.assertEqual(list(said), names, f"{real}.{one.name}")
                defaults = one.args.defaults + [two for two in one.args.kw_defaults if two]
                told = [ast.unparse(default) for default in defaults]
                is_default = lambda parameter: parameter.default is not parameter.empty
                self.assertEqual([repr(two.default) for two in said.values() if is_default(two)],
                                 told, f"{real}.{one.name}")
                yield one.name


class Wheel(unittest.TestCase):
    def test_checkers_read_the_package_strictly(self):
        code = textwrap.dedent("""
            import pathlib
            import casework
            from casework import Event, NewCase, Value, aio

            async def play(folder: pathlib.Path) -> int:
                with casework.opened(folder) as workspace:
                    async for event in aio.events(workspace):
                        if isinstance(event, Event.CHANGED):
                            return len(event.changes.documents)
                    return (await aio.sync(workspace)).pushed

            def words(value: Value) -> str:
                return value.text if isinstance(value, Value.WORDS) else casework.__version__
        """)
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    @unittest.skipUnless(sys.platform == "linux", "tags of Linux")
    def test_it_runs_where_its_tag_says(self):
        said = importlib.metadata.distribution("casework").read_text("WHEEL") or ""
        promised = re.search(r"manylinux_2_(\d+)_", said)
        library = (PACKAGE / "_native" / "libcasework_native.so").read_bytes()
        needed = max(int(found) for found in re.findall(rb"GLIBC_2\.(\d+)", library))
        if promised:
            self.assertLessEqual(needed, int(promised[1]))
        else:
            # It promises nothing but the machine that built it.
            self.assertIn("linux_", said)


if __name__ == "__main__":
    unittest.main()
