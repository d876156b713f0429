"""Each step of a run measured against the machine: what it waits for, and a change that would help; tried, its effect.

What binds a step is told by its own figures, by rules that are stated: a step on less than half a core waits; one on
most of the cores computes; one between is work on one core; one that holds most of the memory is bound by it; one that
keeps a GPU busy for half of its time and more is bound by that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.errors import EvidenceError, nearest
from treadle.evidence import Entry, Payload, Reader, Usage
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.source_read import SourceRead
from treadle.plans.found import Bound, Machine, RunProfile, StepProfile
from treadle.scoring import sign

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

_OF_THE_LOOP = frozenset(each.KIND for each in (SourceRead, FeaturesBuilt, ModelsSearched, ModelFitted, ModelPacked))
"""What a person asked since, of experts or of a replay, is no run that one would profile."""
_QUICK_S = 1.0
_WAITS, _MOST_CORES, _MOST_MEMORY, _BUSY_GPU, _IDLE_GPU = 0.5, 0.8, 0.6, 0.5, 0.2
_MOST = 500
_LATE_SHARE = 0.25
"""Of a search's time after its best trial, from which on that is worth a word."""


def profile(reader: Reader, spec: ProjectSpec, machine: Machine, run: str | None, against: str | None) -> RunProfile:
    """Of the newest run that did a step, or of `run`; held against the run before that did one of these, or `against`.

    Raises:
        EvidenceError: there is no such run, or none that did a step.
    """
    chosen = run or _newest(reader)
    steps = _measured(reader, chosen)
    if not steps:
        newest: list[Entry[Payload]] = reader.find(newest_first=True, limit=_MOST)
        known = list(dict.fromkeys(entry.run for entry in newest))
        raise EvidenceError(f'no step of a run "{chosen}"', where="--run", mend=nearest(chosen, known))
    longest = max(steps, key=lambda entry: _usage(entry).seconds)
    other = against if against is not None else _before(reader, longest)
    before = {_name(entry): _usage(entry) for entry in _measured(reader, other)} if other else {}
    if against is not None and not before:
        raise EvidenceError(f'no step of a run "{against}"', where="--against", mend="treadle costs PROJECT lists runs")
    total = sum(_usage(entry).seconds for entry in steps) or 1e-9
    shown = [_profile(entry, spec, machine, total, before.get(_name(entry))) for entry in steps]
    shown.sort(key=lambda each: -each.seconds)
    first = shown[0]
    return RunProfile(
        run=chosen,
        seconds=total,
        cpu_seconds=sum(_usage(entry).cpu_seconds for entry in steps),
        peak_mb=max(_usage(entry).peak_mb for entry in steps),
        machine=machine,
        steps=shown,
        bottleneck=f"{first.kind} {first.subject} takes {first.share:.0%} of the run: {first.why}",
        against=other,
    )


def _measured(reader: Reader, run: str) -> list[Entry[Payload]]:
    """The steps that a run did itself, each with what it used."""
    found: list[Entry[Payload]] = reader.find(run=run, status="done")
    return [entry for entry in found if entry.usage is not None and entry.usage.seconds > 0]


def _newest(reader: Reader) -> str:
    """The newest run of the loop that did a step of it, else of whatever was measured, of the newest entries."""
    newest: list[Entry[Payload]] = reader.find(newest_first=True, limit=_MOST)
    measured = [entry for entry in newest if entry.usage is not None and entry.run]
    of_loop = [entry for entry in measured if entry.kind in _OF_THE_LOOP]
    found = next((entry.run for entry in of_loop or measured), None)
    if found is None:
        raise EvidenceError("no step was measured of late", where="costs profile", mend="treadle run PROJECT does some")
    return found


def _before(reader: Reader, step: Entry[Payload]) -> str:
    """The run before that did the same step."""
    same: list[Entry[Payload]] = reader.find(
        names=(step.kind,), subject=step.subject, status="done", newest_first=True, limit=_MOST
    )
    return next((entry.run for entry in same if entry.seq < step.seq and entry.run not in ("", step.run)), "")


def _profile(
    entry: Entry[Payload], spec: ProjectSpec, machine: Machine, total: float, before: Usage | None
) -> StepProfile:
    used = _usage(entry)
    cores = used.cpu_seconds / used.seconds
    bound, why = _bound(used, cores, machine)
    return StepProfile(
        kind=entry.kind,
        subject=entry.subject,
        entry=entry.seq,
        seconds=used.seconds,
        share=used.seconds / total,
        cores=cores,
        peak_mb=used.peak_mb,
        read_mb=used.read_bytes / 1e6,
        written_mb=used.written_bytes / 1e6,
        bound=bound,
        why=why,
        change=_change(entry, bound, spec, used),
        seconds_ratio=used.seconds / before.seconds if before and before.seconds else None,
        peak_ratio=used.peak_mb / before.peak_mb if before and before.peak_mb else None,
        gpu_seconds=used.gpu_seconds,
        gpu_busy=_busy(used),
    )


