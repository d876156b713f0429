"""Who works at the command line: the login of the machine, as the project maps it, or the holder of a token.

A login is trusted as far as the project says (`access`): a machine's user owns the project's files anyway, so this is a
statement of whom the record shall name, and no defence against them. Where it must be one, `trust: token` asks for the
person's own token, and checkpoints that others keep show any rewriting.
"""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

from treadle.errors import AccessError, nearest
from treadle.principal import Principal, person
from treadle.spec.names import ACTOR, matches

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

ANY = "*"
"""In `access.logins`: every login that is not named there and is no person of the project."""


def login() -> str:
    """The machine's user, by the process's user id: an environment variable may say anything."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def check_actor(name: str, *, where: str = "--as") -> str:
    """The name, if it is one: letters, digits and ._@+-, up to 64. `where`: what gave it, for the refusal."""
    name = unicodedata.normalize("NFC", name)  # as the project file is read
    if not matches(ACTOR, name):
        raise AccessError(f"{name!r} is not a name", where=where, mend="use letters, digits and . _ @ + -, up to 64")
    return name


def people(spec: ProjectSpec) -> set[str]:
    known = spec.brief.people
    return {known.owner, *known.reviewers, *(name for names in known.roles.values() for name in names)}


def local_principal(spec: ProjectSpec, asked: str | None = None, *, user: str | None = None) -> Principal:
    """The person of the project who works here, or the one `asked` for, where the project trusts that.

    Raises:
        AccessError: the login is nobody of the project, or may not act as the one asked for without their token.
    """
    here = login() if user is None else user
    mapped = acts_as(spec, here)
    if asked is None:
        if mapped is None:
            raise AccessError(
                f"{here}, who is logged in, is no person of project {spec.project}",
                where="access.logins",
                mend=f"write `access: {{logins: {{{here}: {spec.brief.people.owner}}}}}` into the project file, or "
                "come with a token (TREADLE_TOKEN)",
            )
        return person(mapped, via=f"login {here}")
    name = check_actor(asked)
    if name == mapped:
        return person(name, via=f"login {here}")
    if spec.access.trust == "local":
        return person(name, via=f"login {here}, on trust")
    hint = "" if name in people(spec) else nearest(name, people(spec))
    raise AccessError(
        f"{here}, who is logged in, may not act as {name} on their word alone" + (f" ({hint})" if hint else ""),
        where="--as",
        mend=f"{name} comes with their own token (TREADLE_TOKEN), or the project file says `access: {{trust: local}}`",
    )


def acts_as(spec: ProjectSpec, here: str) -> str | None:
    """The person that a login is, by the project file; None for nobody."""
    logins = spec.access.logins
    if here in logins:
        return logins[here]
    return here if here in people(spec) else logins.get(ANY)
