"""The kind `features.proved`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload


class FeaturesProved(Payload, frozen=True, kw_only=True):
    """Real history went through the batch and the online path, cell by cell."""

    KIND: ClassVar[str] = "features.proved"
    VERSION: ClassVar[int] = 3

    rows: int
    cells: int
    differing: int
    of: int = 0
    """The rows that there are, where a sample of them was compared."""

    def said(self) -> str:
        sample = f" of a sample of {self.rows:,} of {self.of:,} rows" if self.of else ""
        return f"{self.cells:,} cells{sample}, {self.differing:,} differ"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if version == 2:
            return data
        return {name: data["detail"][name] for name in ("rows", "cells", "differing")}
