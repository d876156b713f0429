"""Settle a question by an experiment: both sides fitted on the same rows and folds, compared on the same sealed rows.

Each side is a target of its own for as long as it takes: its steps are those of a run, found again by what they were
asked, and nothing of them stands in the place of what the project itself makes. What both are asked is what the terms
fixed, and not what the project file says by now. Both learn from what experts have said by then, as a run does that
begins when they are compared.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec
from msgspec import Struct

from treadle.errors import DecisionError, ModelError, SpecError
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.decision_settled import DecisionSettled, SideFound
from treadle.evidence.kinds.decision_terms import Side, TermsStated
from treadle.evidence.kinds.source_read import SourceRead
from treadle.scoring.margins import beyond
from treadle.spec import Limits, ProjectSpec, all_tables
from treadle.spec.changes import changed, read_change
from treadle.stages.building import build_features
from treadle.stages.examples import Examples, Loaded, load, sealed
from treadle.stages.fitting import fit_best, fitted_model
from treadle.stages.judging import open_sealed
from treadle.stages.labels import Standing, apply_labels, standing_labels
from treadle.stages.planning import make_plan
from treadle.stages.reading import Sources
from treadle.stages.searching import search_models
from treadle.stages.work import Bench, Work, training_cost
from treadle.store import Blob, EntryRef

if TYPE_CHECKING:
    from treadle.evidence.kinds.model_fitted import ModelFitted
    from treadle.scoring.paired import Paired
    from treadle.spec import Project
    from treadle.training import FittedModel
    from treadle.workspace import Workspace


class SettleByExperiment(StepInput[DecisionSettled], frozen=True, kw_only=True):
    """`terms`: what was agreed on. `learning`: seconds that each side took to learn, for who reads it."""

    MAKES: ClassVar[type[Payload]] = DecisionSettled
    MEASURED: ClassVar[tuple[str, ...]] = ("learning",)

    decision: str
    terms: EntryRef
    project: str
    options: tuple[str, str]
    margin: float
    examples: tuple[Examples, Examples]
    models: tuple[Blob, Blob]
    learning: tuple[float, float]


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody would have as terms: by option what it changes of the project, as it was written."""

    sides: tuple[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]]
    metric: str
    margin: float
    minutes: float
    otherwise: str = ""


@dataclass(frozen=True)
class _Fitted:
    examples: Examples
    model: Entry[ModelFitted]
    seconds: float


def make_terms(workspace: Workspace, name: str, opened: EntryRef, asked: Asked) -> TermsStated:
    """Terms with all that they fix: the newest snapshot of each source, and the whole project of each side.

    Raises:
        DecisionError: a side makes no project that these rows fit, both ask for the same, a source was not read yet.
    """
    sources = newest_sources(workspace)
    specs = [_spec(workspace, option, changes, asked) for option, changes in asked.sides]
    if specs[0] == specs[1]:
        raise DecisionError(
            "both sides ask for the same, so there is nothing to compare",
            where="--change",
            mend='say what one of them changes: --change "OPTION: features.lookup.weather=null"',
        )
    for (option, _), spec in zip(asked.sides, specs, strict=True):
        try:
            make_plan(_side_work(workspace, name, 0, spec), sources)
        except SpecError as bad:
            raise _no_project(option, bad) from bad
    first, second = (
        Side(option, changes, Blob(workspace.blobs.put(msgspec.json.encode(spec)), f"{name}: {option}"))
        for (option, changes), spec in zip(asked.sides, specs, strict=True)
    )
    return TermsStated(
        decision=name,
        opened=opened,
        sides=(first, second),
        metric=asked.metric,
        margin=asked.margin,
        minutes=asked.minutes,
        otherwise=asked.otherwise,
        sources={table: EntryRef(entry.hash, _rows_of(table, entry)) for table, entry in sources.items()},
    )


def _rows_of(table: str, entry: Entry[SourceRead]) -> str:
    return f"{table}@{entry.payload.table.version}: {entry.payload.table.rows:,} rows"


