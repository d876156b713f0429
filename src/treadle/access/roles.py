"""Local names and what each may do in a project. Names come from the brief's people."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

from treadle.errors import AccessError, nearest
from treadle.spec.names import ACTOR, matches

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

PERMISSIONS = {
    "read": "anyone named in the project, and the local user",
    "run": "anyone named in the project, and the local user",
    "release": "the owner and the reviewers",
}


def default_actor(spec: ProjectSpec | None = None) -> str:
    """TREADLE_ACTOR; else the project's owner, as whom its local user works; else the machine's user."""
    given = os.environ.get("TREADLE_ACTOR")
    if given:
        return check_actor(given)
    if spec is not None:
        return spec.brief.people.owner
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def check_actor(name: str) -> str:
    """The name, if it is one: letters, digits and ._@+-, up to 64."""
    if not matches(ACTOR, name):
        raise AccessError(f"{name!r} is not a name", where="--as", mend="use letters, digits and . _ @ + -, up to 64")
    return name


def people(spec: ProjectSpec) -> set[str]:
    known = spec.brief.people
    return {known.owner, *known.reviewers, *(name for names in known.roles.values() for name in names)}


def require(actor: str, permission: str, spec: ProjectSpec) -> None:
    """AccessError unless `actor` has `permission` in this project."""
    named = people(spec)
    allowed = {spec.brief.people.owner, *spec.brief.people.reviewers} if permission == "release" else named
    if actor not in allowed:
        hint = nearest(actor, allowed)
        raise AccessError(
            f"{actor} may not {permission} in project {spec.project}",
            where="--as",
            mend=f"{PERMISSIONS[permission]} may; {hint}" if hint else PERMISSIONS[permission],
        )
