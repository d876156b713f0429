"""What the experts' word gained: the same settings fitted without it, and both asked about the same sealed rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.labels_applied import LabelsApplied
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.labelling import Audit, LabelGain, taken_words, words
from treadle.spec import Experts, Limits, Mistakes, Train
from treadle.stages.examples import Examples, Loaded, load, only, sealed
from treadle.stages.fitting import fitted_model
from treadle.stages.judging import open_sealed
from treadle.stages.searching import as_judged, found_by, learning_seconds
from treadle.stages.work import Bench, Work
from treadle.store import Blob, Snapshot

if TYPE_CHECKING:
    import numpy as np

    from treadle.scoring.paired import Paired
    from treadle.training import FittedModel


class MeasureLabels(StepInput[LabelsMeasured], frozen=True, kw_only=True):
    """`examples`: with what experts said; `before`: the table without. `flagged`: implausible values by feature."""

    MAKES: ClassVar[type[Payload]] = LabelsMeasured
    MEASURED: ClassVar[tuple[str, ...]] = ("minutes",)

    project: str
    examples: Examples
    before: Snapshot
    found: Blob
    model: Blob
    train: Train
    minutes: float | None
    mistakes: Mistakes
    rule: str
    labellers: tuple[str, ...]
    flagged: tuple[tuple[str, int], ...]


def measure_labels(
    work: Work,
    applied: Entry[LabelsApplied] | None,
    before: Snapshot,
    examples: Examples,
    search: Entry[ModelsSearched],
    fitted: Entry[ModelFitted],
) -> Entry[LabelsMeasured] | None:
    """None where nothing that experts said stands."""
    if applied is None:
        return None
    spec, address = work.workspace.project.spec, work.workspace.project.address
    with work.workspace.chain.reading() as reader:
        taken = taken_words(words(reader, address), spec)
    said = [word.said for mine in taken.values() for word in mine.values()]
    who = {name for mine in taken.values() for name in mine}
    named = [name for each in said for name in each.implausible if not each.out]
    flagged = sorted(((name, named.count(name)) for name in set(named)), key=lambda each: (-each[1], each[0]))
    return work.do(
        MeasureLabels(
            project=spec.project,
            examples=examples,
            before=before,
            found=search.payload.found,
            model=fitted.payload.model,
            train=as_judged(spec.train),
            minutes=spec.brief.limits.train_minutes,
            mistakes=spec.brief.mistakes,
            rule=rule_said(spec.experts),
            labellers=tuple(sorted(who)),
            flagged=tuple(flagged),
        ),
        make_measured,
    )


def rule_said(experts: Experts) -> str:
    """The rule in words."""
    rule = {
        "majority": "what more than half say",
        "unanimous": "what all say",
        "trusted": "trust",
        "newest": "what was said last",
    }[experts.rule]
    told = f", else what {', then '.join(experts.trusted)} says" if experts.trusted else ""
    return f"{rule}{told}" + (f", of {experts.least} and more" if experts.least > 1 else "")


def make_measured(asked: MeasureLabels, bench: Bench) -> LabelsMeasured:
    import numpy as np

    from treadle import training
    from treadle.training.keep import dump

    bench.progress(0.0, 1.0, "fitting without what experts said")
    loaded, model = load(asked.examples, bench), fitted_model(bench, asked.model)
    plain = load(msgspec.structs.replace(asked.examples, table=asked.before), bench)
    found = found_by(bench, asked.found)
    without = training.fit(
        plain.table,
        plain.split,
        found,
        only(predict=asked.examples.predict, train=asked.train, mistakes=asked.mistakes),
        seconds=learning_seconds(Limits(train_minutes=asked.minutes), bench.elapsed(), found.seconds),
    )
    without = replace(without, summary=msgspec.structs.replace(without.summary, seconds=0.0))
    rows = sealed(asked.examples, loaded, bench, asked.project)
    other = Blob(bench.blobs.put(dump(without)), "model without what experts said")
    opened = open_sealed(asked.project, other, rows, bench, against=asked.model.digest)
    bench.progress(0.7, 1.0, "the sealed rows, by both")
    assert loaded.said is not None
    test = loaded.split.test
    y, said, doubted = plain.table.label[test], loaded.said.label[test], loaded.said.doubted[test]
    spoken, differs = np.isfinite(said) | doubted, (np.isfinite(said) & (said != y)) | doubted
    corrected = np.where(np.isfinite(said), said, y)
    train = loaded.split.train
    told = loaded.said.label[train]
    judged = LabelGain(
        metric=model.summary.metric,
        rule=asked.rule,
        labellers=asked.labellers,
        rows=len(test),
        taught=int((np.isfinite(told) & (told != plain.table.label[train])).sum()),
        confirmed=int((np.isfinite(told) & (told == plain.table.label[train])).sum()),
        left_out=0 if loaded.split.left_out is None else len(loaded.split.left_out),
        by_source=_both(model, without, plain, test, y, asked.examples.seed),
        by_experts=_both(model, without, plain, test[~doubted], corrected[~doubted], asked.examples.seed)
        if spoken.any()
        else None,
        audit=Audit(int(spoken.sum()), int(differs.sum())) if spoken.any() else None,
        flagged=asked.flagged,
        same=bool(np.array_equal(model.predict(plain.table.frame[test]), without.predict(plain.table.frame[test]))),
    )
    gain = judged.by_source.gain
    return LabelsMeasured(
        judged=Blob(bench.blobs.put(msgspec.json.encode(judged)), "gain of labels"),
        metric=judged.metric,
        gain=gain.value,
        low=gain.low,
        high=gain.high,
        taught=judged.taught,
        left_out=judged.left_out,
        opened=opened,
    )


def _both(
    model: FittedModel,
    without: FittedModel,
    loaded: Loaded,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
    seed: int,
) -> Paired:
    """Both on the same rows, by the same draws of them."""
    from treadle.scoring.bootstrap import draws
    from treadle.scoring.paired import Answers, paired

    test = loaded.table.rows(rows)
    group = test.group if loaded.split.by == "group" else None
    parts, whole = loaded.split, len(rows) == len(loaded.split.test)
    dealt = len(parts.train) + len(parts.test) if whole and model.summary.task.decides else None
    dealt = dealt if parts.by == "stratified" else None  # the draws of the report
    draw = draws(y, test.at, group=group, dealt_from=dealt, seed=seed, weight=test.weight)
    ours, theirs = (Answers(each.predict(test.frame), each.summary.rule) for each in (model, without))
    return paired(model.summary.metric, y, ours, theirs, draw)


def judged_of(bench: Bench, judged: Blob) -> LabelGain:
    """What was measured, whole."""
    return msgspec.json.decode(bench.blobs.get(judged.digest), type=LabelGain)
