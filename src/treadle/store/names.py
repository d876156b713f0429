"""What a project's tables are called. Nowhere else is such a name put together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableNames:
    """The full names of a project's tables: sources are the project's, all others are of one `target` of several."""

    project: str
    target: str = ""

    @property
    def _address(self) -> str:
        return f"{self.project}.{self.target}" if self.target else self.project

    def source(self, name: str) -> str:
        """The rows of a source that passed its contract."""
        return f"{self.project}/source/{name}"

    def quarantine(self, name: str) -> str:
        """The rows of a source that did not, with the reasons."""
        return f"{self.project}/quarantine/{name}"

    @property
    def training(self) -> str:
        return f"{self._address}/training"

    @property
    def predictions(self) -> str:
        return f"{self._address}/predictions"

    @property
    def outcomes(self) -> str:
        return f"{self._address}/outcomes"

    def ledger(self, kind: str) -> str:
        """The table of `predictions` or `outcomes`."""
        return f"{self._address}/{kind}"
