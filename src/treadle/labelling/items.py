"""A queue of rows that experts are asked about, each with why it is there, and the words that a label may be."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from treadle.scoring.tasks import Task

Sort = Literal["uncertain", "costly", "odd", "audit", "again"]
NO_YES = ("no", "yes")


class Why(Struct, frozen=True):
    """One reason for which a row is on the queue: its sort, and a sentence."""

    sort: Sort
    text: str


class Item(Struct, frozen=True, kw_only=True):
    """A row that experts are asked about.

    `row`: a short name that no spreadsheet takes for a number or a day; `key`: its key in the source. `source`: the
    label that it has there, `model`: what a model that had not seen it says; both are empty of a row that is to be
    looked at without them. `values`: of the queue's columns.
    """

    row: str
    key: str
    why: tuple[Why, ...]
    source: str = ""
    model: str = ""
    values: tuple[str, ...] = ()


class Queue(Struct, frozen=True, kw_only=True):
    """`labels`: the words that a label may be; empty where it is a number. `columns`: features, as the model sees
    them."""

    target: str
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    items: tuple[Item, ...]

    def item(self, row: str) -> Item | None:
        """By its short name, or by its key."""
        return next((each for each in self.items if row in (each.row, each.key)), None)


def named(key: str) -> str:
    """The short name of a row.

    >>> named("17"), named("2013-01-01,UA")
    ('rc16082c3a8', 'r253c19a18c')
    """
    return "r" + blake2b(key.encode(), digest_size=5).hexdigest()


def words_of(task: Task) -> tuple[str, ...]:
    """The labels of a kind of prediction, as people write them, by their number; none where they are amounts."""
    return NO_YES if task.decides else task.classes


def word(labels: Sequence[str], value: float) -> str:
    """A label as a word; an amount with the digits that it has."""
    return labels[int(value)] if labels else f"{value:.10g}"
