"""The page on features is true."""

from __future__ import annotations

import doctest
from pathlib import Path

import treadle.features

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "features.md"


def test_the_example_of_the_page_is_true() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0 and found.attempted > 15


def test_every_file_of_the_room_stands_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    files = Path(treadle.features.__file__).parent.glob("*.py")
    assert [file.name for file in files if file.name != "__init__.py" and f"`{file.name}`" not in text] == []
