"""Open the sealed test rows and judge a fitted model on them. Every opening is written down before the look."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from treadle.errors import EvidenceError
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.model_evaluated import HeldAgainst, ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.features import suspects
from treadle.spec import Limits, Mistakes
from treadle.stages.examples import Examples, load, only, sealed
from treadle.stages.fitting import fitted_model
from treadle.stages.holding import Standing, held_against
from treadle.stages.work import Bench, Work
from treadle.store import Blob, Blobs
from treadle.training import Evaluation, Look, SealedRows


class EvaluateModel(StepInput[ModelEvaluated], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = ModelEvaluated
    MEASURED: ClassVar[tuple[str, ...]] = ("minutes",)

    project: str
    examples: Examples
    model: Blob
    mistakes: Mistakes
    minutes: float | None
    """Of the whole run. More of them are no reason to look at the same rows with the same model again."""
    served: Standing | None = None
    """What the model is held against. Another one is a reason to look again, and another look."""


def evaluate(
    work: Work, examples: Examples, fitted: Entry[ModelFitted], served: Standing | None = None
) -> Entry[ModelEvaluated]:
    """`served`: see `treadle.stages.standing.to_beat`."""
    spec = work.workspace.project.spec
    return work.do(
        EvaluateModel(
            project=spec.project,
            examples=examples,
            model=fitted.payload.model,
            mistakes=spec.brief.mistakes,
            minutes=spec.brief.limits.train_minutes,
            served=served,
        ),
        make_evaluation,
    )


def make_evaluation(asked: EvaluateModel, bench: Bench) -> ModelEvaluated:
    from treadle import training

    loaded, model = load(asked.examples, bench), fitted_model(bench, asked.model)
    rows = sealed(asked.examples, loaded, bench, asked.project)
    opened = open_sealed(asked.project, asked.model, rows, bench, against=asked.served.model if asked.served else "")
    found = training.evaluate(
        model,
        loaded.table,
        loaded.split,
        only(
            predict=asked.examples.predict,
            train=msgspec.structs.replace(only(predict=asked.examples.predict).train, seed=asked.examples.seed),
            mistakes=asked.mistakes,
            limits=Limits(train_minutes=asked.minutes),
        ),
        progress=lambda done, text: bench.progress(done, 1.0, text),
        provenance=training.Provenance(
            reads=tuple(training.Reads(found.feature, found.column) for found in suspects(asked.examples.plan)),
            dropped=loaded.dropped,
            weightless=loaded.weightless,
        ),
    )
    if asked.served is not None:
        held = held_against(asked.served, model, asked.examples, loaded, rows, bench)
        found = msgspec.structs.replace(found, over_served=held)
    value, over = found.value, found.over_served
    return ModelEvaluated(
        evaluation=Blob(bench.blobs.put(msgspec.json.encode(found)), "evaluation"),
        metric=found.metric,
        value=value.value,
        low=value.low,
        high=value.high,
        rows=found.rows,
        opened=opened,
        findings=tuple(each.name for each in found.findings),
        against=None if over is None else HeldAgainst(over.model, over.bundle, over.said),
    )


def open_sealed(project: str, model: Blob, rows: SealedRows, bench: Bench, *, against: str = "") -> int:
    """Write down that these rows are opened; how often they were by now, whatever features were made of them.

    Every look in the workspace counts that saw some of them: by their keys within the project, by what stands in the
    raw rows whatever the project. See `treadle.training.sealed.times_opened`.
    """
    from treadle.training import times_opened

    key_file, blobs = rows.key_file, bench.blobs
    keys = None if key_file is None else Blob(blobs.put(key_file), "sealed keys")
    contents = Blob(blobs.put(rows.content_file), "sealed rows")
    seen = _Seen(rows, project, blobs)
    with bench.chain.alone() as alone:
        opened = times_opened(rows, (seen.look(entry.payload) for entry in alone.find(SealedOpened)))
        alone.append(
            SealedOpened(
                project=project,
                sealed=rows.digest,
                keys=keys,
                contents=contents,
                rows=rows.rows,
                model=model,
                opened=opened,
                against=against,
            ),
            f"sealed/{project}",
        )
    return opened


class _Seen:
    """What earlier looks saw; looks at the same rows are read once."""

    def __init__(self, rows: SealedRows, project: str, blobs: Blobs) -> None:
        self._rows, self._project, self._blobs = rows, project, blobs
        self._kept: dict[tuple[Blob | None, Blob | None], Look] = {}

    def look(self, looked: SealedOpened) -> Look:
        files = (looked.keys, looked.contents)
        if files not in self._kept:
            self._kept[files] = self._read(looked)
        return self._kept[files]

    def _read(self, looked: SealedOpened) -> Look:
        """Where its files are lost, a look of this project counts as one at all of these rows: never too few."""
        from treadle.training import Look

        try:
            keys, contents = (None if f is None else self._blobs.get(f.digest) for f in (looked.keys, looked.contents))
        except EvidenceError:
            mine = looked.project == self._project
            return Look.read(None, self._rows.content_file if mine else None)
        return Look.read(keys, contents)


def evaluation_of(bench: Bench, evaluation: Blob) -> Evaluation:
    return msgspec.json.decode(bench.blobs.get(evaluation.digest), type=Evaluation)
