"""How the bins of a feature are called, and how the mean of the labels is: by what they are."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from test_page import watched

from treadle.cli.show import endpoint
from treadle.cli.show.drawing import console
from treadle.models.reference import Reference, numbers
from treadle.monitoring.bins import names_of
from treadle.monitoring.drift import drift
from treadle.monitoring.page import watch_page
from treadle.scoring import task_of

INF = math.inf


@pytest.mark.parametrize(
    ("edges", "kind", "names"),
    [
        ([43020.0, 47390.0, 86340.0], "timestamp", ["11:57 to 13:09", "13:09 to 23:59"]),
        ([28799.5, 28800.0, 32400.0], "timestamp", ["08:00", "08:00 to 09:00"]),
        ([-0.5, 0.0, 60.0], "timestamp", ["00:00", "00:00 to 00:01"]),
        ([-INF, 28799.4, 28800.0, INF], "timestamp", ["below 08:00", "08:00", "above 08:00"]),
        ([-0.5, 0.0, 1.0, 5.0, 6.0], "date", ["Monday", "Tuesday", "Wednesday to Saturday", "Sunday"]),
        ([-INF, 0.5, 1.0, INF], "date", ["below Tuesday", "Tuesday", "above Tuesday"]),
        ([-0.5, 0.0, 1.0], "bool", ["false", "true"]),
        ([-INF, -0.5, 0.0, INF], "bool", ["neither", "false", "true"]),
        ([43020.0, 47390.0], "float", ["43,020 to 47,390"]),
        ([-INF, 12.0, 12.5, INF], "float", ["below 12.5", "12.5", "above 12.5"]),
        ([20210101.0, 20210102.0, 20210103.5], "int", ["20,210,101 to 20,210,102", "20,210,102 to 20,210,104"]),
        ([0.123456, 0.654321], "float", ["0.1235 to 0.6543"]),
        ([1e-7, 2e-7], "float", ["1e-07 to 2e-07"]),
        ([1e18, 3e18], "float", ["1e+18 to 3e+18"]),
    ],
)
def test_a_bin_is_called_by_what_the_feature_is(edges: list[float], kind: Any, names: list[str]) -> None:
    assert names_of(edges, kind) == names


def test_a_time_of_the_day_is_shown_as_one() -> None:
    """The axis said `4.302e+04 to 4.739e+04`."""
    then = np.arange(0, 86_400, 60.0)
    reference = Reference(len(then), {"when": numbers(then)}, numbers(np.zeros(9)))
    asked = {"when": ["2024-03-01T12:00:00Z"] * 9}
    (line,) = [each for each in drift(reference, asked, np.zeros(9), {"when": "timestamp"}) if each.feature == "when"]
    assert len(line.labels) == 21 and line.labels[0] == "00:00 to 01:11" and line.labels[-1] == "missing"


@pytest.mark.parametrize(
    ("kind", "metric", "axis", "told"),
    [
        ("regression", "rmse", ">mean<", "too high or too low"),
        ("counts", "poisson_deviance", ">mean<", "too high or too low"),
        ("classification", "roc_auc", ">rate<", "probabilities"),
        ("multiclass", "log_loss", ">share<", "the class that was predicted came"),
    ],
)
def test_each_kind_is_spoken_of_in_its_own_words(
    kind: str, metric: str, axis: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    task = task_of(kind, ("a", "b"))
    found = msgspec.structs.replace(watched(3), metric=metric, base=task.came, view=task.view)
    page = watch_page(found, "shop", "Act.")
    assert axis in page and told in page and ("probabilities" in page) == (task.view != "numbers")
    shown = {name: getattr(found, name) for name in found.__struct_fields__}
    console.cache_clear()
    endpoint.show_watch(SimpleNamespace(endpoint="shop", alerts=[], page=None, **shown), console())
    out = capsys.readouterr().out
    console.cache_clear()
    assert task.came in out and out.count("base rate") == task.decides
