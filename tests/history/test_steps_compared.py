"""Two models' steps held against each other: of what a project has several of, each; and what all of them cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from treadle.evidence import Entry
from treadle.evidence.entry import Price
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.history.comparing import _by_name, _change, _half_width, _side
from treadle.money import Money
from treadle.store import Blob
from treadle.workspace import Workspace

JUDGED = ModelEvaluated(evaluation=Blob("0" * 64), metric="auc", value=0.7, low=0.0, high=6.0, rows=9, opened=1)


def entry(seq: int, kind: str, subject: str, **asked: Any) -> Entry[Any]:
    text = msgspec.json.encode(asked)
    given = {"input": text, "parts": (("input", text.decode()),), "price": Price(Money(Decimal(seq), "EUR"))}
    return Entry(seq, f"{seq}", kind, subject, "run1", "2024-01-01", "ada", "done", JUDGED, f"h{seq}", "", **given)


def test_of_two_entities_the_one_whose_rules_changed_is_told() -> None:
    before = [
        entry(1, "sources.read", "source/crm", read="crm.csv"),
        entry(2, "entities.reconciled", "entity/person", exact=["mail"]),
        entry(3, "entities.reconciled", "entity/firm", exact=["name"]),
        entry(4, "features.build", "shop"),
    ]
    after = [*before[:1], entry(5, "entities.reconciled", "entity/person", exact=["mail", "name"]), *before[2:]]
    one, two = _by_name(before), _by_name(after)
    told = [_change(cast(Workspace, None), name, one, two) for name in one]
    (change,) = [each for each in told if each is not None]
    assert change.step == "entities.reconciled entity/person"
    assert change.settings == ['exact: ["mail"] → ["mail","name"]']
    assert [*one][::3] == ["sources.read source/crm", "features.build"]


def test_what_it_cost_is_the_sum_of_all_steps_also_of_a_table_that_was_read_twice() -> None:
    led = [entry(seq, "sources.read", "source/crm") for seq in (1, 2)] + [entry(4, "training.evaluate", "shop")]
    side = _side(led[-1], led[-1], led)
    assert (side.cost, side.currency) == (7.0, "EUR")


@pytest.mark.parametrize(("high", "half"), [(8.0, 5.0), (None, None)])
def test_the_interval_of_a_difference_is_that_of_two_that_are_independent(
    high: float | None, half: float | None
) -> None:
    other = msgspec.structs.replace(JUDGED, high=high)
    assert _half_width(JUDGED, other) == (None if half is None else pytest.approx(half))
