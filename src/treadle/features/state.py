"""Online state: what is known of each key, now.

`OnlineState` is the protocol, `Memory` the engine that keeps nothing, and the histories are what both hold. A history
is sorted by (known, id), so that features at a past time are still right, as far back as the history goes.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from treadle.errors import InUse
from treadle.features.exact import Totals, mean, rounded, spread, whole

if TYPE_CHECKING:
    from treadle.features.plan import FeaturePlan

SLACK_US = 86_400_000_000
"""Histories go back a day further than the longest window, for predictions that are asked late."""
_FAR_PAST = -(2**62)

Key = Any
EventRow = tuple[Key, int, str, tuple[Any, ...]]
"""(key, known in microseconds, id, argument values)"""
LookupRow = tuple[Key, int, int, tuple[Any, ...]] | tuple[Key, int, int, tuple[Any, ...], str]
"""(key, known, happened in microseconds, values), and the id where rows of one moment are told apart by it"""


class History:
    """Events of one key of a view, in the order of (known, id).

    `floor`: what was known before it does not count any more, so a window that reaches further back has no answer.
    It follows from the events that were told, and not from their order or from when what lies below it was taken out;
    where some are known in the future, from the time as well: see `newest_until_now`.
    """

    __slots__ = ("_counts", "_totals", "floor", "ids", "known", "values")

    def __init__(self, arguments: int) -> None:
        self.known: list[int] = []
        self.ids: list[str] = []
        self.values: list[list[Any]] = [[] for _ in range(arguments)]
        self.floor = _FAR_PAST
        self._totals = [Totals() for _ in range(arguments)]
        self._counts: list[list[int]] = [[0] for _ in range(arguments)]

    def put(self, known: int, identity: str, values: tuple[Any, ...]) -> None:
        """Add an event at its place. The same (known, id) again replaces the first."""
        if known < self.floor:
            return  # too late to be seen by any window that can still be answered
        at = len(self.known)
        if at and (self.known[-1], self.ids[-1]) >= (known, identity):  # late, by however much
            at = bisect_left(range(at), (known, identity), key=lambda i: (self.known[i], self.ids[i]))
        if at < len(self.known) and (self.known[at], self.ids[at]) == (known, identity):
            for column, value in zip(self.values, values, strict=True):
                column[at] = value
        else:
            self.known.insert(at, known)
            self.ids.insert(at, identity)
            for column, value in zip(self.values, values, strict=True):
                column.insert(at, value)
        for totals, counts in zip(self._totals, self._counts, strict=True):
            totals.changed(at)
            del counts[at + 1 :]

    def trim(self, before: int) -> None:
        """Forget events known before a time."""
        cut = bisect_left(self.known, before)
        if cut == 0:
            return
        self.floor = max(self.floor, before)
        for values, totals, counts in zip(self.values, self._totals, self._counts, strict=True):
            del values[:cut]
            totals.forget(cut)
            counts[:] = counts[cut:] or [0]
        del self.known[:cut], self.ids[:cut]

    # -- what generated code asks; [lo, hi) are positions

    def count(self, a: int, lo: int, hi: int) -> int:
        """How many values are not NULL."""
        counts, values = self._counts[a], self.values[a]
        for at in range(len(counts) - 1, hi):
            counts.append(counts[-1] + (values[at] is not None))
        return counts[hi] - counts[lo]

    def total(self, a: int, lo: int, hi: int) -> float:
        totals = self._totals[a]
        return rounded(totals.sum(self.values[a], lo, hi), totals.shift)

    def whole(self, a: int, lo: int, hi: int) -> int | None:
        return whole(self._totals[a].sum(self.values[a], lo, hi))

    def mean(self, a: int, lo: int, hi: int, count: int) -> float:
        totals = self._totals[a]
        return mean(count, totals.sum(self.values[a], lo, hi), totals.shift)

    def spread(self, a: int, lo: int, hi: int, count: int) -> float | None:
        totals, values = self._totals[a], self.values[a]
        # squares first: they may make the grid finer, and with it the sums
        squares = totals.sum_of_squares(values, lo, hi)
        return spread(count, totals.sum(values, lo, hi), squares, totals.shift)

    def last(self, a: int, lo: int, hi: int) -> Any:
        values = self.values[a]
        return next((values[i] for i in range(hi - 1, lo - 1, -1) if values[i] is not None), None)

    def first(self, a: int, lo: int, hi: int) -> Any:
        values = self.values[a]
        return next((values[i] for i in range(lo, hi) if values[i] is not None), None)

    def known_values(self, a: int, lo: int, hi: int) -> list[Any]:
        return [value for value in self.values[a][lo:hi] if value is not None]

    def packed(self) -> list[Any]:
        return [self.known, self.ids, self.values, self.floor]

    @classmethod
    def unpacked(cls, data: list[Any]) -> History:
        made = cls(len(data[2]))
        made.known, made.ids, made.values, made.floor = data
        return made


class Versions:
    """Rows of one key of a lookup, by (known, happened). `best[i]`: of the first i + 1, the row that happened last.

    Of rows with the same two times the last by its id is kept, in whatever order they were told; of two that happened
    at one moment the later known counts. It is found when it is first asked for, and as far as is asked.
    """

    __slots__ = ("best", "happened", "ids", "known", "values")

    def __init__(self) -> None:
        self.known: list[int] = []
        self.happened: list[int] = []
        self.values: list[tuple[Any, ...]] = []
        self.ids: list[str] = []
        self.best: list[int] = []

    def put(self, known: int, happened: int, values: tuple[Any, ...], identity: str = "") -> None:
        """Add a row at its place. The same (known, happened, id) again replaces the first."""
        at, place = len(self.known), (known, happened)
        if at and self._place(at - 1) > place:
            at = bisect_right(range(at), place, key=self._place)
        if at and self._place(at - 1) == place:
            at -= 1
            if identity < self.ids[at]:
                return
            self.values[at], self.ids[at] = values, identity
        else:
            self.known.insert(at, known)
            self.happened.insert(at, happened)
            self.values.insert(at, values)
            self.ids.insert(at, identity)
        del self.best[at:]

    def _place(self, at: int) -> tuple[int, int]:
        return self.known[at], self.happened[at]

    def _best_of(self, count: int) -> int:
        """The place of the row that happened last, of the first `count`."""
        best = self.best
        for i in range(len(best), count):
            before = best[i - 1] if i else 0
            best.append(i if self.happened[i] >= self.happened[before] else before)
        return best[count - 1]

    def trim(self, before: int) -> None:
        """Keep the row that counts at `before`, and all later ones."""
        cut = bisect_left(self.known, before)
        if cut > 1:
            keep = self._best_of(cut)
            columns: tuple[list[Any], ...] = (self.known, self.happened, self.values, self.ids)
            for column in columns:
                column[:cut] = [column[keep]]
            self.best.clear()

    def find(self, at: int, max_age: int | None) -> tuple[Any, ...] | None:
        """The row that counts at `at`: known strictly before, happened last, not too old."""
        n = bisect_left(self.known, at)
        if not n:
            return None
        row = self._best_of(n)
        if max_age is not None and at - self.happened[row] > max_age:
            return None
        return self.values[row]

    def packed(self) -> list[Any]:
        return [self.known, self.happened, self.values, self.ids]

    @classmethod
    def unpacked(cls, data: list[Any]) -> Versions:
        made = cls()
        made.known, made.happened = data[0], data[1]
        made.values = [tuple(values) for values in data[2]]
        made.ids = data[3] if len(data) > 3 else [""] * len(made.known)  # what was written before there were ids
        return made


class OnlineState(Protocol):
    """What an engine of online state keeps to.

    Durability: what a `put_` returned from survives the end of the process by any signal; a machine that loses
    power may lose the last seconds. Order: rows may come in any order and more than once; the result is that of
    each row told once, in the order of (known, id). Threads: one thread owns it. Processes: one may write; a second
    that opens the same place gets a TreadleError.
    """

    as_of: datetime | None
    """The state was built from all that was known before this time; None if it was filled by events alone."""

    def history(self, view: str, key: Key) -> History | None: ...

    def versions(self, stream: str, key: Key) -> Versions | None: ...

    def put_events(self, view: str, rows: Iterable[EventRow], arguments: int, keep_us: int) -> None:
        """Add events; forget what lies more than `keep_us` before a key's newest, and before now."""
        ...

    def put_lookup(self, stream: str, rows: Iterable[LookupRow], keep_us: int | None) -> None: ...

    def together(self) -> AbstractContextManager[None]:
        """All that is put within is kept when it ends, or nothing of it: where it ends by an error, where the engine
        fails and where the process is killed. It is read at once, by whoever asks meanwhile. One at a time, and no
        `load` within."""
        ...

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        """Replace everything, in one transaction."""
        ...

    def check(self) -> None:
        """Ask whether it still answers, and holds what it was filled with. Any thread may, one at a time.

        Raises:
            StoreError: it does not, and why. Known within about two seconds, whatever does not answer.
        """
        ...

    def close(self) -> None: ...


