"""A queue of rows that experts are asked about, each with why it is there, and the words that a label may be."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.evidence.kinds.labels_said import CANNOT, WHOLE

if TYPE_CHECKING:
    from treadle.scoring.tasks import Task

Sort = Literal["uncertain", "costly", "odd", "audit", "again"]
NO_YES = ("no", "yes")
_NO = {"no", "false", "f", "0", "n", "non", "faux", "nein", "falsch", "não", "nao", "falso", "nee", "onwaar"}
_YES = {"yes", "true", "t", "1", "y", "oui", "vrai", "ja", "wahr", "sí", "si", "sim", "verdadero", "vero", "waar"}
"""No and yes as people write them, in words of several languages, and as a spreadsheet does."""
OWN = ("row", "for", "seen", "key", "at", "label", "implausible", "comment", "why", "source", "model")
"""Columns that a sheet has of its own."""


class Why(Struct, frozen=True):
    """One reason for which a row is on the queue: its sort, and a sentence."""

    sort: Sort
    text: str


class Item(Struct, frozen=True, kw_only=True):
    """A row that experts are asked about.

    `row`: a short name that no spreadsheet takes for a number or a day; `key`: its key in the source. `source`: the
    label that it has there, `model`: what a model that had not seen it says; both are empty of a row that is to be
    looked at without them. `values`: of the queue's columns. `at`: the time of the example, empty where it has none.
    """

    row: str
    key: str
    why: tuple[Why, ...]
    source: str = ""
    model: str = ""
    values: tuple[str, ...] = ()
    at: str = ""


class Queue(Struct, frozen=True, kw_only=True):
    """`labels`: the words that a label may be; empty where it is a number. `columns`: features, as the model sees
    them."""

    target: str
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def offered(self) -> tuple[str, ...]:
        """The words that may stand in the place of a label, what else is said there too."""
        taken = any(label.casefold() == CANNOT for label in self.labels)
        return self.labels if taken or not self.labels else (*self.labels, CANNOT)

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns by names that are none of a sheet's own, in their order.

        >>> Queue(target="late", labels=(), columns=("model", "hour"), items=()).shown
        ('model (feature)', 'hour')
        """
        found = list[str]()
        for name in self.columns:
            while name in OWN or name in found or (name != self.columns[len(found)] and name in self.columns):
                name = f"{name} (feature)"
            found.append(name)
        return tuple(found)

    def feature(self, name: str) -> str:
        """What is kept for a column, or for the whole row, that was named as it is shown or as it is called; empty
        where there is none. A feature that is called as the whole row is kept by the name that it is shown by."""
        if name == WHOLE:
            return WHOLE
        if name in self.shown:
            called = self.columns[self.shown.index(name)]
            return name if called == WHOLE else called
        return name if name in self.columns else ""

    def label(self, text: str) -> str:
        """The label that is meant by a word, where labels are words; empty where it is none.

        >>> Queue(target="late", labels=NO_YES, columns=(), items=()).label("OUI")
        'yes'
        """
        said = text.casefold()
        fits = [each for each in self.labels if each.casefold() == said]
        if not fits and self.labels == NO_YES:
            return NO_YES[said in _YES] if said in _NO | _YES else ""
        return fits[0] if fits else ""

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
