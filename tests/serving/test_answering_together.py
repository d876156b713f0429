"""Records that come at the same time are scored together, and nobody's spoils another's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from served_shop import RECORD, release

from treadle.errors import RequestError, StoreError
from treadle.serving import App
from treadle.serving.journal import records
from treadle.serving.together import MOST, Asked, Together
from treadle.workspace import Workspace

HEADERS = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]


async def post(app: App, record: Any) -> tuple[int, Any]:
    """One request as uvicorn hands it on; (status, body)."""
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(record).encode(), "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": HEADERS, "client": ("127.0.0.1", 1)}
    await app(scope, receive, send)
    return told[0]["status"], json.loads(told[1]["body"])


def crowd(app: App, sent: Sequence[Any]) -> list[tuple[int, Any]]:
    """All of them in one turn of the loop, after a turn in which two came together."""

    async def ask() -> list[tuple[int, Any]]:
        await asyncio.gather(post(app, RECORD), post(app, RECORD))
        await asyncio.sleep(0)
        return await asyncio.gather(*(post(app, record) for record in sent))

    return asyncio.run(ask())


def scored_together(app: App, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each run of the graph for several had, from now on."""
    sizes: list[int] = []
    whole = app.endpoint.live.score_many
    monkeypatch.setattr(app.endpoint.live, "score_many", lambda rows: sizes.append(len(rows)) or whole(rows))
    return sizes


def test_who_comes_together_is_scored_together_and_answered_as_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = scored_together(app, monkeypatch)
    sent = [{**RECORD, "amount": 10.0 + i, "prediction_id": f"crowd-{i}"} for i in range(MOST + 40)]
    answers = crowd(app, sent)
    assert sizes == [MOST, 40]
    assert [body["prediction_id"] for _, body in answers] == [record["prediction_id"] for record in sent]
    for record, (status, body) in list(zip(sent, answers, strict=True))[::10]:
        alone = asyncio.run(post(app, record))[1]
        assert status == 200 and body["probability"] == pytest.approx(alone["probability"], abs=1e-6)
        assert body["threshold"] == alone["threshold"] and body["model"] == alone["model"]


