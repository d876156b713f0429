"""`treadle notify` as it is typed, and by the scheduler."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from told_shop import NOW, alert, told_shop

from services.web import Say, says, serving
from treadle.cli import main
from treadle.scheduling import Outcome, Scheduler
from treadle.scheduling.keeping import _told_to_channels
from treadle.workspace import Workspace


def typed(*words: str) -> int:
    sys.argv = ["treadle", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])


def test_a_chat_is_told_by_a_command_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda asked: says({})) as web:
        monkeypatch.setenv("CHAT_URL", web.url)
        shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n")
        place = str(tmp_path / "shop")
        assert typed("notify", "send", place) == 0
        assert "chat begun: is told what happens from here on" in capsys.readouterr().out
        alert(shop)
        assert typed("notify", "send", place, "--dry-run") == 0 and not web.asked
        assert "chat would be sent: shop: endpoint/shop: recall is 0.1" in capsys.readouterr().out
        assert typed("notify", "send", place, "--channel", "chatt") == 1
        assert 'did you mean "chat"' in capsys.readouterr().err
        assert typed("notify", "send", place) == 0
        assert "✓ chat shop: endpoint/shop: recall is 0.1; it must be at least 0.5" in capsys.readouterr().out
        assert typed("notify", "list", place, "--json") == 0
        (channel,) = json.loads(capsys.readouterr().out)["channels"]
        assert (channel["told"], channel["waiting"], channel["trusted"]) == (1, 0, True)
        assert typed("notify", "list", place) == 0
        assert "told 1, last 2026" in capsys.readouterr().out
    assert typed("notify", "calendar", place, str(tmp_path / "shop.ics"), "--person", "mallory") == 1
    assert typed("notify", "calendar", place, str(tmp_path / "shop.ics")) == 0
    assert typed("notify", "calendar", place, str(tmp_path / "shop.ics")) == 1
    assert "is there already" in capsys.readouterr().err
    assert typed("notify", "calendar", place, str(tmp_path / "shop.ics"), "--replace") == 0
    assert (tmp_path / "shop.ics").read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_the_exit_code_says_where_nothing_of_what_was_due_could_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = {"now": 422}
    with serving(lambda asked: Say(status=status["now"], body=b"{}")) as web:
        monkeypatch.setenv("CHAT_URL", web.url)
        shop, place = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n"), str(tmp_path / "shop")
        assert typed("notify", "send", place) == 0
        alert(shop)
        assert typed("notify", "send", place, "--dry-run") == 0
        assert typed("notify", "send", place) == 1, "it was refused"
        assert typed("notify", "send", place) == 0, "nothing is due"
        alert(shop, "two")
        status["now"] = 404
        assert typed("notify", "send", place) == 1, "it waits"
        status["now"] = 200
        assert typed("notify", "send", place) == 0


def test_a_scheduler_tells_once_a_minute_and_says_what_waits_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        monkeypatch.setenv("CHAT_URL", f"{web.url}/x")
        shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n")
        now, said, asked, happened = [NOW], list[str](), list[Workspace](), list[None]()

        def wait(seconds: float) -> bool:
            now[0] += timedelta(seconds=20)
            if len(asked) == 2 and not happened:
                happened.append(alert(shop))
            return now[0] >= NOW + timedelta(minutes=5)

        def tell(workspace: Workspace) -> list[str]:
            asked.append(workspace)
            return _told_to_channels(workspace)

        scheduled = replace(shop, chain=replace(shop.chain, clock=lambda: now[0]))
        scheduler = Scheduler(scheduled, lambda: Outcome(True, "", 0.0), wait, said.append, every="1d", tell=tell)
        scheduler.until_stopped()
        assert len(web.asked) == 1
    told = [line for line in said if "chat" in line]
    assert len(told) == 2 and told[1].endswith(
        "chat, sent: shop: endpoint/shop: recall is 0.1; it must be at least 0.5"
    )
    assert 4 <= len(asked) <= 7
