"""Read trials from the record, and hold two runs against each other step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.costs import runs
from treadle.errors import EvidenceError, SpecError, TreadleError, nearest
from treadle.evidence import Code, Entry, Payload, Reader
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.evidence.kinds.trials_kept import TrialsKept
from treadle.figures import figure
from treadle.history.found import Comparison, Side, StepChange, Trial, Trials, Verdict
from treadle.history.lineage import walk
from treadle.money import total

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_Z = 1.959964  # of a normal distribution: 95 % lie within
_MOST = 20  # lines a step; more is no answer that a person reads
_SORTS = ("value", "seconds", "time")
_OF_SEVERAL = ("source/", "entity/")
"""How the subjects of steps begin of which each model may have several, one beside the other."""


def list_trials(workspace: Workspace, *, run: str | None, every: bool, sort: str, limit: int) -> Trials:
    """The best first; those that were stopped early, whose value is of fewer folds, after all the others."""
    from sqlalchemy import select

    from treadle.scoring import sign
    from treadle.store.schema import trials as table

    if sort not in _SORTS:
        raise SpecError(f"cannot sort by {sort!r}", where="--sort", mend=f"one of: {', '.join(_SORTS)}")
    query = select(table.c.seq).where(table.c.project == workspace.project.address).distinct()
    if run is not None:
        query = query.where(table.c.run == run)
    query = query.order_by(table.c.seq.desc())
    with workspace.chain.reading() as reader:
        numbers = [int(row[0]) for row in reader.connection.execute(query)]
        if run is None and not every:
            numbers = numbers[:1]
        found = reader.by_seq(numbers)
        kept = 0 if run is not None else _unended(reader)
    if run is not None and not found:
        known = runs(workspace.chain)
        raise EvidenceError(f'no trial of a run "{run}"', where="--run", mend=nearest(run, known))
    lines = [line for entry in found if isinstance(entry.payload, ModelsSearched) for line in _lines(entry)]
    if sort == "value":
        lines.sort(key=lambda t: (t.state != "complete", -t.value * sign(t.metric)))
    elif sort == "seconds":
        lines.sort(key=lambda t: -t.seconds)
    else:
        lines.reverse()
    return Trials(trials=lines[:limit], more=max(0, len(lines) - limit), kept=kept)


def _unended(reader: Reader) -> int:
    """Trials that were kept since the newest search ended."""
    kept = reader.find(TrialsKept, status="done", newest_first=True, limit=1)
    ended = reader.find(ModelsSearched, status="done", newest_first=True, limit=1)
    return kept[0].payload.last if kept and (not ended or kept[0].seq > ended[0].seq) else 0


def _lines(entry: Entry[Any]) -> Iterator[Trial]:
    from treadle.scoring import sign

    said: ModelsSearched = entry.payload
    whole = [t for t in said.trials if t.state == "complete"]
    best = max(whole, key=lambda t: t.value * sign(said.metric), default=None)
    for trial in said.trials:
        yield Trial(
            run=entry.run,
            time=entry.time,
            number=trial.number,
            family=trial.family,
            metric=said.metric,
            value=trial.value,
            folds=list(trial.folds),
            seconds=trial.seconds,
            state=trial.state,
            best=trial is best,
            params=trial.params,
            mb=trial.mb,
            row_us=trial.row_us,
        )


def compare_runs(workspace: Workspace, first: str, second: str) -> Comparison:
    """Walk back from both models; the steps of one kind and subject are held against each other."""
    from treadle.scoring import sign

    with workspace.chain.reading() as reader:
        starts = [_model_of(workspace, reader, asked) for asked in (first, second)]
        led = [_led_to(reader, start) for start in starts]
    steps = [_by_name(found) for found in led]
    judged = [_judged(found, start) for found, start in zip(steps, starts, strict=True)]
    changes = [c for c in (_change(workspace, name, *steps) for name in _names(*steps)) if c is not None]
    one, two = (entry.payload for entry in judged)
    sealed = [_sealed(workspace, entry) for entry in judged]
    same = sealed[0] == sealed[1] != ""
    sides = [_side(*each) for each in zip(judged, starts, led, strict=True)]
    verdict: Verdict = "not comparable"
    gain = low = high = None
    if one.metric != two.metric:
        text = f"{one.metric} and {two.metric} are different measures"
    else:
        gain = (two.value - one.value) * sign(one.metric)
        half = _half_width(one, two)
        low, high = (None, None) if half is None else (gain - half, gain + half)
        verdict, text = _verdict(gain, low, high, same)
    return Comparison(
        metric=one.metric if one.metric == two.metric else f"{one.metric}/{two.metric}",
        first=sides[0],
        second=sides[1],
        changes=changes,
        gain=gain,
        low=low,
        high=high,
        same_rows=same,
        verdict=verdict,
        text=text,
    )


def _model_of(workspace: Workspace, reader: Reader, asked: str) -> Entry[Payload]:
    """The packing entry of a version, or of the model that a run made; the run's evaluation if it packed none."""
    made: list[Entry[Payload]] = reader.find(ModelPacked, ModelEvaluated, run=asked, status="done")
    packed = [e for e in made if isinstance(e.payload, ModelPacked)]
    if packed or made:
        return (packed or made)[-1]
    if reader.find(run=asked, limit=1):
        raise EvidenceError(
            f"run {asked} made no model of its own: it was taken from the record, or not finished",
            where="compare",
            mend="compare model versions instead: treadle models list",
        )
    from treadle.models.registry import find

    project = workspace.project
    told = project.target_of(asked)
    project = project if told is None else project.of(told)
    address = project.address
    try:
        return find(workspace.chain, address, project.version(asked))
    except TreadleError as bad:
        raise EvidenceError(
            f'there is no run and no version "{asked}"',
            where="compare",
            mend=nearest(asked, runs(workspace.chain)) or bad.mend,
        ) from bad


