"""Tokens: what stands, until when, and that nothing of their text is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from projects import NOW, later
from sqlalchemy import text

from treadle.access import tokens
from treadle.errors import AccessError
from treadle.evidence import Chain
from treadle.evidence.kinds.noted import Noted
from treadle.principal import Principal


def make(chain: Chain, **more: Any) -> tuple[str, tokens.Grant]:
    given = {"name": "ci", "holder": "service", "scopes": ["read", "predict"], "days": 30.0} | more
    return tokens.make(chain, "shop", given.pop("name"), **given)


def test_a_token_names_its_holder_and_scopes(chain: Chain) -> None:
    made, grant = make(chain)
    found = tokens.book(chain, "shop").find(made, NOW)
    assert found == Principal("service", "ci", frozenset({"predict", "read"}), via=f"token {grant.token}")
    assert (grant.by, grant.expires) == ("ada", "2026-03-31T12:00:00+00:00")
    person, _ = make(chain, name="grace", holder="person")
    assert tokens.book(chain, "shop").find(person, NOW).actor == "grace"


def test_a_token_is_256_random_bits_and_its_text_is_kept_nowhere(chain: Chain) -> None:
    made = {make(chain)[0] for _ in range(20)}
    assert len(made) == 20 and all(each.startswith("tdl_") and len(each.split("_", 2)[2]) >= 43 for each in made)
    with chain.engine.connect() as connection:
        bodies = [bytes(row[0]) for row in connection.execute(text("select body from entries"))]
    secrets = [each.split("_", 2)[2].encode() for each in made]
    assert len(bodies) == 20 and not any(secret in body for secret in secrets for body in bodies)


def test_what_is_not_the_text_of_a_token_opens_nothing(chain: Chain) -> None:
    made, grant = make(chain)
    book = tokens.book(chain, "shop")
    for wrong in ("", made[:-1], made + "x", made.upper(), grant.token, grant.digest, "tdl_", "\udcff", "x" * 100_000):
        assert book.find(wrong, NOW) is None
    assert tokens.book(chain, "another").find(made, NOW) is None


def test_a_token_ends_at_its_time(chain: Chain) -> None:
    made, _ = make(chain, days=1)
    book = tokens.book(chain, "shop")
    assert book.find(made, NOW + timedelta(hours=24) - timedelta(seconds=1)) is not None
    assert book.find(made, NOW + timedelta(hours=24)) is None


def test_a_revoked_token_ends_at_once_and_a_replaced_one_a_while_later(chain: Chain) -> None:
    first, grant = make(chain)
    second, other = make(chain)
    tokens.revoke(later(chain, hours=1), "shop", grant, reason="lost")
    tokens.revoke(later(chain, hours=1), "shop", other, after=timedelta(hours=2))
    book = tokens.book(chain, "shop")
    assert book.find(first, NOW + timedelta(hours=1)) is None
    assert book.find(second, NOW + timedelta(hours=2, minutes=59)) is not None
    assert book.find(second, NOW + timedelta(hours=3)) is None
    tokens.revoke(later(chain, hours=1), "shop", grant, after=timedelta(days=9))  # no word makes it longer
    assert tokens.book(chain, "shop").find(first, NOW + timedelta(hours=1)) is None


def test_a_revoked_token_opens_nothing_where_the_clock_is_behind(chain: Chain) -> None:
    """It counts that its end stands in the record, and not what time it is here."""
    made, grant = make(chain)
    before = tokens.book(chain, "shop")
    assert before.find(made, NOW) is not None
    tokens.revoke(later(chain, hours=1), "shop", grant)
    book = tokens.book(chain, "shop", before=before)
    assert book.find(made, NOW) is None and not book.stands(grant.digest, NOW - timedelta(days=400))


def test_a_token_ends_by_the_later_of_the_clock_and_what_the_record_has_seen(chain: Chain) -> None:
    made, _ = make(chain, days=1)
    other, _ = make(later(chain, hours=23), name="other")
    book = tokens.book(chain, "shop")
    assert book.find(made, NOW - timedelta(days=9)) is not None and book.find(other, NOW) is not None
    later(chain, hours=25).append(Noted(text="later"), "shop")
    seen = tokens.book(chain, "shop", before=book)
    assert seen.newest == book.newest and seen.find(made, NOW - timedelta(days=9)) is None
    assert seen.find(other, NOW) is not None


def test_a_token_of_another_project_cannot_be_revoked_from_here(chain: Chain) -> None:
    made, grant = make(chain)
    tokens.revoke(chain, "another", grant)
    assert tokens.book(chain, "shop").find(made, NOW) is not None
    with pytest.raises(AccessError, match="there is no token"):
        tokens.find(chain, "another", grant.token)
    assert tokens.find(chain, "shop", grant.token) == grant


def test_the_book_is_read_again_only_when_there_is_something_new(chain: Chain) -> None:
    before = tokens.book(chain, "shop")
    assert tokens.book(chain, "shop", before=before) is before
    made, grant = make(chain)
    after = tokens.book(chain, "shop", before=before)
    assert after.find(made, NOW) is not None and tokens.book(chain, "shop", before=after) is after
    tokens.revoke(chain, "shop", grant)
    assert tokens.book(chain, "shop", before=after).find(made, NOW) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scopes": ["raed"]}, "is no scope"), ({"scopes": []}, "opens nothing"), ({"days": 0.0}, "is no time"),
        ({"days": -1.0}, "is no time"), ({"days": float("nan")}, "is no time"), ({"days": 1e9}, "is no time"),
        ({"days": 366.001}, "is no time"), ({"name": "a b"}, "is not a name"),
        ({"name": "policy:gates"}, "is not a name"),
    ],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_refused(chain: Chain, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(AccessError, match=said):
        make(chain, **wrong)
    assert chain.find() == []


def test_an_entry_that_was_edited_makes_no_token(chain: Chain) -> None:
    """Whoever edits a body changes its hash; the book reads what the entry's body says."""
    made, _ = make(chain)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update entries set body = replace(body, 'service', 'person')"))
    with pytest.raises(Exception, match="verify"):
        tokens.book(chain, "shop").find(made, NOW)


