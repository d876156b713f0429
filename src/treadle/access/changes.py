"""What a change of the project file gives and takes away: everybody's permissions before and after, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access.local import people
from treadle.access.permissions import RULES, Permission, may, resource_of
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
    """Permissions of persons and anonymous callers, which person a login is, whose word is believed, who approves."""
    return [*_permissions(before, after), *_logins(before, after), *_rules(before, after)]


def _permissions(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    callers: list[tuple[str, Principal, bool]] = [
        *((name, person(name), False) for name in sorted(people(before) | people(after))),
        ("anonymous callers on this machine", ANONYMOUS, True),
        ("anonymous callers from elsewhere", ANONYMOUS, False),
    ]
    found = []
    for who, principal, loopback in callers:
        for permission, rule in RULES.items():
            had, has = (_has(spec, principal, permission, loopback) for spec in (before, after))
            if had != has:
                text = f"{who} {'may now' if has else 'may no longer'} {rule.text}"
                found.append(Change(who, permission, has, text))
    return found


def _has(spec: ProjectSpec, principal: Principal, permission: Permission, loopback: bool) -> bool:
    resource = resource_of(spec, RULES[permission].resource, loopback=loopback, holder=principal.name)
    return may(principal, permission, resource)


def _logins(before: ProjectSpec, after: ProjectSpec) -> list[Change]:
    found = []
    for login in sorted({*before.access.logins, *after.access.logins}):
        was, now = before.access.logins.get(login), after.access.logins.get(login)
        who = "any other login" if login == "*" else f"login {login}"
        if was != now and was is not None:
            found.append(Change(who, "", False, f"{who} no longer acts as {was}"))
        if was != now and now is not None:
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
