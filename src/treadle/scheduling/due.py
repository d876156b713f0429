"""When a project is to be run next: by the clock, or since files came that no run has read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.evidence.kinds.source_read import SourceRead
from treadle.spec import duration

if TYPE_CHECKING:
    from treadle.sources import FileAsSeen
    from treadle.spec import Project, ProjectSpec
    from treadle.workspace import Workspace

LOOK_SECONDS = 5.0
"""Between two looks at files. A file that changed between them is still being written."""
_MOST_LOOKS = 12
_SHORTEST = timedelta(seconds=1)


def period_of(spec: ProjectSpec, asked: str | None) -> timedelta | None:
    """How often to run: as asked, else as often as the source whose rows come most often; None if none says.

    Raises:
        SpecError: what is asked is no length of time, or shorter than a second.
    """
    if asked is not None:
        try:
            found = duration(asked)
        except SpecError as bad:
            raise SpecError(bad.what, where="--every", mend=bad.mend) from bad
        if found < _SHORTEST:
            raise SpecError(f"--every {asked} is too short", where="--every", mend="give a second or more")
        return found
    every = [duration(source.every) for source in spec.sources.values() if source.every]
    return max(min(every), _SHORTEST) if every else None


def waits_for_files(spec: ProjectSpec) -> list[str]:
    """The sources that are read by new files."""
    return [name for name, source in spec.sources.items() if source.only_new and source.only_new.by is None]


def subject(project: Project) -> str:
    return f"schedule/{project.spec.project}"


def by_clock(workspace: Workspace, period: timedelta, now: datetime) -> datetime:
    """When the next run is due: `period` after the last one began; at once, where there was none."""
    last = workspace.chain.last(ScheduleRan, subject=subject(workspace.project))
    if last is None or last.payload.began > now:  # by a clock that was put back since
        return now
    return last.payload.began + period


@dataclass
class Files:
    """The files of sources that are read by new files, looked at again and again."""

    tried: dict[str, frozenset[FileAsSeen]] = field(default_factory=dict)
    """Those that were there when a run began, whatever came of it: one that cannot be read is not tried for ever."""
    waited: int = 0
    """Looks at new files, while others were still being written."""
    before: dict[str, frozenset[FileAsSeen]] = field(default_factory=dict)

    def look(self, workspace: Workspace) -> str:
        """The name of a new file, once it has not changed between two looks; else empty."""
        found = _there(workspace)
        settled = {name: files & self.before.get(name, frozenset()) for name, files in found.items()}
        growing = {name for name, files in found.items() if files != settled[name]}
        self.before = found
        for name, files in settled.items():
            fresh = files - self.tried.get(name, frozenset())
            fresh -= _read(workspace, name) if fresh else frozenset()
            if fresh and name in growing and self.waited < _MOST_LOOKS:
                self.waited += 1  # a run would read what is half written; but files may come without end
                return ""
            if fresh:
                return min(fresh)[0]
        return ""

    def begin(self, workspace: Workspace) -> None:
        """A run begins, and reads what is there."""
        self.tried, self.waited = _there(workspace), 0


def _there(workspace: Workspace) -> dict[str, frozenset[FileAsSeen]]:
    from treadle.sources import files_there

    project = workspace.project
    return {name: files_there(project.spec.sources[name], project.root) for name in waits_for_files(project.spec)}


def _read(workspace: Workspace, name: str) -> frozenset[FileAsSeen]:
    """The files of a source that the last reading has."""
    from treadle.sources import files_read

    last = workspace.chain.last(SourceRead, subject=f"source/{name}")
    mark = last.payload.mark if last else None
    if mark is None or mark.by or not workspace.blobs.exists(mark.seen.digest):
        return frozenset()
    return files_read(workspace.blobs.get(mark.seen.digest))
