"""Keep the brief, and the project's own files with their place in Git, as they stood."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.errors import SpecError
from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.code_stated import CodeStated
from treadle.spec import FILE, Brief
from treadle.spec.trust import FUNCTIONS
from treadle.stages.work import Bench, Work
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.spec import Project
    from treadle.store import Blobs
    from treadle.workspace import Workspace


class StateBrief(StepInput[BriefStated], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = BriefStated

    brief: Brief


def state_brief(work: Work) -> Entry[BriefStated]:
    """What is decided, what errors cost, what is good enough, who decides: kept as it is now.

    A brief that was changed and is now as it was before is stated again: who may sign and approve goes by the newest.
    """
    refuse_unheld_cost(work.workspace)
    asked = StateBrief(brief=work.workspace.project.spec.brief)
    newest = work.workspace.chain.last(BriefStated, subject=work.workspace.project.address)
    changed = newest is not None and dict(newest.parts).get("brief") != asked.parts()["brief"]
    return work.do(asked, make_brief, cache=not changed)


def refuse_unheld_cost(workspace: Workspace) -> None:
    """Refuse a limit of money that nothing spent could be held against, before anything is spent.

    Raises:
        SpecError: the price book has no rate to the currency of the limit.
    """
    brief, book = workspace.project.spec.brief, workspace.book
    most, currency = brief.limits.train_cost, brief.mistakes.currency
    if most is None or book.holds(currency):
        return
    own = workspace.project.spec.prices
    rate = f"rates: {{{currency}: ...}}"
    raise SpecError(
        f"train_cost is {most:g} {currency}, and work is priced in {book.currency}, with no rate between them",
        where=workspace.project.place("brief.limits.train_cost"),
        mend=f"write {rate} with what one {book.currency} buys in {own}"
        if own
        else f"state brief.mistakes with currency: {book.currency}, and the limit in it; or name a price book of your "
        f"own, with {rate} in it, by prices: FILE (docs/people.md shows one)",
    )


def make_brief(asked: StateBrief, bench: Bench) -> BriefStated:
    content = msgspec.json.encode(asked.brief, order="deterministic")
    return BriefStated(brief=Blob(bench.blobs.put(content), "brief"), decision=asked.brief.decision)


def state_code(workspace: Workspace) -> Entry[CodeStated]:
    """The project file, functions.py, the contracts, and where Git is; written where it is not what was said last."""
    said, subject = code_of(workspace.project, workspace.blobs), f"code/{workspace.project.spec.project}"
    with workspace.chain.alone() as alone:
        (newest,) = alone.find(CodeStated, subject=subject, status="done", newest_first=True, limit=1) or (None,)
        if newest is not None and newest.payload == said:
            return newest
        return alone.append(said, subject)


def code_of(project: Project, blobs: Blobs) -> CodeStated:
    """As it is now; its files and changes are put into `blobs`."""
    from treadle.repository import state_of

    root = project.root
    stated = [source.contract for source in project.spec.sources.values() if source.contract]
    names = [name for name in dict.fromkeys((FILE, FUNCTIONS, *stated)) if (root / name).is_file()]
    files = tuple(Blob(blobs.put((root / name).read_bytes()), name) for name in names)
    found = state_of(root)
    if found is None:
        return CodeStated(files=files)
    diff = Blob(blobs.put(found.diff), "uncommitted changes") if found.diff else None
    return CodeStated(files=files, commit=found.commit, branch=found.branch, changed=found.changed, diff=diff)
