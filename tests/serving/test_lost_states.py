"""A server does not answer in silence from an online state that does not answer, was lost, or was never filled."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import httpx
import pytest
from served_shop import RECORD

from treadle.errors import InUse, StoreError
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
    assert sent(app, ("GET", "/readyz"))[0].status_code == 503
    state.answers = True
    asyncio.run(app.endpoint.watch())
    ready, answer = sent(app, ("GET", "/readyz"), ("POST", "/predict"))
    assert ready.status_code == 200 and answer.status_code == 200


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