def newest_sources(workspace: Workspace) -> Sources:
    """The newest snapshot of each source, and of each table that is made of an entity.

    Raises:
        DecisionError: one was not read yet.
    """
    found: Sources = {}
    for table in all_tables(workspace.project.spec):
        last = workspace.chain.last(SourceRead, subject=f"source/{table}")
        if last is None:
            raise DecisionError(
                f"{table} was not read yet, so there are no rows to agree on",
                where=f"source/{table}",
                mend=f"{workspace.project.command_that_reads()} reads it",
            )
        found[table] = last
    return found


def _spec(workspace: Workspace, option: str, changes: Sequence[str], asked: Asked) -> ProjectSpec:
    """The project as one side would have it; metric, time and what is fitted are the same for both."""
    spec = workspace.project.spec
    try:
        made = changed(spec, [read_change(text, "--change") for text in changes], "--change")
    except SpecError as bad:
        raise _no_project(option, bad) from bad
    replace = msgspec.structs.replace
    brief = replace(made.brief, limits=Limits(train_minutes=asked.minutes), good_enough={}, must_have={})
    predict = replace(made.predict, metric=asked.metric)
    same = replace(made, brief=brief, predict=predict, train=replace(made.train, refit="training"))
    try:
        return changed(same, [], "--metric")
    except SpecError as bad:
        raise DecisionError(bad.what, where="--metric", mend=bad.mend) from bad


def _no_project(option: str, bad: SpecError) -> DecisionError:
    place = f"{bad.where}: " if bad.where and bad.where != "--change" else ""
    return DecisionError(f"what {option} changes makes no project: {place}{bad.what}", where="--change", mend=bad.mend)


def settle(work: Work, terms: Entry[TermsStated]) -> Entry[DecisionSettled]:
    """Run both sides as they were agreed on, and compare them. What was done before is taken from the record.

    Raises:
        DecisionError: rows that were agreed on are not kept any more.
    """
    said, workspace = terms.payload, work.workspace
    sources = _agreed_sources(workspace, said)
    stand = standing_labels(_of_the_terms(workspace, said))  # once: what is said while the sides learn changes neither
    first, second = (_fit(work, said, number, sources, stand) for number in (0, 1))
    one, other = said.sides
    asked = SettleByExperiment(
        decision=said.decision,
        terms=terms.ref,
        project=workspace.project.spec.project,
        options=(one.option, other.option),
        margin=said.margin,
        examples=(first.examples, second.examples),
        models=(first.model.payload.model, second.model.payload.model),
        learning=(first.seconds, second.seconds),
    )
    return work.do(asked, make_settlement, terms.subject)


def _side_spec(workspace: Workspace, said: TermsStated, number: int) -> ProjectSpec:
    return msgspec.json.decode(workspace.blobs.get(said.sides[number].spec.digest), type=ProjectSpec)


def _of_the_terms(workspace: Workspace, said: TermsStated) -> Workspace:
    """The project with the target that the terms are of, whichever of several is named when they are run."""
    project, target = workspace.project, _side_spec(workspace, said, 0).predict.name
    return dataclasses.replace(workspace, project=project.of(target)) if target in project.targets else workspace


def _agreed_sources(workspace: Workspace, said: TermsStated) -> Sources:
    found: Sources = {}
    with workspace.chain.reading() as reader:
        entries = {entry.hash: entry for entry in reader.by_hash(*(ref.digest for ref in said.sources.values()))}
    for table, ref in said.sources.items():
        entry = entries.get(ref.digest)
        if entry is None or not isinstance(entry.payload, SourceRead) or not workspace.present(entry.payload.table):
            raise DecisionError(
                f"the rows that were agreed on are not kept any more: {ref.name}",
                where=said.decision,
                mend=f"whoever decides closes it without: treadle decide close PROJECT {said.decision} --for OPTION",
            )
        found[table] = entry  # type: ignore[assignment]
    return found


