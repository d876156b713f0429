"""What came of a snapshot: the record walked forward, from what was made to what used it."""

from __future__ import annotations

from msgspec import Struct

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.store import Snapshot


class Uses(Struct, frozen=True):
    """Runs and models that used it, the newest first, each once."""

    runs: list[str]
    models: list[str]


def uses_of(reader: Reader, snapshot: Snapshot) -> Uses:
    """The runs that read a snapshot or what was made of it, and the models that came of it.

    Content that was made again later counts for each snapshot that it could have come from: the record names what was
    used by its content.
    """
    seen = dict[int, Entry[Payload]]()
    level = [snapshot.content]
    while level:
        fresh = [entry for entry in reader.by_seq(_users(reader, level)) if entry.seq not in seen]
        seen |= {entry.seq: entry for entry in fresh}
        level = [each for entry in fresh for each in (*(ref.content for ref in entry.made), entry.hash)]
    newest = [seen[seq] for seq in sorted(seen, reverse=True)]
    runs = dict.fromkeys(entry.run for entry in newest if entry.run)
    models = dict.fromkeys(entry.payload.model for entry in newest if isinstance(entry.payload, ModelPacked))
    return Uses(list(runs), list(models))


def _users(reader: Reader, contents: list[str]) -> list[int]:
    from sqlalchemy import select

    from treadle.store.schema import refs

    found = set[int]()
    for start in range(0, len(contents), 500):
        some = [each[:64] for each in contents[start : start + 500]]
        query = select(refs.c.seq).where(refs.c.content.in_(some), refs.c.made == 0)
        found |= {int(row[0]) for row in reader.connection.execute(query)}
    return sorted(found)
