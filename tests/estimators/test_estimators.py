"""What the estimators take, learn and refuse."""

from __future__ import annotations

import datetime
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import treadle
from treadle.estimators.columns import features_of, frame_of, table_of

QUICK: dict[str, Any] = {"trials": 1, "families": "linear", "minutes": None}
START = datetime.datetime(2024, 1, 1)


def rows(count: int = 240) -> pl.DataFrame:
    """Columns of every type; the answer stands in `kind` and `size`."""
    random = np.random.default_rng(3)
    size = random.normal(size=count)
    return pl.DataFrame(
        {
            "kind": [("a", "b", None)[place % 3] for place in range(count)],
            "size": [None if place % 11 == 0 else float(size[place]) for place in range(count)],
            "count": random.integers(0, 9, count),
            "open": [place % 2 == 0 for place in range(count)],
            "day": [START.date() + datetime.timedelta(days=place) for place in range(count)],
            "time": [START + datetime.timedelta(hours=place) for place in range(count)],
            "nothing": [None] * count,
        }
    )


def answers(frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    of_kind = frame.get_column("kind").replace_strict({"a": 2.0, "b": -2.0}, default=0.0)
    return (of_kind + frame.get_column("size").fill_null(0.0)).to_numpy()


def test_columns_of_every_type_are_learned_from() -> None:
    frame = rows()
    model = treadle.Regressor(**QUICK).fit(frame, answers(frame))
    assert model.score(frame, answers(frame)) > 0.9
    assert list(model.feature_names_in_) == frame.columns and model.n_features_in_ == 7
    assert [feature.type for feature in model.fitted_.features] == ["str", "float", "int", "bool", "date", "timestamp"]


@pytest.mark.parametrize("gap", [np.nan, None])
def test_a_column_without_any_value_is_left_out_whatever_says_that_there_is_none(gap: float | None) -> None:
    frame = pl.DataFrame(
        {"x": np.arange(4.0), "none": pl.Series([gap] * 4, dtype=pl.Float64), "some": [1.0, gap, gap, gap]}
    )
    assert [feature.name for feature in features_of(frame)] == ["x", "some"]
    x = np.column_stack([np.arange(120.0), np.full(120, np.nan)])
    assert treadle.Regressor(**QUICK).fit(x, x[:, 0]).score(x, x[:, 0]) > 0.9


def test_more_classes_than_can_be_told_apart_are_refused_however_many_rows_there_are() -> None:
    for each in (5, 12):
        y = np.repeat(np.arange(1001), each)
        with pytest.raises(ValueError, match="1,001 classes are too many"):
            treadle.Classifier(**QUICK).fit(np.arange(len(y), dtype=float)[:, None], y)


def test_classes_keep_their_names() -> None:
    frame = rows()
    y = np.where(answers(frame) > 0, "yes", "no")
    model = treadle.Classifier(**QUICK).fit(frame, y)
    told = model.predict_proba(frame)
    assert model.classes_.tolist() == ["no", "yes"] and told.shape == (240, 2)
    assert np.allclose(told.sum(axis=1), 1.0)
    assert (model.predict(frame) == y).mean() > 0.9
    assert model.search_.metric == "roc_auc"


def test_several_classes_each_have_their_probability() -> None:
    frame = rows()
    y = np.digitize(answers(frame), [-1.0, 1.0]) * 10
    model = treadle.Classifier(**QUICK).fit(frame, y)
    assert model.classes_.tolist() == [0, 10, 20] and model.predict_proba(frame).shape == (240, 3)
    assert (model.predict(frame) == y).mean() > 0.8


def test_all_rows_are_fitted_on_those_too_that_the_search_left_out() -> None:
    frame = rows()
    assert treadle.Regressor(**QUICK).fit(frame, answers(frame)).fitted_.summary.train_rows == 240


@pytest.mark.parametrize("family", ["linear", "lightgbm"])
def test_a_fitted_one_can_be_pickled(family: str) -> None:
    frame = rows()
    model = treadle.Regressor(**(QUICK | {"families": [family]})).fit(frame, answers(frame))
    assert (pickle.loads(pickle.dumps(model)).predict(frame) == model.predict(frame)).all()


def test_it_goes_where_estimators_go() -> None:
    frame = rows().select("size", "count").fill_null(0.0).to_numpy()
    model = clone(treadle.Regressor(**QUICK))
    assert cross_val_score(model, frame, frame[:, 0], cv=3).min() > 0.9


def test_rows_of_no_weight_count_for_nothing() -> None:
    frame = rows()
    y, weight = answers(frame), np.repeat([1.0, 0.0], 120)
    half = treadle.Regressor(**QUICK).fit(frame[:120], y[:120])
    spoiled = np.where(weight > 0, y, 1e6)
    weighed = treadle.Regressor(**QUICK).fit(frame, spoiled, sample_weight=weight)
    assert (weighed.predict(frame) == half.predict(frame)).all()


def test_weights_change_what_is_fitted() -> None:
    frame = rows().select("count")
    y = np.tile([0.0, 1.0], 120)
    model = treadle.Regressor(**QUICK).fit(frame, y, sample_weight=np.tile([1.0, 3.0], 120))
    assert abs(model.predict(frame).mean() - 0.75) < 0.02


def test_too_few_rows_are_fitted_plainly() -> None:
    frame = rows(30)
    model = treadle.Regressor(**QUICK).fit(frame, answers(frame))
    assert model.search_ is None and model.score(frame, answers(frame)) > 0.5


def test_a_number_that_never_changes_is_told() -> None:
    model = treadle.Regressor(**QUICK).fit(rows(), np.full(240, 4.0))
    assert model.predict(rows(2)).tolist() == [4.0, 4.0]


def test_columns_of_an_array_of_objects_have_their_types() -> None:
    frame = rows()
    model = treadle.Regressor(**QUICK).fit(np.array(frame.rows(), dtype=object), answers(frame))
    assert [f.type for f in model.fitted_.features] == ["str", "float", "float", "bool", "date", "timestamp"]
    assert not hasattr(model, "feature_names_in_")
    assert model.score(np.array(frame.rows(), dtype=object), answers(frame)) > 0.9


def test_numbers_in_lists_stay_numbers_beside_text() -> None:
    frame = rows().select("size", "kind", "open").fill_null(0.5).with_columns(pl.col("kind").fill_null("c"))
    listed = [list(row) for row in frame.rows()]
    model = treadle.Regressor(**QUICK).fit(listed, answers(rows()))
    assert [feature.type for feature in model.fitted_.features] == ["float", "str", "bool"]
    told = treadle.Regressor(**QUICK).fit(np.array(listed, dtype=object), answers(rows())).predict(listed)
    assert (model.predict(listed) == told).all() and model.predict(listed[:1]) == pytest.approx(told[:1])
    words = frame_of(table_of([["1.5", "Ulm"], ["2.5", "Bonn"]]))
    assert words.dtypes == [pl.String, pl.String], "what was text is text"


def test_a_list_of_numbers_alone_is_told_as_it_is_beside_text() -> None:
    """NumPy makes floats of whole numbers beside one, and numbers of truths beside these."""
    rows = [[1, 2.5], ["a", 3.5], [True, 4], [2, 5.5]]
    model = treadle.Regressor(**QUICK).fit(rows * 30, [9.0, -9.0, 4.0, 0.0] * 30)
    assert [feature.type for feature in model.fitted_.features] == ["str", "float"]
    whole = model.predict(rows)
    for k, row in enumerate(rows):
        assert model.predict([row]) == pytest.approx(whole[k : k + 1])
    assert frame_of(table_of([[1, 2.5], [True, 0]]), [True, True]).rows() == [("1", "2.5"), ("True", "0")]
    when = np.datetime64("2024-03-01", "us")
    assert frame_of(table_of([[when], [when]])).dtypes == [pl.Datetime("us")], "a list of NumPy's times is one of times"


def test_whole_numbers_beside_a_missing_one_are_the_same_level_in_pandas() -> None:
    import pandas

    fitted = frame_of(pandas.DataFrame({"code": pandas.Series([101, "A7", 2.5, None, 1e300], dtype=object)}))
    assert fitted["code"].to_list() == ["101", "A7", "2.5", None, "1e+300"]
    later = pandas.DataFrame({"code": [101, None]})
    assert later["code"].dtype.kind == "f" and frame_of(later, [True])["code"].to_list() == ["101", None]


def test_what_a_row_is_told_hangs_on_no_other_row() -> None:
    """Of a column of several kinds, which is text, one row alone may hold a number, a truth or a time."""
    import pandas

    values = (101, "A7", True, START, 2.5, None)
    y = np.tile([9.0, -9.0, 4.0, -4.0, 0.0, 2.0], 20)
    array = np.array([[value, place % 7] for place, value in enumerate(values * 20)], dtype=object)
    for table in (array, pandas.DataFrame(array, columns=["code", "n"])):
        model = treadle.Regressor(**QUICK).fit(table, y)
        assert model.fitted_.features[0].type == "str" and model.score(table, y) > 0.6
        each = [model.predict(table.iloc[[k]] if table is not array else table[[k]])[0] for k in range(6)]
        assert each == pytest.approx(model.predict(table)[:6])
        alone = [[101, 0]] if table is array else pandas.DataFrame({"code": [101], "n": [0]})
        assert model.predict(alone) == pytest.approx(each[:1])


@pytest.mark.parametrize("values", [[True, False, None], [START, START, None], [START.date(), START.date(), None]])
def test_a_row_that_lacks_a_value_is_told_alone(values: list[Any]) -> None:
    array = np.array([[value, place % 7] for place, value in enumerate(values * 40)], dtype=object)
    model = treadle.Regressor(**QUICK).fit(array, np.arange(120.0))
    assert model.predict(array[2:3]) == pytest.approx(model.predict(array)[2:3])


def test_whole_numbers_of_pandas_are_whole_to_the_last_digit_where_some_are_missing() -> None:
    import pandas

    for kind, large in (("UInt64", 2**64 - 1), ("Int64", -(2**63)), ("Int8", 7)):
        frame = frame_of(pandas.DataFrame({"n": pandas.array([large, None, 1], dtype=kind)}))
        assert frame["n"].dtype.is_integer() and frame["n"].to_list() == [large, None, 1]
        assert frame_of(pandas.DataFrame({"n": pandas.array([large, 1], dtype=kind)}))["n"].to_list() == [large, 1]


def test_the_missing_value_of_pandas_is_missing_in_an_array_too() -> None:
    import pandas

    array = np.array([[1.0, "a"], [pandas.NA, pandas.NA], [None, "b"]], dtype=object)
    assert frame_of(table_of(array)).rows() == [(1.0, "a"), (None, None), (None, "b")]


def test_an_arrow_table_is_the_same_as_a_frame() -> None:
    class Arrow:
        """Anything that speaks Arrow's C stream."""

        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return rows().__arrow_c_stream__(requested_schema)

    frame = rows()
    model = treadle.Regressor(**QUICK).fit(Arrow(), answers(frame))
    assert (model.predict(frame) == treadle.Regressor(**QUICK).fit(frame, answers(frame)).predict(Arrow())).all()


def test_a_pandas_frame_is_the_same_as_a_frame() -> None:
    import pandas

    frame = rows()
    theirs = pandas.DataFrame(frame.to_dict(as_series=False))
    for name, kind in (("kind", "category"), ("count", "Int64"), ("open", "boolean")):
        theirs[name] = theirs[name].astype(kind)
    model = treadle.Regressor(**QUICK).fit(theirs, pandas.Series(answers(frame)))
    assert [f.type for f in model.fitted_.features] == ["str", "float", "int", "bool", "date", "timestamp"]
    assert np.allclose(model.predict(theirs), treadle.Regressor(**QUICK).fit(frame, answers(frame)).predict(frame))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"metric": "roc_auc"}, "roc_auc"),
        ({"families": "forest"}, "forest"),
        ({"minutes": 0}, "minutes=0"),
        ({"trials": 0}, "trials"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, Any], said: str) -> None:
    frame = rows()
    with pytest.raises(ValueError, match=said):
        treadle.Regressor(**(QUICK | settings)).fit(frame, answers(frame))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pl.Series("odd", [[1, 2]] * 240), 'column "odd" holds List'),
        (pl.Series("odd", [float("inf")] * 240), 'column "odd" contains infinity'),
    ],
)
def test_a_column_that_cannot_be_used_is_named(column: pl.Series, said: str) -> None:
    frame = rows()
    with pytest.raises(ValueError, match=said):
        treadle.Regressor(**QUICK).fit(frame.with_columns(column), answers(frame))


