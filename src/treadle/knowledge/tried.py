""" "Has anyone tried this?": past trials, features, decisions and notes with what came of them, and whom to ask."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.usual import feature_lines, trial_words
from treadle.evidence.words import Term, excerpt, has, terms_of
from treadle.figures import figure
from treadle.knowledge.found import Attempt, Knows
from treadle.knowledge.searching import as_written, entries_with, sort_of, where_of
from treadle.spec.choices import LOWER_IS_BETTER

_HALF_DAYS = 180.0
"""After so long, having done it counts half as much for whom to ask."""
_MOST_LINES = 3
_ORDER = ("trials", "features", "decision", "note", "paper")
_ENDED = "complete"
"""The state of a trial that was not stopped early, which saw all folds."""


class Found(Struct, frozen=True):
    """`every`: all of the words were found together; else these have some of them."""

    attempts: list[Attempt]
    knows: list[Knows]
    every: bool


def tried(reader: Reader, terms: tuple[Term, ...], now: datetime, limit: int) -> Found:
    """Experiments first, then what was decided, then what was written of it."""
    entries, every = entries_with(reader, terms), True
    if not entries and len(terms) > 1:
        entries, every = entries_with(reader, terms, every=False), False
    entries = [entry for entry in entries if not isinstance(entry.payload, BriefStated)]  # a wish is no attempt
    groups: dict[tuple[str, str], list[Entry[Payload]]] = {}
    for entry in entries:
        groups.setdefault((sort_of(entry.payload), _alike(entry, terms)), []).append(entry)
    ordered = sorted(groups, key=lambda key: _ORDER.index(key[0]) if key[0] in _ORDER else len(_ORDER))
    attempts = [_attempt(reader, groups[key], terms) for key in ordered[:limit]]
    return Found(attempts, knowing(entries, now), every)


def experiments(reader: Reader, said: NoteWritten) -> list[str]:
    """Of a paper, what the record has of its idea, a sentence each: trials and features that have one of its tags."""
    found: dict[str, None] = {}
    for tag in said.tags:
        terms = terms_of(f'"{tag}"')
        for each in tried(reader, terms, datetime.now(UTC), _MOST_LINES).attempts if terms else []:
            if each.sort in ("trials", "features"):
                found[f"{tag}: {each.what}: {each.result} (#{each.entry})"] = None
    return list(found)


def _alike(entry: Entry[Payload], terms: Sequence[Term]) -> str:
    """Entries that say the same of it are one attempt, made several times."""
    said = entry.payload
    if isinstance(said, FeaturesBuilt):
        return "\n".join(_best_lines(feature_lines(entry.input), terms))
    if isinstance(said, ModelsSearched):
        return f"{entry.subject} {said.metric}"
    if isinstance(said, MilestoneSet | ActionOpened | ActionChanged):
        return entry.subject  # set or changed several times, it is one thing
    return where_of(entry)


def _attempt(reader: Reader, group: Sequence[Entry[Payload]], terms: Sequence[Term]) -> Attempt:
    newest = max(group, key=lambda entry: entry.seq)
    said = newest.payload
    if isinstance(said, ModelsSearched):
        newest, what, result = _of_trials(group, terms)
    elif isinstance(said, FeaturesBuilt):
        what = "; ".join(_best_lines(feature_lines(newest.input), terms))
        result = _judged(reader, newest, said)
    elif isinstance(said, NoteWritten):
        what, result = said.title, excerpt(as_written(said), terms)
    else:
        what, result = newest.subject.partition("/")[2], _outcome(reader, newest)
    return Attempt(
        sort=sort_of(newest.payload),
        what=what,
        result=result,
        times=len(group) if isinstance(said, ModelsSearched | FeaturesBuilt) else 1,
        entry=newest.seq,
        where=where_of(newest),
        run=newest.run,
        by=newest.actor,
        time=newest.time,
    )


def _of_trials(group: Sequence[Entry[Payload]], terms: Sequence[Term]) -> tuple[Entry[Payload], str, str]:
    """The best trial with the words, beside the best one without them in the same search: what it gained there."""
    tried = [_Tried(entry, entry.payload.metric, trial) for entry in group
             if isinstance(entry.payload, ModelsSearched) for trial in entry.payload.trials]  # fmt: skip
    texts = {id(each): trial_words(each.trial.family, each.trial.params) for each in tried}
    had = {text: has(text, terms) for text in set(texts.values())}  # searches have thousands of trials and few words
    counts = {number: had[text] for number, text in texts.items()}
    most = max(counts.values(), default=0)
    with_it = [each for each in tried if counts[id(each)] == most]
    best = _best([each for each in with_it if each.trial.state == _ENDED])
    if best is None:
        newest = max(group, key=lambda entry: entry.seq)
        return newest, f"{len(with_it)} trials", "none of them came to its end"
    rival = _best([t for t in tried if t.entry is best.entry and t.trial.state == _ENDED and counts[id(t)] < most])
    beside = f"; the best without it, in the same search, {figure(rival.trial.value).value}" if rival else ""
    what = f"{len(with_it)} trial{'' if len(with_it) == 1 else 's'}, the best by {_settings(best.trial)}"
    return best.entry, what, f"{best.metric} {figure(best.trial.value).value} on folds{beside}"


def _settings(trial: TrialLine) -> str:
    """What was chosen; numbers are left to `treadle trials`."""
    chosen = [f"{name} {value}" for name, value in trial.params.items() if isinstance(value, str) or value is True]
    return f"{trial.family} ({', '.join(chosen)})" if chosen else trial.family


class _Tried(Struct, frozen=True):
    entry: Entry[Payload]
    metric: str
    trial: TrialLine


def _sign(metric: str) -> int:
    return -1 if metric in LOWER_IS_BETTER else 1


def _best(tried: Sequence[_Tried]) -> _Tried | None:
    return max(tried, key=lambda each: _sign(each.metric) * each.trial.value, default=None)


def _best_lines(lines: Sequence[str], terms: Sequence[Term]) -> list[str]:
    """The features that have most of the words."""
    counted = [(has(line, terms), line) for line in lines]
    most = max((count for count, _ in counted), default=0)
    return [line for count, line in counted if count == most and most][:_MOST_LINES]


def _judged(reader: Reader, entry: Entry[Payload], said: FeaturesBuilt) -> str:
    """What came of the newest model that learned from these features."""
    from sqlalchemy import select

    from treadle.store.schema import entries, refs

    query = (
        select(entries.c.seq)
        .join(refs, refs.c.seq == entries.c.seq)
        .where(refs.c.content == said.table.content[:64], refs.c.made == 0)
        .where(entries.c.kind == ModelEvaluated.KIND, entries.c.status == "done")
    )
    row = reader.connection.execute(query.order_by(entries.c.seq.desc()).limit(1)).first()
    return reader.by_seq([int(row[0])])[0].said() if row else "no model was judged with them"


def _outcome(reader: Reader, entry: Entry[Payload]) -> str:
    """Of a decision, what was decided; of an action and a milestone, how it stands; of all else, what it says."""
    said = entry.payload
    if isinstance(said, MilestoneSet):
        reached = "" if said.dropped else "; treadle milestones list tells whether it is reached"
        return f"{said.said()}{reached}"
    if isinstance(said, ActionOpened | ActionChanged):
        now: list[Entry[Payload]] = reader.find(
            ActionOpened, ActionChanged, subject=entry.subject, status="done", newest_first=True, limit=1
        )
        stands = now[0].payload.said()
        return stands if isinstance(said, ActionChanged) or stands == said.said() else f"{said.said()}; {stands}"
    if sort_of(said) != "decision":
        return said.said()
    last: list[Entry[Payload]] = reader.find(
        DecisionClosed, DecisionReviewed, subject=entry.subject, status="done", newest_first=True, limit=1
    )
    return last[0].said() if last else f"not decided yet: {entry.said()}"


def knowing(entries: Iterable[Entry[Payload]], now: datetime) -> list[Knows]:
    """Persons who did, decided or wrote any of it, who did most and latest first; no services, no policies."""
    done: dict[str, list[Entry[Payload]]] = {}
    for entry in entries:
        if entry.actor and ":" not in entry.actor:
            done.setdefault(entry.actor, []).append(entry)

    def weight(person: str) -> float:
        ages = ((now - datetime.fromisoformat(e.time)).total_seconds() / 86_400 for e in done[person])
        return math.fsum(2 ** -(max(age, 0.0) / _HALF_DAYS) for age in ages)

    return [
        Knows(person, ", ".join(_counted(done[person])), max(entry.time for entry in done[person]))
        for person in sorted(done, key=lambda person: (-weight(person), person))
    ]


_DID = {"trials": "search", "features": "build of features", "decision": "word on a decision", "note": "note"}


def _counted(entries: Sequence[Entry[Payload]]) -> Iterator[str]:
    sorts = [sort_of(entry.payload) for entry in entries]
    for sort in dict.fromkeys(sorts):
        word, count = _DID.get(sort, sort), sorts.count(sort)
        head, _, tail = word.partition(" ")
        plural = word if count == 1 else f"{head}{'es' if head.endswith('ch') else 's'} {tail}".strip()
        yield f"{count} {plural}"
