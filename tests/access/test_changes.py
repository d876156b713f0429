"""What a change of the project file grants and takes away."""

from __future__ import annotations

import pytest
from projects import SPEC, spec

from treadle.access.changes import changes
from treadle.spec import People, Serve


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
            "+ lin may now answer for findings, approve, release or roll back",
        ]),
        (spec(people=People(owner="ada", reviewers=("grace",), roles={"data_engineer": ("lin",)}, approve="policy")), [
            "+ releases are now approved by the policy alone",
        ]),
    ],
)  # fmt: skip
def test_each_change_is_said(after: object, expected: list[str]) -> None:
    assert said(after) == expected


def test_a_person_who_leaves_loses_all_they_had() -> None:
    lost = said(spec(people=People(owner="ada", reviewers=("grace",))))
    assert len(lost) == 7 and all(line.startswith("- lin may no longer") for line in lost)


def test_a_login_that_is_another_person_now_is_two_changes() -> None:
    found = changes(spec(logins={"al": "ada"}), spec(logins={"al": "lin"}))
    assert [(change.granted, change.text) for change in found] == [
        (False, "login al no longer acts as ada"),
        (True, "login al acts as lin"),
    ]
