"""What a command is told to write stands in the place of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.api.written import new_file
from treadle.errors import StoreError


def test_a_file_that_is_not_there_yet_is_where_it_was_named(tmp_path: Path):
    assert new_file(str(tmp_path / "out.csv"), "--out") == tmp_path / "out.csv"


def test_nothing_is_written_over_and_no_folder_is_made(tmp_path: Path):
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for named, said in (
        (str(tmp_path / "there.csv"), "is there already"),
        (str(tmp_path / "gone"), "is there already"),
        ("/dev/full", "is there already"),
        (str(tmp_path / "no" / "out.csv"), "the folder of"),
        (str(tmp_path), "names no file"),
        (".", "names no file"),
        ("", "names no file"),
    ):
        with pytest.raises(StoreError, match=said) as told:
            new_file(named, "--out")
        assert told.value.where == "--out"
    assert (tmp_path / "there.csv").read_text() == "mine"
