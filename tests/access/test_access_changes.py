"""What a change of the project file grants and takes away."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from projects import SPEC, spec

from treadle.access.changes import Change, changes
from treadle.spec import Experts, People, Serve


def said(after: object) -> list[str]:
    return [f"{'+' if change.granted else '-'} {change.text}" for change in changes(SPEC, after)]


def test_no_change_grants_nothing() -> None:
    assert changes(SPEC, SPEC) == changes(SPEC, spec()) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (spec(anonymous=("predict", "read")), [
            "+ anonymous callers on this machine may now see record, models, costs, reports and figures",
            "+ anonymous callers from elsewhere may now ask for predictions",
            "+ anonymous callers from elsewhere may now see record, models, costs, reports and figures",
        ]),
        (spec(anonymous=()), ["- anonymous callers on this machine may no longer ask for predictions"]),
        (spec(logins={"*": "ada"}), ["+ any other login acts as ada"]),
        (spec(trust="local"), ["+ who works on this machine may now act as any person of the project"]),
        (spec(serve=Serve(hosts=("a.example",), origins=("https://b.example",))), [
            "+ the server takes the name a.example", "+ the server takes the origin https://b.example",
        ]),
        (spec(people=People(owner="ada", reviewers=("grace", "lin"), roles={"data_engineer": ("lin",)})), [
            "+ lin may now remove old snapshots, or lay out tables anew",
            "+ lin may now answer for findings, approve, release or roll back",
        ]),
        (spec(people=People(owner="ada", reviewers=("grace",), roles={"data_engineer": ("lin",)}, approve="policy")), [
            "+ releases are now approved by the policy alone",
        ]),
        (spec(people=People(owner="ada", reviewers=("grace", "ada"), roles={"data_engineer": ("lin",)})), [
            "+ ada approves releases and answers for findings",
        ]),
        (spec(people=People(
            owner="ada", reviewers=("grace",), roles={"data_engineer": ("lin",)},
            required=("data_engineer",), signs=("data_engineer",),
        )), [
            "+ data_engineer is a role without which nothing is released",
            "+ data_engineer is a role that signs each version before it is approved",
        ]),
    ],
)  # fmt: skip
def test_each_change_is_said(after: object, expected: list[str]) -> None:
    assert said(after) == expected


def test_a_person_who_leaves_loses_all_they_had() -> None:
    lost = said(spec(people=People(owner="ada", reviewers=("grace",))))
    assert len(lost) == 10 and all(line.startswith("- lin may no longer") for line in lost)


def test_a_login_that_is_another_person_now_is_two_changes() -> None:
    found = changes(spec(logins={"al": "ada"}), spec(logins={"al": "lin"}))
    assert [(change.granted, change.text) for change in found] == [
        (False, "login al no longer acts as ada"),
        (True, "login al acts as lin"),
    ]


WHOLE = spec(
    serve=Serve(hosts=("a.example", "b.example"), origins=("https://a.example", "https://b.example")),
    people=People(owner="ada", reviewers=("grace",), approve="policy"),
    logins={"*": "ada", "al": "ada", "gr": "grace"},
    trust="local",
    anonymous=("predict",),
)
LESS = spec(
    serve=Serve(hosts=("b.example",), origins=("https://b.example",)),
    people=People(owner="ada", reviewers=("grace",)),
    logins={"gr": "grace", "li": "grace"},
    anonymous=(),
)


def test_a_change_says_who_loses_what_and_in_which_order() -> None:
    here, elsewhere = "anonymous callers on this machine", "anonymous callers from elsewhere"
    assert changes(WHOLE, LESS) == [
        Change(here, "predict", False, f"{here} may no longer ask for predictions"),
        Change(elsewhere, "predict", False, f"{elsewhere} may no longer ask for predictions"),
        Change("any other login", "", False, "any other login no longer acts as ada"),
        Change("login al", "", False, "login al no longer acts as ada"),
        Change("login li", "", False, "login li no longer acts as ada"),  # as any other login did
        Change("login li", "", True, "login li acts as grace"),
        Change(
            "who works on this machine", "", False,
            "who works on this machine needs a person's token to act as that person",
        ),
        Change("policy:gates", "", False, "a reviewer must now approve each release"),
        Change("name a.example", "", False, "the server takes the name a.example no longer"),
        Change("origin https://a.example", "", False, "the server takes the origin https://a.example no longer"),
    ]  # fmt: skip


def test_who_labels_and_who_settles_are_said_and_what_goes_is_too() -> None:
    one, other = (replace(SPEC, experts=each) for each in (Experts(roles=("clerk",)), Experts(trusted=("lin",))))
    assert [change.text for change in changes(one, other)] == [
        "clerk no longer is a role whose word on rows is taken", "lin settles what labellers differ on",
    ]  # fmt: skip
    signed = spec(people=People(owner="ada", reviewers=("ada", "grace"), roles={"m": ("lin",)}, signs=("m",)))
    plain = spec(people=People(owner="ada", reviewers=("grace",), roles={"m": ("lin",)}))
    assert [(change.granted, change.text) for change in changes(signed, plain)] == [
        (False, "ada no longer approves releases and answers for findings"),
        (False, "m no longer is a role that signs each version before it is approved"),
    ]


def test_who_approves_is_said_where_the_owner_changes_at_the_same_time() -> None:
    """Both may release before and after; an owner approves nothing as such."""
    before, after = (
        spec(people=People(owner=owner, reviewers=reviewers))
        for owner, reviewers in (("ada", ("grace",)), ("lin", ("grace", "ada")))
    )
    approves = "ada approves releases and answers for findings"
    assert approves in [change.text for change in changes(before, after)]
    assert "ada no longer approves releases and answers for findings" in [c.text for c in changes(after, before)]
    assert not [change for change in changes(before, after) if change.text.startswith(("grace", "lin approves"))]


def test_a_change_the_other_way_gives_what_the_first_took() -> None:
    lost, won = changes(WHOLE, LESS), changes(LESS, WHOLE)
    assert sorted((c.who, c.permission, not c.granted) for c in won) == sorted(
        (c.who, c.permission, c.granted) for c in lost
    )
    assert [c.text for c in won if c.who in ("who works on this machine", "policy:gates", "name a.example")] == [
        "who works on this machine may now act as any person of the project",
        "releases are now approved by the policy alone",
        "the server takes the name a.example",
    ]


def test_who_leaves_may_become_somebody_else_by_the_star() -> None:
    """Without a line of its own a login is the person of that name, else whom `"*"` says: here, the owner."""
    before = spec(people=People(owner="lin", roles={"m": ("ada",)}), logins={"*": "lin"})
    after = spec(people=People(owner="lin"), logins={"*": "lin"})
    told = [(c.granted, c.text) for c in changes(before, after) if not c.permission]
    assert told == [(False, "login ada no longer acts as ada"), (True, "login ada acts as lin")]
    back = [(c.granted, c.text) for c in changes(after, before) if not c.permission]
    assert back == [(False, "login ada no longer acts as lin"), (True, "login ada acts as ada")]
    dropped = changes(spec(logins={"x": "ada", "*": "lin"}), spec(logins={"*": "lin"}))
    assert [c.text for c in dropped] == ["login x no longer acts as ada", "login x acts as lin"]


def test_a_person_who_comes_or_goes_has_their_own_login_without_a_word() -> None:
    before, after = spec(people=People(owner="lin")), spec(people=People(owner="lin", roles={"m": ("ada",)}))
    for told in (changes(before, after), changes(after, before)):
        assert told and all(change.permission and change.who == "ada" for change in told)


def test_where_the_server_listens_counts() -> None:
    """Open to the network is a grant, though no line of `access` changed."""
    may = ("predict", "events", "read")
    here, there = (spec(anonymous=may, serve=Serve(host=host)) for host in ("127.0.0.1", "0.0.0.0"))
    elsewhere = "anonymous callers from elsewhere"
    told = [(c.granted, c.who, c.permission) for c in changes(here, there)]
    assert told == [
        (True, elsewhere, "predict"), (True, elsewhere, "events"), (True, elsewhere, "read"), (True, "the server", ""),
    ]  # fmt: skip
    assert changes(here, there)[-1].text == "the server listens on 0.0.0.0, and no longer on 127.0.0.1"
    assert [(not g, w, p) for g, w, p in told] == [(c.granted, c.who, c.permission) for c in changes(there, here)]
    plain, open_ = (spec(serve=Serve(host=host)) for host in ("::1", "0.0.0.0"))
    assert [c.text for c in changes(plain, open_)] == [
        "anonymous callers on this machine may no longer ask for predictions",
        "the server listens on 0.0.0.0, and no longer on ::1",
    ]
    assert [c.text for c in changes(plain, spec(serve=Serve(host="localhost")))] == [
        "the server listens on localhost, and no longer on ::1"
    ]
