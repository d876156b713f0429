"""The page on which experts label: of a browser that is signed in, by a form of this session, in one's own name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from served_shop import SPEC, serving

from services.chromium import Browser
from treadle.access import tokens
from treadle.exploring.experts import ask
from treadle.hosting.opening import make_app, open_door
from treadle.labelling import MARK, words
from treadle.principal import Principal, person
from treadle.serving import App
from treadle.spec import load
from treadle.web import mounts
from treadle.workspace import Workspace, open_workspace

ADA = person("ada", via="login ada")
FORM = {"origin": "http://127.0.0.1", "content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def asked(shop: Path) -> Workspace:
    text = SPEC.replace(", anonymous: [predict, events, outcomes, read]", "").replace("SEED", "4")
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    workspace = open_workspace(load(shop), actor="ada")
    ask(workspace, 4, 0, "ada")
    return workspace


@pytest.fixture
def app(asked: Workspace, shop: Path) -> Iterator[App]:
    door = open_door(asked, "127.0.0.1")
    made = make_app(asked, door, mounts(str(shop), door))
    yield made
    made.endpoint.close()


@asynccontextmanager
async def signed_in(app: App, who: Principal) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=60) as http:
        await http.get(f"/signin?code={app.door.invite(who)}")
        yield http


def fields(page: str, label: str) -> str:
    """What a browser sends of the first row, with a label and a comment."""
    found = dict(re.findall(r'name="(csrf|target|row0|seen0)" value="([^"]*)"', page))
    return "&".join(
        f"{name}={value}" for name, value in (found | {"label0": label, "comment0": "gr%C3%BC%C3%9Fe"}).items()
    )


def test_a_row_is_labelled_in_the_browser_and_stands_in_the_record(app: App, asked: Workspace) -> None:
    async def go() -> list[httpx.Response]:
        async with signed_in(app, ADA) as http:
            page = await http.get("/experts")
            sent = await http.post("/experts", content=fields(page.text, "yes"), headers=FORM)
            stale = await http.post("/experts", content=fields(page.text, "no"), headers=FORM)
            strange = await http.post("/experts", content=fields(page.text, "maybe"), headers=FORM)
            for routes in set(app.mounts.values()):
                await routes.aclose()
            return [page, sent, stale, strange]

    page, sent, stale, strange = asyncio.run(go())
    assert page.status_code == 200 and MARK not in page.text and "<script" not in page.text
    assert sent.status_code == 200 and "1 row taken" in sent.text and "1 of 4 rows done by ada" in sent.text
    assert "you said of it meanwhile, elsewhere: yes" in stale.text and "is no label" in strange.text
    with asked.chain.reading() as reader:
        ((mine,),) = [list(mine.items()) for mine in words(reader, "shop").values()]
    assert mine[0] == "ada" and (mine[1].said.label, mine[1].said.comment) == ("yes", "grüße")


def test_a_form_is_of_who_was_shown_it_whatever_token_comes_along(app: App, asked: Workspace) -> None:
    text, _ = tokens.make(asked.chain, "shop", "grace", holder="person", scopes=["read", "write"], days=1)
    app.door.renew(tokens.book(asked.chain, "shop"))

    async def go() -> int:
        async with signed_in(app, ADA) as http:
            page = await http.get("/experts")
            token = {"authorization": f"Bearer {text}"}
            sent = await http.post("/experts", content=fields(page.text, "yes"), headers=FORM | token)
            for routes in set(app.mounts.values()):
                await routes.aclose()
            return sent.status_code

    assert asyncio.run(go()) == 200
    with asked.chain.reading() as reader:
        assert [list(mine) for mine in words(reader, "shop").values()] == [["ada"]]


def test_nothing_is_taken_but_by_a_form_of_this_session(app: App, asked: Workspace) -> None:
    async def go() -> list[int]:
        async with signed_in(app, ADA) as http, signed_in(app, person("grace", via="login grace")) as other:
            mine, theirs = (await http.get("/experts")).text, (await other.get("/experts")).text
            sent = fields(mine, "yes")
            looks = Principal("person", "ada", frozenset(("read",)))
            async with signed_in(app, looks) as reads:
                read = await reads.get("/experts")
                tried = await reads.post("/experts", content=fields(read.text, "yes"), headers=FORM)
            statuses = [
                await http.post("/experts", content=fields(theirs, "yes"), headers=FORM),
                await http.post("/experts", content=re.sub("csrf=[^&]*", "csrf=", sent), headers=FORM),
                await http.post("/experts", content=sent, headers=FORM | {"origin": "http://evil.example"}),
                await http.post("/experts", content=sent, headers=FORM | {"content-type": "text/plain"}),
                await http.post("/experts", content="a=" + "x" * 70_000, headers=FORM),
                await http.put("/experts", content=sent, headers=FORM),
                await http.post("/experts", content=sent.replace("seen0=0", "seen0=x"), headers=FORM),
                await http.post("/experts", content=re.sub("target=[^&]*", "target=other", sent), headers=FORM),
            ]
            http.cookies.clear()
            statuses.append(await http.post("/experts", content=sent, headers=FORM))
            for routes in set(app.mounts.values()):
                await routes.aclose()
            assert "may look, and not label" in read.text
            return [tried.status_code, *(each.status_code for each in statuses)]

    assert asyncio.run(go()) == [403, 403, 403, 403, 415, 413, 405, 400, 400, 401]
    with asked.chain.reading() as reader:
        assert not words(reader, "shop")


@pytest.mark.needs("chromium")
def test_a_real_browser_signs_in_by_a_token_and_saves(asked: Workspace, shop: Path, chromium: Browser) -> None:
    """A browser adds headers of its own, by the policies that our pages come with."""
    text, _ = tokens.make(asked.chain, "shop", "ada", holder="person", scopes=["read", "write"], days=1)
    with serving(shop) as served:
        chromium.open(f"{served.http.base_url}/signin")
        chromium.value(f"document.getElementById('token').value = '{text}'; document.forms[0].requestSubmit(); 0")
        chromium.loaded()
        chromium.loaded()  # the page that sends on, and the one that it sends to
        assert chromium.value("location.pathname") == "/home"
        chromium.open(f"{served.http.base_url}/experts")
        chosen = """for (const each of document.getElementsByName('label0'))
            each.type == 'radio' ? each.checked = each.value == 'yes' : each.value = 'yes';"""
        chromium.value(f"{chosen} document.forms[0].requestSubmit(); 0")
        chromium.loaded()
        assert "1 row taken" in chromium.value("document.body.innerText")
    with asked.chain.reading() as reader:
        assert [said.said.label for mine in words(reader, "shop").values() for said in mine.values()] == ["yes"]
