"""The door of a server: names, origins, types of bodies, tokens, sessions; and what it tells the audit."""

from __future__ import annotations

import socket

import pytest
from doors import bearer, door, enter, status
from projects import NOW, spec

from treadle.access import tokens
from treadle.access.door import Door, Refused
from treadle.access.refusals import tell
from treadle.evidence import Chain
from treadle.principal import ANONYMOUS, person
from treadle.spec import People, Serve


def test_nobody_in_particular_predicts_on_this_machine_and_does_nothing_else(chain: Chain) -> None:
    here, elsewhere = door(chain), door(chain, loopback=False)
    assert enter(here) == ANONYMOUS
    assert status(elsewhere) == 401
    for permission in ("events", "outcomes", "read", "records", "run", "release", "tokens"):
        assert status(here, permission) == 401 and status(elsewhere, permission) == 401
    for probe in (here, elsewhere):
        assert enter(probe, "open", method="GET") == ANONYMOUS


def test_the_project_says_what_else_is_open(chain: Chain) -> None:
    opened = door(chain, loopback=False, anonymous=("events", "read"))
    assert enter(opened, "events") == enter(opened, "read", method="GET") == ANONYMOUS
    assert status(opened, "predict") == status(opened, "records") == status(opened, "run") == 401
    assert status(door(chain, anonymous=()), "predict") == 401


def test_a_token_opens_what_it_is_for(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["predict", "events"], days=1)
    at = door(chain, loopback=False)
    assert enter(at, "predict", bearer(text)).actor == enter(at, "events", bearer(text)).actor == "service:till"
    assert status(at, "outcomes", bearer(text)) == status(at, "read", bearer(text)) == 403
    assert enter(at, "predict", (b"authorization", f"bearer  {text} ".encode())).name == "till"


@pytest.mark.parametrize(
    "given", [b"Bearer", b"Bearer x", b"Basic YWRhOnB3", b"", b"\xff\xfe", b"Bearer " + b"x" * 60_000]
)
def test_what_is_no_token_of_ours_is_refused_even_where_none_is_needed(chain: Chain, given: bytes) -> None:
    """A caller who means to be somebody is not quietly nobody."""
    assert status(door(chain), "predict", (b"authorization", given)) == 401


def test_a_person_who_left_the_project_has_a_token_that_opens_nothing(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "eve", holder="person", scopes=["read"], days=1)
    assert status(door(chain), "read", bearer(text)) == 403


def test_tokens_are_taken_up_and_dropped_without_a_restart(chain: Chain) -> None:
    at = door(chain)
    text, grant = tokens.make(chain, "shop", "till", holder="service", scopes=["read"], days=1)
    assert status(at, "read", bearer(text)) == 401
    at.renew(tokens.book(chain, "shop", before=at.tokens))
    assert enter(at, "read", bearer(text)).name == "till"
    tokens.revoke(chain, "shop", grant)
    at.renew(tokens.book(chain, "shop", before=at.tokens))
    assert status(at, "read", bearer(text)) == 401


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8686",
        "127.0.0.1:8686",
        "[::1]:8686",
        "10.1.2.3",
        "api.example.org",
        socket.gethostname(),
    ],
)
def test_a_name_that_the_server_goes_by_is_taken(chain: Chain, host: str) -> None:
    assert enter(door(chain, serve=Serve(hosts=("api.example.org",))), host=host) == ANONYMOUS


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io:80",
        "api.example.org.evil.example",
        "",
        "::1x",
        "fe80::1%evil.example",
        "[fe80::1%25evil.example]:80",
        "evil:80:80",
    ],
)
def test_another_name_is_refused(chain: Chain, host: str) -> None:
    """DNS rebinding: a page's own name that suddenly leads to this machine."""
    at = door(chain, serve=Serve(hosts=("api.example.org",)))
    assert status(at, host=host) == status(at, host=host) == 421


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost:2",
        "http://localhost",
        "http://evil@localhost:1",
        "evil://localhost:1",
        "://localhost:1",
        "",
    ],
)
def test_a_page_of_elsewhere_may_not_call(chain: Chain, origin: str) -> None:
    for method in ("POST", "GET"):
        assert status(door(chain), "predict", (b"origin", origin.encode()), method=method) == 403


def test_a_page_of_ours_or_of_a_named_origin_may(chain: Chain) -> None:
    at = door(chain, serve=Serve(origins=("https://app.example.org", "https://Other.Example")))
    for origin in (b"http://localhost:1", b"https://app.example.org", b"https://other.example"):
        assert enter(at, "predict", (b"origin", origin)) == ANONYMOUS


