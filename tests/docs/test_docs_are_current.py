"""What the documents say of commands, settings and files is so."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from treadle.api import OPERATIONS

ROOT = Path(__file__).parents[2]
ROOMS = sorted(p.parent.name for p in (ROOT / "src" / "treadle").glob("*/__init__.py"))
ON_ANOTHER = {"cli": "api", "web": "api", "costs": "people", "replay": "serving", "hosting": "serving",
              "drafting": "spec", "onetable": "fit", "estimators": "training", "history": "evidence",
              "exploring": "data", "profiling": "data", "likeness": "data", "mapping": "sources",
              "backends": "store", "testing": "store", "tiering": "upkeep", "filing": "knowledge",
              "labelling": "experts",
              "stages": "ARCHITECTURE", "packing": "models", "scoring": "models", "pages": "ARCHITECTURE"}  # fmt: skip
"""Rooms that are told of on another room's page."""
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "docs" / "make.py")
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_the_reference_of_commands_is_current(make: ModuleType) -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == make.commands(), "run `make docs`"


def test_the_json_schema_is_current(make: ModuleType) -> None:
    assert (ROOT / "docs" / "schema.json").read_text(encoding="utf-8") == make.schema(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    words = {found.words[0] for found in OPERATIONS.values()}
    for command in re.findall(r"(?:^    |`)treadle ([a-z]+)", text, re.MULTILINE):
        assert command in words, f"treadle {command}"


def test_every_room_has_a_page() -> None:
    missing = [room for room in ROOMS if not (ROOT / "docs" / f"{ON_ANOTHER.get(room, room)}.md").is_file()]
    assert not missing


@pytest.mark.parametrize("room", ON_ANOTHER)
def test_a_room_without_a_page_of_its_own_has_its_sentence_of_theory(room: str) -> None:
    text = (ROOT / "docs" / f"{ON_ANOTHER[room]}.md").read_text(encoding="utf-8")
    assert room in ROOMS
    assert f"sentence of theory behind `{room}`" in " ".join(text.split())


@pytest.mark.parametrize("command", sorted(OPERATIONS))
def test_each_command_has_help(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "treadle", *command.split(), "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: ") and "--json" in done.stdout
