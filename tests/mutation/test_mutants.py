"""Every mutant is Python that differs from its source in one place; what only people or type checkers read is left."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import mutate
from mutants import mutants
from mutate import Case, Suite, files_of, suite_of

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


@pytest.mark.parametrize("room", ["pages", "training/splits", "models/registry.py"])
def test_every_mutant_of_a_room_is_python(room: str) -> None:
    for file in files_of(room):
        source = file.read_text(encoding="utf-8")
        for mutant in mutants(source):
            broken = mutant.apply(source)
            assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(source)), (file, mutant)


def test_a_module_is_held_to_the_tests_of_its_room() -> None:
    (file,) = files_of("training/splits")
    tests = suite_of(file, [])
    assert "tests/training/test_splits.py" in tests and len(tests) == len(set(tests)) > 3
    assert suite_of(file, ["tests/x.py"]) == ["tests/x.py"]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one module, and its tests: a slow one that holds both functions, a quick one that holds one."""
    room, tests = tmp_path / "src" / "treadle" / "room", tmp_path / "tests" / "room"
    for each in (room, tests):
        each.mkdir(parents=True)
    (tmp_path / "src" / "treadle" / "__init__.py").touch()
    (room / "__init__.py").write_text("def one() -> int:\n    return 1\n\n\ndef two() -> int:\n    return 2\n")
    (tests / "test_room.py").write_text(
        "import time\nimport pytest\nfrom treadle.room import one, two\n"
        "def test_slow():\n    time.sleep(0.3)\n    assert (one(), two()) == (1, 2)\n"
        "@pytest.mark.parametrize('name', ['a b'])\ndef test_quick(name):\n    assert one() == 1\n"
    )
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.setattr(mutate, "SOURCE", tmp_path / "src" / "treadle")
    return tmp_path


def test_a_mutant_is_killed_by_the_tests_themselves(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate.main(["room", "--workers", "1", "--under", "0.2", "--after", "3", "--seed", "2"]) == 0
    said = capsys.readouterr().out
    assert "1 of 1 killed (100.0%); 4 mutants in all" in said, "three were drawn before"
    assert said.count("    by tests/room/test_room.py::test_quick[a b]\n") == 1


SAID = """
a.py::test_slow PASSED
a.py::test_quick[a b] PASSED
========= slowest durations =========
0.30s call     a.py::test_slow
0.01s call     a.py::test_quick[a b]
0.01s setup    a.py::test_quick[a b]
"""


def test_what_killed_most_a_second_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def passes(source: Path, tests: list[str], limit_s: float, *options: str) -> tuple[bool, str]:
        asked.append(tests)
        return len(asked) == 1, SAID if len(asked) == 1 else "FAILED a.py::test_slow - assert 1 == 2"

    monkeypatch.setattr(mutate, "passes", passes)
    suite, case = Suite(Path(), ["a.py"], 0.5), Case(files_of("people/reviews")[0], mutants(SOURCE)[0])
    assert suite.seconds == {"a.py::test_slow": 0.3, "a.py::test_quick[a b]": 0.02}
    assert [suite.killer(case, Path()) for _ in range(2)] == ["a.py::test_slow"] * 2
    assert asked == [
        ["a.py"],
        ["a.py::test_quick[a b]", "a.py::test_slow"],
        ["a.py::test_slow", "a.py::test_quick[a b]"],
    ]
    asked.clear()
    assert list(Suite(Path(), ["a.py"], 0.2).seconds) == ["a.py::test_quick[a b]"]


def test_tests_that_fail_before_anything_is_broken_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "passes", lambda *_: (False, "assert 1 == 2"))
    with pytest.raises(SystemExit, match=r"the tests fail before anything is broken: a\.py\nassert 1 == 2"):
        Suite(Path(), ["a.py"], 0.5)


@pytest.mark.parametrize("room", ["nowhere", "people/nobody"])
def test_an_unknown_room_is_refused(room: str) -> None:
    with pytest.raises(SystemExit, match="there is no"):
        files_of(room)