@pytest.mark.parametrize(
    "kind",
    [
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"",
        b"application/jsonx",
    ],
)
def test_a_body_that_does_not_say_it_is_json_is_refused(chain: Chain, kind: bytes) -> None:
    """What a page of elsewhere can send without being asked first is one of the first three."""
    at = door(chain)
    with pytest.raises(Refused) as refused:
        at.enter("POST", [(b"host", b"localhost"), (b"content-type", kind)], "POST /predict", "predict")
    assert refused.value.status == 415 and "content-type: application/json" in refused.value.mend
    for good in (b"application/json; charset=utf-8", b"Application/JSON"):
        assert at.enter("POST", [(b"host", b"localhost"), (b"content-type", good)], "x", "predict") == ANONYMOUS


def test_a_link_signs_one_browser_in_once(chain: Chain) -> None:
    now = [NOW.timestamp()]
    at = door(chain, now=now)
    code = at.invite(person("ada", via="login ada"))
    value = at.sign_in(code=code)
    cookie = (b"cookie", f"other=1; treadle_shop={value}".encode())
    assert enter(at, "read", cookie, method="GET").name == "ada"
    for wrong in (code, "", code + "x"):
        with pytest.raises(Refused):
            at.sign_in(code=wrong)
    late = at.invite(person("ada"))
    now[0] += 901
    with pytest.raises(Refused, match="too old"):
        at.sign_in(code=late)
    now[0] += 12 * 3600
    assert status(at, "read", cookie, method="GET") == 401


def test_what_changes_something_needs_the_sessions_csrf_token(chain: Chain) -> None:
    at = door(chain)
    value = at.sign_in(code=at.invite(person("ada")))
    cookie = (b"cookie", f"treadle_shop={value}".encode())
    session = at.session(cookie[1])
    assert status(at, "events", cookie) == status(at, "events", cookie, (b"x-csrf-token", b"wrong")) == 403
    assert enter(at, "events", cookie, (b"x-csrf-token", session.csrf.encode())).name == "ada"
    at.sign_out(cookie[1])
    assert (
        at.session(cookie[1]) is None and status(at, "events", cookie, (b"x-csrf-token", session.csrf.encode())) == 401
    )


def test_a_session_ends_with_the_token_that_it_was_begun_with(chain: Chain) -> None:
    text, grant = tokens.make(chain, "shop", "grace", holder="person", scopes=["read"], days=1)
    at = door(chain)
    cookie = f"treadle_shop={at.sign_in(token=text)}".encode()
    assert at.session(cookie).principal.scopes == frozenset({"read"})
    tokens.revoke(chain, "shop", grant)
    at.renew(tokens.book(chain, "shop"))
    assert at.session(cookie) is None
    with pytest.raises(Refused):
        at.sign_in(token=text)


def test_sessions_are_bounded_and_make_room_among_their_own(chain: Chain) -> None:
    at = door(chain)
    mine = f"treadle_shop={at.sign_in(code=at.invite(person('grace')))}".encode()
    cookies = [f"treadle_shop={at.sign_in(code=at.invite(person('ada')))}".encode() for _ in range(1001)]
    assert [at.session(cookie) is not None for cookie in cookies] == [False] * 981 + [True] * 20
    assert at.session(mine) is not None, "one caller's sessions make no other's end"


def test_a_session_by_a_link_ends_with_the_token_of_who_made_the_link(chain: Chain) -> None:
    text, grant = tokens.make(chain, "shop", "grace", holder="person", scopes=["read"], days=1)
    at = door(chain)
    who = enter(at, "read", bearer(text), method="GET")
    cookie = f"treadle_shop={at.sign_in(code=at.invite(who))}".encode()
    assert at.session(cookie) is not None
    tokens.revoke(chain, "shop", grant)
    at.renew(tokens.book(chain, "shop"))
    assert at.session(cookie) is None


def test_the_door_follows_the_project_file(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "lin", holder="person", scopes=["read"], days=1)
    at = door(chain)
    assert enter(at, "read", bearer(text), method="GET").name == "lin"
    at.follow(spec(people=People(owner="ada"), anonymous=()))
    assert status(at, "read", bearer(text), method="GET") == 403 and status(at) == 401


def test_the_door_follows_the_names_and_pages_of_the_project_file(chain: Chain) -> None:
    """Also a name that was asked by before: what was found of it then is not remembered."""
    origin = (b"origin", b"https://app.example.org")
    at = door(chain, serve=Serve(hosts=("old.example",), origins=("https://app.example.org",)))
    assert enter(at, host="old.example") == enter(at, "predict", origin) == ANONYMOUS
    assert status(at, host="new.example") == 421
    at.follow(spec(serve=Serve(hosts=("new.example",))))
    assert enter(at, host="new.example") == ANONYMOUS
    assert status(at, host="old.example") == 421 and status(at, "predict", origin) == 403


def test_a_server_goes_by_the_name_that_it_listens_on(chain: Chain) -> None:
    at = Door(spec(), loopback=True, tokens=tokens.book(chain, "shop"), host="Shop.Internal")
    assert enter(at, host="shop.internal:80") == ANONYMOUS and status(door(chain), host="shop.internal:80") == 421


