"""A server does not answer in silence from an online state that does not answer, was lost, or was never filled."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from served_shop import RECORD, release

from treadle.errors import DataError, InUse, StoreError
from treadle.features import Memory
from treadle.hosting import opening, predicting
from treadle.hosting.opening import make_app, open_door
from treadle.serving import App
from treadle.workspace import Workspace


class Silent(Memory):
    """Does not answer; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = 0, False

    def history(self, view: str, key: Any) -> Any:
        self.asked += 1
        if not self.answers:
            raise StoreError("it does not answer", where="redis", mend="check it")
        return super().history(view, key)

    def check(self) -> None:
        if not self.answers:
            raise StoreError("it does not answer", where="redis", mend="check it")


def sent(app: App, *asked: tuple[str, str]) -> list[httpx.Response]:
    async def all_of_them() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            return [
                await (http.post(path, json=RECORD) if method == "POST" else http.get(path)) for method, path in asked
            ]

    return asyncio.run(all_of_them())


def test_a_state_that_does_not_answer_is_asked_once_and_the_server_is_not_ready(app: App) -> None:
    assert app.endpoint.state is not None
    app.endpoint.state.close()
    app.endpoint.state = state = Silent()
    first, second, ready = sent(app, ("POST", "/predict"), ("POST", "/predict"), ("GET", "/readyz"))
    assert first.status_code == second.status_code == 503 and second.json()["error"] == "it does not answer"
    assert state.asked == 1 and ready.status_code == 503 and ready.json() == {"ready": False}
    asyncio.run(app.endpoint.watch())
    ready, told = sent(app, ("GET", "/readyz"), ("GET", "/state"))
    assert ready.status_code == 503 and told.json()["state_fault"] == "it does not answer"
    state.answers = True
    asyncio.run(app.endpoint.watch())
    ready, answer, told = sent(app, ("GET", "/readyz"), ("POST", "/predict"), ("GET", "/state"))
    assert ready.status_code == 200 and answer.status_code == 200 and told.json()["state_fault"] is None


