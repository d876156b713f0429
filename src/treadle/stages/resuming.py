"""Trials of a search are kept in the record as it goes on; a search that asks for the same goes on from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from treadle.evidence.kinds.trials_kept import TrialsKept
from treadle.stages.work import Bench
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.training import KeptTrial

_SECONDS, _SHARE = 5.0, 0.05
"""What a killed search may lose: so many seconds, or that share of what it took so far."""


class TrialsInRecord:
    """`search` names what is searched, whatever its limits. `earlier` are the trials of it that stand in the record;
    of those that are taken, some at a time are written, and the last of them when the block ends, however it ends.
    """

    def __init__(self, bench: Bench, search: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._bench, self._search, self._clock = bench, search, clock
        self._subject = f"search/{search[:16]}"
        self._began = self._written = clock()
        self._taken = 0
        self._fresh: list[KeptTrial] = []
        self.earlier = self._read()

    def _read(self) -> list[KeptTrial]:
        """From the first on, without a gap; of two of one number, the newer, and what came after it."""
        from treadle.training import unpack_trials

        found: list[KeptTrial] = []
        for entry in self._bench.chain.find(TrialsKept, subject=self._subject):
            said = entry.payload
            if said.search == self._search and said.first <= len(found) + 1:
                if not self._bench.blobs.exists(said.kept.digest):
                    return found
                found[said.first - 1 :] = unpack_trials(self._bench.blobs.get(said.kept.digest))
        return found

    def __enter__(self) -> Self:
        return self

    def take(self, trial: KeptTrial) -> None:
        """A trial has ended, or was taken from `earlier`."""
        number, self._taken = self._taken, self._taken + 1
        if not self._fresh and number < len(self.earlier) and self.earlier[number].trial == trial.trial:
            return
        self._fresh.append(trial)
        now = self._clock()
        first = not self.earlier and self._taken == 1  # the longest work of all is lost where a second trial never ends
        if first or now - self._written >= max(_SECONDS, _SHARE * (now - self._began)):
            self._write()

    def _write(self) -> None:
        from treadle.training import pack_trials

        blob = Blob(self._bench.blobs.put(pack_trials(self._fresh)), "trials")
        last = self._taken
        said = TrialsKept(search=self._search, first=last - len(self._fresh) + 1, last=last, kept=blob)
        self._bench.chain.append(said, self._subject)
        self._fresh, self._written = [], self._clock()

    def __exit__(self, *ended: object) -> None:
        if self._fresh:
            self._write()
