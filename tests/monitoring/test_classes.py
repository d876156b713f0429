"""Of several classes: outcomes by name or by number, the realised metric, and how often the predicted class came."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from sklearn.metrics import log_loss
from told import START, told, write

from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.monitoring.ledger import collect, read
from treadle.monitoring.quality import by_day, join_outcomes, with_label
from treadle.scoring.tasks import Multiclass, task_of
from treadle.serving import records
from treadle.serving.endpoint import Endpoint
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


@pytest.mark.parametrize(
    ("classes", "label", "number"),
    [
        (("false", "true"), True, 1),
        (("false", "true"), False, 0),
        (("0", "1", "true"), 1, 1),
        (("1", "1.5", "2"), 1.5, 1),
        (("1", "1.5", "2"), 2.0, 2),
        (("1", "1.5", "2"), 3, None),
    ],
)
def test_an_outcome_that_names_a_class_by_truth_or_number_is_measured_as_that_class(
    tables: DeltaTables, journal: FolderJournal, classes: tuple[str, ...], label: Any, number: int | None
) -> None:
    """Also where the ledger holds what was told, as it did before it kept names."""
    write(journal, predicted("a", (0.7, 0.1, 0.1, 0.1), 0), predicted("b", (0.7, 0.1, 0.1, 0.1), 0))
    write(journal, told("a", label), told("b", Multiclass(classes).kept(label)))
    joined = join_outcomes(*(read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes")))
    assert with_label(joined, Multiclass(classes))["label"].to_list() == ([] if number is None else [number] * 2)


def test_a_server_keeps_a_class_by_its_name_whatever_it_was_told_as(journal: FolderJournal) -> None:
    for classes, label, name in (
        (("false", "true"), b"true", "true"),
        (("0", "1", "false", "true"), b"true", "true"),
        (("1", "1.5"), b"1", "1"),
        ((), b"0.5", 0.5),
    ):
        task = Multiclass(classes) if classes else task_of("regression")
        live: Any = SimpleNamespace(task=task, name="shop:1")
        endpoint = Endpoint(
            "shop", cast(Any, None), releases=cast(Any, None), journal=journal,
            open_model=lambda _, live=live: live, open_state=lambda _: None, rebuild=lambda *_: None,
        )  # fmt: skip
        assert endpoint.take_outcomes(b'{"prediction_id":"a","label":%b}' % label) == 1
        endpoint._outcomes.close()
        assert list(records(journal, "outcomes"))[-1]["label"] == name


def test_an_outcome_of_a_class_that_the_model_does_not_know_is_not_measured(
    tables: DeltaTables, journal: FolderJournal
) -> None:
    write(journal, predicted("a", (0.7, 0.1, 0.1, 0.1), 0), predicted("b", (0.1, 0.7, 0.1, 0.1), 0))
    write(journal, Told("a", "gone since", START, START.timestamp()), Told("b", "1", START, START.timestamp()))
    joined = join_outcomes(*(read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes")))
    (day,) = by_day(joined, "accuracy", 0.5, Multiclass(NAMES))
    assert (day.labels, day.value, day.base) == (1, 1.0, 1.0)
