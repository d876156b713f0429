"""What a refusal says, as whom it is noted, and that no crowd hides who is known."""

from __future__ import annotations

from typing import Any

import pytest
from doors import JSON, bearer, door, enter, status
from projects import NOW

from treadle.access import tokens
from treadle.access.door import Door, Refused
from treadle.access.refusals import Refusals, plain
from treadle.evidence import Chain
from treadle.principal import ANONYMOUS, person

HOST = (b"host", b"localhost:1")
AT = NOW.timestamp()


def noted(at: Door) -> list[tuple[str, str, str, str]]:
    return [(each.who, each.operation, each.why, each.peer) for each in at.refusals.due(AT)]


def test_a_refusal_is_its_status_what_is_wrong_and_how_to_mend_it() -> None:
    plainly, quietly = Refused(403, "no", "ask"), Refused(421, "no x", "ask", "no name")
    assert (plainly.status, str(plainly), plainly.what, plainly.mend, plainly.noted) == (403, "no", "no", "ask", "no")
    assert (str(quietly), quietly.noted) == ("no x", "no name")


@pytest.mark.parametrize(
    ("headers", "status", "what", "mend", "who", "why"),
    [
        ([(b"host", b"evil.example")], 421, "this server does not go by the name 'evil.example'",
         "call it by its address, or name it in serve.hosts of the project file",
         "anonymous", "it was called by a name that it does not go by"),
        ([(b"host", b"e" * 300)], 421, f"this server does not go by the name '{'e' * 200}'",
         "call it by its address, or name it in serve.hosts of the project file",
         "anonymous", "it was called by a name that it does not go by"),
        ([HOST, (b"origin", b"http://" + b"e" * 300)], 403, f"pages of 'http://{'e' * 193}' may not call this server",
         "name the origin in serve.origins of the project file", "anonymous", "a page of elsewhere may not call it"),
        ([HOST, JSON, (b"sec-fetch-site", b"cross-site")], 403, "a page of another site may not send this",
         "call from a page of this server", "anonymous", "a page of another site may not send this"),
        ([HOST, JSON, (b"sec-fetch-site", b"same-site"), (b"cookie", b"a=b")], 403,
         "a page of another site may not send this",
         "call from a page of this server", "a browser", "a page of another site may not send this"),
        ([HOST, JSON, (b"authorization", b"Bearer x"), (b"cookie", b"a=b")], 401, "this token opens nothing here",
         "treadle tokens list says which stand, and until when",
         "the holder of some token", "this token opens nothing here"),
    ],
)  # fmt: skip
def test_what_does_not_come_in_is_told_why_and_noted(
    chain: Chain, headers: Any, status: int, what: str, mend: str, who: str, why: str
) -> None:
    at = door(chain)
    with pytest.raises(Refused) as refused:
        at.enter("POST", headers, "POST /predict", "predict", "10.0.0.1")
    assert (refused.value.status, refused.value.what, refused.value.mend) == (status, what, mend)
    assert noted(at) == [(who, "POST /predict", why, "10.0.0.1")]


def test_a_body_of_another_type_is_told_to_its_sender_and_to_no_record(chain: Chain) -> None:
    at = door(chain)
    for kind, said in ((b"text/plain", "text/plain"), (b"", "of no type"), (b"x" * 300, "x" * 200)):
        with pytest.raises(Refused) as refused:
            at.enter("POST", [HOST, (b"content-type", kind)], "POST /predict", "predict")
        assert refused.value.what == f"the body is said to be {said}, and JSON is taken here"
    assert noted(at) == []


def test_reading_is_asked_neither_for_a_site_nor_for_a_type(chain: Chain) -> None:
    at = door(chain)
    for method in ("GET", "HEAD"):
        assert at.enter(method, [HOST, (b"sec-fetch-site", b"cross-site")], "x", "open") == ANONYMOUS
    for site in (b"same-origin", b"none"):
        assert enter(at, "predict", (b"sec-fetch-site", site)) == ANONYMOUS
    assert enter(at, "predict", (b"sec-fetch-site", b"same-site"), (b"origin", b"http://localhost:1")) == ANONYMOUS


def test_a_plain_form_is_taken_where_one_signs_in_or_out_and_nowhere_else(chain: Chain) -> None:
    at, form = door(chain), [HOST, (b"content-type", b"application/x-www-form-urlencoded")]
    for path in ("/signin", "/signout"):
        assert at.identify("POST", form, path) == at.identify("POST", [HOST, JSON], path) == ANONYMOUS
        with pytest.raises(Refused, match="text/plain"):
            at.identify("POST", [HOST, (b"content-type", b"text/plain")], path)
    with pytest.raises(Refused, match="JSON is taken here"):
        at.identify("POST", form, "/session")


