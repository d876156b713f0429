"""What a project's tables are called. Nowhere else is such a name put together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableNames:
    """The full names of a project's tables."""

    project: str

    def source(self, name: str) -> str:
        """The rows of a source that passed its contract."""
        return f"{self.project}/source/{name}"

    def quarantine(self, name: str) -> str:
        """The rows of a source that did not, with the reasons."""
        return f"{self.project}/quarantine/{name}"

    @property
    def training(self) -> str:
        return f"{self.project}/training"

    @property
    def predictions(self) -> str:
        return f"{self.project}/predictions"

    @property
    def outcomes(self) -> str:
        return f"{self.project}/outcomes"

    def ledger(self, kind: str) -> str:
        """The table of `predictions` or `outcomes`."""
        return f"{self.project}/{kind}"
