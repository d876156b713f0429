"""Guess a sensible project from one table and what is known of it, and say what was guessed and from what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from treadle.drafting.copies import copies
from treadle.drafting.endless import endless
from treadle.drafting.keyed import is_free, key_of
from treadle.drafting.numbered import counts_rows
from treadle.drafting.quoting import dates_said, literal, quoted, shortened
from treadle.errors import DataError, SpecError, nearest
from treadle.spec.choices import DECIDES, KINDS, LABEL_TYPES, METRICS, NAMED
from treadle.spec.names import FEATURE, matches

if TYPE_CHECKING:
    import polars as pl

_MOST_LEVELS = 0.5  # a text column with more distinct values than this share of rows names things, and teaches nothing
_MOST_CLASSES, _FEW_NUMBERS = 200, 12
_POSITIVE = ("yes", "true", "1", "y", "t", "positive", "default", "churned", "fraud", "bad", "late")
_FEW = 20


class Hints(Struct, frozen=True):
    """What is known of a table, so that it need not be guessed; and how long is searched. None: guess it.

    `positive`: the value of the target that is to be found, as it is written; `drop`: columns that are no features;
    `families`: those to try, all that suit where none is named.
    `minutes`: None for no limit, `trials`: None for as many as the minutes allow. `spend`: at most, in USD.
    """

    kind: str | None = None
    metric: str | None = None
    positive: str | None = None
    time: str | None = None
    group: str | None = None
    drop: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    minutes: float | None = 5.0
    trials: int | None = None
    spend: float | None = None


NOTHING = Hints()


class Guess:
    """What a table seems to be. `said` holds a sentence for each guess. `place`: what named the table, for errors.

    undated: columns that look like dates and that nobody could read as such. key: what is declared to name its rows.

    Raises:
        DataError: no rows, a target that cannot be predicted, hints that name no column or no value; SpecError: a kind
            or a metric that there is not.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        target: str,
        name: str,
        owner: str,
        *,
        hints: Hints = NOTHING,
        place: str = "--from",
        undated: Sequence[str] = (),
        key: tuple[str, ...] = (),
    ) -> None:
        from treadle import expr

        self.frame, self.target, self.name, self.owner, self.hints = frame, target, name, owner, hints
        self.place, self.undated = place, [name for name in undated if name not in (target, *hints.drop)]
        self.said: list[str] = []
        self.positive: Any = None
        """The value of the target that is to be found; None where none is."""
        self.types = expr.column_types(frame.schema)
        if frame.height == 0:
            raise DataError("the table has no rows", where=place, mend="give a table with rows")
        self._check_names()
        if target not in self.types:
            raise DataError(
                f"{target} is of a type that cannot be predicted ({frame.schema[target]})",
                where="--target",
                mend="choose a number, a text, or true and false",
            )
        counts = Counter(self.types.values())
        shown = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        self.said.append(f"types: {shown}")
        self.kind, self.label, self.metric = self._task()
        self.endless, aside = endless(frame, self.types, self.target)
        """How often a column is infinite, of those that are so too often to set the rows aside."""
        self.said += [aside] if aside else []
        others = [each for each in (target, hints.time, hints.group, *hints.drop) if each]
        self.key = key_of(frame, self.types, others, self.said, key, name)
        self.time = self._time()
        self.request = self._features()

    def _check_names(self) -> None:
        """What the hints name is there, and can be what they say it is."""
        hints = self.hints
        for flag, names in (("--time", (hints.time,)), ("--group", (hints.group,)), ("--drop", hints.drop)):
            for name in names:
                if name is not None and name not in self.frame.columns:
                    mend = nearest(name, self.frame.columns)
                    raise DataError(f'the table has no column "{name}"', where=flag, mend=mend)
                if name == self.target:
                    raise DataError(f"{name} is what is predicted", where=flag, mend="name another column")
        if hints.time and hints.group:
            raise SpecError("rows are split by time or by group, not by both", where="--group", mend="give one of them")
        if hints.time and self.types.get(hints.time) not in ("timestamp", "date"):
            found, first = self.types.get(hints.time, "nested"), self.frame.get_column(hints.time).drop_nulls()
            like = f", such as {literal(first[0])}" if len(first) and found != "nested" else ""
            raise DataError(
                f"{hints.time} is {found}{like}, and no time",
                where="--time",
                mend="write times as 2024-12-31 or 2024-12-31T18:00:00"
                + (f", or say how they are written: {dates_said(hints.time)}" if hints.time in self.undated else ""),
            )
        if hints.kind is not None and hints.kind not in KINDS:
            raise SpecError(f'there is no kind "{hints.kind}"', where="--kind", mend=nearest(hints.kind, KINDS))
        if hints.positive is not None and hints.kind not in (None, *DECIDES):
            raise SpecError(f"of {hints.kind} no value is the one to find", where="--positive", mend="leave it out")

    def _task(self) -> tuple[str, str, str]:
        kind, label, metric = self._asked_kind() if self.hints.kind else self._guessed_kind()
        asked = self.hints.metric
        if asked is None:
            return kind, label, metric
        if asked not in METRICS[kind]:
            raise SpecError(
                f'there is no {kind} metric "{asked}"', where="--metric", mend=nearest(asked, METRICS[kind])
            )
        self.said.append(f"metric: {asked}, as asked, instead of {metric}")
        return kind, label, asked

    def _asked_kind(self) -> tuple[str, str, str]:
        """The kind that was asked for, with the label and the metric that go with it."""
        from treadle.scoring import task_of

        kind, column, values = str(self.hints.kind), quoted(self.target), self.labels
        if kind in DECIDES:
            return self._guessed_kind() if values.n_unique() == 2 or self.hints.positive else self._no(kind)
        if self.types[self.target] not in LABEL_TYPES[kind]:
            return self._no(kind)
        if kind in NAMED:
            return self._several(column, values, values.n_unique())
        task, numbers = task_of(kind), values.to_numpy()
        wrong = task.problems(numbers)
        if wrong:
            raise DataError(f"{self.target}: {wrong[0]}", where="--kind", mend="choose another kind")
        metric = task.metric(None, numbers)
        self.said.append(f"{kind}: as asked; metric {metric}")
        return kind, column, metric

    def _no(self, kind: str) -> tuple[str, str, str]:
        type_, count = self.types[self.target], self.labels.n_unique()
        raise DataError(
            f"{self.target} is {type_} with {count:,} different values, of which no {kind} can be made",
            where="--kind",
            mend="leave it out to have it guessed; or --positive VALUE, to tell one value from all others",
        )

    @property
    def labels(self) -> pl.Series:
        """The values of the target, so far as they are known.

        Raises:
            DataError: some are infinite, or all are missing or the same.
        """
        column = self.frame.get_column(self.target)
        if self.types[self.target] == "float":
            endless = int(column.is_infinite().sum())
            if endless:
                raise DataError(
                    f"{self.target} is infinite in {endless:,} of {len(column):,} rows",
                    where="--target",
                    mend="write finite numbers, or leave these cells empty, and their rows are left out",
                )
            column = column.fill_nan(None)
        values = column.drop_nulls()
        if not len(values):
            raise DataError(f"{self.target} is missing in every row", where="--target", mend="choose another column")
        if values.n_unique() < 2:
            raise DataError(
                f"{self.target} has 1 distinct value, {literal(values[0])}, so there is nothing to tell apart",
                where="--target",
                mend="choose a column that varies",
            )
        return values

    def _guessed_kind(self) -> tuple[str, str, str]:
        if self.types[self.target] not in ("bool", "int", "float", "str"):
            raise DataError(
                f"{self.target} is {self.types[self.target]}, of which nothing is predicted",
                where="--target",
                mend="choose a number, a text, or true and false",
            )
        values = self.labels
        levels = values.unique().sort().to_list()
        column = quoted(self.target)
        if self.hints.positive is not None:
            return self._one_value(column, values, self.hints.positive)
        if self.types[self.target] == "bool":
            return self._classes(column, values, True, "it is true or false")
        if len(levels) == 2:
            positive, why = self._positive(values, levels)
            shown = literal(positive)
            return self._classes(
                f"{column} = {shown}", values, positive, f"it has two values, and {shown}, {why}, is the one to find"
            )
        if self.types[self.target] == "str":
            return self._several(column, values, len(levels))
        whole = self.types[self.target] == "int"
        few = whole and len(levels) <= _FEW_NUMBERS
        other = "; if they are names of classes and no amounts, set kind: multiclass" if few else ""
        if whole and levels[0] >= 0:
            other += "; if they count something, set kind: counts"
        other += "; if a range is wanted and no mean, set kind: quantiles"
        other += " (and take the metric out, or write one of that kind)"
        self.said.append(f"regression: {self.target} has {len(levels):,} distinct numbers; metric rmse{other}")
        return "regression", column, "rmse"

    def _positive(self, values: pl.Series, levels: list[Any]) -> tuple[Any, str]:
        """The value to find, and why: one that says yes, else the rarer one."""
        named = next((v for v in levels if str(v).lower() in _POSITIVE), None)
        if named is not None:
            return named, "which says yes"
        counts = values.alias("value").value_counts().sort("count", "value")
        return counts.item(0, "value"), "the rarer one" if counts.item(0, "count") < counts.item(
            1, "count"
        ) else "as rare"

    def _one_value(self, column: str, values: pl.Series, asked: str) -> tuple[str, str, str]:
        """The value that was named, told from all others."""
        known = {("true" if v else "false") if isinstance(v, bool) else str(v): v for v in values.unique().to_list()}
        word = asked.lower() if self.types[self.target] == "bool" else asked
        if word not in known:
            raise DataError(
                f'{self.target} is never "{asked}"', where="--positive", mend=nearest(asked, list(known)[:1000])
            )
        shown = literal(known[word])
        label = column if word == "true" and isinstance(known[word], bool) else f"{column} = {shown}"
        others = f", and told from {len(known) - 1} others" if len(known) > 2 else ""
        return self._classes(label, values, known[word], f"{shown} is asked for{others}")

    def _several(self, column: str, values: pl.Series, levels: int) -> tuple[str, str, str]:
        rows = len(values)
        if levels > _MOST_CLASSES or levels > rows / 3:
            raise DataError(
                f"{self.target} has {levels:,} different values in {rows:,} rows: that names rows, and no classes",
                where="--target",
                mend=f"choose another column; or write your own label in treadle.yaml, such as "
                f"{column} = {literal(values[0])}",
            )
        common = values.value_counts(sort=True)
        self.said.append(
            f"several classes: {self.target} has {levels} different values, the commonest is "
            f"{literal(common.item(0, self.target))} ({common.item(0, 'count') / rows:.1%} of rows); metric log_loss"
        )
        return "multiclass", column, "log_loss"

    def _classes(self, label: str, values: pl.Series, positive: Any, why: str) -> tuple[str, str, str]:
        from treadle.scoring import task_of

        self.positive = positive
        metric = task_of("classification").metric(None, (values == positive).cast(float).to_numpy())
        self.said.append(
            f"classification of {self.target}, since {why}; {(values == positive).mean():.1%} of rows are positive, "
            f"so the metric is {metric}"
        )
        return "classification", label, metric

    @property
    def decides(self) -> bool:
        from treadle.scoring.tasks import TASKS

        return TASKS[self.kind].view == "decisions"

    @property
    def numeric(self) -> bool:
        """Whether rows cannot be dealt out by class."""
        from treadle.scoring.tasks import TASKS

        return TASKS[self.kind].view in ("numbers", "spread")

    def _time(self) -> str | None:
        if self.hints.group is not None:
            groups = self.frame.get_column(self.hints.group).n_unique()
            self.said.append(
                f"group: {groups:,} of {self.hints.group}, each kept whole: the test is on groups never seen"
            )
            return None
        times = [
            n
            for n, kind in self.types.items()
            if kind in ("timestamp", "date")
            and self.frame.get_column(n).null_count() == 0
            and n not in (self.target, *self.hints.drop)
        ]
        if self.hints.time is not None:
            times = [self.hints.time]
            gone = self.frame.get_column(self.hints.time).null_count()
            if gone:
                self.said.append(f"{gone:,} of {self.frame.height:,} rows have no {self.hints.time}, and are left out")
        if not times:
            alike = "" if self.numeric else ", each class alike"
            lost = ""
            if self.undated:
                lost = (
                    f"; {shortened(self.undated)} may be a time, and was not understood: to learn from the past and "
                    f"test on what came later, say how it is written with {dates_said(self.undated[0])}"
                )
            self.said.append(f"no time: rows are split at random{alike}{lost}")
            return None
        self.said.append(
            f"time: predictions are made at {times[0]}, and the newest fifth of rows is the test; if the label "
            "is known only later, say when with `label_known:`"
        )
        return times[0]

    def _features(self) -> list[str]:
        kept, left = [], [f"{name} (dropped, as asked)" for name in self.hints.drop]
        told = copies(self.frame, self.target, self.types)
        named = self.key if len(self.key) == 1 else ()  # of several, each says something by itself
        for name in self.types:
            if name in (self.target, *named, *self.hints.drop):
                continue
            why = told.get(name) or self._no_feature(name)
            if why:
                left.append(f"{name if matches(FEATURE, name) else repr(name)} ({why})")
            else:
                kept.append(name)
        unread = [n for n in self.frame.columns if n not in self.types]
        left += [f"{n} (nested: not read so far)" for n in unread]
        if not kept:
            raise DataError(
                f"no column is left to learn from{': ' if left else ''}{shortened(left)}",
                where=self.place,
                mend="give a table with more columns",
            )
        self.said.append(f"features: {len(kept):,} columns" + (f"; left out: {shortened(left)}" if left else ""))
        if told:
            self.said.append(
                f"{shortened(list(told))} would have given the answer away; whoever knows it when the prediction is "
                "made puts it back in features.request"
            )
        self.said.append(
            "check that each feature is known when the prediction is made: a column that is filled in "
            "afterwards makes a model that looks good and is useless"
        )
        return kept

    def _no_feature(self, name: str) -> str:
        """Why a column is no feature; empty if it is one."""
        from treadle.features import name_problem

        column, kind = self.frame.get_column(name), self.types[name]
        if not matches(FEATURE, name):
            return "no name that a feature may have"
        odd = name_problem(name)
        if odd:
            return f"no field of a record can be called so: {odd}"
        if counts_rows(column):
            return "it counts the rows, as pandas writes them"
        if name in self.endless:
            return f"infinite in {self.endless[name]:,} rows"
        if column.null_count() == len(column):
            return "empty"
        distinct = column.n_unique()
        if distinct <= 1:
            return "never varies"
        if name == self.hints.group:
            return "the groups themselves"
        if (
            kind == "str"
            and distinct > max(_FEW, _MOST_LEVELS * self.frame.height)
            and not is_free(self.frame.get_column(name))
        ):
            return "names nearly every row"
        return "the time itself" if kind == "date" and name == self.time else ""