def test_nothing_that_a_caller_wrote_is_told_to_the_record(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["read"], days=1)
    at = door(chain)
    status(at, host=text)
    status(at, "predict", (b"origin", text.encode()))
    at.refusals.note("x", f"GET /{text}\x1b[31m\n[/x]", text, "", NOW.timestamp())
    told = at.refusals.due(NOW.timestamp())
    assert len(told) == 3 and not any(text in f"{each}" or "\x1b" in each.operation for each in told)
    assert "tdl_…" in told[2].why and "\n" not in told[2].operation


def test_a_crowd_of_unknown_callers_hides_no_known_one(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["predict"], days=1)
    at = door(chain)
    for number in range(500):
        at.refusals.note("anonymous", f"x{number}", "why", "", NOW.timestamp())
    status(at, "run", bearer(text))
    assert [each.operation for each in at.refusals.due(NOW.timestamp()) if each.who == "service:till"] == ["POST /run"]


def test_each_refusal_is_noted_once_an_hour_with_how_often(chain: Chain) -> None:
    now = [NOW.timestamp()]
    at = door(chain, now=now)
    for _ in range(5):
        status(at, "read", method="GET")
    status(at, host="evil.example")
    told = at.refusals.due(now[0])
    assert sorted((each.who, each.operation, each.times, each.peer, each.channel) for each in told) == [
        ("anonymous", "GET /read", 5, "10.0.0.1", "http"),
        ("anonymous", "POST /predict", 1, "10.0.0.1", "http"),
    ]
    for _ in range(7):
        status(at, "read", method="GET")
    assert at.refusals.due(now[0] + 3599) == []
    (again,) = at.refusals.due(now[0] + 3600)
    assert again.times == 7
    status(at, "read", method="GET")
    assert [each.times for each in at.refusals.due(now[0] + 3601, last=True)] == [1]
    assert at.refusals.due(now[0] + 9000) == [] and at.refusals.due(now[0] + 9000, last=True) == []


def test_a_scan_cannot_write_the_record_full(chain: Chain) -> None:
    at = door(chain)
    for number in range(5000):
        at.refusals.note(f"who {number}", "x", "why", "", NOW.timestamp())
    told = at.refusals.due(NOW.timestamp())
    assert len(told) == 201 and sum(each.times for each in told) == 5000


def test_a_probe_is_answered_by_whatever_name_it_asks(chain: Chain) -> None:
    for path in ("/healthz", "/readyz"):
        assert door(chain).enter("GET", [(b"host", b"10-0-0-1.pod")], f"GET {path}", "open") == ANONYMOUS


@pytest.mark.parametrize("header", [(b"authorization", b"Bearer tdl_ended"), (b"cookie", b"treadle_shop=ended")])
def test_a_probe_looks_at_no_credentials(chain: Chain, header: tuple[bytes, bytes]) -> None:
    """Who sends one with every request must not take a server for dead because a token has ended."""
    at = door(chain, anonymous=())
    for path in ("/healthz", "/readyz"):
        assert at.enter("GET", [(b"host", b"localhost"), header], f"GET {path}", "open") == ANONYMOUS
    assert at.refusals.due(NOW.timestamp()) == []


def test_somebody_who_is_known_is_let_on_or_turned_away_and_that_is_noted(chain: Chain) -> None:
    at = door(chain)
    at.allow(person("lin"), "log", "read", "10.0.0.1")
    with pytest.raises(Refused) as refused:
        at.allow(person("lin"), "models release", "release", "10.0.0.1")
    assert refused.value.status == 403
    (told,) = at.refusals.due(NOW.timestamp())
    assert (told.who, told.operation, told.peer) == ("lin", "models release", "10.0.0.1")


def test_a_session_lasts_half_a_day(chain: Chain) -> None:
    now = [NOW.timestamp()]
    at = door(chain, now=now)
    cookie = f"treadle_shop={at.sign_in(code=at.invite(person('ada')))}".encode()
    now[0] += 12 * 3600 - 1
    assert at.session(cookie) is not None
    now[0] += 1
    assert at.session(cookie) is None


def test_after_an_hour_of_silence_refusals_are_told_apart_again(chain: Chain) -> None:
    at, now = door(chain), NOW.timestamp()
    for number in range(300):
        at.refusals.note(f"who {number}", "x", "why", "", now)
    assert len(at.refusals.due(now)) == 201
    assert at.refusals.due(now + 3600) == []
    at.refusals.note("who 299", "x", "why", "", now + 3601)
    assert [each.who for each in at.refusals.due(now + 7300)] == ["who 299"]


def test_what_is_told_stands_in_the_record_once_under_the_policy(chain: Chain) -> None:
    at = door(chain)
    assert at.tokens.newest == ""
    status(at, "read", method="GET")
    tell(chain, "shop", at.refusals.due(NOW.timestamp()))
    tell(chain, "shop", [])
    (entry,) = chain.find()
    assert (entry.actor, entry.subject, entry.kind) == ("policy:access", "project/shop", "access.refused")
