"""Bearer tokens: 256 random bits, of which only the SHA-256 is kept, in entries of the record.

A token belongs to a person or a service of one project, is for some scopes, and ends. What stands is read from the
record, so a token that is made or revoked counts on running servers within a second, and who did it is known.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from treadle.access.local import check_actor
from treadle.access.permissions import SCOPES
from treadle.errors import AccessError, nearest
from treadle.evidence.kinds.token_made import TokenMade
from treadle.evidence.kinds.token_revoked import TokenRevoked
from treadle.principal import Principal

if TYPE_CHECKING:
    from treadle.evidence import Chain, Entry

MARK = "tdl_"
"""Tokens begin with it, so that scanners of secrets can find them."""
MOST_DAYS = 366


class Grant(Struct, frozen=True):
    """A token that was made: what it is for, and until when (ISO 8601, UTC). `made` and `by`: when and by whom."""

    token: str
    holder: Literal["person", "service"]
    name: str
    scopes: tuple[str, ...]
    expires: str
    made: str
    by: str
    digest: str
    revoked: bool = False
    """Whether it was revoked at once: then it opens nothing from that entry on, whatever any clock says."""

    def stands(self, now: datetime) -> bool:
        return not self.revoked and datetime.fromisoformat(self.expires) > now

    def principal(self) -> Principal:
        return Principal(self.holder, self.name, frozenset(self.scopes), via=f"token {self.token}")


class TokenBook(Struct, frozen=True):
    """The tokens of a project, by digest. `newest`: the entry that it stands at. `seen`: the time of the record's
    newest entry, which a clock that is behind does not undo."""

    grants: dict[str, Grant]
    newest: str = ""
    seen: str = ""

    def find(self, text: str, now: datetime) -> Principal | None:
        """Whose token it is; None for one that was never made, was revoked, or has ended."""
        digest = digest_of(text)
        return self.grants[digest].principal() if self.stands(digest, now) else None

    def stands(self, digest: str, now: datetime) -> bool:
        """Whether the token of this hash opens anything, by the later of `now` and what the record has seen."""
        grant = self.grants.get(digest)
        return grant is not None and grant.stands(max(now, datetime.fromisoformat(self.seen)) if self.seen else now)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def make(
    chain: Chain,
    project: str,
    name: str,
    *,
    holder: Literal["person", "service"],
    scopes: Iterable[str],
    days: float,
    replaces: str = "",
    maker: Principal | None = None,
) -> tuple[str, Grant]:
    """A new token: its text, told this once, and what is kept of it.

    maker: who makes it. Whoever came with a token themselves can pass on no scope that theirs has not.

    Raises:
        AccessError: a name that is none, a scope that is not known or not theirs to give, or no reasonable time.
    """
    name = check_actor(name, where="NAME")
    asked = tuple(scopes)
    wanted = tuple(scope for scope in SCOPES if scope in asked)
    for scope in asked:
        if scope not in SCOPES:
            raise AccessError(f"{scope!r} is no scope", where="--scopes", mend=nearest(scope, SCOPES))
    if maker is not None and maker.scopes is not None and not maker.scopes >= set(wanted):
        lacking = ", ".join(scope for scope in wanted if scope not in maker.scopes)
        raise AccessError(
            f"a token cannot make another that is for more: {lacking}",
            where="--scopes",
            mend="come without a token, or with one that has these scopes",
        )
    if not wanted:
        raise AccessError("a token without a scope opens nothing", where="--scopes", mend=f"of {', '.join(SCOPES)}")
    if not 0 < days <= MOST_DAYS:
        raise AccessError(f"{days:g} days is no time", where="--days", mend=f"more than 0, at most {MOST_DAYS}")
    token = secrets.token_hex(6)
    text = f"{MARK}{token}_{secrets.token_urlsafe(32)}"
    expires = (chain.clock() + timedelta(days=days)).isoformat(timespec="seconds")
    entry = chain.append(
        TokenMade(
            token=token,
            project=project,
            holder=holder,
            name=name,
            scopes=wanted,
            digest=digest_of(text),
            expires=expires,
            replaces=replaces,
            via=maker.via if maker else "",
        ),
        f"token/{token}",
    )
    return text, _grant(entry)


def revoke(
    chain: Chain, project: str, grant: Grant, *, reason: str = "", after: timedelta = timedelta()
) -> TokenRevoked:
    """From `after` on the token opens nothing."""
    at = (chain.clock() + after).isoformat(timespec="seconds")
    revoked = TokenRevoked(token=grant.token, project=project, at=at, reason=reason)
    chain.append(revoked, f"token/{grant.token}")
    return revoked


def book(chain: Chain, project: str, *, before: TokenBook | None = None) -> TokenBook:
    """Every token of the project that was made, those that are revoked with the time from which they are."""
    newest, seen = _newest(chain)
    if before is not None and before.newest == newest:
        return before if before.seen == seen else replace(before, seen=seen)
    with chain.reading() as reader:
        made: list[Entry[TokenMade]] = reader.find(TokenMade, status="done")
        revoked: list[Entry[TokenRevoked]] = reader.find(TokenRevoked, status="done")
    ends, at_once = dict[str, str](), set[str]()
    for end in revoked:
        if end.payload.project == project:
            earlier = ends.get(end.payload.token, end.payload.at)
            ends[end.payload.token] = min(end.payload.at, earlier, key=datetime.fromisoformat)
            if datetime.fromisoformat(end.payload.at) <= datetime.fromisoformat(end.time):
                at_once.add(end.payload.token)
    grants = {}
    for entry in made:
        grant = _grant(entry)
        if entry.payload.project == project:
            until = min(grant.expires, ends.get(grant.token, grant.expires), key=datetime.fromisoformat)
            grants[grant.digest] = replace(grant, expires=until, revoked=grant.token in at_once)
    return TokenBook(grants, newest, seen)


def find(chain: Chain, project: str, token: str) -> Grant:
    """The token of this id, whatever became of it.

    Raises:
        AccessError: the project never had it.
    """
    known = {grant.token: grant for grant in book(chain, project).grants.values()}
    if token not in known:
        raise AccessError(
            f"there is no token {token!r}", where="TOKEN", mend=nearest(token, known) or "treadle tokens list"
        )
    return known[token]


def _grant(entry: Entry[TokenMade]) -> Grant:
    said = entry.payload
    return Grant(said.token, said.holder, said.name, said.scopes, said.expires, entry.time, entry.actor, said.digest)


def _newest(chain: Chain) -> tuple[str, str]:
    """The hash of the newest entry about tokens, and the time of the newest of all, as cheap as can be."""
    from sqlalchemy import select

    from treadle.store.schema import entries

    about = select(entries.c.hash).where(entries.c.kind.in_((TokenMade.KIND, TokenRevoked.KIND)))
    newest = select(entries.c.time)
    with chain.engine.connect() as connection:
        found = [connection.execute(q.order_by(entries.c.seq.desc()).limit(1)).scalar() for q in (about, newest)]
    return str(found[0] or ""), str(found[1] or "")
