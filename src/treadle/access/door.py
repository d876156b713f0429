"""The door of a server: who asks, by token or session, whether from a page that may, and whether the table lets them.

Host and Origin are checked first, since a browser sends a user's requests from any page that it shows: a name that
this server does not go by would let a page reach it under a name of its own (DNS rebinding), and another origin would
let it act for the user (cross-site request forgery). A body must say that it is JSON, which no page may send elsewhere
unasked.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access.permissions import Permission, Resource, authorise, may, resource_of
from treadle.access.refusals import Refusals
from treadle.access.tokens import TokenBook
from treadle.errors import AccessError
from treadle.principal import ANONYMOUS, Principal

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

Headers = Iterable[tuple[bytes, bytes]]
SESSION_SECONDS = 12 * 3600.0
INVITE_SECONDS = 900.0
_MOST_SESSIONS, _MOST_OF_ONE = 1000, 20
FORMS = ("/signin", "/signout", "/experts")
"""Where a plain form of our own pages is taken: it begins or ends the caller's own session, or holds the session's CSRF
token among its fields, which is asked for where the form is read."""
PROBES = ("GET /healthz", "GET /readyz")
"""Answered to anybody, by whatever name and with whatever token: kubelets and load balancers have a name of their own
and may send a token that has ended, and none of them learns more."""
_SAFE = frozenset(("GET", "HEAD"))


class Refused(Exception):
    """The answer to a request that is not let in: an HTTP status, what is wrong and how to mend it.

    `noted`: what the record is told, without anything that the caller wrote; `what`, if not given.
    """

    def __init__(self, status: int, what: str, mend: str, noted: str = "") -> None:
        super().__init__(what)
        self.status, self.what, self.mend, self.noted = status, what, mend, noted or what


class Session(Struct, frozen=True):
    """A browser that is signed in. `csrf`: what its pages send along with anything that is no plain reading."""

    principal: Principal
    csrf: str
    until: float
    token: str = ""
    """SHA-256 of the bearer token that it was begun with: it ends with that token."""


class Door:
    """Of one server. Belongs to its event loop; `renew` may be called with what another thread has read."""

    def __init__(
        self,
        spec: ProjectSpec,
        *,
        loopback: bool,
        tokens: TokenBook,
        endpoint: str = "",
        host: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.loopback, self._tokens, self._clock, self._host = loopback, tokens, clock, host
        self.refusals = Refusals()
        self._endpoint = endpoint or spec.project
        self.cookie = f"treadle_{self._endpoint}"
        """Browsers keep cookies by host, whatever the port: two servers of two endpoints must not share one."""
        self._sessions: dict[str, Session] = {}
        self._invites: dict[str, tuple[Principal, float]] = {}
        self.follow(spec)

    def follow(self, spec: ProjectSpec) -> None:
        """From now on the project file says this: who its people are, what is open, which names and pages count."""
        self.spec = spec
        names = ("localhost", socket.gethostname(), self._host, *spec.serve.hosts)
        self._hosts = {name.lower() for name in names}
        self._known_hosts: dict[bytes, bool] = {}
        self._origins = frozenset(origin.lower() for origin in spec.serve.origins)  # as browsers write it
        endpoint = resource_of(spec, "endpoint", self._endpoint, loopback=self.loopback)
        self._project = resource_of(spec, "project", loopback=self.loopback)
        self._resources: dict[Permission, Resource] = dict.fromkeys(("predict", "events", "outcomes"), endpoint)
        self._anonymous_predicts = may(ANONYMOUS, "predict", endpoint)

    def renew(self, tokens: TokenBook) -> None:
        """From now on these tokens count. A session that was begun with one that no longer does, ends."""
        self._tokens = tokens

    @property
    def tokens(self) -> TokenBook:
        return self._tokens

    # -- who asks

    def enter(self, method: str, headers: Headers, operation: str, permission: Permission, peer: str = "") -> Principal:
        """Who asks, if they may.

        Raises:
            Refused: they may not, or nobody knows who they are. It is noted for the audit.
        """
        found = dict(headers)
        who: Principal | None = None
        try:
            if operation in PROBES:
                return ANONYMOUS
            self._from_here(found, method, forms=operation in FORMS)
            if (
                permission == "predict"
                and self._anonymous_predicts
                and b"authorization" not in found
                and b"cookie" not in found
            ):
                return ANONYMOUS
            who = self._who(found, method, forms=operation in FORMS)
            self._allow(who, operation, permission)
        except Refused as bad:
            if bad.status != 415:
                self._note(who, who.actor if who else _name(found), operation, bad, peer)
            raise
        return who

    def identify(self, method: str, headers: Headers, operation: str, peer: str = "") -> Principal:
        """Who asks, whatever it is that they ask for: the table is asked once that is known."""
        return self.enter(method, headers, operation, "open", peer)

    def allow(self, who: Principal, operation: str, permission: Permission, peer: str = "") -> None:
        """As `enter`, for somebody who is known already."""
        try:
            self._allow(who, operation, permission)
        except Refused as bad:
            self._note(who, who.actor, operation, bad, peer)
            raise

    def _note(self, who: Principal | None, shown: str, operation: str, bad: Refused, peer: str) -> None:
        known = who is not None and who.kind != "anonymous"
        self.refusals.note(shown, operation, bad.noted, peer, self._clock(), known=known)

    def _allow(self, who: Principal, operation: str, permission: Permission) -> None:
        try:
            authorise(who, operation, permission, self._resources.get(permission, self._project))
        except AccessError as bad:
            raise Refused(401 if who.kind == "anonymous" else 403, bad.what, bad.mend) from bad

    def _from_here(self, headers: dict[bytes, bytes], method: str, *, forms: bool) -> None:
        """Host, Origin and the type of a body.

        Raises:
            Refused: with 421, 403 or 415.
        """
        host = headers.get(b"host", b"")
        known = self._known_hosts.get(host)
        if known is None:
            known = self._goes_by(host)
            if len(self._known_hosts) < _MOST_SESSIONS:
                self._known_hosts[host] = known
        if not known:
            raise Refused(
                421,
                f"this server does not go by the name {_text(host)[:200]!r}",
                "call it by its address, or name it in serve.hosts of the project file",
                "it was called by a name that it does not go by",
            )
        origin = headers.get(b"origin")
        if origin is not None and not self._same_origin(origin, host):
            raise Refused(
                403,
                f"pages of {_text(origin)[:200]!r} may not call this server",
                "name the origin in serve.origins of the project file",
                "a page of elsewhere may not call it",
            )
        if origin is None and headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site") and method not in _SAFE:
            raise Refused(403, "a page of another site may not send this", "call from a page of this server")
        if method == "POST" and headers.get(b"content-type") != b"application/json":  # no other has a body here
            kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
            if kind != b"application/json" and not (forms and kind == b"application/x-www-form-urlencoded"):
                raise Refused(
                    415,
                    f"the body is said to be {_text(kind)[:200] or 'of no type'}, and JSON is taken here",
                    "send the header content-type: application/json",
                )

    def _goes_by(self, host: bytes) -> bool:
        """Addresses cannot be rebound to another name, so any will do; names must be known."""
        text = _text(host).lower()
        name = (
            text.rpartition(":")[0]
            if re.fullmatch("[0-9]+", text.rpartition(":")[2]) and not text.endswith("]")
            else text
        )
        if name in self._hosts and name:
            return True
        if "%" in name:  # an address with a zone, behind which any name may stand
            return False
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True

    def _same_origin(self, origin: bytes, host: bytes) -> bool:
        text = _text(origin)
        scheme, _, place = text.partition("://")
        return text in self._origins or (scheme in ("http", "https") and place.encode("latin-1") == host)

    def _who(self, headers: dict[bytes, bytes], method: str, *, forms: bool) -> Principal:
        given = headers.get(b"authorization")
        if given is not None:
            kind, _, text = given.partition(b" ")
            found = self._tokens.find(_text(text).strip(), self._now()) if kind.lower() == b"bearer" else None
            if found is None:
                raise Refused(
                    401, "this token opens nothing here", "treadle tokens list says which stand, and until when"
                )
            return found
        session = self.session(headers.get(b"cookie", b""))
        if session is None:
            return ANONYMOUS
        sent = headers.get(b"x-csrf-token", b"")
        if method not in _SAFE and not forms and not secrets.compare_digest(sent, session.csrf.encode()):
            raise Refused(
                403, "the session's CSRF token is missing or wrong", "send it as x-csrf-token; GET /session tells it"
            )
        return session.principal

    # -- browsers

    def session(self, cookie: bytes) -> Session | None:
        """The session that a cookie header names, if it stands."""
        for part in _text(cookie).split(";"):
            name, _, value = part.strip().partition("=")
            if name != self.cookie:
                continue
            key = _hash(value)
            found = self._sessions.get(key)
            if found is None:
                continue
            if found.until <= self._clock() or (found.token and not self._stands(found.token)):
                del self._sessions[key]
                continue
            return found
        return None

    def invite(self, principal: Principal) -> str:
        """A code that signs one browser in as `principal`, once, within a quarter of an hour."""
        code = secrets.token_urlsafe(32)
        if len(self._invites) >= _MOST_SESSIONS:
            del self._invites[next(iter(self._invites))]
        self._invites[_hash(code)] = (principal, self._clock() + INVITE_SECONDS)
        return code

    def sign_in(self, *, code: str = "", token: str = "", peer: str = "") -> str:
        """Begin a session with an invitation or a token; the cookie's value.

        Raises:
            Refused: neither opens anything.
        """
        now = self._clock()
        who, until, begun_with = None, now + SESSION_SECONDS, ""
        if code:
            invited = self._invites.pop(_hash(code), None)
            if invited is not None and invited[1] > now:
                who = invited[0]
                begun_with = next((g.digest for g in self._tokens.grants.values() if who.via == f"token {g.token}"), "")
        elif token:
            who = self._tokens.find(token, self._now())
            begun_with = _hash(token)
        if who is None:
            what = "this link was used, or is too old" if code else "this token opens nothing here"
            self.refusals.note("a browser", "sign in", what, peer, now)
            raise Refused(401, what, "sign in with a token: treadle tokens create")
        mine = [key for key, s in self._sessions.items() if s.principal == who]
        if len(mine) >= _MOST_OF_ONE:
            del self._sessions[mine[0]]  # the oldest of the same principal makes room, and nobody else's
        if len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]  # the oldest makes room: it is the first to end
        value = secrets.token_urlsafe(32)
        self._sessions[_hash(value)] = Session(who, secrets.token_urlsafe(32), until, begun_with)
        return value

    def sign_out(self, cookie: bytes) -> None:
        for part in _text(cookie).split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.cookie:
                self._sessions.pop(_hash(value), None)

    def _stands(self, digest: str) -> bool:
        return self._tokens.stands(digest, self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _name(headers: dict[bytes, bytes]) -> str:
    """As whom a refusal is noted: what came was not believed, so nothing of it is repeated."""
    if b"authorization" in headers:
        return "the holder of some token"
    return "a browser" if b"cookie" in headers else "anonymous"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _text(value: bytes) -> str:
    """As a header is read: bytes of any kind, so many of them as are ever looked at."""
    return value.decode("latin-1")[:8192]
