"""No read of a server changes a file; what does is the server's own draining, and commands that say so."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from served_shop import RECORD

from treadle.access import tokens
from treadle.api import OPERATIONS, Context
from treadle.api.endpoint import DrainRequest, PredictRequest, WatchRequest, drain, predict, watch
from treadle.errors import AccessError
from treadle.hosting.draining import drain_often
from treadle.hosting.opening import make_app, open_door
from treadle.principal import person
from treadle.serving import App
from treadle.spec import load
from treadle.web import mounts
from treadle.workspace import Workspace, open_workspace


def files(folder: Path) -> dict[str, str]:
    """Every file and what is in it. SQLite's memory for readers, and its log where that is empty, hold nothing kept."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".db-shm" and not (path.suffix == ".db-wal" and not path.stat().st_size)
    }


@pytest.fixture
def busy(shop: Path) -> Iterator[tuple[App, Workspace]]:
    """A server that has answered and was told: closed segments, one still written, one that a killed process left."""
    workspace = open_workspace(load(shop), actor="ada")
    door = open_door(workspace, "127.0.0.1")
    app = make_app(workspace, door, mounts(str(shop), door))
    endpoint = app.endpoint
    for i in range(40):
        endpoint.predict(msgspec.json.encode({**RECORD, "prediction_id": f"p{i}", "amount": 5.0 + i}))
        endpoint.take_outcomes(msgspec.json.encode({"prediction_id": f"p{i}", "label": i % 2}))
        if i == 20:
            endpoint._predictions.close()
            endpoint._outcomes.close()
    endpoint.flush()
    folder = workspace.root / "journal" / "shop"
    closed = next(folder.glob("predictions-*.jsonl"))
    (folder / f"predictions-{1:020d}.open").write_bytes(closed.read_bytes().replace(b':"p', b':"left'))
    settle(workspace)
    yield app, workspace
    endpoint.close()


def settle(workspace: Workspace) -> None:
    gc.collect()
    with contextlib.closing(sqlite3.connect(workspace.root / "catalog.db")) as catalog:
        catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else SQLite does so at some time, by itself


def fetched(app: App, paths: list[str], **headers: str) -> dict[str, httpx.Response]:
    async def ask() -> dict[str, httpx.Response]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://shop", timeout=60, headers=headers
        ) as http:
            found = {path: await http.get(path) for path in paths}
        for routes in set(app.mounts.values()):
            await routes.aclose()
        return found

    return asyncio.run(ask())


def test_no_read_over_http_changes_a_file(busy: tuple[App, Workspace]) -> None:
    app, workspace = busy
    paths = [
        *("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/state", "/report", "/watch", "/api", "/nowhere"),
        *(f"/api/{name.replace(' ', '/')}" for name, found in OPERATIONS.items() if found.remote),
        *("/api/why?subject=p1", "/api/why?subject=left3", "/api/why?subject=endpoint/shop"),
    ]
    text, _ = tokens.make(workspace.chain, "shop", "ada", holder="person", scopes=["read"], days=1)
    app.door.renew(tokens.book(workspace.chain, "shop"))
    settle(workspace)
    before = files(workspace.project.root)
    assert fetched(app, ["/api/why?subject=left3"])["/api/why?subject=left3"].status_code == 403  # for ada, not for all
    found = fetched(app, paths, authorization=f"Bearer {text}")
    assert files(workspace.project.root) == before
    assert found["/watch"].status_code == 200 and "<svg" in found["/watch"].text
    seen = found["/api/watch"].json()
    assert (seen["predictions"], seen["outcomes"], seen["joined"], seen["page"]) == (61, 40, 40, None)
    assert (seen["endpoint"], seen["model"]) == ("shop", "shop:1")
    assert found["/api/why?subject=left3"].json()["prediction"]["prediction_id"] == "left3"


def test_what_writes_is_said_and_needs_to_be_allowed(busy: tuple[App, Workspace]) -> None:
    _, workspace = busy
    project = str(workspace.project.root)
    with pytest.raises(AccessError):
        drain(DrainRequest(project=project), Context(person("mallory")))
    assert not OPERATIONS["drain"].remote
    moved = drain(DrainRequest(project=project), Context(person("ada")))
    assert (moved.predictions, moved.outcomes) == (21 + 21, 21)
    assert drain(DrainRequest(project=project), Context(person("ada"))).predictions == 0
    seen = watch(WatchRequest(project=project), Context(person("ada")))
    assert (seen.predictions, seen.joined) == (61, 40)
    assert seen.page is not None and "<svg" in Path(seen.page).read_text(encoding="utf-8")
    with pytest.raises(AccessError):
        watch(WatchRequest(project=project), Context(person("mallory")))


def test_a_server_moves_its_journal_to_the_tables_by_itself(busy: tuple[App, Workspace]) -> None:
    _, workspace = busy

    async def until_moved() -> None:
        draining = asyncio.create_task(drain_often(workspace, seconds=0.05))
        async with asyncio.timeout(60):
            while any(workspace.journal.segments(kind)[0] for kind in ("predictions", "outcomes")):
                await asyncio.sleep(0.05)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)

    asyncio.run(until_moved())
    assert workspace.tables.scan("shop/predictions").collect().height == 42
    assert len(workspace.journal.segments("predictions")[1]) == 1  # what is still written stays where it is


def test_a_prediction_says_when_its_features_stand_and_that_they_are_too_old(shop: Path) -> None:
    def asked(*times: str) -> Any:
        records = json.dumps([{**RECORD, "ordered": time} for time in times])
        return predict(PredictRequest(project=str(shop), record=records), Context(person("ada")))

    good = asked(RECORD["ordered"])
    assert good.features_as_of is not None and good.features_as_of.tzinfo is UTC
    assert datetime(2024, 4, 1, tzinfo=UTC) < good.features_as_of < datetime(2024, 5, 1, tzinfo=UTC)
    assert (good.stale, good.note) == (0, "")
    late = asked(RECORD["ordered"], "2026-01-01T00:00:00Z")
    assert late.stale == 1 and "1 of 2 records have no windows" in late.note and "30 days" in late.note
    assert good.features_as_of.strftime("%Y-%m-%dT%H:%M:%SZ") in late.note
    assert asked("0001-01-02T00:00:00Z").stale == 0  # the longest window would begin before the first of years


def test_a_server_says_when_its_features_stand(busy: tuple[App, Workspace]) -> None:
    found = fetched(busy[0], ["/", "/state", "/nowhere", "/wach"])
    assert found["/"].json()["features_as_of"] == found["/state"].json()["as_of"] is not None
    assert all(path in found["/nowhere"].json()["mend"] for path in ("/api", "/report", "/watch", "/predict"))
    assert found["/wach"].json()["mend"] == 'did you mean "/watch"?'
