"""What a project may say of its channels: one place each, no secret in the file, people that it has."""

from __future__ import annotations

import pytest

from treadle.spec import Channel
from treadle.spec.telling import of_channels

MAIL = {"mail": "smtps://mail.example.org", "sender": "a@example.org", "to": ("b@example.org",)}


@pytest.mark.parametrize(("given", "said"), [
    ({}, "it leads nowhere"),
    ({"webhook": "${A}", "github": "${B}"}, "it leads to webhook and github"),
    ({"webhook": "ftp://example.org/x"}, "this URL cannot be understood"),
    ({"webhook": "https://example.org/a b"}, "this URL cannot be understood"),
    ({"webhook": "http://example.org/x"}, "plain http: to another machine can be read"),
    ({"webhook": "https://hooks.example.org/T0/B0"}, "the URL of this webhook is a secret"),
    ({"webhook": "${A}", "sign": "hunter2"}, "a secret stands in the file"),
    ({"webhook": "${A}", "token": "${B}"}, "`token` is of github and gitlab, and this is webhook"),
    ({"webhook": "${A}", "about": ()}, "it tells of nothing"),
    ({"github": "https://api.example.org/repos/a/b"}, "opens issues for who has a token, and none is named"),
    ({"github": "https://api.example.org/repos/a/b", "token": "${T}", "logins": {"x": "mallory"}}, "mallory is nobody"),
    ({**MAIL, "mail": "smtps://ada:hunter2@mail.example.org"}, "a password stands in the URL"),
    ({**MAIL, "sender": None}, "a mail has a sender, and none is named"),
    ({**MAIL, "to": ()}, "nobody is named"),
    ({**MAIL, "to": ("b@example.org\nBcc: c@example.org",)}, "is no address"),
    ({**MAIL, "to": {"mallory": "m@example.org"}}, "mallory is nobody of the project"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_no_secret_with_it(given: dict[str, object], said: str) -> None:
    found = list(of_channels({"chat": Channel(**given)}, ["ada", "lin"]))  # type: ignore[arg-type]
    assert [each.path.split(".")[:2] for each in found] == [["notify", "chat"]] * len(found)
    assert said in " | ".join(each.what for each in found)
    assert "hunter2" not in str(found)


def test_what_is_right_passes() -> None:
    right = {
        "chat": Channel(webhook="${CHAT}", sign="${KEY}"),
        "post": Channel(**{**MAIL, "to": {"ada": "ada@example.org"}}),  # type: ignore[arg-type]
        "here": Channel(webhook="http://127.0.0.1:9000/hook"),
        "forge": Channel(github="https://api.github.com/repos/a/b", token="${T}", logins={"x": "ada"}),
    }
    assert list(of_channels(right, ["ada"])) == []


def test_another_secret_topic_or_address_is_trusted_anew() -> None:
    one = Channel(webhook="${CHAT}", sign="${KEY}", about=("alerts",))
    others = [
        Channel(webhook="${CHAT}", about=("alerts",)),
        Channel(webhook="${CHAT}", sign="${KEY}", about=("alerts", "actions")),
        Channel(webhook="${CHAT}", sign="${KEY}", about=("alerts",), unencrypted=True),
        Channel(webhook="${OTHER}", sign="${KEY}", about=("alerts",)),
    ]
    assert len({each.trusted_as for each in [one, *others]}) == 5
