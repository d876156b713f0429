"""Issues of a forge behind a real HTTP server that answers as GitHub's and GitLab's APIs do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from told_shop import action, alert, sent, told_shop
from written_shop import packed, released

from services.web import Asked, Say, Web, says, serving
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.notices import sending
from treadle.notices.sending import states
from treadle.notices.wording import marked
from treadle.rhythm.acting import change_action
from treadle.rhythm.actions import action as action_now
from treadle.store import Blob
from treadle.workspace import Workspace

_TEXT: dict[str, Any] = {"type": "string"}
_GITLAB: dict[str, dict[str, Any]] = {
    "POST": {"title": _TEXT, "description": _TEXT, "labels": {"type": "array", "items": _TEXT}},
    "PUT": {"state_event": {"enum": ["close", "reopen"]}},
    "notes": {"body": _TEXT},
}
"""What GitLab's published OpenAPI says of the fields that these requests send, of which each has all."""


def bodies(said: dict[str, Any], request: str) -> None:
    fields = _GITLAB[request]
    wanted = {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    Draft4Validator(wanted).validate(said)


@dataclass
class Forge:
    """What such a server keeps: its issues, by number, and their comments."""

    kind: str
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    refuses: int = 0
    breaks: int = 0
    """So many requests that change something are done, and answered with 502."""
    hangs_up: int = 0
    """So many requests that close an issue are done, and answered with 502."""
    fails: set[int] = field(default_factory=set)
    """Issues that cannot be looked at."""
    late: list[dict[str, Any]] = field(default_factory=list)
    """Issues that lists still hold, though they are gone."""

    def answer(self, asked: Asked) -> Say:
        token = asked.headers.get("authorization" if self.kind == "github" else "private-token", "")
        if token.removeprefix("Bearer ") != "sesame":
            return says({"message": "Bad credentials"}, status=401)
        if self.refuses:
            return Say(status=self.refuses)
        said = json.loads(asked.body) if asked.body else {}
        parts = asked.path.split("/issues")[1].strip("/").split("/")
        if parts == [""]:
            return self.begin(said) if asked.method == "POST" else says(self.listed(asked.query))
        number = int(parts[0])
        if number in self.fails:
            return Say(status=500)
        if number not in self.issues:
            return says({"message": "Not Found"}, status=404)
        if len(parts) == 2 and asked.method == "GET":
            return says([{"body": each} for each in self.comments.get(number, [])])
        if len(parts) == 2:
            assert parts[1] == ("comments" if self.kind == "github" else "notes") and asked.method == "POST"
            if self.kind == "gitlab":
                bodies(said, "notes")
            self.comments.setdefault(number, []).append(said["body"])
            self.issues[number]["comments"] = len(self.comments[number])
            return self.broken() or says({"id": 1}, status=201)
        if asked.method in ("PATCH", "PUT"):
            assert said.get("state") == "closed" or said.get("state_event") == "close"
            if self.kind == "gitlab":
                bodies(said, asked.method)
            self.close(number, "treadle-bot")
            if self.hangs_up:
                self.hangs_up -= 1
                return Say(status=502)
        return says(self.issues[number])

    def listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        assert query["labels"] == "treadle"
        state, size, page = query.get("state", "all"), int(query["per_page"]), int(query.get("page", 1))
        found = [each for each in (*self.late, *self.issues.values()) if state in ("all", each["state"])]
        return found[::-1][size * (page - 1) : size * page]

    def begin(self, said: dict[str, Any]) -> Say:
        number = max((each.get("number") or each["iid"] for each in (*self.late, *self.issues.values())), default=0) + 1
        if self.kind == "github":
            assert said["labels"][0] == "treadle"
            told = {"number": number, "html_url": f"https://forge/i/{number}", "state": "open", "closed_by": None}
        else:
            bodies(said, "POST")
            assert said["labels"] == ["treadle", "ml"]
            told = {"iid": number, "web_url": f"https://forge/i/{number}", "state": "opened", "closed_by": None}
        self.issues[number] = {**said, **told}
        return self.broken() or says(self.issues[number], status=201)

    def broken(self) -> Say | None:
        self.breaks -= 1
        return Say(status=502) if self.breaks >= 0 else None

    def close(self, number: int, by: str, reason: str = "completed") -> None:
        login = "login" if self.kind == "github" else "username"
        self.issues[number] |= {"state": "closed", "closed_by": {login: by}, "closed_at": "2026-03-21T10:00:00Z"}
        self.issues[number] |= {"state_reason": reason} if self.kind == "github" else {}


def forged(folder: Path, monkeypatch: pytest.MonkeyPatch, web: Web, kind: str, about: str) -> Workspace:
    monkeypatch.setenv("FORGE_TOKEN", "sesame")
    place = f"{web.url}/repos/acme/shop" if kind == "github" else f"{web.url}/api/v4/projects/12"
    shop = told_shop(
        folder, f"  forge: {{{kind}: '{place}', token: '${{FORGE_TOKEN}}', about: [{about}], labels: [ml], "
        "logins: {ada-gh: ada}}\n"
    )  # fmt: skip
    sent(shop)
    return shop


def acted(folder: Path, monkeypatch: pytest.MonkeyPatch, web: Web, kind: str) -> tuple[Workspace, int]:
    """A shop with an action, whose issue is open at the forge; and its number."""
    shop = forged(folder, monkeypatch, web, kind, "actions")
    number = action(shop)
    sent(shop)
    return shop, number


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_an_alert_opens_an_issue_and_closing_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    forge = Forge(kind)
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, kind, "alerts")
        alert(shop, "recall fell ``` @everyone")
        alert(shop, "moved: hour", "drift")
        first, _ = sent(shop)
        assert first.link == "https://forge/i/1" and first.text.endswith("(opened)")
        assert (
            "title" in forge.issues[1] and forge.issues[1]["title"] == "shop: endpoint/shop: recall fell ``` @everyone"
        )
        text = forge.issues[1]["body" if kind == "github" else "description"]
        assert text.startswith(
            "````text\nendpoint/shop: recall fell ``` @everyone\n````\n"
        )  # a fence that what it quotes cannot end
        alert(shop, "recall is lower still")
        (told,) = sent(shop)
        assert told.text.endswith("(commented)") and len(forge.issues) == 2 and len(forge.comments[1]) == 1
        assert states(shop)[0].issues == 2
        forge.close(1, "ada-gh")
        (heard,) = sent(shop)
        assert heard.outcome == "heard"
        assert heard.text == "issue 1 of forge, about alert/endpoint/shop/quality, was closed by ada-gh (ada)"
        assert states(shop)[0].issues == 1 and sent(shop) == []
        alert(shop, "and again")
        assert sent(shop)[0].link == "https://forge/i/3"


