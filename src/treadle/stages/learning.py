"""From the training table to a judged model: search, fit, evaluate, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.evidence import Step, content_hash
from treadle.features import FeaturePlan
from treadle.stages.data import scan_snapshot
from treadle.stages.work import Work, training_cost

if TYPE_CHECKING:
    import polars as pl

    from treadle.training import Evaluation, FittedModel, SearchResult, Split, TrainingTable
    from treadle.workspace import Workspace

_TRAINING = ("training", "spec/project.py", "lib:lightgbm", "lib:scikit-learn", "lib:optuna", "lib:numpy")
_SEARCH_SHARE = 0.35  # of the minutes that the brief allows: fitting, judging and packing need the rest


@dataclass
class TrainingData:
    """The training table and its split, read when a step first asks for them."""

    workspace: Workspace
    plan: FeaturePlan
    snapshot: Mapping[str, Any]

    @cached_property
    def table(self) -> TrainingTable:
        from treadle.features.batch import AT, KNOWN, LABEL
        from treadle.training import TrainingTable

        frame = scan_snapshot(self.workspace, self.snapshot).collect()
        keep = frame.get_column(LABEL).is_not_null()
        if AT in frame.columns:
            keep = keep & frame.get_column(AT).is_not_null()
        self.dropped = frame.height - int(keep.sum())
        frame = frame.filter(keep)
        at, known = (_times(frame, name) for name in (AT, KNOWN))
        ids = (
            [",".join(map(str, key)) for key in frame.select(self.plan.key).iter_rows()]
            if self.plan.key
            else list(map(str, range(frame.height)))
        )
        group = frame.get_column(self.plan.group).to_list() if self.plan.group else None
        return TrainingTable(
            frame=frame.select([f.name for f in self.plan.features]),
            label=frame.get_column(LABEL).to_numpy(),
            at=at,
            known=known,
            ids=ids,
            features=self.plan.features,
            group=group,
        )

    @cached_property
    def split(self) -> Split:
        from treadle.training import check as check_table
        from treadle.training import split

        check_table(self.table, self.workspace.project.spec.predict.kind)
        return split(self.table, self.workspace.project.spec.predict, seed=self.workspace.project.spec.train.seed)


def _times(frame: pl.DataFrame, name: str) -> Any:
    import polars as pl

    if name not in frame.columns:
        return None
    return frame.get_column(name).cast(pl.Datetime("us")).to_numpy()


def search_models(work: Work, features: Step) -> Step:
    """Try families and settings on the training folds, within the brief's time and money."""
    from treadle.training import search

    spec = work.workspace.project.spec
    settings = {
        "predict": spec.predict,
        "train": spec.train,
        "limits": spec.brief.limits,
        "good_enough": spec.brief.good_enough,
        "mistakes": spec.brief.mistakes,
    }
    with work.step("training.search", uses=[features.outputs["table"]], settings=settings, code=_TRAINING) as step:
        if not step.cached:
            found = search(
                work.data.table,
                work.data.split,
                spec,
                deadline_s=_deadline(spec),
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            step.value("found", found)
            step.note(
                said=f"{len(found.trials)} trials, best {found.family} {found.metric} {found.value:.4f} on folds",
                dropped=work.data.dropped,
            )
    return step


def found_by(search: Step) -> SearchResult:
    """What the search came to, as it is kept in the chain."""
    from treadle.training import SearchResult

    return msgspec.convert(search.outputs["found"]["value"], SearchResult)


def _deadline(spec: Any) -> float:
    minutes = spec.brief.limits.train_minutes
    return float("inf") if minutes is None else minutes * 60 * _SEARCH_SHARE


def fit_best(work: Work, features: Step, search: Step) -> Step:
    """Fit the best settings on all training rows; calibrate and choose the threshold on out-of-fold predictions."""
    from treadle.training import fit
    from treadle.training.keep import dump

    spec, found = work.workspace.project.spec, found_by(search)
    settings = {"predict": spec.predict, "train": spec.train, "mistakes": spec.brief.mistakes}
    chosen = {"kind": "value", "name": "found", "digest": content_hash(search.outputs["found"])}
    with work.step("training.fit", uses=[features.outputs["table"], chosen], settings=settings, code=_TRAINING) as step:
        if not step.cached:
            work.model = fit(
                work.data.table,
                work.data.split,
                found,
                spec,
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            step.made("model", {"kind": "blob", "digest": work.workspace.blobs.put(dump(work.model))})
            step.note(
                said=f"{work.model.summary.family}, {work.model.summary.train_rows:,} rows, "
                f"calibration {work.model.summary.calibration}"
            )
    return step


def fitted_model(work: Work, fitted: Step) -> FittedModel:
    from treadle.training.keep import restore

    if work.model is None:
        work.model = restore(work.workspace.blobs.get(str(fitted.outputs["model"]["digest"])))
    return work.model  # type: ignore[no-any-return]


def evaluate(work: Work, features: Step, fitted: Step) -> Step:
    """Open the sealed test rows, once for each fitted model; every opening is counted."""
    from treadle import training

    workspace = work.workspace
    with work.step(
        "training.evaluate",
        uses=[fitted.outputs["model"], features.outputs["table"]],
        settings={"mistakes": workspace.project.spec.brief.mistakes, "predict": workspace.project.spec.predict},
        code=("training", "lib:numpy"),
    ) as step:
        if not step.cached:
            model = fitted_model(work, fitted)
            opened = 1 + len(
                [
                    e
                    for e in workspace.chain.entries(kind="training.evaluate", status="done")
                    if features.outputs["table"]["fingerprint"] in str(e.uses)
                ]
            )
            found = training.evaluate(
                model,
                work.data.table,
                work.data.split,
                workspace.project.spec,
                progress=lambda done, text: step.progress(done, 1.0, text),
            )
            content = msgspec.json.encode(found)
            step.made("evaluation", {"kind": "blob", "digest": workspace.blobs.put(content)})
            value = found.value
            step.note(
                opened=opened,
                said=f"{found.metric} {value.value:.4f} [{value.low:.4f}, {value.high:.4f}] on "
                f"{found.rows:,} sealed rows; opened {opened} time{'s' if opened > 1 else ''}",
            )
    return step


def evaluation_of(work: Work, evaluation: Step) -> Evaluation:
    from treadle.training import Evaluation

    content = work.workspace.blobs.get(str(evaluation.outputs["evaluation"]["digest"]))
    return msgspec.json.decode(content, type=Evaluation)


def write_report(work: Work, search: Step, evaluation: Step) -> str:
    """The HTML report of this evaluation; its path."""
    from treadle.training import report

    workspace, opened = work.workspace, int(evaluation.detail.get("opened", 1))
    place = workspace.reports / f"{workspace.project.spec.project}.html"
    with work.step(
        "report.written",
        uses=[evaluation.outputs["evaluation"]],
        settings={"opened": opened},
        code=("training/reporting.py", "pages"),
    ) as step:
        if not step.cached:
            made = (
                f"Run {workspace.chain.run}. The sealed test rows were opened {opened} time{'s' if opened > 1 else ''}."
            )
            html = report(
                evaluation_of(work, evaluation),
                workspace.project.spec,
                found_by(search),
                costs=_cost_lines(work),
                made=made,
            )
            step.made("report", {"kind": "blob", "digest": workspace.blobs.put(html.encode())})
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(workspace.blobs.get(str(step.outputs["report"]["digest"])))
    return str(place)


def _cost_lines(work: Work) -> list[tuple[str, str]]:
    spent = training_cost(work.steps)
    return [
        ("Cost of this model", f"{spent['amount']:.4f} {spent['currency']}"),
        ("Time", f"{spent['seconds']:.0f} s"),
        ("CPU", f"{spent['cpu_seconds']:.0f} CPU-seconds"),
        ("Peak memory", f"{spent['peak_mb']:,.0f} MB"),
    ]
