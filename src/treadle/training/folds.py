"""The training folds, encoded once for each way of encoding, and what settings score on them out of fold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from treadle.errors import TreadleError
from treadle.scoring import metrics
from treadle.scoring.bootstrap import Draws, draws
from treadle.scoring.decisions import Rule
from treadle.scoring.tasks import Task
from treadle.training.families import Array, Estimator, Family, Inputs, Params, Sample, learn, losses_of
from treadle.training.families.family import product
from treadle.training.memory import claim
from treadle.training.model import Epochs
from treadle.training.prepare import PLAIN, Recipe, fit_encoder, sample_of
from treadle.training.recency import weighted_by_age
from treadle.training.splits import Fold
from treadle.training.table import TrainingTable
from treadle.training.thinning import Picked, how_spread

MOST_FIT_ROWS = 40_000
"""Rows of a fold that settings are compared on; the chosen ones are fitted on all rows later."""
MOST_VALID_ROWS = 40_000
MUCH = 2.0
NO_NUMBER = "its score is no number"
LEAST_HELD = 8_000
"""Held rows that a fit on few rows is judged by, where there are so many: telling takes less time than fitting."""
_TRIED_ROUNDS, LEAST_TRIED = 5, 200
ROWS_OF_A_FOLD = 30_000
"""Rows that are fitted on in all folds together: as many folds as give so many, and at least two."""
MOST_KEPT_CELLS = 150_000_000
"""Of all folds, in all encodings, float32: 0.6 GB."""
MOST_CELLS = 12_000_000
"""Of a fold: wide tables are compared on fewer rows."""


@dataclass(frozen=True, eq=False)
class Tried:
    """What settings came to: a score for each fold, how long they grow, and the margins of all held rows."""

    scores: tuple[float, ...]
    rounds: int
    margins: Array | None
    """[held rows, outputs], float32, of amounts float64; folds one after the other. None where not all were fitted."""
    grown: tuple[int, ...] = ()
    """How many rounds each fold can speak with: those that stopped early have fewer than were agreed on."""
    failed: bool = False
    """A fold gave no score at all."""
    why: str = ""
    """Of what failed: what it came to nothing by."""
    epochs: Epochs | None = None
    """Of a network, in the latest fold."""


class Folds:
    """Each fold is encoded when first asked for and then kept. The latest is the first: it is the largest and the
    nearest to what comes, so the best to give up on."""

    def __init__(
        self,
        table: TrainingTable,
        folds: tuple[Fold, ...],
        task: Task,
        metric: str,
        seed: int,
        rule: Rule = 0.5,
        most: int = 0,
    ) -> None:
        """`most`: rows of a fold to fit on at the most; 0 for as many as settings are compared on."""
        self.table, self.task, self.metric, self.seed, self.rule = table, task, metric, seed, rule
        most = most or most_fit_rows(len(table.features))
        self.most_rows = most
        self._picked = [
            (self._pick(f.train).at_most(most), self._pick(f.valid).at_most(MOST_VALID_ROWS))
            for f in list(reversed(folds))[: _enough(folds, task.outputs)]
        ]
        self.folds = [Fold(train.rows, valid.rows) for train, valid in self._picked]
        self._latest = folds[-1]
        self.much_thinned = len(self._latest.train) >= MUCH * len(self.folds[0].train)
        """Whether the latest fold has far more rows than settings are compared on."""
        self.thinned = any(len(f.train) > most or len(f.valid) > MOST_VALID_ROWS for f in folds)
        self.spread = how_spread(each for both in self._picked for each in both)
        """Of thinned rows, in words."""
        self.rows = np.concatenate([f.valid for f in self.folds])
        """Positions in the table of all held rows."""
        self.number = np.concatenate([np.full(len(f.valid), k) for k, f in enumerate(self.folds)])
        self.truth = table.label[self.rows]
        self._over = None if table.exposure is None else table.exposure[self.rows] / table.unit
        self.counts = _counts([valid for _, valid in self._picked])
        """How much each held row counts beside what it weighs, where more were kept of a rare class; else None."""
        weight = product(None if table.weight is None else table.weight[self.rows], self.counts)
        self.weight = np.ones(len(self.rows)) if weight is None else weight
        self._kept: dict[tuple[int, str, Recipe], tuple[Sample, Sample]] = {}
        self._inputs: dict[tuple[str, Recipe], Inputs] = {}

    def _pick(self, rows: Array) -> Picked:
        return Picked.of(self.task, self.table.label, rows)

    def get(self, number: int, encoding: str, recipe: Recipe = PLAIN) -> tuple[Sample, Sample]:
        """Rows to fit on, and rows held back."""
        if (number, encoding, recipe) not in self._kept:
            picked, held_back = self._picked[number]
            claim_rows(self.table, len(picked) + len(held_back))
            train = picked.taken_from(self.table)
            encoder, x = fit_encoder(
                train, linear=encoding == "linear", seed=self.seed, recipe=recipe, strata=picked.strata
            )
            held = held_back.taken_from(self.table)
            self._make_room()
            self._kept[number, encoding, recipe] = (
                sample_of(train, encoder, x),
                sample_of(held, encoder, encoder.matrix(held.frame)),
            )
        return self._kept[number, encoding, recipe]

    def inputs(self, encoding: str, recipe: Recipe) -> Inputs:
        """What the rows are encoded to."""
        if (encoding, recipe) not in self._inputs:
            self._inputs[encoding, recipe] = Inputs.of(self.get(0, encoding, recipe)[0])
        return self._inputs[encoding, recipe]

    def rows_of(self, number: int, family: Family, params: Params) -> tuple[Sample, Sample]:
        """The same as a family is fitted on them with `params`: how they are prepared, and how old ones weigh."""
        rows, held = self.get(number, family.encoding, Recipe.of(params))
        at = None if self.table.at is None else self.table.at[self.folds[number].train]
        return weighted_by_age(rows, at, params), held

    def _make_room(self) -> None:
        """Forget what was encoded longest ago, where all of it together would fill the memory."""
        while sum(rows.x.size + held.x.size for rows, held in self._kept.values()) > MOST_KEPT_CELLS:
            self._kept.pop(next(iter(self._kept)))

    def fitted_rows(self) -> float:
        """The mean number of rows that a fold fits on."""
        return float(np.mean([len(f.train) for f in self.folds]))

    def score(self, margins: Array, fold: int) -> float:
        """The metric of one fold's held rows, as trials are compared: before calibration, decided on by `rule`."""
        here = self.number == fold
        told = self.told(margins, here)
        return metrics.weighted(self.metric, self.truth[here], told, self.rule)(self.weight[here])

    def drawn(self, fold: int) -> Draws:
        """How the held rows of one fold are drawn: as those of a test, or one by one where its days or groups are too
        few to say anything."""
        rows = self.folds[fold].valid
        y, weight = self.table.label[rows], self.weight[self.number == fold]
        at, group = self.table.at, self.table.group
        draw = draws(
            y,
            None if at is None else at[rows],
            group=None if group is None else np.asarray(group)[rows].tolist(),
            weight=weight,
            seed=self.seed + fold,
        )
        return draws(y, None, weight=weight, seed=self.seed + fold) if draw.block.why else draw

    def told(self, margins: Array, here: Array) -> Array:
        """What the margins of the held rows `here` predict, uncalibrated; counts, where rates are fitted."""
        p = self.task.link(margins)
        return p if self._over is None else p * self._over[here]

    def objective(self, margins: Array) -> float:
        """The mean over folds of the metric, signed so that more is better. `margins` of all held rows."""
        parts = [self.score(margins[self.number == k], k) for k in range(len(self.folds))]
        return self.mean(parts) * metrics.sign(self.metric)

    def mean(self, scores: Sequence[float]) -> float:
        """Of the scores of the first so many folds. By time the first folds know little of what the model will know:
        each counts by the rows that it was fitted on."""
        return float(np.average(scores, weights=[len(fold.train) for fold in self.folds[: len(scores)]]))

    def pace(self, family: Family, params: Params, clock: Callable[[], float]) -> float:
        """Seconds of a round, by a few of them on the first fold; nothing for what does not grow."""
        rows, _ = self.get(0, family.encoding, Recipe.of(params))
        few, _ = self._some_of(rows, LEAST_TRIED)
        if self.task.fits(few.y, few.y):
            # what is imported or made ready once counts for none
            learn(family, few, {**params, "rounds": 1})
        took = []
        for rounds in (1, 1 + _TRIED_ROUNDS):
            start = clock()
            found = learn(family, rows, {**params, "rounds": rounds})
            took.append(clock() - start)
            if not found.rounds:
                return 0.0
        return max(took[1] - took[0], 0.0) / _TRIED_ROUNDS

    def run(
        self, family: Family, params: Params, *, hopeless: Callable[[list[float]], bool], seconds: float = math.inf
    ) -> Tried:
        """Fit on one fold after the other, until all are done or what was found so far is `hopeless`.

        The final model grows as long as the folds agree on: the median of what they wanted. So they are scored, and
        speak, with that many rounds and not with their own: that is what the final model will say of new rows.
        """
        fitted: list[tuple[Estimator, Array]] = []
        early: list[float] = []
        for number in range(len(self.folds)):
            rows, held = self.rows_of(number, family, params)
            found = learn(family, rows, params, held, metric=self.metric, seconds=seconds)
            early.append(self.score(found.margin(held.x), number))
            if not math.isfinite(early[-1]):
                return Tried(tuple(early[:-1]), 0, None, failed=True, why=NO_NUMBER)
            fitted.append((found, held.x))
            if number + 1 < len(self.folds) and hopeless(early):
                return Tried(tuple(early), _agreed(fitted), None, epochs=_epochs(fitted[0][0]))
        rounds = _agreed(fitted)
        precision = np.float64 if self.task.shifts else np.float32  # of labels that lie far off float32 loses the rest
        margins = [_grown(found, rounds).margin(x).astype(precision) for found, x in fitted]
        scores = tuple(self.score(part, k) for k, part in enumerate(margins))
        grown = tuple(found.most_rounds for found, _ in fitted)
        return Tried(scores, rounds, np.concatenate(margins), grown, epochs=_epochs(fitted[0][0]))

    def on_few(self, family: Family, params: Params, rows: int, seconds: float) -> float:
        """The score of a fit on `rows` rows of the latest fold, told by some of its held ones."""
        all_rows, held = self.rows_of(0, family, params)
        (few, _), (stop, some) = self._some_of(all_rows, rows), self._some_of(held, max(LEAST_HELD, rows))
        found = learn(family, few, params, stop, metric=self.metric, seconds=seconds)
        here = np.flatnonzero(self.number == 0)[some.rows]
        told = self.told(found.margin(stop.x), here)
        weight = self.weight[here] if some.counts is None else self.weight[here] * some.counts
        return metrics.weighted(self.metric, self.truth[here], told, self.rule)(weight)

    def _some_of(self, rows: Sample, most: int) -> tuple[Sample, Picked]:
        """Some rows of a fold, and their places in it."""
        some = Picked(np.arange(len(rows)), self.task.strata(rows.y)).at_most(most)
        return rows.at(some.rows, some.counts), some

    def of_all(self) -> Folds:
        """The latest fold alone, with all its rows to fit on."""
        every = len(self._latest.train)
        whole = Folds(self.table, (self._latest,), self.task, self.metric, self.seed, self.rule, every)
        whole._inputs = dict(self._inputs)  # the columns that are made of some rows are much as of all
        return whole

    def forget(self) -> None:
        """What was encoded: where memory is wanted for something else."""
        self._kept.clear()

    def exact(
        self,
        family: Family,
        params: Params,
        tried: Tried,
        passed: Callable[[Exception], None] = lambda error: None,
    ) -> Array:
        """The margins of whole trial, with the rounds that were agreed on in every fold: those that had stopped before
        are fitted once more. `passed` is told what one of these ended by: its margins stay as they were."""
        assert tried.margins is not None
        margins = tried.margins.copy()
        for number, grown in enumerate(tried.grown):
            if tried.rounds and grown < tried.rounds:
                try:
                    rows, held = self.rows_of(number, family, params)
                    again = learn(family, rows, {**params, "rounds": tried.rounds})
                    margins[self.number == number] = again.margin(held.x)
                except (TreadleError, Warning):
                    raise
                except Exception as error:
                    passed(error)
        return margins


