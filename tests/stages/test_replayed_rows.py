"""Rows set aside by several readings, and what a mend, a drop, a replay and further readings leave of each key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aside_shop import BY, FILES, KEEP, REFUSE, RULES, WHOLE, Place, Row

from treadle.errors import DataError
from treadle.exploring.quarantined import show_aside


@pytest.mark.parametrize(
    ("said", "wanted"), [(BY, (5, 4, 2)), (FILES, (5, 4, 2)), (KEEP, (5, 2, 1))], ids=["by", "files", "keep"]
)
@pytest.mark.parametrize("first", [(5, 2, -1), (5, 1, 7)], ids=["all aside", "one is kept"])
def test_a_key_that_two_readings_set_aside_is_replayed_once(tmp_path: Path, said: str, wanted: Row, first: Row) -> None:
    it = Place(tmp_path / "shop", said)
    it.read((1, 1, 2), first)
    if first[2] > 0:
        it.read((5, 2, -1))
    it.read((5, 4, -2), (2, 3, 2))
    assert it.aside == [(5, 2, -1), (5, 4, -2)]
    it.mend("v=0-v")
    assert it.replay().left == 0
    assert it.kept == [(1, 1, 2), (2, 3, 2), first if said == KEEP and first[2] > 0 else wanted]
    assert it.aside == []


def test_where_the_order_was_mended_the_larger_cursor_counts(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (5, 2, -1))
    it.read((5, 4, -2))
    it.mend("v=0-v")
    it.mend("t=9", "t = 2")
    it.replay()
    assert it.kept == [(1, 1, 1), (5, 9, 1)]


def test_a_source_that_refuses_a_key_twice_refuses_it_of_a_replay_too(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop", REFUSE)
    it.read((1, 1, 1), (5, 2, -1))
    it.read((5, 4, -2))
    it.mend("v=0-v")
    with pytest.raises(DataError, match="2 rows have a key that is there already, such as k 5"):
        it.replay()
    it.mend("t=4", "t = 2")
    it.mend("v=1")
    it.replay()  # equal rows are one
    assert it.kept == [(1, 1, 1), (5, 4, 1)]


def test_rows_that_a_changed_contract_sets_aside_come_before_those_that_are_new(tmp_path: Path) -> None:
    """They were read before, and of two with one key the first read counts here."""
    it = Place(tmp_path / "shop", KEEP)
    it.read((1, 1, 9), (5, 2, 3))
    (it.folder / "e.yaml").write_text(RULES.replace("minimum: 0", "minimum: 5"), encoding="utf-8")
    it.read((5, 4, 1))
    assert it.kept == [(1, 1, 9)] and it.aside == [(5, 2, 3), (5, 4, 1)]
    it.mend("v=v+9")
    it.replay()
    assert it.kept == [(1, 1, 9), (5, 2, 12)]


def test_rows_of_a_key_whose_type_changed_since_are_refused_in_a_sentence(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop", WHOLE)
    (it.folder / "e.csv").write_text("k,t,v\n1,1,1\nA7,2,2\n", encoding="utf-8")
    it.read()
    text = RULES.replace("k, logicalType: integer", "k, logicalType: string")
    (it.folder / "e.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="k is of type Int64 in the table, and of type String in the rows set aside"):
        it.replay()
    it.mend("k='7'")
    it.replay()
    assert it.kept == [(1, 1, 1), (7, 2, 2)]


def test_as_many_rows_are_shown_as_are_asked_for_of_all_readings_together(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    it.read((1, 1, -1))
    it.read((2, 2, -2), (3, 3, -3))
    found = it.do(show_aside, "e", None, 2)
    assert ([row.values["k"] for row in found.rows], found.more, found.all) == (["1", "2"], 1, 3)


def test_a_new_row_may_point_to_one_that_an_earlier_reading_kept(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    own = RULES.replace("{minimum: 0}}", "{minimum: 0}, relationships: [{to: e.k}]}")
    (it.folder / "e.yaml").write_text(own, encoding="utf-8")
    it.read((1, 1, 1))
    it.read((2, 2, 1), (3, 3, 9))
    assert it.kept == [(1, 1, 1), (2, 2, 1)] and it.aside == [(3, 3, 9)]


@pytest.mark.parametrize("said", [BY, FILES], ids=["by", "files"])
def test_the_next_reading_goes_on_from_what_was_mended_and_dropped(tmp_path: Path, said: str) -> None:
    it = Place(tmp_path / "shop", said)
    it.read((1, 1, 1), (2, 2, -1), (3, 3, -5))
    it.drop("v = -1")
    it.mend("v=5")
    it.read((4, 4, 4))
    assert it.aside == it.mended == [(3, 3, 5)]
    it.read((5, 5, -9))
    assert it.aside == [(3, 3, 5), (5, 5, -9)] and it.mended == [(3, 3, 5)]
    it.replay()
    assert it.kept == [(1, 1, 1), (3, 3, 5), (4, 4, 4)] and it.aside == [(5, 5, -9)]


def test_a_contract_that_changed_takes_no_mend_back(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (2, 2, 2), (3, 3, -5))
    it.mend("v=7")
    (it.folder / "e.yaml").write_text(RULES.replace("minimum: 0", "minimum: 2"), encoding="utf-8")
    it.read()
    assert it.kept == [(2, 2, 2)] and it.aside == [(1, 1, 1), (3, 3, 7)] and it.mended == [(3, 3, 7)]


def test_a_mend_amid_a_reading_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import treadle.stages.increments as increments

    it = Place(tmp_path / "shop")
    it.read((1, 1, 1), (3, 3, -5))
    real = increments.keep_rows

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(increments, "keep_rows", real)
        it.mend("v=5")
        return real(*given)

    monkeypatch.setattr(increments, "keep_rows", meanwhile)
    it.read((4, 4, 4))
    assert it.kept == [(1, 1, 1), (4, 4, 4)] and it.aside == it.mended == [(3, 3, 5)]
    failed = it.do(lambda each: each.chain.find(subject="source/e", status="failed"))
    assert [each.error for each in failed] and "set aside were changed meanwhile" in failed[0].error


def test_a_source_that_is_read_whole_again_tells_that_what_was_decided_begins_anew(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop")
    assert it.read((1, 1, 1), (2, 2, -1), (3, 3, -5), (4, 4, -6)).payload.warnings == ()
    assert it.read(full=True).payload.warnings == (), "nothing was decided"
    it.drop("v = -1")
    it.mend("v=0-v")
    it.replay()
    (told,) = it.read(full=True).payload.warnings
    assert "begins anew (1 dropped, 2 mended, 2 replayed before): treadle data quarantine show e " in told
    assert it.aside == [(2, 2, -1), (3, 3, -5), (4, 4, -6)]
    assert it.read(full=True).payload.warnings == ()
