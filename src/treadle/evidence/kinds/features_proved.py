"""The kind `features.proved`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload


class FeaturesProved(Payload, frozen=True, kw_only=True):
    """Real history went through the batch and the online path, cell by cell."""

    KIND: ClassVar[str] = "features.proved"
    VERSION: ClassVar[int] = 2

    rows: int
    cells: int
    differing: int

    def said(self) -> str:
        return f"{self.cells:,} cells, {self.differing:,} differ"

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: data["detail"][name] for name in ("rows", "cells", "differing")}