class Memory:
    """An `OnlineState` that lives as long as the process: for tests, proofs and one-off predictions."""

    def __init__(self) -> None:
        self.as_of: datetime | None = None
        self._histories: dict[tuple[str, Key], History] = {}
        self._versions: dict[tuple[str, Key], Versions] = {}

    def history(self, view: str, key: Key) -> History | None:
        return self._histories.get((view, key))

    def versions(self, stream: str, key: Key) -> Versions | None:
        return self._versions.get((stream, key))

    def put_events(self, view: str, rows: Iterable[EventRow], arguments: int, keep_us: int) -> None:
        put_events(rows, lambda key: self._histories.setdefault((view, key), History(arguments)), keep_us)

    def put_lookup(self, stream: str, rows: Iterable[LookupRow], keep_us: int | None) -> None:
        put_lookup(rows, lambda key: self._versions.setdefault((stream, key), Versions()), keep_us)

    @contextmanager
    def together(self) -> Iterator[None]:
        before = deepcopy((self._histories, self._versions))
        try:
            yield
        except BaseException:
            self._histories, self._versions = before
            raise

    def load(
        self,
        histories: Iterable[tuple[str, Key, History]],
        versions: Iterable[tuple[str, Key, Versions]],
        as_of: datetime,
    ) -> None:
        self._histories = {(view, key): history for view, key, history in histories}
        self._versions = {(stream, key): found for stream, key, found in versions}
        self.as_of = as_of

    def check(self) -> None: ...

    def close(self) -> None: ...


