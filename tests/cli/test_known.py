"""The list of commands that stands beside the operations: current, not believed where it is not, and enough."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from treadle.api import GROUPS, OPERATIONS
from treadle.cli import known
from treadle.cli.sections import REST, SECTIONS

OTHERS = "import sys; sys.argv = ['treadle', *{words}]; from treadle.cli import main\n"
TOLD = """
try:
    main()
except SystemExit:
    pass
print(*sorted(name for name in sys.modules if name.startswith('treadle.api.')), file=sys.stderr)
"""


def imported(*words: str) -> list[str]:
    code = OTHERS.format(words=list(words)) + TOLD
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [name.removeprefix("treadle.api.") for name in done.stderr.split()]


def test_it_is_that_of_the_operations() -> None:
    kept = msgspec.json.decode(known.FILE.read_bytes(), type=known.Commands)
    assert kept == known.made(), "make docs"
    assert {each.name for each in kept.commands} == set(OPERATIONS) and kept.groups == GROUPS


def test_each_command_is_found_in_the_module_that_it_names() -> None:
    for each in known.commands().commands:
        assert OPERATIONS[each.name].body.__module__ == f"treadle.api.{each.module}"
        assert OPERATIONS[each.name].doc.startswith(each.text) and each.text


@pytest.mark.parametrize("content", [b"", b"{", b'{"made_of": 3}', None], ids=["empty", "cut", "wrong", "missing"])
def test_a_damaged_list_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    file = tmp_path / "commands.json"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(known, "FILE", file)
    assert known.commands() == known.made()


def test_a_list_of_other_sources_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "commands.json"
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(known.made(), made_of="0" * 64, commands=())))
    monkeypatch.setattr(known, "FILE", file)
    assert known.commands() == known.made()


def test_what_registers_an_operation_counts_and_what_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "looms.py"
    monkeypatch.setattr(known, "_OPERATIONS", tmp_path)

    def made_of(text: str) -> str:
        source.write_text(text)
        return known.made().made_of

    text = '@operation(\n    "looms",\n)\ndef looms():\n    """Count."""\n    return 1\ngroup("looms", "Looms.")\n'
    first = made_of(text)
    assert made_of(text.replace("return 1", "return 2")) == first
    for old, new in (('"looms",\n', '"loom",\n'), ("Count.", "Weigh."), ("Looms.", "All looms.")):
        assert made_of(text.replace(old, new)) != first
    source.rename(tmp_path / "others.py")
    assert known.made().made_of != first


def test_each_first_word_stands_in_one_section_of_the_help() -> None:
    named = [word for several in SECTIONS.values() for word in several]
    assert sorted(named) == sorted({name.split()[0] for name in OPERATIONS}), "name a new one in cli/sections.py"
    said = subprocess.run(
        [sys.executable, "-m", "treadle", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert REST not in said and "..." not in said.partition("Begin:")[2]
    at = [said.index(f"\n{title}:\n") for title in SECTIONS]
    assert at == sorted(at)


def test_help_imports_no_operation_and_a_command_its_own_module() -> None:
    assert imported("--help") == ["operation"]
    assert imported("costs", "--help") == ["evidence", "operation"]
    assert "data" not in imported("models", "list", "no/such/project")
