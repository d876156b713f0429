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


def test_without_a_project_the_machine_says_who_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREADLE_ACTOR", raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "lovelace")
    assert default_actor() == "lovelace"

    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert default_actor() == "unknown"
    monkeypatch.setenv("TREADLE_ACTOR", "a b")
    with pytest.raises(AccessError, match="is not a name"):
        default_actor()


@pytest.mark.parametrize("name", ["a", "x" * 64, "ada.l@home+1-2_3"])
def test_a_name_is_given_back(name: str) -> None:
    assert check_actor(name) == name


@pytest.mark.parametrize(
    ("who", "permission", "mend"),
    [
        ("grcae", "release", 'the owner and the reviewers may; did you mean "grace"?'),
        ("mallory", "release", "the owner and the reviewers may; known here: ada, grace"),
        ("lni", "run", 'anyone named in the project, and the local user may; did you mean "lin"?'),
    ],
)
def test_a_refusal_says_who_may(who: str, permission: str, mend: str) -> None:
    with pytest.raises(AccessError) as caught:
        require(who, permission, SPEC)
    assert caught.value.mend == mend and caught.value.where == "--as"
