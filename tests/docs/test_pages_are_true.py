"""The examples that stand in the pages are run, as they stand there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
WITHOUT = {"ARCHITECTURE", "benchmarks", "commands", "money-story", "story"}
"""Pages of no room: the map, what is written by code or by a measurement, and stories that tests of their own type."""
ROOM_PAGES = [page for page in PAGES if page.parent.name == "docs" and page.stem not in WITHOUT]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_are_true(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where a reader types them
    found = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert found.failed == 0
    assert found.attempted == len(re.findall(r"^ +>>> ", page.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", ROOM_PAGES, ids=lambda page: page.stem)
def test_a_room_s_page_shows_an_example_and_the_theory_behind_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert ">>> " in text
    assert "sentence of theory behind" in text.replace("\n", " ")
