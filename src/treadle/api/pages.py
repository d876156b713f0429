"""Pages that are made of what an operation may read: each by its path, with the operation whose permission it needs.

A page is made in the process that reads, and of nothing but the typed request and the workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from treadle.api.operation import Work

PAGES = {
    "/home": "status",
    "/decision": "decide show",
    "/review": "models review",
    "/month": "costs forecast",
    "/watch": "watch",
}
"""By path, the operation whose permission and parameters a page has."""
LISTS = {"/decision": ("decide list", "/decisions")}
"""Pages of one thing, and what is shown where none is named: the operation, and the page that is made of it."""


def _home(request: Any, work: Work) -> str:
    from treadle.rhythm.home import home_of
    from treadle.rhythm.showing import home_page

    return home_page(home_of(work.workspace), served=True)


def _decision(request: Any, work: Work) -> str:
    from treadle.api.decide import shown
    from treadle.rhythm.showing import decision_page

    return decision_page(work.workspace.project.spec.project, shown(work, request.name), served=True)


def _decisions(request: Any, work: Work) -> str:
    from treadle.api.decide import every
    from treadle.rhythm.showing import decisions_page

    return decisions_page(work.workspace.project.spec.project, every(work))


def _review(request: Any, work: Work) -> str:
    from treadle.rhythm.reviewing import review
    from treadle.rhythm.showing import review_page

    return review_page(work.workspace.project.spec.project, review(work.workspace, request.model), served=True)


def _month(request: Any, work: Work) -> str:
    """The month that runs, as it stands now; `costs report` keeps one."""
    from treadle.api.purse import standings_of
    from treadle.pages import LINKS
    from treadle.plans.month_page import month_page
    from treadle.plans.monthly import IDLE_DAYS, month_of

    found = month_of(work.workspace, None, IDLE_DAYS)
    return month_page(work.workspace.project.spec.project, found, standings_of(work, run=""), links=LINKS)


def _watch(request: Any, work: Work) -> str:
    from treadle.api.endpoint import look
    from treadle.pages import linked

    return linked(look(work.workspace).html())


MADE: dict[str, Callable[[Any, Work], str]] = {
    "/home": _home,
    "/decision": _decision,
    "/decisions": _decisions,
    "/review": _review,
    "/month": _month,
    "/watch": _watch,
}
