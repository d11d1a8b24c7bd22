"""The ten lines of the README, run as they stand against a server."""

import os
import pathlib
import re
import typing
import unittest

from stage import Stage

README = pathlib.Path(__file__).parents[1] / "README.md"
PACKAGE = pathlib.Path(__file__).parents[2] / "samples" / "field-inspection.json"


class Readme(Stage):
    def test_the_ten_lines_lead_to_a_synced_board(self):
        found = re.search(r"```python\n(.*?)```", README.read_text(), re.S)
        code = found.group(1) if found else self.fail("the README has no lines in Python")
        lines = [line for line in code.splitlines() if line.strip()]
        self.assertLessEqual(len(lines), 12)
        folder = self.folder()
        code = code.replace("field-inspection.json", str(PACKAGE))
        code = code.replace('"field-office"', repr(folder))
        code = code.replace("ws://127.0.0.1:7410", self.server().url)
        names: dict[str, typing.Any] = {}
        exec(compile(code, str(README), "exec"), names)  # noqa: S102
        columns = {column.name: column.total for column in names["board"].columns}
        self.assertEqual(columns["Draft"], 1)
        self.assertEqual(names["workspace"].status().unsent, 0)
        names["workspace"].shutdown()


if __name__ == "__main__":
    unittest.main()
