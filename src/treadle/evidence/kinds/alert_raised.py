"""The kind `alert.raised`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from treadle.evidence.payload import Payload


class AlertRaised(Payload, frozen=True, kw_only=True):
    """Something that a person must look at. `about`: quality or drift of a model, with the day that the window ends on
    as `until`; of a source, which has no `model`: late, with when its rows were due; mismatch, with its version.
    `moved`: the features of drift."""

    KIND: ClassVar[str] = "alert.raised"
    VERSION: ClassVar[int] = 2

    model: str
    about: str
    until: str
    text: str
    moved: tuple[str, ...] = ()

    def said(self) -> str:
        return self.text

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        facts = data["detail"]
        return {**{n: facts["settings"][n] for n in ("model", "about", "until")}, "text": facts["said"]}
