"""The table of permissions, held against a second statement of the rules that shares nothing with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import SPEC, spec

from treadle.access import RULES, authorise, may, resource_of
from treadle.access.permissions import SCOPES, Resource
from treadle.errors import AccessError
from treadle.principal import ANONYMOUS, Principal, person
from treadle.spec import People

NAMES = ("ada", "grace", "lin", "mallory")


def allowed(who: Principal, permission: str, people: People, opened: Any, *, loopback: bool, holder: str) -> bool:
    """The rules as sentences: as a person would tell them, and not from the table."""
    known = {people.owner, *people.reviewers, *(name for names in people.roles.values() for name in names)}
    if permission == "open":
        return True
    if who.kind == "anonymous":
        if permission == "predict" and opened is None:
            return loopback
        return opened is not None and permission in ("predict", "events", "outcomes", "read") and permission in opened
    wanted = {
        "run": "write",
        "release": "write",
        "discuss": "write",
        "records": "read",
        "own token": "admin",
        "tokens": "admin",
    }
    if who.scopes is not None and wanted.get(permission, permission) not in who.scopes:
        return False
    if who.kind == "policy":
        return permission == "read"
    if who.kind == "service":
        return permission in ("predict", "events", "outcomes", "read", "run")
    if permission == "tokens":
        return who.name == people.owner
    if permission == "release":
        return who.name in (people.owner, *people.reviewers)
    return who.name in known and (permission != "own token" or who.name == holder)


name = st.sampled_from(NAMES)
peoples = st.builds(
    People,
    owner=name,
    reviewers=st.lists(name, max_size=2).map(tuple),
    roles=st.dictionaries(
        st.sampled_from(["data_engineer", "owner", "reviewer"]), st.lists(name).map(tuple), max_size=2
    ),
)
scopes = st.none() | st.frozensets(st.sampled_from(SCOPES))
principals = (
    st.builds(Principal, kind=st.just("person"), name=name, scopes=scopes)
    | st.builds(Principal, kind=st.just("service"), name=name, scopes=scopes)
    | st.builds(Principal, kind=st.just("policy"), name=name)
    | st.just(ANONYMOUS)
)
opened = st.none() | st.lists(st.sampled_from(["predict", "events", "outcomes", "read"]), unique=True).map(tuple)


@given(principals, st.sampled_from(sorted(RULES)), peoples, opened, st.booleans(), name)
def test_the_table_says_what_the_rules_say(
    who: Principal, permission: Any, people: People, opens: Any, loopback: bool, holder: str
) -> None:
    made = spec(people=people, anonymous=opens)
    resource = resource_of(made, RULES[permission].resource, loopback=loopback, holder=holder)
    assert may(who, permission, resource) is allowed(who, permission, people, opens, loopback=loopback, holder=holder)


@pytest.mark.parametrize("permission", [p for p in RULES if p != "open"])
def test_a_refusal_says_what_to_do(permission: Any) -> None:
    resource = resource_of(SPEC, RULES[permission].resource, holder="grace")
    for who in (person("mallory"), ANONYMOUS, Principal("person", "ada", frozenset(), via="token 1")):
        with pytest.raises(AccessError) as refused:
            authorise(who, "try it", permission, resource)
        assert "may not " in refused.value.what and refused.value.mend and refused.value.where == "try it"


@pytest.mark.parametrize(
    ("who", "permission", "mend"),
    [
        (person("grcae"), "release", 'owner or reviewer may: ada, grace; did you mean "grace"?'),
        (person("ada"), "own token", "a token of grace is made by grace alone"),
        (
            Principal("service", "ci", frozenset(["read"])),
            "run",
            "this token is for read; use one with the scope write",
        ),
        (Principal("service", "ci", frozenset(["write"])), "release", "owner or reviewer may: ada, grace"),
        (ANONYMOUS, "events", "send a token with the scope events"),
        (Principal("person", "mallory", frozenset(["read"])), "release", "owner or reviewer may: ada, grace"),
        (Principal("service", "ci", frozenset()), "run", "this token is for nothing; use one with the scope write"),
    ],
)
def test_what_is_missing_is_named(who: Principal, permission: Any, mend: str) -> None:
    with pytest.raises(AccessError) as refused:
        authorise(who, "x", permission, resource_of(SPEC, RULES[permission].resource, holder="grace"))
    assert mend in refused.value.mend


def test_an_actor_of_another_kind_cannot_be_a_person() -> None:
    assert person("ada").actor == "ada"
    assert Principal("service", "ada").actor == "service:ada"
    assert Principal("policy", "gates").actor == "policy:gates" and ANONYMOUS.actor == "anonymous"


def test_a_refusal_says_what_about_and_a_server_elsewhere_is_no_loopback() -> None:
    assert resource_of(SPEC, "endpoint").loopback is False
    for permission, said in (("run", "sign checkpoints of shop"), ("records", "asked and answered")):
        with pytest.raises(AccessError) as refused:
            authorise(person("mallory"), "x", permission, resource_of(SPEC, RULES[permission].resource))
        assert refused.value.what.endswith(said)


@pytest.mark.parametrize(
    ("who", "permission", "resource", "what", "mend"),
    [
        (ANONYMOUS, "predict", Resource("endpoint", "e"), "an anonymous caller may not ask for predictions of e",
         "send a token with the scope predict (authorization: Bearer …); treadle tokens create makes one"),
        (person("mallory"), "run", resource_of(SPEC, "project"),
         "mallory may not run steps, serve, rebuild state or sign checkpoints of shop",
         "member or owner or reviewer or service may: ada, grace, lin"),
        (person("lni"), "read", resource_of(SPEC, "project"),
         "lni may not see record, models, costs, reports and figures of shop",
         'member or owner or reviewer or service may: ada, grace, lin; did you mean "lin"?'),
        (Principal("service", "lni"), "records", resource_of(SPEC, "record"),
         "service:lni may not see what one prediction was asked and answered",
         "member or owner or reviewer may: ada, grace, lin"),
        (Principal("person", "ada", frozenset({"write", "read"})), "tokens", resource_of(SPEC, "token"),
         "ada may not make tokens of services, or end any",
         "this token is for read, write; use one with the scope admin"),
        (person("ada"), "own token", resource_of(SPEC, "token", holder="lin"),
         "ada may not make or end a person's token", "a token of lin is made by lin alone"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_word_for_word(
    who: Principal, permission: Any, resource: Resource, what: str, mend: str
) -> None:
    with pytest.raises(AccessError) as refused:
        authorise(who, "x", permission, resource)
    assert (refused.value.what, refused.value.where, refused.value.mend) == (what, "x", mend)


def test_the_answer_is_yes_or_no_and_nothing_between() -> None:
    token = resource_of(SPEC, "token", holder="grace")
    assert may(person("ada"), "own token", token) is may(person("mallory"), "own token", token) is False
    assert may(ANONYMOUS, "own token", token) is False and may(person("grace"), "own token", token) is True


def test_a_refusal_names_what_was_asked() -> None:
    with pytest.raises(AccessError, match="mallory may not go on over a budget of ") as bad:
        authorise(person("mallory"), "--over-budget", "release", resource_of(SPEC, "project"), "go on over a budget")
    assert bad.value.where == "--over-budget" and "owner or reviewer may" in bad.value.mend
