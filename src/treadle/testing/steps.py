"""What every step of preparation does. See `treadle.scoring.steps.FittedStep` for the contract, and
`treadle.training.prepare.Preparation` for that of what fits one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar

import msgspec
import numpy as np
import polars as pl

from treadle.packing import to_onnx
from treadle.scoring.encoder import Encoder
from treadle.scoring.scorer import Scorer
from treadle.scoring.steps import FittedStep, Number
from treadle.scoring.tasks import task_of
from treadle.training import FeatureColumn, Fitted, TrainingTable
from treadle.training.families import Array, Linear
from treadle.training.prepare import Preparation, Prepared

FEATURES = (
    FeatureColumn("amount", "float"),
    FeatureColumn("count", "int"),
    FeatureColumn("flag", "bool"),
    FeatureColumn("city", "str"),
    FeatureColumn("note", "str"),
    FeatureColumn("when", "timestamp"),
    FeatureColumn("day", "date"),
)
_SCHEMA: dict[str, Any] = {
    "amount": pl.Float64,
    "count": pl.Int64,
    "flag": pl.Boolean,
    "city": pl.String,
    "note": pl.String,
    "when": pl.Datetime("us", "UTC"),
    "day": pl.Date,
}
_HIGH = 2**63 - 1
HOSTILE: dict[str, tuple[Any, ...]] = {
    "float": (None, math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e-38, 0.1, -1.0, 1e300, -1e300, 3e38, -3e38,
              math.nextafter(3e38, 0), 3.4028235677973366e38, 16777217.0, 2.0**53 + 2),
    "int": (None, 0, 1, -1, _HIGH, -_HIGH - 1, 2**53 + 1, -(2**24) - 1),
    "bool": (None, True, False),
    "str": (None, "", " ", "Oslo", "oslo", "Köln", "Ko\u0308ln", "東京", "a\x00b", "a\x1ftrue", "never seen",
            "\U0001f6b2", "\u200b", "'; drop table", "NaN", "null", "1", "x" * 5000, "new  words\tand\nlines",
            "ÅSE Straße İ ẞ"),
    "timestamp": (None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
                  datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime(1970, 1, 1, tzinfo=UTC),
                  datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)),
    "date": (None, date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31), date(2024, 2, 29), date(2023, 12, 31)),
}  # fmt: skip
"""By the type of a feature, what its values can be at worst."""
_WORDS = ["late", "paid", "urgent", "call", "again", "broken", "box", "new", "Straße", "箱"]
ROWS, TRAIN = 400, 300


def training_table(rows: int = ROWS, *, timed: bool = False, seed: int = 1) -> TrainingTable:
    """Rows with a feature of every type, a tenth of each missing, and a label that all of them tell something of."""
    random = np.random.default_rng(seed)
    start = datetime(2023, 11, 3, 7, 30, tzinfo=UTC)
    whens = [start + timedelta(minutes=97 * place) for place in range(rows)]
    amount = np.exp(random.normal(size=rows) * 2)
    city = random.choice(["Oslo", "Köln", "東京", "", "a'b"], rows, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    notes = [" ".join(random.choice(_WORDS, random.integers(2, 9))) for _ in range(rows)]
    columns: dict[str, list[Any]] = {
        "amount": amount.tolist(),
        "count": random.integers(-3, 40, rows).tolist(),
        "flag": (random.random(rows) < 0.5).tolist(),
        "city": [str(each) for each in city],
        "note": notes,
        "when": list(whens),
        "day": [each.date() for each in whens],
    }
    late = np.array(["late" in note for note in notes])
    label = np.log(amount) + (city == "Köln") + 2.0 * late + random.normal(size=rows)
    for name, values in columns.items():
        gone = random.random(rows) < 0.1
        columns[name] = [None if lost else value for value, lost in zip(values, gone, strict=True)]
    at = np.array([each.replace(tzinfo=None) for each in whens], dtype="datetime64[us]") if timed else None
    known = None if at is None else at + np.timedelta64(3, "h")
    frame = pl.DataFrame(columns, schema=_SCHEMA)
    return TrainingTable(frame, label, at, known, list(range(rows)), FEATURES)


def hostile(rows: int = 3000, seed: int = 2) -> pl.DataFrame:
    """Rows whose values are the worst of their types, in all company; some are as they should be."""
    random, usual = np.random.default_rng(seed), training_table(rows, seed=seed).frame
    columns = {}
    for feature in FEATURES:
        worst = HOSTILE[feature.type]
        drawn = random.integers(0, len(worst), rows)
        kept = random.random(rows) < 0.3
        known = usual.get_column(feature.name).to_list()
        columns[feature.name] = [known[i] if kept[i] else worst[drawn[i]] for i in range(rows)]
    return pl.DataFrame(columns, schema=_SCHEMA)


def same(one: Array, other: Array) -> bool:
    """Whether two float arrays hold the same to the last bit, any NaN being like another."""
    if one.shape != other.shape:
        return False
    return bool(((one.view(np.int64) == other.view(np.int64)) | (np.isnan(one) & np.isnan(other))).all())


class StepSuite:
    """What every step keeps to. A test of what fits a step names its `preparation`; one of a step alone gives `fitted`.

    - one row says what many say, to the last bit, at whatever values can come: missing, NaN, infinities, the greatest
      numbers and those beside them, text that was never seen and text that is none, the ends of the calendar; with
      linear algebra in it (`exact = False`), to 12 digits;
    - what it says fits float32 or is NaN; for models that take no missing values (`linear`) it is never NaN;
    - equal rows give equal steps, rows that are not given change nothing, and using a step changes nothing of it;
    - what was written as JSON is the same step again;
    - the graph of a model knows nothing of it but its width;
    - what depends on labels tells no training row its own.
    """

    preparation: ClassVar[type[Preparation] | None] = None
    exact: ClassVar[bool] = True
    filled: ClassVar[bool] = False
    """Whether it leaves no gap though it is not for linear models alone."""

    def fitted(self, table: TrainingTable, *, linear: bool) -> list[FittedStep]:
        """Steps as they are fitted on these rows; none where there is none for such models."""
        return [made.step for made in self.prepared(table, linear=linear)]

    def prepared(self, table: TrainingTable, *, linear: bool) -> list[Prepared]:
        """What `preparation` makes of these rows."""
        assert self.preparation is not None, "name the preparation, or write `fitted`"
        return self.preparation().fit(table, FEATURES, linear=linear, seed=7)

    def ways(self) -> list[tuple[bool, list[FittedStep]]]:
        """Whether for linear models, and the steps then; those that are none are left out."""
        each = [(linear, self.fitted(training_table(), linear=linear)) for linear in (False, True)]
        return [(linear, steps) for linear, steps in each if steps]

    def test_there_is_something_to_test(self) -> None:
        assert self.ways()

    def test_it_names_what_it_reads_and_says(self) -> None:
        for _, steps in self.ways():
            names = [name for step in steps for name in step.outputs]
            assert names and len(set(names)) == len(names)
            assert {name for step in steps for name in step.reads} <= {feature.name for feature in FEATURES}
            assert all(isinstance(step.ORDER, int) and step.reads for step in steps)
            frame = training_table().frame
            for step in steps:
                told = step.columns(frame)
                assert len(told) == len(step.outputs)
                assert all(column.dtype == np.float64 and column.shape == (frame.height,) for column in told)

    def test_one_row_says_what_many_say(self) -> None:
        for frame in (hostile(), training_table().frame, hostile(3)):
            for _, steps in self.ways():
                many, one = _by_columns(steps, frame), _row_by_row(steps, frame)
                if self.exact:
                    wrong = [i for i in range(len(many)) if not same(many[i], one[i])]
                    assert not wrong, f"{frame.row(wrong[0])}: {many[wrong[0]]} of many, {one[wrong[0]]} of one"
                assert np.allclose(many, one, rtol=1e-12, atol=1e-12, equal_nan=True)
                encoder = _encoder(steps)
                rows = np.array([encoder.row(values) for values in frame.iter_rows()], dtype=np.float32)
                assert np.array_equal(encoder.matrix(frame), rows, equal_nan=True) or not self.exact

    def test_a_table_without_rows_has_no_values(self) -> None:
        for _, steps in self.ways():
            assert _encoder(steps).matrix(hostile(3)[:0]).shape == (0, sum(len(step.outputs) for step in steps))

    def test_what_it_says_fits_float32(self) -> None:
        for linear, steps in self.ways():
            told = _encoder(steps).matrix(hostile())
            assert not np.isinf(told).any()
            assert not (linear or self.filled) or np.isfinite(told).all()

    def test_what_was_written_is_the_same_again(self) -> None:
        for _, steps in self.ways():
            encoder = _encoder(steps)
            again = msgspec.json.decode(msgspec.json.encode(encoder), type=Encoder)
            assert again == encoder and _content(again) == _content(encoder)
            assert same(_row_by_row(list(again.ordered), hostile()), _row_by_row(list(encoder.ordered), hostile()))

    def test_using_it_changes_nothing(self) -> None:
        for _, steps in self.ways():
            encoder, frame = _encoder(steps), hostile()
            before, told = _content(encoder), encoder.matrix(frame)
            encode, values = encoder.row_source(), frame.rows()
            with ThreadPoolExecutor(4) as pool:
                parts = [list(pool.map(encode, values)) for _ in range(2)]
            assert parts[0] == parts[1] or np.array_equal(parts[0], parts[1], equal_nan=True)
            assert _content(encoder) == before and np.array_equal(encoder.matrix(frame), told, equal_nan=True)

    def test_equal_rows_give_equal_steps(self) -> None:
        for linear in (False, True):
            one, other = (self.fitted(training_table(), linear=linear) for _ in range(2))
            assert _content(_encoder(one)) == _content(_encoder(other))

    def test_a_test_row_changes_no_fitted_parameter(self) -> None:
        whole, odd = training_table(), hostile(ROWS - TRAIN)
        other = replace(
            whole,
            frame=pl.concat([whole.frame[:TRAIN], odd]),
            label=np.concatenate([whole.label[:TRAIN], np.full(len(odd), 1e9)]),
        )
        training = np.arange(TRAIN)
        for linear in (False, True):
            steps = [self.fitted(table.rows(training), linear=linear) for table in (whole, other)]
            assert _content(_encoder(steps[0])) == _content(_encoder(steps[1]))

    def test_rows_without_anything_known_are_no_error(self) -> None:
        table = training_table(60)
        nothing = replace(table, frame=pl.DataFrame({name: [None] * 60 for name in _SCHEMA}, schema=_SCHEMA))
        for linear in (False, True):
            steps = self.fitted(nothing, linear=linear)
            told = _encoder(steps).matrix(hostile())
            assert not np.isinf(told).any() and not (linear and np.isnan(told).any())

    def test_no_training_row_is_told_its_own_label(self) -> None:
        if self.preparation is None:
            return
        for timed in (False, True):
            table = training_table(timed=timed)
            for linear in (False, True):
                self._hold_labels_apart(table, linear)

    def _hold_labels_apart(self, table: TrainingTable, linear: bool) -> None:
        found = self.prepared(table, linear=linear)
        other = self.prepared(replace(table, label=table.label[::-1].copy()), linear=linear)
        free = len(found) == len(other) and _content(_encoder([p.step for p in found])) == _content(
            _encoder([p.step for p in other])
        )
        assert free or all(made.own is not None for made in found), "give `own`: this step depends on labels"
        for place in () if free else (3, len(table) // 2, len(table) - 1):
            label = table.label.copy()
            label[place] += 1000.0 * label.std()
            prior = float(np.abs(label.mean() - table.label.mean()))
            for before, after in zip(found, self.prepared(replace(table, label=label), linear=linear), strict=True):
                assert before.own is not None and after.own is not None
                assert np.abs(before.own[place] - after.own[place]).max() <= prior * (1 + 1e-9)

    def test_the_graph_knows_its_width_alone(self) -> None:
        for _, steps in self.ways():
            encoder, frame = _encoder(steps), training_table().frame
            names = tuple(f"n{i}" for i in range(encoder.width))
            plain = Encoder(inputs=names, steps=tuple(map(Number, names)))
            coef = np.random.default_rng(4).normal(size=(encoder.width, 1)).astype(np.float32)
            model = Linear(coef, np.zeros(1, dtype=np.float32))
            link = task_of("regression").plain()
            graphs = [to_onnx(Fitted(each, model, link)) for each in (encoder, plain)]
            assert graphs[0] == graphs[1]
            scorer = Scorer(graphs[0], encoder, link)
            many = scorer.score_matrix(encoder.matrix(frame))
            one = np.array([scorer.score(values) for values in frame.iter_rows()])
            far = 1e-4 * max(1.0, float(np.nanmax(np.abs(many), initial=0.0)))
            assert np.allclose(one, many, rtol=1e-4, atol=far, equal_nan=True)

    def test_times_of_other_zones_are_the_same_times(self) -> None:
        frame = training_table().frame
        zone = timezone(timedelta(hours=9))
        moved = [tuple(v.astimezone(zone) if isinstance(v, datetime) else v for v in row) for row in frame.iter_rows()]
        for _, steps in self.ways():
            encode = _encoder(steps).row_source()
            here, there = (np.array([encode(row) for row in rows]) for rows in (frame.rows(), moved))
            assert np.array_equal(here, there, equal_nan=True)


def _encoder(steps: Sequence[FittedStep]) -> Encoder:
    return Encoder(inputs=tuple(feature.name for feature in FEATURES), steps=tuple(steps))


def _content(encoder: Encoder) -> bytes:
    return msgspec.json.encode(encoder, order="deterministic")


def _by_columns(steps: Sequence[FittedStep], frame: pl.DataFrame) -> Array:
    return np.column_stack([column for step in steps for column in step.columns(frame)])


def _row_by_row(steps: Sequence[FittedStep], frame: pl.DataFrame) -> Array:
    place = {name: index for index, name in enumerate(frame.columns)}
    appends = [type(step).appends([step], place) for step in steps]
    told = []
    for values in frame.iter_rows():
        out: list[float] = []
        for append in appends:
            append(values, out)
        told.append(out)
    return np.array(told, dtype=np.float64)
