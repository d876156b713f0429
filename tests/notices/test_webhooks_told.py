"""A chat behind a real HTTP server: told once, in order, later where it is away, and never of what is secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from told_shop import NOW, POST, action, alert, at, sent, told_shop
from written_shop import packed, released

from services.web import Asked, Say, Web, says, serving
from treadle.errors import SpecError, StoreError
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.notice_held import NoticeHeld
from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.evidence.kinds.schedule_ran import ScheduleRan
from treadle.notices import gathering, sending
from treadle.notices.sending import states
from treadle.rhythm.acting import change_action
from treadle.spec import load
from treadle.store import Blob
from treadle.workspace import Workspace

KEY = "whsec_" + base64.b64encode(b"a key of the chat").decode()


def texts(web: Web) -> list[str]:
    return [json.loads(each.body)["text"] for each in web.asked]


def chat(folder: Path, monkeypatch: pytest.MonkeyPatch, web: Web, about: str = "alerts, actions") -> Workspace:
    monkeypatch.setenv("CHAT_URL", f"{web.url}/T000/secret-path")
    monkeypatch.setenv("CHAT_KEY", KEY)
    return told_shop(folder, f"  chat: {{webhook: '${{CHAT_URL}}', sign: '${{CHAT_KEY}}', about: [{about}]}}\n")


def test_a_chat_is_told_what_happens_from_its_first_sending_on_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({"ok": True})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        alert(shop, "of before")
        assert [each.outcome for each in sent(shop)] == ["begun"] and not web.asked
        alert(shop, "recall fell <!channel> & more")
        action(shop)
        assert [each.outcome for each in sent(shop)] == ["sent", "sent"]
        assert sent(shop) == []
    first, second = texts(web)
    assert first.startswith("*shop: endpoint/shop: recall fell &lt;!channel&gt; &amp; more*\n")
    assert first.endswith("PROJECT") and "alerts, 2026-03-20 by ada; more: treadle why " in first
    assert "action 1: Ask the airline (lin, until 2026-04-01)" in second
    asked = web.asked[0]
    name, when = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    wanted = hmac.new(b"a key of the chat", f"{name}.{when}.".encode() + asked.body, hashlib.sha256).digest()
    assert asked.headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"
    assert web.asked[1].headers["webhook-id"] != name


def test_days_that_are_past_are_told_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        alert(at(shop, NOW - timedelta(days=9)), "long ago")
        alert(at(shop, NOW - timedelta(days=2)), "of late")
        assert [each.text for each in sent(shop, days=3, dry=True)] == ["shop: endpoint/shop: of late"]
        assert not web.asked and not shop.chain.find(NoticeSent)
        sent(shop, days=3)
        assert len(web.asked) == 1 and "of late" in texts(web)[0]


def test_a_chat_that_is_away_is_told_later_in_order_and_that_it_was_away_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {"now": True}

    def answers(asked: Asked) -> Say:
        return Say(status=503, body=KEY.encode()) if away["now"] else says({})

    with serving(answers) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        alert(shop, "one")
        alert(shop, "two", "drift")
        for _ in range(2):
            (held,) = sent(shop)
            assert held.outcome == "held" and "2 wait: it answered 503, at the last of 3 tries" in held.text
        assert len(shop.chain.find(NoticeHeld)) == 1 and len(web.asked) == 6
        (state,) = states(shop)
        assert (state.waiting, state.told) == (2, 0) and "503" in state.held
        away["now"] = False
        assert [each.text for each in sent(shop)] == ["shop: endpoint/shop: one", "shop: endpoint/shop: two"]
        assert states(shop)[0].held == "" and states(shop)[0].told == 2


def test_what_a_server_never_takes_holds_nothing_up_but_a_wrong_address_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = {"now": 422}
    with serving(lambda asked: Say(status=status["now"], body=f"no: {KEY}".encode())) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        alert(shop, "one")
        (refused,) = sent(shop)
        assert refused.outcome == "refused" and "it answered 422: no: …" in refused.text and KEY not in refused.text
        assert sent(shop) == []
        status["now"] = 404
        alert(shop, "two")
        assert [each.outcome for each in sent(shop)] == ["held"]
        status["now"] = 302
        assert [each.outcome for each in sent(shop)] == ["held"]
    assert [each.outcome for each in sent(shop)] == ["held"]  # nobody listens there any more
    kept = "".join(str(entry.payload) for entry in shop.chain.find(NoticeSent, NoticeHeld))
    assert KEY not in kept and "secret-path" not in kept and web.host not in kept


def test_no_part_of_a_url_that_a_server_repeats_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def repeats(asked: Asked) -> Say:
        plain = [unquote(asked.path), *asked.query.values()]
        said = [asked.path, *plain, *map(quote, plain), *(quote(each, safe="") for each in plain[1:])]
        return Say(status=403, body=" ".join(said).encode())

    with serving(repeats) as web:
        monkeypatch.setenv("CHAT_URL", f"{web.url}/hooks?key=se%2Fcret-key&token=se_cret%20token")
        monkeypatch.setenv("CHAT_TOKEN", "se/cret part")
        parts = f"  parts: {{webhook: '{web.url}/in/${{CHAT_TOKEN}}'}}\n"
        shop = told_shop(tmp_path / "shop", "  chat: {webhook: '${CHAT_URL}'}\n" + parts)
        sent(shop)
        alert(shop)
        said = [each.text for each in sent(shop)]
    assert len(said) == 2 and all("it answered 403: " in text for text in said)
    assert not [text for text in said if "cret" in text] and "cret" not in str(shop.chain.find(NoticeHeld))


def test_a_server_that_hangs_or_breaks_off_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(line: socket.socket) -> None:
        line.shutdown(socket.SHUT_RDWR)

    with serving(lambda asked: Say(body=b"{}", length=100, then=breaks)) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        alert(shop)
        assert [each.outcome for each in sent(shop)] == ["held"]
        assert len({asked.headers["webhook-id"] for asked in web.asked}) == 1  # so that who took it can tell


def test_a_channel_that_hung_the_last_time_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def answers(request: Asked) -> Say:
        asked.append(request.path)
        return Say(status=503) if request.path == "/away" else says({})

    with serving(answers) as web:
        monkeypatch.setenv("AWAY_URL", f"{web.url}/away")
        monkeypatch.setenv("CHAT_URL", f"{web.url}/here")
        channels = "  away: {webhook: '${AWAY_URL}'}\n  here: {webhook: '${CHAT_URL}'}\n"
        shop = told_shop(tmp_path / "shop", channels)
        sent(shop)
        alert(shop)
        assert [each.outcome for each in sent(shop)] == ["held", "sent"] and asked[-1] == "/here"
        alert(shop, "two")
        assert [(each.channel, each.outcome) for each in sent(shop)] == [("here", "sent"), ("away", "held")]


def test_a_secret_that_is_no_text_holds_its_own_channel_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        monkeypatch.setitem(os.environ, "ODD_KEY", "p\udce4ss")
        monkeypatch.setenv("CHAT_URL", f"{web.url}/here")
        channels = "  away: {webhook: 'https://127.0.0.1:9/${ODD_KEY}'}\n  here: {webhook: '${CHAT_URL}'}\n"
        shop = told_shop(tmp_path / "shop", channels)
        sent(shop)
        alert(shop)
        assert [(each.channel, each.outcome) for each in sent(shop)] == [("away", "held"), ("here", "sent")]


def test_many_things_are_told_in_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        for number in range(60):
            alert(shop, f"alert number {number}")
        action(shop, due="2026-03-01")
        (told,) = sent(shop)
        assert told.text == "62 things that happened" and sent(shop) == []
    (text,) = texts(web)
    assert "62 things happened" in text and "and 12 before them" in text
    assert "alert number 59" in text and "number 9 " not in text and "action 1 is late" in text


def test_an_action_is_told_to_be_late_once_for_each_day_that_was_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web, "actions")
        sent(shop)
        action(shop, due="2026-03-21")
        assert len(sent(shop)) == 1
        later = at(shop, NOW + timedelta(days=2))
        assert [each.text for each in sent(later)] == [
            "shop: action 1 is late: Ask the airline (lin, until 2026-03-21)"
        ]
        assert sent(later) == [] and sent(at(shop, NOW + timedelta(days=9))) == []


def test_gates_that_fail_and_that_a_release_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web, "gates")
        sent(shop)
        version = packed(shop, 1, 0.5)

        def ask(holds: bool) -> list[str]:
            gate = Gate("recall", 0.5, 0.4, holds, "recall is 0.4; it must be at least 0.5")
            asked = ReviewRequested(model="shop:1", bundle=Blob("1" * 64, "bundle"), gates=(gate,))
            shop.chain.append(asked, "model/shop:1")
            return [each.text for each in sent(shop)]

        assert ask(False) == ["shop: shop:1 may not be released: recall is 0.4; it must be at least 0.5"]
        assert ask(True) == ["shop: shop:1 waits for a reviewer; all 1 gates hold"]
        ask(False)
        with monkeypatch.context() as away:
            away.setenv("CHAT_URL", "http://127.0.0.1:9/")
            ask(True)
            released(shop, version)
        said = [each.text for each in sent(shop)]
    assert said == ["shop: released shop:1"]  # what waited is over


def test_a_process_that_dies_after_telling_tells_the_same_again_under_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        alert(shop)
        with monkeypatch.context() as killed:
            killed.setattr(sending, "_sent", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                sent(shop)
        assert len(sent(shop)) == 1 and sent(shop) == []
        first, second = web.asked
        assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body


def test_only_one_tells_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        with sending._only_one(shop.root), pytest.raises(StoreError, match="another process tells"):
            sent(shop)


def test_nobody_is_told_before_a_person_trusts_the_project_with_exactly_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        file = shop.project.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("about: [alerts, actions]", "about: [alerts, decisions]"), encoding="utf-8")
        with pytest.raises(
            SpecError,
            match=r"about alerts and decisions is a server outside the project, which would be told what happens",
        ):
            load(file.parent)
        plain = text.replace("'${CHAT_URL}', sign: '${CHAT_KEY}'", "'http://chat.example.org/x'")
        file.write_text(plain, encoding="utf-8")
        with pytest.raises(SpecError, match="plain http: to another machine"):
            load(file.parent)
        assert not web.asked


def test_a_secret_that_is_not_set_is_said_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web)
        sent(shop)
        alert(shop)
        monkeypatch.delenv("CHAT_URL")
        (held,) = sent(shop, post=POST)
        assert held.outcome == "held" and "CHAT_URL is not set" in held.text


def test_runs_that_went_well_hide_none_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web, "failures, actions")
        sent(shop)
        ran = ScheduleRan(why="x", began=NOW, seconds=1.0, attempts=1, ok=True, text="well")
        with shop.chain.alone() as alone:
            alone.append_all([(ran, None)] * (gathering.MOST + 1), "schedule/shop")
        shop.chain.append(
            ScheduleRan(why="x", began=NOW, seconds=1.0, attempts=1, ok=False, text="ill"), "schedule/shop"
        )
        action(shop)
        said = [each.text for each in sent(shop)]
        assert len(said) == 2 and said[0].startswith("shop: failed, because x: ill") and sent(shop) == []


def test_what_was_decided_is_told_with_its_question_and_an_action_with_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda asked: says({})) as web:
        shop = chat(tmp_path / "shop", monkeypatch, web, "decisions, actions")
        sent(shop)
        asked = DecisionOpened(
            decision="model", question="Which model?", options=(Option("a"), Option("b")), decides="ada",
            until="2026-03-21", mediator="lin",
        )  # fmt: skip
        opened = shop.chain.append(asked, "decision/model")
        number = action(shop)
        sent(shop)
        later = at(shop, NOW + timedelta(days=3))
        assert [each.text for each in sent(later)] == [
            "shop: Which model? was to be decided by 2026-03-21; lin decides now"
        ]
        closed = DecisionClosed(decision="model", opened=opened.ref, option="a", because="it is smaller")
        shop.chain.append(closed, "decision/model")
        change_action(shop.chain, shop.project.spec, number, state="done")
        assert [each.text for each in sent(shop)] == [
            "shop: Which model? decided: a, because it is smaller",
            f"shop: action {number} is done (it was to Ask the airline)",
        ]
