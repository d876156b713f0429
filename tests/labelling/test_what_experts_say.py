"""What persons say of rows: taken in their own name, the newest counts, and what stands against it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked_rows import QUEUE, ROWS, given, record, said
from msgspec.structs import replace

from treadle.errors import AccessError
from treadle.labelling import SettledRow, refuse_no_labeller, say, settle, settled_rows, taken_words, verdicts, words
from treadle.spec import Brief, Experts, People, Predict, ProjectSpec, Source


def test_each_says_it_in_their_own_name_and_the_newest_counts(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    first = said(chain, asked, "lin", given("1", "YES"), given("2", " no "))
    assert (first.rows, first.same, first.conflicts) == (2, 0, ())
    assert said(chain, asked, "bo", given("1", "no")).rows == 1
    assert said(chain, asked, "lin", given("2", "no")).same == 1, "the same once more is no new entry"
    said(chain, asked, "lin", given("1", "no", comment="asked her"))
    with chain.reading() as reader:
        found = words(reader, "shop")
        assert words(reader, "elsewhere") == {}
    assert verdicts(found, "1") == {"bo": "no", "lin": "no"}
    assert found["1"]["lin"].said.comment == "asked her"
    said(chain, asked, "lin", given("1"))
    with chain.reading() as reader:
        assert set(words(reader, "shop")["1"]) == {"bo"}, "nothing at all takes it back"


def test_a_row_of_which_all_was_taken_back_is_labelled_anew_by_who_sees_nothing_said(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    seen = said(chain, asked, "lin", given("1", "yes")).entry
    said(chain, asked, "lin", given("1"))
    (old,) = said(chain, asked, "lin", given("1", "no", seen=seen)).conflicts
    assert "meanwhile, elsewhere: nothing" in old.what, "a sheet from before it was taken back"
    assert said(chain, asked, "lin", given("1", "no", seen=0)).rows == 1
    with chain.reading() as reader:
        assert verdicts(words(reader, "shop"), "1") == {"lin": "no"}


@pytest.mark.parametrize("label", ["1,250", "-1,250,000", "12,500"])
def test_an_amount_that_may_be_two_is_none(tmp_path: Path, label: str) -> None:
    chain, asked = record(tmp_path)
    amounts = replace(QUEUE, labels=())
    (wrong,) = say(chain, "shop", [amounts], asked, [given("1", label)], "sheet").conflicts
    assert f'"{label}" may be two numbers' in wrong.what and "12.5" in wrong.mend
    assert say(chain, "shop", [amounts], asked, [given("1", "1,25"), given("2", "0,125")], "sheet").rows == 2


@pytest.mark.parametrize(
    ("row", "what", "mend"),
    [
        (given("1", "yess"), '"yess" is no label', 'did you mean "yes"?'),
        (given("rx", "yes"), "no row that experts were asked about", "experts queue"),
        (given("1", implausible="amout"), '"amout" is no feature', 'did you mean "amount"?'),
        (given("1", comment="x" * 2001), "2,001 characters", "fewer"),
    ],
)
def test_what_cannot_be_taken_is_told_by_its_row_and_the_rest_is_taken(
    tmp_path: Path, row: object, what: str, mend: str
) -> None:
    chain, asked = record(tmp_path)
    found = said(chain, asked, "lin", row, given("3", "no"))  # type: ignore[arg-type]
    assert found.rows == 1 and what in found.conflicts[0].what and mend in found.conflicts[0].mend


@pytest.mark.parametrize(
    ("word", "label"),
    [(w, "yes") for w in ("oui", "TRUE", "1", "vrai", "Ja", "y")] + [(w, "no") for w in ("non", "False", "0", "nein")],
)
def test_no_and_yes_are_taken_as_people_and_spreadsheets_write_them(tmp_path: Path, word: str, label: str) -> None:
    chain, asked = record(tmp_path)
    assert said(chain, asked, "lin", given("1", word)).rows == 1
    with chain.reading() as reader:
        assert verdicts(words(reader, "shop"), "1") == {"lin": label}


def test_words_for_yes_are_no_labels_where_labels_are_other_words() -> None:
    assert replace(QUEUE, labels=("oui", "peut-être")).label("yes") == ""
    assert replace(QUEUE, labels=("0", "1", "2")).label("1") == "1"


def test_that_somebody_cannot_say_is_kept_and_counts_for_no_label(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    found = said(chain, asked, "lin", given("1", "Cannot say"), given("2", "no"))
    assert (found.rows, found.conflicts) == (2, ())
    with chain.reading() as reader:
        now = words(reader, "shop")
    assert now["1"]["lin"].said.unsure and verdicts(now, "1") == {}
    assert [each.key for each in settled_rows(now, Experts())] == ["2"]
    assert said(chain, asked, "lin", given("1", "cannot say")).same == 1
    said(chain, asked, "lin", given("1"))
    with chain.reading() as reader:
        assert "1" not in words(reader, "shop"), "and it is taken back as all else is"
    assert replace(QUEUE, labels=("cannot say", "yes")).label("cannot say") == "cannot say"


def test_a_refusal_names_the_row_by_its_key_and_its_time(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    (wrong,) = said(chain, asked, "lin", given("1", "yess")).conflicts
    assert (wrong.key, wrong.called) == ("1", f"1 at 2024-05-01 09:00 ({ROWS['1']})")
    assert said(chain, asked, "lin", given("rx", "yes")).conflicts[0].called == "rx"


def test_a_row_that_stands_twice_and_differs_is_taken_neither_way(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    found = said(chain, asked, "lin", given("1", "yes"), given("1", "no"), given("2", "no"), given("2", "no"))
    assert found.rows == 1 and [each.row for each in found.conflicts] == [given("1").row]


def test_a_row_changed_in_two_places_is_a_conflict_unless_both_say_alike(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    seen = said(chain, asked, "lin", given("1", "yes", seen=0), given("2", "yes", seen=0)).entry
    said(chain, asked, "lin", given("1", "no", seen=seen))  # on the page
    stale = said(chain, asked, "lin", given("1", "", comment="?", seen=seen), given("2", "no", seen=seen))
    assert stale.rows == 1 and "meanwhile" in stale.conflicts[0].what and "no" in stale.conflicts[0].what
    same = said(chain, asked, "lin", given("1", "no", seen=seen))
    assert (same.rows, same.same, same.conflicts) == (0, 1, ())


def test_a_row_that_was_left_as_it_was_shown_takes_nothing_back(tmp_path: Path) -> None:
    """A sheet that somebody forgot, with rows labelled since on the page, must not empty them."""
    chain, asked = record(tmp_path)
    seen = said(chain, asked, "lin", given("1", "yes", seen=0)).entry
    said(chain, asked, "lin", given("1", "no", seen=seen), given("2", "yes"))
    found = said(chain, asked, "lin", given("1", "yes", seen=seen), given("2", seen=0), given("3", seen=0))
    assert (found.rows, found.conflicts) == (0, ())
    with chain.reading() as reader:
        now = words(reader, "shop")
    assert verdicts(now, "1") == {"lin": "no"} and verdicts(now, "2") == {"lin": "yes"} and "3" not in now


def test_a_rule_that_was_said_beforehand_settles_it(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    said(chain, asked, "lin", given("1", "yes"), given("2", "yes"), given("3", implausible="row"))
    said(chain, asked, "bo", given("1", "no"), given("2", comment="no idea"), given("3", implausible="row, amount"))
    with chain.reading() as reader:
        found = words(reader, "shop")
    by = {each.key: each for each in settled_rows(found, Experts())}
    assert set(by) == {"2", "3"}, "of two who differ nobody is right: a third is asked"
    assert by["2"] == SettledRow(key="2", label="yes", how="alone", by=("lin",)), "a comment is no label"
    assert by["3"] == SettledRow(key="3", label="", how="all", by=("bo", "lin"))
    newest = {each.key: each.label for each in settled_rows(found, Experts(rule="newest"))}
    assert newest["1"] == "no"
    assert {each.key for each in settled_rows(found, Experts(least=2))} == {"3"}
    trust = {each.key: each for each in settled_rows(found, Experts(rule="trusted", trusted=("grace", "lin")))}
    assert trust["1"].label == "yes" and trust["1"].how == "lin"
    said(chain, asked, "grace", given("1", "no"))
    with chain.reading() as reader:
        third = {each.key: each for each in settled_rows(words(reader, "shop"), Experts())}
    assert third["1"] == SettledRow(key="1", label="no", how="majority", by=("bo", "grace"))


def test_no_rule_makes_a_label_that_nobody_said() -> None:
    for rule in ("majority", "unanimous", "trusted", "newest"):
        for told in ({}, {"a": "x"}, {"a": "x", "b": "y"}, {"a": "x", "b": "y", "c": "y"}):
            for trusted in ((), ("b",), ("z",)):
                found = settle(told, rule, trusted=trusted)
                assert found.label in (*told.values(), "") and bool(found.label) == (found.how != "open")


def test_a_project_says_whose_word_is_taken() -> None:
    people = People(owner="ada", roles={"domain_expert": ("lin",)})
    spec = ProjectSpec(
        project="shop",
        brief=Brief(people=people),
        sources={"orders": Source(read="orders.csv")},
        predict=Predict(name="back", each="orders", label="back"),
        experts=Experts(roles=("domain_expert",)),
    )
    refuse_no_labeller(spec, "lin")
    with pytest.raises(AccessError, match="ada does not hold domain_expert") as bad:
        refuse_no_labeller(spec, "ada")
    assert "lin" in bad.value.mend


def test_a_word_of_who_may_not_label_is_not_settled(tmp_path: Path) -> None:
    """Who spoke before `roles` was narrowed was refused from then on, and their old word stood."""
    chain, asked = record(tmp_path)
    said(chain, asked, "sam", given("1", "yes"), given("2", "no"))
    said(chain, asked, "lin", given("2", "yes"))
    spec = ProjectSpec(
        project="shop",
        brief=Brief(people=People(owner="ada", roles={"expert": ("lin",), "lead": ("sam",)})),
        sources={"s": Source(read="s.csv")},
        predict=Predict(name="y", each="s", label="y"),
    )
    narrow = replace(spec, experts=Experts(roles=("expert",)))
    with chain.reading() as reader:
        every = words(reader, "shop")
    assert taken_words(every, spec) == every
    (row,) = settled_rows(taken_words(every, narrow), narrow.experts)
    assert (row.key, row.label, row.how, row.by) == ("2", "yes", "alone", ("lin",))
    wider = replace(spec, experts=Experts(roles=("expert", "lead")))
    assert taken_words(every, wider) == every
