"""What persons say of rows, as the record has it: read, and written where nothing stands against it.

Whoever says something of a row says what they saw it as (`seen`, the entry of their own earlier word): where another
window or sheet of theirs was taken meanwhile, and says otherwise, the row is a conflict, and nothing of it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.errors import AccessError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.evidence.kinds.labels_said import CANNOT, WHOLE, LabelsSaid, RowSaid
from treadle.labelling.items import Item, Queue

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

Way = Literal["command", "sheet", "page"]
MOST_COMMENT = 2_000
MOST_ROWS = 10_000
"""Of one sheet."""
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")


class Word(Struct, frozen=True):
    """The newest that a person said of a row, and the number of its entry."""

    said: RowSaid
    seq: int
    time: str


Words = Mapping[str, Mapping[str, Word]]
"""By key of a row and by labeller. What was taken back is not among them."""


class Given(Struct, frozen=True, kw_only=True):
    """What somebody wants to say of a row. `place`: where they wrote it; `seen`: the entry of what they had said of it
    when they were shown the row, 0 for nothing, None where they were shown none. `implausible`: names, or texts that
    list some with commas between them."""

    place: str
    row: str
    label: str = ""
    implausible: tuple[str, ...] = ()
    comment: str = ""
    seen: int | None = None


class Conflict(Struct, frozen=True):
    """A row of which nothing was taken: where it stands, why, and how to mend it. `key`: of the row in the source,
    and `at` its time, where it is known which is meant."""

    place: str
    row: str
    what: str
    mend: str
    key: str = ""
    at: str = ""

    @property
    def called(self) -> str:
        """As a person knows it: by its key, its time and its name on the queue."""
        return called(self.row, self.key, self.at)


def called(row: str, key: str, at: str) -> str:
    """
    >>> called("rf31f9cc1ed", "R-00975", "2024-05-02 09:00"), called("r1", "", "")
    ('R-00975 at 2024-05-02 09:00 (rf31f9cc1ed)', 'r1')
    """
    return f"{key}{f' at {at}' if at else ''} ({row})" if key and key != row else row


class Taken(Struct, frozen=True):
    """`rows`: how many say something new; `same`: how many say what was said before."""

    rows: int
    same: int
    conflicts: tuple[Conflict, ...]
    entry: int = 0


def labellers(spec: ProjectSpec) -> tuple[str, ...] | None:
    """Whose word on rows is taken: who holds one of `experts.roles` now. None: everybody's, no role is named."""
    people, roles = spec.brief.people, spec.experts.roles
    return tuple(dict.fromkeys(name for role in roles for name in people.roles.get(role, ()))) if roles else None


def refuse_no_labeller(spec: ProjectSpec, who: str) -> None:
    """Raises AccessError: the project wants a role of who labels, and `who` holds none of them."""
    may = labellers(spec)
    if may is not None and who not in may:
        raise AccessError(
            f"{who} does not hold {' or '.join(spec.experts.roles)}, whose word on rows is taken",
            where="experts.roles",
            mend=f"who may: {', '.join(may) or 'nobody; name them under brief.people.roles'}",
        )


def words(reader: Reader, address: str) -> Words:
    """What everybody says now about rows of a target; whose word is taken: `taken_words`."""
    now, _ = _heard(reader, address)
    return {
        key: kept for key, mine in now.items() if (kept := {who: word for who, word in mine.items() if _counts(word)})
    }


def taken_words(said: Words, spec: ProjectSpec) -> Words:
    """Of all that was said, the words of those whose word is taken now. Who said something while everybody might, or
    held a role then, and holds none of `experts.roles` now, counts no more; what they said stays in the record."""
    may = labellers(spec)
    if may is None:
        return said
    kept = {key: {who: word for who, word in mine.items() if who in may} for key, mine in said.items()}
    return {key: mine for key, mine in kept.items() if mine}


def _heard(reader: Reader, address: str) -> tuple[dict[str, dict[str, Word]], dict[tuple[str, str, int], RowSaid]]:
    """The newest word of each about each row, what was taken back too; and all that was said, by key, labeller and the
    number of its entry."""
    now: dict[str, dict[str, Word]] = {}
    past: dict[tuple[str, str, int], RowSaid] = {}
    entries: list[Entry[LabelsSaid]] = reader.find(LabelsSaid, subject=f"labels/{address}", status="done")
    for entry in entries:
        for said in entry.payload.rows:
            now.setdefault(said.key, {})[entry.actor] = Word(said, entry.seq, entry.time)
            past[said.key, entry.actor, entry.seq] = said
    return now, past


def _counts(word: Word) -> bool:
    return not word.said.nothing


def say(
    chain: Chain, address: str, queues: Sequence[Queue], asked: Entry[ExpertsAsked], given: Sequence[Given], way: Way
) -> Taken:
    """Take what the chain's actor says; rows that are conflicts are left as they were, and told.

    queues: all that experts were asked, the newest first.
    """
    rows, conflicts = _readable(given, queues)
    with chain.alone() as alone:
        now, past = _heard(alone, address)
        new, same = list[RowSaid](), 0
        for each, made in rows:
            mine = now.get(made.key, {}).get(chain.actor)
            nothing = RowSaid(row=made.row, key=made.key)
            # a word that was taken back is shown nowhere: who says something of its row has seen none
            seq = mine.seq if mine is not None and _counts(mine) else 0
            was = mine.said if mine is not None else nothing
            shown = past.get((made.key, chain.actor, each.seen or 0), nothing)
            if was == made or (each.seen is not None and shown == made):
                same += made != nothing  # as it was shown, whatever was said elsewhere since
            elif each.seen is not None and each.seen != seq:
                conflicts.append(_overtaken(each, was, queues, way))
            else:
                new.append(made)
        entry = None
        if new:
            entry = alone.append(LabelsSaid(queue=asked.ref, rows=tuple(new), way=way), f"labels/{address}")
    return Taken(len(new), same, tuple(conflicts), entry.seq if entry is not None else 0)


