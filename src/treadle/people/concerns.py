"""Concerns without a name: raised into a place that keeps neither who nor when, shown three or more at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from treadle.evidence import Chain
from treadle.evidence.kinds.concerns_shown import NOBODY, Concern, ConcernsShown
from treadle.people import unnamed

SUBJECT = "concerns"


def raise_concern(chain: Chain, root: Path, text: str, today: date) -> None:
    """Let it wait with others. What waited before is shown first, where it is time: this one is not among it."""
    said = unnamed.plain(text)
    show_waiting(chain, root, today)
    unnamed.put(root, said)


def show_waiting(chain: Chain, root: Path, today: date) -> None:
    """Write what waits into the record, where a new week has begun and it is enough. Whoever asks has no part in it."""
    year, week, _ = today.isocalendar()
    newest = chain.last(ConcernsShown, subject=SUBJECT)
    known = frozenset(each.id for each in newest.payload.concerns) if newest is not None else frozenset()

    def keep(concerns: Sequence[Concern]) -> None:
        chain.acting(NOBODY).append(ConcernsShown(concerns=tuple(concerns)), SUBJECT)

    unnamed.show(root, f"{year}-W{week:02}", keep, known)
