"""Who may what: the table, what a change of the project file grants, and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, Work, argument, every, group, operation, option

if TYPE_CHECKING:
    from treadle.access.tokens import Grant, TokenBook


class TableRequest(Request, frozen=True):
    """Nothing is asked."""


class PermissionShown(Struct, frozen=True):
    """A permission: about what, which roles have it, the scope that a token needs, when anonymous callers have it.

    `operations` are the commands that ask for it; `routes` the paths of a server.
    """

    permission: str
    resource: str
    text: str
    roles: list[str]
    scope: str
    anonymous: str
    operations: list[str]
    routes: list[str]


class TableAnswer(Struct, frozen=True):
    permissions: list[PermissionShown]


class DiffRequest(Request, frozen=True):
    before: Annotated[str, argument("the project as it was: its folder, or its file")]
    after: Annotated[str, argument("the project as it is to be")]


class ChangeShown(Struct, frozen=True):
    """`who` may do `permission` after the change and not before (`granted`), or the other way round."""

    who: str
    permission: str
    granted: bool
    text: str


class DiffAnswer(Struct, frozen=True):
    before: str
    after: str
    changes: list[ChangeShown]


class TokenCreateRequest(Request, frozen=True):
    name: Annotated[str, argument("a person of the project, or a name for the service that will hold it")]
    project: ProjectPath = "."
    scopes: Annotated[str, option("what it is for, with commas: predict, events, outcomes, read, write, admin")] = (
        "predict"
    )
    days: Annotated[float, option("how long it opens anything")] = 90.0


class TokenListRequest(Request, frozen=True):
    project: ProjectPath = "."
    all: Annotated[bool, option("also those that have ended")] = False


class TokenRevokeRequest(Request, frozen=True):
    token: Annotated[str, argument("the id of a token, as `tokens list` shows it")]
    project: ProjectPath = "."
    reason: Annotated[str, option("why, kept with the act")] = ""


class TokenRotateRequest(Request, frozen=True):
    token: Annotated[str, argument("the id of a token, as `tokens list` shows it")]
    project: ProjectPath = "."
    days: Annotated[float, option("how long the new one opens anything")] = 90.0
    keep_hours: Annotated[float, option("how long the old one still does, so that its holder can change over")] = 24.0


class TokenShown(Struct, frozen=True):
    """A token as it is kept: of its text only a hash is."""

    token: str
    holder: Literal["person", "service"]
    name: str
    scopes: list[str]
    expires: str
    stands: bool
    made: str
    by: str


class TokenAnswer(Struct, frozen=True):
    """`text` is the token itself: it is told now and never again."""

    token: TokenShown
    text: str


class TokenListAnswer(Struct, frozen=True):
    tokens: list[TokenShown]


class TokenRevokeAnswer(Struct, frozen=True):
    token: str
    at: str


group("access", "Who may do what.")


@operation("access", "table", permission="open", remote=True, opens=False)
def access_table(request: TableRequest, context: Context) -> TableAnswer:
    """Show the one table of permissions: who may what, by role, on the command line and over HTTP."""
    from treadle.access import RULES
    from treadle.serving import ROUTES

    return TableAnswer(
        [
            PermissionShown(
                rule.permission,
                rule.resource,
                rule.text,
                sorted(rule.roles),
                rule.scope,
                rule.anonymous,
                [name for name, found in every().items() if found.permission == rule.permission],
                [f"{method} {path}" for (method, path), asked in ROUTES.items() if asked == rule.permission],
            )
            for rule in RULES.values()
        ]
    )


@operation("access", "diff", permission="open", opens=False)
def access_diff(request: DiffRequest, context: Context) -> DiffAnswer:
    """List what a change of the project file grants and takes away, by person, login and anonymous caller."""
    from treadle.access.changes import changes
    from treadle.spec import load_untrusted

    before, after = load_untrusted(request.before), load_untrusted(request.after)
    found = [ChangeShown(c.who, c.permission, c.granted, c.text) for c in changes(before.spec, after.spec)]
    return DiffAnswer(str(before.file), str(after.file), found)


group("tokens", "Tokens of persons and services.")


@operation("tokens", "create", permission="own token")
def tokens_create(request: TokenCreateRequest, work: Work) -> TokenAnswer:
    """Make a token: of a person (by themselves), or of a service (by the owner). Its text is shown once."""
    from treadle.access import people
    from treadle.access.tokens import make

    spec = work.workspace.project.spec
    holder: Literal["person", "service"] = "person" if request.name in people(spec) else "service"
    _require(work, "tokens create", holder, request.name)
    scopes = [part.strip() for part in request.scopes.split(",") if part.strip()]
    text, grant = make(
        work.workspace.chain,
        spec.project,
        request.name,
        holder=holder,
        scopes=scopes,
        days=request.days,
        maker=work.principal,
    )
    return TokenAnswer(_shown(work, grant), text)


@operation("tokens", "list", permission="own token")
def tokens_list(request: TokenListRequest, work: Work) -> TokenListAnswer:
    """List the tokens that stand: one's own, and for the owner everybody's."""
    from treadle.access.tokens import book

    mine = not work.may("tokens")
    found = book(work.workspace.chain, work.workspace.project.spec.project)
    shown = [_shown(work, g, found) for g in found.grants.values() if not mine or g.name == work.principal.name]
    return TokenListAnswer([token for token in shown if request.all or token.stands])


@operation("tokens", "rotate", permission="own token")
def tokens_rotate(request: TokenRotateRequest, work: Work) -> TokenAnswer:
    """Make a token in place of another, which ends a while later."""
    from datetime import timedelta

    from treadle.access.tokens import MOST_DAYS, find, make, revoke
    from treadle.errors import AccessError

    chain, project = work.workspace.chain, work.workspace.project.spec.project
    old = find(chain, project, request.token)
    _require(work, "tokens rotate", old.holder, old.name)
    if not 0 <= request.keep_hours <= 24 * MOST_DAYS:
        raise AccessError(
            f"{request.keep_hours:g} hours is no time", where="--keep-hours", mend=f"0 to {24 * MOST_DAYS:,}"
        )
    if not _shown(work, old).stands:
        raise AccessError(f"token {old.token} has ended", where="TOKEN", mend="treadle tokens create makes a new one")
    text, grant = make(
        chain,
        project,
        old.name,
        holder=old.holder,
        scopes=old.scopes,
        days=request.days,
        replaces=old.token,
        maker=work.principal,
    )
    after = timedelta(hours=request.keep_hours)
    revoke(chain, project, old, reason=f"replaced by {grant.token}", after=after)
    return TokenAnswer(_shown(work, grant), text)


@operation("tokens", "revoke", permission="own token")
def tokens_revoke(request: TokenRevokeRequest, work: Work) -> TokenRevokeAnswer:
    """Let a token open nothing from now on; running servers know within a second."""
    from treadle.access.tokens import find, revoke

    chain, project = work.workspace.chain, work.workspace.project.spec.project
    grant = find(chain, project, request.token)
    _require(work, "tokens revoke", grant.holder, grant.name)
    revoked = revoke(chain, project, grant, reason=request.reason)
    return TokenRevokeAnswer(revoked.token, revoked.at)


def _require(work: Work, operation: str, holder: str, name: str) -> None:
    """A person's token is their own affair, though the owner may take any away; a service's is the owner's."""
    if holder == "service" or (operation == "tokens revoke" and work.may("tokens")):
        work.require(operation, "tokens", name)
    else:
        work.require(operation, "own token", name, holder=name)


def _shown(work: Work, grant: Grant, among: TokenBook | None = None) -> TokenShown:
    """`among`: the tokens of the project, by which it stands as the door has it."""
    from treadle.access.tokens import book

    chain = work.workspace.chain
    among = book(chain, work.workspace.project.spec.project) if among is None else among
    stands = among.stands(grant.digest, chain.clock())
    return TokenShown(
        grant.token, grant.holder, grant.name, list(grant.scopes), grant.expires, stands, grant.made, grant.by
    )