Steps = dict[str, Entry[Payload]]


def _led_to(reader: Reader, start: Entry[Payload]) -> list[Entry[Payload]]:
    """The steps that led to a model, in the order of the loop."""
    found = [entry for entry, _ in walk(reader, [start]) if entry.cache_key or entry.input]
    return sorted(found, key=lambda entry: entry.seq)


def _by_name(found: list[Entry[Payload]]) -> Steps:
    """The last step of each kind; of tables that are read and of entities, which a project has several of, of each."""
    return {
        f"{entry.kind} {entry.subject}" if entry.subject.startswith(_OF_SEVERAL) else entry.kind: entry
        for entry in found
    }


def _judged(steps: Steps, start: Entry[Payload]) -> Entry[ModelEvaluated]:
    for entry in (start, *steps.values()):
        if isinstance(entry.payload, ModelEvaluated):
            return entry  # type: ignore[return-value]
    raise EvidenceError(f"no evaluation led to entry {start.seq}", where="compare", mend="treadle why shows what did")


def _side(judged: Entry[ModelEvaluated], start: Entry[Payload], led: list[Entry[Payload]]) -> Side:
    """What it cost is the sum of the steps that led to it, whichever run did them."""
    said, packed = judged.payload, start.payload
    amounts = total(e.price.money for e in led if e.price)
    paid = amounts[0] if amounts else None
    return Side(
        run=judged.run,
        model=packed.model if isinstance(packed, ModelPacked) else "",
        family=packed.family if isinstance(packed, ModelPacked) else "",
        value=said.value,
        low=said.low,
        high=said.high,
        cost=float(paid.amount) if paid else None,
        currency=paid.currency if paid else "",
    )


def _sealed(workspace: Workspace, judged: Entry[ModelEvaluated]) -> str:
    """Which rows were looked at for this evaluation."""
    with workspace.chain.reading() as reader:
        looks = reader.find(SealedOpened, run=judged.run, status="done")
    before = [look for look in looks if look.seq < judged.seq]
    return before[-1].payload.sealed if before else ""


def _names(one: Steps, two: Steps) -> list[str]:
    return list(dict.fromkeys([*one, *two]))


def _change(workspace: Workspace, name: str, one: Steps, two: Steps) -> StepChange | None:
    before, after = one.get(name), two.get(name)
    if before is None or after is None:
        return StepChange(name, [], [], ["only in the " + ("second" if before is None else "first")])
    if before.seq == after.seq:
        return None
    old, new = dict(before.parts), dict(after.parts)
    if old == new:
        return None
    code = _code_changes(workspace, before.code, after.code) if old.get("code") != new.get("code") else []
    data: list[str] = []
    settings: list[str] = []
    for path, was, now in _differences(_json(before.input), _json(after.input), ""):
        if not _is_made(path):
            (data if _is_data(path) else settings).append(f"{path}: {was} → {now}")
    if not (data or settings or code):
        return None
    return StepChange(name, _few(data), _few(code), _few(settings))


def _json(content: bytes) -> Any:
    return msgspec.json.decode(content) if content else {}


def _is_data(path: str) -> bool:
    """Whether a reference names what was read. One to what an earlier step made says what that step's lines say."""
    return path.startswith(("files.", "tables.", "rows.", "examples.table.", "examples.origin."))


def _is_made(path: str) -> bool:
    return path.rpartition(".")[2] in ("fingerprint", "digest", "name", "kind") and not _is_data(path)


def _differences(one: Any, two: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Leaves that differ, by path. Where a thing lies, its version, and what it was held against are no difference."""
    if isinstance(one, dict) and isinstance(two, dict):
        for name in dict.fromkeys([*one, *two]):
            if name not in ("parts", "version", "cost", "run", "each_types", "served"):
                yield from _differences(one.get(name), two.get(name), f"{path}.{name}" if path else name)
    elif one != two:
        yield path, _short(one), _short(two)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"


def _few(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f"and {len(lines) - _MOST} more"]


def _code_changes(workspace: Workspace, before: str, after: str) -> list[str]:
    try:
        old, new = (msgspec.json.decode(workspace.blobs.get(each), type=Code) for each in (before, after))
    except (TreadleError, msgspec.MsgspecError):
        return ["changed; which of it was not kept"]
    return new.changes(old)


def _half_width(one: ModelEvaluated, two: ModelEvaluated) -> float | None:
    """Of the difference, as if the two were independent: on the same rows it is narrower, so this errs to caution."""
    if one.low is None or one.high is None or two.low is None or two.high is None:
        return None
    errors = [(side.high - side.low) / (2 * _Z) for side in (one, two)]  # type: ignore[operator]
    return _Z * math.hypot(*errors)


def _verdict(gain: float, low: float | None, high: float | None, same: bool) -> tuple[Verdict, str]:
    rows = "on the same sealed rows" if same else "on different sealed rows"
    if low is None or high is None:
        return "not comparable", f"{figure(gain, signed=True).value} {rows}, without an interval"
    span = f"{figure(gain, low, high, signed=True).whole} {rows}"
    if low > 0:
        return "better", f"the second is better: {span}"
    if high < 0:
        return "worse", f"the second is worse: {span}"
    return "noise", f"no difference beyond noise: {span}"
