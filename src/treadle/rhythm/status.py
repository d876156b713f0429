"""The status of a project in plain words, for people who read no figures of a trade: each sentence names its entries.

Nothing is written by hand: what is not in the record is not said, and what cannot be told is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.of_version import Release
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.source_read import SourceRead
from treadle.figures import figure
from treadle.rhythm.actions import actions, share_of
from treadle.rhythm.found import Sentence
from treadle.rhythm.milestones import milestone
from treadle.rhythm.milestones import names as milestones
from treadle.rhythm.since import entries_since, failed_since, first_at, last_spent, spent_since
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.workspace import Workspace

DAYS = 30
_CENT = Decimal("0.01")
_LONGEST = 160
_PLAIN = {
    "accuracy": "the share of right answers",
    "average_precision": "how well it puts the true cases first (1 is perfect)",
    "brier": "how far its probabilities are off (0 is perfect)",
    "log_loss": "how much its probabilities surprise (0 is perfect)",
    "mae": "how far it is off on average",
    "precision": "the share of its alarms that are right",
    "r2": "the share of the differences that it explains",
    "recall": "the share of true cases that it finds",
    "rmse": "how far it is off, large errors counting more",
    "roc_auc": "how well it tells the two apart (1 is perfect, 0.5 is chance)",
}


def status(workspace: Workspace, reader: Reader, now: datetime) -> list[Sentence]:
    """What the project is for, what it serves, what it waits for, what went wrong, what it cost, what comes next."""
    out = list(_purpose(workspace, reader))
    for one in workspace.each():
        out += _served(one.endpoint, reader)
        out += _waiting(one.project.address, reader)
    return [
        *out,
        *_alerts(reader, now),
        *_data(workspace, reader),
        *_money(reader, now),
        *_milestones(workspace, reader, now.date()),
        *_decisions(reader, now.date()),
        *_actions(reader, now.date()),
    ]


def markdown(said: list[Sentence], project: str, day: date) -> str:
    """As a page: each sentence with the numbers of its entries, which `treadle why` follows."""
    lines = [f"# {project}, {plain_day(day.isoformat())}", ""]
    for topic in dict.fromkeys(each.topic for each in said):
        lines += [f"## {topic}", ""]
        lines += [f"{each.text}{_marks(each)}  " for each in said if each.topic == topic]
        lines.append("")
    return "\n".join(lines)


def plain_measure(metric: str) -> str:
    """What a measure says, in words; "" where there are none for it.

    >>> plain_measure("recall")
    'the share of true cases that it finds'
    """
    return _PLAIN.get(metric, "")


def plain_day(text: str) -> str:
    """
    >>> plain_day("2026-03-02T09:00:00")
    '2 March 2026'
    """
    day = date.fromisoformat(text[:10])
    return f"{day.day} {day:%B} {day.year}"


def _marks(said: Sentence) -> str:
    return f" ({', '.join(f'#{number}' for number in said.entries)})" if said.entries else ""


def _purpose(workspace: Workspace, reader: Reader) -> Iterator[Sentence]:
    decided = workspace.project.spec.brief.decision
    stated: Entry[BriefStated] | None = reader.last(BriefStated)
    if decided:
        matches = stated is not None and stated.payload.decision == decided
        yield Sentence("what it is for", decided, [stated.seq] if stated is not None and matches else [])


def _served(endpoint: str, reader: Reader) -> Iterator[Sentence]:
    found: list[Entry[Release]] = reader.find(
        prefix="release.", subject=f"endpoint/{endpoint}", status="done", newest_first=True, limit=1
    )
    if not found:
        yield Sentence("what is served", f"Nothing is released yet: {endpoint} answers nobody.", [])
        return
    release = found[0]
    since = f"{release.payload.model} answers at {endpoint} since {plain_day(release.time)}"
    packed: list[Entry[Payload]] = reader.by_hash(release.payload.packing.digest)
    said = packed[0].payload if packed else None
    if not isinstance(said, ModelPacked):
        yield Sentence("what is served", f"{since}; how good it is cannot be told.", [release.seq])
        return
    score = figure(said.value, said.low, said.high)
    words = f", {plain_measure(said.metric)}," if plain_measure(said.metric) else ""
    span = f", with a 95 % interval of {score.low} to {score.high}" if score.low else ""
    yield Sentence(
        "what is served",
        f"{since}. On cases that it had never seen its {said.metric.replace('_', ' ')}{words} was {score.value}{span}.",
        [release.seq, packed[0].seq],
    )


def _waiting(address: str, reader: Reader) -> Iterator[Sentence]:
    from treadle.models.registry import packing_of

    newest = packing_of(reader, address, None)
    if newest is None:
        return
    model = newest.payload.model
    asked: Entry[ReviewRequested] | None = reader.last(ReviewRequested, subject=f"model/{model}")
    every: list[Entry[Payload]] = reader.find(prefix="release.", status="done", newest_first=True, limit=200)
    released = (entry.payload for entry in every)
    if asked is None or any(isinstance(said, Release) and said.model == model for said in released):
        return
    failing = [gate.text for gate in asked.payload.gates if not gate.holds]
    why = f"since {'; '.join(failing)}" if failing else "and waits for a reviewer"
    yield Sentence("what waits", f"The newest version, {model}, is not released, {why}.", [newest.seq, asked.seq])


def _alerts(reader: Reader, now: datetime) -> Iterator[Sentence]:
    first = first_at(reader, (now - timedelta(days=DAYS)).isoformat(timespec="microseconds"))
    failed, others = failed_since(reader, first, 1)
    for entry in failed:
        many = "One step" if not others else f"{others + 1:,} steps"
        said = entry.said() if len(entry.said()) <= _LONGEST else f"{entry.said()[:_LONGEST].rstrip(' .')} …"
        text = f"{many} failed in the last {DAYS} days, the last on {plain_day(entry.time)}: {entry.subject} {said}"
        yield Sentence("what went wrong", text, [entry.seq])
    found, more = entries_since(reader, first, (AlertRaised,), 1)
    if not found:
        yield Sentence("what went wrong", f"No alert was raised in the last {DAYS} days.", [])
        return
    count, last = more + 1, found[0]
    many = "One alert was" if count == 1 else f"{count:,} alerts were"
    yield Sentence(
        "what went wrong",
        f"{many} raised in the last {DAYS} days, the last on {plain_day(last.time)}: {last.said()}.",
        [last.seq],
    )


def _data(workspace: Workspace, reader: Reader) -> Iterator[Sentence]:
    read = {name: reader.last(SourceRead, subject=f"source/{name}") for name in workspace.project.spec.sources}
    found = {name: entry for name, entry in read.items() if entry is not None}
    if found:
        oldest = min(found, key=lambda name: found[name].seq)
        yield Sentence(
            "data",
            f"{len(found)} of {len(read)} sources have been read; the one longest ago is {oldest}, on "
            f"{plain_day(found[oldest].time)}.",
            [entry.seq for entry in found.values()],
        )
    # most projects set nothing aside, and what can tell of it takes longer to import than all else here
    if any(entry.payload.aside or reader.last(QuarantineChanged, subject=entry.subject) for entry in found.values()):
        yield from _set_aside(workspace, reader)


def _set_aside(workspace: Workspace, reader: Reader) -> Iterator[Sentence]:
    from treadle.exploring.quarantined import list_aside
    from treadle.stages.quarantine import head_of

    heads = [head_of(reader, name) for name in workspace.project.spec.sources]
    if not any(head is not None and head.aside for head in heads):
        return
    listed = [each for each in list_aside(workspace).sources if each.rows]
    if listed:
        rows = ", ".join(f"{each.rows:,} of {each.source}" for each in listed)
        one = sum(each.rows for each in listed) == 1
        yield Sentence(
            "data",
            f"Rows that broke a rule {'is' if one else 'are'} set aside, and in no model: {rows}.".replace(
                "Rows that broke a rule is", "A row that broke a rule is"
            ),
            [head.read.seq for head in heads if head is not None and head.aside],
        )


def _money(reader: Reader, now: datetime) -> Iterator[Sentence]:
    begins = (now - timedelta(days=DAYS)).date().isoformat()
    spent = spent_since(reader, begins)
    if spent:
        amounts = " and ".join(f"{_sum(amount)} {currency}" for currency, amount in spent.items())
        yield Sentence("money", f"In the last {DAYS} days {amounts} were spent and booked.", last_spent(reader, begins))
    else:
        yield Sentence("money", f"Nothing was spent or booked in the last {DAYS} days.", [])


def _sum(amount: Decimal) -> str:
    """What is less than a cent is not nothing."""
    return f"{amount:,.2f}" if not 0 < abs(amount) < _CENT else f"{amount:.4f}"


def _milestones(workspace: Workspace, reader: Reader, today: date) -> Iterator[Sentence]:
    for name in milestones(reader):
        found = milestone(workspace, reader, name, today)
        what = found.text or name
        numbers = [found.entry, *(gate.entry for gate in found.gates if gate.entry)]
        if found.status == "reached":
            text = f"{what} is reached; it was set for {plain_day(found.by)}."
        else:
            missing = "; ".join(f"{gate.text}, and it is {gate.found}" for gate in found.gates if not gate.holds)
            word = "was due on" if found.status == "late" else "is due on"
            text = f"{what} {word} {plain_day(found.by)}, and is not reached: {missing}."
        yield Sentence("milestones", text, list(dict.fromkeys(numbers)))


def _decisions(reader: Reader, today: date) -> Iterator[Sentence]:
    every, more = waiting(reader, today)
    for found in every:
        late, again = f"was to be decided by {found.until}", "is to be looked at again"
        state = {"open": "is open", "overdue": late, "review due": again}.get(found.status, found.status)
        opened: list[Entry[Payload]] = reader.find(subject=f"decision/{found.name}", status="done", limit=1)
        yield Sentence("decisions", f"{found.question} This {state}.", [entry.seq for entry in opened])
    if more:
        yield Sentence("decisions", f"{more:,} more questions wait for an answer.", [])


def _actions(reader: Reader, today: date) -> Iterator[Sentence]:
    found = actions(reader, today)
    late = [each for each in found if each.state == "late"]
    share = share_of(found, today)
    if not found:
        return
    told = f"Of {share.due} actions that were due or are done, {share.done} are done"
    text = told if share.due else "No action was due yet"
    text += f"; {len(late)} {'is' if len(late) == 1 else 'are'} late." if late else "; none is late."
    yield Sentence("actions", text, [each.entry for each in late[:10]])
