"""Whether the rows of a source are late, by how often they come; and what a run does then: go on, wait, or stop.

How new it is, is told by its newest `happened`; else by the newest of its files; else by when it last brought rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import DataError
from treadle.evidence.kinds.source_late import SourceLate
from treadle.spec import duration, spoken

if TYPE_CHECKING:
    from treadle.evidence import Entry
    from treadle.evidence.kinds.source_read import SourceRead
    from treadle.spec import Source
    from treadle.workspace import Workspace

_MOST_SECONDS = 60.0
_PARTS = 20
"""Looks at a source that is waited for, in the time that rows need to come: at least one a minute."""


class Lag(Struct, frozen=True):
    """How far a source is behind. Newer rows are expected `every` after `reached`, and late `late_after` after that."""

    source: str
    reached: datetime
    due: datetime
    late_from: datetime
    now: datetime

    @property
    def late(self) -> bool:
        return self.now > self.late_from

    def said(self) -> str:
        at, old = f"{self.reached:%Y-%m-%d %H:%M:%S}Z", spoken(self.now - self.reached)
        age = f"the newest rows of {self.source} are of {at}, {old} old"
        return f"{age}; newer ones were due {spoken(self.now - self.due)} ago" if self.late else age


def lag_of(name: str, source: Source, read: Entry[SourceRead], now: datetime) -> Lag | None:
    """How far it is behind; None of a source that does not say how often rows come."""
    if source.every is None:
        return None
    reached = read.payload.reached or datetime.fromisoformat(read.time).astimezone(UTC)
    due = reached + duration(source.every)
    late_from = due + (duration(source.late_after) if source.late_after else timedelta())
    return Lag(name, reached, due, late_from, now)


def in_time(
    workspace: Workspace,
    name: str,
    source: Source,
    read: Callable[[], Entry[SourceRead]],
    sleep: Callable[[float], None],
    ticks: Callable[[], float],
) -> tuple[Entry[SourceRead], Lag | None]:
    """Read the source; where it is late, do as `when_late` says, and keep in the record what was done.

    Where it is to be waited for, it is read again and again, as long as `every`, and not longer: `ticks` are seconds
    that nobody sets back.

    Raises:
        DataError: it is late, and the rule is to stop; or it did not come while it was waited for.
    """
    clock, began = workspace.chain.clock, ticks()
    found = read()
    lag = lag_of(name, source, found, clock())
    if lag is None or source.every is None:
        return found, None
    every = duration(source.every)
    pause = min(_MOST_SECONDS, every.total_seconds() / _PARTS)
    waits = lag.late and source.when_late == "wait"
    if waits:
        until, each = f"{clock() + every:%Y-%m-%d %H:%M:%S}Z", spoken(timedelta(seconds=pause))
        workspace.chain.observer.waits(
            f"waiting for newer rows of {name}, until {until} at the latest, with a look each {each}: {lag.said()}"
        )
    while lag.late and waits and ticks() - began < every.total_seconds():
        sleep(pause)
        found = read()
        lag = lag_of(name, source, found, clock()) or lag
    if waits and not lag.late:
        waited = spoken(timedelta(seconds=ticks() - began))
        workspace.chain.observer.waits(f"newer rows of {name} came after {waited}: {lag.said()}; going on")
    if lag.late:
        _tell(workspace, source, lag, found, waits)
    return found, lag


def _tell(workspace: Workspace, source: Source, lag: Lag, found: Entry[SourceRead], waits: bool) -> None:
    done = "waited" if waits else "stopped" if source.when_late == "stop" else "last"
    workspace.chain.append(
        SourceLate(
            source=lag.source,
            table=found.payload.table,
            reached=lag.reached,
            due=lag.due,
            done=done,
            text=lag.said(),
        ),
        f"source/{lag.source}",
    )
    if done != "last":
        raise DataError(
            lag.said() + (f", and did not come in {source.every}" if waits else ""),
            where=workspace.project.place(f"sources.{lag.source}.every"),
            mend="run again when they are there; or go on with what is there: when_late: last",
        )
