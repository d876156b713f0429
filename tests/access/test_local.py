"""Whom a login of the machine is in a project, and when another name is believed."""

from __future__ import annotations

import os
import pwd

import pytest
from projects import spec

from treadle.access import check_actor, local_principal
from treadle.access.local import login
from treadle.errors import AccessError


@pytest.mark.parametrize(
    ("access", "user", "asked", "who"),
    [
        ({}, "ada", None, "ada"),
        ({}, "ada", "ada", "ada"),
        ({}, "lin", None, "lin"),
        ({"logins": {"alovelace": "ada"}}, "alovelace", None, "ada"),
        ({"logins": {"alovelace": "ada"}}, "alovelace", "ada", "ada"),
        ({"logins": {"*": "lin"}}, "anybody", None, "lin"),
        ({"logins": {"*": "lin"}}, "grace", None, "grace"),
        ({"logins": {"*": "lin", "grace": "ada"}}, "grace", None, "ada"),
        ({"trust": "local"}, "nobody", "grace", "grace"),
        ({"trust": "local"}, "ada", "grace", "grace"),
        ({"trust": "local"}, "ada", "mallory", "mallory"),  # a name of no role: the table refuses it
    ],
)
def test_a_login_is_the_person_that_the_project_says(
    access: dict[str, object], user: str, asked: str, who: str
) -> None:
    found = local_principal(spec(**access), asked, user=user)
    assert (found.kind, found.name, found.scopes) == ("person", who, None) and f"login {user}" in found.via


@pytest.mark.parametrize(
    ("access", "user", "asked", "said"),
    [
        ({}, "nobody", None, "nobody, who is logged in, is no person of project shop"),
        ({"trust": "local"}, "nobody", None, "is no person of project shop"),
        ({}, "ada", "grace", "ada, who is logged in, may not act as grace"),
        ({}, "nobody", "ada", "nobody, who is logged in, may not act as ada"),
        ({"logins": {"*": "lin"}}, "nobody", "ada", "may not act as ada"),
        ({}, "ada", "grcae", 'did you mean "grace"'),
        ({"trust": "local"}, "ada", "policy:gates", "is not a name"),
        ({"trust": "local"}, "ada", "service:x", "is not a name"),
    ],
)
def test_nobody_is_somebody_by_default(access: dict[str, object], user: str, asked: str | None, said: str) -> None:
    with pytest.raises(AccessError) as refused:
        local_principal(spec(**access), asked, user=user)
    assert said in refused.value.what and refused.value.mend


def test_a_login_is_the_processs_own_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "grace")
    assert login() == pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "getuid", lambda: 987654321)
    assert login() == "987654321"


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "eve\n", "../x", "policy:gates"])
def test_a_name_cannot_pass_for_another_kind_of_actor(name: str) -> None:
    with pytest.raises(AccessError):
        check_actor(name)


@pytest.mark.parametrize("name", ["a", "x" * 64, "ada.l@home+1-2_3"])
def test_a_name_is_given_back(name: str) -> None:
    assert check_actor(name) == name
