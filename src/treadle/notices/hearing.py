"""What was closed at a forge comes back: an entry says so, and an action that it is about is closed with it.

Which issues are open is asked in one list. Only those that are not in it are looked at one by one, since they are
closed, or gone, or lost their label; so a forge is asked little, however many issues there are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle.errors import TeamError
from treadle.evidence import Alone
from treadle.evidence.kinds.action_changed import State
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.notices.forges import Issue
from treadle.notices.found import Notice, Told
from treadle.notices.known import ACTOR, Known, Opened, subject
from treadle.notices.places import Reached
from treadle.notices.posting import Gone, Held, Refused
from treadle.rhythm.acting import close_action
from treadle.rhythm.actions import SUBJECT as ACTION
from treadle.store import EntryRef

if TYPE_CHECKING:
    from treadle.workspace import Workspace

MOST_LOOKED_AT = 20
"""Issues that are looked at one by one in one go, drawn by chance, so that none keeps others waiting for ever."""
_MOST_FAILED = 3
"""So many that cannot be looked at: it is the forge."""


def hear(workspace: Workspace, at: Reached, told: Known, ending: Mapping[str, Notice]) -> tuple[list[Told], str]:
    """What was closed there, and why an issue could not be looked at; "" where all could.

    ending: of things that are over the notice that waits to say so. Where it stands in an issue already, that was
    closed from here, by who did not come to keep it; the forge says that who owns the token closed it.

    Raises:
        Held, Refused: the forge says of none whether it is open.
    """
    listed = at.open_ones()
    unsure = [(thing, opened) for thing, opened in told.issues.items() if opened.number not in listed]
    heard, failed = list[Told](), list[str]()
    for thing, opened in random.sample(unsure, min(len(unsure), MOST_LOOKED_AT)):
        try:
            issue = at.look(opened.number)
            if thing in ending and not issue.open and at.has_told(opened.number, ending[thing]):
                continue  # it is kept as that notice is told
        except Gone:
            issue = Issue(opened.number, "", open=False, planned=False)
        except (Held, Refused) as bad:
            failed.append(str(bad))
            if len(failed) == _MOST_FAILED:
                break
            continue
        if not issue.open:
            text = _closed(workspace, _said(at, thing, opened, issue))
            told.has_no_more(thing, opened.number)
            heard.append(Told(at.name, "heard", text, opened.link))
    return heard, failed[0] if failed else ""


def _said(at: Reached, thing: str, opened: Opened, issue: Issue) -> IssueClosed:
    return IssueClosed(
        channel=at.name,
        thing=thing,
        issue=opened.number,
        opened=opened.notice,
        by=at.post.cleaned(issue.by)[:80],
        person=at.channel.logins.get(issue.by, ""),
        planned=issue.planned,
        at=at.post.cleaned(issue.at)[:40],
    )


def _closed(workspace: Workspace, said: IssueClosed) -> str:
    """Both entries or none: a process that is killed hears it again. One that is gone was closed by nobody."""
    with workspace.chain.acting(ACTOR).alone() as alone:
        entry = alone.append(said, subject(said.channel)).ref
        about_action = said.thing.startswith(ACTION) and said.there
        return said.said() + (_action_closed(alone, said, entry) if about_action else "")


def _action_closed(alone: Alone, said: IssueClosed, entry: EntryRef) -> str:
    number = int(said.thing.removeprefix(ACTION))
    state: State = "done" if said.planned else "dropped"
    try:
        before = close_action(alone, number, state, said.said(), (entry,))
    except TeamError as bad:
        return f"; {bad.what}"
    if before.state in ("open", "late"):
        return f"; so action {number} is {state}"
    return f"; action {number} is {before.state} already"
