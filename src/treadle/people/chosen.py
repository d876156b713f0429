"""The way to go on that those who decide have chosen, and what it sets: a gate of later versions, and a budget.

It is a decision like any other, to which options with their figures were offered (`options.offered`). While its outcome
stands, gates and budgets are held to it beside those of the project file; opened again, it sets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.options_offered import Offered, OptionsOffered
from treadle.evidence.kinds.review_requested import Gate
from treadle.figures import figure
from treadle.people.decisions import standing_outcome
from treadle.spec.choices import LOWER_IS_BETTER

CHOSEN = "chosen_option"
"""How the gate is called that a version reaches what was chosen."""


class Choice(Struct, frozen=True):
    """What was chosen, in which decision, by whom and when."""

    decision: str
    option: Offered
    by: str
    time: str


def standing_choice(reader: Reader, target: str) -> Choice | None:
    """Of the versions of a target, the newest choice whose decision stands; None where there is none."""
    offers: list[Entry[OptionsOffered]] = reader.find(OptionsOffered, status="done", newest_first=True)
    found = [made for offer in offers if offer.payload.target == target and (made := _of(reader, offer)) is not None]
    return max(found, key=lambda each: each.time, default=None)


def offer_of(reader: Reader, decision: str) -> Entry[OptionsOffered] | None:
    """What was offered to a decision; None where nothing was."""
    offers: list[Entry[OptionsOffered]] = reader.find(OptionsOffered, status="done", newest_first=True)
    return next((each for each in offers if each.payload.decision == decision), None)


def _of(reader: Reader, offer: Entry[OptionsOffered]) -> Choice | None:
    """An offer of which a decision does not speak, since its opening failed, was made to nobody."""
    standing = standing_outcome(reader, offer.payload.decision)
    if standing is None or offer.ref not in standing.opened.evidence:
        return None
    option = next((each for each in offer.payload.options if each.name == standing.outcome.option), None)
    if option is None:
        return None
    return Choice(offer.payload.decision, option, standing.outcome.by, standing.outcome.time)


def measures(gate: Gate, option: Offered) -> bool:
    """Whether a gate that was measured is what this option asks: its metric too, which stands in the sentence alone."""
    return gate.name == CHOSEN and gate.limit == option.reaches and gate.text.startswith(f"{option.metric} is ")


def chosen_gate(choice: Choice, scores: Mapping[str, float]) -> Gate | None:
    """Whether a version reaches what was chosen; None where the choice asks nothing of it."""
    option = choice.option
    if option.reaches is None:
        return None
    found, lower = scores.get(option.metric), option.metric in LOWER_IS_BETTER
    holds = found is not None and (found <= option.reaches if lower else found >= option.reaches)
    shown = "not measured" if found is None else figure(found).value
    return Gate(
        CHOSEN,
        option.reaches,
        found,
        holds,
        f"{option.metric} is {shown}, must be {'at most' if lower else 'at least'} {figure(option.reaches).value}: "
        f"{choice.by} chose {option.name} in decision/{choice.decision}",
    )
