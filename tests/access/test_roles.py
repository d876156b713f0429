"""Who may do what in a project."""

from __future__ import annotations

import pytest

from treadle.access import check_actor, default_actor, require
from treadle.errors import AccessError
from treadle.spec import Brief, People, Predict, ProjectSpec, Source

SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada", reviewers=("grace",), roles={"data_engineer": ("lin",)})),
    sources={"s": Source(read="s.csv")},
    predict=Predict(name="y", each="s", label="y"),
)


@pytest.mark.parametrize(
    ("who", "permission", "may"),
    [
        ("ada", "read", True), ("grace", "run", True), ("lin", "run", True), ("lin", "release", False),
        ("ada", "release", True), ("grace", "release", True), ("mallory", "read", False), ("mallory", "release", False),
    ],
)  # fmt: skip
def test_each_may_do_what_their_part_allows(who: str, permission: str, may: bool) -> None:
    if may:
        require(who, permission, SPEC)
    else:
        with pytest.raises(AccessError, match=f"{who} may not {permission}"):
            require(who, permission, SPEC)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "eve\n", "../x", "policy:gates"])
def test_a_name_cannot_pass_for_another_kind_of_actor(name: str) -> None:
    with pytest.raises(AccessError):
        check_actor(name)


def test_the_local_user_works_as_the_owner_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREADLE_ACTOR", raising=False)
    assert default_actor(SPEC) == "ada"
    monkeypatch.setenv("TREADLE_ACTOR", "lin")
    assert default_actor(SPEC) == "lin"
