"""One signed file with all that serving needs; its ONNX graph is proved equal to the fitted model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from treadle.contracts import Contract, Rule, row_rules
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.state_built import StateBuilt
from treadle.spec import Mistakes, People, Source
from treadle.stages.examples import Examples, Loaded, load, only
from treadle.stages.fitting import fitted_model
from treadle.stages.judging import evaluation_of
from treadle.stages.refitting import apart
from treadle.stages.work import Bench, TrainingCost, Work, training_cost
from treadle.store import Blob, Snapshot, StateRef
from treadle.training import Refitted

if TYPE_CHECKING:
    from treadle.features import FeaturePlan
    from treadle.stages.reading import Sources


class PackModel(StepInput[ModelPacked], frozen=True, kw_only=True):
    """`brief` as it was stated; `rows`: the source of the examples; `run`: the one that judged the model.

    `twin`: of a model that was fitted again on all rows, the one that was judged. `texts`: columns of `rows` that the
    contract or a mapping makes texts of, whatever they were read as.
    """

    MAKES: ClassVar[type[Payload]] = ModelPacked
    MEASURED: ClassVar[tuple[str, ...]] = ("cost", "run")

    project: str
    decision: str
    people: People
    mistakes: Mistakes
    brief: Blob
    examples: Examples
    model: Blob
    evaluation: Blob
    state: StateRef | None
    rows: Snapshot
    rules: tuple[Rule, ...]
    entity: str | None
    cost: TrainingCost
    run: str
    refitted: Refitted | None = None
    twin: Blob | None = None
    texts: tuple[str, ...] = ()


def pack(
    work: Work,
    brief: Entry[BriefStated],
    sources: Sources,
    examples: Examples,
    fitted: Entry[ModelFitted],
    evaluation: Entry[ModelEvaluated],
    state: Entry[StateBuilt] | None,
    refitted: Entry[ModelRefitted] | None = None,
) -> Entry[ModelPacked]:
    from treadle.stages.reading import held_to

    spec = work.workspace.project.spec
    contract = held_to(work, spec.predict.each)
    asked = PackModel(
        project=work.workspace.project.address,
        decision=spec.brief.decision,
        people=spec.brief.people,
        mistakes=spec.brief.mistakes,
        brief=brief.payload.brief,
        examples=examples,
        model=fitted.payload.model if refitted is None else refitted.payload.model,
        evaluation=evaluation.payload.evaluation,
        state=state.payload.state if state else None,
        rows=sources[spec.predict.each].payload.table,
        rules=row_rules(contract, set(examples.plan.input_types)) if contract else (),
        entity=spec.serve.entity,
        cost=training_cost(work.entries),
        run=evaluation.run,
        refitted=apart(refitted),
        twin=None if refitted is None else refitted.payload.twin,
        texts=_texts(spec.sources[spec.predict.each], contract, examples.plan),
    )
    return work.do(asked, make_bundle)


def make_bundle(asked: PackModel, bench: Bench) -> ModelPacked:
    """The version's number is given out under the catalog's lock, so that no two packings have one name."""
    from treadle.packing import Contents, pack_bundle

    with bench.chain.alone() as alone:
        name = f"{asked.project}:{alone.number(asked.project)}"
    loaded, found = load(asked.examples, bench), evaluation_of(bench, asked.evaluation)
    cut = _cut(asked, loaded)
    packed = pack_bundle(
        fitted_model(bench, asked.model),
        found,
        loaded.table,
        loaded.split,
        only(
            predict=asked.examples.predict,
            project=asked.project,
            decision=asked.decision,
            mistakes=asked.mistakes,
            people=asked.people,
        ),
        Contents(
            name=name,
            created=bench.chain.clock().isoformat(timespec="seconds"),
            plan=asked.examples.plan,
            rules=asked.rules,
            entity=asked.entity,
            refs=_refs(asked),
            cost=msgspec.to_builtins(asked.cost),
            cut=cut,
            refitted=asked.refitted,
            guessed=_guessed(asked, bench),
        ),
        key=bench.signing_key(),
        path=bench.scratch(),
    )
    try:
        bundle = Blob(bench.blobs.put_file(packed.path), "bundle")
    finally:
        packed.path.unlink(missing_ok=True)
    return ModelPacked(
        model=name,
        bundle=bundle,
        family=found.family,
        metric=found.metric,
        value=found.value.value,
        low=found.value.low,
        high=found.value.high,
        mb=packed.mb,
        p99_ms=packed.p99_ms,
        cut=cut,
        refit="training" if asked.refitted is None else "all",
        example=_newest_example(asked.examples.plan, asked.rows, bench),
    )


def _texts(source: Source, contract: Contract | None, plan: FeaturePlan) -> tuple[str, ...]:
    declared, mapped = contract.types if contract is not None else {}, source.mapped if source.map else {}
    return tuple(
        name
        for name, kind in plan.each_types.items()
        if kind == "str" and (declared.get(name) == "str" or (name in mapped and mapped[name].type == "str"))
    )


def _guessed(asked: PackModel, bench: Bench) -> frozenset[str]:
    """Which of the texts may have been numbers, dates or truths as they were read: nothing in them says otherwise."""
    from treadle.sources import as_guessed

    if not asked.texts:
        return frozenset()
    frame = bench.read(asked.rows, list(asked.texts))
    return frozenset(name for name in asked.texts if as_guessed(frame.get_column(name)))


def _cut(asked: PackModel, loaded: Loaded) -> str | None:
    """Where the rows that it was fitted on end: just after the last one, where it was fitted on all."""
    import numpy as np

    table, cut = loaded.table, loaded.split.cut
    if cut is not None and asked.refitted is not None and table.at is not None:
        cut = table.at.max() + np.timedelta64(1, "us")
    return None if cut is None else f"{cut}Z"


def _refs(asked: PackModel) -> dict[str, str]:
    from treadle import __version__

    twin = {} if asked.twin is None else {"twin": asked.twin.digest}
    return {
        **twin,
        "run": asked.run,
        "state": asked.state.name if asked.state else "",
        "data": asked.examples.table.fingerprint,
        "model": asked.model.digest,
        "treadle": __version__,
    }


def _newest_example(plan: FeaturePlan, rows: Snapshot, bench: Bench) -> dict[str, Any]:
    """The fields of a request, from the newest row whose label is known: for the curl line that `serve` prints."""
    from treadle import expr

    types = plan.each_types
    frame = bench.read(rows, sorted(types))
    frame = frame.filter(expr.to_polars(expr.parse(plan.label, types)).is_not_null())
    if plan.at is not None:
        frame = frame.sort(expr.to_polars(expr.parse(plan.at, types)), nulls_last=False)
    newest = frame.select(list(plan.input_types)).tail(1).to_dicts()[0]
    return {name: value for name, value in newest.items() if value is not None}