def test_who_may_not_is_told_what_about(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["read"], days=1)
    at = door(chain, loopback=False)
    for given, code, who in ((None, 401, "an anonymous caller"), (text, 403, "service:till")):
        for permission, said in (
            ("predict", "ask for predictions of shop"),
            ("outcomes", "tell what came of predictions of shop"),
            ("run", "run steps, serve, rebuild state or sign checkpoints of shop"),
        ):
            with pytest.raises(Refused) as refused:
                enter(at, permission, *([bearer(given)] if given else []))
            assert (refused.value.status, refused.value.what) == (code, f"{who} may not {said}")


def test_names_are_looked_at_once_and_a_thousand_are_kept(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, at = [], door(chain)
    monkeypatch.setattr("ipaddress.ip_address", lambda name: looked.append(name) or int(name))
    for _ in range(2):
        for number in range(1001):
            status(at, host=f"name{number}")
    assert looked == [f"name{number}" for number in range(1001)] + ["name1000"]


def test_anonymous_callers_hide_no_known_one(chain: Chain) -> None:
    """Whoever came without a token was counted among the known: they alone could fill what is told apart."""
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["predict"], days=1)
    at = door(chain)
    for number in range(250):
        with pytest.raises(Refused):
            at.identify("POST", [HOST, JSON, (b"authorization", b"no")], f"x{number}")
        with pytest.raises(Refused):
            at.enter("POST", [HOST, JSON], f"y{number}", "run")
        with pytest.raises(Refused):
            at.allow(ANONYMOUS, f"z{number}", "run")
    status(at, "run", bearer(text))
    with pytest.raises(Refused):
        at.allow(person("lin"), "release", "release")
    told = noted(at)
    assert len(told) == 203 and [each[:2] for each in told if each[0] in ("service:till", "lin")] == [
        ("service:till", "POST /run"), ("lin", "release"),
    ]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_two_hundred_refusals_are_told_apart_and_the_next_is_one_of_the_others(known: bool) -> None:
    at = Refusals()
    for number in range(202):
        at.note(f"who {number}", "x", "why", "", AT, known=known)
    at.note("who 0", "x", "why", "", AT, known=known)
    at.note("someone", "x", "why", "", AT, known=not known)
    told = [(each.who, each.operation, each.times) for each in at.due(AT)]
    assert told == [
        ("who 0", "x", 2), *((f"who {number}", "x", 1) for number in range(1, 200)), ("others", "", 2),
        ("someone", "x", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_what_goes_on_for_ever_does_not_keep_others_from_being_told_apart(known: bool) -> None:
    """One caller refused every few minutes let the count of kinds grow without end: after 200 all were "others"."""
    at = Refusals()
    for hour in range(250):
        at.note("a probe", "x", "why", "", AT + 3600 * hour)
        at.note(f"who {hour}", "x", "why", "", AT + 3600 * hour, known=known)
        assert [each.who for each in at.due(AT + 3600 * hour)] == ["a probe", f"who {hour}"]


def test_an_hour_of_silence_makes_room_for_as_many_as_were_silent() -> None:
    at = Refusals()
    for number in range(201):
        at.note(f"who {number}", "x", "why", "", AT)
    assert len(at.due(AT)) == 201
    for number in range(150, 200):
        at.note(f"who {number}", "x", "why", "", AT + 60)
    assert len(at.due(AT + 3600)) == 50  # 150 and the others were silent, and are forgotten
    for number in range(151):
        at.note(f"new {number}", "x", "why", "", AT + 3601)
    told = [each.who for each in at.due(AT + 3601)]
    assert told == [f"new {number}" for number in range(150)] + ["others"]


def test_what_is_noted_is_cut(chain: Chain) -> None:
    at = door(chain)
    at.refusals.note("w" * 128 + "x", "o" * 128 + "x", "y" * 300 + "x", "", AT)
    assert noted(at) == [("w" * 128, "o" * 128, "y" * 300, "")]
    assert plain("a\x1bb tdl_xY-9_z tdl_\n", 99) == "a\N{REPLACEMENT CHARACTER}b tdl_… tdl_\N{REPLACEMENT CHARACTER}"