def test_a_server_asks_its_state_by_itself_as_long_as_it_lives(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.serving.app._STATE_SECONDS", 0.01)
    assert app.endpoint.state is not None
    app.endpoint.state.close()
    app.endpoint.state = state = Silent()
    app._beside = ()

    async def lives() -> None:
        stop = asyncio.Event()
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            message = next(messages)
            if message.endswith("shutdown"):
                await stop.wait()
            return {"type": message}

        async def send(_message: dict[str, str]) -> None: ...

        serving = asyncio.create_task(app({"type": "lifespan"}, receive, send))
        await until(lambda: app.endpoint.state_fault is not None)
        state.answers = True
        await until(lambda: app.endpoint.state_fault is None)
        stop.set()
        await serving

    asyncio.run(lives())


def test_events_are_not_taken_into_a_state_that_does_not_answer(app: App) -> None:
    """They would be acknowledged, and be in no state that anybody is answered from."""
    row = {"order_id": "e", "customer": "a", "amount": 1.0, "items": 1, "came_back": True}
    body = json.dumps(row | {"told": "2024-04-14T00:00:00Z"}).encode()
    app.endpoint.state_fault = StoreError("it does not answer", where="redis", mend="check it")
    with pytest.raises(StoreError, match="does not answer"):
        list(app.endpoint.take_events("returns", body))
    app.endpoint.state_fault = None
    assert sum(app.endpoint.take_events("returns", body)) == 1


def test_what_is_wrong_with_a_state_is_not_said_of_the_next(app: App, workspace: Workspace) -> None:
    endpoint, first = app.endpoint, app.endpoint.state
    assert first is not None
    first.close()

    class Replaced(Silent):
        def check(self) -> None:
            endpoint.state = Memory()
            super().check()

    endpoint.state = Replaced()
    asyncio.run(endpoint.watch())
    assert endpoint.state_fault is None
    endpoint.state_fault = StoreError("it does not answer", where="redis", mend="check it")
    release(workspace.project.root, "shop:2")
    asyncio.run(endpoint.follow())
    assert endpoint.model == "shop:2" and endpoint.state_fault is None and endpoint.ready()[0]


def test_a_state_is_let_go_once_all_that_was_asked_of_it_is_answered(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is answered in parts, and between two of them a release with another state is taken up."""
    endpoint, old, closed = app.endpoint, app.endpoint.state, list[str]()
    assert old is not None
    ends = old.close
    monkeypatch.setattr(old, "close", lambda: (closed.append(endpoint.model), ends()))
    found = endpoint.read(json.dumps([RECORD | {"customer": "Åse"}] * 300).encode())
    assert isinstance(found, list)
    parts = endpoint.answer_many(found)
    answered = next(parts)
    release(workspace.project.root, "shop:2")

    async def followed() -> bytes:
        following = asyncio.create_task(endpoint.follow())
        await until(lambda: endpoint.model == "shop:2")
        await asyncio.sleep(0.05)
        assert closed == [] and not following.done()
        rest = b"".join(parts)
        async with asyncio.timeout(20):
            await following
        return rest

    answers = json.loads(answered + asyncio.run(followed()))
    assert closed == ["shop:2"] and len(answers) == 300
    assert {answer["model"] for answer in answers} == {"shop:1"}
    assert len({answer["probability"] for answer in answers}) == 1


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_state_that_is_removed_while_it_is_served_is_noticed(
    app: App, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(app.endpoint.watch())
    assert sent(app, ("GET", "/readyz"))[0].status_code == 200
    (workspace.root / "state").rename(workspace.root / "elsewhere")
    asyncio.run(app.endpoint.watch())
    answer, ready = sent(app, ("POST", "/predict"), ("GET", "/readyz"))
    assert answer.status_code == ready.status_code == 503 and "removed" in answer.json()["error"]
    assert "removed" in capsys.readouterr().out


def test_a_state_that_another_is_put_in_the_place_of_is_noticed(app: App, workspace: Workspace) -> None:
    """As by a backup that is played back: the same name and the same content, and not what is written to."""
    place, elsewhere = workspace.root / "state", workspace.root / "elsewhere"
    place.rename(elsewhere)
    shutil.copytree(elsewhere, place)
    asyncio.run(app.endpoint.watch())
    (answer,) = sent(app, ("POST", "/predict"))
    assert answer.status_code == 503 and "another was put in its place" in answer.json()["error"]


def test_a_lost_state_is_filled_from_the_snapshots_and_said(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def answered() -> tuple[Any, Any]:
        app = make_app(workspace, open_door(workspace, "127.0.0.1"))
        try:
            found = json.loads(app.endpoint.predict(json.dumps(RECORD).encode()))
            return found["probability"], app.endpoint.state_as_of()
        finally:
            app.endpoint.close()

    before = answered()
    assert "online state" not in capsys.readouterr().err
    shutil.rmtree(workspace.root / "state")
    assert answered() == before and before[1] is not None
    assert "was empty here" in capsys.readouterr().err
    answered()
    assert capsys.readouterr().err == ""


def test_a_lost_state_that_cannot_be_filled_is_let_go(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DataError("it was never read", where="orders", mend="run")

    live = opening.open_live(workspace, *_released(workspace))
    shutil.rmtree(workspace.root / "state")
    with monkeypatch.context() as nothing:
        nothing.setattr(opening, "rebuild_state", away)
        with pytest.raises(DataError, match="never read"):
            opening.open_filled(workspace, live)
    state = opening.open_filled(workspace, live)
    assert state is not None and state.as_of is not None
    state.close()


def test_predict_says_whose_state_it_answered_from(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = predicting.Wanted(record=json.dumps(RECORD))
    first = predicting.predict_records(workspace, asked)
    assert first.note == ""
    shutil.rmtree(workspace.root / "state")
    second = predicting.predict_records(workspace, asked)
    assert second.predictions == first.predictions and "was never filled here, or was lost" in second.note
    state = opening.open_filled(workspace, opening.open_live(workspace, *_released(workspace)))
    assert state is not None
    assert "another process" in predicting.predict_records(workspace, asked).note
    state.close()
    assert predicting.predict_records(workspace, asked).note == ""


def test_predict_does_not_answer_from_another_state_than_one_that_is_away(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreError("the online state cannot be opened", where="redis", mend="check it")

    monkeypatch.setattr(predicting, "open_state", away)
    with pytest.raises(StoreError, match="cannot be opened") as told:
        predicting.predict_records(workspace, predicting.Wanted(record=json.dumps(RECORD)))
    assert not isinstance(told.value, InUse)


def _released(workspace: Workspace) -> tuple[str, str]:
    return workspace.released.bundle, workspace.released.model