def _readable(given: Sequence[Given], queues: Sequence[Queue]) -> tuple[list[tuple[Given, RowSaid]], list[Conflict]]:
    """What can be read, a row once. Of a row that stands twice, and differs, nobody knows what was meant."""
    conflicts, found = list[Conflict](), dict[str, list[tuple[Given, RowSaid]]]()
    for each in given:
        made = _read(each, queues)
        if isinstance(made, Conflict):
            conflicts.append(made)
        else:
            found.setdefault(made.key, []).append((each, made))
    rows = list[tuple[Given, RowSaid]]()
    for same in found.values():
        if all(made == same[0][1] for _, made in same):
            rows.append(same[0])
            continue
        places = ", ".join(each.place for each, _ in same)
        told = "it stands here more than once, and differs"
        conflicts.append(_wrong(same[0][0], queues, told, "leave one of them, and give the sheet again", places))
    return rows, conflicts


def _overtaken(given: Given, was: RowSaid, queues: Sequence[Queue], way: Way) -> Conflict:
    said = was.answer or ("implausible" if was.implausible else "") or was.comment or "nothing"
    told = f"you said of it meanwhile, elsewhere: {said}"
    shown = "it stands here again, as you sent it: save it if it holds"
    return _wrong(given, queues, told, shown if way == "page" else "take a new sheet, or say it: treadle experts say")


def _wrong(given: Given, queues: Sequence[Queue], what: str, mend: str, place: str = "") -> Conflict:
    _, item = _found(given.row, queues)
    row, key, at = (given.row, "", "") if item is None else (item.row, item.key, item.at)
    return Conflict(place or given.place, row, what, mend, key, at)


def _read(given: Given, queues: Sequence[Queue]) -> RowSaid | Conflict:
    def wrong(what: str, mend: str) -> Conflict:
        return _wrong(given, queues, what, mend)

    queue, item = _found(given.row, queues)
    if queue is None or item is None:
        every = [each.row for known in queues for each in known.items]
        near = nearest(given.row, every) if given.row and len(every) < MOST_ROWS else ""
        mend = (
            near
            if near.startswith("did you mean")
            else "experts queue lists them; in a sheet leave the column row as it was"
        )
        return wrong(f'"{given.row}" is no row that experts were asked about', mend)
    label = " ".join(given.label.split())
    meant = queue.label(label)
    unsure = label.casefold() == CANNOT and not meant
    if unsure:
        label = ""
    elif label and queue.labels:
        if not meant:
            return wrong(f'"{label}" is no label', nearest(label, queue.offered))
        label = meant
    elif label:
        number = _number(label)
        if number is None:
            odd = "may be two numbers" if _THOUSANDS.fullmatch(label) else "is no finite number"
            return wrong(f'"{label}" {odd}', f"write it as 12.5, without a sign for thousands, or: {CANNOT}")
        label = f"{number:.10g}"
    named = tuple(dict.fromkeys(name for text in given.implausible for name in several(text, queue)))
    strange = [name for name in named if not queue.feature(name)]
    if strange:
        mend = nearest(strange[0], (WHOLE, *queue.shown))
        return wrong(f'"{strange[0]}" is no feature that could be implausible', mend)
    comment = given.comment.strip()
    if len(comment) > MOST_COMMENT:
        return wrong(f"{len(comment):,} characters are more than {MOST_COMMENT:,}", "say it in fewer")
    kept = tuple(dict.fromkeys(queue.feature(name) for name in named))
    return RowSaid(row=item.row, key=item.key, label=label, implausible=kept, comment=comment, unsure=unsure)


def several(text: str, queue: Queue) -> Iterator[str]:
    """The names of features that a text lists. One may have commas itself: the longest that there is is meant.

    >>> queue = Queue(target="late", labels=(), columns=("size, cm", "size"), items=())
    >>> list(several("size, cm, size, row", queue))
    ['size, cm', 'size', 'row']
    """
    parts = text.split(",")
    most = 1 + max((name.count(",") for name in (*queue.columns, *queue.shown)), default=0)
    while parts:
        runs = ((n, ",".join(parts[:n]).strip()) for n in range(min(most, len(parts)), 1, -1))
        count, name = next(((n, name) for n, name in runs if queue.feature(name)), (1, parts[0].strip()))
        parts = parts[count:]
        if name:
            yield name


def _found(row: str, queues: Sequence[Queue]) -> tuple[Queue | None, Item | None]:
    for queue in queues:
        item = queue.item(row)
        if item is not None:
            return queue, item
    return None, None


def _number(text: str) -> float | None:
    """None of what is none, or may be two: 1,250 is a thousand to who wrote it or little more than one."""
    if _THOUSANDS.fullmatch(text):
        return None
    try:
        value = float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
