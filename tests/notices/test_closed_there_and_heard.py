"""What was closed or removed at a forge, or cannot be looked at: heard before anything is told, and for little."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from test_issues_of_forges import Forge, forged
from told_shop import NOW, action, at, sent
from written_shop import packed, released

from services.web import serving
from treadle.evidence.kinds.issue_closed import IssueClosed
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.notices.sending import states
from treadle.rhythm.actions import action as action_now
from treadle.store import Blob
from treadle.workspace import Workspace


def state_of(shop: Workspace, number: int) -> str:
    with shop.chain.reading() as reader:
        return action_now(reader, number, date(2026, 3, 20))[0].state


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
