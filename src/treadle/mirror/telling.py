"""What a server is told of a version, gathered from the record: settings, scores, trials, names, pages, the model.

Figures and settings, never rows. The bundle itself is told only where that is asked for: its golden records are rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.report_written import ReportWritten
from treadle.history.lineage import walk
from treadle.models import Bundle

if TYPE_CHECKING:
    from treadle.training import Evaluation
    from treadle.workspace import Workspace

LONGEST_VALUE = 500
"""Signs of a setting, or a tag: what the oldest servers take."""


@dataclass(frozen=True)
class Point:
    """One value of a metric. `at`: milliseconds since 1970; the same whenever it is told, so that it is kept once."""

    name: str
    value: float
    at: int
    step: int = 0


@dataclass(frozen=True)
class Version:
    """A version as it is told. `pages` by their path. `bundle`: the signed file, where it may go; `opened`: the same,
    to make a model of."""

    experiment: str
    name: str
    description: str
    began: int
    settings: tuple[tuple[str, str], ...]
    points: tuple[Point, ...]
    tags: tuple[tuple[str, str], ...]
    pages: Mapping[str, bytes]
    opened: Bundle
    digest: str


def tell(workspace: Workspace, packing: Entry[ModelPacked], *, bundle: bool, commit: str = "") -> Version:
    """All of a version. `commit`: of the project's sources, where they are known to be those that it was made by."""
    from treadle.training import Evaluation

    packed, blobs = packing.payload, workspace.blobs
    with workspace.chain.reading() as reader:
        led = [entry for entry, _ in walk(reader, [packing])]
        reports = reader.find(ReportWritten, subject=packing.subject, status="done", newest_first=True)
    whole = blobs.get(packed.bundle.digest)
    opened = Bundle.read(whole, workspace.trusted_keys, where=packed.model)
    judged = _newest(led, ModelEvaluated)
    pages = {"model_card.md": opened.card.encode()}
    points: list[Point] = []
    settings: list[tuple[str, str]] = []
    if judged is not None:
        found = msgspec.json.decode(blobs.get(judged.payload.evaluation.digest), type=Evaluation)
        points += _scores(found, judged)
        shown = [r for r in reports if any(ref.content == judged.payload.evaluation.content for ref in r.uses)]
        if shown:
            pages["report.html"] = blobs.get(shown[0].payload.report.digest)
    searched = _newest(led, ModelsSearched)
    if searched is not None:
        points += _trials(searched)
        pages["trials.json"] = _table(searched.payload)
        settings += _settings(workspace, searched.payload)
    fitted = _newest(led, ModelFitted)
    if fitted is not None:
        settings += [("calibration", fitted.payload.calibration), ("train_rows", str(fitted.payload.train_rows))]
    again = _newest(led, ModelRefitted)
    if again is not None:
        points += [_point("refit_largest_difference", again.payload.largest, packing)]
        settings.append(("refit_rows", str(again.payload.rows)))
    points += [_point("bundle_mb", packed.mb, packing), _point("p99_ms", packed.p99_ms, packing)]
    settings += [("refit", packed.refit), ("threshold", f"{opened.manifest.threshold:.6g}")]
    return Version(
        experiment=packing.subject,
        name=packed.model,
        description=opened.manifest.request.decision,
        began=_millis(packing.time),
        settings=tuple((name, value[:LONGEST_VALUE]) for name, value in dict(settings).items()),
        points=tuple(p for p in points if math.isfinite(p.value)),
        tags=_tags(packing, opened, commit),
        pages={**pages, **({"bundle.treadle": whole} if bundle else {})},
        opened=opened,
        digest=packed.bundle.digest,
    )


def _newest(led: Iterable[Entry[Payload]], kind: type[Any]) -> Entry[Any] | None:
    return max((entry for entry in led if isinstance(entry.payload, kind)), key=lambda e: e.seq, default=None)


