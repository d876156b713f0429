"""What a check has found so far, each with its place in the project file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treadle.drafting.found import SourceCheck
from treadle.errors import TreadleError
from treadle.spec import Project

if TYPE_CHECKING:
    import polars as pl

    from treadle.contracts import Parts


@dataclass
class Gathered:
    """What a check has found; each text begins with its place in the project file."""

    project: Project
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sources: list[SourceCheck] = field(default_factory=list)
    glimpsed: set[str] = field(default_factory=set)
    """Sources of which only the first rows were looked at."""
    large: dict[str, Parts] = field(default_factory=dict)
    """The rows of sources that are larger than memory may be: those that their contracts keep."""

    def problem(self, path: str, what: str, mend: str = "") -> None:
        said = f"{self.project.place(path)}: {what}{f' ({mend})' if mend else ''}"
        if said not in self.problems:  # what several targets share is told once
            self.problems.append(said)

    def warning(self, path: str, what: str) -> None:
        said = f"{self.project.place(path)}: {what}"
        if said not in self.warnings:
            self.warnings.append(said)

    def made(
        self, name: str, tables: Mapping[str, pl.DataFrame], notes: tuple[str, ...], *, seen: bool, glimpsed: bool
    ) -> None:
        """The tables of an entity; only some of its rows were seen where a source was glimpsed."""
        if seen:
            rows, columns = tables[name].shape
            self.sources.append(SourceCheck(name, rows, columns, rules=0, quarantined=0, broken=[], whole=not glimpsed))
        if glimpsed:
            self.glimpsed |= tables.keys()
        for note in notes:
            self.warning(f"entities.{name}", note)

    def refused(self, error: TreadleError, path: str) -> None:
        """What a step refused. Where its own place is in the project file, that counts; else `path` does."""
        for fault in error.faults:
            own, inside = self._placed(fault.where, path)
            self.problem(own, f"{f'{inside}: ' if inside else ''}{fault.what}", fault.mend)
        if error.faults:
            return
        path, inside = self._placed(error.where, path)
        if not any(f": {path}" in told for told in self.problems):  # the plan stops at what was told of a source
            self.problem(path, f"{f'{inside}: ' if inside else ''}{error.what}", error.mend)

    def _placed(self, where: str, path: str) -> tuple[str, str]:
        """The path of what is wrong: its own, or `path` where that says more, or its own is not in the project file;
        and where in it."""
        own, inside = self.project.path_in(where)
        if own:
            return path if path.startswith(f"{own}.") else own, inside.strip(": ")
        return path, "" if where.startswith(self.project.file.name) else where
