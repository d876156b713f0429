"""The whole look at an endpoint: from the journal to the page."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from rich.console import Console
from sklearn.metrics import average_precision_score
from told import FEATURES, START, answered, frame_of, told, write

from treadle.api.endpoint import WatchAnswer
from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.cli.show.endpoint import show_watch
from treadle.models import Bundle
from treadle.monitoring import Watched, alerts_of, watch, watch_page
from treadle.store import TableNames

ROWS = 504


def bundle_scores(bundle: Bundle) -> list[float]:
    """Scores spread as those of the reference are."""
    known = bundle.reference.scores
    return [
        (low + high) / 2
        for low, high, n in zip(known.edges, known.edges[1:], known.counts, strict=False)
        for _ in range(n)
    ]


@pytest.fixture
def labels(bundle: Bundle, journal: FolderJournal) -> tuple[np.ndarray, np.ndarray]:
    """Three weeks of predictions, `amount` shifted, labels known for all but the last fifty."""
    random = np.random.default_rng(2)
    scores, frame = random.random(ROWS), frame_of(9, ROWS)
    label = random.random(ROWS) < scores
    rows = [list(row) for row in frame.with_columns(frame["amount"] + 1.5).select(f.name for f in FEATURES).rows()]
    write(
        journal,
        *(
            answered(f"p{i}", float(scores[i]), at=START + timedelta(hours=i), second=i, features=rows[i])
            for i in range(ROWS)
        ),
        answered("by another", 0.5, model="shop:0", features=[None] * 7),
    )
    write(journal, *(told(f"p{i}", bool(label[i])) for i in range(ROWS - 50)), told("unknown", True))
    return label, scores


def test_what_was_found_adds_up(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    found = watch(tables, TableNames("shop"), journal, bundle)
    label, scores = labels[0][:-50], labels[1][:-50]
    assert (found.model, found.predictions, found.outcomes, found.joined) == ("shop:1", ROWS + 1, ROWS - 49, ROWS - 50)
    assert found.metric == bundle.manifest.metric
    assert sum(day.predictions for day in found.metric_by_day) == found.predictions
    assert sum(day.labels for day in found.metric_by_day) == found.joined
    assert next(line for line in found.drift if line.feature == "when").labels[0].startswith("00:00")
    act = scores >= 0.5
    assert msgspec.structs.asdict(found.overall.decisions) == {
        "hits": int((act & label).sum()),
        "missed": int((~act & label).sum()),
        "false_alarms": int((act & ~label).sum()),
        "rejected": int((~act & ~label).sum()),
    }
    assert found.overall.tested == bundle.manifest.metrics[found.metric].value
    assert found.overall.low < found.overall.value < found.overall.high
    assert found.drift[0].feature == "amount" and found.drift[0].verdict == "moved"
    assert {x.rows for x in found.drift} == {ROWS}  # another model's predictions are not held against this one's
    assert watch(tables, TableNames("shop"), journal, bundle) == found


def test_the_newest_window_is_that_of_the_newest_label(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    newest = START + timedelta(hours=ROWS - 51)  # the last fifty have no label
    for window, rows in (("1d", 24), ("7d", 168)):
        recent = watch(tables, TableNames("shop"), journal, bundle, window).recent
        assert recent is not None
        assert (recent.day, recent.predictions, recent.labels) == (str(newest.date()), rows, rows)
        assert recent.low is not None and recent.high is not None, "a window of one day can raise an alert too"
        assert recent.note == ("rows drawn singly: fewer than 6 days" if window == "1d" else "")


def test_alerts_look_at_the_newest_predictions_alone_and_need_no_label(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle
) -> None:
    """Rows as in training, then a day on which one feature is another: one row in fourteen."""
    days, a_day = 14, 600
    frame = frame_of(9, days * a_day)
    amount = (frame["amount"] + pl.Series(2.0 * (np.arange(days * a_day) >= (days - 1) * a_day))).to_list()
    random = np.random.default_rng(2)
    score = np.tile(random.choice(bundle_scores(bundle), a_day), days)
    hours = frame_of(9, 168).select(f.name for f in FEATURES).rows()  # a whole week, again and again
    features = [[amount[i], *hours[i % 168][1:]] for i in range(days * a_day)]
    write(
        journal,
        *(
            answered(f"p{i}", float(score[i]), at=START + timedelta(seconds=144 * i), features=features[i])
            for i in range(days * a_day)
        ),
    )
    found = watch(tables, TableNames("shop"), journal, bundle)
    assert "amount" not in {line.feature for line in found.drift if line.verdict == "moved"} and found.recent is None
    assert found.newest is not None
    assert [line.feature for line in found.newest.moved] == ["amount"] and found.newest.predictions == a_day
    assert found.newest.day == str((START + timedelta(seconds=144 * (days * a_day - 1))).date())
    assert [alert.about for alert in alerts_of(found, {})] == ["drift"]
    short = watch(tables, TableNames("shop"), journal, bundle, "1h").newest
    assert short is not None and short.predictions == 520, "of fewer rows bins are empty by chance"


def test_one_row_far_ahead_is_not_the_newest_time(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    plain = watch(tables, TableNames("shop"), journal, bundle)
    far, features = START.replace(year=2099), [None] * len(FEATURES)
    record = msgspec.structs.replace(answered("far", 0.5, features=features), at=far)
    write(journal, record)
    write(journal, told("far", True))
    found = watch(tables, TableNames("shop"), journal, bundle)
    assert found.newest is not None and plain.newest is not None and found.newest.day == plain.newest.day
    assert found.recent is not None and found.recent == plain.recent


def test_the_metric_over_all_days_is_that_of_scikit_learn(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    manifest = msgspec.structs.replace(bundle.manifest, metric="average_precision")
    asked = Bundle(manifest, bundle.onnx, bundle.reference, bundle.golden, bundle.card, bundle.cost, bundle.id)
    found = watch(tables, TableNames("shop"), journal, asked)
    label, scores = labels[0][:-50], labels[1][:-50]
    assert found.overall.value == pytest.approx(average_precision_score(label, scores), abs=1e-12)


def test_the_page_shows_what_was_found(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    found = watch(tables, TableNames("shop"), journal, bundle)
    page = watch_page(found, "shop", "Call a <customer> & ask")
    assert "505" in page and "454 with a label by now" in page
    assert f"{found.overall.value:.3f}" in page and f"{found.drift[0].psi:.3f}" in page
    assert page.count("<svg") >= 2 + len(found.drift[:6]) and "amount" in page
    assert "Call a &lt;customer&gt; &amp; ask" in page and "<customer>" not in page
    assert "src=" not in page and "http" not in page.replace("http://www.w3.org", "")  # nothing is fetched


def test_an_empty_ledger_says_so_once(tables: DeltaTables, journal: FolderJournal, bundle: Bundle) -> None:
    found = watch(tables, TableNames("shop"), journal, bundle)
    assert (found.predictions, found.outcomes, found.joined, found.metric_by_day, found.drift) == (0, 0, 0, [], [])
    assert found.overall.value is None
    page = watch_page(found, "shop", "")
    assert page.count("Nothing was predicted yet: treadle serve PROJECT, or treadle replay PROJECT.") == 1
    assert "<svg" not in page and "<table" not in page


def test_outcomes_alone_are_counted_and_wait(tables: DeltaTables, journal: FolderJournal, bundle: Bundle) -> None:
    write(journal, told("early", True))
    found = watch(tables, TableNames("shop"), journal, bundle)
    assert (found.predictions, found.outcomes, found.joined) == (0, 1, 0)


def test_features_that_are_all_missing_are_measured(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle
) -> None:
    write(journal, *(answered(f"p{i}", 0.5, features=[None, float("nan"), None, None, None]) for i in range(30)))
    found = watch(tables, TableNames("shop"), journal, bundle)
    assert all(x.missing_now == 1.0 for x in found.drift if x.feature != "(the model's scores)")
    page = watch_page(found, "shop", "")
    assert "No label is known yet." in page and isinstance(found, Watched)


def test_the_line_of_the_sealed_test_rows_lies_within_its_chart(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle, labels: tuple[np.ndarray, np.ndarray]
) -> None:
    """However far from what was realised it is."""
    found = watch(tables, TableNames("shop"), journal, bundle)
    for tested in (0.0, 0.01, 0.99, 1.0, 7.0, -3.0):
        page = watch_page(
            msgspec.structs.replace(found, overall=msgspec.structs.replace(found.overall, tested=tested)), "shop", ""
        )
        (at,) = re.findall(r'class="rule"[^>]* y1="([-\d.]+)"', page)
        assert 12 <= float(at) <= 300 - 46, tested


def test_all_days_say_so_where_they_are_fewer_than_six(
    tables: DeltaTables, journal: FolderJournal, bundle: Bundle
) -> None:
    random = np.random.default_rng(4)
    score = random.random(120)
    at = [START + timedelta(days=i // 40) for i in range(120)]
    write(journal, *(answered(f"p{i}", float(score[i]), at=at[i], features=[None] * 7) for i in range(120)))
    write(journal, *(told(f"p{i}", float(random.random() < score[i])) for i in range(120)))
    found = watch(tables, TableNames("shop"), journal, bundle)
    said = "rows drawn singly: fewer than 6 days"
    assert found.overall.low is not None and found.overall.note == said
    assert said in watch_page(found, "shop", "Call a customer")
    out = Console(record=True, width=200)
    show_watch(WatchAnswer(**msgspec.structs.asdict(found), endpoint="shop", alerts=[], page=None), out)
    assert said in out.export_text()
