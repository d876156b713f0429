"""Figures in a text: `{flights:3.average_precision}` is read from the record whenever the note is shown.

The name before the last dot is what `treadle why` knows: a version, an endpoint (the version that it serves), a table,
a project, an entry's number. What stands in Markdown's code, between backticks, is text and no figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import EvidenceError, TeamError, nearest
from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.of_version import Release
from treadle.figures import figure
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_CITED = re.compile(r"\{([^{}\s]{1,200})\.([A-Za-z_][A-Za-z0-9_]{0,60})\}")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
MOST_FIGURES = 50
"""Each is read anew whenever the note is shown."""


class Citation(Struct, frozen=True):
    """`start` and `end`: where it stands in the text."""

    subject: str
    figure: str
    start: int
    end: int

    @property
    def cited(self) -> str:
        return f"{self.subject}.{self.figure}"


class Read(Struct, frozen=True):
    """A figure as it is now, as a number and as it is shown, and the entry that says so."""

    value: float
    shown: str
    entry: Entry[Payload]


def citations(text: str) -> Iterator[Citation]:
    """The figures of a text, in order.

    >>> [each.cited for each in citations("It is {shop:3.recall}, and `{x.y}` is code.")]
    ['shop:3.recall']
    """
    code = [found.span() for found in _CODE.finditer(text)]
    for found in _CITED.finditer(text):
        if not any(start <= found.start() < end for start, end in code):
            yield Citation(found[1], found[2], found.start(), found.end())


def read_figure(workspace: Workspace, reader: Reader, subject: str, name: str) -> Read:
    """The figure `name` of a subject as the record has it now.

    Raises:
        EvidenceError: nothing is called so. TeamError: it is, and has no such figure.
    """
    from treadle.history.lineage import all_called

    known: dict[str, None] = {}
    for entry in all_called(workspace, reader, subject.removeprefix("#"), f"{{{subject}.{name}}}"):
        told = _of_release(reader, entry)
        figures = {found: (value, shown) for found, value, shown in figures_of(told)}
        if name in figures:
            return Read(*figures[name], told)
        known |= dict.fromkeys(figures)
    raise TeamError(
        f"{subject} has no figure {name}",
        where=f"{{{subject}.{name}}}",
        mend=nearest(name, list(known)) or f"it has: {', '.join(known) or 'none'}",
    )


def figures_named(workspace: Workspace, reader: Reader, subject: str) -> list[str]:
    """The figures that the record has of a subject now.

    Raises:
        EvidenceError: nothing is called so.
    """
    from treadle.history.lineage import all_called

    entries = all_called(workspace, reader, subject.removeprefix("#"), subject)
    return list(dict.fromkeys(name for entry in entries for name, *_ in figures_of(_of_release(reader, entry))))


def refigured(text: str, shown: Sequence[tuple[Citation, str]]) -> str:
    """The text with each figure in the place of what cites it."""
    out, at = list[str](), 0
    for citation, value in shown:
        out += [text[at : citation.start], value]
        at = citation.end
    return "".join([*out, text[at:]])


def figures_of(entry: Entry[Payload]) -> Iterator[tuple[str, float, str]]:
    """What an entry says in numbers: name, value, and how it is shown. Its score has the metric's own name; beside it
    are counts of rows, cost and seconds."""
    said = entry.payload
    for name in said.__struct_fields__:
        value = getattr(said, name)
        if isinstance(value, Snapshot) and name != "table":
            yield f"{name}_rows", value.rows, f"{value.rows:,}"
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            yield name, float(value), _number(value)
    table = getattr(said, "table", None)
    if isinstance(table, Snapshot):  # before a count of the entry's own, which may be of what was delivered
        yield "rows", table.rows, f"{table.rows:,}"
    if isinstance(said, ModelEvaluated | ModelPacked):  # a search has a score too, on folds, which is another figure
        yield said.metric, said.value, figure(said.value, said.low, said.high).value
    if entry.price is not None:
        money = entry.price.money
        yield "cost", float(money.amount), f"{money.amount:.4f} {money.currency}"
    if entry.usage is not None:
        yield "seconds", entry.usage.seconds, _number(round(entry.usage.seconds, 1))


def _number(value: float | Decimal) -> str:
    return f"{value:,}" if isinstance(value, int) else figure(float(value)).value


def _of_release(reader: Reader, entry: Entry[Payload]) -> Entry[Payload]:
    """Of a release, what packed the version that it released."""
    if not isinstance(entry.payload, Release):
        return entry
    packed = reader.by_hash(entry.payload.packing.digest)
    if not packed:
        raise EvidenceError(f"the record lacks what packed {entry.payload.model}", where=f"entry {entry.seq}")
    return packed[0]
