"""The feature plan: every feature of a project, checked and typed, as data that goes into the bundle."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct

Origin = Literal["request", "row", "lookup", "window", "exposure"]
"""`exposure`: no feature that is learnt from; the model is asked with it, and what it says is in proportion to it."""
ColumnType = Literal["bool", "int", "float", "str", "date", "timestamp"]


LARGEST = 9.2e18
"""A whole number of this size or more is NULL, in sums as in expressions: 64 bits hold no more."""


class FeatureColumn(Struct, frozen=True):
    """One feature: its name, its type, and which part of the project file it comes from."""

    name: str
    type: ColumnType
    origin: Origin = "request"


class InputColumn(Struct, frozen=True):
    """One field of a request. `feature` is False for a field that only others are derived from."""

    name: str
    type: ColumnType
    feature: bool = True


class RowFeature(Struct, frozen=True):
    """An expression over inputs and earlier row features."""

    name: str
    text: str
    type: ColumnType


class Stream(Struct, frozen=True):
    """Rows of a source (or of a view on it) as events: when known, under which key, with which values.

    `known` and `happened` are expressions over the source's columns; both None for a table without time.
    `identity` are the columns that tell rows apart: the same row told twice counts once, and rows of one moment stand
    in their order. It is empty where the key and the times of a looked-up source tell all of its rows apart.
    """

    name: str
    source: str
    types: dict[str, ColumnType]
    """The source's columns that are read, with their types."""
    key: tuple[str, ...]
    known: str | None
    happened: str | None
    identity: tuple[str, ...]
    where: str | None = None
    columns: dict[str, str] = {}
    """Derived columns: name to expression over the source's columns."""
    column_types: dict[str, ColumnType] = {}
    told: str = ""
    """The view or source that its events are told under; see `told_as`."""

    @property
    def one_a_moment(self) -> bool:
        """Whether it is a source that is looked up directly: of a key's rows of one moment the last counts alone."""
        return self.happened is not None or self.known is None

    @property
    def told_as(self) -> str:
        """The view or source that its events are told under; several lookups of one by different keys share it."""
        # a plan of version 0.1 has it in the name alone
        return self.told or self.name.partition(" by ")[0]


class LookupPlan(Struct, frozen=True):
    """The last row of `stream` under the key made of the inputs `on`, known before `at`."""

    name: str
    stream: str
    on: tuple[str, ...]
    take: tuple[str, ...]
    max_age_us: int | None


class Take(Struct, frozen=True):
    """One aggregate of a window. `argument` is the number of the view's argument; None for count(*)."""

    name: str
    function: str
    argument: int | None
    type: ColumnType


class WindowPlan(Struct, frozen=True):
    """Aggregates over the rows of `view` under the key `on`, known in [at - length, at)."""

    name: str
    view: str
    on: str
    lengths: tuple[tuple[str, int], ...]
    """(as written, microseconds)"""
    takes: tuple[Take, ...]


class Argument(Struct, frozen=True):
    """An expression over a view's columns that windows aggregate. `kept`: its values are needed, not only sums."""

    text: str
    type: ColumnType
    kept: bool


class FeaturePlan(Struct, frozen=True):
    """All of a project's features, in order. Data only: `batch`, `online` and `prove` compile it."""

    project: str
    each: str
    each_types: dict[str, ColumnType]
    key: tuple[str, ...]
    at: str | None
    label: str
    label_type: ColumnType
    label_known: str | None
    group: str | None
    kind: str
    inputs: tuple[InputColumn, ...]
    rows: tuple[RowFeature, ...]
    views: dict[str, Stream]
    lookup_streams: dict[str, Stream]
    arguments: dict[str, tuple[Argument, ...]]
    lookups: tuple[LookupPlan, ...]
    windows: tuple[WindowPlan, ...]
    features: tuple[FeatureColumn, ...]
    weight: str | None = None
    """The column that weighs the rows, which no feature reads."""
    exposure: str | None = None
    """The column that counts are in proportion to, the last of `features`."""

    @property
    def input_types(self) -> dict[str, ColumnType]:
        return {column.name: column.type for column in self.inputs}

    def stream(self, name: str) -> Stream:
        return self.views[name] if name in self.views else self.lookup_streams[name]

    def horizon_us(self, view: str) -> int:
        """The longest window over a view."""
        return max((us for w in self.windows if w.view == view for _, us in w.lengths), default=0)

    def sources(self) -> dict[str, set[str]]:
        """Each source that is read, with the columns that are read of it."""
        found: dict[str, set[str]] = {self.each: set(self.each_types)}
        for stream in (*self.views.values(), *self.lookup_streams.values()):
            found.setdefault(stream.source, set()).update(stream.types)
        return found


def attribute(name: str) -> str:
    """The Python attribute that holds the column `name` in a record: itself, where that is plain ASCII.

    Any text has one, and no two have the same: what begins with `c_` is always written out, with each character that
    is no letter or digit as its number between underscores.
    """
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    if plain and not name.startswith(("_", "c_")):
        return name
    return "c_" + "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name)


def renames(names: Iterable[str]) -> dict[str, str]:
    """From attribute to column, for those that differ: what `msgspec.defstruct(rename=…)` takes."""
    return {attribute(name): name for name in names if attribute(name) != name}


def stream_types(stream: Stream) -> Mapping[str, ColumnType]:
    """What a lookup or a window over the stream may name: derived columns before the source's own.

    In the order of names, which the values of a lookup's rows are kept in: a plan that was read back from JSON may
    hold its dictionaries in another order than the plan that built the state.
    """
    found: dict[str, ColumnType] = {**stream.types, **stream.column_types}
    return dict(sorted(found.items()))


def with_types(stream: Stream, earlier: Stream | None, label: str, told: str) -> Stream:
    """One stream serves all lookups with the same source and key."""
    types = {**(earlier.types if earlier else {}), **stream.types}
    identity = tuple(dict.fromkeys([*(earlier.identity if earlier else ()), *stream.identity]))
    return msgspec.structs.replace(stream, name=label, types=types, identity=identity, told=told)
