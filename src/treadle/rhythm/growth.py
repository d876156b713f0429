"""Plans to grow as they stand: who learns what with whom, whether it was agreed to. How far they are is not."""

from __future__ import annotations

from msgspec import Struct

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.growth_answered import Answer, GrowthAnswered
from treadle.evidence.kinds.growth_planned import GrowthPlanned

SUBJECT = "growth/"


class Standing(Struct, frozen=True):
    """A plan, and the newest answer to it: empty while the mentor has said nothing."""

    entry: Entry[GrowthPlanned]
    answer: Answer | None = None
    because: str = ""

    @property
    def learner(self) -> str:
        return self.entry.actor

    @property
    def mentor(self) -> str:
        return self.entry.payload.mentor

    @property
    def runs(self) -> bool:
        """It waits for its mentor, or was agreed to."""
        return self.answer in (None, "agreed")


def plans(reader: Reader) -> list[Standing]:
    """Every plan, the oldest first."""
    said: dict[int, GrowthAnswered] = {}
    for answer in reader.find(GrowthAnswered, status="done"):
        said[answer.payload.number] = answer.payload
    found = []
    for entry in reader.find(GrowthPlanned, status="done"):
        last = said.get(entry.payload.number)
        found.append(Standing(entry) if last is None else Standing(entry, last.answer, last.because))
    return found


def waiting(reader: Reader) -> list[Standing]:
    """Those that their mentor has not answered."""
    return [each for each in plans(reader) if each.answer is None]
