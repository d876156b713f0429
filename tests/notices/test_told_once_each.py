"""What is told and what is not yet: the last day, many at once, milestones that were reached, who asks for a review."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from test_issues_of_forges import Forge, forged
from test_webhooks_told import chat, texts
from told_shop import NOW, action, alert, at, sent, told_shop
from written_shop import packed, released

from services.web import says, serving
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.notices.calendar import days
from treadle.notices.gathering import happened, overdue
from treadle.rhythm.milestones import set_milestone
from treadle.store import Blob


def test_a_thing_is_late_when_its_day_is_over_and_not_before(tmp_path: Path) -> None:
    shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n")
    action(shop, due="2026-03-25")
    asked = DecisionOpened(
        decision="model", question="Which?", options=(Option("a"), Option("b")), decides="ada", until="2026-03-25"
    )
    shop.chain.append(asked, "decision/model")
    with shop.chain.reading() as reader:
        assert overdue(reader, date(2026, 3, 25), ("actions", "decisions")) == []
        found = overdue(reader, date(2026, 3, 26), ("actions", "decisions"))
    assert [(each.key, each.concerns) for each in found] == [
        ("action/1/late/2026-03-25", ("lin",)), ("decision/model/late/2026-03-25", ("ada",)),
    ]  # fmt: skip


def test_many_things_that_are_late_are_told_once_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web, "actions")
        sent(shop)
        for number in range(6):
            action(shop, f"Do {number}", due="2026-03-21")
        later = at(shop, NOW + timedelta(days=2))
        assert [each.text for each in sent(later)] == ["12 things that happened"] and sent(later) == []
    (text,) = texts(web)
    assert text.count(" is late: ") == 6


def test_a_forge_is_told_of_twenty_and_of_the_rest_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        for number in range(21):
            alert(shop, f"alert {number}", f"about {number}")
        assert [len(sent(shop)) for _ in range(3)] == [20, 1, 0] and len(forge.issues) == 21


def test_a_review_concerns_those_who_may_approve_but_for_who_asked(tmp_path: Path) -> None:
    shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n")
    asked = ReviewRequested(model="shop:1", bundle=Blob("1" * 64, "bundle"), gates=())
    shop.chain.append(asked, "model/shop:1")
    with shop.chain.reading() as reader:
        (found,) = happened(reader, 1, 9, ("reviews",), ("ada", "bo", "lin"))
        assert found.actor == "ada" and found.concerns == ("bo", "lin")


def test_a_milestone_that_was_reached_is_no_day_to_come(tmp_path: Path) -> None:
    shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n")
    set_milestone(shop, "first", "A model", "2026-04-01", ["released"])
    with shop.chain.reading() as reader:
        assert [(each.thing, each.day) for each in days(shop, reader, NOW)] == [("milestone/first", "2026-04-01")]
    released(shop, packed(shop, 1, 0.5))
    with shop.chain.reading() as reader:
        assert days(shop, reader, NOW) == []