@pytest.mark.parametrize("span", [np.timedelta64(3, "D"), datetime.timedelta(days=3), datetime.time(3)])
def test_spans_and_times_of_day_are_refused_wherever_they_stand(span: Any) -> None:
    with pytest.raises(ValueError, match='column "x0" holds'):
        treadle.Regressor(**QUICK).fit(np.array([[span]] * 60), np.arange(60.0))


def test_pandas_times_keep_their_zone_and_gaps() -> None:
    import pandas

    local = pandas.date_range("2024-01-01", periods=60, freq="h", tz="Europe/Berlin").to_series(index=range(60))
    local[3] = pandas.NaT
    frame = frame_of(pandas.DataFrame({"time": local, "span": local - local[0]}))
    assert frame["time"].null_count() == 1 and frame["time"][0] == datetime.datetime(2023, 12, 31, 23)
    with pytest.raises(ValueError, match='column "span" holds Duration'):
        features_of(frame)


def test_a_column_of_another_type_than_was_fitted_is_named() -> None:
    frame = rows()
    model = treadle.Regressor(**QUICK).fit(frame, answers(frame))
    with pytest.raises(ValueError, match='column "size" was float when fitted and is String now'):
        model.predict(frame.with_columns(size=pl.lit("large")))


def test_importing_treadle_loads_no_scikit_learn() -> None:
    code = "import sys, treadle; print('sklearn' in sys.modules, treadle.Classifier.__name__, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "Classifier", "True"]


@pytest.mark.parametrize("gone", [None, float("nan"), np.datetime64("NaT")])
def test_a_missing_label_is_a_value_error_that_says_so(gone: Any) -> None:
    frame = rows(80)
    labels = np.array(["yes", "no"] * 40, dtype=object)
    labels[3] = gone
    with pytest.raises(ValueError, match="y contains 1 missing value"):
        treadle.Classifier(**QUICK).fit(frame, labels)
    numbers = np.arange(80.0).astype(object)
    numbers[3] = gone
    with pytest.raises(ValueError, match=r"y contains 1 missing value|NaN"):
        treadle.Regressor(**QUICK).fit(frame, numbers)


def test_classes_of_several_types_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="several types"):
        treadle.Classifier(**QUICK).fit(rows(80), np.array(["a", 1] * 40, dtype=object))
