"""A table of labels that persons gave: how far they agree, what they differ on, and which label stands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from treadle.cli import main
from treadle.errors import DataError
from treadle.exploring.labelled import Columns, Labelled, Settled, agreed, as_csv, labelled
from treadle.spec import Layout

ROWS = """item,by,label
1,lin,late
1,bo,late
2,lin,late
2,bo,on time
2,grace,on time
3,lin,late
3,bo,on time
4,lin,late
5,bo,
5,lin,on time
5,grace,on time
"""


def found(
    folder: Path, text: str = ROWS, *, order: tuple[str, ...] = (), columns: Columns | None = None, **given: Any
) -> tuple[Labelled, dict[str, Settled]]:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    asked = {"numbers": False, "rule": "majority", "arbiter": ""} | given
    told, lines = labelled(str(file), Layout(), columns or Columns("item", "by", "label"), order=order, **asked)
    return told, {line.item: line for line in lines}


def test_what_they_differ_on_is_settled_by_more_than_half_and_else_stays_open(tmp_path: Path) -> None:
    told, lines = found(tmp_path)
    assert {item: (line.label, line.how) for item, line in lines.items()} == {
        "1": ("late", "all"),
        "2": ("on time", "majority"),
        "3": ("", "open"),
        "4": ("late", "alone"),
        "5": ("on time", "all"),
    }
    assert (told.items, told.labels, told.twice, told.settled, told.open) == (5, 10, 4, 4, 1)
    assert [line.item for line in told.unlike] == ["2", "3"]
    assert lines["2"].said == ["bo: on time", "grace: on time", "lin: late"]


def test_an_arbiter_settles_what_the_rule_does_not_and_only_that(tmp_path: Path) -> None:
    _, lines = found(tmp_path, arbiter="lin")
    assert (lines["2"].label, lines["3"].label, lines["3"].how) == ("on time", "late", "lin")
    _, lines = found(tmp_path, rule="unanimous", arbiter="grace")
    assert (lines["2"].label, lines["2"].how, lines["3"].how) == ("on time", "grace", "open")


def test_the_newest_is_who_spoke_last_and_not_whose_name_comes_last(tmp_path: Path) -> None:
    _, lines = found(tmp_path, "item,by,label\n1,lin,late\n1,bo,on time\n2,bo,late\n2,lin,on time\n", rule="newest")
    assert [(line.label, line.how, line.said[0][:2]) for line in lines.values()] == [("on time", "newest", "bo")] * 2


def test_items_that_too_few_labelled_are_open_and_differ_in_nothing() -> None:
    said = {("1", "lin"): "late", ("2", "lin"): "late", ("2", "bo"): "on time"}
    told, lines = agreed("x", said, order=(), numbers=False, rule="majority", trusted=(), least=2)
    assert [line.item for line in told.unlike] == ["2"] and [line.how for line in lines] == ["open", "open"]


def test_agreement_of_each_two_is_told_with_the_items_that_both_have(tmp_path: Path) -> None:
    told, _ = found(tmp_path)
    assert [(pair.one, pair.other, pair.items) for pair in told.pairs] == [
        ("bo", "grace", 1),
        ("bo", "lin", 3),
        ("grace", "lin", 2),
    ]
    assert told.pairs[0].kappa is None and "one and the same" in told.pairs[0].why
    assert told.alpha is not None and told.scale == "nominal"


def test_a_scale_counts_how_far_labels_are_apart(tmp_path: Path) -> None:
    rows = "item,by,label\n" + "".join(
        f"{n},lin,{label}\n{n},bo,{other}\n"
        for n, (label, other) in enumerate([("low", "low"), ("mid", "high"), ("high", "high"), ("low", "mid")] * 5)
    )
    plain, _ = found(tmp_path, rows)
    ordered, _ = found(tmp_path, rows, order=("low", "mid", "high"))
    assert ordered.scale == "ordinal" and ordered.values == ["low", "mid", "high"]
    assert ordered.alpha > plain.alpha, "near misses weigh less"
    numbers = rows.replace("low", "1").replace("mid", "2.5").replace("high", "3")
    measured, _ = found(tmp_path, numbers, numbers=True)
    assert measured.values == ["1", "2.5", "3"] and measured.scale == "interval"


def test_amounts_may_all_be_different(tmp_path: Path) -> None:
    """102 of them by two persons, each a quarter apart: nearly of one mind, and none of them equal."""
    rows = "item,by,label\n" + "".join(f"{n},lin,{n}.5\n{n},bo,{n}.75\n" for n in range(51))
    told, lines = found(tmp_path, rows, numbers=True, rule="newest")
    assert (told.labels, told.twice, told.alike, told.values) == (102, 51, 0.0, [])
    assert told.alpha == pytest.approx(1, abs=1e-3) and told.interval[0] is not None
    (pair,) = told.pairs
    assert (pair.items, pair.alike, pair.kappa) == (51, 0.0, None)
    assert pair.why == "102 labels are amounts, and it is of names"
    assert lines["50"].label == "50.75"


def test_numbers_with_gaps_are_the_items_that_they_were(tmp_path: Path) -> None:
    _, lines = found(tmp_path, "item,by,label\n10,lin,1\n10,bo,\n20,lin,0\n20,bo,0\n")
    assert list(lines) == ["10", "20"] and lines["10"].said == ["lin: 1"]


def test_what_is_written_is_a_line_for_each_item_and_can_be_read_again(tmp_path: Path) -> None:
    _, lines = found(tmp_path, ROWS.replace("on time", '"on, time; «so»"'))
    (tmp_path / "out.csv").write_bytes(as_csv(list(lines.values())))
    frame = pl.read_csv(tmp_path / "out.csv")
    assert frame.columns == ["item", "label", "how", "said"] and frame.height == 5
    assert frame.row(1) == (2, "on, time; «so»", "majority", "bo: on, time; «so»; grace: on, time; «so»; lin: late")
    assert frame.get_column("label").null_count() == 1


@pytest.mark.parametrize(
    ("text", "given", "what"),
    [
        ("item,by,label\n1,lin,a\n1,lin,b\n", {}, 'lin said "a" and "b" of 1'),
        ("item,by,label\n1,,a\n", {}, "a label without by"),
        ("item,by,label\n,lin,a\n", {}, "a label without item"),
        ("item,by,label\n1,lin,\n", {}, "there are no labels"),
        ("item,who,label\n1,lin,a\n", {}, 'there is no column "by"'),
        (ROWS, {"arbiter": "lyn"}, "lyn has labelled nothing"),
        (ROWS, {"numbers": True}, "not all labels are numbers"),
        (ROWS.replace("late", "inf").replace("on time", "1"), {"numbers": True}, "not all labels are finite"),
        (ROWS, {"order": ("late",)}, '"on time" is not in the order'),
        (ROWS, {"order": ("late", "on time", "late")}, "a label stands in the order twice"),
        ("item,by,label\n" + "".join(f"{n},lin,v{n}\n" for n in range(101)), {}, "101 labels are more than 100"),
        ("item,by,label\n" + "".join(f"1,p{n},a\n" for n in range(51)), {}, "51 labellers are more than 50"),
    ],
)
def test_what_is_no_table_of_labels_is_told(tmp_path: Path, text: str, given: dict[str, Any], what: str) -> None:
    with pytest.raises(DataError) as bad:
        found(tmp_path, text, **given)
    assert what in str(bad.value)


def test_the_same_said_twice_is_said_once(tmp_path: Path) -> None:
    told, _ = found(tmp_path, "item,by,label\n1,lin,a\n1,lin, a \n1,bo,a\n")
    assert told.labels == 2


def test_on_the_command_line_from_a_spreadsheet_to_one_label_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def do(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", "experts", "agreement", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "treadle.yaml").write_text("project: shop\n", "utf-8")
    code, _, err = do(str(tmp_path / "shop"))
    assert code and "is a project" in err and f"experts agreement --project {tmp_path / 'shop'}" in err

    file = tmp_path / "labels.csv"
    file.write_text(ROWS.replace("item,by,label", "order;who;verdict").replace(",", ";"), encoding="utf-8")
    columns = ("--item", "order", "--by", "who", "--label", "verdict")
    out = tmp_path / "settled.csv"
    code, said, err = do(str(file), *columns, "--out", str(out))
    assert code == 0, err
    assert "10 labels of 5 items by bo, grace, lin" in said and "Krippendorff's alpha, nominal" in said
    assert "3: bo: on time; lin: late → open" in said
    assert out.read_text("utf-8").splitlines()[0] == "item,label,how,said"
    code, _, err = do(str(file), *columns, "--out", str(out))
    assert code == 1 and "is there already" in err
    told = json.loads(do(str(file), *columns, "--json", "--arbiter", "lin")[1])
    assert told["open"] == 0 and told["rule"] == "majority, else what lin says"
    code, _, err = do(str(tmp_path / "lables.csv"))
    assert code == 1 and "there is no file lables.csv" in err and 'did you mean "labels.csv"' in err
