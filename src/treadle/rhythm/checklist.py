"""What a reviewer looks at before a release, each line filled in from the record: data, leakage, metrics, cost,
fairness, security, and what experts said.

It decides nothing: gates do. A line says `look` where there is something that a person should look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from treadle.errors import TreadleError
from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.code_stated import CodeStated
from treadle.evidence.kinds.labels_measured import LabelsMeasured
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_requested import Gate
from treadle.evidence.kinds.source_read import SourceRead
from treadle.models import Bundle
from treadle.rhythm.review_found import ChecklistLine, State
from treadle.scoring.metrics import sign
from treadle.training import Evaluation

if TYPE_CHECKING:
    from treadle.scoring.bootstrap import Interval
    from treadle.workspace import Workspace

MOST_ASIDE = 0.01
"""The share of rows that a contract may set aside without a word."""
MANY_LOOKS = 5
_COSTS = ("train_cost", "train_minutes", "bundle_mb", "p99_ms")
P = TypeVar("P", bound=Payload)


def checklist(
    workspace: Workspace, packing: Entry[ModelPacked], led: Sequence[Entry[Payload]], gates: Sequence[Gate]
) -> list[ChecklistLine]:
    """`led`: all that led to the version, nearest first; `gates`: of its request."""
    lines = [_data(led)]
    judged = _newest(led, ModelEvaluated)
    if judged is not None:
        found = msgspec.json.decode(workspace.blobs.get(judged.payload.evaluation.digest), type=Evaluation)
        lines += [
            _leakage(judged, found),
            _metrics(judged, found),
            _cost(packing, gates, found),
            _fairness(judged, found),
        ]
    lines.append(_security(workspace, packing))
    with workspace.chain.reading() as reader:
        measured: list[Entry[LabelsMeasured]] = reader.find(
            LabelsMeasured, subject=workspace.project.address, status="done", newest_first=True, limit=1
        )
    mine = [each for each in measured if judged is not None and judged.seq < each.seq < packing.seq]
    lines += [ChecklistLine("experts", _told(each.payload.low), each.said(), each.seq) for each in mine]
    return lines


def _told(low: float | None) -> State:
    return "holds" if low is not None and low >= 0 else "look"


def _newest(led: Sequence[Entry[Payload]], kind: type[P]) -> Entry[P] | None:
    return next((entry for entry in led if isinstance(entry.payload, kind)), None)  # type: ignore[return-value]


def _data(led: Sequence[Entry[Payload]]) -> ChecklistLine:
    newest: dict[str, Entry[Payload]] = {}  # an answer of an expert leads back to what was read when it was asked, too
    for entry in sorted((each for each in led if isinstance(each.payload, SourceRead)), key=lambda each: -each.seq):
        newest.setdefault(entry.subject.removeprefix("source/"), entry)
    read = [(name, entry.payload, entry.seq) for name, entry in newest.items()]
    sources = [(name, said, seq) for name, said, seq in read if isinstance(said, SourceRead)]
    if not sources:
        return ChecklistLine("data", "unknown", "no source is in the record of it", 0)
    counts = [_delivered(said) for _, said, _ in sources]
    rows, aside = sum(rows for rows, _ in counts), sum(aside for _, aside in counts)
    without = sorted(name for name, said, _ in sources if not said.rules)
    warned = [f"{name}: {said.warnings[0]}" for name, said, _ in sources if said.warnings]
    parts = [f"{rows:,} rows of {len(sources)} source{'s' * (len(sources) > 1)}, {aside:,} set aside"]
    parts += [f"no contract holds {', '.join(without)}"] if without else []
    state: State = "look" if without or warned or aside > rows * MOST_ASIDE else "holds"
    return ChecklistLine("data", state, "; ".join([*parts, *warned[:3]]), max(seq for _, _, seq in sources))


def _delivered(said: SourceRead) -> tuple[int, int]:
    """Rows of a snapshot, and those of them that were set aside; of increments, of all that there are."""
    if said.increment is None:
        return said.rows, said.quarantined
    aside = 0 if said.quarantine is None else said.quarantine.rows
    return said.table.rows + aside, aside


def _leakage(judged: Entry[ModelEvaluated], found: Evaluation) -> ChecklistLine:
    unsure = [each.name for each in found.checks if not each.ok]
    leaks = [each.name for each in found.findings]
    times = judged.payload.opened
    parts = [f"findings: {', '.join(leaks)}"] if leaks else [f"no finding among {len(found.checks)} checks"]
    parts += [f"not sure: {', '.join(unsure)}"] if unsure else []
    parts.append(f"the sealed rows were opened {times} time{'s' * (times != 1)}")
    state: State = "look" if leaks or unsure or times > MANY_LOOKS else "holds"
    return ChecklistLine("leakage", state, "; ".join(parts), judged.seq)


def _metrics(judged: Entry[ModelEvaluated], found: Evaluation) -> ChecklistLine:
    over = found.over_served
    parts = [f"{found.metric} {found.value.shown().whole} on {found.rows:,} sealed rows", found.verdict.rstrip(".")]
    parts += [over.said] if over is not None else []
    fine = found.gain_is_real and (over is None or over.verdict == "better")
    return ChecklistLine("metrics", "holds" if fine else "look", "; ".join(parts), judged.seq)


def _cost(packing: Entry[ModelPacked], gates: Sequence[Gate], found: Evaluation) -> ChecklistLine:
    mine = [gate for gate in gates if gate.name in _COSTS]
    parts = [gate.text for gate in mine] or [f"{packing.payload.mb:.2f} MB; the brief sets no limit of cost or time"]
    if found.money is not None:
        parts.append(
            found.money.unsaved or f"a decision costs {found.money.model.shown().whole} {found.money.currency}"
        )
    known: State = "holds" if mine else "unknown"
    bad = any(not gate.holds for gate in mine) or (found.money is not None and bool(found.money.unsaved))
    return ChecklistLine("cost", "look" if bad else known, "; ".join(parts), packing.seq)


def _fairness(judged: Entry[ModelEvaluated], found: Evaluation) -> ChecklistLine:
    """By the levels of its own features: which persons they stand for, no project file says."""
    asked = f"asked of {len(found.slices)} parts of the sealed rows, by its own features alone"
    if not found.slices:
        return ChecklistLine(
            "fairness", "unknown", "no part of the sealed rows is large enough to be told apart", judged.seq
        )
    worse = [each for each in found.slices if _surely_worse(each.metric, found)]
    worse.sort(key=lambda each: (each.metric.value - found.value.value) * sign(found.metric))
    if not worse:
        return ChecklistLine("fairness", "holds", f"no part is surely worse than all rows; {asked}", judged.seq)
    listed = "; ".join(
        f"{each.feature} = {each.level}: {each.metric.shown().whole} ({each.rows:,} rows)" for each in worse[:3]
    )
    more = f" and {len(worse) - 3} more" if len(worse) > 3 else ""
    text = f"surely worse than {found.value.shown().value} in {found.metric}: {listed}{more}; {asked}"
    return ChecklistLine("fairness", "look", text, judged.seq)


def _surely_worse(part: Interval, found: Evaluation) -> bool:
    end = part.high if sign(found.metric) > 0 else part.low
    return end is not None and (end - found.value.value) * sign(found.metric) < 0


def _security(workspace: Workspace, packing: Entry[ModelPacked]) -> ChecklistLine:
    packed = packing.payload
    try:
        bundle = Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where=packed.model)
    except TreadleError as bad:
        return ChecklistLine("security", "look", bad.what, packing.seq)
    parts = [
        f"the bundle is signed by {bundle.manifest.public_key[:12]}…, a key that is trusted here, and holds no code"
    ]
    code = code_before(workspace, packing)
    state: State = "holds"
    if code is None or not code.payload.commit:
        state = "look"
        parts.append("the project is in no Git repository, so nobody can see who wrote what")
    elif code.payload.changed:
        state = "look"
        parts.append(code.payload.said())
    return ChecklistLine("security", state, "; ".join(parts), packing.seq)


def code_before(workspace: Workspace, packing: Entry[ModelPacked]) -> Entry[CodeStated] | None:
    """The project's files as they stood when a version was made."""
    subject = f"code/{workspace.project.spec.project}"
    said = workspace.chain.find(CodeStated, subject=subject, status="done", newest_first=True)
    return next((entry for entry in said if entry.seq < packing.seq), None)
