"""Rows set aside under a rule whose bound changed since: one rule, with the bound that they met."""

from __future__ import annotations

from pathlib import Path

from aside_shop import KEEP, RULES, Place
from rich.console import Console

from treadle.cli.show.quarantine import show_list
from treadle.exploring.found import Aside, AsideBound, AsideRule
from treadle.exploring.quarantined import list_aside, show_aside


def bound(place: Place, minimum: int) -> None:
    text = RULES.replace("minimum: 0", f"minimum: {minimum}")
    (place.folder / "e.yaml").write_text(text, encoding="utf-8")


def listed(place: Place) -> Aside:
    return next(each for each in place.do(list_aside).sources if each.source == "e")


def test_a_rule_whose_bound_changed_is_one_rule(tmp_path: Path) -> None:
    place = Place(tmp_path, KEEP)
    place.read((1, 1, -1), (2, 2, -2), (3, 3, 50))
    assert listed(place).rules == [AsideRule("v_range", "v must be at least 0", 2)]
    bound(place, 10)
    assert listed(place).rules[0].met == [AsideBound("v must be at least 0", 2)], "the rows met another bound than now"
    place.read((4, 4, 5), (5, 5, 20))
    found = listed(place)
    assert found.rows == 3
    (rule,) = found.rules
    assert (rule.rule, rule.text, rule.rows) == ("v_range", "v must be at least 10", 3)
    assert rule.met == [AsideBound("v must be at least 0", 2), AsideBound("v must be at least 10", 1)]
    assert place.do(show_aside, "e", "v_range", 9).all == 3
    out = Console(record=True, width=120)
    show_list(place.do(list_aside), out)
    shown = out.export_text()
    assert (
        shown.count("v_range") == 1 and "2 met: v must be at least 0" in shown and "now: v must be at least 10" in shown
    )


def test_a_contract_that_lost_the_rule_or_cannot_be_read(tmp_path: Path) -> None:
    place = Place(tmp_path, KEEP)
    place.read((1, 1, -1), (2, 2, 3))
    file = place.folder / "e.yaml"
    for text in (RULES.replace(", logicalTypeOptions: {minimum: 0}", ""), "{"):
        file.write_text(text, encoding="utf-8")
        assert listed(place).rules == [AsideRule("v_range", "v must be at least 0", 1)]


def at_least(place: Place, minimum: int) -> None:
    (place.folder / "e.yaml").write_text(RULES.replace("minimum: 0", f"minimum: {minimum}"), encoding="utf-8")


def test_a_contract_that_is_set_back_brings_no_row_back_until_it_is_replayed(tmp_path: Path) -> None:
    """It came back for one reading, and was gone without a word with the next row."""
    it = Place(tmp_path / "shop")
    it.read((1, 1, 5), (2, 2, 9))
    at_least(it, 6)
    assert it.read().payload.table.rows == 1
    at_least(it, 0)
    again = it.read()
    assert again.payload.table.rows == 1 and it.aside == [(1, 1, 5)]
    assert it.read().hash == again.hash, "and once it is read so, it is not read again"
    assert it.read((3, 3, 1)).payload.table.rows == 2 and it.aside == [(1, 1, 5)]
    it.replay()
    assert it.kept == [(1, 1, 5), (2, 2, 9), (3, 3, 1)]


def test_rows_are_held_again_to_the_rules_before_those_that_let_them_in(tmp_path: Path) -> None:
    """Nothing came while the laxer rules held: what was kept by them was taken to be held to the stricter ones."""
    it = Place(tmp_path / "shop")
    at_least(it, 6)
    it.read((1, 1, 5), (2, 2, 9))
    at_least(it, 0)
    it.read()
    it.replay()
    at_least(it, 6)
    it.read((3, 3, 7))
    assert it.kept == [(2, 2, 9), (3, 3, 7)] and it.aside == [(1, 1, 5)]
