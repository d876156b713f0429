"""A version beside other ways to answer: a library by its defaults, a rule of thumb, a service by the answers it gave.

All are asked about the sealed rows that the version was judged on, and what is fitted learns from its training rows.
Opening the rows is written down before the look, as of every look, and so is handing them out to be answered elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
from msgspec import Struct

from treadle.errors import DataError, ModelError, SpecError
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.rivals_compared import RivalsCompared
from treadle.spec import Mistakes
from treadle.stages.answers import told_of
from treadle.stages.examples import Examples, Loaded, load, sealed
from treadle.stages.fitting import fitted_model
from treadle.stages.judging import EvaluateModel, open_sealed
from treadle.stages.work import Bench, Work
from treadle.store import Blob

if TYPE_CHECKING:
    import polars as pl

    from treadle.expr import Expression
    from treadle.scoring.decisions import Rule
    from treadle.scoring.metrics import Array
    from treadle.scoring.tasks import Task
    from treadle.training import FittedModel
    from treadle.training.rivals import Compared, Rival

THREADS = 2
NOTHING = "knows nothing"


class Answered(Struct, frozen=True):
    """A service: what it answered, a CSV file by key; from which probability on one acts, None: where it costs
    least."""

    name: str
    answers: Blob
    threshold: float | None = None


class CompareRivals(StepInput[RivalsCompared], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = RivalsCompared

    project: str
    version: str
    examples: Examples
    model: Blob
    p99_ms: float
    mistakes: Mistakes
    libraries: tuple[str, ...]
    rules: tuple[str, ...]
    services: tuple[Answered, ...]


def judged_as(work: Work, packing: Entry[ModelPacked]) -> EvaluateModel:
    """What the version was asked when it was judged: its rows, and itself.

    Raises:
        ModelError: the record does not say how it was judged, or says it in a way that is not known here.
    """
    used = {ref.content for ref in packing.uses}
    with work.workspace.chain.reading() as reader:
        judged: list[Entry[ModelEvaluated]] = reader.find(ModelEvaluated, status="done", newest_first=True)
    found = next((each for each in judged if each.payload.evaluation.content in used), None)
    model = packing.payload.model
    if found is None:
        raise ModelError(f"how {model} was judged is not in the record", where=model, mend="treadle run PROJECT")
    try:
        return msgspec.json.decode(found.input, type=EvaluateModel)
    except msgspec.MsgspecError as bad:
        raise ModelError(
            f"{model} was judged in a way that is not known here: {bad}", where=model, mend="treadle run PROJECT"
        ) from bad


def compare_rivals(
    work: Work,
    packing: Entry[ModelPacked],
    libraries: tuple[str, ...],
    rules: tuple[str, ...],
    services: tuple[Answered, ...],
) -> Entry[RivalsCompared]:
    """Each against the version that was packed. What was compared before is taken from the record, without a look."""
    asked = judged_as(work, packing)
    return work.do(
        CompareRivals(
            project=asked.project,
            version=packing.payload.model,
            examples=asked.examples,
            model=asked.model,
            p99_ms=packing.payload.p99_ms,
            mistakes=work.workspace.project.spec.brief.mistakes,
            libraries=libraries,
            rules=rules,
            services=services,
        ),
        make_compared,
    )


def make_compared(asked: CompareRivals, bench: Bench) -> RivalsCompared:
    from treadle.scoring.metrics import sign
    from treadle.training.rivals import Rival, compare

    loaded, model = load(asked.examples, bench), fitted_model(bench, asked.model)
    asking = _Asking(asked, bench, loaded, model)
    asking.check()
    bench.progress(0.1, 1.0, "fitting what libraries give by their defaults")
    rivals = [asking.library(name) for name in asked.libraries]
    # all that can be refused is refused before the rows are opened
    rows = sealed(asked.examples, loaded, bench, asked.project)
    against = ", ".join([*asked.libraries, *asked.rules, *(each.name for each in asked.services)])
    opened = open_sealed(asked.project, asked.model, rows, bench, against=f"{asked.version} and {against}")
    bench.progress(0.6, 1.0, "the sealed rows, by each")
    own = Rival(asked.version, "own", model.predict(asking.frame), model.summary.rule, f"{model.summary.family}, as "
                "searched, fitted and calibrated here", p99_ms=asked.p99_ms)  # fmt: skip
    several = [own, *(asking.asked_about(each) for each in rivals), *map(asking.rule, asked.rules),
               *map(asking.service, asked.services), asking.nothing()]  # fmt: skip
    found = compare(
        model.summary.metric, asking.task, loaded.table, loaded.split, several, asked.mistakes, seed=asked.examples.seed
    )
    best = max(found.scored, key=lambda each: each.score.value * sign(found.metric))
    return RivalsCompared(
        model=asked.version,
        compared=Blob(bench.blobs.put(msgspec.json.encode(found)), "rivals"),
        metric=found.metric,
        rows=found.rows,
        opened=opened,
        rivals=tuple(each.name for each in several[1:]),
        best=best.name,
    )


@dataclass
class _Asking:
    """The sealed rows, and how each rival is asked about them."""

    asked: CompareRivals
    bench: Bench
    loaded: Loaded
    model: FittedModel

    @property
    def task(self) -> Task:
        return self.model.summary.task

    @property
    def frame(self) -> pl.DataFrame:
        return self.loaded.table.frame[self.loaded.split.test]

    def check(self) -> None:
        """Everything that can be wrong with what was given, before any row is opened."""
        for text in self.asked.rules:
            self._parsed(text)
        for each in self.asked.services:
            self.answers(each)

    def library(self, name: str) -> Rival:
        """Fitted on the training rows, and not asked yet."""
        from treadle.training.plain import fit_plain
        from treadle.training.rivals import Rival

        loaded, task = self.loaded, self.task
        plain = fit_plain(name, loaded.table, loaded.split.train, task, seed=self.asked.examples.seed, threads=THREADS)
        self.bench.keep("plain", name, plain)
        said = f"{plain.said}; fitted on {len(loaded.split.train):,} rows"
        return Rival(name, "library", loaded.table.label[:0], self._rule(None), said, plain.seconds, plain.cpu_seconds)

    def asked_about(self, rival: Rival) -> Rival:
        """A library's model, asked about the sealed rows, and how long one answer takes."""
        from dataclasses import replace

        from treadle.training.plain import Plain
        from treadle.training.rivals import answer_ms

        def none() -> Plain:
            raise AssertionError("it was fitted before")

        plain, frame = self.bench.recall("plain", rival.name, none), self.frame
        encoded = plain.encode(frame)
        took, told = answer_ms(lambda row: plain.answer(encoded[row : row + 1]), len(frame)), plain.answer(encoded)
        if not self.task.classes:
            told = self.loaded.table.rows(self.loaded.split.test).counts(told)
        return replace(rival, p=told, p99_ms=took)

    def rule(self, text: str) -> Rival:
        """A boolean acts or not; a number is a value, or a probability; of classes the name of one."""
        from treadle.expr import to_polars
        from treadle.training.rivals import Rival, answer_ms

        asked, frame = to_polars(self._parsed(text)).alias("told"), self.frame
        told = frame.select(asked).get_column("told")
        took = answer_ms(lambda row: frame[row : row + 1].select(asked), len(frame))
        found = told_of(told, self.task, f"the rule {text}", self._usual())
        gaps = int(told.null_count())
        said = f"a rule of thumb; unknown of {gaps:,} rows, which are told as usual" if gaps else "a rule of thumb"
        return Rival(text, "rule", found, self._rule(None), said, p99_ms=took)

    def service(self, each: Answered) -> Rival:
        from treadle.training.rivals import Rival

        return Rival(each.name, "service", self.answers(each), self._rule(each.threshold), "a service, by its answers")

    def nothing(self) -> Rival:
        from treadle.training.rivals import Rival

        test = self.loaded.table.rows(self.loaded.split.test)
        p = test.counts(self.task.link(self.model.baseline.margin(test.label)))
        return Rival(NOTHING, "nothing", p, self._rule(None), f"{self.task.trivial} for every row")

    def answers(self, each: Answered) -> Array:
        """What the service said of each sealed row, in their order.

        Raises:
            DataError: rows that it said nothing of, or said two things of; what is no answer.
        """
        from treadle.stages.answers import read_answers

        ids = [self.loaded.table.ids[place] for place in self.loaded.split.test]
        if not self.asked.examples.plan.key:
            source = self.asked.examples.plan.each
            raise SpecError(
                f"answers are told by key, and {source} has none", where=f"sources.{source}", mend="give it a key"
            )
        return read_answers(
            self.bench.blobs.get(each.answers.digest), self.asked.examples.plan.key, ids, self.task, each.name
        )

    def _parsed(self, text: str) -> Expression:
        from treadle.expr import parse

        types = {each.name: each.type for each in self.asked.examples.plan.features}
        return parse(text, types, where="--rule")

    def _rule(self, threshold: float | None) -> Rule:
        """How what it says is decided on: where it costs least if it can be believed, unless it says otherwise."""
        from treadle.training import ideal_threshold

        return self.task.rule(ideal_threshold(self.asked.mistakes) if threshold is None else threshold)

    def _usual(self) -> Array:
        """What is told of a row of which nothing is known."""
        told: Array = self.task.link(self.model.baseline.margin(self.loaded.table.label[:1]))[0]
        return told


