"""What gives the label away is found and stops a release; what only helps is left in peace."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.scoring import task_of
from treadle.training import Evaluation, FeatureColumn, Provenance, Reads, evaluate, leak_gates, report, split, train
from treadle.training.leaks import find_leaks


def found(rows, project, reads=()):
    findings, checks = find_leaks(rows, split(rows, project.predict), task_of(project.predict.kind), reads)
    return {f.name: f for f in findings}, {c.name: c for c in checks}


def told(rows, values, kind="float", name="canary"):
    """`rows` with one feature more."""
    column = pl.Series(name, values)
    return replace(
        rows, frame=rows.frame.with_columns(column), features=(*rows.features, FeatureColumn(name, kind, "row"))
    )


@pytest.mark.parametrize(("by", "kind"), [("time", "classification"), ("random", "classification"),
                                          ("time", "regression"), ("stratified", "classification")])  # fmt: skip
def test_an_honest_table_has_no_finding(table, spec, by, kind):
    findings, checks = found(table(timed=by == "time", kind=kind), spec(kind, by=by))
    assert findings == {} and checks["one_feature"].ok
    assert '"amount"' in checks["one_feature"].text, "the strongest feature is named"


def test_a_strong_but_honest_feature_is_no_finding(table, spec):
    rows = table(2000, timed=False)
    random = np.random.default_rng(3)
    strong = told(rows, rows.label * 2.4 + random.normal(size=len(rows)))  # area about 0.955
    assert found(strong, spec(by="stratified"))[0] == {}


def test_rare_positives_raise_no_false_alarm(table, spec):
    """With 2 % positives an area of 0.97 is easily had, and says little of how pure the top is."""
    rows, random = table(4000, timed=False), np.random.default_rng(3)
    label = (random.random(4000) < 0.02).astype(float)
    rows = replace(rows, label=label)
    assert found(told(rows, label * 2.8 + random.normal(size=4000)), spec(by="stratified"))[0] == {}
    assert "tells_label/canary" in found(told(rows, label * 9 + random.normal(size=4000)), spec(by="stratified"))[0]


def copies(rows):
    label, random = rows.label, np.random.default_rng(5)
    n = len(label)
    words = np.where(label > 0.5, "late", "fine")
    start = np.datetime64("2024-01-01", "us")
    return {
        "twice": (label * 2, "float"),
        "turned": (-label, "float"),
        "noisy": (label + random.normal(size=n) * 0.2, "float"),
        "whole": (label.astype(int) * 7, "int"),
        "truth": (label > 0.5, "bool"),
        "folded": (np.where(label > 0.5, random.choice([-1.0, 1.0], n), 0.0) + random.normal(size=n) * 0.01, "float"),
        "text": (words, "str"),
        "sentence": ([f"order {i}: arrived {w}!" for i, w in enumerate(words)], "str"),
        "hour": (
            pl.Series(start + (label * 5).astype("timedelta64[h]")
                      + random.integers(0, 300, n).astype("timedelta64[D]")).dt.replace_time_zone("UTC"), "timestamp",
        ),
        "since": (
            pl.Series(rows.at + np.where(label > 0.5, 90, 30).astype("timedelta64[m]")).dt.replace_time_zone("UTC"),
            "timestamp",
        ),
        "day": (pl.Series(start + label.astype(int).astype("timedelta64[D]")).cast(pl.Date), "date"),
    }  # fmt: skip


@pytest.mark.parametrize("copy", ["twice", "turned", "noisy", "whole", "truth", "folded", "text", "sentence", "hour",
                                  "since", "day"])  # fmt: skip
def test_whatever_tells_the_label_alone_is_found(table, spec, copy):
    rows = table()
    values, kind = copies(rows)[copy]
    findings, checks = found(told(rows, values, kind), spec())
    assert list(findings) == ["tells_label/canary"]
    assert findings["tells_label/canary"].strength >= 0.98
    assert not checks["one_feature"].ok and '"canary"' in checks["one_feature"].text


CHATTER = [f"{a}{b}" for a in ("call", "bill", "card", "line", "rate", "fee") for b in ("", *"sydrntlm")]


@pytest.mark.parametrize("where", ["among words", "after _", "glued to digits"])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_word_of_the_rarer_class_is_found(table, spec, where, flipped):
    """3 % of rows say it; the forty commonest words are others, in all rows."""
    rows, random = table(2000, timed=False), np.random.default_rng(6)
    late = np.arange(2000) % 33 == 0
    rows = replace(rows, label=(late != flipped).astype(float))
    said = {
        "among words": lambda on: " ".join([*random.choice(CHATTER, 8), *(["lost"] if on else [])]),
        "after _": lambda on: f"A{random.integers(10**7)}_{'Y' if on else 'N'}",
        "glued to digits": lambda on: f"{'Y' if on else 'N'}{random.integers(10**7)}",
    }[where]
    findings = found(told(rows, [said(on) for on in late], "str"), spec(by="stratified"))[0]
    assert list(findings) == ["tells_label/canary"]
    nothing = found(told(rows, [said(False) for _ in late], "str"), spec(by="stratified"))[0]
    assert nothing == {}


def test_a_word_that_tells_a_number_is_found(table, spec):
    rows, random = table(kind="regression", timed=False), np.random.default_rng(6)
    rows = replace(rows, label=(np.arange(len(rows)) % 33 == 0) + random.random(len(rows)) * 1e-9)
    text = [" ".join([*random.choice(CHATTER, 8), *(["lost"] if y > 0.5 else [])]) for y in rows.label]
    check = found(told(rows, text, "str"), spec("regression", by="random"))[1]["one_feature"]
    assert 'whether it says "lost"' in check.text


def test_a_number_that_follows_the_label_is_found_in_regression(table, spec):
    rows = table(kind="regression")
    skewed = np.exp(rows.label / 10) + 1e-3  # any way of writing it: ranks are what counts
    assert list(found(told(rows, skewed), spec("regression"))[0]) == ["tells_label/canary"]
    half = rows.label + np.random.default_rng(2).normal(size=len(rows)) * rows.label.std() / 2
    assert found(told(rows, half), spec("regression"))[0] == {}


def test_being_missing_can_tell_the_label(table, spec):
    """Filled in after the fact for a third of the positives: no area of 0.98, and still a leak."""
    rows, random = table(), np.random.default_rng(5)
    kept = (rows.label > 0.5) & (random.random(len(rows)) < 0.33)
    values = pl.Series(np.where(kept, 1.0, np.nan)).fill_nan(None)
    assert list(found(told(rows, values), spec())[0]) == ["missing_tells_label/canary"]
    lost = pl.Series(np.where(random.random(len(rows)) < 0.33, 1.0, np.nan)).fill_nan(None)
    assert found(told(rows, lost), spec())[0] == {}, "missing at random tells nothing"


def test_the_key_of_the_row_as_a_feature_is_found(table, spec):
    rows = table(timed=False)
    assert "names_row/canary" in found(told(rows, list(rows.ids), "str"), spec(by="random"))[0]
    assert found(told(rows, rows.ids[::-1], "str"), spec(by="random"))[0] == {}


def test_a_column_of_the_label_that_the_plan_names_is_found(table, spec):
    findings, _ = found(table(), spec(), [Reads("due", "sched_arr")])
    assert list(findings) == ["label_column/due"] and '"sched_arr"' in findings["label_column/due"].text


def test_test_rows_are_not_asked(table, spec):
    rows = table()
    parts = split(rows, spec().predict)
    honest = find_leaks(rows, parts, task_of("classification"))
    frame, label = rows.frame.clone(), rows.label.copy()
    label[parts.test] = 1 - label[parts.test]
    test = pl.Series(np.isin(np.arange(len(rows)), parts.test))
    frame = frame.with_columns(amount=pl.when(test).then(pl.lit(9.0)).otherwise("amount"))
    assert find_leaks(replace(rows, frame=frame, label=label), parts, task_of("classification")) == honest


def test_rows_on_both_sides_are_a_finding(table, spec):
    rows = table(timed=False)
    twice = rows.rows(np.concatenate([np.arange(len(rows)), np.arange(len(rows))]))
    assert "duplicates" in found(twice, spec(by="random"))[0]
    few = replace(rows, frame=rows.frame.select("flag", "city"), features=rows.features[2:4])
    assert found(few, spec(by="random"))[0] == {}, "ten different rows: equal ones are no wonder"


@pytest.mark.parametrize(("by", "finding", "ok", "checked"), [
    ("group", False, True, True), ("random", True, False, True), ("time", False, False, False),
])  # fmt: skip
def test_groups_on_both_sides_are_told_for_what_they_are(table, spec, by, finding, ok, checked):
    rows = table(timed=by == "time")
    rows = replace(rows, group=[i % 37 for i in range(len(rows))])
    check = {c.name: c for c in split(rows, spec(by=by).predict).checks}["groups"]
    assert (check.ok, check.checked) == (ok, checked)
    assert ("groups" in found(rows, spec(by=by))[0]) == finding
    if not ok:
        assert "37 groups have rows on both sides" in check.text


def test_a_split_by_time_without_label_known_is_warned_of(table, spec):
    rows, project = replace(table(), known=None), spec(trials=2, families=("linear",))
    model, parts, _ = train(rows, project)
    check = {c.name: c for c in parts.checks}["label_known"]
    assert not check.ok and not check.checked and "label_known" in check.text
    judged = evaluate(model, rows, parts, project, replicates=20)
    assert any("predict.label_known" in note for note in judged.notes)
    assert "– not checked" in report(judged, project)


def test_findings_stand_in_the_evaluation_its_gates_and_its_report(table, spec):
    rows, project = table(), spec(trials=2, families=("linear",))
    rows = told(rows, rows.label * 2)
    model, parts, search = train(rows, project)
    judged = evaluate(model, rows, parts, project, replicates=20, provenance=Provenance(dropped=12))
    (gate,) = leak_gates(judged)
    assert gate.name == "tells_label/canary" and not gate.holds and '"canary"' in gate.text
    assert judged.dropped == 12 and "12 of 612 rows were left out" in judged.notes[-1]
    html = report(judged, project, search)
    assert "This score may be owed to a leak" in html and "tells_label/canary" in html and "12 of 612" in html
    assert msgspec.json.decode(msgspec.json.encode(judged), type=Evaluation) == judged
    old = msgspec.json.decode(msgspec.json.encode(judged))
    for field in ("findings", "dropped"):
        del old[field]
    for check in old["checks"]:
        del check["checked"], check["share"]
    assert msgspec.convert(old, Evaluation).findings == (), "what was written before is still read"


def test_a_copy_of_a_label_that_grows_is_found(table, spec):
    """Bins of a fold cannot follow it: the later fold lies outside of all that the earlier ones have seen."""
    rows = table(kind="regression")
    rows = replace(rows, label=np.arange(len(rows)) + rows.label / 50)
    assert list(found(told(rows, rows.label * 2), spec("regression"))[0]) == ["tells_label/canary"]


def walk(rows, seed):
    steps = np.random.default_rng(seed).normal(size=len(rows))
    return replace(rows, label=np.cumsum(steps))


def grows(rows, seed):
    """Each day a little more, give or take a little."""
    count = np.arange(len(rows))
    return replace(rows, label=count + np.random.default_rng(seed).normal(size=len(rows)) * len(rows) * 0.03)


@pytest.mark.parametrize("seed", range(4))
def test_the_value_of_yesterday_is_no_leak(table, spec, seed):
    rows = walk(table(kind="regression"), seed)
    late = told(rows, np.append(0.0, rows.label[:-1]))
    findings, checks = found(late, spec("regression"))
    assert findings == {} and '"canary"' in checks["one_feature"].text and checks["one_feature"].ok


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("counted", ["days", "rows", "rows of a table that is strictly growing"])
def test_a_number_that_counts_the_time_is_no_leak(table, spec, counted, seed):
    rows = grows(table(kind="regression"), seed)
    if counted.startswith("rows of"):
        rows = replace(rows, label=np.arange(len(rows)) ** 1.2)
    numbers = np.arange(len(rows)) // (24 if counted == "days" else 1) + 7
    assert found(told(rows, numbers, "int"), spec("regression"))[0] == {}


@pytest.mark.parametrize("made", [walk, grows])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("copy", ["copy", "affine", "turned", "monotone", "rounded", "folded"])
def test_copies_of_a_label_that_remembers_are_found(table, spec, made, seed, copy):
    rows = made(table(kind="regression"), seed)
    y = rows.label
    values = {
        "copy": y, "affine": 3 - 0.5 * y, "turned": -y, "monotone": np.arctan(y / y.std()),
        "rounded": np.round(y, 2), "folded": np.exp(y / y.std()),
    }[copy]  # fmt: skip
    assert list(found(told(rows, values), spec("regression"))[0]) == ["tells_label/canary"]


@pytest.mark.parametrize("seed", range(6))
def test_rows_that_are_empty_together_are_no_duplicates(table, spec, seed):
    """Customers who did nothing: 15 % of the rows have all five amounts zero."""
    rows, random = table(1000, timed=False), np.random.default_rng(seed)
    idle = random.random(1000) < 0.15
    amounts = {f"v{k}": np.where(idle, 0.0, np.round(random.lognormal(5, 1, 1000), 2)) for k in range(5)}
    columns = tuple(FeatureColumn(name, "float", "row") for name in amounts)
    rows = replace(rows, frame=pl.DataFrame(amounts), features=columns)
    findings, _ = found(rows, spec(by="stratified"))
    assert findings == {}
    (check,) = (c for c in split(rows, spec(by="stratified").predict).checks if c.name == "duplicates")
    assert check.ok and "common" in check.text
    busy = np.flatnonzero(~idle)
    for copies in (busy[:60], np.repeat(busy[:10], 9)):  # once each, or dealt out ten times to even out the classes
        copied = rows.rows(np.append(np.arange(1000), copies))
        assert "duplicates" in found(copied, spec(by="stratified"))[0], "rows copied beside them are still seen"


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("side", [0, 1])
def test_being_missing_tells_either_class(table, spec, side, share):
    """Whichever is the rarer one: filled in for 40 % of one class, and for no row of the other."""
    rows, random = table(2000, timed=False), np.random.default_rng(4)
    rows = replace(rows, label=(random.random(2000) < share).astype(float))
    kept = (rows.label == side) & (random.random(2000) < 0.4)
    for filled in (kept, ~kept):
        values = pl.Series(np.where(filled, random.random(2000), np.nan)).fill_nan(None)
        (finding,) = found(told(rows, values), spec(by="stratified"))[0].values()
        assert finding.name == "missing_tells_label/canary"
        assert f"are of the class {'true' if side else 'false'}" in finding.text


def test_being_missing_in_rows_of_a_common_class_tells_little(table, spec):
    """With 95 % of one class, a fifth of its rows are nearly all of it by chance too."""
    for seed in range(20):
        rows, random = table(1000, timed=False), np.random.default_rng(seed)
        rows = replace(rows, label=(random.random(1000) < 0.02).astype(float))
        values = pl.Series(np.where(random.random(1000) < 0.3, np.nan, random.random(1000))).fill_nan(None)
        assert found(told(rows, values), spec(by="stratified"))[0] == {}
