"""Mail really received by a server of SMTP: whole, to whom it concerns, encrypted or refused."""

from __future__ import annotations

import email
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from told_shop import action, alert, sent, told_shop

from treadle.evidence.kinds.notice_sent import NoticeSent
from treadle.notices.mailing import send_mail
from treadle.notices.posting import Held, Refused
from treadle.notices.wording import mail
from treadle.workspace import Workspace


class Box:
    """What came, and what is said to who sends: `refuses` an answer to the mail."""

    def __init__(self) -> None:
        self.came: list[Envelope] = []
        self.refuses = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        if self.refuses:
            return self.refuses
        self.came.append(envelope)
        return "250 OK"


def _auth(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = getattr(data, "password", b"") == b"p@ss/word"
    return AuthResult(success=right, handled=False)  # the server itself says no


@contextmanager
def post_office(box: Box | None = None, **options: object) -> Iterator[tuple[Box, str]]:
    box = box or Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    office = Controller(box, hostname="127.0.0.1", port=port, **options)
    office.start()
    try:
        yield box, f"127.0.0.1:{port}"
    finally:
        office.stop()


def mailing(folder: Path, where: str, to: str = "[team@example.org, lin@example.org]") -> Workspace:
    shop = told_shop(
        folder,
        f"  post: {{mail: 'smtp://{where}', sender: treadle@example.org, to: {to}, about: [alerts, actions]}}\n",
    )
    sent(shop)
    return shop


def test_a_mail_comes_whole_to_everybody_and_once(tmp_path: Path) -> None:
    with post_office() as (box, where):
        shop = mailing(tmp_path / "shop", where)
        alert(shop, "recall fell\nBcc: mallory@example.org — größer als je")
        assert [each.outcome for each in sent(shop)] == ["sent"] and sent(shop) == []
    (envelope,) = box.came
    assert envelope.rcpt_tos == ["team@example.org", "lin@example.org"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == "shop: endpoint/shop: recall fell Bcc: mallory@example.org — größer als je"
    assert message["Bcc"] is None and message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@treadle.shop>") and message["Date"]
    assert "größer als je\n\nalerts, 2026-03-20 by ada" in message.get_content().replace("\r\n", "\n")


def test_what_concerns_one_person_goes_to_them_alone(tmp_path: Path) -> None:
    with post_office() as (box, where):
        shop = mailing(tmp_path / "shop", where, "{ada: ada@example.org, lin: lin@example.org}")
        action(shop, owner="lin")
        action(shop, owner="grace")
        alert(shop)
        assert [each.outcome for each in sent(shop)] == ["sent", "nobody", "sent"]
    assert [each.rcpt_tos for each in box.came] == [["lin@example.org"], ["ada@example.org", "lin@example.org"]]


def test_a_final_no_is_no_and_any_other_waits(tmp_path: Path) -> None:
    with post_office() as (box, where):
        shop = mailing(tmp_path / "shop", where)
        box.refuses = "451 come back"
        alert(shop)
        assert sent(shop)[0].outcome == "held"
        box.refuses = "554 never"
        (refused,) = sent(shop)
        assert refused.outcome == "refused" and "554" in refused.text
        assert sent(shop) == []
    alert(shop)
    assert "cannot be reached" in sent(shop)[0].text


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_and_encryption_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    message = mail("shop", [], "treadle@example.org", ["ada@example.org"], "x")
    with post_office(authenticator=_auth, auth_required=True, auth_require_tls=False) as (box, where):
        with pytest.raises(Held, match="refused the name or the password"):
            send_mail(f"smtp://ada:wrong@{where}", message)
        with pytest.raises(Held, match="530"):
            send_mail(f"smtp://{where}", message)
        assert send_mail(f"smtp://ada:p%40ss%2Fword@{where}", message) == () and len(box.came) == 1
        monkeypatch.setattr("treadle.notices.mailing._SECONDS", 1.0)
        with pytest.raises(Held, match="cannot be reached or broke off"):
            send_mail(f"smtps://{where}", message)  # it speaks no TLS
    with pytest.raises(Held, match="cannot be understood"):
        send_mail("https://example.org", message)


def test_addresses_that_are_all_refused() -> None:
    class Nobody(Box):
        async def handle_RCPT(self, *given: object) -> str:  # noqa: N802 - its name
            return "550 no such user"

    message = mail("shop", [], "treadle@example.org", ["ada@example.org"], "x")
    with post_office(Nobody()) as (_, where), pytest.raises(Refused, match="refused every address"):
        send_mail(f"smtp://{where}", message)


class Choosy(Box):
    """It answers each address with the next of its answers, of which the last stays; any other with 250."""

    def __init__(self, **answers: list[str]) -> None:
        super().__init__()
        self.answers = answers

    async def handle_RCPT(  # noqa: N802 - its name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        left = self.answers.get(address.partition("@")[0], ["250 OK"])
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer


def test_of_several_addresses_none_is_lost_that_may_be_taken_later() -> None:
    message = mail("shop", [], "treadle@example.org", ["ada@example.org", "lin@example.org"], "x")
    with post_office(Choosy(ada=["550 unknown"], lin=["450 later"])) as (_, where), pytest.raises(Held, match="every"):
        send_mail(f"smtp://{where}", message)
    with post_office(Choosy(lin=["452 too many", "250 OK"])) as (box, where):
        assert send_mail(f"smtp://{where}", message) == ()
    assert [each.rcpt_tos for each in box.came] == [["ada@example.org"], ["lin@example.org"]]


def test_for_whom_a_mail_was_not_taken_is_said_and_kept(tmp_path: Path) -> None:
    with post_office(Choosy(lin=["450 later"], bo=["550 unknown"])) as (box, where):
        shop = mailing(tmp_path / "shop", where, "[team@example.org, bo@example.org, lin@example.org]")
        alert(shop)
        (told,) = sent(shop)
        assert told.outcome == "sent" and told.text.endswith("(taken, but not for bo@…, lin@…: tell them by hand)")
        assert sent(shop) == [] and [each.rcpt_tos for each in box.came] == [["team@example.org"]]
    assert shop.chain.find(NoticeSent)[-1].payload.answer == "taken, but not for bo@…, lin@…: tell them by hand"


@pytest.mark.parametrize(("answers", "error", "said"), [
    ({"": "554 no service here"}, Held, "it greeted with 554"),
    ({"EHLO": "550 who are you"}, Held, "it answered 550"),
    ({"MAIL": "550 not from you"}, Held, "it answered 550"),
    ({"MAIL": "552 too large"}, Refused, "it answered 552"),
])  # fmt: skip
def test_a_no_to_who_sends_is_none_to_the_mail(answers: dict[str, str], error: type[Exception], said: str) -> None:
    def answer(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line, line.makefile("rw", newline="") as talk, suppress(OSError):
            verb = ""
            while True:
                talk.write(f"{answers.get(verb, '220 OK' if not verb else '250 OK')}\r\n")
                talk.flush()
                verb = talk.readline()[:4].strip().upper()
                if not verb:
                    return
                if verb == "HELO":
                    verb = "EHLO"

    message = mail("shop", [], "treadle@example.org", ["ada@example.org"], "x")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        with pytest.raises(error, match=said):
            send_mail(f"smtp://127.0.0.1:{listening.getsockname()[1]}", message)
        thread.join()


def test_what_a_server_says_to_the_farewell_changes_nothing(tmp_path: Path) -> None:
    class Rude(Box):
        async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            return "554 no"

    with post_office(Rude()) as (box, where):
        shop = mailing(tmp_path / "shop", where)
        alert(shop)
        assert [each.outcome for each in sent(shop)] == ["sent"] and sent(shop) == [] and len(box.came) == 1


def test_a_server_that_drips_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.notices.mailing._SECONDS", 1.0)
    message = mail("shop", [], "treadle@example.org", ["ada@example.org"], "x")

    def drip(listening: socket.socket) -> None:
        line, _ = listening.accept()
        with line:
            for _ in range(100):
                try:
                    line.sendall(b"220-x\r\n")
                except OSError:
                    return
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        with pytest.raises(Held, match="cannot be reached or broke off"):
            send_mail(f"smtp://127.0.0.1:{listening.getsockname()[1]}", message)
        thread.join()
    with pytest.raises(Held), post_office() as (_, where):
        send_mail(f"smtp://ada:p%C3%A4ss@{where}", message)