def _busy(used: Usage) -> float | None:
    """The share of the time for which it held GPUs in which these computed."""
    return None if used.gpu_busy_seconds is None or not used.gpu_seconds else used.gpu_busy_seconds / used.gpu_seconds


def _bound(used: Usage, cores: float, machine: Machine) -> tuple[Bound, str]:
    if used.peak_mb >= _MOST_MEMORY * machine.memory_mb:
        whose = "this" if machine.here else "the"
        return (
            "memory",
            f"it holds {used.peak_mb:,.0f} of {whose} machine's {machine.memory_mb:,.0f} MiB",
        )
    if used.seconds < _QUICK_S:
        return "quick", "it takes less than a second"
    if (used.gpu_busy_seconds or 0.0) >= _BUSY_GPU * used.seconds:
        return "GPU", f"it held GPUs for {used.gpu_seconds:,.1f} s, and they computed in {_busy(used):.0%} of it"
    if cores < _WAITS:
        moved = (used.read_bytes + used.written_bytes) / 1e6 / used.seconds
        return (
            "waits",
            f"it uses {cores:.2f} cores: it waits, or the machine did other work; {moved:,.1f} MB a second are moved",
        )
    if machine.cores > 1 and cores < _MOST_CORES * machine.cores:
        return "one core", f"it uses {cores:.1f} of {machine.cores:g} cores"
    return "cores", f"it computes on {cores:.1f} of {machine.cores:g} cores"


def _change(entry: Entry[Payload], bound: Bound, spec: ProjectSpec, used: Usage) -> str:
    """What would help, by what the step is and what binds it."""
    name = entry.subject.partition("/")[2]
    source = spec.sources.get(name) if entry.kind == "sources.read" else None
    if isinstance(entry.payload, ModelsSearched):
        return _of_search(entry.payload, bound)
    if source is not None and bound != "quick":
        if source.new is None and (source.every or bound == "waits"):
            return f"sources.{name}.new: read what is new, and not the whole again"
        if source.read.lower().endswith((".csv", ".csv.gz", ".json", ".jsonl", ".xlsx")):
            return f"sources.{name}.read: keep the file as Parquet, which is read by column and without guessing"
        if bound == "waits" and not source.columns:
            return f"sources.{name}.columns: ask for the columns that are used alone"
    if bound == "memory":
        return "a larger machine, or fewer columns: treadle costs plan prices both"
    idle = _busy(used)
    if idle is not None and idle < _IDLE_GPU and bound != "quick":
        return f"it held GPUs for {used.gpu_seconds:,.1f} s, and they computed in {idle:.0%} of it: hold them for less"
    if bound == "waits":
        return (
            "it waits for the disk or a server, where more cores would buy nothing; or others had the cores: run it "
            "again on a machine of its own to tell"
        )
    return ""


def _of_search(said: ModelsSearched, bound: Bound) -> str:
    """What the search bought after its best trial, by its own trials."""
    best, share = _best_trial(said)
    if share < _LATE_SHARE:
        return ""
    return (
        f"train.trials: {best}: the best of {len(said.trials)} was trial {best}, and {share:.0%} of the search's time "
        "came after it (nobody could know; a smaller limit may miss a later one)"
    )


def after_the_best(said: ModelsSearched) -> float:
    """The share of a search's time that came after its best trial; 0 where there is nothing to tell it by."""
    return _best_trial(said)[1]


def _best_trial(said: ModelsSearched) -> tuple[int, float]:
    """Its number, and the share of the time after it."""
    done = [trial for trial in said.trials if trial.state == "complete"]
    total = sum(trial.seconds for trial in said.trials)
    if len(done) < 2 or not total:
        return 0, 0.0
    best = max(done, key=lambda trial: trial.value * sign(said.metric))
    return best.number, sum(trial.seconds for trial in said.trials if trial.number > best.number) / total


def _name(entry: Entry[Payload]) -> tuple[str, str]:
    return entry.kind, entry.subject


def _usage(entry: Entry[Payload]) -> Usage:
    assert entry.usage is not None
    return entry.usage


def machine_here() -> Machine:
    """Of this machine: what runs elsewhere is held against the wrong one, so say where it ran."""
    import os

    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(float(cores), psutil.virtual_memory().total / 2**20, here=True)
