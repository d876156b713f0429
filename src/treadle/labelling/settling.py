"""One label of each row out of what several persons said, by a rule that is said beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.spec import Experts
from treadle.spec.experts import Rule

if TYPE_CHECKING:
    from treadle.labelling.saying import Words

IMPLAUSIBLE = "(implausible)"
"""What one says of a row who marks it as a whole, among the labels of others."""


class Settled(Struct, frozen=True):
    """The `label` that stands, empty where none does; and `how`: of one `alone`, as `all` say, by `majority`, as
    the `newest`, by the name of who settled it, or `open`."""

    label: str
    how: str


class SettledRow(Struct, frozen=True, kw_only=True):
    """What counts of one row. `label`: as a word, empty where the row cannot be; `by`: who said it."""

    key: str
    label: str
    how: str
    by: tuple[str, ...]


def settle(said: Mapping[str, str], rule: Rule, *, trusted: Sequence[str] = (), least: int = 1) -> Settled:
    """`said`: by labeller, the latest word last. `trusted`: who settles what the rule does not, the first who spoke.

    >>> said = {"lin": "yes", "bo": "no"}
    >>> settle(said, "majority").how, settle(said, "newest"), settle(said, "majority", trusted=["grace", "lin"])
    ('open', Settled(label='no', how='newest'), Settled(label='yes', how='lin'))
    >>> settle({"lin": "yes"}, "majority", least=2).how
    'open'
    """
    first = next((name for name in trusted if name in said), "")
    if not said or len(said) < least:
        return Settled("", "open")
    often = Counter(said.values()).most_common()
    if len(said) == 1:
        return Settled(often[0][0], "alone")
    if len(often) == 1:
        return Settled(often[0][0], "all")
    if rule == "majority" and often[0][1] * 2 > len(said):
        return Settled(often[0][0], "majority")
    if rule == "newest":
        return Settled(list(said.values())[-1], "newest")
    return Settled(said[first], first) if first else Settled("", "open")


def settled_rows(words: Words, experts: Experts) -> tuple[SettledRow, ...]:
    """What counts, by key; rows that are open are not among them."""
    found = []
    for key in sorted(words):
        said = verdicts(words, key)
        made = settle(said, experts.rule, trusted=experts.trusted, least=experts.least)
        if made.label:
            by = tuple(sorted(who for who, label in said.items() if label == made.label))
            label = "" if made.label == IMPLAUSIBLE else made.label
            found.append(SettledRow(key=key, label=label, how=made.how, by=by))
    return tuple(found)


def verdicts(words: Words, key: str) -> dict[str, str]:
    """By labeller, who said last comes last; who only commented is not among them."""
    heard = sorted(words.get(key, {}).items(), key=lambda each: each[1].seq)
    told = {who: IMPLAUSIBLE if word.said.out else word.said.label for who, word in heard}
    return {who: label for who, label in told.items() if label}