def test_who_comes_alone_waits_for_nobody(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = scored_together(app, monkeypatch)

    async def one_by_one() -> None:
        for _ in range(5):
            assert (await post(app, RECORD))[0] == 200
            await asyncio.sleep(0)

    asyncio.run(one_by_one())
    assert sizes == []
    crowd(app, [RECORD] * 3)
    assert sizes == [3]
    asyncio.run(one_by_one())  # soon after a crowd they are met as its next, and then no longer
    asyncio.run(one_by_one())
    assert sizes == [3, *[1] * 8]


def test_each_is_in_the_ledger_once_and_counted_once(app: App, workspace: Workspace) -> None:
    answers = crowd(app, [{**RECORD, "prediction_id": f"kept-{i}"} for i in range(30)])
    app.endpoint.flush()
    kept = [line["prediction_id"] for line in records(workspace.journal, "predictions")]
    assert sorted(i for i in kept if i.startswith("kept-")) == sorted(f"kept-{i}" for i in range(30))
    assert len(kept) == 32 == app.endpoint.answered and all(status == 200 for status, _ in answers)
    text = app.endpoint.metrics.text().decode()
    assert 'treadle_predictions_total{endpoint="shop"} 32.0' in text
    assert 'treadle_predict_seconds_count{endpoint="shop"} 32.0' in text


def test_of_a_list_that_fails_half_way_nothing_is_in_the_ledger(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its caller is told that it failed, and sends all of it again."""
    endpoint = app.endpoint
    found = endpoint.read(json.dumps([{**RECORD, "prediction_id": f"l{i}"} for i in range(2 * MOST + 1)]).encode())
    assert isinstance(found, list)

    def kept() -> list[str]:
        endpoint.flush()
        return [line["prediction_id"] for line in records(workspace.journal, "predictions")]

    parts = endpoint.answer_many(found)
    next(parts)
    endpoint.state_fault = StoreError("it does not answer")
    with pytest.raises(StoreError, match="does not answer"):
        list(parts)
    endpoint.state_fault = None
    with monkeypatch.context() as full:
        full.setattr("treadle.backends.embedded.journal.MOST_WAITING", -1)
        with pytest.raises(StoreError, match="wait in memory already"):
            list(endpoint.answer_many(found))
    assert kept() == [] and endpoint.answered == 0
    assert len(json.loads(b"".join(endpoint.answer_many(found)))) == len(found) == endpoint.answered
    assert kept() == [record.prediction_id for record in found]


def test_a_wrong_record_among_others_is_refused_alone(app: App) -> None:
    sent = [RECORD, {**RECORD, "amount": -4}, RECORD, {"nothing": 1}, [RECORD, RECORD]]
    assert [status for status, _ in crowd(app, sent)] == [200, 422, 200, 422, 200]


def test_a_fault_with_one_record_is_its_own(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live, features = app.endpoint.live, app.endpoint.live.features

    def failing(record: Any, state: Any) -> Any:
        if record.customer == "bad":
            raise ZeroDivisionError("as no feature should")
        return features(record, state)

    monkeypatch.setattr(live, "features", failing)
    sent = [{**RECORD, "prediction_id": f"n-{i}", "customer": "bad" if i == 2 else "Åse"} for i in range(5)]
    assert [status for status, _ in crowd(app, sent)] == [200, 200, 500, 200, 200]
    assert "as no feature should" in capsys.readouterr().err
    app.endpoint.flush()
    kept = [line["prediction_id"] for line in records(workspace.journal, "predictions")]
    assert sorted(i for i in kept if i.startswith("n-")) == ["n-0", "n-1", "n-3", "n-4"]


def test_a_record_that_cannot_be_kept_takes_no_others_answer(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint, made = app.endpoint, app.endpoint._made

    def failing(live: Any, record: Any, *rest: Any) -> Any:
        if record.prediction_id == "n-1":
            raise OverflowError("a number of more than 64 bits")
        return made(live, record, *rest)

    monkeypatch.setattr(endpoint, "_made", failing)
    answers = crowd(app, [{**RECORD, "prediction_id": f"n-{i}"} for i in range(4)])
    assert [status for status, _ in answers] == [200, 500, 200, 200]
    assert endpoint.answered == 5
    assert 'treadle_predictions_total{endpoint="shop"} 5.0' in endpoint.metrics.text().decode()


def test_a_model_taken_up_meanwhile_answers_what_was_read_for_the_one_before(app: App, workspace: Workspace) -> None:
    endpoint = app.endpoint
    asked = [Asked(endpoint.read(body), body) for body in [json.dumps(RECORD).encode()] * 2]  # type: ignore[arg-type]
    release(workspace.project.root, "shop:2")
    asyncio.run(endpoint.follow())
    assert endpoint.model == "shop:2"
    assert [json.loads(answer)["model"] for answer in endpoint.answer_each(asked)] == ["shop:2", "shop:2"]  # type: ignore[arg-type]


def test_a_record_as_another_model_reads_it_is_read_anew_from_its_body(app: App) -> None:
    class Other:
        """As a model without these fields reads it."""

        prediction_id = None

    bodies = [json.dumps(each).encode() for each in (RECORD, {"nothing": 1})]
    fine, wrong = app.endpoint.answer_each([Asked(Other(), body) for body in bodies])  # type: ignore[arg-type]
    assert json.loads(fine)["model"] == app.endpoint.model and isinstance(wrong, RequestError)  # type: ignore[arg-type]
    (fine,) = app.endpoint.answer_each([Asked(Other(), bodies[0])])  # type: ignore[arg-type]
    assert json.loads(fine)["prediction_id"]  # type: ignore[arg-type]


def test_nobody_waits_for_ever_and_who_went_away_is_let_go() -> None:
    async def all_fail() -> None:
        together = Together(lambda asked: 1 / 0)  # type: ignore[arg-type,return-value]
        waiting = [asyncio.ensure_future(together.answer(Asked(None, b""))) for _ in range(3)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        waiting[1].cancel()
        async with asyncio.timeout(20):
            found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in found] == [ZeroDivisionError, asyncio.CancelledError, ZeroDivisionError]

    asyncio.run(all_fail())


def test_as_long_as_two_come_together_nobody_is_answered_alone() -> None:
    sizes: list[int] = []
    one = Asked(None, b"")  # type: ignore[arg-type]

    async def pairs() -> None:
        together = Together(lambda asked: sizes.append(len(asked)) or [b""] * len(asked))  # type: ignore[func-returns-value]
        assert together.alone() and together.alone()  # at once, as nobody came before them
        await asyncio.sleep(0)
        for _ in range(20):
            assert not together.alone()
            await asyncio.gather(together.answer(one), together.answer(one))

    asyncio.run(pairs())
    assert sizes == [2] * 20
