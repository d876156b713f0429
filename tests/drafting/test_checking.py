"""`check` refuses first, with a place, whatever `run`, `serve` or `release` would refuse later."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from treadle.api.operation import Context
from treadle.api.project import CheckRequest, check
from treadle.api.work import RunRequest, run
from treadle.drafting.found import Checked
from treadle.errors import TreadleError
from treadle.principal import person

ROWS = 200
TABLE = pl.DataFrame(
    {
        "id": range(ROWS),
        "at": [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(ROWS)],
        "x": [n % 7 / 2 for n in range(ROWS)],
        "word": [f"w{n % 5}" for n in range(ROWS)],
        "empty": pl.Series([None] * ROWS, dtype=pl.Float64),
        "paid": [n % 3 == 0 for n in range(ROWS)],
        "late": [n % 3 if n % 10 else None for n in range(ROWS)],
    }
)
TEXT = """\
project: shop
brief: {people: {owner: ada, reviewers: [grace]}}
sources: {orders: {read: orders.parquet, key: id, happened: at}}
predict: {name: y, each: orders, at: at, label: paid}
features: {request: [x, word]}
serve: {entity: id}
"""


MEANT = ("label: paid}", "label: paid, split: {by: random}}")
"""A split that is stated, for tests of other warnings."""


def checked(folder: Path, *changes: tuple[str, str], frame: pl.DataFrame = TABLE, data: bool = True) -> Checked:
    frame.write_parquet(folder / "orders.parquet")
    text = TEXT
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "treadle.yaml").write_text(text)
    return check(CheckRequest(project=str(folder), data=data), Context(person("ada")))


def test_a_good_project_has_no_problem(tmp_path: Path) -> None:
    answer = checked(tmp_path, MEANT)
    assert answer.ok and not answer.problems and not answer.warnings
    assert [(s.source, s.rows, s.rules) for s in answer.sources] == [("orders", ROWS, 0)]


def test_classes_of_few_rows_are_said(tmp_path: Path) -> None:
    names = ["rare" if n == 7 else f"k{n % 3}" for n in range(ROWS)]
    kind = ("label: paid}", "label: word, kind: multiclass, split: {by: random}}")
    few = ("features: {request: [x, word]}", "features: {request: [x]}")
    answer = checked(tmp_path, kind, few, frame=TABLE.with_columns(word=pl.Series(names)))
    assert answer.ok, answer.problems
    (said,) = answer.warnings
    assert "predict.label: 1 of 4 classes has fewer than 10 rows" in said and '"rare" (1)' in said


@pytest.mark.parametrize(
    ("kind", "label", "said"),
    [
        ("multiclass", "x", "cast(column as int)"),
        ("classification", "word", "`kind: multiclass` takes a text of several values"),
        ("counts", "x - 1", "a count is below zero: -1; `kind: regression` takes any number"),
        ("counts", "word", "column = 'yes'"),
        ("counts", "x * 0", "the label is 0 in every row"),
        ("multiclass", "'one'", 'every label is "one"'),
    ],
)
def test_a_label_of_another_kind_is_refused_and_told_what_it_could_be(
    tmp_path: Path, kind: str, label: str, said: str
) -> None:
    change = ("label: paid}", f'label: "{label}", kind: {kind}, split: {{by: random}}}}')
    answer = checked(tmp_path, change, ("features: {request: [x, word]}", "features: {request: [at]}"))
    assert not answer.ok and any(said in problem for problem in answer.problems), answer.problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: id,", "^key: idd,", 'orders has no column "idd" (did you mean "id"?)'),
        ("key: id,", "key: [id, ^nr],", 'no column "nr"'),
        ("happened: at", "^happened: att", 'there is no column "att"'),
        ("happened: at", "^happened: word", "a time is wanted here, and word is str"),
        ("happened: at", "happened: at, ^known: x", "a time is wanted here, and x is float"),
        ("entity: id", "^entity: nobody", 'no column "nobody"'),
        ("label: paid", "^label: word", "label must be bool or int or float, found str"),
        ("label: paid", "^label: paid, kind: regression", "label must be int or float, found bool"),
        ("label: paid", "^label: payed", 'did you mean "paid"?'),
        ("label: paid", "^label: id", "a classification label must be true or false"),
        ("label: paid", "^label: id >= 0", "there is one class only"),
        ("label: paid", "^label: id > 195", "rows of the rarer class are too few"),
        ("label: paid", "^label: empty > 1", "no rows with a label"),
        ("label: paid", "label: paid, ^label_known: word", "a time is wanted here"),
        ("at: at, label", "^at: word, label", "must be a time"),
        ("[x, word]", "[x, empty]", 'the feature "empty" is empty in all'),
        ("[x, word]", "[x, wrod]", 'did you mean "word"?'),
        ("label: paid}", "label: paid, ^split: {by: time, gap: 9d}}", "no usable folds|one class only|no rows"),
        ("label: paid}", "label: paid, split: {by: group, ^group: word, folds: 9}}", "5 groups are too few"),
        ("label: paid}", "label: paid, split: {by: group, ^group: wrod}}", 'did you mean "word"?'),
        (
            "{people: {owner: ada, reviewers: [grace]}}",
            "{^people: {owner: ada}}",
            "a reviewer must approve each release, and none is named",
        ),
        ("read: orders.parquet", "^read: order.parquet", "there is no file order.parquet"),
        ("happened: at", "happened: at, ^contract: c.yaml", "there is no contract c.yaml"),
    ],
)
def test_what_would_be_refused_later_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    before, _, after = TEXT.replace(old, new).partition("^")
    answer = checked(tmp_path, (old, new.replace("^", "")))
    assert not answer.ok
    assert len(answer.problems) == 1, answer.problems
    assert any(text in answer.problems[0] for text in said.split("|")), answer.problems
    if after:  # ^ marks the place that the problem names
        place = f"treadle.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
        assert answer.problems[0].startswith(place), answer.problems


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: paid", "label: id"),
        ("label: paid", "label: id >= 0"),
        ("label: paid", "label: id > 195"),
        ("label: paid", "label: word"),
        ("[x, word]", "[x, empty]"),
        ("label: paid}", "label: paid, split: {by: time, gap: 9d}}"),
        ("label: paid}", "label: paid, split: {by: group, group: word, folds: 9}}"),
        ("label: paid}", "label: paid, split: {test: 0.001}}"),
        ("label: paid}", "label: paid, label_known: gone}"),
        ("key: id,", "key: nr,"),
        ("happened: at", "happened: at, contract: c.yaml"),
        ("[x, word]", "[x], row: {z: x / 0}"),
        ("[x, word]", "[x], lookup: {l: {from: orders, on: word, take: [late], no_older_than: 0h}}"),
    ],
)
def test_what_check_refuses_a_run_refuses_and_for_the_same_reason(tmp_path: Path, old: str, new: str) -> None:
    try:
        answer = checked(tmp_path, (old, new), frame=TABLE.with_columns(gone=pl.lit(None, dtype=pl.Datetime("us"))))
        told = " ".join(answer.problems)
        assert not answer.ok
    except TreadleError as bad:
        told = bad.what
    with pytest.raises(TreadleError) as caught:
        run(RunRequest(project=str(tmp_path)), Context(person("ada")))
    assert caught.value.what in told


def test_a_wrong_contract_has_both_places(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("kind: nonsense\n")
    (problem,) = checked(tmp_path, ("happened: at", "happened: at, contract: c.yaml")).problems
    assert problem.startswith("treadle.yaml:3:65") and "c.yaml:1:1" in problem


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    answer = checked(tmp_path, ("key: id", "key: nr"), ("happened: at", "happened: word"), ("entity: id", "entity: z"))
    assert len(answer.problems) == 3


def test_rows_without_a_label_are_counted(tmp_path: Path) -> None:
    answer = checked(tmp_path, MEANT, ("label: paid", 'label: "late > 1"'))
    assert answer.ok
    assert answer.warnings == ["treadle.yaml:4:42: predict.label: 20 of 200 rows have no label, and are left out"]


def test_an_owner_who_is_the_only_reviewer_is_warned_of(tmp_path: Path) -> None:
    answer = checked(tmp_path, MEANT, ("[grace]", "[ada]"))
    assert answer.ok
    assert answer.warnings[0].startswith("treadle.yaml:2:30: brief.people.reviewers: ada owns the project")
    assert not checked(tmp_path, MEANT, ("[grace]", "[ada], approve: policy")).warnings
    assert not checked(tmp_path, MEANT, ("[grace]", "[ada, grace]")).warnings


def test_a_goal_that_the_search_never_looks_at_is_warned_of(tmp_path: Path) -> None:
    answer = checked(
        tmp_path, ("label: paid", "label: paid, metric: brier"), ("brief: {", "brief: {good_enough: {f1: 0.9}, ")
    )
    assert answer.ok and "never stops for f1" in answer.warnings[0]


def test_a_time_may_be_called_by_a_word_of_the_language(tmp_path: Path) -> None:
    answer = checked(tmp_path, ("happened: at", "happened: when"), frame=TABLE.with_columns(when=pl.col("at")))
    assert answer.ok, answer.problems


def test_without_data_the_rows_are_not_judged(tmp_path: Path) -> None:
    answer = checked(tmp_path, ("label: paid", "label: id >= 0"), data=False)
    assert answer.ok and not answer.sources


def test_a_time_without_a_split_is_warned_of_unless_it_is_meant(tmp_path: Path) -> None:
    told = checked(tmp_path).warnings
    assert len(told) == 1 and told[0].startswith("treadle.yaml:4:34: predict.at: rows have a time")
    assert not checked(tmp_path, MEANT).warnings
    assert not checked(tmp_path, ("label: paid}", "label: paid, label_known: at, split: {by: time}}")).warnings
    assert not checked(tmp_path, ("at: at, label: paid", "label: paid")).warnings


SEVERAL = "predict: {y: {each: orders, label: paid, port: 8000}, z: {each: orders, label: paid}}"


def test_several_targets_are_each_checked(tmp_path: Path) -> None:
    one = "predict: {name: y, each: orders, at: at, label: paid}"
    answer = checked(tmp_path, (one, SEVERAL))
    assert answer.ok and answer.features == 2 and not answer.warnings
    answer = checked(
        tmp_path, (one, SEVERAL.replace("z: {each: orders, label: paid}", "z: {each: orders, label: pad}"))
    )
    assert answer.problems == [
        'treadle.yaml:4:73: predict.z.label: at 1:1: there is no column "pad", in: pad (did you mean "paid"?)'
    ]
    answer = checked(tmp_path, (one, SEVERAL.replace("label: paid}}", "at: at, label: paid, port: 8000}}")))
    assert [told.split(": rows")[0] for told in answer.warnings] == [
        "treadle.yaml:4:73: predict.z.at",
        "treadle.yaml:4:94: predict.z.port: z is served on port 8000, as y is: give each a port",
    ]
    answer = checked(tmp_path, (one, SEVERAL.replace("paid}}", "paid, port: 8000}, w: {each: orders, label: paid}}")))
    assert [told.split(" is served")[0] for told in answer.warnings] == ["treadle.yaml:4:86: predict.z.port: z"]
    answer = checked(tmp_path, (one, SEVERAL), ("[x, word]", "[x, paid, word]"))
    assert len(answer.problems) == 1 and "paid" in answer.problems[0], "what both share is told once"


def test_all_features_that_read_the_label_are_told(tmp_path: Path) -> None:
    answer = checked(
        tmp_path, ("label: paid", 'label: "late > 1 and paid"'), ("[x, word]", "[x, late, word, paid]"), data=False
    )
    assert [problem.split(", which")[0] for problem in answer.problems] == [
        "treadle.yaml:5:12: features.request: the label is made of the column late",
        "treadle.yaml:5:12: features.request: the label is made of the column paid",
    ]


def test_labels_that_differ_by_capitals_or_blanks_alone_are_warned_of(tmp_path: Path) -> None:
    words = TABLE.with_columns(word=pl.Series([("Yes", "yes", "No")[n % 3] for n in range(ROWS)]))
    few = ("features: {request: [x, word]}", "features: {request: [x]}")
    kinds = ("label: paid}", "label: word, kind: multiclass, split: {by: random}}")
    one = ("label: paid}", "label: \"word = 'Yes'\", split: {by: random}}")
    for label in (kinds, one):
        (said,) = checked(tmp_path, label, few, frame=words).warnings
        assert 'predict.label: word: "Yes" and "yes" differ by capitals or blanks alone' in said


@pytest.mark.parametrize(
    ("budget", "said", "ok"),
    [
        ("{of: person, name: graze, amount: 1, then: stop}", 'nobody of the project is called graze', True),
        ("{of: person, name: graze, amount: 1, then: stop}", 'did you mean "grace"?', True),
        ("{of: endpoint, name: yy, amount: 1, then: stop}", "no endpoint is called yy", False),
        ("{of: endpoint, name: yy, amount: 1, then: stop}", "treadle.yaml:7:", False),
        ("{of: project, name: shop, amount: 1}", "a budget of project takes no name, and has shop", False),
        ("{of: run, name: ada, amount: 1}", "a budget of run takes no name, and has ada", False),
        ("{of: project, amount: 1, currency: CZK}", "is in CZK, and work is priced in USD, with no rate", False),
        ("{of: person, name: ada, amount: 1}", "", True),
        ("{of: endpoint, name: shop, amount: 1}", "", True),
    ],
)  # fmt: skip
def test_a_budget_of_nobody_is_told(tmp_path: Path, budget: str, said: str, ok: bool) -> None:
    answer = checked(tmp_path, MEANT, ("serve: {entity: id}", f"serve: {{entity: id}}\nbudgets: [{budget}]"))
    told = [*answer.problems, *answer.warnings]
    assert answer.ok == ok and any(said in each for each in told) if said else told == []
