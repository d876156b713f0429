"""A browser is signed in by a link or a token, sees the pages, and is signed out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from served_shop import SPEC

from treadle.access import tokens
from treadle.evidence import Chain
from treadle.hosting.opening import make_app, open_door
from treadle.principal import person
from treadle.serving import App
from treadle.spec import load
from treadle.web import mounts
from treadle.workspace import open_workspace

HERE = {"origin": "http://127.0.0.1"}


@pytest.fixture
def app(shop: Path) -> Iterator[App]:
    text = SPEC.replace(", anonymous: [predict, events, outcomes, read]", "").replace("SEED", "4")
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    workspace = open_workspace(load(shop), actor="ada")
    door = open_door(workspace, "127.0.0.1")
    made = make_app(workspace, door, mounts(str(shop), door))
    yield made
    made.endpoint.close()


def browse(app: App, *steps: tuple[str, str, dict[str, str] | None]) -> list[httpx.Response]:
    """One browser: (method, path, form), with the cookies that it was given before."""

    async def go() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        seen = []
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as http:
            for method, path, form in steps:
                headers = HERE if method == "POST" else {"accept": "text/html"}
                seen.append(await http.request(method, path, data=form, headers=headers))
        for routes in set(app.mounts.values()):
            await routes.aclose()
        return seen

    return asyncio.run(go())


def test_a_browser_is_led_home_and_a_program_is_told(app: App) -> None:
    (page,) = browse(app, ("GET", "/", None))
    assert page.status_code == 303 and page.headers["location"] == "/home" and not page.content

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
            return await http.get("/")

    told = asyncio.run(ask())
    assert told.status_code == 200 and "/home" in told.json()["paths"]


def test_a_browser_is_led_home_by_no_name_of_elsewhere(app: App) -> None:
    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://evil.example") as http:
            return (await http.get("/", headers={"accept": "text/html"})).status_code

    assert asyncio.run(ask()) == 421


def test_the_link_opens_the_report_once(app: App) -> None:
    code = app.door.invite(person("ada", via="login ada"))
    looked, link, report, session, again = browse(
        app, ("HEAD", f"/signin?code={code}", None), ("GET", f"/signin?code={code}", None),
        ("GET", "/report", None), ("GET", "/session", None),
        ("GET", f"/signin?code={code}", None),
    )  # fmt: skip
    assert looked.status_code == 200 and "set-cookie" not in looked.headers  # a chat that looks at links uses none up
    assert link.status_code == 200 and 'url=/home"' in link.text
    cookie = link.headers["set-cookie"]
    assert re.match(r"treadle_shop=[\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200", cookie)
    assert report.status_code == 200 and "<svg" in report.text and report.headers["cache-control"] == "no-store"
    assert session.json()["name"] == "ada" and len(session.json()["csrf"]) == 43
    assert again.status_code == 303 and again.headers["location"] == "/home"  # whoever is signed in just goes on
    (another,) = browse(app, ("GET", f"/signin?code={code}", None))
    assert another.status_code == 401 and "set-cookie" not in another.headers and "was used" in another.text


def test_a_token_signs_in_and_a_browser_is_signed_out(app: App, shop: Path) -> None:
    text, _ = tokens.make(app_chain(shop), "shop", "grace", holder="person", scopes=["read"], days=1)
    app.door.renew(tokens.book(app_chain(shop), "shop"))
    shown, done, report, out, after = browse(
        app, ("GET", "/report", None), ("POST", "/signin", {"token": f" {text} "}), ("GET", "/report", None),
        ("POST", "/signout", {"out": "1"}), ("GET", "/report", None),
    )  # fmt: skip
    assert shown.status_code == 401 and 'name="token"' in shown.text and "text/html" in shown.headers["content-type"]
    assert done.status_code == 200 and report.status_code == 200
    assert out.status_code == 303 and "Max-Age=0" in out.headers["set-cookie"] and after.status_code == 401
    (wrong,) = browse(app, ("POST", "/signin", {"token": text[:-1]}))
    assert wrong.status_code == 401 and "opens nothing here" in wrong.text and text[:-1] not in wrong.text


def app_chain(shop: Path) -> Chain:
    return open_workspace(load(shop), actor="ada").chain


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/signin", {"origin": "http://evil.example"}, 403),
        ("POST", "/signin", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", "/signout", {"origin": "null"}, 403),
        ("GET", "/signout", {}, 405),
        ("PUT", "/signin", {}, 405),
        ("GET", "/session", {}, 401),
    ],
)
def test_a_session_is_begun_and_ended_from_pages_of_ours_alone(
    app: App, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async def ask() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as http:
            given = {"content-type": "application/x-www-form-urlencoded"} | headers
            return (await http.request(method, path, content=b"token=x", headers=given)).status_code

    assert asyncio.run(ask()) == status


def test_a_form_of_any_size_is_not_read_whole(app: App) -> None:
    (answer,) = browse(app, ("POST", "/signin", {"token": "x" * 100_000}))
    assert answer.status_code == 413


def test_a_form_that_does_not_come_to_its_end_is_ended(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.web.routes._FORM_SECONDS", 0.05)
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"t", "more_body": True}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    kind = (b"content-type", b"application/x-www-form-urlencoded")
    headers = [(b"host", b"127.0.0.1"), kind]
    scope = {"type": "http", "method": "POST", "path": "/signin", "headers": headers, "client": ("10.0.0.1", 1)}

    async def go() -> None:
        async with asyncio.timeout(20):
            await app(scope, receive, send)

    asyncio.run(go())
    assert sent[0]["status"] == 408
