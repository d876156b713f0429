"""What a replay played, and what of history it left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.features import FeaturePlan
    from treadle.features.plan import Stream


@dataclass
class Tally:
    events: int = 0
    predictions: int = 0
    outcomes: int = 0
    refused: int = 0
    first_refusal: str = ""
    took: list[float] = field(default_factory=list)

    def refuse(self, answer: Any) -> None:
        self.refused += 1
        said = answer.get("error", answer) if isinstance(answer, dict) else answer
        self.first_refusal = self.first_refusal or f"{said}"


def streams(plan: FeaturePlan) -> dict[str, Stream]:
    """What events are told under, each with the first stream of it: of one name all have the same rows and times."""
    streams = {name: plan.views[name] for name in plan.arguments}
    for stream in plan.lookup_streams.values():
        streams.setdefault(stream.told_as, stream)
    return streams


def left_out(plan: FeaturePlan, tally: Tally) -> list[str]:
    """What of history was not played, and why, a sentence each."""
    said = [
        f"{name} has no time, so its rows are not played: they stand as they were last read"
        for name, stream in streams(plan).items()
        if stream.known is None
    ]
    lacking = tally.predictions - tally.outcomes
    if plan.label_known is None:
        said.append(
            "no outcomes were played: the project does not say when a label becomes known (`label_known:` in predict), "
            "so treadle watch shows predictions and drift, and no quality"
        )
    elif lacking > 0:
        said.append(
            f"{lacking:,} of {tally.predictions:,} predictions have no outcome: their label is missing, or became "
            "known after the end"
        )
    return said
