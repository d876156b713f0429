"""A file that a user names beside a project: what the project says of its columns holds of it too."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from treadle.errors import DataError
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


def test_codes_stay_as_they_are_written_where_they_are_known_to_be_texts(tmp_path: Path) -> None:
    codes = ["007", "1.10", "1e5", "TRUE", "01.02.2024"]
    for code in codes:
        (tmp_path / "t.csv").write_text(f"code,n\n{code},007\n-,008\n")
        said = Layout(null_values={"code": ("-",)})
        found = read_own(tmp_path / "t.csv", said, texts=frozenset({"code", "other"}))
        assert found.rows() == [(code, 7), (None, 8)]


@pytest.mark.parametrize("given", ["https://h/x.csv", "s3://b/x.csv", "postgresql://u:s3cret@h/d", "sqlite:x.db"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_url_in_place_of_a_file_is_told(given: str, kind: type) -> None:
    with pytest.raises(DataError, match="a URL is no file of this machine") as bad:
        read_own(kind(given), where="--from")
    assert "s3cret" not in f"{bad.value}" and "project file" in bad.value.mend


def test_a_file_may_be_called_as_a_url_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sqlite:x.csv").write_text("a\n1\n")
    assert read_own("sqlite:x.csv").height == 1
