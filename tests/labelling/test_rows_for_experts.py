"""Which rows experts are asked about: where a decision is dear to get wrong, and where slices cost too much."""

from __future__ import annotations

import numpy as np
import polars as pl

from treadle.labelling import Choosing, chosen_rows, drawn, named
from treadle.scoring import task_of


def choosing(p: list[float], label: list[float], *, missed: float = 3.0, **columns: list[str]) -> Choosing:
    return Choosing(
        task=task_of("classification", ()),
        p=np.array(p),
        label=np.array(label),
        frame=pl.DataFrame(columns or {"n": list(range(len(p)))}),
        labels=("no", "yes"),
        threshold=1 / (1 + missed),
        missed=missed,
        false_alarm=1.0,
        currency="EUR",
    )


def sorts(found: dict[int, list[object]], position: int) -> set[str]:
    return {each.sort for each in found[position]}  # type: ignore[attr-defined]


def test_uncertain_is_where_the_best_decision_is_expected_to_cost_most() -> None:
    found = chosen_rows(choosing([0.01, 0.26, 0.5, 0.9], [0.0, 0.0, 1.0, 1.0]), 1)
    assert list(found) == [1], "not at one half: a missed one costs three times a false alarm"
    assert found[1][-1].text == "uncertain: no (74 %) by the model, whose best decision is expected to cost 0.74 EUR"


def test_a_costly_error_is_dear_and_was_least_believed() -> None:
    asked = choosing([0.02, 0.2, 0.99, 0.01], [1.0, 1.0, 0.0, 0.0])
    found = chosen_rows(asked, 5)
    assert next(iter(found)) == 0 and "costly" in sorts(found, 0)
    assert found[0][0].text == "costly error: yes in the source, no (98 %) by the model (3 EUR)"
    assert [row for row in found if "costly" in sorts(found, row)] == [0, 1, 2]
    assert "costly" not in sorts(found, 3), "what was decided as the source has it cost nothing"


def test_an_odd_slice_costs_beyond_what_the_model_expects() -> None:
    kind = ["a"] * 200 + ["b"] * 60
    label = [0.0] * 200 + [1.0, 0.0] * 30
    found = chosen_rows(choosing([0.05] * 260, label, kind=kind), 100)
    odd = [row for row in found if "odd" in sorts(found, row)]
    assert odd and all(row >= 200 for row in odd)
    text = next(each.text for each in found[odd[0]] if each.sort == "odd")
    assert text == "odd slice, kind = b: a row costs 1.5 there, and 0.15 was expected (60 rows)"
    calm = chosen_rows(choosing([0.05] * 260, [0.0] * 260, kind=kind), 100)
    assert not any("odd" in sorts(calm, row) for row in calm)


def test_no_more_than_asked_and_each_once() -> None:
    random = np.random.default_rng(3)
    p = random.random(500)
    asked = choosing(list(p), list((random.random(500) < p).astype(float)))
    for rows in (0, 1, 7, 100, 2000):
        found = chosen_rows(asked, rows)
        assert len(found) == min(rows, 500)
    assert chosen_rows(asked, 7) == chosen_rows(asked, 7)


def test_several_classes_and_amounts_are_asked_about_too() -> None:
    classes = Choosing(
        task=task_of("multiclass", ("a", "b", "c")),
        p=np.array([[0.9, 0.05, 0.05], [0.34, 0.33, 0.33], [0.0, 0.1, 0.9]]),
        label=np.array([2.0, 0.0, 2.0]),
        frame=pl.DataFrame({"n": [1, 2, 3]}),
        labels=("a", "b", "c"),
        threshold=0.0,
        missed=1.0,
        false_alarm=1.0,
        currency="USD",
    )
    found = chosen_rows(classes, 2)
    assert set(found) == {0, 1} and found[0][0].text.startswith("costly error: c in the source, a (90 %)")
    amounts = Choosing(
        task=task_of("regression", ()),
        p=np.array([1.0, 2.0, 3.0]),
        label=np.array([1.0, 12.0, 3.5]),
        frame=pl.DataFrame({"n": [1, 2, 3]}),
        labels=(),
        threshold=0.0,
        missed=1.0,
        false_alarm=1.0,
        currency="USD",
    )
    assert list(chosen_rows(amounts, 1)) == [1]
    assert chosen_rows(amounts, 1)[1][0].text == "costly error: 12 in the source, 2 by the model (10 off)"


def test_an_audit_is_drawn_by_chance_alone_and_the_same_for_a_seed() -> None:
    assert drawn(range(100, 200), 10, 7) == drawn(range(100, 200), 10, 7)
    assert len(set(drawn(range(100, 200), 10, 7))) == 10 and drawn([5, 6], 10, 1) == [5, 6] and drawn([], 3, 1) == []
    assert sum(row in drawn(range(10), 2, seed) for seed in range(500) for row in range(5)) in range(430, 570)


def test_names_of_rows_are_no_numbers_nor_days() -> None:
    names = {named(str(key)) for key in range(20_000)}
    assert len(names) == 20_000 and all(name[0] == "r" and name.isalnum() for name in names)
