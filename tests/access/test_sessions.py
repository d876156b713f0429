"""Sessions of browsers: at their limits exactly, and beside tokens."""

from __future__ import annotations

import pytest
from doors import JSON, bearer, door, enter, status
from projects import NOW, spec

from treadle.access import tokens
from treadle.access.changes import Change
from treadle.access.door import Door, Refused, Session
from treadle.access.permissions import RULES, resource_of
from treadle.evidence import Chain
from treadle.principal import ANONYMOUS, Principal, person


def begun(at: Door, who: Principal) -> bytes:
    return f"treadle_shop={at.sign_in(code=at.invite(who))}".encode()


def test_a_link_is_good_for_less_than_a_quarter_of_an_hour(chain: Chain) -> None:
    now = [NOW.timestamp()]
    at = door(chain, now=now)
    first, second = at.invite(person("ada")), at.invite(person("ada"))
    now[0] += 899.5
    assert at.session(f"treadle_shop={at.sign_in(code=first)}".encode()) is not None
    now[0] += 0.5
    with pytest.raises(Refused):
        at.sign_in(code=second)


def test_what_a_browser_is_given_is_256_random_bits(chain: Chain) -> None:
    at = door(chain)
    given = []
    for _ in range(20):
        code = at.invite(person("ada"))
        value = at.sign_in(code=code)
        session = at.session(f"treadle_shop={value}".encode())
        assert session is not None
        given += [code, value, session.csrf]
    assert len(set(given)) == 60 and {len(each) for each in given} == {43}


@pytest.mark.parametrize(
    ("given", "why"),
    [({"code": "x"}, "this link was used, or is too old"), ({"token": "x"}, "this token opens nothing here"),
     ({}, "this token opens nothing here")],
)  # fmt: skip
def test_who_does_not_get_in_is_told_how_and_that_is_noted(chain: Chain, given: dict[str, str], why: str) -> None:
    at = door(chain)
    with pytest.raises(Refused) as refused:
        at.sign_in(**given, peer="10.0.0.1")
    assert (refused.value.status, refused.value.what) == (401, why)
    assert refused.value.mend == "sign in with a token: treadle tokens create"
    (told,) = at.refusals.due(NOW.timestamp())
    assert (told.who, told.operation, told.why, told.peer) == ("a browser", "sign in", why, "10.0.0.1")


def test_a_thousand_sessions_stand_and_the_next_ends_the_oldest_alone(chain: Chain) -> None:
    at = door(chain)
    cookies = [begun(at, person(f"p{number}")) for number in range(1000)]
    assert all(at.session(cookie) for cookie in cookies)
    cookies.append(begun(at, person("ada")))
    assert [at.session(cookie) is not None for cookie in cookies] == [False] + [True] * 1000


def test_sessions_that_ended_make_room_for_new_ones(chain: Chain) -> None:
    now = [NOW.timestamp()]
    at = door(chain, now=now)
    for number in range(500):
        begun(at, person(f"p{number}"))
    now[0] += 6 * 3600
    stand = [begun(at, person(f"q{number}")) for number in range(500)]
    now[0] += 6 * 3600
    stand += [begun(at, person(f"r{number}")) for number in range(500)]
    assert all(at.session(cookie) for cookie in stand)


def test_a_thousand_links_wait_and_the_next_ends_the_oldest_alone(chain: Chain) -> None:
    at = door(chain)
    first, second, *_ = [at.invite(person("ada")) for _ in range(1000)]
    at.sign_in(code=first)
    first = at.invite(person("ada"))  # a thousand again, and `second` is the oldest
    last = at.invite(person("ada"))
    with pytest.raises(Refused):
        at.sign_in(code=second)
    assert at.sign_in(code=first) and at.sign_in(code=last)


def test_a_cookie_counts_by_its_own_name_wherever_it_stands(chain: Chain) -> None:
    at = door(chain)
    cookie = begun(at, person("ada"))
    value = cookie.partition(b"=")[2]
    for other in (b"", b"treadle_other=" + value, value, b"treadle_shop", b"treadle_shop=x", b"=" + value):
        assert at.session(other) is None
        at.sign_out(other)
    for beside in (b"a=b; " + cookie, b"treadle_shop=x;" + cookie + b" ; a=b", b"treadle_other=x; " + cookie):
        found = at.session(beside)
        assert found is not None and found == at.session(cookie)
    assert Session(person("ada"), "c", 0.0).token == ""
    at.sign_out(b"a=b; " + cookie)
    assert at.session(cookie) is None


