"""The one table of permissions: role x permission x resource. Whether somebody may do something is asked here alone.

Role-based access control (Sandhu and others, 1996), with two narrowings: a token holds a part of what its holder may do
(its scopes), and a token of a person belongs to that person, whatever roles others have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from treadle.errors import AccessError, nearest
from treadle.principal import Principal

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

Permission = Literal[
    "open",
    "predict",
    "events",
    "outcomes",
    "read",
    "rows",
    "mend",
    "keep",
    "records",
    "run",
    "release",
    "discuss",
    "own token",
    "tokens",
]
Role = Literal["owner", "reviewer", "member", "service", "policy", "anonymous"]
ResourceKind = Literal["nothing", "endpoint", "project", "record", "token"]
SCOPES = ("predict", "events", "outcomes", "read", "write", "admin")
"""What a token can be for."""


class Rule(Struct, frozen=True):
    """Who has a permission, about what, and the scope that a token needs for it ("" for none).

    `anonymous` callers never have it, on loopback unless the project says otherwise, where the project says so, or
    always.
    """

    permission: Permission
    resource: ResourceKind
    text: str
    roles: frozenset[Role]
    scope: str = ""
    anonymous: Literal["never", "loopback", "said", "always"] = "never"


_NAMED: frozenset[Role] = frozenset(("owner", "reviewer", "member"))
_APPROVERS: frozenset[Role] = frozenset(("owner", "reviewer"))
_ALL: frozenset[Role] = frozenset(("owner", "reviewer", "member", "service", "policy"))
_SERVED: frozenset[Role] = frozenset(("owner", "reviewer", "member", "service"))
RULES: dict[Permission, Rule] = {
    rule.permission: rule
    for rule in (
        Rule("open", "nothing", "what names no project's things: probes, the schema", _ALL, anonymous="always"),
        Rule("predict", "endpoint", "ask for predictions", _SERVED, "predict", "loopback"),
        Rule("events", "endpoint", "tell what happened", _SERVED, "events", "said"),
        Rule("outcomes", "endpoint", "tell what came of predictions", _SERVED, "outcomes", "said"),
        Rule("read", "project", "see record, models, costs, reports and figures", _ALL, "read", "said"),
        Rule("rows", "project", "query, profile or compare the rows", _NAMED, "read"),
        Rule("mend", "project", "mend, replay or drop rows set aside, or say what rows are", _NAMED, "write"),
        Rule("keep", "project", "remove old snapshots, or lay out tables anew", _APPROVERS, "write"),
        Rule("records", "record", "see what one prediction was asked and answered", _NAMED, "read"),
        Rule("run", "project", "run steps, serve, rebuild state or sign checkpoints", _SERVED, "write"),
        Rule("release", "project", "answer for findings, approve, release or roll back", _APPROVERS, "write"),
        Rule("discuss", "project", "decide with others, write notes, confirm the charter, sign", _NAMED, "write"),
        Rule("own token", "token", "make or end a person's token", _NAMED, "admin"),
        Rule("tokens", "token", "make tokens of services, or end any", frozenset(("owner",)), "admin"),
    )
}  # fmt: skip


def is_loopback(host: str) -> bool:
    """Whether a server that listens there is heard on this machine alone."""
    return host in ("127.0.0.1", "localhost", "::1")


class Resource(Struct, frozen=True):
    """What is asked about, with all that decides who may: its project's people and what it opens to anonymous callers.

    `holder`: of a token, the person that it belongs to. `opened`: scopes that the project gives to anonymous callers;
    None where it says nothing, which means predictions on `loopback`.
    """

    kind: ResourceKind
    name: str
    owner: str = ""
    reviewers: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    opened: frozenset[str] | None = None
    loopback: bool = False
    holder: str = ""


def resource_of(
    spec: ProjectSpec, kind: ResourceKind, name: str = "", *, loopback: bool = False, holder: str = ""
) -> Resource:
    people = spec.brief.people
    opened = spec.access.anonymous
    return Resource(
        kind=kind,
        name=name or spec.project,
        owner=people.owner,
        reviewers=frozenset(people.reviewers),
        members=frozenset(name for names in people.roles.values() for name in names),
        opened=None if opened is None else frozenset(opened),
        loopback=loopback,
        holder=holder,
    )


def roles_of(principal: Principal, resource: Resource) -> frozenset[Role]:
    """The roles that a principal has there; none for a person whom the project does not name."""
    if principal.kind != "person":
        return frozenset((principal.kind,))
    held: dict[Role, bool] = {
        "owner": principal.name == resource.owner,
        "reviewer": principal.name in resource.reviewers,
        "member": principal.name in resource.members,
    }
    return frozenset(role for role, has in held.items() if has)


def may(principal: Principal, permission: Permission, resource: Resource) -> bool:
    """Whether the table gives it. Nothing is recorded; `authorise` is the question of the door."""
    rule = RULES[permission]
    if rule.anonymous == "always":
        return True
    if principal.kind == "anonymous":
        return _anonymous_may(rule, resource)
    if not roles_of(principal, resource) & rule.roles:
        return False
    if permission == "own token" and resource.holder != principal.name:
        return False
    return principal.scopes is None or not rule.scope or rule.scope in principal.scopes


def _anonymous_may(rule: Rule, resource: Resource) -> bool:
    if rule.anonymous == "never":
        return False
    if resource.opened is not None:
        return rule.scope in resource.opened
    return rule.anonymous == "loopback" and resource.loopback


def authorise(
    principal: Principal, operation: str, permission: Permission, resource: Resource, doing: str = ""
) -> None:
    """Let an operation begin, or not. `doing`: what a refusal names; all that the permission is for, if not given.

    Raises:
        AccessError: the table does not give it. `where` is the operation, `mend` says who may or what is missing.
    """
    if may(principal, permission, resource):
        return
    rule = RULES[permission]
    whom = "an anonymous caller" if principal.kind == "anonymous" else principal.actor
    of = f" of {resource.name}" if resource.kind in ("project", "endpoint") else ""
    raise AccessError(
        f"{whom} may not {doing or rule.text}{of}",
        where=operation,
        mend=_mend(principal, rule, resource),
    )


def _mend(principal: Principal, rule: Rule, resource: Resource) -> str:
    if principal.kind == "anonymous":
        return f"send a token with the scope {rule.scope} (authorization: Bearer …); treadle tokens create makes one"
    if (
        principal.scopes is not None
        and rule.scope not in principal.scopes
        and roles_of(principal, resource) & rule.roles
    ):
        return (
            f"this token is for {', '.join(sorted(principal.scopes)) or 'nothing'}; use one with the scope {rule.scope}"
        )
    if rule.permission == "own token":
        return f"a token of {resource.holder} is made by {resource.holder} alone"
    names = {"owner": {resource.owner}, "reviewer": resource.reviewers, "member": resource.members}
    allowed = sorted(set().union(*(names.get(role, set()) for role in rule.roles)))
    hint = nearest(principal.name, allowed) if principal.kind == "person" else ""
    hint = hint if hint.startswith("did you mean") else ""  # who may is said already
    who = " or ".join(sorted(rule.roles - {"policy"}))
    return f"{who} may: {', '.join(allowed)}{f'; {hint}' if hint else ''}"
