"""A new operation, in a group of its own, takes two files: one of `api/`, and one of `cli/show/` for its view.

No list knows of them, be they new or not, as docs/api.md says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import treadle
from treadle.api import GROUPS, OPERATIONS

IMPORTS = "\nimport msgspec\nfrom treadle.api.operation import Request, group\n"
ALONE = (
    "from typing import Annotated\nimport msgspec\n"
    "from treadle.api.operation import Request, argument, group, operation\n"
)
OPERATION = '''

group("looms", "Looms, and what they are for.")


class CountRequest(Request, frozen=True):
    heads: Annotated[int, argument("how many heads")] = 2


class CountAnswer(msgspec.Struct, frozen=True):
    threads: int


@operation("looms", "count", permission="open", opens=False)
def looms_count(request: CountRequest, context: object) -> CountAnswer:
    """Count the threads of a loom."""
    return CountAnswer(request.heads * 12)
'''
VIEW = """
VIEWS["looms count"] = lambda answer, out: out.print(f"{answer.threads} threads")
"""


def test_a_group_is_said_where_its_operations_are_written() -> None:
    words = {" ".join(found.words[:n]) for found in OPERATIONS.values() for n in range(1, len(found.words))}
    assert words - set(GROUPS) == {"costs", "lineage", "log", "schedule"}, "each is itself an operation"
    assert set(GROUPS) <= words and all(text.endswith(".") for text in GROUPS.values())


@pytest.mark.parametrize("new", [False, True], ids=["in files that stand", "in new files"])
def test_a_new_operation_takes_two_files(tmp_path: Path, new: bool) -> None:
    package = shutil.copytree(Path(treadle.__file__).parent, tmp_path / "treadle")
    name = "looms" if new else "trials"
    for file, text in ((f"api/{name}.py", (ALONE if new else IMPORTS) + OPERATION),
                       (f"cli/show/{name}.py", ("VIEWS = {}\n" if new else "") + VIEW)):  # fmt: skip
        with (package / file).open("a", encoding="utf-8") as out:
            out.write(text)

    def said(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "treadle", *words],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "Looms, and what they are for." in said("--help")
    assert "Count the threads of a loom." in said("looms", "--help")
    assert json.loads(said("looms", "count", "4", "--json")) == {"threads": 48}
    assert said("looms", "count").strip() == "24 threads"
