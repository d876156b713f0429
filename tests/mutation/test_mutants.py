"""Every mutant is Python that differs from its source in one place; what only people or type checkers read is left."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutants import mutants
from mutate import files_of, suite_of

SOURCE = '''
"""A docstring of 3 words."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import ä

def judge(a: int = 1, größe: bool = True) -> list[int]:
    """Another."""
    if a < 2 and größe:
        raise ValueError(f"ü {a + 1}")
    found = max(a, 3) + 1
    print("ü", found)
    return found if not größe else a * 2
'''


def changed() -> dict[tuple[int, str], set[str]]:
    found: dict[tuple[int, str], set[str]] = {}
    for mutant in mutants(SOURCE):
        line = mutant.apply(SOURCE).splitlines()[mutant.line - 1].strip()
        found.setdefault((mutant.line, mutant.what), set()).add(line)
    return found


def test_what_is_broken() -> None:
    assert changed() == {
        (7, "constant"): {
            "def judge(a: int = (2), größe: bool = True) -> list[int]:",
            "def judge(a: int = 1, größe: bool = (False)) -> list[int]:",
        },
        (9, "negation"): {"if (not (a < 2 and größe)):"},
        (9, "and/or"): {"if (a < 2 or größe):"},
        (9, "comparison"): {"if (a <= 2) and größe:"},
        (9, "constant"): {"if a < (3) and größe:"},
        (10, "dropped"): {"pass"},
        (11, "arithmetic"): {"found = (max(a, 3) - 1)"},
        (11, "constant"): {"found = max(a, (4)) + 1", "found = max(a, 3) + (2)"},
        (12, "dropped"): {"pass"},
        (12, "arguments"): {"(print(found, 'ü'))"},
        (13, "return"): {"return None"},
        (13, "negation"): {
            "return (found if not not größe else a * 2)",
            "return found if (größe) else a * 2",
        },
        (13, "arithmetic"): {"return found if not größe else (a / 2)"},
        (13, "constant"): {"return found if not größe else a * (3)"},
    }


@pytest.mark.parametrize("room", ["people", "access", "training/splits", "models/registry.py"])
def test_every_mutant_of_a_room_is_python(room: str) -> None:
    for file in files_of(room):
        source = file.read_text(encoding="utf-8")
        for mutant in mutants(source):
            broken = mutant.apply(source)
            assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(source)), (file, mutant)


def test_the_tests_that_bear_the_name_of_a_module_come_first() -> None:
    (file,) = files_of("training/splits")
    tests = suite_of(file, [])
    assert tests[0] == "tests/training/test_splits.py" and len(tests) == len(set(tests)) > 3
    assert suite_of(file, ["tests/x.py"]) == ["tests/x.py"]


@pytest.mark.parametrize("room", ["nowhere", "people/nobody"])
def test_an_unknown_room_is_refused(room: str) -> None:
    with pytest.raises(SystemExit, match="there is no"):
        files_of(room)
