"""Which columns a plan reads for what: from the columns of sources to features, the label and the times.

It is read from the plan alone, so it is known before any row is, and of a released model as it was packed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from treadle import expr
from treadle.features.plan import FeaturePlan, Stream, stream_types

PartKind = Literal["delivered", "column", "view column", "rows of", "match of", "feature", "role"]


class Part(Struct, frozen=True, order=True):
    """What a source has itself, where its columns are mapped (`delivered`: `flights.DepTime`), a column of a source
    (`flights.dep_at`), a column of a view (`departures.delay`), what decides which rows there
    are (`rows of departures`) and which of them a lookup or window takes (`match of weather`), a feature
    (`weather_temp`), or what else the plan asks for (`label`)."""

    kind: PartKind
    name: str


_CARRYING: tuple[PartKind, ...] = ("column", "view column", "feature")
Reads = Mapping[Part, frozenset[Part]]
"""What each part reads itself; a part that reads nothing is no key."""


def reads(plan: FeaturePlan) -> Reads:
    """What each feature, view, and the label and times read, one step far.

    >>> from treadle.features.plan import FeatureColumn, InputColumn, RowFeature
    >>> row = RowFeature("hour", "hour(at)", "int")
    >>> plan = FeaturePlan("p", "t", {"at": "timestamp", "y": "bool"}, (), "at", "y", "bool", None, None,
    ...     "classification", (InputColumn("at", "timestamp", False),), (row,), {}, {}, {}, (), (),
    ...     (FeatureColumn("hour", "int", "row"),))
    >>> sorted(part.name for part in below(reads(plan), Part("column", "t.at")))
    ['at', 'hour']
    """
    return {part: frozenset(found) for part, found in _Reading(plan).found.items() if found}


def above(known: Reads, part: Part) -> frozenset[Part]:
    """All that `part` reads, and what that reads, down to columns of sources."""
    found: set[Part] = set()
    waiting = list(known.get(part, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += known.get(one, ())
    return frozenset(found)


def below(known: Reads, part: Part) -> frozenset[Part]:
    """All that reads `part`, itself or through others: what breaks, or changes, when it is gone."""
    readers: dict[Part, list[Part]] = {}
    for reader, read in known.items():
        for one in read:
            readers.setdefault(one, []).append(reader)
    return above({one: frozenset(each) for one, each in readers.items()}, part)


class _Reading:
    """Collects what is read while it walks through a plan."""

    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self.found: dict[Part, set[Part]] = {}
        self._of_the_examples()
        for name, view in plan.views.items():
            self._of_the_rows(name, view)
            for column, text in view.columns.items():
                self._put(Part("view column", f"{name}.{column}"), self._source_columns(view, text))
        self._of_lookups()
        self._of_windows()

    def _put(self, part: Part, read: Iterable[Part]) -> None:
        self.found.setdefault(part, set()).update(read)

    def _column(self, name: str) -> Part:
        return Part("column", f"{self.plan.each}.{name}")

    def _of_the_examples(self) -> None:
        """What is read of the row that an example is made of."""
        plan = self.plan
        for feature in plan.features:
            if feature.origin in ("request", "exposure"):
                self._put(Part("feature", feature.name), [self._column(feature.name)])
        types = dict(plan.each_types)
        own: set[str] = set()
        for row in plan.rows:
            read = expr.parse(row.text, types).columns
            parts = (Part("feature", name) if name in own else self._column(name) for name in read)
            self._put(Part("feature", row.name), parts)
            types[row.name] = row.type
            own.add(row.name)
        for role, text in (("label", plan.label), ("at", plan.at), ("label_known", plan.label_known)):
            if text is not None:
                self._put(Part("role", role), map(self._column, expr.parse(text, plan.each_types).columns))
        for role, names in (("key", plan.key), ("group", (plan.group,)), ("weight", (plan.weight,))):
            self._put(Part("role", role), (self._column(name) for name in names if name))

    def _of_the_rows(self, name: str, stream: Stream) -> None:
        """What decides which rows there are, under which key, and when they are known."""
        texts = [text for text in (stream.known, stream.happened, stream.where) if text]
        read = {column for text in texts for column in expr.parse(text, stream.types).columns}
        read.update(stream.key, stream.identity)
        self._put(Part("rows of", name), (Part("column", f"{stream.source}.{column}") for column in read))

    def _source_columns(self, stream: Stream, text: str) -> list[Part]:
        return [Part("column", f"{stream.source}.{name}") for name in expr.parse(text, stream.types).columns]

    def _value(self, stream: Stream, view: str, column: str) -> Part:
        """A column as a lookup or a window names it: derived, where the view has it, else the source's own."""
        if column in stream.columns:
            return Part("view column", f"{view}.{column}")
        return Part("column", f"{stream.source}.{column}")

    def _of_lookups(self) -> None:
        for lookup in self.plan.lookups:
            stream = self.plan.lookup_streams[lookup.stream]
            rows = stream.told_as
            if rows not in self.plan.views:
                self._of_the_rows(rows, stream)
            match = self._match(lookup.name, rows, lookup.on, stream)
            for column in lookup.take:
                self._put(Part("feature", f"{lookup.name}_{column}"), [self._value(stream, rows, column), match])

    def _of_windows(self) -> None:
        for window in self.plan.windows:
            view = self.plan.views[window.view]
            types, arguments = stream_types(view), self.plan.arguments.get(window.view, ())
            match = self._match(window.name, window.view, (window.on,), view)
            for take in window.takes:
                text = None if take.argument is None else arguments[take.argument].text
                named = expr.parse(text, types).columns if text is not None else ()
                read = [*(self._value(view, window.view, column) for column in named), match]
                for length, _ in window.lengths:
                    self._put(Part("feature", f"{window.name}_{take.name}_{length}"), read)

    def _match(self, name: str, rows: str, on: Iterable[str], stream: Stream) -> Part:
        """Which rows it takes: those of its key; of a stream with a time, those known when the prediction is made."""
        timed = stream.known is not None and self.plan.at is not None
        when = [Part("role", "at")] if timed else []
        match = Part("match of", name)
        self._put(match, [Part("rows of", rows), *map(self._column, on), *when])
        return match


def values(known: Reads, feature: str) -> frozenset[str]:
    """The columns of sources that a feature's value is made of; those that only say which rows count are left out."""
    carrying = {part: frozenset(r for r in read if r.kind in _CARRYING) for part, read in known.items()}
    return frozenset(part.name for part in above(carrying, Part("feature", feature)) if part.kind == "column")
