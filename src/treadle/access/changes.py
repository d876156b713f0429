"""What a change of the project file gives and takes away: everybody's permissions before and after, side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access.local import ANY, acts_as, people
from treadle.access.permissions import RULES, Permission, is_loopback, may, resource_of
from treadle.principal import ANONYMOUS, Principal, person

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


class Change(Struct, frozen=True):
    """`text` says it in a sentence. `permission` is empty for what is no permission: as whom a login acts, trust."""

    who: str
    permission: str
    granted: bool
    text: str


def changes(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    """Permissions of persons and anonymous callers, which person a login is, whose word is believed, who approves, and
    whose word a release or a label needs."""
    return [*_permissions(before, after), *_logins(before, after), *_rules(before, after), *_words(before, after)]


def _permissions(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    found = []
    for name in sorted(people(before) | people(after)):
        for permission in RULES:
            had, has = (_has(spec, person(name), permission, loopback=False) for spec in (before, after))
            found += _permission(name, permission, had=had, has=has)
    for who, elsewhere in (("anonymous callers on this machine", False), ("anonymous callers from elsewhere", True)):
        for permission in RULES:
            had, has = (_has(spec, ANONYMOUS, permission, loopback=not elsewhere) for spec in (before, after))
            if (
                had == has and permission != "open"
            ):  # as the server listens; `serve --host` may have it listen elsewhere
                had, has = (_reached(spec, permission, elsewhere=elsewhere) for spec in (before, after))
            found += _permission(who, permission, had=had, has=has)
    return found


def _permission(who: str, permission: Permission, *, had: bool, has: bool) -> list[Change]:
    text = f"{who} {'may now' if has else 'may no longer'} {RULES[permission].text}"
    return [] if had == has else [Change(who, permission, has, text)]


def _reached(spec: ProjectSpec, permission: Permission, *, elsewhere: bool) -> bool:
    """Whether anonymous callers may, of the server that listens where the project file says."""
    here = is_loopback(spec.serve.host)
    return not (elsewhere and here) and _has(spec, ANONYMOUS, permission, loopback=here)


def _has(spec: ProjectSpec, principal: Principal, permission: Permission, *, loopback: bool) -> bool:
    resource = resource_of(spec, RULES[permission].resource, loopback=loopback, holder=principal.name)
    return may(principal, permission, resource)


def _logins(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    """As whom each login acts in the end. That a person's own login is theirs goes with the person."""
    found = []
    for login in sorted({*before.access.logins, *after.access.logins, *people(before), *people(after)}):
        was, now = (spec.access.logins.get(ANY) if login == ANY else acts_as(spec, login) for spec in (before, after))
        who = "any other login" if login == ANY else f"login {login}"
        if was == now or {was, now} == {login, None}:
            continue
        if was is not None:
            found.append(Change(who, "", False, f"{who} no longer acts as {was}"))
        if now is not None:
            found.append(Change(who, "", True, f"{who} acts as {now}"))
    return found


def _rules(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    found = []
    if before.access.trust != after.access.trust:
        local = after.access.trust == "local"
        text = "may now act as any person of the project" if local else "needs a person's token to act as that person"
        found.append(Change("who works on this machine", "", local, f"who works on this machine {text}"))
    if before.brief.people.approve != after.brief.people.approve:
        policy = after.brief.people.approve == "policy"
        text = "releases are now approved by the policy alone" if policy else "a reviewer must now approve each release"
        found.append(Change("policy:gates", "", policy, text))
    was_at, now_at = before.serve.host, after.serve.host
    if was_at != now_at:
        text = f"the server listens on {now_at}, and no longer on {was_at}"
        found.append(Change("the server", "", not is_loopback(now_at), text))
    for name, was, now in (
        ("name", before.serve.hosts, after.serve.hosts),
        ("origin", before.serve.origins, after.serve.origins),
    ):
        found += [
            Change(f"{name} {each}", "", True, f"the server takes the {name} {each}") for each in now if each not in was
        ]
        found += [
            Change(f"{name} {each}", "", False, f"the server takes the {name} {each} no longer")
            for each in was
            if each not in now
        ]
    return found


def _words(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    """What no permission says. An owner may release, and approves one only where they are a reviewer too."""
    was, now = before.brief.people, after.brief.people
    may = partial(_has, permission="release", loopback=False)
    # of all others their permission says it
    owns = {name for name in (was.owner, now.owner) if may(before, person(name)) == may(after, person(name))}
    texts = (
        (_of(owns, was.reviewers), _of(owns, now.reviewers), "approves releases and answers for findings"),
        (was.required, now.required, "is a role without which nothing is released"),
        (was.signs, now.signs, "is a role that signs each version before it is approved"),
        (before.experts.roles, after.experts.roles, "is a role whose word on rows is taken"),
        (before.experts.trusted, after.experts.trusted, "settles what labellers differ on"),
    )
    found = []
    for had, has, text in texts:
        found += [Change(name, "", True, f"{name} {text}") for name in has if name not in had]
        found += [Change(name, "", False, f"{name} no longer {text}") for name in had if name not in has]
    return found


def _of(some: set[str], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in some)
