"""What a team wrote as Markdown files for Git, and back: `team export`, `team import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.filing.found import FolderRead, FolderWritten


class ExportTeamRequest(Request, frozen=True):
    project: ProjectPath = "."
    folder: Annotated[str | None, option("where to; records beside the project file, if not given", local=True)] = None


class ImportTeamRequest(Request, frozen=True):
    project: ProjectPath = "."
    folder: Annotated[str | None, option("from where; records beside the project file, if not given", local=True)] = (
        None
    )
    look: Annotated[bool, option("only say what would be taken; nothing is kept")] = False


@operation("team", "export", permission="read")
def team_export(request: ExportTeamRequest, work: Work) -> FolderWritten:
    """Write notes, minutes, actions, decisions, retrospectives, milestones and the charter as Markdown, a file each.

    The same record makes the same bytes, so that Git shows what changed. A file that was edited is not written over,
    and none is taken away. Nothing that is private, or without a name, is in any.
    """
    from treadle.filing.writing import write_folder

    return write_folder(work.workspace, *_folder(work, request.folder))


@operation("team", "import", permission="discuss")
def team_import(request: ImportTeamRequest, work: Work) -> FolderRead:
    """Read back what was edited in those files: notes, minutes' texts and actions become entries, in your name.

    Of a record that was changed since its file was written, both are shown and neither is lost. What a file cannot
    change is named with the command that does. A file that is gone deletes nothing.
    """
    from treadle.filing.reading import read_folder

    return read_folder(work.workspace, *_folder(work, request.folder), look=request.look)


def _folder(work: Work, named: str | None) -> tuple[Path, str]:
    if named is None:
        return work.workspace.project.root / "records", "records"
    return Path(named), named