def put_events(rows: Iterable[EventRow], history: Callable[[Key], History], keep_us: int) -> dict[Key, History]:
    """Add events to the histories of their keys; which keys changed."""
    touched: dict[Key, History] = {}
    for key, known, identity, values in rows:
        found = touched.get(key)
        if found is None:
            found = touched[key] = history(key)
        found.put(known, identity, values)
    for found in touched.values():
        if not found.known:
            continue
        edge = newest_until_now(found.known[-1]) - keep_us
        if found.floor > _FAR_PAST or found.known[0] < edge:
            found.floor = max(found.floor, edge)
        # not at each event: a quarter more than is needed may gather first
        if found.known[0] < edge - keep_us // 4:
            found.trim(edge)
    return touched


def put_lookup(
    rows: Iterable[LookupRow], versions: Callable[[Key], Versions], keep_us: int | None
) -> dict[Key, Versions]:
    touched: dict[Key, Versions] = {}
    for key, known, happened, values, *identity in rows:
        found = touched.get(key)
        if found is None:
            found = touched[key] = versions(key)
        found.put(known, happened, values, *identity)
    if keep_us is not None:
        for found in touched.values():
            found.trim(newest_until_now(found.known[-1]) - keep_us)
    return touched


def newest_until_now(newest: int) -> int:
    """What a history is kept back from, in microseconds: its newest row, or now, where that will be known later only.

    A price that is planned, or a year that is mistyped, would else put what is asked for now before all that is kept.
    """
    return min(newest, time.time_ns() // 1000)


def keep_of(plan: FeaturePlan, view: str) -> int:
    """How long the events of a view are kept."""
    return plan.horizon_us(view) + SLACK_US


def locked(place: str) -> InUse:
    return InUse(
        "another process writes this online state",
        where=place,
        mend="stop the other server, or serve the other endpoint from its own workspace",
    )
