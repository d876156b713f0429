"""GET /api/OPERATION answers what `treadle OPERATION --json` prints; /home leads to the pages of the project.

Only operations that read and change nothing are served, and one form: what an expert says of rows. Who asks was found
at the server's door; whether they may is asked of the same table as on the command line, before a process is troubled
with it, and again where it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from treadle.access.door import Refused
from treadle.api.pages import PAGES
from treadle.serving import PRINCIPAL, peer_of
from treadle.web.answers import FORMS, Answer, Answers, Wanted
from treadle.web.forms import LONGEST, check_form, with_token
from treadle.web.readers import READ_SECONDS, Busy, ReaderEnded, Readers
from treadle.web.signing import page_of

if TYPE_CHECKING:
    from treadle.access.door import Door
    from treadle.principal import Principal

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_JSON, _HTML = b"application/json", b"text/html; charset=utf-8"
_LONGEST_FORM, _FORM_SECONDS = 4096, 10.0
# a page of ours holds its styles and drawings itself, and never runs or fetches anything else
_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'; form-action 'self'"
)


class Routes:
    """A plain ASGI application for one project. Reads are made in processes of their own, so that predictions go on.

    A read that takes longer than `seconds`, its time in the queue with it, is told with 503. One whose caller went away
    is made to its end all the same if it has begun.
    """

    prefixes = ("/api", "/report", "/experts", *PAGES, "/signin", "/signout", "/session")

    def __init__(
        self,
        project: str,
        door: Door,
        *,
        target: str | None = None,
        seconds: float = READ_SECONDS,
        readers: Readers | None = None,
    ) -> None:
        self.project, self.door, self.seconds = project, door, seconds
        self.answers = Answers(project, target)
        self.readers = readers or Readers(project, target, seconds=seconds)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        try:
            if path in ("/signin", "/signout", "/session"):
                await self._session(scope, receive, send)
            else:
                await self._read(scope, receive, send)
        except Refused as bad:
            await self._turn_away(scope, send, bad)

    async def _read(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        method, path, who = scope["method"], scope["path"], scope[PRINCIPAL]
        query = scope.get("query_string", b"").decode("ascii", "replace")
        session = self.door.session(dict(scope["headers"]).get(b"cookie", b"")) if path in FORMS else None
        if method == "POST" and path in FORMS:
            query = check_form(session, await self._sent(receive, LONGEST))
            assert session is not None
            who = session.principal  # whose page it was, whatever token came along
        found = self.answers.wanted(method, path, query)
        if isinstance(found, Wanted):
            self.door.allow(who, found.operation.name, found.operation.permission, peer_of(scope))
            found_operation = found.operation.name
            read = await self._unless_gone(self._asked(method, path, query, who), receive)
            if read is None:
                return
            found = read
            if found[0] == 403:  # what only shows once the record is open is told to the audit like any other
                said = msgspec.json.decode(found[2], type=dict[str, str])["error"]
                known = who.kind != "anonymous"
                self.door.refusals.note(who.actor, found_operation, said, peer_of(scope), time.time(), known=known)
        answer = (found[0], found[1], with_token(found[2], session)) if path in FORMS else found
        await _send(send, answer, *_allowed(found[0], method, path))

    async def _sent(self, receive: Receive, longest: int) -> bytes:
        try:
            async with asyncio.timeout(_FORM_SECONDS):
                return await _form(receive, longest)
        except TimeoutError:
            raise Refused(408, "this form does not come to its end", "send it again") from None

    async def _asked(self, method: str, path: str, query: str, who: Principal) -> Answer:
        try:
            async with asyncio.timeout(self.seconds):
                return await self.readers.ask(method, path, query, who)
        except TimeoutError:
            text = f"this read takes longer than {self.seconds:g} s, or waits so long for others"
            return self.answers.error(503, text, "ask for less, ask again later, or use the command line")
        except Busy:
            return self.answers.error(503, "too many reads wait already", "ask again later")
        except ReaderEnded:
            text = "the process that made this read ended before its answer"
            return self.answers.error(503, text, "ask again; the server's log may say why")
        except OSError as bad:  # no memory, or no more processes or files
            text = f"no process can be begun that makes this read: {bad.strerror}"
            return self.answers.error(503, text, "ask again later, or use the command line")

    async def _unless_gone(self, reading: Awaitable[Answer], receive: Receive) -> Answer | None:
        """The answer; None once the caller has gone."""
        read, gone = asyncio.ensure_future(reading), asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((read, gone), return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else None
        finally:
            for task in (read, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _session(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Begin, show or end the session of a browser."""
        method, path, cookie = scope["method"], scope["path"], dict(scope["headers"]).get(b"cookie", b"")
        session = self.door.session(cookie)
        if path == "/session" and method in ("GET", "HEAD"):
            if session is None:
                raise Refused(401, "no browser is signed in here", "GET /signin")
            told = {"name": session.principal.actor, "csrf": session.csrf, "until": session.until}
            await _send(send, (200, _JSON, msgspec.json.encode(told)))
        elif path == "/signout" and method == "POST":
            self.door.sign_out(cookie)
            await _send(
                send, (303, _HTML, b""), (b"location", b"/signin"), (b"set-cookie", _cookie(self.door.cookie, "", 0))
            )
        elif path == "/signin" and method in ("GET", "HEAD"):
            code = parse_qs(scope.get("query_string", b"").decode("ascii", "replace")).get("code", [""])[0]
            if code and session is None and method == "GET":  # a link is looked at by HEAD before a person opens it
                await self._sign_in(scope, send, code=code)
            elif session is not None:
                await _send(send, (303, _HTML, b""), (b"location", b"/home"))
            else:
                await _send(send, (200, _HTML, page_of(self.door.spec.project)))
        elif path == "/signin" and method == "POST":
            form = parse_qs((await self._sent(receive, _LONGEST_FORM)).decode("ascii", "replace"))
            await self._sign_in(scope, send, token=form.get("token", [""])[0].strip())
        else:
            raise Refused(405, f"{path} does not take {method}", "GET /signin begins")

    async def _sign_in(self, scope: dict[str, Any], send: Send, *, code: str = "", token: str = "") -> None:
        try:
            value = self.door.sign_in(code=code, token=token, peer=peer_of(scope))
        except Refused as bad:
            await _send(send, (bad.status, _HTML, page_of(self.door.spec.project, bad.what)))
            return
        # a page that sends on by itself: a redirect from another site's link would leave a strict cookie behind
        await _send(
            send,
            (200, _HTML, page_of(self.door.spec.project, onward="/home")),
            (b"set-cookie", _cookie(self.door.cookie, value)),
        )

    async def _turn_away(self, scope: dict[str, Any], send: Send, bad: Refused) -> None:
        """A person who opened a page is shown where to sign in; a program gets JSON."""
        wants_page = b"text/html" in dict(scope["headers"]).get(b"accept", b"") and scope["method"] == "GET"
        if bad.status == 401 and wants_page:
            await _send(send, (401, _HTML, page_of(self.door.spec.project, bad.what)))
            return
        answer = self.answers.error(bad.status, bad.what, bad.mend)
        await _send(send, answer, *_allowed(bad.status, scope["method"], scope["path"]))

    async def aclose(self) -> None:
        await self.readers.aclose()


def _allowed(status: int, method: str, path: str) -> list[tuple[bytes, bytes]]:
    """What a 405 must say: which methods the path takes. One that does not even take GET has none here."""
    if status != 405:
        return []
    reads = path != "/signout" and method not in ("GET", "HEAD")
    posts = path in (*FORMS, "/signin", "/signout")
    return [(b"allow", b", ".join([b"GET, HEAD"] * reads + [b"POST"] * posts))]


def _cookie(name: str, value: str, seconds: int = 12 * 3600) -> bytes:
    return f"{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}".encode()


async def _send(send: Send, answer: Answer, *more: tuple[bytes, bytes]) -> None:
    status, kind, content = answer
    headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(content)),
        (b"content-security-policy", _POLICY),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"same-origin"),  # with no-referrer a browser sends forms of ours with the origin "null"
        (b"x-frame-options", b"DENY"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _form(receive: Receive, longest: int) -> bytes:
    parts, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts, more = parts + message.get("body", b""), bool(message.get("more_body"))
        if len(parts) > longest:
            raise Refused(413, "this form is longer than any of ours", "open its page again")
    return parts


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