def hand_out(work: Work, packing: Entry[ModelPacked], to: str) -> tuple[pl.DataFrame, int]:
    """The sealed rows without their label, to be answered elsewhere, and how often they were opened by now: to hand
    them out is a look, and written down as one. `to`: whom they are for, in words."""
    import polars as pl

    asked, bench = judged_as(work, packing), work.bench()
    plan, loaded = asked.examples.plan, load(asked.examples, bench)
    if not plan.key:
        raise SpecError(f"{plan.each} has no key to tell its rows by", where=f"sources.{plan.each}", mend="give it one")
    if not len(loaded.split.test):
        raise DataError("there are no sealed rows", where="predict.split.test", mend="set a larger test share")
    rows = sealed(asked.examples, loaded, bench, asked.project)
    opened = open_sealed(asked.project, asked.model, rows, bench, against=f"handed out, {to}")
    whole = bench.read(asked.examples.table).filter(loaded.kept)
    chosen = [name for name in (*plan.key, *(each.name for each in plan.features)) if name in whole.columns]
    frame = whole.select(list(dict.fromkeys(chosen)))[loaded.split.test]
    keys = [pl.Series(name, list(map(str, frame.get_column(name)))) for name in plan.key]  # as rows are told by
    return frame.with_columns(keys), opened


def compared_of(work: Work, entry: Entry[RivalsCompared]) -> Compared:
    from treadle.training.rivals import Compared

    return msgspec.json.decode(work.workspace.blobs.get(entry.payload.compared.digest), type=Compared)
