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
    ({"webhook": "https://discord.com/api/webhooks/123456789012345678/x"}, "the URL of this webhook is a secret"),
    ({"webhook": "https://chat.example.org/in/k8sx7q1zj3bq9mufwwd4ye5nca"}, "the URL of this webhook is a secret"),
    ({"webhook": "https://x.example.org/0f8fad5b-d9cb-469f-a165-70867728950e/in"}, "the URL of this webhook is a sec"),
    ({"webhook": "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"}, "the URL of this webhook is a se"),
    ({"webhook": "https://a.logic.azure.com/workflows?v=${V}&sig=hunter2hunter2hunter2"}, "the URL of this webhook is"),
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
        "ops": Channel(webhook="https://ops.example.org/notify/treadle"),
        "words": Channel(webhook="https://ops.example.org/teamNotifications/treadle-alerts-of-the-k8s-shop/2026/in"),
        "zone": Channel(webhook="https://ops.example.org/notify/alerts-eu-central1"),
        "stage": Channel(webhook="https://ops.example.org/SendNoticesToHTTP/production1-k8scluster-notices"),
        "number": Channel(webhook="https://ops.example.org/projects/12345678901234567890/notify"),
        "part": Channel(webhook="https://chat.example.org/hooks/${TOKEN}"),
        "query": Channel(webhook="https://chat.example.org/messages?key=${KEY}&token=${keyring:TOKEN}&v=2016-10-01"),
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
