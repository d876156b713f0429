"""Of several classes: outcomes by name or by number, the realised metric, and how often the predicted class came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.metrics import log_loss
from told import START, told, write

from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.monitoring.ledger import collect, read
from treadle.monitoring.quality import by_day, join_outcomes
from treadle.scoring.tasks import Multiclass
from treadle.serving.messages import Answered, Told
from treadle.store import TableNames

NAMES = ("01", "1", 'say "hi"', "žluťoučký")


def predicted(identity: str, p: Any, day: int) -> Answered:
    decided = Multiclass(NAMES).decided(tuple(map(float, p)), None)
    at = START + timedelta(days=day)
    return Answered(
        identity, START.timestamp(), at, "shop:1", decided.prediction, decided.probability, None,
        msgspec.defstruct("Record", [])(), [], decided.probabilities or {},
    )  # fmt: skip


@pytest.mark.parametrize("moved", [False, True])
def test_a_day_has_the_metric_and_how_often_the_predicted_class_came(
    tables: DeltaTables, journal: FolderJournal, moved: bool
) -> None:
    random = np.random.default_rng(4)
    p = random.dirichlet([1.0] * 4, 60)
    label = (p.cumsum(axis=1) < random.random((60, 1))).sum(axis=1)
    write(journal, *(predicted(f"p{i}", p[i], i // 30) for i in range(60)))
    outcomes = [Told(f"p{i}", NAMES[label[i]], START, START.timestamp()) for i in range(45)]
    write(journal, *outcomes, told("p0", 1, second=1))  # a whole number names the class "1", as a correction here
    label[0] = 1
    if moved:
        assert collect(tables, TableNames("shop"), journal) == {"predictions": 60, "outcomes": 46}
    joined = join_outcomes(*(read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes")))
    first, second = by_day(joined, "log_loss", 0.5, Multiclass(NAMES))
    assert (first.labels, second.labels, second.predictions) == (30, 15, 30)
    assert first.value == pytest.approx(log_loss(label[:30], p[:30], labels=range(4)))
    assert first.base == pytest.approx((p[:30].argmax(axis=1) == label[:30]).mean())
    assert second.base == pytest.approx((p[30:45].argmax(axis=1) == label[30:45]).mean())
    assert first.mean_prediction == pytest.approx(p[:30].max(axis=1).mean())
    assert first.low is not None and first.low < first.value < (first.high or 0)


def test_an_outcome_of_a_class_that_the_model_does_not_know_is_not_measured(
    tables: DeltaTables, journal: FolderJournal
) -> None:
    write(journal, predicted("a", (0.7, 0.1, 0.1, 0.1), 0), predicted("b", (0.1, 0.7, 0.1, 0.1), 0))
    write(journal, Told("a", "gone since", START, START.timestamp()), Told("b", "1", START, START.timestamp()))
    joined = join_outcomes(*(read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes")))
    (day,) = by_day(joined, "accuracy", 0.5, Multiclass(NAMES))
    assert (day.labels, day.value, day.base) == (1, 1.0, 1.0)