@pytest.mark.parametrize(("kind", "reason", "state"), [
    ("github", "completed", "done"), ("github", "not_planned", "dropped"), ("gitlab", "", "done"),
])  # fmt: skip
def test_an_action_that_is_closed_there_is_closed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, reason: str, state: str
) -> None:
    forge = Forge(kind)
    with serving(forge.answer) as web:
        shop, number = acted(tmp_path / "shop", monkeypatch, web, kind)
        forge.close(1, "somebody", reason)
        (heard,) = sent(shop)
        assert heard.text.endswith(f"so action {number} is {state}")
        with shop.chain.reading() as reader:
            assert action_now(reader, number, date(2026, 3, 20))[0].state == state
        assert [each.text for each in sent(shop)] != [] and len(forge.issues) == 1  # the change, as nobody's issue
        assert sent(shop) == [] and not forge.comments


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_an_action_that_is_closed_here_is_closed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    forge = Forge(kind)
    with serving(forge.answer) as web:
        shop, number = acted(tmp_path / "shop", monkeypatch, web, kind)
        change_action(shop.chain, shop.project.spec, number, state="done", because="she said yes")
        (told,) = sent(shop)
        assert told.text.endswith("(closed)") and forge.issues[1]["state"] == "closed"
        assert "she said yes" in forge.comments[1][0]
        (closed,) = shop.chain.find(IssueClosed)
        assert closed.payload.by == "" and sent(shop) == []


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_what_was_closed_from_here_was_closed_by_nobody_though_the_answer_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The forge says that who owns the token closed it, who may be a person of the project."""
    forge = Forge(kind)
    with serving(forge.answer) as web:
        shop, number = acted(tmp_path / "shop", monkeypatch, web, kind)
        change_action(shop.chain, shop.project.spec, number, state="done", because="she said yes")
        forge.hangs_up = 1
        (told,) = sent(shop)
        assert told.outcome == "held" and len(forge.comments[1]) == 1
        (told,) = sent(shop)
        assert told.text.endswith("(closed)") and len(forge.comments[1]) == 1
        (closed,) = shop.chain.find(IssueClosed)
        assert closed.payload.by == "" and closed.payload.said().endswith("was closed from here")


def test_what_was_closed_is_kept_where_the_issue_that_takes_its_place_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "gates, reviews")
        for version, holds in ((1, False), (2, True)):
            gate = Gate("recall", 0.5, 0.4, holds, "recall is 0.4")
            asked = ReviewRequested(model=f"shop:{version}", bundle=Blob("1" * 64, "bundle"), gates=(gate,))
            shop.chain.append(asked, f"model/shop:{version}")
            if not holds:
                sent(shop)
        monkeypatch.setattr(forge, "begin", lambda said: Say(status=422))
        assert [each.outcome for each in sent(shop)] == ["refused"] and forge.issues[1]["state"] == "closed"
        (closed,) = shop.chain.find(IssueClosed)
        assert closed.payload.by == "" and sent(shop) == []


def test_gates_that_fail_are_one_issue_which_a_release_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "gates")
        for version in (1, 2):
            gate = Gate("recall", 0.5, 0.4, False, "recall is 0.4; it must be at least 0.5")
            asked = ReviewRequested(model=f"shop:{version}", bundle=Blob("1" * 64, "bundle"), gates=(gate,))
            shop.chain.append(asked, f"model/shop:{version}")
        sent(shop)
        assert len(forge.issues) == 1 and len(forge.comments[1]) == 1
        released(shop, packed(shop, 3, 0.6))
        sent(shop)
        assert forge.issues[1]["state"] == "closed" and states(shop)[0].issues == 0


def test_an_issue_that_was_opened_by_who_was_killed_is_not_opened_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop)
        with monkeypatch.context() as killed:
            killed.setattr(sending, "_sent", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                sent(shop)
        assert len(forge.issues) == 1 and not [e for e in shop.chain.find(NoticeSent) if e.payload.issue]
        assert sent(shop)[0].link == "https://forge/i/1" and len(forge.issues) == 1


def test_a_wrong_token_and_what_is_no_forge_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop)
        monkeypatch.setenv("FORGE_TOKEN", "wrong")
        (held,) = sent(shop)
        assert held.outcome == "held" and "401" in held.text and "wrong" not in held.text
    with serving(lambda asked: says([{"hello": "world"}] if asked.method == "GET" else {"number": "x"})) as web:
        other = forged(tmp_path / "other", monkeypatch, web, "gitlab", "alerts")
        alert(other)
        assert "what is no issue" in sent(other)[0].text


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_an_answer_that_is_lost_makes_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    forge = Forge(kind)
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, kind, "alerts")
        alert(shop)
        forge.breaks = 1
        assert [each.outcome for each in sent(shop)] == ["held"] and len(forge.issues) == 1
        assert [each.link for each in sent(shop)] == ["https://forge/i/1"] and len(forge.issues) == 1
        alert(shop, "worse")
        forge.breaks = 1
        assert [each.outcome for each in sent(shop)] == ["held"]
        assert [each.outcome for each in sent(shop)] == ["sent"] and len(forge.comments[1]) == 1


def test_no_answer_of_a_forge_brings_its_token_into_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge, secret = Forge("github"), "sesame-sesame-sesame"
    with serving(lambda asked: Say(status=401, body=f"{'x' * 110} Bearer {secret}".encode())) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        monkeypatch.setenv("FORGE_TOKEN", secret)
        alert(shop)
        (held,) = sent(shop)
        assert "its token is ${FORGE_TOKEN}" in held.text and "sesame" not in held.text
    with serving(forge.answer) as web:
        other = forged(tmp_path / "other", monkeypatch, web, "github", "alerts")
        monkeypatch.setenv("FORGE_TOKEN", "sesame")
        alert(other)
        sent(other)
        forge.close(1, "sesame")
        (heard,) = sent(other)
        assert "was closed by …" in heard.text
    kept = "".join(str(entry.payload) for each in (shop, other) for entry in each.chain.find())
    assert "sesame" not in kept


def test_an_issue_that_is_gone_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts, actions")
        number = action(shop)
        alert(shop)
        sent(shop)
        del forge.issues[1]
        alert(shop, "worse")
        heard, told = sent(shop)
        assert heard.text == "issue 1 of forge, about action/1, is gone there"
        assert told.outcome == "sent" and states(shop)[0].issues == 1
        with shop.chain.reading() as reader:
            assert action_now(reader, number, date(2026, 3, 20))[0].state == "open", "nobody closed it"


def test_a_mark_that_somebody_quotes_is_not_the_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop, "first")
        sent(shop)
        mark = forge.issues[1]["body"].rstrip().rpartition("treadle-notice ")[2].removesuffix(" -->")
        forge.issues[1]["body"] += "more"
        assert not marked(forge.issues[1]["body"], mark) and marked(f"x\n<!-- treadle-notice {mark} -->\n", mark)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b"{", b'{"number": true}', b'{"number": -5}'])
def test_answers_that_are_none_hold_and_end_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with serving(lambda asked: Say(body=b"[]" if asked.method == "GET" else body)) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop)
        assert [each.outcome for each in sent(shop)] == ["held"]