def _counts(picked: Sequence[Picked]) -> Array | None:
    """Of all of them, one after the other; None where all count alike."""
    if all(each.counts is None for each in picked):
        return None
    return np.concatenate([np.ones(len(each)) if each.counts is None else each.counts for each in picked])


def _epochs(found: Estimator) -> Epochs | None:
    fitted, held = ([float(f"{loss:.5g}") for loss in losses] for losses in losses_of(found))
    return Epochs(tuple(fitted), tuple(held)) if fitted else None


def _agreed(fitted: list[tuple[Estimator, Array]]) -> int:
    wanted = [found.rounds for found, _ in fitted if found.rounds]
    return max(1, int(np.median(wanted))) if wanted else 0


def _grown(found: Estimator, rounds: int) -> Estimator:
    """It with so many rounds, or with as many as it has."""
    return found.cut(min(rounds, found.most_rounds)) if rounds else found


def _enough(folds: tuple[Fold, ...], outputs: int) -> int:
    """How many of the folds, the latest first, settings are compared on: of many rows, two tell as much as four."""
    rows = max(len(fold.train) for fold in folds) * max(1, outputs // 4)
    return max(2, -(-ROWS_OF_A_FOLD // rows))


def claim_rows(table: TrainingTable, rows: int) -> None:
    """
    Raises:
        MemoryError: so many rows of the table cannot be taken and encoded in what memory there is.
    """
    each = table.frame.estimated_size() / max(len(table), 1) + 4 * len(table.features)
    claim(each * rows, f"{rows:,} rows and what is made of them")


def most_fit_rows(features: int) -> int:
    """Rows of a fold that settings are compared on, of a table with so many features."""
    return max(1000, min(MOST_FIT_ROWS, MOST_CELLS // max(features, 1)))