def test_a_token_makes_no_token_that_is_for_more(chain: Chain) -> None:
    maker = Principal("person", "ada", frozenset({"admin", "read"}), via="token 1")
    with pytest.raises(AccessError, match="for more: predict, write"):
        make(chain, scopes=["read", "write", "predict"], maker=maker)
    _, grant = make(chain, scopes=["read"], maker=maker)
    assert grant.scopes == ("read",) and chain.find()[0].payload.via == "token 1"
    make(chain, scopes=["write"], maker=Principal("person", "ada", via="login ada"))


def test_a_token_that_never_was_is_told_with_the_nearest(chain: Chain) -> None:
    with pytest.raises(AccessError) as refused:
        tokens.find(chain, "shop", "abc")
    assert refused.value.mend == "treadle tokens list"
    _, grant = make(chain)
    with pytest.raises(AccessError) as refused:
        tokens.find(chain, "shop", grant.token[:-1] + "x")
    assert grant.token in refused.value.mend


@pytest.mark.parametrize(
    ("wrong", "what", "where", "mend"),
    [
        ({"scopes": ["read", "wriet"]}, "'wriet' is no scope", "--scopes", 'did you mean "write"?'),
        ({"scopes": ["zzz"]}, "'zzz' is no scope", "--scopes",
         "known here: admin, events, outcomes, predict, read, write"),
        ({"scopes": []}, "a token without a scope opens nothing", "--scopes",
         "of predict, events, outcomes, read, write, admin"),
        ({"days": 367.0}, "367 days is no time", "--days", "more than 0, at most 366"),
        ({"name": "bad name"}, "'bad name' is not a name", "NAME", "use letters, digits and . _ @ + -, up to 64"),
    ],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_told_what_would(
    chain: Chain, wrong: dict[str, Any], what: str, where: str, mend: str
) -> None:
    with pytest.raises(AccessError) as refused:
        make(chain, **wrong)
    assert (refused.value.what, refused.value.where, refused.value.mend) == (what, where, mend)


def test_a_token_is_for_a_year_at_most_and_its_id_is_short(chain: Chain) -> None:
    made, grant = make(chain, days=366.0)
    assert grant.expires == (NOW + timedelta(days=366)).isoformat()
    assert len(grant.token) == 12 and made.startswith(f"tdl_{grant.token}_") and len(made) == 4 + 12 + 1 + 43


def test_scopes_may_come_one_by_one(chain: Chain) -> None:
    """They were read twice, so that what comes once lost all but the first, and a scope that is none was taken."""
    _, grant = make(chain, scopes=iter(["read", "predict"]))
    assert grant.scopes == ("predict", "read")
    with pytest.raises(AccessError, match="'raed' is no scope"):
        make(chain, scopes=iter(["read", "raed"]))


def test_a_token_makes_another_that_is_for_as_much(chain: Chain) -> None:
    maker = Principal("person", "ada", frozenset({"read"}), via="token 1")
    _, grant = make(chain, scopes=["read"], maker=maker)
    assert grant.scopes == ("read",)
    with pytest.raises(AccessError) as refused:
        make(chain, scopes=["read", "write"], maker=maker)
    assert (refused.value.what, refused.value.where, refused.value.mend) == (
        "a token cannot make another that is for more: write", "--scopes",
        "come without a token, or with one that has these scopes",
    )  # fmt: skip


def test_what_is_written_when_a_token_ends_is_given_back(chain: Chain) -> None:
    _, grant = make(chain)
    ended = tokens.revoke(chain, "shop", grant, reason="lost")
    (written,) = chain.find(tokens.TokenRevoked)
    assert written.payload == ended and written.subject == f"token/{grant.token}"
    assert (ended.token, ended.project, ended.at, ended.reason) == (
        grant.token, "shop", "2026-03-01T12:00:00+00:00", "lost",
    )  # fmt: skip
    found = tokens.find(chain, "shop", grant.token)
    assert (found.made[:19], found.expires) == ("2026-03-01T12:00:00", ended.at)


def test_of_two_ends_the_earlier_counts_whatever_zone_they_are_written_in(chain: Chain) -> None:
    made, grant = make(chain)
    east = timezone(timedelta(hours=5))
    tokens.revoke(chain, "shop", grant, after=timedelta(hours=1))  # 13:00+00:00
    tokens.revoke(replace(chain, clock=lambda: NOW.astimezone(east)), "shop", grant)  # 17:00+05:00, an hour earlier
    assert tokens.book(chain, "shop").find(made, NOW) is None
