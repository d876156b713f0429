"""The folder, written: files that are new or that changed, and none that somebody edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import TeamError
from treadle.evidence import write_whole
from treadle.filing.found import FolderWritten, Told
from treadle.filing.front import read_page
from treadle.filing.pages import FOLDERS, README, Page, pages
from treadle.filing.same import is_same
from treadle.store import clear_parts

if TYPE_CHECKING:
    from treadle.workspace import Workspace


def write_folder(workspace: Workspace, folder: Path, named: str) -> FolderWritten:
    """
    Raises:
        TeamError: the folder is something else.
    """
    project = workspace.project.spec.project
    refuse_other(folder, named, project)
    with workspace.chain.reading() as reader:
        every = pages(workspace, reader)
    for part in (folder, *(folder / each for each in FOLDERS)):
        clear_parts(part, ".*.md.*.part")
    written, kept, same = list[str](), list[Told](), 0
    for page in every.values():
        place = folder / page.file
        why = _in_the_way(place, page)
        if why is None:
            same += 1
        elif why:
            reads = f"treadle team import {workspace.project.typed}"
            kept.append(Told(page.file, why, restoring(page) if page.do else reads))
        else:
            write_whole(place, page.content)
            written.append(page.file)
    return FolderWritten(named, written, same, kept)


def restoring(page: Page) -> str:
    """What helps where somebody edited a file that is only written: no import takes it, no export writes it over."""
    again = f"delete {page.file}, and treadle team export writes it anew as the record has it"
    return again if page.file == README else f"{again}; what changes it: {page.do}"


def _in_the_way(place: Path, page: Page) -> str | None:
    """Why a file is not written; empty where it is, None where it is so already."""
    if not place.exists() and not place.is_symlink():
        return ""
    try:
        if not place.is_symlink() and place.read_bytes() == page.content:
            return None
        found = read_page(place, page.file)
    except (TeamError, OSError) as bad:
        return bad.what if isinstance(bad, TeamError) else "it cannot be read"
    return "" if not found.edited or is_same(page, found) else "it was edited here, and is not written over"


def refuse_other(folder: Path, named: str, project: str, *, must: bool = False) -> None:
    """Raises TeamError: it is no folder, or one of other things. `must`: it has to be there."""
    parts = [folder, *(folder / each for each in FOLDERS)]
    wrong = next((part for part in parts if part.is_symlink() or (part.exists() and not part.is_dir())), None)
    if wrong is not None:
        raise TeamError(f"{wrong.name} is no folder, or a link to one", where=named, mend="name a plain folder")
    if ".treadle" in folder.absolute().parts:
        raise TeamError("the workspace itself is no place for files of others", where=named, mend="name another folder")
    if not folder.exists() or not any(folder.iterdir()):
        if must:
            raise TeamError("there are no records", where=named, mend="treadle team export writes them")
        return
    try:
        of = read_page(folder / README, f"{named}/{README}").head.get("records", "")
    except TeamError:
        of = ""
    if of != project:
        whose = f"records of {of}" if of else "other things"
        raise TeamError(f"the folder has {whose}", where=named, mend="name one that is empty or not there")
