"""Hear what was closed at a forge, then tell each channel what it was not told yet, in the order of what happened.

A channel is told at least once: the entry that it was told is written after it was, and a process that is killed
between the two tells the same again, under the same name (`webhook-id`, `Message-ID`, a mark in an issue), so that who
gets it can tell. What a channel does not take waits, and holds up no other channel.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.alone import alone
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.notice_held import NoticeHeld
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.notices.found import ChannelState, Notice, Told
from treadle.notices.gathering import happened, overdue
from treadle.notices.hearing import hear
from treadle.notices.known import ACTOR, Known, Opened, known, subject
from treadle.notices.places import Outcome, Reached, place
from treadle.notices.posting import Held, Post, Refused
from treadle.notices.wording import MOST_TEXT, title
from treadle.rhythm.since import first_at
from treadle.spec import Channel
from treadle.spec.trust import Place, granted

if TYPE_CHECKING:
    from treadle.evidence import Reader
    from treadle.workspace import Workspace

MOST_ISSUES = 20
"""Issues and comments in one go, so that a forge is not flooded; the rest comes with the next."""
MOST_SINGLE = 10
"""Notices that are told in a message each; more are told in one."""
FORGES = ("github", "gitlab")


@dataclass(frozen=True)
class Sending:
    """`post`: how servers are told, another in tests. `days`: a channel that was told of nothing yet is told of so many
    days. `dry`: nothing is sent and nothing kept."""

    workspace: Workspace
    post: Post | None = None
    days: int = 0
    dry: bool = False

    def to_all(self, only: str | None = None) -> list[Told]:
        """Every channel, or the one called so; those that held up the last time come last, so that one that hangs keeps
        no other waiting twice."""
        spec, out = self.workspace.project.spec, list[Told]()
        with contextlib.nullcontext() if self.dry else _only_one(self.workspace.root):
            with self.workspace.chain.reading() as reader:
                held = {name for name in spec.notify if known(reader, name).held}
            for name in sorted(spec.notify, key=lambda name: name in held):
                if only in (None, name):
                    out += self._one(name, spec.notify[name])
        return out

    def _one(self, name: str, channel: Channel) -> list[Told]:
        chain = self.workspace.chain
        with chain.reading() as reader:
            told, head = known(reader, name), _head(reader)
            began = told.upto is None
            if began:
                since = chain.clock() - timedelta(days=self.days)
                first = first_at(reader, since.isoformat(timespec="microseconds")) if self.days else head + 1
                told.upto = first - 1
            waiting = _waiting(self.workspace, reader, channel, told, head)
        if self.dry:
            return [Told(name, "would be sent", title(self._project, each)) for each in waiting]
        if began:
            begun = NoticeSent(channel=name, thing="", key="begun", upto=told.upto or 0, outcome="begun", text="")
            self._keep(name, begun)
            if not waiting:
                return [Told(name, "begun", "is told what happens from here on")]
        out, why = list[Told](), ""
        try:
            at = place(self._project, name, channel, self.workspace.project.root, self.post)
            if channel.leads_to in FORGES and told.issues:  # first, so that nothing is told to an issue that is closed
                out, why = hear(self.workspace, at, told, {thing: each for each in waiting for thing in each.ends})
            if out:  # an action that was closed there is late no more
                with chain.reading() as reader:
                    waiting = _waiting(self.workspace, reader, channel, told, head)
            for some in _batches(waiting, channel):
                out.append(self._tell(at, some, told))
                waiting = waiting[len(some) :]
        except (Held, Refused) as bad:
            why = str(bad)
        if why:
            out.append(self._held(name, told, len(waiting), why))
        return out

    def _tell(self, at: Reached, some: Sequence[Notice], told: Known) -> Told:
        last = some[-1]
        forge = at.channel.leads_to in FORGES
        try:
            outcome = at.issue(last, told) if forge else at.tell(some)
        except Refused as bad:
            outcome = Outcome("refused", str(bad))
        said = title(self._project, last) if len(some) == 1 else f"{len(some)} things that happened"
        told.upto = max([told.upto or 0, *(each.seq for each in some)])
        about = subject(at.name)
        with self.workspace.chain.acting(ACTOR).alone() as record:  # all of it, or nothing if it is killed
            for each in some[:-1]:
                if not each.seq:  # what days alone brought about is known by its key
                    record.append(_sent(at.name, each, outcome, told.upto), about)
            entry = record.append(_sent(at.name, last, outcome, told.upto), about).ref
            for thing in outcome.closed:
                opened = told.issues.pop(thing)
                closed = IssueClosed(channel=at.name, thing=thing, issue=opened.number, opened=opened.notice)
                record.append(closed, about)
        if outcome.issue:
            told.has(last.thing, Opened(outcome.issue, outcome.link, entry))
        told.held, told.sure = "", True
        how = f" ({outcome.answer})" if forge or outcome.outcome != "sent" or outcome.lacks else ""
        return Told(at.name, outcome.outcome, f"{said}{how}", outcome.link)

    def _held(self, name: str, told: Known, left: int, text: str) -> Told:
        text = text[:300]
        if told.held.partition(": ")[0] != text.partition(": ")[0]:  # an answer may have another number each time
            self._keep(name, NoticeHeld(channel=name, waiting=left, text=text))
        return Told(name, "held", f"{left} wait: {text}" if left else text, waiting=left)

    def _keep(self, name: str, payload: NoticeSent | NoticeHeld) -> None:
        self.workspace.chain.acting(ACTOR).append(payload, subject(name))

    @property
    def _project(self) -> str:
        return self.workspace.project.spec.project


def states(workspace: Workspace) -> list[ChannelState]:
    """Every channel, as it stands."""
    project, out = workspace.project, list[ChannelState]()
    allowed = granted(project.root)
    with workspace.chain.reading() as reader:
        for name, channel in project.spec.notify.items():
            told, head = known(reader, name), _head(reader)
            waiting = _waiting(workspace, reader, channel, told, head) if told.upto is not None else []
            trusted = allowed.covers(Place(channel.trusted_as, "server"))
            state = ChannelState(
                name=name,
                leads_to=channel.leads_to,
                about=channel.about,
                trusted=trusted,
                told=told.told,
                refused=told.refused,
                begun=told.upto is not None,
                last=told.last,
                waiting=len(waiting),
                held=told.held,
                issues=len(told.issues),
            )
            out.append(state)
    return out


def _waiting(workspace: Workspace, reader: Reader, channel: Channel, told: Known, head: int) -> list[Notice]:
    spec, today = workspace.project.spec, workspace.chain.clock().date()
    people = spec.brief.people
    approvers = people.reviewers or (people.owner,)
    found = happened(reader, (told.upto or 0) + 1, head, channel.about, approvers)
    return [*found, *(each for each in overdue(reader, today, channel.about) if each.key not in told.keys)]


def _batches(waiting: Sequence[Notice], channel: Channel) -> Iterator[Sequence[Notice]]:
    """What is told in one message: one each; of many, all in one, but for forges and where it concerns persons."""
    if channel.leads_to in FORGES:
        yield from ([each] for each in waiting[:MOST_ISSUES])
    elif len(waiting) <= MOST_SINGLE or isinstance(channel.to, dict):
        yield from ([each] for each in waiting)
    else:
        yield waiting


def _head(reader: Reader) -> int:
    from sqlalchemy import func, select

    from treadle.store.schema import entries

    return int(reader.connection.execute(select(func.coalesce(func.max(entries.c.seq), 0))).scalar() or 0)


def _only_one(root: Path) -> contextlib.AbstractContextManager[None]:
    """One that tells at a time, so that nothing is told twice."""
    return alone(
        root / "notify.lock", "another process tells the channels now", "wait until it is done; it tells the same"
    )


def _sent(name: str, notice: Notice, outcome: Outcome, upto: int) -> NoticeSent:
    return NoticeSent(
        channel=name,
        thing=notice.thing,
        key=notice.key,
        upto=upto,
        outcome=outcome.outcome,
        text=notice.text[:MOST_TEXT],
        answer=outcome.answer,
        issue=outcome.issue,
        link=outcome.link,
        rests=notice.rests,
    )