def _fit(work: Work, said: TermsStated, number: int, sources: Sources, stand: Standing) -> _Fitted:
    """One side, from the rows to a fitted model, within its own minutes."""
    spec = _side_spec(work.workspace, said, number)
    side = _side_work(work.workspace, said.decision, number, spec)
    plan = make_plan(side, sources)
    built = build_features(side, plan, sources)
    origin = sources[spec.predict.each].payload.table
    labelled = apply_labels(side, plan, built, stand)
    examples = Examples((labelled or built).payload.table, plan, spec.predict, spec.train.seed, origin)
    search = search_models(side, examples)
    model = fit_best(side, examples, search)
    work.lines += side.lines
    work.entries += side.entries
    work.fresh += side.fresh
    return _Fitted(examples, model, training_cost([search, model]).seconds)


def _side_work(workspace: Workspace, name: str, number: int, spec: ProjectSpec) -> Work:
    """The work of one side, as a target that no project file can name."""
    project: Project = workspace.project
    target = f"{name}-{'ab'[number]}"
    project = dataclasses.replace(project, spec=spec, positions={}, targets={target: spec}, target=target)
    return Work(dataclasses.replace(workspace, project=project), began=time.monotonic())


def make_settlement(asked: SettleByExperiment, bench: Bench) -> DecisionSettled:
    loaded = [load(examples, bench) for examples in asked.examples]
    models = [fitted_model(bench, model) for model in asked.models]
    rows = sealed(asked.examples[0], loaded[0], bench, asked.project)
    _refuse_unlike(loaded, asked)
    opened = 0
    for option, model in zip(reversed(asked.options), asked.models, strict=True):
        opened = open_sealed(asked.project, model, rows, bench, against=f"{asked.decision}: {option}")
    found = _compared(models, loaded, asked.examples[0].seed)
    sides = [
        SideFound(option, model.summary.family, each.value, each.low, each.high, round(seconds, 1))
        for option, model, each, seconds in zip(
            asked.options, models, (found.ours, found.theirs), asked.learning, strict=True
        )
    ]
    gain = found.gain
    return DecisionSettled(
        decision=asked.decision,
        terms=asked.terms.digest,
        metric=models[0].summary.metric,
        margin=asked.margin,
        rows=rows.rows,
        opened=opened,
        sides=(sides[0], sides[1]),
        gain=gain.value,
        low=gain.low,
        high=gain.high,
        verdict=beyond(gain, asked.margin),
        why=gain.why,
    )


def _refuse_unlike(loaded: Sequence[Loaded], asked: SettleByExperiment) -> None:
    """Raises ModelError: the two were not split alike, or their rows are not the same rows."""
    import numpy as np

    one, other = loaded
    alike = all(np.array_equal(getattr(one.split, part), getattr(other.split, part)) for part in ("train", "test"))
    if not alike or not np.array_equal(one.table.label, other.table.label) or one.table.ids != other.table.ids:
        raise ModelError(
            f"{' and '.join(asked.options)} do not have the same rows, so they cannot be compared", where=asked.decision
        )


def _compared(models: Sequence[FittedModel], loaded: Sequence[Loaded], seed: int) -> Paired:
    """Raises ModelError: too few rows, or of one class; a metric that they do not define."""
    import numpy as np

    from treadle import training

    second, theirs = models[1], loaded[1]
    rival = training.Served(
        model="the other side",
        bundle="",
        predict=lambda positions: second.predict(theirs.table.frame[positions]),
        rule=second.summary.rule,
        unlearned=np.ones(len(theirs.split.test), dtype=bool),
    )
    over = training.hold_against(rival, models[0], loaded[0].table, loaded[0].split, seed=seed)
    if over.found is None or not np.isfinite(over.found.gain.value):
        raise ModelError(
            f"the two cannot be compared on these rows: {over.untold}",
            mend="whoever decides may close it without: treadle decide close PROJECT NAME --for OPTION",
        )
    return over.found
