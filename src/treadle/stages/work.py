"""How a stage works: it says what it wants as a typed input, and a function makes it from that input alone.

    built = work.do(BuildFeatures(plan=plan, tables=tables), make_features)

`make_features(asked, bench)` sees the input and the bench (engines, clock, progress) and nothing else, so a step cannot
read what its key does not hold. Its key follows from the input and from the code that its module can reach.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from treadle.costs.budgets import OPEN_PURSE, Purse
from treadle.evidence import Entry, Payload, Step, StepInput, TrialSeen, Usage
from treadle.features import OnlineState
from treadle.money import Money, total

if TYPE_CHECKING:
    import polars as pl

    from treadle.evidence import Chain
    from treadle.stages.ahead import Fetched
    from treadle.store import Blobs, Snapshot, TableNames, Tables
    from treadle.workspace import Workspace

P = TypeVar("P", bound=Payload)
A = TypeVar("A", bound=StepInput[Any])
T = TypeVar("T")


@dataclass
class Bench:
    """What a step may use besides its input: engines, clock, keys, and a way to say how far it is. No project."""

    tables: Tables
    blobs: Blobs
    names: TableNames
    chain: Chain
    progress: Callable[[float, float, str], None]
    tried: Callable[[TrialSeen], None]
    """To say what was tried, and how a search stands."""
    elapsed: Callable[[], float]
    """Seconds since the run began, for work that is to end within its minutes."""
    open_state: Callable[[str], StoredState]
    """The online state of a name, to be filled and closed."""
    scratch: Callable[[], Path]
    """A path of its own for a file that is being made."""
    signing_key: Callable[[], str]
    _kept: dict[tuple[str, str], Any]

    def read(self, snapshot: Snapshot, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a snapshot, held to its hashes as they are read."""
        return self.tables.read(snapshot, columns)

    def recall(self, kind: str, content: str, make: Callable[[], T]) -> T:
        """What was made from this very content earlier in the run; else what `make` gives, kept for later steps."""
        if (kind, content) not in self._kept:
            self._kept[(kind, content)] = make()
        found: T = self._kept[(kind, content)]
        return found

    def keep(self, kind: str, content: str, value: object) -> None:
        self._kept[(kind, content)] = value


class StoredState(OnlineState, Protocol):
    """An online state that is open, and must be closed."""

    def close(self) -> None: ...


class TrainingCost(Struct, frozen=True):
    """What the steps that led to a model used, whichever run did them. `amounts`: one sum for each currency."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    amounts: tuple[Money, ...]
    steps: dict[str, Usage]
    gpu_seconds: float = 0.0

    @property
    def shown(self) -> Money | None:
        return self.amounts[0] if self.amounts else None


class StepLine(Struct, frozen=True):
    """One step of a run, for who reads its answer."""

    kind: str
    subject: str
    cached: bool
    why: str
    said: str
    seconds: float | None
    cost: float | None
    currency: str


def ticking() -> float:
    """Seconds since some moment, also those in which the machine slept, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass
class Work:
    """A run in progress: the workspace, the steps so far, and what they made and still hold in memory."""

    workspace: Workspace
    began: float = field(default_factory=time.monotonic)
    """When the run began, by the monotonic clock: before the workspace was opened, where more was done before it."""
    full: bool = False
    """Sources that are read in increments are read whole."""
    late: list[str] = field(default_factory=list)
    """A sentence for each source whose rows are late, where the run goes on with what is there."""
    fetched: tuple[Fetched, ...] = ()
    """How sources were read that were read beside one another."""
    sleep: Callable[[float], None] = time.sleep
    ticks: Callable[[], float] = ticking
    """Seconds since some moment, whatever is done to the clock: how long a source is waited for."""
    purse: Purse = OPEN_PURSE
    """What may be spent; asked before each step that is made."""
    lines: list[StepLine] = field(default_factory=list)
    entries: list[Entry[Payload]] = field(default_factory=list)
    fresh: list[Entry[Payload]] = field(default_factory=list)
    unsigned: str = ""
    """Why no checkpoint was signed after a release, where none could be."""
    serves: str = ""
    """The version that the endpoint served when the model was to be judged; empty for none."""
    serves_this: bool = False
    """That one is of this very model."""
    _kept: dict[tuple[str, str], Any] = field(default_factory=dict)

    def do(
        self,
        asked: A,
        make: Callable[[A, Bench], P],
        subject: str = "",
        *,
        cache: bool = True,
        again: Callable[[P, Bench], P] | None = None,
    ) -> Entry[P]:
        """Make what is asked for, or take it from the record if nothing that it can read has changed since.

        again: makes it of what an earlier entry made of the very same, where that is outdated; else `make` does.
        """
        chain = self.workspace.chain
        code = make.__module__
        with chain.step(asked, subject or self.workspace.project.address, code=code, cache=cache) as step:
            if not step.cached:
                self.purse.check()
                bench, earlier = self.bench(step.progress, step.tried), step.earlier
                step.made(again(earlier.payload, bench) if again and earlier else make(asked, bench))
        return self._note(step)

    def bench(
        self,
        progress: Callable[[float, float, str], None] = lambda done, total, text: None,
        tried: Callable[[TrialSeen], None] = lambda trial: None,
    ) -> Bench:
        here = self.workspace
        return Bench(
            tables=here.tables,
            blobs=here.blobs,
            names=here.names,
            chain=here.chain,
            progress=progress,
            tried=tried,
            elapsed=lambda: time.monotonic() - self.began,
            open_state=here.open_state,
            scratch=here.scratch,
            signing_key=lambda: here.signing_key,
            _kept=self._kept,
        )

    def forget_last(self) -> None:
        """The last step was a second look, and found what the first one had."""
        self.lines.pop()
        self.entries.pop()

    def instead(self, entry: Entry[Any]) -> None:
        """The last step was followed by something that a person did, and that is what is gone on with."""
        self.lines[-1] = msgspec.structs.replace(self.lines[-1], cached=True, said=entry.said())
        self.entries[-1] = entry

    def _note(self, step: Step[P]) -> Entry[P]:
        assert step.entry is not None
        entry: Entry[P] = step.entry
        self.entries.append(entry)
        if not step.cached:
            self.fresh.append(entry)
        paid = entry.price.money if entry.price else None
        self.lines.append(
            StepLine(
                kind=step.kind,
                subject=step.subject,
                cached=step.cached,
                why=step.why,
                said=entry.said(),
                seconds=entry.usage.seconds if entry.usage else None,
                cost=float(paid.amount) if paid else None,
                currency=paid.currency if paid else "",
            )
        )
        return entry


def training_cost(entries: Sequence[Entry[Any]]) -> TrainingCost:
    """What these steps used, together."""
    used = [e.usage for e in entries if e.usage is not None]
    return TrainingCost(
        seconds=round(sum(u.seconds for u in used), 2),
        cpu_seconds=round(sum(u.cpu_seconds for u in used), 2),
        peak_mb=max((u.peak_mb for u in used), default=0.0),
        amounts=tuple(total(e.price.money for e in entries if e.price)),
        steps={
            e.kind if not e.kind.startswith("sources") else e.subject: e.usage for e in entries if e.usage is not None
        },
        gpu_seconds=round(sum(u.gpu_seconds for u in used), 2),
    )
