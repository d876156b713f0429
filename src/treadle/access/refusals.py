"""What was refused, for the audit: told to the record once, and then at most once an hour with how often.

Without that rule whoever scans a server would write its record full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.evidence.kinds.access_refused import AccessRefused

if TYPE_CHECKING:
    from treadle.evidence import Chain

ACTOR = "policy:access"
HOLD_SECONDS = 3600.0
_MOST = 200
"""Different refusals that are told apart in an hour; all others are counted together."""


@dataclass
class _Seen:
    since: float
    waiting: int
    peer: str = ""


class Refusals:
    """Of one server. `note` is quick and keeps nothing; `tell` writes, and may wait for the record."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], _Seen] = {}

    def note(self, who: str, operation: str, why: str, peer: str, now: float) -> None:
        key = (who[:128], operation[:128], why[:300])
        if key not in self._seen and len(self._seen) >= _MOST:
            key = ("others", "", "more kinds of refusals than are told apart")
        seen = self._seen.setdefault(key, _Seen(now - HOLD_SECONDS, 0))
        seen.waiting, seen.peer = seen.waiting + 1, peer

    def due(self, now: float, *, last: bool = False) -> list[AccessRefused]:
        """What is to be told now; at the `last` call everything that waits."""
        told = []
        for key, seen in list(self._seen.items()):
            if now - seen.since < HOLD_SECONDS and not last:
                continue
            if not seen.waiting:
                del self._seen[key]  # an hour of silence: as if it had never been
                continue
            who, operation, why = key
            told.append(
                AccessRefused(who=who, operation=operation, why=why, channel="http", times=seen.waiting, peer=seen.peer)
            )
            seen.since, seen.waiting = now, 0
        return told


def tell(chain: Chain, project: str, refused: list[AccessRefused]) -> None:
    if not refused:
        return
    with chain.acting(ACTOR).alone() as alone:
        for each in refused:
            alone.append(each, f"project/{project}")
