"""Views of the chain as SQL tables, kept up to date in the transaction that writes an entry.

They answer quickly and prove nothing: what must be proved (a release) is read from the entries themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import IntegrityError

from treadle.errors import EvidenceError
from treadle.evidence.entry import Entry
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.payload import Payload
from treadle.evidence.words import words_of
from treadle.money import in_units
from treadle.store import Ref, Snapshot, schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]
"""Of a table, by its columns."""


def fold(connection: Connection, entry: Entry[Payload], *, kept: bool = False) -> None:
    """Add one entry to every view. `kept`: it stands in the chain already, so that nothing of it can be refused.

    Raises:
        EvidenceError: it would give the name of a version a second time.
    """
    fold_all(connection, [entry], kept=kept)


def fold_all(connection: Connection, entries: Sequence[Entry[Payload]], *, kept: bool = False) -> None:
    """Add entries to every view, in their order: as `fold` one by one, in few statements."""
    edges = [row for entry in entries for row in _edges(entry)]
    if edges:
        connection.execute(insert(schema.refs), edges)
    sums = _together([row for entry in entries for row in _money(entry)])
    if sums:
        connection.execute(_ADD, sums)
    texts = [row for entry in entries for row in _texts(entry)]
    if texts:
        connection.execute(insert(schema.texts), texts)
    for entry in entries:
        if isinstance(entry.payload, ModelPacked):
            _version(connection, entry, entry.payload, kept=kept)
        if isinstance(entry.payload, ModelsSearched):
            _trials(connection, entry, entry.payload)


def empty(connection: Connection) -> None:
    for table in schema.VIEWS:
        connection.execute(delete(table))


def _edges(entry: Entry[Payload]) -> list[Row]:
    return [
        {
            "seq": entry.seq,
            "made": made,
            "content": ref.content[:64],
            "name": _table(ref),
        }
        for made, refs in ((0, entry.uses), (1, entry.made))
        for ref in refs
    ]


def _texts(entry: Entry[Payload]) -> list[Row]:
    text = entry.payload.searched(entry.input) if entry.status == "done" else ""
    return [{"seq": entry.seq, "words": " ".join(words_of(text))}] if text else []


def add_money(connection: Connection, entry: Entry[Payload]) -> None:
    """What an entry used or cost, added to its run, its kind, its day and its price book. Either one is enough."""
    rows = _money(entry)
    if rows:
        connection.execute(_ADD, rows)


def _money(entry: Entry[Payload]) -> list[Row]:
    usage, price = entry.usage, entry.price
    if usage is None and price is None:
        return []
    row: Row = {
        "currency": price.money.currency if price else "",
        "steps": 1,
        "unpriced": 0 if price else 1,
        "seconds": usage.seconds if usage else 0.0,
        "cpu_seconds": usage.cpu_seconds if usage else 0.0,
        "peak_mb": usage.peak_mb if usage else 0.0,
        "gpu_seconds": usage.gpu_seconds if usage else 0.0,
        "gpu_unpriced": unpriced_gpu(entry),
        "written_bytes": usage.written_bytes if usage else 0,
        **dict(zip(("units", "nanos"), in_units(price.money.amount) if price else (0, 0), strict=True)),
        "last": entry.seq,
    }
    step, day = entry.kind, entry.time[:10]
    if isinstance(entry.payload, CostBooked):  # by what it was paid for, and when, not by when somebody wrote it down
        step, day = f"booked: {entry.payload.category}", entry.payload.due
    month = f"{day[:7]} "
    names = [("run", entry.run or "(no run)"), ("step", step), ("day", day), ("all", "")]
    names += [("who", f"{month}{entry.actor}"), ("what", f"{month}{entry.subject}"[:255])]
    if price and price.book:
        names.append(("book", price.book[:255]))
    return [{"by": by, "name": name, **row} for by, name in names]


def unpriced_gpu(entry: Entry[Payload]) -> float:
    """The GPU-seconds of an entry that are in no price: it has none, or one by a book without a price for them."""
    if entry.usage is None or (entry.price is not None and "gpu_hour" not in entry.price.lacks):
        return 0.0
    return entry.usage.gpu_seconds


def _together(rows: Sequence[Row]) -> list[Row]:
    """Rows of one sum as one, where nothing but whole numbers is added; what was measured is added in its order, since
    a sum of floats depends on it."""
    found, sums = list[Row](), dict[tuple[Any, ...], Row]()
    for row in rows:
        if any(row[name] for name in _MEASURED):
            found.append(row)
            continue
        known = sums.setdefault((row["by"], row["name"], row["currency"]), {**row, **_NO_SUM})
        for name in _COUNTED:
            known[name] += row[name]
        known["last"] = max(known["last"], row["last"])
    return [*found, *sums.values()]


_MEASURED = ("seconds", "cpu_seconds", "gpu_seconds", "gpu_unpriced", "peak_mb")
_COUNTED = ("steps", "unpriced", "written_bytes", "units", "nanos")
_NO_SUM = dict.fromkeys(_COUNTED, 0)
_SUMMED = (
    "steps", "unpriced", "seconds", "cpu_seconds", "gpu_seconds", "gpu_unpriced", "written_bytes", "units", "nanos"
)  # fmt: skip
# one statement for all of an entry's sums: SQLite and PostgreSQL write it alike
_ADD = text(
    f'INSERT INTO view_ledger ("by", name, currency, {", ".join(_SUMMED)}, peak_mb, last) '
    f"VALUES (:by, :name, :currency, {', '.join(f':{name}' for name in _SUMMED)}, :peak_mb, :last) "
    'ON CONFLICT ("by", name, currency) DO UPDATE SET '
    + ", ".join(f"{name} = view_ledger.{name} + excluded.{name}" for name in _SUMMED)
    + "".join(
        f", {name} = CASE WHEN excluded.{name} > view_ledger.{name} THEN excluded.{name} ELSE view_ledger.{name} END"
        for name in ("last", "peak_mb")
    )
)


def _version(connection: Connection, entry: Entry[Payload], packed: ModelPacked, *, kept: bool) -> None:
    row = {
        "model": packed.model,
        "project": packed.model.rpartition(":")[0],
        "bundle": packed.bundle.digest,
        "seq": entry.seq,
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(schema.versions).values(**row))
    except IntegrityError as bad:
        if kept:  # version 0.1 could give a name twice; the first packing keeps it
            return
        raise EvidenceError(
            f"there is a version {packed.model} already", where="versions", mend="run again: the next number is free"
        ) from bad


def _trials(connection: Connection, entry: Entry[Payload], found: ModelsSearched) -> None:
    rows = [
        {
            "seq": entry.seq,
            "number": trial.number,
            "project": entry.subject,
            "run": entry.run,
            "family": trial.family,
            "metric": found.metric,
            "value": trial.value,
            "state": trial.state,
            "seconds": trial.seconds,
        }
        for trial in found.trials
    ]
    if rows:
        connection.execute(insert(schema.trials), rows)


def makers(connection: Connection, used: Iterable[Ref], before: int) -> list[int]:
    """The newest entry before `before` that made each of `used`.

    Of rows it is the one that made them in their table, where there is one: two tables may hold equal rows.
    """
    found = dict[int, None]()
    for content, table in dict.fromkeys((ref.content[:64], _table(ref)) for ref in used):
        refs, named = schema.refs, schema.entries
        made = select(refs.c.seq).where(refs.c.content == content, refs.c.made == 1, refs.c.seq < before)
        made = made.order_by(refs.c.seq.desc()).limit(1)
        asked = [made.where(refs.c.name == table)] if table else []
        asked += [made, select(named.c.seq).where(named.c.hash == content, named.c.seq < before)]  # an entry's own hash
        rows = (connection.execute(each).first() for each in asked)
        row = next((each for each in rows if each is not None), None)
        if row is not None:
            found[int(row[0])] = None
    return list(found)


def _table(ref: Ref) -> str:
    return (ref.table if isinstance(ref, Snapshot) else "")[:255]
