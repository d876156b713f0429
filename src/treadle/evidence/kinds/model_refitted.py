"""The kind `training.refit`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.figures import figure
from treadle.store import Blob


class ModelRefitted(Payload, frozen=True, kw_only=True):
    """What was judged was fitted again on all rows with a label, for release; `twin` is the one that was judged.

    `labelled`: all rows with a label, where time or memory did for fewer, which `rows` are; else 0. `largest`,
    `mean`: of the differences of what both say of the sealed rows; `turned`: of how many of these another thing is
    decided, None where nothing is.
    """

    KIND: ClassVar[str] = "training.refit"

    model: Blob
    twin: Blob
    rows: int
    twin_rows: int
    sealed: int
    largest: float
    mean: float
    turned: int | None = None
    labelled: int = 0

    def said(self) -> str:
        apart = f"at most {figure(self.largest).value} from its judged twin on {self.sealed:,} sealed rows"
        rows = f"{self.rows:,} of all {self.labelled:,}" if self.labelled else f"all {self.rows:,}"
        return f"on {rows} rows with a label, {apart}"
