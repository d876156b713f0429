"""Which of unlike values counts, by rule; and a line for each choice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from matching_people import entity, found_in, table

from treadle.errors import DataError
from treadle.matching import Decision, Reconciled

FRAMES = {
    "crm": table(
        id=[1, 2, 3],
        who=["a", "a", "b"],
        city=["Ulm", "ULM ", None],
        street=["Main St", None, "Hill"],
        seen=[dt.date(2024, 1, 1), dt.date(2024, 3, 1), dt.date(2024, 5, 1)],
    ),
    "web": table(
        id=[1, 2],
        who=["a", "b"],
        city=["Bonn", "Köln"],
        street=["Main Street 5", "Hill"],
        seen=[dt.date(2024, 2, 1), None],
    ),
}
FIELDS = {"who": "who", "city": "city", "street": "street", "seen": "seen"}


def settled(rule: Any, *decisions: Decision, **frames: pl.DataFrame) -> Reconciled:
    said = entity(**{"from": {"crm": FIELDS, "web": FIELDS}, "match": {"exact": ["who"]}, "settle": {"city": rule}})
    return found_in(said, {**FRAMES, **frames}, decisions)


def city(found: Reconciled) -> list[str | None]:
    return found.rows["city"].to_list()


def chosen(found: Reconciled, field: str = "city") -> list[tuple[Any, ...]]:
    lines = found.choices.filter(field=field)
    return list(lines.select("entity_id", "value", "record", "rule", "others").iter_rows())


def test_majority_counts_values_as_they_are_compared() -> None:
    found = settled("majority")
    assert city(found) == ["Ulm", "Köln"] and found.rows["rows"].to_list() == [3, 2]
    assert chosen(found) == [("crm:1", "Ulm", "crm:1", "majority", "web:1=Bonn")]


def test_the_newest_by_a_field_of_time() -> None:
    assert city(settled({"newest": "seen"})) == ["ULM ", "Köln"]
    found = settled({"newest": "seen"}, web=FRAMES["web"].with_columns(seen=pl.lit(dt.date(2025, 1, 1))))
    assert city(found) == ["Bonn", "Köln"]
    assert chosen(found) == [("crm:1", "Bonn", "web:1", "newest seen", "crm:1=Ulm | crm:2=ULM ")]


def test_a_row_without_a_time_is_never_the_newest() -> None:
    never = pl.lit(None, pl.Date)
    web = FRAMES["web"].with_columns(seen=never)
    assert city(settled({"newest": "seen"}, web=web)) == ["ULM ", "Köln"]
    assert city(settled({"newest": "seen"}, web=web, crm=FRAMES["crm"].with_columns(seen=never))) == ["Ulm", "Köln"]


def test_the_most_trusted_source_that_has_a_value() -> None:
    assert city(settled({"trusted": ["web"]})) == ["Bonn", "Köln"]
    assert city(settled({"trusted": ["crm"]})) == ["Ulm", "Köln"]


def test_the_longest_text() -> None:
    found = settled("longest")
    assert found.rows["street"].to_list() == ["Main St", "Hill"] and city(found)[0] in ("ULM ", "Bonn")
    said = entity(**{"from": {"crm": FIELDS, "web": FIELDS}, "match": {"exact": ["who"]}, "otherwise": "longest"})
    assert found_in(said, FRAMES).rows["street"].to_list() == ["Main Street 5", "Hill"]


def test_where_all_agree_no_choice_is_told() -> None:
    assert chosen(settled("majority"), "who") == [] and chosen(settled("majority"), "street")[0][1] == "Main St"


def test_a_person_says_which_value_counts_and_the_last_word_is_theirs() -> None:
    first = Decision("set", "crm:2", field="city", value="Jena", by="ada", reason="asked")
    found = settled("majority", first)
    assert city(found) == ["Jena", "Köln"]
    assert chosen(found) == [("crm:1", "Jena", None, "set by ada: asked", "crm:1=Ulm")]
    last = Decision("set", "web:1", field="city", value=None, by="lin", reason="moved")
    assert city(settled("majority", first, last)) == [None, "Köln"]
    day = Decision("set", "crm:1", field="seen", value="2020-02-29", by="ada", reason="x")
    assert settled("majority", day).rows["seen"].to_list()[0] == dt.date(2020, 2, 29)


def test_a_value_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="'soon' is no value of seen, which is date"):
        settled("majority", Decision("set", "crm:1", field="seen", value="soon"))


def test_a_row_that_is_gone_is_told_of() -> None:
    found = settled("majority", Decision("set", "crm:99", field="city", value="x", by="ada"))
    assert found.notes == ("city of crm:99 is 'x' (ada): there is no such row any more",)
