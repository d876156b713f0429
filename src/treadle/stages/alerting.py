"""Alerts about sources: rows that are late, and rows that do not agree with those of another source.

They are raised as those about a model are (`treadle.monitoring`), by each run and by each look at an endpoint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from treadle.contracts import Contract, Rule
from treadle.errors import TreadleError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.monitoring import log_alerts
from treadle.monitoring.found import Alert
from treadle.stages.lateness import lag_of
from treadle.stages.reading import Sources, contract_of, read_sources
from treadle.stages.work import Work

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload
    from treadle.workspace import Workspace

_MOST_TOLD = 300


def read_watched(work: Work, only: Collection[str] = (), *, on: bool = False) -> Sources:
    """As `read_sources`, with an alert for each that is late or disagrees with another; also where it ends the run."""
    try:
        found = read_sources(work, only, on=on)
    except TreadleError:
        raise_alerts(work.workspace)
        raise
    raise_alerts(work.workspace)
    return found


def raise_alerts(workspace: Workspace) -> None:
    """Keep each alert about a source in the record, once, where the project wants alerts there."""
    if "log" in workspace.project.spec.watch.alert:
        for name, alerts in alerts_of_sources(workspace).items():
            log_alerts(workspace.chain, f"source/{name}", "", alerts)


def alerts_of_sources(workspace: Workspace) -> dict[str, list[Alert]]:
    """What is to be looked at of each source, by what was read last and by the clock as it is; of others nothing."""
    found = {name: [*_late(workspace, name), *_unlike(workspace, name)] for name in workspace.project.spec.sources}
    return {name: alerts for name, alerts in found.items() if alerts}


def _read(workspace: Workspace, name: str) -> Entry[SourceRead] | None:
    return workspace.chain.last(SourceRead, subject=f"source/{name}")


def _late(workspace: Workspace, name: str) -> Iterator[Alert]:
    read = _read(workspace, name)
    lag = lag_of(name, workspace.project.spec.sources[name], read, workspace.chain.clock()) if read else None
    if lag is not None and lag.late:
        yield Alert("late", lag.said(), f"{lag.due:%Y-%m-%d %H:%M:%S}Z")


def _unlike(workspace: Workspace, name: str) -> Iterator[Alert]:
    """By the rules of its contract that ask another source: keys that stand there, sums that balance."""
    try:
        contract = contract_of(workspace, workspace.project.spec.sources[name])
    except TreadleError:  # a run refuses it, with its place
        return
    rules = {rule.id: (rule, other) for rule in _rules(contract) if (other := _other(rule)) and other != name}
    read = _read(workspace, name)
    if not rules:
        return
    failed: list[Entry[Payload]] = workspace.chain.find(
        subject=f"source/{name}", status="failed", newest_first=True, limit=1
    )
    if failed and (read is None or failed[0].seq > read.seq):
        for rule, other in rules.values():
            if rule.text in failed[0].error:
                text = f"{name} was refused, as it does not agree with {other}: {_first_line(failed[0].error)}"
                yield Alert("mismatch", text, f"entry {failed[0].seq}")
                return
    if read is None:
        return
    version, aside = f"{name}@{read.payload.table.version}", _aside(workspace, read.payload)
    for rule, other in rules.values():
        if aside.get(rule.id):
            share = f"{aside[rule.id]:,} of {read.payload.rows:,} rows"
            yield Alert("mismatch", f"{version} does not agree with {other} in {share}: {rule.text}", version)
        for said in read.payload.warnings:
            if said.startswith(f"{rule.id}: "):
                yield Alert("mismatch", f"{version} does not agree with {other}: {_first_line(said)}", version)


def _rules(contract: Contract | None) -> tuple[Rule, ...]:
    return tuple(contract.rules) if contract is not None else ()


def _other(rule: Rule) -> str:
    """The source that a rule asks besides its own; empty for none."""
    return rule.foreign.source if rule.foreign is not None else rule.sums.source if rule.sums is not None else ""


def _aside(workspace: Workspace, read: SourceRead) -> dict[str, int]:
    """The rows that this reading set aside, by rule. One may break several."""
    if read.quarantine is None or not workspace.chain.present(read.quarantine):
        return {}
    counts = workspace.tables.read(read.quarantine, ["row", "rule"]).unique().group_by("rule").len()
    return dict(counts.iter_rows())


def _first_line(text: str) -> str:
    line = next(iter(text.splitlines()), "")
    return line if len(line) <= _MOST_TOLD else f"{line[: _MOST_TOLD - 1]}…"
