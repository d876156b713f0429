"""What does not answer holds up neither the loop nor the end of a server; what was refused is not kept."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_shop import RECORD

from treadle.access.door import Refused
from treadle.errors import RequestError, SpecError, StoreError
from treadle.evidence.kinds.access_refused import AccessRefused
from treadle.hosting import draining
from treadle.principal import person
from treadle.serving import App, Endpoint, apart, records
from treadle.serving import app as serving_app
from treadle.spec import load
from treadle.workspace import Workspace

FROZEN = """
import asyncio, threading
from treadle.serving import apart
async def stopped():
    waiting = asyncio.create_task(apart(threading.Event().wait))
    await asyncio.sleep(0)
    waiting.cancel()
asyncio.run(stopped())
print("ended")
"""


def test_a_process_ends_though_something_does_not_answer() -> None:
    done = subprocess.run([sys.executable, "-c", FROZEN], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "ended\n"


def test_what_is_done_apart_comes_back_or_fails() -> None:
    def bad() -> None:
        raise OSError("away")

    assert asyncio.run(apart(threading.get_ident)) != threading.get_ident()
    with pytest.raises(OSError, match="away"):
        asyncio.run(apart(bad))


def test_what_comes_back_to_nobody_is_let_go() -> None:
    async def leaves(goes: threading.Event, made: Callable[[], object]) -> list[object]:
        faults = list[object]()
        asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))
        waiting = asyncio.create_task(apart(made, name="let-go"))
        await asyncio.sleep(0)
        (thread,) = [each for each in threading.enumerate() if each.name == "let-go"]
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        goes.set()
        thread.join(20)
        for _ in range(3):
            await asyncio.sleep(0)
        return faults

    good, bad = threading.Event(), threading.Event()

    def fails() -> None:
        bad.wait(20)
        raise OSError("away")

    assert asyncio.run(leaves(good, lambda: good.wait(20))) == asyncio.run(leaves(bad, fails)) == []


def test_a_catalog_that_does_not_answer_does_not_hold_a_stopped_server(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a PostgreSQL that is frozen: every question to the record waits, while the server is told to end."""
    thaws, asked = threading.Event(), list[str]()

    def frozen(name: str) -> Any:
        def wait(*_: object, **__: object) -> None:
            asked.append(name)
            assert thaws.wait(60)
            raise StoreError("away")

        return wait

    monkeypatch.setattr(type(app.endpoint.releases), "newest", frozen("releases"))
    monkeypatch.setattr("treadle.access.tokens.book", frozen("tokens"))
    monkeypatch.setattr("treadle.access.refusals.tell", frozen("refusals"))
    monkeypatch.setattr(draining, "_LAST_SECONDS", 0.05)
    monkeypatch.setattr("treadle.serving.app._RELEASE_POLL_SECONDS", 0)
    app._beside = (lambda: draining.watch_the_door(workspace, app.door, seconds=0),)

    async def lives() -> list[str]:
        said, stop = list[str](), asyncio.Event()
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            message = next(messages)
            if message.endswith("shutdown"):
                await stop.wait()
            return {"type": message}

        async def send(message: dict[str, str]) -> None:
            said.append(message["type"])

        serving = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        while not {"releases", "tokens"} <= set(asked):
            await asyncio.sleep(0.01)
        stop.set()
        ended, _ = await asyncio.wait({serving}, timeout=20)
        assert ended
        return said

    try:
        assert asyncio.run(lives()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert "refusals" in asked
    finally:
        thaws.set()


def test_refusals_wait_for_a_catalog_that_is_away_and_are_told_once(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, told, away = 0, list[tuple[str, int]](), True

    def tell(_chain: object, _project: str, refused: list[AccessRefused]) -> None:
        nonlocal tried
        tried += 1
        if away:
            raise StoreError("away")
        told.extend((each.who, each.times) for each in refused)

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.01)

    def note(who: str) -> None:
        app.door.refusals.note(who, "GET /read", "why", "10.0.0.1", time.time())

    async def watched() -> None:
        nonlocal away
        watching = asyncio.create_task(draining.watch_the_door(workspace, app.door, seconds=0.01))
        note("first")
        await until(lambda: tried > 2)
        note("second")
        before = tried
        await until(lambda: tried > before + 2)
        away = False
        await until(lambda: bool(told))
        before = tried
        await asyncio.sleep(0.1)
        assert told == [("first", 1), ("second", 1)] and tried == before
        note("first")  # of the same hour, so it is told with others; but the server ends
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    monkeypatch.setattr("treadle.access.refusals.tell", tell)
    asyncio.run(watched())
    assert told == [("first", 1), ("second", 1), ("first", 1)]


def test_refusals_that_are_being_told_as_a_server_stops_are_told_once(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes, told = threading.Event(), threading.Event(), list[str]()

    def tell(_chain: object, _project: str, refused: list[AccessRefused]) -> None:
        begun.set()
        assert goes.wait(20)
        told.extend(each.who for each in refused)

    async def stopped() -> None:
        app.door.refusals.note("first", "GET /read", "why", "10.0.0.1", time.time())
        watching = asyncio.create_task(draining.watch_the_door(workspace, app.door, seconds=0.01))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        app.door.refusals.note("last", "GET /read", "why", "10.0.0.1", time.time())
        watching.cancel()
        await asyncio.sleep(0)
        goes.set()
        await asyncio.gather(watching, return_exceptions=True)

    monkeypatch.setattr("treadle.access.refusals.tell", tell)
    asyncio.run(stopped())
    assert told == ["first", "last"]


def test_a_project_file_that_could_not_be_followed_is_tried_again_and_then_once(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wrong may lie elsewhere, as a file that comes later or a folder that is trusted later."""
    file, loads, wrong = workspace.project.file, list[int](), True
    text = file.read_text(encoding="utf-8").replace("logins: {", 'logins: {"bea": grace, ')

    def loading(path: Path) -> Any:
        loads.append(1)
        if wrong:
            raise SpecError("a file that it names is not there")
        return load(path)

    async def watched() -> None:
        nonlocal wrong
        following = draining._ProjectFile(workspace, app.door)
        for turns, tried in ((1, 1), (9, 1), (1, 2)):
            for _ in range(turns):
                await following.follow()
            assert len(loads) == tried and "bea" not in app.door.spec.access.logins
        file.write_text(text, encoding="utf-8")
        await following.follow()
        assert len(loads) == 3, "another one is tried at once"
        wrong = False
        for _ in range(30):
            await following.follow()
        assert len(loads) == 4 and app.door.spec.access.logins["bea"] == "grace"

    monkeypatch.setattr("treadle.spec.load", loading)
    asyncio.run(watched())


def test_who_left_the_people_of_the_project_is_let_in_no_more(app: App, workspace: Workspace) -> None:
    file = workspace.project.file
    session = app.door.sign_in(code=app.door.invite(person("grace", via="login grace")))
    headers = [(b"host", b"127.0.0.1"), (b"cookie", f"{app.door.cookie}={session}".encode())]

    def refused() -> int:
        try:
            app.door.enter("GET", headers, "GET /metrics", "records")
        except Refused as bad:
            return bad.status
        return 0

    async def watched() -> None:
        watching = asyncio.create_task(draining.watch_the_door(workspace, app.door, seconds=0.01))
        file.write_text(file.read_text(encoding="utf-8").replace("[grace]", "[bea]"), encoding="utf-8")
        async with asyncio.timeout(20):
            while not refused():
                await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    assert refused() == 0
    asyncio.run(watched())
    assert refused() == 403


def test_outcomes_that_were_refused_are_not_kept(
    endpoint: Endpoint, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps([{"prediction_id": f"p{i}", "label": True} for i in range(3)]).encode()
    with monkeypatch.context() as full:
        full.setattr(endpoint._outcomes, "_write", _full)
        for _ in range(3):
            with pytest.raises(StoreError, match="cannot be written"):
                endpoint.take_outcomes(body)
    assert endpoint.take_outcomes(body) == 3
    endpoint.flush()
    assert [line["prediction_id"] for line in records(workspace.journal, "outcomes")] == ["p0", "p1", "p2"]


def _full(_content: bytes) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("given", "taken"), [("", False), ("x", True), ("é" * 200, True), ("x" * 201, False)])
def test_the_id_of_a_prediction_is_of_1_to_200_characters(endpoint: Endpoint, given: str, taken: bool) -> None:
    prediction = json.dumps(RECORD | {"prediction_id": given}).encode()
    outcome = json.dumps({"prediction_id": given, "label": True}).encode()
    for ask in (lambda: endpoint.predict(prediction), lambda: endpoint.take_outcomes(outcome)):
        if taken:
            ask()
        else:
            with pytest.raises(RequestError, match="prediction_id"):
                ask()


def test_what_breaks_off_beside_answering_begins_again_and_the_endpoint_is_closed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_app, "_AGAIN_SECONDS", 0.0)
    begun, told, closed = list[int](), asyncio.Queue[dict[str, Any]](), list[bool]()

    async def short_of_something() -> None:
        begun.append(1)
        raise BlockingIOError("no process can be begun")

    async def go() -> None:
        server = App(app.endpoint, app.door, beside=[short_of_something])
        monkeypatch.setattr(app.endpoint, "close", lambda: closed.append(True))
        await told.put({"type": "lifespan.startup"})
        said = asyncio.Queue[dict[str, Any]]()
        running = asyncio.create_task(server({"type": "lifespan"}, told.get, said.put))
        while len(begun) < 3:
            await asyncio.sleep(0.01)
        await told.put({"type": "lifespan.shutdown"})
        await running

    asyncio.run(go())
    assert closed == [True]
