"""A service that could be bought instead: a file of what it answered, asks for, and where data go; each with a source.

    service: acme
    answers: acme.csv                  # beside this file: the key of each row, and `answer`
    price:   {per_thousand: 0.50, currency: USD, source: "https://acme.example/prices", date: 2026-11-01}
    latency: {p99_ms: 120, source: "its page on limits", date: 2026-11-01}
    data:    {where: "its servers in the US, kept 30 days", source: "its terms, 4.2", date: 2026-11-01}
    leaving: {cost: 900, currency: USD, what: "to make its key anew", source: "our estimate, ada", date: 2026-11-05}

Nothing is invented: what stands without a source and a date is refused, and what does not stand is "not known".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from treadle.days import day_in
from treadle.errors import SpecError
from treadle.spec.documents import place_of, positions, read_yaml
from treadle.spec.rules import raise_all
from treadle.spec.shape import problems

MOST_BYTES = 64 * 2**20
"""Of the answers."""
_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", title="a name in small letters")]
_Amount = Annotated[float, Meta(ge=0, le=1e12)]
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", title="currency")]


class Sourced(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says so, and when it was read there."""

    source: _Text
    date: str

    @property
    def cited(self) -> str:
        return f"{self.source}, {self.date}"


class ServicePrice(Sourced, frozen=True, kw_only=True):
    """`a_month`: whatever the use; `setup`: once."""

    per_thousand: _Amount
    currency: _Currency
    a_month: _Amount = 0.0
    setup: _Amount = 0.0


class ServiceLatency(Sourced, frozen=True, kw_only=True):
    p99_ms: _Amount


class ServiceData(Sourced, frozen=True, kw_only=True):
    where: _Text


class ServiceLeaving(Sourced, frozen=True, kw_only=True):
    """What it costs to go elsewhere later, and for what."""

    cost: _Amount
    currency: _Currency
    what: _Text


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`answers`: a file beside this one. `threshold`: from which probability on one acts by it."""

    service: _Name
    answers: _Text
    price: ServicePrice
    latency: ServiceLatency | None = None
    data: ServiceData | None = None
    leaving: ServiceLeaving | None = None
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None


def load_service(file: Path) -> tuple[Service, bytes]:
    """What the file says, and the answers that it names.

    Raises:
        SpecError: it says anything else, or a figure without a source; the answers are not beside it.
    """
    read = read_yaml(file, "a service", begin="service: NAME")
    known = {"": (1, 1), **dict(positions(read.tree))}
    mend = f"a service has {', '.join(Service.__struct_fields__)}; each figure a source and a date"
    raise_all(problems(read.tree, Service), file=file.name, known=known, mend=mend)
    found = msgspec.convert(read.tree, Service, strict=True)
    for name in ("price", "latency", "data", "leaving"):
        part = getattr(found, name)
        if part is not None and not _is_day(part.date):
            line, column = place_of(f"{name}.date", known)
            raise SpecError(
                f'"{part.date}" is no day', where=f"{file.name}:{line}:{column}: {name}.date", mend="write 2026-11-01"
            )
    return found, _answers(file, found, known)


def _is_day(text: str) -> bool:
    try:
        day_in(text)
    except ValueError:
        return False
    return True


def _answers(file: Path, found: Service, known: dict[str, tuple[int, int]]) -> bytes:
    from treadle.spec.documents import read_bytes

    line, column = place_of("answers", known)
    where = f"{file.name}:{line}:{column}: answers"
    named = Path(found.answers)
    if named.is_absolute() or ".." in named.parts:
        raise SpecError(f"{found.answers} is not beside {file.name}", where=where, mend="name a file beside it")
    try:
        return read_bytes(file.parent / named, "the answers", MOST_BYTES)
    except SpecError as bad:
        raise SpecError(bad.what, where=where, mend=bad.mend) from bad
