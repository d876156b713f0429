"""The rows of several sources as the things that they tell of: pairs formed, weighed, grouped, and settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.matching.clusters import Guard, group
from treadle.matching.decisions import Decision, refuse_contradiction
from treadle.matching.linking import Progress, all_of, exact_links, links_table, said_links, split_pairs, weighed
from treadle.matching.prepared import prepare
from treadle.matching.settling import settle
from treadle.matching.weights import Weights
from treadle.spec.drawn import ID

if TYPE_CHECKING:
    import polars as pl

    from treadle.matching.rows import Rows
    from treadle.spec import Entity

MOST_NOTES = 20


@dataclass(frozen=True, eq=False)
class Reconciled:
    """`rows`: one a thing. `members`: which rows it is of. `links`: pairs that are the same, or perhaps, and what
    became of each. `choices`: which value of a field won. `doubts`: pairs that a person may look at."""

    rows: pl.DataFrame
    members: pl.DataFrame
    links: pl.DataFrame
    choices: pl.DataFrame
    weights: Weights | None
    pairs: int
    doubts: int
    notes: tuple[str, ...]


def reconcile(
    name: str,
    entity: Entity,
    rows: Rows,
    decisions: Sequence[Decision] = (),
    progress: Progress = lambda done, total, text: None,
) -> Reconciled:
    """What the rows tell of. Equal rows, decisions and settings give equal tables, in whatever order rows came.

    Raises:
        DataError: decisions contradict each other; too many pairs; a field that cannot be compared so.
        MissingExtra: texts are compared, and RapidFuzz is not installed.
    """
    where = f"entities.{name}"
    refuse_contradiction(decisions, where)
    ready = prepare(name, entity, rows)
    found = weighed(name, entity, ready, progress)
    said, gone = said_links(ready, decisions)
    exact, common = exact_links(entity, ready)
    links = all_of([said, exact, found.links], len(rows))
    guard = Guard(split_pairs(ready, decisions), ready.distinct, found.perhaps, found.weigh, where)
    progress(1, 1, "rows grouped")
    grouped = group(len(rows), links.of(links.bits >= found.same), guard)
    members = rows.frame.with_columns(rows.frame["record"].gather(grouped.group).alias(ID))
    settled, choices = settle(entity, members, ready.folded, grouped.group, decisions, where)
    shown = links_table(entity, links, found, ready, guard, grouped.group)
    return Reconciled(
        rows=settled,
        members=members.select("record", "source", "key", ID, *rows.fields),
        links=shown,
        choices=choices,
        weights=found.weights,
        pairs=found.pairs,
        doubts=int(shown["done"].is_in(["perhaps", "cut"]).sum()),
        notes=_few([*found.notes, *common, *grouped.notes, *gone]),
    )


def _few(notes: Sequence[str]) -> tuple[str, ...]:
    more = len(notes) - MOST_NOTES
    return (*notes[:MOST_NOTES], f"and {more:,} more") if more > 0 else tuple(notes)
