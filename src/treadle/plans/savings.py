"""A look at what could be saved or gained next, and at whether what was chosen before does what was expected of it.

Each proposal stands on a measure of its own: what a month of one thing costs now, by name. What is chosen keeps that
figure; later the same measure is taken again, and the difference is what was achieved. A choice pays once anything was
achieved; where it did before and does no more, or its day has come and it never did, that is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import SpecError, TreadleError, nearest
from treadle.evidence.kinds.saving_chosen import SavingChosen
from treadle.evidence.kinds.savings_reviewed import Offer, SavingsReviewed, Seen
from treadle.money import Money, money
from treadle.plans.measures import MEASURES, Measured, Window
from treadle.plans.savings_found import Followed, Proposal, Savings, Verdict
from treadle.plans.standing import warnings_of

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.workspace import Workspace

EVERY_DAYS = 30
_LEAST = Decimal("0.000001")
"""Money a month below which nothing is proposed."""
_SEEN = Decimal("0.1")
"""The share of what was expected, above which a saving is seen: what is less may be chance."""


class Looked(Struct, frozen=True):
    """The measures as they are now, by name; `unknown`: why some could not be taken."""

    measured: dict[str, Measured]
    unknown: list[str]


def review(workspace: Workspace, window: Window) -> Savings:
    """It writes nothing."""
    looked = look(workspace, window)
    today = workspace.chain.clock().date()
    with workspace.chain.reading() as reader:
        chosen, last = standing_choices(reader), reader.last(SavingsReviewed)
        before = _achieved_before(reader)
        followed = [_followed(each, looked, today, before, workspace) for each in chosen]
    taken = {each.name for each in followed}
    proposals = [each.proposal for name, each in looked.measured.items() if each.proposal and name not in taken]
    return Savings(
        project=workspace.project.spec.project,
        currency=workspace.book.currency,
        days=window.days,
        proposals=sorted(proposals, key=lambda each: (each.expected is None, -(each.expected or 0), each.name)),
        followed=followed,
        warnings=[*_warned(followed), *warnings_of(workspace, window)],
        unknown=looked.unknown,
        last="" if last is None else last.time[:10],
        due="" if last is None else last.payload.due,
    )


def look(workspace: Workspace, window: Window, measures: Sequence[tuple[str, Callable[..., Measured]]] = ()) -> Looked:
    """Each measure on its own: what one cannot tell is no reason not to tell the others."""
    found, unknown = dict[str, Measured](), list[str]()
    for name, measure in measures or MEASURES.items():
        try:
            made = measure(workspace, window)
        except TreadleError as bad:
            unknown.append(f"{name}: {bad.what}")
            continue
        worth = made.proposal is not None and (made.proposal.expected is None or made.proposal.expected > _LEAST)
        found[name] = made if worth else Measured(made.now)
    return Looked(found, unknown)


def standing_choices(reader: Reader) -> list[Entry[SavingChosen]]:
    """The newest of each name that was not dropped, the oldest first."""
    every: list[Entry[SavingChosen]] = reader.find(SavingChosen, status="done")
    newest = {each.payload.saving: each for each in every}
    return sorted((each for each in newest.values() if not each.payload.dropped), key=lambda each: each.seq)


def _achieved_before(reader: Reader) -> set[tuple[str, str]]:
    """Savings that a review saw pay, with the day of that review."""
    kept: list[Entry[SavingsReviewed]] = reader.find(SavingsReviewed, status="done")
    return {
        (seen.saving, each.time)
        for each in kept
        for seen in each.payload.seen
        if seen.achieved is not None and seen.achieved.amount > 0
    }


def _followed(
    chosen: Entry[SavingChosen], looked: Looked, today: date, before: set[tuple[str, str]], workspace: Workspace
) -> Followed:
    said = chosen.payload
    found = looked.measured.get(said.saving)
    was, expected = (_amount(each, workspace) for each in (said.was, said.expected))
    now = None if found is None else found.now
    achieved = None if was is None or now is None else was - now
    paid = any(name == said.saving and time > chosen.time for name, time in before)
    verdict, why = _verdict(achieved, expected, chosen.time[:10] == today.isoformat(), paid, today, said.review)
    return Followed(
        name=said.saving, text=said.text, by=chosen.actor, chosen=chosen.time[:10], review=said.review,
        expected=expected, was=was, now=now, achieved=achieved, verdict=verdict, why=why, entry=chosen.seq,
    )  # fmt: skip


def _verdict(
    achieved: Decimal | None, expected: Decimal | None, same_day: bool, paid: bool, today: date, review: str
) -> tuple[Verdict, str]:
    if achieved is None:
        return "not measured", "the measure could not be taken now, or not when it was chosen"
    if achieved > max(_LEAST, (expected or Decimal(0)) * _SEEN):
        share = f"{float(achieved / expected):.0%} of what was expected" if expected else "nothing was expected of it"
        return "pays", share
    if paid:
        return "no longer pays", "a review saw it pay, and now the measure is where it was, or higher"
    if same_day:
        return "too early", "it was chosen today"
    if today.isoformat() < review:
        return "not seen yet", f"it is to be seen by {review}"
    return "does not pay", f"it was to be seen by {review}"


def _amount(paid: Money | None, workspace: Workspace) -> Decimal | None:
    found = None if paid is None else workspace.book.rates.convert(paid, workspace.book.currency)
    return None if found is None else found.amount


def _warned(followed: Sequence[Followed]) -> list[str]:
    bad = ("does not pay", "no longer pays")
    return [f"{each.name}, chosen by {each.by} on {each.chosen}, {each.verdict}: {each.why}"
            for each in followed if each.verdict in bad]  # fmt: skip


def take(workspace: Workspace, found: Savings, name: str, because: str, until: str | None) -> Entry[SavingChosen]:
    """Set about a proposal: what it measures now is kept, so that it can be seen what came of it.

    Raises:
        SpecError: there is no such proposal, no reason, or a day that has been.
    """
    known = {each.name: each for each in found.proposals}
    if name not in known:
        taken = next((each for each in found.followed if each.name == name), None)
        if taken is not None:
            raise SpecError(
                f"{name} was chosen on {taken.chosen}", where="--take", mend="it is followed; --drop ends that"
            )
        raise SpecError(
            f"nothing is proposed that is called {name}", where="--take", mend=nearest(name, known) or "see the list"
        )
    proposal, today = known[name], workspace.chain.clock().date()
    day = until or (today + timedelta(days=EVERY_DAYS)).isoformat()
    if day <= today.isoformat():
        raise SpecError(f"{day} has been", where="--until", mend="give the day by which it is to be seen")
    currency = workspace.book.currency
    chosen = SavingChosen(
        saving=name,
        text=proposal.text,
        was=None if proposal.now is None else money(proposal.now, currency),
        expected=None if proposal.expected is None else money(proposal.expected, currency),
        review=day,
        because=_reason(because),
    )
    return workspace.chain.append(chosen, f"saving/{workspace.project.spec.project}")


def drop(workspace: Workspace, name: str, because: str) -> Entry[SavingChosen]:
    """End that a choice is followed."""
    with workspace.chain.alone() as alone:
        known = {each.payload.saving: each.payload for each in standing_choices(alone)}
        if name not in known:
            mend = nearest(name, known) or "nothing is followed"
            raise SpecError(f"{name} is not followed", where="--drop", mend=mend)
        said = known[name]
        ended = SavingChosen(saving=name, text=said.text, review=said.review, because=_reason(because), dropped=True)
        return alone.append(ended, f"saving/{workspace.project.spec.project}")


def _reason(because: str) -> str:
    found = " ".join(because.split())
    if not found:
        raise SpecError("no reason was given", where="--because", mend="say why, in a sentence; it stays in the record")
    return found


def keep(workspace: Workspace, found: Savings, every: int) -> Entry[SavingsReviewed]:
    """Keep what the review found, and when the next is due."""
    if not 1 <= every <= 3660:
        raise SpecError(f"every {every} days cannot be", where="--every", mend="give a number from 1 to 3,660")
    currency, today = workspace.book.currency, workspace.chain.clock().date()

    def paid(amount: Decimal | None) -> Money | None:
        return None if amount is None else money(amount, currency)

    with workspace.chain.reading() as reader:
        rests = tuple(each.ref for each in standing_choices(reader))
    kept = SavingsReviewed(
        seen=tuple(
            Seen(saving=each.name, expected=paid(each.expected), achieved=paid(each.achieved), verdict=each.verdict)
            for each in found.followed
        ),
        offers=tuple(Offer(saving=e.name, text=e.text, expected=paid(e.expected)) for e in found.proposals),
        warnings=tuple(found.warnings),
        due=(today + timedelta(days=every)).isoformat(),
        rests=rests,
    )
    return workspace.chain.append(kept, f"saving/{workspace.project.spec.project}")


__all__ = ["Proposal", "drop", "keep", "look", "review", "take"]
