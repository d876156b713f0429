"""Which modules are reached, exactly, in a package of a few lines: each form of an import, and what is left alone."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from treadle.evidence import code
from treadle.evidence.code import Code

ROOM = {
    "room/__init__.py": "from treadle.room.first import f, g as h\nDATA = 1\ndef here(): ...\nclass Here: ...\n",
    "room/first.py": "def f(): ...\ndef g(): ...\n",
    "room/second.py": "def other(): ...\n",
    "room/inner/__init__.py": "",
    "room/inner/third.py": "x = 1\n",
    "__init__.py": "",
    "single.py": "y = 1\n",
    "store/__init__.py": "from treadle.store.refs import Blob\n",
    "store/refs.py": "class Blob: ...\n",
    "evidence/__init__.py": "",
}
WHOLE_ROOM = {"room", "room.first", "room.second", "room.inner", "room.inner.third"}
Reach = Callable[..., Code]
CACHED = ("reached", "_imports", "_homes", "_versions")


def forget() -> None:
    for name in CACHED:
        getattr(code, name).cache_clear()


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reach:
    """What a module of this text reaches."""
    package = tmp_path / "treadle"
    monkeypatch.setattr(code, "PACKAGE", package)

    def reach(text: str, name: str = "root", **more: str) -> Code:
        files = {**ROOM, f"{name.replace('.', '/')}.py": text, **{f"{n}.py": t for n, t in more.items()}}
        for file, content in files.items():
            place = package / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, encoding="utf-8")
        forget()
        return code.reached(f"treadle.{name}")

    yield reach
    forget()


def names(found: Code) -> set[str]:
    return {each.removeprefix("treadle.") for each in found.modules}


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("", set()),
        ("import treadle.single", {"single"}),
        ("import treadle.single as one", {"single"}),
        ("import treadle.room", WHOLE_ROOM),
        ("from treadle.single import y", {"single"}),
        ("from treadle import single", {"single"}),
        ("from treadle.room import second", {"room.second"}),
        ("from treadle.room import f", {"room", "room.first"}),
        ("from treadle.room import h", {"room", "room.first"}),
        ("from treadle.room import g", WHOLE_ROOM),  # the room knows it by another name
        ("from treadle.room import f as mine", {"room", "room.first"}),
        ("from treadle.room import here", {"room"}),
        ("from treadle.room import Here", {"room"}),
        ("from treadle.room import DATA", {"room"}),
        ("from treadle.room import nothing_known", WHOLE_ROOM),
        ("from treadle.room import *", WHOLE_ROOM),
        ("from treadle import room", WHOLE_ROOM),  # nothing is taken of it, so all of it may be
        ("from treadle import room\nroom.f()", {"room", "room.first"}),
        ("from treadle import room as r\nr.second", {"room", "room.second"}),
        ("from treadle import room as r\nroom.second\nr.f", {"room", "room.first"}),
        ("from treadle import room\nroom.f\nroom.second.other", {"room", "room.first", "room.second"}),
        ("def late():\n    from treadle import single", {"single"}),
        ("class C:\n    def f(self):\n        import treadle.single", {"single"}),
        ("if True:\n    pass\nelse:\n    import treadle.single", {"single"}),
        ("try:\n    import treadle.single\nexcept E:\n    import treadle.room.first", {"single", "room.first"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import treadle.single", set()),
        ("import typing\nif typing.TYPE_CHECKING:\n    import treadle.single", set()),
        ("if TYPE_CHECKING:\n    import treadle.single\nelse:\n    from treadle.room import f", {"room", "room.first"}),
        ("from treadle.store import Blob\nimport treadle.evidence\nimport treadle.store.refs", set()),
        ("from treadle.gone import x", set()),
    ],
)  # fmt: skip
def test_each_import_leads_to_where_the_name_is_written(reach: Reach, text: str, reached: set[str]) -> None:
    assert names(reach(text)) == {"root"} | reached


@pytest.mark.parametrize(
    "text",
    [
        "from importlib import import_module",
        "from pkgutil import iter_modules\nfor m in iter_modules([]): ...",
        "x = __import__('a')",
        "from importlib.metadata import version, entry_points",
    ],
)
def test_what_is_found_by_looking_is_looked_for_in_its_own_room(reach: Reach, text: str) -> None:
    assert names(reach(text, "room.seeker")) == WHOLE_ROOM | {"room.seeker"}


def test_what_is_reached_is_followed_in_turn_and_ends(reach: Reach) -> None:
    found = reach("import treadle.a", a="import treadle.b", b="import treadle.root\nfrom treadle.room import f")
    assert names(found) == {"root", "a", "b", "room", "room.first"}
    assert list(found.modules) == sorted(found.modules)


def test_each_module_counts_by_its_text(reach: Reach) -> None:
    text = "import treadle.single\n"
    found = reach(text)
    assert found.modules["treadle.root"] == hashlib.sha256(text.encode()).hexdigest()
    other = reach(text + "#\n")
    assert other.changes(found) == ["treadle.root"] and other.digest != found.digest
    assert reach(text).digest == found.digest


@pytest.mark.parametrize(
    ("text", "libraries"),
    [
        ("", {"numpy"}),
        ("import os, json.decoder\nfrom collections import abc", {"numpy"}),
        ("import msgspec.json", {"numpy", "msgspec"}),
        ("from msgspec import Struct", {"numpy", "msgspec"}),
        ("import no_such_library_anywhere\nfrom neither.this import x", {"numpy"}),
        ("if TYPE_CHECKING:\n    import msgspec", {"numpy"}),
    ],
)
def test_a_library_counts_with_what_it_needs_and_python_itself_apart(
    reach: Reach, text: str, libraries: set[str]
) -> None:
    found = reach(text).libraries
    assert found == {name: version(name) for name in sorted(libraries)}
    whole = reach("import sklearn").libraries
    assert {"scikit-learn", "scipy", "joblib", "numpy"} <= set(whole) and "sklearn" not in whole


def test_a_library_that_is_installed_under_another_name_is_found(reach: Reach) -> None:
    found = reach("import _pytest").libraries
    assert found["pytest"] == version("pytest") and "pluggy" in found and "_pytest" not in found


def test_python_counts_to_its_last_digit(reach: Reach) -> None:
    assert reach("").python == f"{platform.python_implementation()} {platform.python_version()}"


def test_what_differs_is_named_on_both_sides() -> None:
    before = Code({"a": "1", "b": "1"}, {"numpy": "1"}, "CPython 3.11.1")
    now = Code({"b": "2", "c": "1"}, {"numpy": "2", "scipy": "1"}, "CPython 3.11.2")
    assert now.changes(before) == ["a", "b", "c", "numpy", "scipy", "Python CPython 3.11.2"]
    assert now.changes(now) == [] and before.digest != now.digest
