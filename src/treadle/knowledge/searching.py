"""Notes, papers, decisions and experiments by their words."""

from __future__ import annotations

from collections.abc import Iterable

from treadle.errors import TeamError
from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.evidence.words import Term, excerpt, has, terms_of
from treadle.knowledge.found import Hit

_OF_DECISIONS = (DecisionOpened, PositionStated, DecisionClosed, DecisionReviewed)
_MOST_READ = 150
"""Entries that are read of those that fit, the best of them; a record has many alike."""


def asked_words(asked: str) -> tuple[Term, ...]:
    """
    Raises:
        TeamError: there is no word in what is looked for.
    """
    terms = terms_of(asked)
    if not terms:
        raise TeamError("there is no word to look for", where="WORDS", mend='such as "target encoding"')
    return terms


def search(reader: Reader, terms: tuple[Term, ...], limit: int) -> list[Hit]:
    """What has all of the words, the best first; of a note and of a decision one line each."""
    found: dict[tuple[str, str], Hit] = {}
    for entry in entries_with(reader, terms):
        hit = _hit(entry, terms)
        found.setdefault((hit.sort, hit.where), hit)
    return list(found.values())[:limit]


def entries_with(reader: Reader, terms: tuple[Term, ...], *, every: bool = True) -> list[Entry[Payload]]:
    """Entries that have all of the words, or else any of them; best first. A note counts as it is now."""
    from treadle.store.fulltext import find

    numbers = find(reader.connection, terms, _MOST_READ, every=every)
    entries = {entry.seq: entry for entry in reader.by_seq(numbers)}
    current = _current(reader, (e for e in entries.values() if isinstance(e.payload, NoteWritten)))
    return [
        entries[number]
        for number in numbers
        if number in entries and (not isinstance(entries[number].payload, NoteWritten) or number in current)
    ]


def _current(reader: Reader, notes: Iterable[Entry[Payload]]) -> set[int]:
    """Of versions of notes, those that are the newest of theirs."""
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    subjects = {entry.subject for entry in notes}
    query = select(func.max(entries.c.seq)).where(
        entries.c.subject.in_(subjects), entries.c.kind == NoteWritten.KIND, entries.c.status == "done"
    )
    return {int(row[0]) for row in reader.connection.execute(query.group_by(entries.c.subject))}


def _hit(entry: Entry[Payload], terms: tuple[Term, ...]) -> Hit:
    said, sort = entry.payload, sort_of(entry.payload)
    title, text = said.said(), said.searched(entry.input)
    if isinstance(said, NoteWritten):
        title, text = said.title, as_written(said) if has(said.text, terms) else text
    return Hit(sort, where_of(entry), entry.seq, entry.actor, entry.time, title, excerpt(text, terms))


def as_written(said: NoteWritten) -> str:
    """The text with its figures as they were when it was written: for a line of a list that is enough."""
    text = said.text
    for each in said.figures:
        text = text.replace(f"{{{each.subject}.{each.figure}}}", each.shown)
    return text


def where_of(entry: Entry[Payload]) -> str:
    """What `treadle why` knows it by: a note and a decision by name, anything else by its number."""
    return entry.subject if sort_of(entry.payload) in ("note", "paper", "decision") else str(entry.seq)


_SORTS: tuple[tuple[tuple[type[Payload], ...], str], ...] = (
    (_OF_DECISIONS, "decision"),
    ((ModelsSearched,), "trials"),
    ((FeaturesBuilt,), "features"),
    ((BriefStated,), "brief"),
)


def sort_of(said: Payload) -> str:
    """What an entry is, in a word: trials, features, decision, brief; a note by its own sort."""
    if isinstance(said, NoteWritten):
        return said.sort
    return next((name for kinds, name in _SORTS if isinstance(said, kinds)), said.KIND)
