"""The kind `sources.read`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from msgspec import Struct, field

from treadle.evidence.payload import Payload
from treadle.store import Blob, Snapshot


class Mark(Struct, frozen=True, kw_only=True):
    """How far a source was read. It stands in the entry that names the snapshot, so that the two are never apart.

    `definition`: what is asked of which place, a digest for each part that the project file states; `contract`: a
    digest of the rules that the rows were held to.
    `digest` names all that was read, in its order. Where rows are read `by` a column, `last` is its newest value, as
    text, of the `kind` whole, number, date or time; rows from `since` on may be read again, and are known by what
    `seen` holds. Of files `seen` lists those that were read.
    """

    definition: dict[str, str]
    contract: str
    digest: str
    seen: Blob
    by: str = ""
    kind: str = ""
    last: str = ""
    since: str = ""


class Increment(Struct, frozen=True, kw_only=True):
    """What one reading added: rows that are new, rows that took the place of others, rows that went, new columns.

    `start` and `end`: of what the rows are read by, before and after; of files how many were read. `anew`: why all was
    read again; empty for an increment. `notes`: what a person should know.
    """

    added: int
    replaced: int = 0
    removed: int = 0
    columns: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    anew: str = ""
    notes: tuple[str, ...] = ()

    def said(self) -> str:
        parts = [f"{self.added:,} new"]
        parts += [f"{self.replaced:,} replaced"] if self.replaced else []
        parts += [f"{self.removed:,} deleted"] if self.removed else []
        parts += [f"new columns {', '.join(self.columns)}"] if self.columns else []
        parts += [f"now at {self.end}"] if self.end else []
        parts += [f"read whole: {self.anew}"] if self.anew else []
        return ", ".join([*parts, *self.notes])


class Followed(Struct, frozen=True, kw_only=True):
    """What was done after a reading, by a person, that made a snapshot of another one.

    `done`: rows that had been set aside were replayed, a snapshot was brought back, or its files were laid out anew, by
    the columns in `reason`. `root`: the hash of the entry
    that read what was delivered; `back`: of one that was brought back. `rows`: how many were replayed.
    """

    done: Literal["replayed", "brought back", "laid out"]
    root: str
    rows: int
    reason: str = ""
    back: str = ""


class SourceRead(Payload, frozen=True, kw_only=True):
    """A source was read and held to its contract; `table` holds the rows that passed.

    `rows` counts all that were delivered, `quarantined` those set aside, which are in `quarantine`. `newest` has, for
    each rule that looks at the clock, the newest time it saw: it is asked again at every run. `warnings`: of
    soft rules, whose rows are kept.

    Of a source that is read in increments, `rows` and `quarantined` count those of this one, `table` and `quarantine`
    hold all; `increment` says what it added, and `mark` from where the next one goes on. `reached`: the newest time
    that the rows tell, by `happened`, or the files. `aside`: the rows that were set aside, whole, as Parquet.
    `unasked`: of rules that had nothing to compare with. `followed`: of a snapshot that was not read from the source.
    """

    KIND: ClassVar[str] = "sources.read"
    VERSION: ClassVar[int] = 4

    table: Snapshot
    rows: int
    quarantined: int
    rules: int
    bytes: int
    quarantine: Snapshot | None = None
    newest: dict[str, datetime | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    mark: Mark | None = None
    increment: Increment | None = None
    reached: datetime | None = None
    aside: tuple[Blob, ...] = ()
    unasked: tuple[str, ...] = ()
    followed: Followed | None = None

    def said(self) -> str:
        done = self.followed
        head = ""
        if done is not None:
            why = f" ({done.reason})" if done.reason else ""
            again = f"{done.rows:,} row{'s' * (done.rows != 1)} " if done.done == "replayed" else ""
            head = f"{again}{done.done}{why}: "
        rows = self.rows - self.quarantined if self.increment is None else self.table.rows
        return head + (
            f"{rows:,} row{'s' * (rows != 1)}"
            + (f" ({self.increment.said()})" if self.increment else "")
            + (f", {self.quarantined:,} set aside" if self.quarantined else "")
            + (f", {self.rules} rule{'s hold' if self.rules > 1 else ' holds'}" if self.rules else ", no contract")
            + self._stored()
            + "".join(f"; {said}" for said in self.warnings[:3])
            + (f"; and {len(self.warnings) - 3} soft rules more" if len(self.warnings) > 3 else "")
            + "".join(f"; {said}" for said in self.unasked[:1])
            + (f", nor {len(self.unasked) - 1} more" if len(self.unasked) > 1 else "")
        )

    def _stored(self) -> str:
        """Of what is large enough to be worth a word."""
        stored, size = self.table.stored, self.table.bytes
        if stored is None or max(size, stored.plain) < 1_000_000:
            return ""
        new = f", {stored.fresh / 1e6:,.1f} of it new" if stored.fresh < size else ""
        return f"; {size / 1e6:,.1f} MB in {stored.codec}{new} (Snappy: {stored.plain / 1e6:,.1f})"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if version in (2, 3):  # had no increments, or laid nothing out
            return data
        facts = data["detail"]
        return {"table": data["made"]["table"], **{n: facts[n] for n in ("rows", "quarantined", "rules", "bytes")}}
