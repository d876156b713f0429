"""What the watch page counts and how it names days."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np

from treadle.models.reference import Reference, numbers
from treadle.monitoring.drift import SCORES, drift
from treadle.monitoring.found import Day, Overall, Watched
from treadle.monitoring.page import watch_page


def watched(days: int, first: date = date(2024, 1, 1)) -> Watched:
    random = np.random.default_rng(1)
    reference = Reference(
        500, {"a": numbers(random.random(500)), "b": numbers(random.random(500))}, numbers(np.zeros(500))
    )
    lines = drift(reference, {"a": list(random.random(500)), "b": list(random.random(500) + 1)}, np.ones(500))
    shown = [
        Day(str(first + timedelta(i)), 100, 100, 0.5, 0.4, 0.6, 0.2, 0.25)
        for i in range(days)
    ]  # fmt: skip
    overall = Overall(0.5, 0.4, 0.6, 0.5, None)
    return Watched("shop:1", 100, 90, 90, "roc_auc", shown, lines, overall)


def test_the_score_is_no_feature() -> None:
    found = watched(3)
    assert {line.feature for line in found.drift if line.verdict == "moved"} == {"b", SCORES}
    page = watch_page(found, "shop", "Act.")
    assert '<div class="value">1</div><div class="beside">of 2, by PSI above 0.25; the scores moved too</div>' in page


def test_days_of_more_than_one_year_have_their_year() -> None:
    assert ">01-01<" in watch_page(watched(20), "shop", "")
    page = watch_page(watched(400), "shop", "")
    assert ">2024-01-01<" in page and ">01-01<" not in page


def test_labels_without_a_figure_are_not_told_as_none() -> None:
    found = watched(3)
    days = [msgspec.structs.replace(day, value=None, low=None, high=None) for day in found.metric_by_day]
    page = watch_page(msgspec.structs.replace(found, metric_by_day=days), "shop", "")
    assert "No label is known yet" not in page and "The labels of no day have a roc auc" in page
    page = watch_page(msgspec.structs.replace(found, metric_by_day=days, joined=0), "shop", "")
    assert page.count("No label is known yet.") == 1
