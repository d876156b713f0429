"""The kind `training.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class ModelFitted(Payload, frozen=True, kw_only=True):
    """The best settings were fitted on all training rows; calibrated, with its threshold."""

    KIND: ClassVar[str] = "training.fit"
    VERSION: ClassVar[int] = 2

    model: Blob
    family: str
    train_rows: int
    calibration: str

    def said(self) -> str:
        return f"{self.family}, {self.train_rows:,} rows, calibration {self.calibration}"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        family, rows, calibration = str(data["detail"]["said"]).split(", ")
        return {
            "model": data["made"]["model"],
            "family": family,
            "train_rows": int(rows.removesuffix(" rows").replace(",", "")),
            "calibration": calibration.removeprefix("calibration "),
        }
