"""What the report, the card and the terminal show of a score: within its interval, with the digits that this allows."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.packing import cards
from treadle.packing.cards import card
from treadle.scoring.bootstrap import Interval
from treadle.store import Blob
from treadle.training import Check, LeakFinding, evaluate, report, train
from treadle.training.describe import Slice

FIGURE = r"([+-]?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?)"
SPANS = (
    rf'"value">{FIGURE}(?: <small>.*?</small>)?</div><div class="beside">95 % interval {FIGURE} to {FIGURE}<',
    rf"<td class=n>{FIGURE}</td><td class=n>{FIGURE} to {FIGURE}</td>",
    rf"\| {FIGURE} \| {FIGURE} to {FIGURE} \|",
    rf"{FIGURE} \({FIGURE} to {FIGURE}\)",
)


def test_several_classes_are_reported_in_their_own_words(table, spec):
    """`did not come` says nothing of classes; the share right of classes that share a line would be none."""
    rows, project = table(900), spec(search="none", families=("linear",))
    names = (*(f"k{i:02}" for i in range(24)), "never")
    label = np.arange(900) % 24.0
    label[-2:] = 24.0
    rows = replace(rows, label=label, classes=names)
    project = msgspec.structs.replace(
        project, predict=msgspec.structs.replace(project.predict, kind="multiclass", metric="log_loss")
    )
    model, parts, _ = train(rows, project)
    found = evaluate(model, rows, parts, project, replicates=20)
    page = report(found, project)
    assert "came" not in re.sub(r"<style.*?</style>", "", page) and ">right<" in page and ">wrong<" in page
    shown = re.findall(r"<tr><td[^>]*>([^<]*)</td>(?:<td[^>]*>[\d,]+</td>)+<td[^>]*>([^<]*)</td></tr>", page)
    share = dict(shown)
    assert share["others"] == "–" and share["k00"].endswith("%")
    assert any(
        "1 class of the test rows is in no training row" in note and '"never" (2)' in note for note in found.notes
    )


def test_a_report_without_importance_says_why(table, spec):
    rows, project = table(400, timed=False), spec(by="stratified", search="none", families=("linear",))
    model, parts, _ = train(rows, project)
    found = evaluate(model, rows, parts, project, replicates=20)
    assert "No feature was shuffled" not in report(found, project)
    page = report(msgspec.structs.replace(found, importance=()), project)
    assert "No feature was shuffled: the minutes of the run were over before" in page and "Nothing to show" not in page


def test_a_metric_within_a_sentence_keeps_the_capitals_of_a_name(table, spec):
    rows = table(600, kind="regression")
    rows = replace(rows, label=np.maximum(np.round(rows.label / 10) + 2, 0.0))
    project = spec("counts", search="none", families=("linear",))
    model, parts, _ = train(rows, project)
    found = evaluate(model, rows, parts, project, replicates=20)
    page = report(found, project)
    assert "Poisson deviance" in page and "poisson deviance" not in page and "No model: the mean" in page


def test_a_score_is_shown_within_its_interval_by_as_many_digits(table, spec):
    """Prices, whose errors are some thousands: no power of ten, no digit of noise."""
    rows, project = table(800, kind="regression"), spec("regression", search="none", families=("linear",))
    rows = replace(rows, label=200_000 + 3_000 * rows.label)
    model, parts, _ = train(rows, project)
    found = evaluate(model, rows, parts, project, replicates=40)
    page, told = report(found, project), card(project, found, model.summary, created="now")
    for pattern in SPANS:
        shown = re.findall(pattern, page + told)
        assert len(shown) > 1, pattern
        for texts in shown:
            value, low, high = (float(text.replace(",", "")) for text in texts)
            assert low <= value <= high, texts
            assert len({len(text.partition(".")[2]) for text in texts}) == 1, texts
    assert "e+0" not in page + told
    judged = ModelEvaluated(
        evaluation=Blob("0" * 64, 1), metric="rmse", value=found.value.value, low=found.value.low,
        high=found.value.high, rows=found.rows, opened=1,
    )  # fmt: skip
    shown = found.value.shown()
    assert f"rmse {shown.value} [{shown.low}, {shown.high}] on" in judged.said()


@pytest.mark.parametrize(("metric", "weakest"), [("rmse", "3"), ("roc_auc", "0")])
def test_a_card_names_the_weakest_first_whichever_way_the_metric_goes(metric, weakest):
    each = [Slice("town", str(k), 100, 0.5, Interval(k + 1.0, k + 0.5, k + 1.5)) for k in range(4)]
    lines = cards._weakest(SimpleNamespace(metric=metric, slices=each))
    assert lines[3].startswith(f"- town = {weakest}: ") and len(lines) == 6, "three of four"
    assert cards._weakest(SimpleNamespace(metric=metric, slices=[])) == []


def test_a_card_says_which_checks_do_not_hold_and_which_are_open_and_what_looks_like_a_leak():
    checks = (Check("a", True, "One."), Check("b", False, "Two."), Check("c", False, "Three.", checked=False))
    found = SimpleNamespace(
        test_from=None, train_rows=10, rows=5, importance=(), notes=("A note.",), checks=checks,
        findings=(LeakFinding("due", "tells_label", 1.0, "It is the label."),),
    )  # fmt: skip
    lines = cards._origin(found, SimpleNamespace(family="linear"), None)
    assert lines[-4:] == ["- A note.", "- Holds: One.", "- DOES NOT HOLD: Two.", "- Open: Three."]
    assert cards._leaks(found)[-1] == "- tells_label/due: It is the label."
    assert cards._leaks(SimpleNamespace(findings=())) == []
