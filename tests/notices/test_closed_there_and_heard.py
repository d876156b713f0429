"""What was closed or removed at a forge, or cannot be looked at: heard before anything is told, and for little."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest
from test_issues_of_forges import Forge, acted, forged
from told_shop import NOW, POST, action, alert, at, sent, told_shop
from written_shop import packed, released

from services.web import Web, says, serving
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.notice_held import NoticeHeld
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.notices import forges, hearing, sending
from treadle.notices.forges import forge as forge_at
from treadle.notices.sending import states
from treadle.rhythm.acting import change_action
from treadle.rhythm.actions import action as action_now
from treadle.store import Blob
from treadle.workspace import Workspace


def state_of(shop: Workspace, number: int) -> str:
    with shop.chain.reading() as reader:
        return action_now(reader, number, date(2026, 3, 20))[0].state


def single_looks(web: Web) -> int:
    return sum(asked.method == "GET" and asked.path.rpartition("/")[2].isdigit() for asked in web.asked)


def test_gates_that_hold_close_their_issue_and_open_one_for_a_reviewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "gates, reviews")
        version = packed(shop, 2, 0.6)
        for number, holds in ((1, False), (2, True), (2, True)):
            gate = Gate("recall", 0.5, 0.4, holds, "recall is 0.4; it must be at least 0.5")
            asked = ReviewRequested(model=f"shop:{number}", bundle=Blob("1" * 64, "bundle"), gates=(gate,))
            shop.chain.append(asked, f"model/shop:{number}")
            sent(shop)
        assert [each["state"] for each in forge.issues.values()] == ["closed", "open"]
        assert forge.issues[2]["title"] == "shop: shop:2 waits for a reviewer; all 1 gates hold"
        assert states(shop)[0].issues == 1 and len(forge.comments[2]) == 1
        (closed,) = shop.chain.find(IssueClosed)
        assert (closed.payload.issue, closed.payload.said()) == (
            1, "issue 1 of forge, about gates/shop, was closed from here",
        )  # fmt: skip
        released(shop, version)
        sent(shop)
        assert forge.issues[2]["state"] == "closed" and states(shop)[0].issues == 0


def test_what_comes_again_after_somebody_closed_it_opens_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("gitlab")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "gitlab", "alerts")
        alert(shop)
        sent(shop)
        forge.close(1, "ada-gh")
        alert(shop, "again")
        assert [(each.outcome, each.link[-1]) for each in sent(shop)] == [("heard", "1"), ("sent", "2")]
        assert not forge.comments and states(shop)[0].issues == 1


def test_an_action_that_was_closed_there_is_late_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "actions")
        action(shop, due="2026-03-21")
        sent(shop)
        forge.close(1, "ada-gh")
        assert [each.outcome for each in sent(at(shop, NOW + timedelta(days=3)))] == ["heard"]
        assert len(forge.issues) == 1


def test_what_was_decided_here_stands_whatever_was_closed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop, number = acted(tmp_path / "shop", monkeypatch, web, "github")
        change_action(shop.chain, shop.project.spec, number, state="dropped", because="no need")
        forge.close(1, "ada-gh")
        assert sent(shop)[0].text.endswith(f"was closed by ada-gh (ada); action {number} is dropped already")
        assert state_of(shop, number) == "dropped"


def test_who_is_killed_while_an_action_is_closed_hears_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop, number = acted(tmp_path / "shop", monkeypatch, web, "github")
        forge.close(1, "ada-gh")
        with monkeypatch.context() as killed:
            killed.setattr(hearing, "close_action", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                sent(shop)
        assert sent(shop)[0].outcome == "heard" and state_of(shop, number) == "done"
        assert len(shop.chain.find(IssueClosed)) == 1


def test_an_issue_in_the_place_of_one_that_was_removed_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop)
        sent(shop)
        forge.late.append(forge.issues.pop(1))  # removed just now: a list still has it
        alert(shop, "worse")
        assert [each.link for each in sent(shop)] == ["https://forge/i/2"]
        forge.late.clear()
        alert(shop, "worse still")
        assert [each.link for each in sent(shop)] == ["https://forge/i/2"]
        assert len(forge.comments[2]) == 1 and states(shop)[0].issues == 1 and not shop.chain.find(IssueClosed)


def test_a_record_in_which_the_removed_one_is_closed_last_keeps_the_other(tmp_path: Path) -> None:
    """So did records that were written before."""
    shop = told_shop(tmp_path / "shop", "  forge: {github: 'https://api.github.com/repos/a/b', token: '${T}'}\n")
    for number in (1, 2):
        opened = NoticeSent(
            channel="forge", thing="late/x", key=f"entry/{number}", upto=1, outcome="sent", text="", answer="opened",
            issue=number,
        )  # fmt: skip
        ref = shop.chain.append(opened, "channel/forge").ref
    gone = IssueClosed(channel="forge", thing="late/x", issue=1, opened=ref, planned=False)
    shop.chain.append(gone, "channel/forge")
    assert states(shop)[0].issues == 1 and gone.said() == "issue 1 of forge, about late/x, is gone there"


def test_a_comment_of_who_was_killed_is_not_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("gitlab")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "gitlab", "alerts")
        alert(shop)
        sent(shop)
        alert(shop, "worse")
        with monkeypatch.context() as killed:
            killed.setattr(sending, "_sent", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                sent(shop)
        assert [each.outcome for each in sent(shop)] == ["sent"] and len(forge.comments[1]) == 1


def test_a_comment_that_a_day_brought_about_is_not_made_twice_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts, actions")
        action(shop, due="2026-03-21")
        sent(shop)
        later = at(shop, NOW + timedelta(days=3))
        with monkeypatch.context() as killed:
            killed.setattr(sending, "_sent", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                sent(later)
        alert(later)  # it comes before what days brought about
        assert [each.text.rpartition(" ")[2] for each in sent(later)] == ["(opened)", "(commented)"]
        assert len(forge.comments[1]) == 1


def test_what_holds_after_a_success_is_kept_though_the_reason_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        alert(shop)
        alert(shop, "moved: hour", "drift")
        forge.breaks = 1
        assert [each.outcome for each in sent(shop)] == ["held"]
        forge.breaks = 1
        assert [each.outcome for each in sent(shop)] == ["sent", "held"] and states(shop)[0].held
        assert len(shop.chain.find(NoticeHeld)) == 2
        assert [each.outcome for each in sent(shop)] == ["sent"] and len(forge.issues) == 2


def test_a_forge_where_nothing_was_closed_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    monkeypatch.setattr(hearing, "MOST_LOOKED_AT", 2)
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        for number in range(4):
            alert(shop, about=f"about {number}")
        sent(shop)
        before = len(web.asked)
        assert sent(shop) == [] and len(web.asked) == before + 1
        for number in (1, 2, 3):
            forge.close(number, "ada-gh")
        assert [len(sent(shop)) for _ in range(3)] == [2, 1, 0] and single_looks(web) == 3
        assert states(shop)[0].issues == 1


def test_an_issue_that_cannot_be_looked_at_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        shop = forged(tmp_path / "shop", monkeypatch, web, "github", "alerts")
        for number in range(3):
            alert(shop, about=f"about {number}")
        sent(shop)
        for number in (1, 2, 3):
            forge.close(number, "ada-gh")
        forge.fails = {1}
        alert(shop, about="about 4")
        assert [each.outcome for each in sent(shop)] == ["heard", "heard", "sent", "held"]
        forge.fails.clear()
        assert [each.link for each in sent(shop)] == ["https://forge/i/1"] and states(shop)[0].issues == 1


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_list_of_open_issues_has_pages(monkeypatch: pytest.MonkeyPatch, kind: Literal["github", "gitlab"]) -> None:
    monkeypatch.setattr(forges, "_NEWEST", 2)
    monkeypatch.setattr(forges, "_MOST_PAGES", 3)
    kept = Forge(kind)
    with serving(kept.answer) as web:
        told = forge_at(kind, web.url, "sesame", POST)
        for number in range(1, 6):
            told.begin(f"Issue {number}", "text", ["ml"])
        kept.close(2, "ada-gh")
        web.asked.clear()
        assert told.open_ones() == {1, 3, 4, 5} and [asked.query["page"] for asked in web.asked] == ["1", "2", "3"]
        for number in range(6, 9):
            told.begin(f"Issue {number}", "text", ["ml"])
        assert told.open_ones() == {8, 7, 6, 5, 4, 3}


def test_a_url_of_a_forge_that_is_none_holds_that_channel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        monkeypatch.setenv("CHAT_URL", web.url)
        monkeypatch.setenv("FORGE_TOKEN", "sesame")
        channels = (
            "  forge: {github: '${FORGE_URL}', token: '${FORGE_TOKEN}', about: [alerts]}\n"
            "  other: {webhook: '${CHAT_URL}', about: [alerts]}\n"
        )
        shop = told_shop(tmp_path / "shop", channels)
        sent(shop)
        for wrong in ("https://api.github.com:sesame/repos/a/b", "https://[sesame/repos/a/b"):
            monkeypatch.setenv("FORGE_URL", wrong)
            alert(shop)
            told = {each.channel: each for each in sent(shop)}
            assert told["other"].outcome == "sent" and told["forge"].outcome == "held"
            assert "its URL cannot be understood" in told["forge"].text and "sesame" not in told["forge"].text


def test_another_record_of_the_same_project_takes_no_issue_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = Forge("github")
    with serving(forge.answer) as web:
        for folder in ("production", "staging"):
            shop = forged(tmp_path / folder, monkeypatch, web, "github", "actions")
            number = action(shop, due="2026-03-21")
            opened, late = sent(at(shop, NOW + timedelta(days=3)))
            assert (opened.text[-8:], late.text[-11:]) == ("(opened)", "(commented)")
            assert state_of(shop, number) == "open"
            forge.close(len(forge.issues), "ada-gh")
    assert len(forge.issues) == 2
    marks = [forge.comments[number][0].rpartition("treadle-notice ")[2] for number in (1, 2)]
    assert marks[0] != marks[1]
