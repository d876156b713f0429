"""State the terms of an experiment that is to settle a decision, and agree to them, each in their own name.

What both sides would take as proof is fixed before anybody knows what comes out (a registered report; Chambers 2013,
"Registered Reports: a new publishing initiative at Cortex"): rows, sides, metric, margin, time. Once all have agreed
nothing of it may change.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

from treadle.errors import AccessError, DecisionError
from treadle.evidence import Alone, Chain, Entry
from treadle.evidence.kinds.decision_agreed import TermsAgreed
from treadle.evidence.kinds.decision_terms import TermsStated
from treadle.people.checking import check_option, open_in
from treadle.people.decisions import SUBJECT
from treadle.people.found import Decision
from treadle.people.terms import Terms, must_agree, stand, standing_terms
from treadle.store import EntryRef

LEAST_MINUTES, MOST_MINUTES = 0.1, 10_000.0


def opened_now(alone: Alone, name: str, today: date) -> tuple[Decision, EntryRef]:
    """A decision that an experiment may still be agreed on for, and the entry that opened it.

    Raises:
        DecisionError: there is none, it is decided, or what settles it stands already.
    """
    found, opened = open_in(alone, name, today)
    terms = _terms(alone, name)
    if terms is not None and terms.settled is not None:
        raise DecisionError(
            f"{name} was put to an experiment already: {terms.settled.payload.said()}",
            where=name,
            mend=f"{found.decides} decides now; to ask the same rows again until they please would prove nothing",
        )
    if terms is not None and stand(terms, found.positions, found.decides):
        raise DecisionError(
            f"all have agreed to the terms of #{terms.stated.seq}, and nothing of them may change",
            where=name,
            mend=f"run them: treadle decide settle PROJECT {name} --by experiment",
        )
    return found, opened


def check_terms(found: Decision, options: tuple[str, ...], margin: float, minutes: float, otherwise: str) -> None:
    """What can be wrong with terms before a project is looked at.

    Raises:
        DecisionError: not two options, one that nobody is for, a margin or minutes that are none.
    """
    if len(set(options)) != 2 or len(options) != 2:
        raise DecisionError(
            f"an experiment is between two options, and not {len(options)}",
            where="--between",
            mend=f"name two of {', '.join(option.name for option in found.options)}: --between ONE --between OTHER",
        )
    for option in options:
        check_option(found, option, "--between")
        if all(position.option != option for position in found.positions):
            raise DecisionError(
                f"nobody is for {option}, so there is nobody to agree with",
                where=found.name,
                mend=f"treadle decide say PROJECT {found.name} --for {option} --because REASON --as NAME",
            )
    if otherwise:
        check_option(found, otherwise, "--otherwise")
    if not (math.isfinite(margin) and margin >= 0):
        raise DecisionError(
            f"{margin:g} is no margin",
            where="--margin",
            mend="say from which gain on it is worth the change, in the metric: 0 or more",
        )
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:  # what is no number is refused too
        raise DecisionError(
            f"{minutes:g} minutes are no time to learn in",
            where="--minutes",
            mend=f"give {LEAST_MINUTES:g} to {MOST_MINUTES:,.0f}, for each side",
        )


def state_terms(chain: Chain, asked: TermsStated, today: date) -> Entry[TermsStated]:
    """Terms as the actor of the chain would have them, who agrees to them by that. They take the place of earlier ones
    that not all had agreed to."""
    with chain.alone() as alone:
        found, opened = opened_now(alone, asked.decision, today)
        if opened != asked.opened:
            raise DecisionError(f"{asked.decision} was opened anew", where=asked.decision, mend="state them again")
        check_terms(found, _options(asked), asked.margin, asked.minutes, asked.otherwise)
        _check_party(found, asked, chain.actor)
        return alone.append(asked, f"{SUBJECT}{asked.decision}")


def agree(chain: Chain, name: str, entry: int, today: date) -> Entry[TermsAgreed]:
    """Agree to the terms that stand in an entry, by its number: what was read is what is agreed to.

    Raises:
        DecisionError: no terms, others by now, or the actor has agreed; AccessError: it is not for them to agree.
    """
    with chain.alone() as alone:
        found, _ = opened_now(alone, name, today)
        terms = _terms(alone, name)
        if terms is None:
            raise DecisionError(
                f"no terms were stated for {name}", where=name, mend=f"state them: treadle decide terms PROJECT {name}"
            )
        if terms.stated.seq != entry:
            raise DecisionError(
                f"the terms of {name} are those that {terms.stated.actor} stated in #{terms.stated.seq}, not #{entry}",
                where="--terms",
                mend=f"read them: treadle decide show PROJECT {name}; then --terms {terms.stated.seq}",
            )
        actor, said = chain.actor, terms.stated.payload
        _check_party(found, said, actor)
        if actor in terms.agreed:
            raise DecisionError(f"{actor} has agreed to #{entry}", where="--as", mend="others are waited for")
        # as they stand to every reader: with somebody on each side, so that no camp closes a question on its own
        complete = stand(replace(terms, agreed=(*terms.agreed, actor)), found.positions, found.decides)
        agreed = TermsAgreed(decision=name, terms=terms.stated.ref, complete=complete)
        return alone.append(agreed, f"{SUBJECT}{name}")


def agreed_terms(alone: Alone, name: str, today: date) -> tuple[Decision, Terms]:
    """What all agreed to, to be run now.

    Raises:
        DecisionError: the decision is none or is made, there are no terms, or not all have agreed.
    """
    found, _ = open_in(alone, name, today)
    terms = _terms(alone, name)
    if terms is None:
        raise DecisionError(
            f"no terms were stated for {name}: nothing is run before both sides have agreed what it will show",
            where=name,
            mend=f"state them: treadle decide terms PROJECT {name}",
        )
    if not stand(terms, found.positions, found.decides):
        said = terms.stated.payload
        waits = [
            each for each in must_agree(_options(said), found.positions, found.decides) if each not in terms.agreed
        ]
        who = f"{', '.join(waits) or 'somebody'} {'have' if len(waits) > 1 else 'has'}"
        raise DecisionError(
            f"{who} not agreed to the terms of #{terms.stated.seq}",
            where=name,
            mend=f"treadle decide agree PROJECT {name} --terms {terms.stated.seq} --as {(waits or ['NAME'])[0]}",
        )
    return found, terms


def _options(said: TermsStated) -> tuple[str, str]:
    return said.sides[0].option, said.sides[1].option


def _terms(alone: Alone, name: str) -> Terms | None:
    return standing_terms(alone.find(subject=f"{SUBJECT}{name}", status="done"))


def _check_party(found: Decision, said: TermsStated, actor: str) -> None:
    must = must_agree(_options(said), found.positions, found.decides)
    if actor not in must:
        raise AccessError(
            f"the terms are between {' and '.join(must)}, and {actor} is none of them",
            where="--as",
            mend=f"state a position first: treadle decide say PROJECT {found.name} --for OPTION --because REASON",
        )
