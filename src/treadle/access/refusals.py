"""What was refused, for the audit: told to the record once, and then at most once an hour with how often.

Without that rule whoever scans a server would write its record full.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.evidence.kinds.access_refused import AccessRefused

if TYPE_CHECKING:
    from treadle.evidence import Chain

ACTOR = "policy:access"
_TOKEN = re.compile(r"tdl_[0-9A-Za-z_-]+")
HOLD_SECONDS = 3600.0
_MOST = 200
"""Different refusals that are told apart in an hour, of known callers and of others; the rest is counted together."""
_OTHERS = ("others", "", "more kinds of refusals than are told apart")


@dataclass
class _Seen:
    since: float
    waiting: int
    counted: bool | None
    """Among the known (True) or the unknown; None for the others."""
    peer: str = ""


class Refusals:
    """Of one server. `note` is quick and keeps nothing; `tell` writes, and may wait for the record."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        self._told_apart = {True: 0, False: 0}

    def note(self, who: str, operation: str, why: str, peer: str, now: float, *, known: bool = False) -> None:
        """known: who they are is known, so that no crowd of unknown callers hides them."""
        key = (plain(who, 128), plain(operation, 128), plain(why, 300))
        seen = self._seen.get(key)
        if seen is None:
            if self._told_apart[known] < _MOST:
                self._told_apart[known] += 1
                seen = self._seen[key] = _Seen(now - HOLD_SECONDS, 0, known)
            else:
                seen = self._seen.setdefault(_OTHERS, _Seen(now - HOLD_SECONDS, 0, None))
        seen.waiting, seen.peer = seen.waiting + 1, peer

    def due(self, now: float, *, last: bool = False) -> list[AccessRefused]:
        """What is to be told now; at the `last` call everything that waits."""
        told = []
        for key, seen in list(self._seen.items()):
            if now - seen.since < HOLD_SECONDS and not last:
                continue
            if not seen.waiting:
                del self._seen[key]  # an hour of silence: as if it had never been
                if seen.counted is not None:
                    self._told_apart[seen.counted] -= 1
                continue
            who, operation, why = key
            told.append(
                AccessRefused(who=who, operation=operation, why=why, channel="http", times=seen.waiting, peer=seen.peer)
            )
            seen.since, seen.waiting = now, 0
        return told


def plain(text: str, most: int) -> str:
    """Without what could be a token, and without characters that a terminal or a page would act on."""
    text = _TOKEN.sub("tdl_…", text[: 4 * most])
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[:most]


def tell(chain: Chain, project: str, refused: list[AccessRefused]) -> None:
    if not refused:
        return
    with chain.acting(ACTOR).alone() as alone:
        for each in refused:
            alone.append(each, f"project/{project}")
