"""The kind `training.search`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct

from treadle.evidence.payload import Payload, digest
from treadle.evidence.usual import trial_words
from treadle.figures import figure
from treadle.store import Blob


class TrialLine(Struct, frozen=True):
    """One setting tried. `value` is the mean of `folds`, in the metric's own unit; a pruned one saw fewer folds.

    `mb`, `row_us`: about how large its bundle would be and how long a row would take; 0 where nobody counted.
    """

    number: int
    family: str
    params: dict[str, bool | int | float | str | None]
    folds: tuple[float, ...]
    value: float
    seconds: float
    state: str
    mb: float = 0.0
    row_us: float = 0.0


class ModelsSearched(Payload, frozen=True, kw_only=True):
    """Families and settings were tried on the training folds. `found` holds the whole result, `trials` a line each."""

    KIND: ClassVar[str] = "training.search"
    VERSION: ClassVar[int] = 2

    found: Blob
    metric: str
    family: str
    value: float
    stopped: str
    trials: tuple[TrialLine, ...]

    def said(self) -> str:
        trials = f"{len(self.trials)} trial{'' if len(self.trials) == 1 else 's'}"
        # a trial's own figure, with as many rounds as suit each fold, may be a little better
        return f"{trials}, best {self.family} {self.metric} {figure(self.value).value} on folds, as it will be fitted"

    def searched(self, asked: bytes) -> str:
        return "\n".join(dict.fromkeys(trial_words(trial.family, trial.params) for trial in self.trials))

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        made = data["made"]["found"]
        found = made["value"]
        trials = [
            {
                "number": t["number"],
                "family": t["family"],
                "params": t["params"],
                "folds": t["fold_scores"],
                "value": t["value"],
                "seconds": t["seconds"],
                "state": t["state"],
            }
            for t in found["trials"]
        ]
        blob = {"kind": "blob", "digest": digest(made), "name": "found"}
        return {"found": blob, "trials": trials, **{n: found[n] for n in ("metric", "family", "value", "stopped")}}
