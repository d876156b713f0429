"""Alerts: raised by what is sure to be wrong, quiet on noise, kept once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from treadle.evidence import Chain
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.monitoring import Watched, alerts_of, log_alerts
from treadle.monitoring.drift import DriftLine
from treadle.monitoring.found import Alert, Newest
from treadle.monitoring.quality import Day


def line(feature: str, verdict: str) -> DriftLine:
    return DriftLine(
        feature=feature,
        psi=0.5,
        noise=0.0,
        js=0.1,
        missing_reference=0.0,
        missing_now=0.0,
        rows=900,
        verdict=verdict,
        labels=[],
        reference=[],
        now=[],
    )


def watched(value: float, low: float | None, high: float | None, *moved: str, metric: str = "roc_auc") -> Watched:
    recent = Day("2024-03-01", 900, 800, value, low, high, 0.2, 0.2)
    drift = [line("moved once", "moved"), line("steady one", "steady")]
    newest = Newest("2024-03-01", 950, [line(name, "moved") for name in moved])
    return Watched("shop:1", 900, 800, 800, metric, [], drift, {}, recent, newest=newest)


@pytest.mark.parametrize(
    ("found", "about"),
    [
        (watched(0.60, 0.55, 0.65), ["quality"]),
        (watched(0.68, 0.63, 0.73), []),  # below what it must have, but not beyond noise
        (watched(0.80, 0.75, 0.85), []),
        (watched(0.60, None, None), []),  # too few labels for an interval
        (watched(0.80, 0.75, 0.85, "amount"), ["drift"]),
        (watched(0.60, 0.55, 0.65, "amount", "größe"), ["quality", "drift"]),
        (watched(0.90, 0.85, 0.95, metric="log_loss"), ["quality"]),  # lower is better here
        (watched(0.50, 0.45, 0.55, metric="log_loss"), []),
    ],
)
def test_an_alert_is_raised_only_beyond_noise(found: Watched, about: list[str]) -> None:
    alerts = alerts_of(found, {"roc_auc": 0.7, "log_loss": 0.7})
    assert [alert.about for alert in alerts] == about
    assert all(alert.until == "2024-03-01" for alert in alerts)


def test_without_labels_or_a_limit_there_is_nothing_to_say() -> None:
    empty: Any = Watched("shop:1", 0, 0, 0, "roc_auc", [], [], {})
    assert alerts_of(empty, {"roc_auc": 0.7}) == []
    assert alerts_of(watched(0.1, 0.0, 0.2), {}) == []


def test_drift_is_told_before_any_label_is_known_and_of_the_newest_predictions() -> None:
    unlabelled = Watched(
        "shop:1", 0, 0, 0, "roc_auc", [], [], {}, newest=Newest("2024-04-02", 950, [line("a", "moved")])
    )
    assert alerts_of(unlabelled, {}) == [
        Alert("drift", "moved since training, in the newest 950 predictions: a (PSI 0.50)", "2024-04-02", ("a",))
    ]


def test_of_many_features_that_moved_five_are_named_and_all_are_kept() -> None:
    (alert,) = alerts_of(watched(0.8, 0.75, 0.85, *"abcdefg"), {"roc_auc": 0.7})
    assert alert.text.endswith("e (PSI 0.50) and 2 more") and alert.text.count("PSI") == 5
    assert alert.moved == tuple("abcdefg")


def test_what_stays_moved_is_not_told_anew_each_day(chain: Chain) -> None:
    def look(day: str, *moved: str, model: str = "shop:1") -> int:
        newest = Newest(day, 950, [line(name, "moved") for name in moved])
        found = msgspec.structs.replace(watched(0.8, 0.75, 0.85), recent=None, newest=newest)
        log_alerts(chain, "endpoint/shop", model, alerts_of(found, {}))
        return len(chain.find(AlertRaised))

    assert look("2024-03-01", "a", "b") == look("2024-03-02", "b", "a") == look("2024-03-20", "a") == 1
    assert look("2024-03-21", "a", "c") == 2, "one that was not among them"
    assert look("2024-03-22", "a", "b", "c") == 2, "all of them were, of late"
    assert look("2024-03-22", "a", model="shop:2") == 3
    assert look("2024-04-02", "b") == 4, "after thirty days"
    assert look("2024-04-02", "d") == 5, "another one, at a later look on the same day"
    for day, count in (("2024-03-01", 6), ("2024-03-30", 6), ("2024-03-31", 7)):
        assert look(day, "a", model="shop:3") == count, "thirty days, and not one less"


def test_an_alert_of_a_day_that_is_far_ahead_silences_nothing(chain: Chain) -> None:
    for day, count in (("2099-01-01", 1), ("2024-03-01", 2), ("2024-03-02", 2)):
        log_alerts(chain, "endpoint/shop", "shop:1", [Alert("drift", "moved: a", day, ("a",))])
        assert len(chain.find(AlertRaised)) == count


def test_an_alert_is_kept_once_and_signed_by_the_policy(chain: Chain) -> None:
    alerts = alerts_of(watched(0.60, 0.55, 0.65, "amount"), {"roc_auc": 0.7})
    for _ in range(3):
        log_alerts(chain, "endpoint/shop", "shop:1", alerts)
    kept = chain.find(AlertRaised)
    assert [entry.actor for entry in kept] == ["policy:watch"] * 2
    assert [entry.said() for entry in kept] == [alert.text for alert in alerts]


def test_an_alert_from_a_window_of_one_day_says_how_its_interval_was_drawn() -> None:
    found = msgspec.structs.replace(watched(0.60, 0.55, 0.65).recent, note="rows drawn singly: fewer than 6 days")
    (alert,) = alerts_of(msgspec.structs.replace(watched(0.60, 0.55, 0.65), recent=found), {"roc_auc": 0.7})
    assert alert.text == (
        "roc_auc is 0.600 (0.550 to 0.650) over the newest 800 labels (rows drawn singly: fewer than 6 days); "
        "it must be at least 0.7"
    )
