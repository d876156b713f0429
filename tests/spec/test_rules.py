"""What can never work is refused at load, at its line and column; all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import SpecError
from treadle.scoring.tasks import TASKS
from treadle.spec import layout_from, load
from treadle.spec.choices import FAMILIES, FAMILY_ALIASES, KINDS, LABEL_TYPES, METRICS, RANGES
from treadle.training.families import OWN as FITTED

HEAD = """\
project: shop
sources: {orders: {read: orders.csv, key: id, happened: at}}
views: {seen: {from: orders, known: at, key: id, columns: {a: b}}}
"""
BRIEF, PREDICT = "brief: {people: {owner: ada}", "predict: {name: y, each: orders, label: paid"
GOOD = f"{HEAD}{BRIEF}}}\n{PREDICT}}}\n"

# ^ marks the place that the error names
WRONG = [
    ("brief", "must_have: {^averge_precision: 0.5}", 'did you mean "average_precision"?'),
    ("brief", "good_enough: {^rocauc: 0.5}", 'did you mean "roc_auc"?'),
    ("brief", "must_have: {^rmse: 0.5}", "rmse is no classification metric"),
    ("brief", "must_have: {^roc_auc: 70}", "roc_auc lies between 0 and 1, found 70"),
    ("brief", "must_have: {^roc_auc: .nan}", "must be a finite number"),
    ("brief", "mistakes: {^missed: -1}", "must be from 0"),
    ("brief", "mistakes: {^missed: .nan}", "must be a finite number"),
    ("brief", "mistakes: {^false_alarm: .inf}", "must be a finite number"),
    ("brief", "mistakes: {^false_alarm: 1e999}", "must be a finite number"),
    ("brief", "mistakes: {^missed: 1e13}", "at most"),
    ("brief", "mistakes: {^missed: true}", "must be a number"),
    ("brief", "^mistakes: {missed: 0, false_alarm: 0}", "both mistakes cost nothing"),
    ("brief", "mistakes: {^costs: {a: {b: 1}}}", "costs by class are for kind multiclass, and this is classification"),
    ("brief", "mistakes: {^unlisted: 1}", "state `missed` and `false_alarm`"),
    ("brief", "mistakes: {costs: {a: {^b: -1}}}", "must be from 0"),
    ("brief", "mistakes: {costs: {a: {^b: .nan}}}", "must be a finite number"),
    ("brief", "mistakes: {costs: {^a: 1}}", "must be"),
    ("brief", "mistakes: {^currency: usd}", '"usd" is no valid currency'),
    ("brief", "mistakes: {^currency: EURO}", "write three capital letters, such as EUR"),
    *[("brief", f"limits: {{^{name}: {value}}}", "must be")
      for name in ("train_minutes", "train_cost", "bundle_mb", "p99_ms") for value in ("0", "-1", ".nan", ".inf")],
    ("predict", "^exposure: days", "an exposure is for kind counts, and this is classification"),
    ("predict", "kind: counts, weight: days, ^exposure: days", "days cannot be exposure and weight at once"),
    ("predict", "^metric: averge_precision", 'did you mean "average_precision"?'),
    ("predict", "^metric: rmse", "rmse is no classification metric"),
    ("predict", "kind: regression, ^metric: roc_auc", "roc_auc is no regression metric"),
    ("predict", "^kind: clustering", "must be one of classification, multiclass, regression, counts"),
    *[("predict", f"split: {{^test: {value}}}", "must be") for value in ("0", "0.9", "1.5", "-0.1", ".nan")],
    *[("predict", f"split: {{^folds: {value}}}", "must be") for value in ("0", "1", "-3", "1e9", "2.5", "101")],
    ("predict", "split: {^by: group}", "needs `group: COLUMN`"),
    ("predict", "split: {^gap: -1d}", "not a length of time"),
    ("", "train: {families: [^lihgtgbm]}", 'did you mean "lightgbm"?'),
    ("", "train: {^families: []}", "at least one"),
    ("", "train: {^families: all}", "must be auto or a list of texts (found 'all')"),
    ("", "train: {^search: tpe}", "must be one of bayesian, random, none (found 'tpe')"),
    ("", "train: {^search: bayes}", 'did you mean "bayesian"?'),
    ("", "train: {^imbalance: smote}", "must be one of"),
    *[("", f"train: {{^trials: {value}}}", "must be") for value in ("0", "-1", "1e9", "ten", ".nan")],
    *[("", f"train: {{^seed: {value}}}", "must be") for value in ("-1", "2147483648")],
    *[("", f"serve: {{^port: {value}}}", "must be") for value in ("99999", "0", "-1", "http", "true")],
    ("", 'serve: {^host: "a b"}', "no valid host"),
    ("", "watch: {^window: 0d}", "no time at all"),
    ("", "watch: {alert: [^mail]}", "must be log (found"),
    ("", "features: {lookup: {x: {^from: order, on: id, take: [a]}}}", 'did you mean "orders"?'),
    ("", "features: {lookup: {x: {from: orders, on: id, take: [a], ^no_older_than: soon}}}", "length of time"),
    ("", "features: {window: {x: {^from: orders, on: id, last: [1h], take: {}}}}", 'no view "orders"'),
    ("", "features: {window: {x: {from: seen, on: id, ^last: [0h], take: {n: count(*)}}}}", "no time at all"),
    ("", 'features: {request: [^""]}', "is empty"),
    ("", "access: {logins: {^root: zed}}", "zed is nobody of shop"),
    ("", "^prices: none.yaml", "there is no price file none.yaml"),
]  # fmt: skip


def file_of(part: str, extra: str) -> str:
    brief, predict = (f", {extra}" if part == name else "" for name in ("brief", "predict"))
    return f"{HEAD}{BRIEF}{brief}}}\n{PREDICT}{predict}}}\n" + (extra if not part else "")


@pytest.mark.parametrize(("part", "marked", "said"), WRONG, ids=[case[1][:60] for case in WRONG])
def test_what_can_never_work_is_refused_with_its_place(tmp_path: Path, part: str, marked: str, said: str) -> None:
    text = file_of(part, marked)
    before, _, after = text.partition("^")
    file = tmp_path / "treadle.yaml"
    file.write_text(before + after)
    with pytest.raises(SpecError) as caught:
        load(file)
    place = f"treadle.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    assert caught.value.where.startswith(place), caught.value.where
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "people", ["owner: policy", "owner: a, reviewers: [anonymous]", "owner: a, roles: {x: [policy]}"]
)
def test_no_person_goes_by_a_name_that_the_record_has_for_others(tmp_path: Path, people: str) -> None:
    file = tmp_path / "treadle.yaml"
    file.write_text(GOOD.replace("owner: ada", people))
    with pytest.raises(SpecError, match="and no person"):
        load(file)


def test_a_choice_is_told_once_with_all_that_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "treadle.yaml"
    file.write_text(GOOD + "train: {imbalance: smote}\n")
    with pytest.raises(SpecError) as caught:
        load(file)
    with pytest.raises(SpecError, match=r'must be one of "\.", "," \(found'):
        layout_from("decimal: x", "--reading")
    assert str(caught.value).count("weights") == 1 and "must be one of auto, none, weights" in str(caught.value)


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "treadle.yaml"
    file.write_text(GOOD + "train: {trials: 0, serach: none}\nserve: {port: 99999}\nwatch: 5\n")
    with pytest.raises(SpecError) as caught:
        load(file)
    places = ["6:9", "6:20", "7:9", "8:1"]
    assert caught.value.where.startswith("treadle.yaml:6:9")
    found = [caught.value.what.index(f"treadle.yaml:{place}: ") for place in places]
    assert found == sorted(found)


def test_the_light_lists_are_those_that_training_has() -> None:
    assert set(FAMILIES) == set(FITTED) and set(FAMILY_ALIASES.values()) <= set(FITTED)
    assert set(RANGES) == {metric for of in METRICS.values() for metric in of}
    assert set(KINDS) == set(METRICS) == set(TASKS) == set(LABEL_TYPES)
    assert all(METRICS[kind] == TASKS[kind].METRICS for kind in KINDS)


def test_the_good_file_is_good(tmp_path: Path) -> None:
    (tmp_path / "treadle.yaml").write_text(GOOD)
    assert load(tmp_path).spec.project == "shop"
