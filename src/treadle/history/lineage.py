"""Walk the record back from a subject: each step to what it used, and on to what made that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import EvidenceError, TreadleError, nearest
from treadle.evidence import Code, Entry, Payload, Reader
from treadle.evidence.removals import Removals, name_of, removals
from treadle.history.found import Lineage, Node
from treadle.monitoring.found import FoundPrediction
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_MOST = 5000
"""Entries that a walk tells of, about: the nearest first."""


def explain(workspace: Workspace, subject: str) -> Lineage:
    """All that led to `subject`, nearest first. A prediction id begins at the prediction that was answered."""
    with workspace.chain.reading() as reader:
        start = _start(workspace, reader, subject)
        (found, more), gone = _walked(reader, start.entries, _MOST), removals(reader)
    nodes = [_node(workspace, entry, depth, gone) for entry, depth in found]
    nodes.sort(key=lambda node: (node.depth, -node.seq))
    return Lineage(subject=subject, nodes=nodes, serves=start.serves, prediction=start.prediction, more=more)


def called(workspace: Workspace, reader: Reader, subject: str, where: str) -> Entry[Payload]:
    """The entry that `subject` stands for: an endpoint, a version (what packed it), a table, an entry's number, id or
    hash; of several the newest.

    Raises:
        EvidenceError: nothing in the record is called so.
    """
    return all_called(workspace, reader, subject, where)[0]


def all_called(workspace: Workspace, reader: Reader, subject: str, where: str) -> list[Entry[Payload]]:
    """As `called`, the newest of each kind about it, newest first.

    Raises:
        EvidenceError: nothing in the record is called so.
    """
    from treadle.models.registry import packing_of

    version = subject.removeprefix("model/")
    packed = packing_of(reader, version.rpartition(":")[0], version) if ":" in version else None
    if packed is not None:
        return [packed]
    try:
        found = _start(workspace, reader, subject).entries
    except EvidenceError as bad:
        raise EvidenceError(bad.what, where=where, mend=bad.mend) from None
    if not found:
        raise EvidenceError(f'nothing in the record is called "{subject}"', where=where)
    return sorted(found, key=lambda entry: -entry.seq)


def walk(reader: Reader, start: Sequence[Entry[Payload]]) -> list[tuple[Entry[Payload], int]]:
    """All that led to `start`, level by level, without a bound: of a table that grew each hour no part is missing.

    The same content may have been made again later: what came before an entry counts.
    """
    return _walked(reader, start, None)[0]


def _walked(
    reader: Reader, start: Sequence[Entry[Payload]], most: int | None
) -> tuple[list[tuple[Entry[Payload], int]], int]:
    """As `walk`, of `most` entries, about; and how many more stand on the first level that is not told of."""
    from treadle.evidence.views import makers

    out: list[tuple[Entry[Payload], int]] = []
    seen: set[int] = set()
    level, depth = list(start), 0
    while level and (most is None or len(out) < most):
        fresh = [entry for entry in level if entry.seq not in seen]
        seen.update(entry.seq for entry in fresh)
        out += [(entry, depth) for entry in fresh]
        numbers: dict[int, None] = {}
        for entry in fresh:
            numbers |= dict.fromkeys(n for n in makers(reader.connection, entry.uses, entry.seq) if n not in seen)
        level, depth = reader.by_seq(list(numbers)), depth + 1
    return out, len(level)


def walk_of_all(reader: Reader, starts: Sequence[Entry[Payload]]) -> Iterator[tuple[Entry[Payload], list[int]]]:
    """Every entry that led to any of `starts`, and these, each once, the newest first; with the places in `starts` of
    those that it led to. There is no bound: what is left out would be taken for what nobody needs."""
    from treadle.evidence.views import makers

    leads: dict[int, set[int]] = {}
    for place, entry in enumerate(starts):
        leads.setdefault(entry.seq, set()).add(place)
    waiting = [-seq for seq in leads]
    heapify(waiting)
    while waiting:
        seq = -heappop(waiting)  # what made a thing stands before what used it: nothing leads here any more
        (entry,), places = reader.by_seq([seq]), leads.pop(seq)
        yield entry, sorted(places)
        for maker in makers(reader.connection, entry.uses, seq):
            if maker not in leads:
                heappush(waiting, -maker)
            leads.setdefault(maker, set()).update(places)


class _Start(Struct, frozen=True):
    """Where the walk begins, and what is known of the subject itself."""

    entries: list[Entry[Payload]]
    serves: str = ""
    prediction: FoundPrediction | None = None


def removed_of(entry: Entry[Payload], gone: Removals) -> list[str]:
    """What an entry made and retention removed since, a sentence each."""
    made = ((ref, gone.get(name_of(ref))) for ref in entry.made if isinstance(ref, Snapshot))
    return [
        f"{ref.table} version {ref.version} {removal.said()}"
        for ref, removal in made
        if removal is not None and removal.seq > entry.seq
    ]


def _node(workspace: Workspace, entry: Entry[Payload], depth: int, gone: Removals) -> Node:
    return Node(
        depth=depth,
        seq=entry.seq,
        kind=entry.kind,
        subject=entry.subject,
        time=entry.time,
        actor=entry.actor,
        text=entry.said(),
        cost=float(entry.price.money.amount) if entry.price else None,
        currency=entry.price.money.currency if entry.price else "",
        code=_code(workspace, entry.code),
        code_list=entry.code,
        removed=removed_of(entry, gone),
    )


def _code(workspace: Workspace, digest: str) -> str:
    import msgspec

    if not digest:
        return ""
    try:
        found = msgspec.json.decode(workspace.blobs.get(digest), type=Code)
    except (TreadleError, msgspec.MsgspecError) as bad:
        return f"its list cannot be read ({str(bad).splitlines()[0]})"
    named = ("polars", "lightgbm", "scikit-learn", "numpy")
    libraries = [f"{name} {found.libraries[name]}" for name in named if name in found.libraries]
    return f"{len(found.modules)} modules, {', '.join([*libraries[:3], found.python])}"


def _start(workspace: Workspace, reader: Reader, subject: str) -> _Start:
    exact = _exact(reader, subject)
    if exact:
        return _Start(exact)
    if subject.startswith("endpoint/"):
        served: list[Entry[Payload]] = reader.find(
            prefix="release.", subject=subject, status="done", newest_first=True, limit=1
        )
        if served:
            return _Start(served, serves=getattr(served[0].payload, "model", ""))
    same: list[Entry[Payload]] = reader.find(subject=subject, status="done", newest_first=True, limit=200)
    if same:
        newest: dict[str, Entry[Payload]] = {}
        for entry in same:
            newest.setdefault(entry.kind, entry)
        return _Start(sorted(newest.values(), key=lambda e: -e.seq))
    for name in (f"model/{subject}", f"model/{workspace.project.spec.project}.{subject}"):
        if ":" in subject and reader.find(subject=name, status="done", limit=1):
            return _start(workspace, reader, name)  # the name of a version: as it is shown everywhere, or its target's
    made = _maker_of(reader, subject)
    if made:
        return _Start(made)
    asked = _prediction(workspace, subject)
    if asked is not None:
        endpoint, prediction = asked
        released = _released_by(reader, endpoint, prediction)
        return _Start(released or reader.find(subject=f"model/{prediction.model}", limit=1), prediction=prediction)
    raise EvidenceError(
        f'nothing in the record is called "{subject}"',
        where="why",
        mend=nearest(subject, _subjects(reader)) or "run the project first",
    )


def _released_by(reader: Reader, endpoint: str, prediction: FoundPrediction) -> list[Entry[Payload]]:
    """The release under which it was answered: the last of its version before, not one that came after."""
    served: list[Entry[Payload]] = reader.find(
        prefix="release.", subject=f"endpoint/{endpoint}", status="done", newest_first=True
    )
    of_it = [entry for entry in served if getattr(entry.payload, "model", "") == prediction.model]
    answered = datetime.fromisoformat(prediction.answered)
    before = [entry for entry in of_it if datetime.fromisoformat(entry.time) <= answered]
    return before[:1] or of_it[-1:]


def _exact(reader: Reader, subject: str) -> list[Entry[Payload]]:
    """By its number, its id or its hash."""
    from sqlalchemy import select

    from treadle.store.schema import entries

    if subject.isascii() and subject.isdigit() and len(subject) < 18:
        return reader.by_seq([int(subject)])
    if len(subject) == 32:
        row = reader.connection.execute(select(entries.c.seq).where(entries.c.id == subject)).first()
        return reader.by_seq([int(row[0])]) if row else []
    return reader.by_hash(subject) if len(subject) == 64 else []


def _maker_of(reader: Reader, subject: str) -> list[Entry[Payload]]:
    """What made a table of this name, or a table or blob of this content, last."""
    from sqlalchemy import or_, select

    from treadle.store.schema import refs

    query = select(refs.c.seq).where(refs.c.made == 1, or_(refs.c.name == subject, refs.c.content == subject))
    row = reader.connection.execute(query.order_by(refs.c.seq.desc()).limit(1)).first()
    return reader.by_seq([int(row[0])]) if row else []


def _subjects(reader: Reader) -> list[str]:
    """What the newest entries are about, for a hint."""
    newest: list[Entry[Payload]] = reader.find(newest_first=True, limit=500)
    return list(dict.fromkeys(entry.subject for entry in newest if entry.subject))


def _prediction(workspace: Workspace, wanted: str) -> tuple[str, FoundPrediction] | None:
    """The prediction, and the endpoint that answered it."""
    from treadle.monitoring import find_prediction

    found = {}
    for one in workspace.each():
        prediction = find_prediction(one.tables, one.names.predictions, one.journal, wanted)
        if prediction is not None:
            found[one.project.target] = (one.endpoint, prediction)
    if len(found) > 1:
        raise EvidenceError(
            f'"{wanted}" was answered by several targets: {", ".join(found)}',
            where="why",
            mend=f"say which: --target {next(iter(found))}",
        )
    return next(iter(found.values()), None)
