"""A file that a user names beside a project: what the project says of its columns holds of it too."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from treadle.sources import read_own
from treadle.spec import Layout

SAID = Layout(
    separator=";", null_values={"age": ("unknown",), "gone": ("-",)}, date_format={"when": "%m/%d/%Y", "lost": "%Y"}
)


def test_columns_are_read_as_the_project_says_and_others_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("age,when\n5,05/04/2024\nunknown,05/05/2024\n")
    found = read_own(tmp_path / "t.csv", SAID)
    assert found.rows() == [(5, date(2024, 5, 4)), (None, date(2024, 5, 5))]


def test_a_date_that_is_never_read_in_two_ways_is_read_whatever_the_project_says(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"age": 5, "when": "2024-05-04"}\n')
    assert read_own(tmp_path / "t.jsonl", SAID).rows() == [(5, date(2024, 5, 4))]
