"""A shop that tells what happens, by a clock that stands still and waits that take no time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from stage_shop import edit
from written_shop import written_shop

from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.notices.found import Told
from treadle.notices.posting import Post
from treadle.notices.sending import Sending
from treadle.rhythm.acting import Asked, open_actions
from treadle.sources.calling import Clock, Tries
from treadle.spec import load
from treadle.spec.load import load_untrusted
from treadle.spec.trust import outside, trust
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
POST = Post(clock=Clock(sleep=lambda seconds: None, draw=lambda: 0.0), tries=Tries(most=3, first=0.01), seconds=20)


def told_shop(folder: Path, notify: str, *, trusted: bool = True) -> Workspace:
    made = written_shop(folder)
    edit(folder, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}}")
    with (folder / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write(f"access: {{trust: local, logins: {{'*': ada}}}}\nnotify:\n{notify}")
    if not trusted:
        return made
    trust(folder, tuple(each.target for each in outside(load_untrusted(folder).spec, folder)))
    return at(replace(made, project=load(folder)), NOW)


def at(shop: Workspace, now: datetime) -> Workspace:
    return replace(shop, chain=replace(shop.chain, clock=lambda: now))


def sent(
    shop: Workspace, *, post: Post = POST, days: int = 0, only: str | None = None, dry: bool = False
) -> list[Told]:
    return Sending(shop, post, days, dry).to_all(only)


def alert(shop: Workspace, text: str = "recall is 0.1; it must be at least 0.5", about: str = "quality") -> None:
    shop.chain.append(AlertRaised(model="shop:1", about=about, until="2026-03-19", text=text), "endpoint/shop")


def action(shop: Workspace, text: str = "Ask the airline", owner: str = "lin", due: str = "2026-04-01") -> int:
    with shop.chain.alone() as alone:
        asked = Asked(text, owner, due, "test")
        (number,) = open_actions(alone, shop.project.spec, [asked], date.min, "")
    return number
