"""People in two tables that differ as tables do, and an entity over them; small enough to be seen through."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from treadle.matching import Decision, Reconciled, Rows, draw, reconcile
from treadle.spec import Entity

MATCH = {
    "exact": ["mail"],
    "compare": {
        "name": "jaro_winkler",
        "born": {"by": "date", "within": ["2d", "40d"]},
        "zip": {"by": "levenshtein", "at": [0.75]},
    },
    "block": ["zip", ["born"], ["substr(name, 1, 3)", "year(born)"]],
}
FROM = {
    "crm": {"name": "first || ' ' || last", "born": "born", "zip": "zip", "mail": "mail"},
    "web": {"name": "full", "born": "born", "zip": "zip", "mail": "mail"},
}
KEYS = {"crm": ("id",), "web": ("id",)}
_FIRST = ["Anna", "Éva", "Bruno", "Carla", "Dora", "Emil", "Franz", "Gerda", "Hugo", "Ida", "Jörg", "Karl"]
_LAST = ["Schmidt", "Müller", "Groß", "Becker", "Hoffmann", "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf"]


def entity(**said: Any) -> Entity:
    """The entity, with parts of it said otherwise."""
    return msgspec.convert({"from": FROM, "match": MATCH, **said}, Entity)


def tables(people: int, seed: int = 1) -> tuple[dict[str, pl.DataFrame], set[tuple[str, str]]]:
    """The two tables, and the pairs that are one person."""
    drawn, crm, web, true = random.Random(seed), [], [], set[tuple[str, str]]()
    for n in range(people):
        first, last = drawn.choice(_FIRST), drawn.choice(_LAST)
        born, code = (
            dt.date(1950, 1, 1) + dt.timedelta(days=drawn.randrange(20_000)),
            str(drawn.randrange(10_000, 99_999)),
        )
        mail = f"{first}.{last}{n}@example.org" if drawn.random() < 0.3 else None
        crm.append((n, first, last, born, code, mail))
        if drawn.random() < 0.6:
            name = f"{first} {last}"
            cut = drawn.randrange(1, len(name) - 1)
            name = name[:cut] + name[cut + 1 :] if drawn.random() < 0.2 else name
            code = code if drawn.random() < 0.85 else str(drawn.randrange(10_000, 99_999))
            web.append(
                (n, name.upper() if drawn.random() < 0.2 else name, born if drawn.random() < 0.9 else None, code, mail)
            )
            true.add((f"crm:{n}", f"web:{n}"))
    return {
        "crm": pl.DataFrame(crm, schema=["id", "first", "last", "born", "zip", "mail"], orient="row"),
        "web": pl.DataFrame(web, schema=["id", "full", "born", "zip", "mail"], orient="row"),
    }, true


def rows_of(said: Entity, frames: dict[str, pl.DataFrame]) -> Rows:
    return draw("customer", said, frames, {name: KEYS[name] for name in said.sources})


def found_in(said: Entity, frames: dict[str, pl.DataFrame], decisions: Sequence[Decision] = ()) -> Reconciled:
    return reconcile("customer", said, rows_of(said, frames), decisions)


def groups(found: Reconciled) -> set[frozenset[str]]:
    """The rows of each thing."""
    return {frozenset(rows) for rows in found.members.group_by("entity_id").agg("record")["record"].to_list()}


def pairs(found: Reconciled) -> set[tuple[str, str]]:
    """The pairs of rows that are one thing."""
    return {(a, b) for each in groups(found) for a in each for b in each if a < b}


def table(**columns: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame(columns, strict=False)
