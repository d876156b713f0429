"""A source of whose columns a contract says the types, so that one odd value does not hide what the others are."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from treadle.mapping import column_at_source
from treadle.spec import Layout, Source


class Expected(Source, frozen=True, kw_only=True):
    """`types`: by column, as the source itself calls it, what its contract says that it is. `clocks`: columns of which
    a time without a zone is one of a clock, so that those with one have to be told from it. `texts`: columns whose
    values stay as they are written, though each of them may look like a number, a date or a truth."""

    types: dict[str, str] = field(default_factory=dict)
    clocks: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def expected(source: Source, types: Mapping[str, str]) -> Source:
    """The source, which is read alike, but for the values of columns that are not all of the type in `types`: each that
    is one is told so that a contract takes it, and each other as it is written."""
    there = {column_at_source(source, name): kind for name, kind in types.items()}
    stated = {name: getattr(source, name) for name in source.__struct_fields__}
    return Expected(**stated, types={name: kind for name, kind in there.items() if name is not None})


def types_expected(layout: Layout) -> Mapping[str, str]:
    """What is expected of columns; nothing, where nobody said."""
    return layout.types if isinstance(layout, Expected) else {}


def of_clocks(layout: Layout) -> frozenset[str]:
    """Columns of which a time without a zone is one of a clock."""
    return layout.clocks if isinstance(layout, Expected) else frozenset()


def kept_texts(layout: Layout) -> frozenset[str]:
    """Columns whose values stay as they are written."""
    return layout.texts if isinstance(layout, Expected) else frozenset()