def _millis(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


def _point(name: str, value: float, entry: Entry[Any], step: int = 0) -> Point:
    return Point(name, float(value), _millis(entry.time), step)


def _scores(found: Evaluation, entry: Entry[ModelEvaluated]) -> list[Point]:
    """Each score with the ends of its interval, beside what it has to beat."""
    values = {**found.scores, found.metric: found.value, f"baseline_{found.metric}": found.baseline}
    if found.reference is not None:
        values[f"simple_{found.metric}"] = found.reference
    if found.money is not None:
        values["saved_per_decision"] = found.money.saved
    out = []
    for name, value in values.items():
        ends = {"": value.value, "_low": value.low, "_high": value.high}
        out += [_point(name + end, number, entry) for end, number in ends.items() if number is not None]
    if found.calibration_error is not None:
        out.append(_point("calibration_error", found.calibration_error, entry))
    return [*out, _point("test_rows", found.rows, entry)]


def _trials(entry: Entry[ModelsSearched]) -> list[Point]:
    """Two lines over the trials: what each came to, and the best by then. Runs of their own would bury the runs."""
    from treadle.scoring import sign

    said, best = entry.payload, None
    out = []
    for trial in said.trials:
        if trial.state == "failed":
            continue
        out.append(_point(f"trials/{said.metric}", trial.value, entry, trial.number))
        if trial.state == "complete" and (best is None or (trial.value - best) * sign(said.metric) > 0):
            best = trial.value
        if best is not None:
            out.append(_point(f"trials/best_{said.metric}", best, entry, trial.number))
    return out


def _table(said: ModelsSearched) -> bytes:
    """The trials with their settings, in the layout of MLflow's tables."""
    columns = ("number", "family", "state", said.metric, "folds", "seconds", "settings")
    rows = [
        (t.number, t.family, t.state, t.value, len(t.folds), t.seconds, msgspec.json.encode(t.params).decode())
        for t in said.trials
    ]
    return msgspec.json.encode({"columns": columns, "data": rows})


def _settings(workspace: Workspace, said: ModelsSearched) -> list[tuple[str, str]]:
    """Of the members of what was chosen, each by its family; MLflow sorts and compares runs by these."""
    from treadle.training import SearchResult

    found = msgspec.json.decode(workspace.blobs.get(said.found.digest), type=SearchResult)
    out = [("family", said.family), ("metric", said.metric), ("trials", str(len(said.trials)))]
    out.append(("stopped", said.stopped))
    for number, member in enumerate(found.members):
        same = [m.family for m in found.members[:number]].count(member.family)
        head = member.family if not same else f"{member.family}_{same + 1}"
        out += [(f"{head}.{name}", str(value)) for name, value in member.params.items()]
        if len(found.members) > 1:
            out.append((f"{head}.weight", f"{member.weight:.3g}"))
    return out


def _tags(packing: Entry[ModelPacked], opened: Bundle, commit: str) -> tuple[tuple[str, str], ...]:
    packed = packing.payload
    tags = {
        "treadle.model": packed.model,
        "treadle.bundle": packed.bundle.digest,
        "treadle.entry": packing.hash,
        "treadle.run": packing.run,
        "treadle.manifest": opened.id,
        "treadle.family": packed.family,
        "treadle.refit": packed.refit,
        "mlflow.user": packing.actor,
        "mlflow.note.content": opened.manifest.request.decision[:LONGEST_VALUE],
    }
    return tuple((name, value) for name, value in (tags | {"mlflow.source.git.commit": commit}).items() if value)


def in_batches(version: Version, most: int = 900) -> Sequence[Mapping[str, Any]]:
    """Bodies of `runs/log-batch`, which takes 1,000 metrics, 100 settings and 100 tags at once."""
    points = [{"key": p.name, "value": p.value, "timestamp": p.at, "step": p.step} for p in version.points]
    params = [{"key": _name(name), "value": value} for name, value in version.settings]
    parts = [{"metrics": points[at : at + most]} for at in range(0, len(points), most)]
    return [*parts, *({"params": params[at : at + 90]} for at in range(0, len(params), 90))]


def _name(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in text)[:250]
