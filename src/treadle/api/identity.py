"""Who works at a terminal: the holder of a token of the project, or the person that their login is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.errors import AccessError

if TYPE_CHECKING:
    from treadle.principal import Principal
    from treadle.spec import Project


def at_the_terminal(project: Project, asked: str | None, token: str | None) -> Principal:
    """asked: whom they want to act as (`--as`). token: the text of one, as TREADLE_TOKEN holds it.

    Raises:
        AccessError: the token opens nothing here, or is another's; or what `access.local_principal` says of logins.
    """
    from treadle.access import local_principal

    if not token:
        return local_principal(project.spec, asked)
    from treadle.access.tokens import book
    from treadle.evidence import utc_now
    from treadle.workspace import open_workspace

    workspace = open_workspace(project, actor="anonymous", begins=False)
    found = book(workspace.chain, project.spec.project).find(token.strip(), utc_now())
    if found is None:
        raise AccessError(
            f"this token opens nothing in project {project.spec.project}: it was never made, was revoked, or has ended",
            where="TREADLE_TOKEN",
            mend="treadle tokens list says which stand; without the variable, your login counts",
        )
    if asked is not None and asked != found.name:
        raise AccessError(
            f"this token is {found.actor}'s, and not {asked}'s",
            where="--as",
            mend=f"act as {found.name}, or come with the token of {asked}",
        )
    return found