def test_a_cookie_is_looked_for_in_the_first_eight_kilobytes(chain: Chain) -> None:
    at = door(chain)
    cookie = begun(at, person("ada"))
    whole = b"a=" + b"x" * (8192 - 4 - len(cookie)) + b"; " + cookie
    assert len(whole) == 8192 and at.session(whole) is not None
    assert at.session(b"a" + whole) is None


def test_a_browser_that_is_signed_in_predicts_as_who_it_is(chain: Chain) -> None:
    """Even where nobody in particular may: a page of elsewhere must not act for who is signed in."""
    at = door(chain)
    cookie = begun(at, person("ada"))
    session = at.session(cookie)
    assert session is not None
    with pytest.raises(Refused) as refused:
        enter(at, "predict", (b"cookie", cookie))
    assert (refused.value.status, refused.value.what) == (403, "the session's CSRF token is missing or wrong")
    assert refused.value.mend == "send it as x-csrf-token; GET /session tells it"
    (told,) = at.refusals.due(NOW.timestamp())
    assert (told.who, told.why) == ("a browser", refused.value.what)
    for given in (session.csrf[:-1], session.csrf + "x", "é"):
        assert status(at, "predict", (b"cookie", cookie), (b"x-csrf-token", given.encode())) == 403
    assert enter(at, "predict", (b"cookie", cookie), (b"x-csrf-token", session.csrf.encode())).name == "ada"
    assert enter(at, "predict", (b"cookie", b"a=b")) == ANONYMOUS


def test_reading_and_the_forms_of_a_session_need_no_csrf_token(chain: Chain) -> None:
    at = door(chain)
    cookie = begun(at, person("ada"))
    for method in ("GET", "HEAD"):
        assert enter(at, "read", (b"cookie", cookie), method=method).name == "ada"
    for path in ("/signin", "/signout"):
        assert at.identify("POST", [(b"host", b"localhost"), JSON, (b"cookie", cookie)], path).name == "ada"


def test_a_token_counts_before_a_cookie(chain: Chain) -> None:
    text, _ = tokens.make(chain, "shop", "till", holder="service", scopes=["predict"], days=1)
    at = door(chain)
    cookie = (b"cookie", begun(at, person("ada")))
    assert enter(at, "predict", bearer(text), cookie).name == "till"
    assert status(at, "predict", bearer("x"), cookie) == 401
    assert status(at, "read", bearer(text), cookie, method="GET") == 403


def test_a_session_ends_at_the_second_at_which_its_token_does(chain: Chain) -> None:
    now = [NOW.timestamp()]
    text, _ = tokens.make(chain, "shop", "lin", holder="person", scopes=["read"], days=0.25)
    at = door(chain, now=now)
    cookie = f"treadle_shop={at.sign_in(token=text)}".encode()
    now[0] += 6 * 3600 - 1
    assert at.session(cookie) is not None
    now[0] += 1
    assert at.session(cookie) is None


def test_a_link_made_without_a_token_ends_with_none(chain: Chain) -> None:
    _, grant = tokens.make(chain, "shop", "grace", holder="person", scopes=["read"], days=1)
    at = door(chain)
    by_login = begun(at, person("grace", via="login grace"))
    tokens.revoke(chain, "shop", grant)
    at.renew(tokens.book(chain, "shop"))
    session = at.session(by_login)
    assert session is not None and session.token == ""


def test_what_is_known_at_the_door_cannot_be_changed_in_place(chain: Chain) -> None:
    _, grant = tokens.make(chain, "shop", "grace", holder="person", scopes=["read"], days=1)
    resource = resource_of(spec(), "project")
    for thing, name in (
        (grant, "scopes"), (tokens.book(chain, "shop"), "newest"), (RULES["run"], "scope"), (resource, "owner"),
        (Session(person("ada"), "c", 0.0), "until"), (Change("ada", "run", True, ""), "granted"),
    ):  # fmt: skip
        with pytest.raises(AttributeError):
            setattr(thing, name, getattr(thing, name))
