"""A server's life: it starts only with a proved model, follows releases, and survives what is done to it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from served_shop import RECORD, Served, release, serving
from sqlalchemy import text

from treadle.api import Context
from treadle.api.endpoint import PredictRequest, WatchRequest, predict, watch
from treadle.api.models import RollbackRequest, models_rollback
from treadle.api.work import ReplayRequest, replay
from treadle.errors import ModelError, StoreError, TreadleError
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.hosting.opening import make_app, open_door, open_live, open_state
from treadle.models import Bundle, Parts
from treadle.models.registry import Released, current, find
from treadle.principal import person
from treadle.serving import App, Endpoint, records
from treadle.spec import load
from treadle.store import Blob
from treadle.workspace import Workspace, open_workspace

EVENT = {"customer": "Eva", "amount": 20.0, "items": 1, "told": "2024-04-14T00:00:00Z", "came_back": True}


def until(holds: Callable[[], Any]) -> Any:
    """Wait for what comes by itself; give it half a minute on a busy machine."""
    for _ in range(600):
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("this never came to hold")


def model_of(served: Served) -> str:
    return str(served.http.get("/state").json()["model"])


def journal_of(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    journal = open_workspace(load(folder), actor="ada").journal
    return {record["prediction_id"]: record for record in records(journal, kind)}


def with_wrong_golden(workspace: Workspace, name: str) -> str:
    """The newest bundle, whole and signed, but with a golden record that does not come out right."""
    bundle = bundle_of(workspace, "shop:2")
    golden = (msgspec.structs.replace(bundle.golden[0], expected=0.123), *bundle.golden[1:])
    manifest = msgspec.structs.replace(bundle.manifest, model=name)
    parts = Parts(manifest, bundle.onnx, bundle.reference, golden, bundle.card, bundle.cost)
    Bundle.write(workspace.root / "wrong", parts, workspace.signing_key)
    return workspace.blobs.put_file(workspace.root / "wrong")


def bundle_of(workspace: Workspace, name: str) -> Bundle:
    digest = find(workspace.chain, "shop", name).payload.bundle.digest
    return Bundle.read(workspace.blobs.get(digest), workspace.trusted_keys, where=name)


def release_by_hand(workspace: Workspace, bundle: str, name: str) -> None:
    """All that a release leaves in the record, for a bundle that no run packed."""
    chain, blob = workspace.chain, Blob(bundle, "bundle")
    packed = msgspec.structs.replace(find(chain, "shop", "shop:2").payload, model=name, bundle=blob)
    packing = chain.append(packed, "shop")
    asked = chain.append(ReviewRequested(model=name, bundle=blob, gates=()), f"model/{name}")
    approved = ReviewApproved(model=name, bundle=blob, request=asked.ref)
    approval = chain.acting("grace").append(approved, f"model/{name}")
    chain.append(ReleaseMade(model=name, bundle=blob, packing=packing.ref, approval=approval.ref), "endpoint/shop")


def get(app: App, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            return await http.get(path)

    return asyncio.run(ask())


def test_a_server_follows_a_release_and_a_rollback_without_refusing_anyone(shop: Path) -> None:
    with serving(shop) as served:
        statuses, models = set(), set()

        def asked() -> str:
            answer = served.http.post("/predict", json=RECORD)
            statuses.add(answer.status_code)
            models.add(answer.json()["model"])
            return str(answer.json()["model"])

        assert asked() == "shop:1"
        release(shop, "shop:2")
        until(lambda: asked() == "shop:2")
        assert served.http.get("/openapi.json").json()["info"]["version"] == model_of(served) == "shop:2"
        assert 'treadle_model_info{endpoint="shop",model="shop:2"} 1.0' in served.http.get("/metrics").text
        assert "shop:1" not in served.http.get("/metrics").text
        models_rollback(RollbackRequest(project=str(shop), reason="for the test"), Context(person("grace")))
        until(lambda: asked() == "shop:1")
        assert statuses == {200} and models == {"shop:1", "shop:2"}
        # its online state came back with it
        assert served.http.post("/events/returns", json={**EVENT, "order_id": "e1"}).json() == {"taken": 1}


def follow(endpoint: Endpoint) -> str:
    """What a running server does every second; what it says of a release that it refused."""
    asyncio.run(endpoint.follow())
    return endpoint.refused


def test_a_release_that_does_not_prove_itself_is_refused_and_told(app: App, workspace: Workspace) -> None:
    endpoint = app.endpoint
    asked = msgspec.json.encode({**RECORD, "prediction_id": "same"})
    before = endpoint.predict(asked)
    for number, (bundle, why) in enumerate(
        (
            (with_wrong_golden(workspace, "shop:11"), "golden record 0"),
            ("0" * 64, "is missing"),
            (workspace.blobs.put(b"not a bundle"), "damaged"),
            (find(workspace.chain, "shop", "shop:2").payload.bundle.digest, "calls itself shop:2"),
        )
    ):
        release_by_hand(workspace, bundle, f"shop:{11 + number}")
        assert why in follow(endpoint) and endpoint.model == "shop:1"
        answer = get(app, "/state")
        assert answer.status_code == 200 and why in answer.json()["refused_release"]
    assert endpoint.predict(asked) == before


def test_a_release_that_was_refused_is_not_opened_again_each_second(
    app: App, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    release_by_hand(workspace, "0" * 64, "shop:11")
    said = {follow(app.endpoint) for _ in range(3)}
    assert len(said) == 1 and "is missing" in said.pop()
    assert capsys.readouterr().out.count("was not taken up") == 1
    release_by_hand(workspace, "0" * 64, "shop:12")
    follow(app.endpoint)
    assert capsys.readouterr().out.count("was not taken up") == 1, "another release is another try"


def test_a_server_believes_the_record_and_no_file(app: App, workspace: Workspace) -> None:
    """A pointer file was believed once: what waits for review was served."""
    pointer = workspace.root / "released" / "shop.json"
    pointer.parent.mkdir(exist_ok=True)
    waiting = find(workspace.chain, "shop", "shop:2").payload
    pointer.write_bytes(msgspec.json.encode(Released("shop", "shop:2", waiting.bundle.digest, "x" * 64, "")))
    assert follow(app.endpoint) == "" and app.endpoint.model == "shop:1"


@pytest.mark.parametrize("edit", ["another bundle", "not approved", "edited"])
def test_a_release_that_the_record_does_not_prove_is_refused_and_told(
    app: App, workspace: Workspace, edit: str
) -> None:
    chain, endpoint = workspace.chain, app.endpoint
    waiting, served = find(chain, "shop", "shop:2"), chain.last(ReleaseMade, subject="endpoint/shop")
    made = ReleaseMade(
        model="shop:2", bundle=waiting.payload.bundle, packing=waiting.ref, approval=served.payload.approval
    )
    if edit == "another bundle":
        made = msgspec.structs.replace(served.payload, bundle=waiting.payload.bundle)
    chain.append(made, "endpoint/shop")
    if edit == "edited":
        with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
            connection.execute(
                text("update entries set body = cast(replace(cast(body as text), 'shop:2', 'shop:3') as blob)")
            )
    assert "shop:1 goes on" in follow(endpoint) and endpoint.model == "shop:1"
    answer = get(app, "/state").json()
    assert "shop:1 goes on" in answer["refused_release"] and answer["model"] == "shop:1"
    with pytest.raises(TreadleError):
        make_app(workspace, open_door(workspace, "127.0.0.1"))


def test_a_bundle_put_in_anothers_place_is_not_opened(workspace: Workspace) -> None:
    """It is whole and signed by the right key, and still not the one that was approved."""
    other = workspace.blobs.get(find(workspace.chain, "shop", "shop:2").payload.bundle.digest)
    served = current(workspace.chain, "shop")
    workspace.blobs.path(served.bundle).write_bytes(other)
    with pytest.raises(TreadleError, match="changed on disk"):
        make_app(workspace, open_door(workspace, "127.0.0.1"))


def test_a_record_that_cannot_be_read_changes_nothing(app: App, workspace: Workspace) -> None:
    class Away:
        def newest(self) -> str:
            raise TreadleError("the database is away")

        def current(self) -> Released | None:
            raise AssertionError("never asked")

    app.endpoint.releases = Away()
    assert "the record cannot be read" in follow(app.endpoint) and app.endpoint.model == "shop:1"
    app.endpoint.releases = workspace.releases
    assert follow(app.endpoint) == ""


class Asked:
    """Releases that are what the record says, but for what a test puts there; counts how often they are proved."""

    def __init__(self, workspace: Workspace) -> None:
        self.newest, self._current, self.proved = workspace.releases.newest, workspace.releases.current, 0
        self.away = False

    def current(self) -> Released | None:
        self.proved += 1
        if self.away:
            raise StoreError("the catalog is away")
        return self._current()


def test_a_release_that_something_away_kept_out_is_tried_again(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("treadle.serving.endpoint._POLLS", 3)
    release(workspace.project.root, "shop:2")
    app.endpoint.releases = asked = Asked(workspace)
    asked.away = True
    for tries in (1, 1, 1, 2, 2):
        assert "the catalog is away" in follow(app.endpoint) and asked.proved == tries
    assert capsys.readouterr().out.count("was not taken up") == 1
    asked.away = False
    assert [follow(app.endpoint) == "" for _ in range(2)] == [False, True] and app.endpoint.model == "shop:2"


def test_so_is_one_whose_bundle_lies_on_a_share_that_is_mounted_later_but_none_that_was_changed(
    app: App, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.serving.endpoint._POLLS", 2)
    release(workspace.project.root, "shop:2")
    app.endpoint.releases = asked = Asked(workspace)
    bundle = workspace.blobs.path(find(workspace.chain, "shop", "shop:2").payload.bundle.digest)
    aside = bundle.rename(bundle.with_name("unmounted"))
    assert "is missing" in follow(app.endpoint)
    aside.rename(bundle)
    assert [follow(app.endpoint) == "" for _ in range(2)] == [False, True] and app.endpoint.model == "shop:2"
    release_by_hand(workspace, with_wrong_golden(workspace, "shop:11"), "shop:11")
    follow(app.endpoint)
    proved = asked.proved
    assert all("golden record 0" in follow(app.endpoint) for _ in range(4)) and asked.proved == proved


def test_why_a_release_is_refused_is_told_again_once_the_record_is_read(app: App, workspace: Workspace) -> None:
    def away() -> str:
        raise StoreError("the database is away")

    release_by_hand(workspace, "0" * 64, "shop:11")
    why, kept = follow(app.endpoint), Asked(workspace)
    app.endpoint.releases, kept.newest = kept, away
    assert "is missing" in why and "the record cannot be read" in follow(app.endpoint)
    app.endpoint.releases = workspace.releases
    assert follow(app.endpoint) == why


def test_a_release_of_what_is_served_is_proved_once(app: App, workspace: Workspace) -> None:
    project = workspace.project.root
    release(project, "shop:2")
    models_rollback(RollbackRequest(project=str(project), reason="for the test"), Context(person("grace")))
    app.endpoint.releases = asked = Asked(workspace)
    assert {follow(app.endpoint) for _ in range(3)} == {""} and (asked.proved, app.endpoint.model) == (1, "shop:1")


def test_outcomes_are_moved_though_no_more_come(
    endpoint: Endpoint, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A segment is closed after its time by a flush that writes nothing."""
    endpoint.take_outcomes(b'{"prediction_id":"kept","label":1}')
    assert workspace.journal.segments("outcomes")[0] == []
    monkeypatch.setattr("treadle.backends.embedded.journal._ROLL_SECONDS", 0.0)
    endpoint.flush()
    assert len(workspace.journal.segments("outcomes")[0]) == 1


def test_a_release_whose_state_is_in_use_is_refused_and_told(endpoint: Endpoint, workspace: Workspace) -> None:
    digest = find(workspace.chain, "shop", "shop:2").payload.bundle.digest
    held = open_state(workspace, open_live(workspace, digest, "shop:2"))
    release(workspace.project.root, "shop:2")
    assert "another process writes" in follow(endpoint) and endpoint.model == "shop:1"
    held.close()
    assert json.loads(endpoint.predict(msgspec.json.encode(RECORD)))["model"] == "shop:1"


def test_nothing_is_served_by_a_model_that_does_not_prove_itself(workspace: Workspace) -> None:
    release_by_hand(workspace, with_wrong_golden(workspace, "shop:9"), "shop:9")
    with pytest.raises(ModelError, match=r"golden record 0 gives .* training gave 0\.123"):
        make_app(workspace, open_door(workspace, "127.0.0.1"))


def test_readyz_fails_once_the_golden_records_do_not_come_out_right(workspace: Workspace) -> None:
    bundles = []

    def open_model(released: Released) -> Any:
        from treadle.serving import LiveModel

        bundles.append(bundle_of(workspace, released.model))
        return LiveModel(bundles[0])

    endpoint = Endpoint(
        "shop",
        workspace.released,
        releases=workspace.releases,
        journal=workspace.journal,
        open_model=open_model,
        open_state=lambda live: open_state(workspace, live),
        rebuild=lambda live, state, as_of: None,
    )
    app = App(endpoint, open_door(workspace, "127.0.0.1"))
    assert get(app, "/readyz").status_code == 200
    good = bundles[0].golden
    object.__setattr__(bundles[0], "golden", (msgspec.structs.replace(good[0], expected=0.123), *good[1:]))
    answer = get(app, "/readyz")
    assert answer.status_code == 503 and answer.json() == {"ready": False}
    assert "golden record 0 gives" in get(app, "/state").json()["golden_records"]
    object.__setattr__(bundles[0], "golden", good)
    assert get(app, "/readyz").status_code == 200
    endpoint.close()


def test_nothing_released_is_told_with_what_to_do(workspace: Workspace) -> None:
    """In the same words by all that need a release; a version that is named needs none."""
    with workspace.chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("delete from entries where kind like 'release.%'"))
    project, ada, record = str(workspace.project.root), Context(person("ada")), json.dumps(RECORD)
    asks: tuple[Callable[[], object], ...] = (
        lambda: make_app(workspace, open_door(workspace, "127.0.0.1")),
        lambda: predict(PredictRequest(project=project, record=record), ada),
        lambda: watch(WatchRequest(project=project), ada),
        lambda: replay(ReplayRequest(project=project), ada),
    )
    for ask in asks:
        with pytest.raises(ModelError, match="nothing is released to endpoint shop") as caught:
            ask()
        assert caught.value.mend == (
            f"treadle run {project} says what a release waits for; "
            f"a version that waits answers with: treadle predict {project} --model VERSION"
        )
    assert predict(PredictRequest(project=project, record=record, model="2"), ada).model == "shop:2"


def test_a_killed_server_loses_at_most_a_second_of_predictions_and_nothing_that_it_was_told(shop: Path) -> None:
    acknowledged: list[tuple[str, float]] = []
    with serving(shop) as served:
        began = time.monotonic()
        while time.monotonic() < began + 1.8:
            found = served.http.post("/predict", json=[RECORD] * 3).json()
            acknowledged += [(answer["prediction_id"], time.monotonic()) for answer in found]
        before = served.http.post("/predict", json={**RECORD, "customer": "Eva"}).json()["probability"]
        outcome = {"prediction_id": acknowledged[0][0], "label": True}
        assert served.http.post("/outcomes", json=outcome).json() == {"taken": 1}
        events = [{**EVENT, "order_id": f"e{i}"} for i in range(5)]
        assert served.http.post("/events/returns", json=events).json() == {"taken": 5}
        killed = time.monotonic()
        served.kill()
    kept = journal_of(shop, "predictions")
    assert {i for i, at in acknowledged if at < killed - 1.0} <= set(kept)
    assert set(kept) <= {i for i, _ in acknowledged} | set(list(kept)[-1:])
    assert set(journal_of(shop, "outcomes")) == {acknowledged[0][0]}
    with serving(shop) as again:
        answer = again.http.post("/predict", json={**RECORD, "customer": "Eva"}).json()
        assert answer["probability"] != before  # it remembers the events
        assert answer["prediction_id"] not in {i for i, _ in acknowledged}


def test_predictions_are_on_disk_within_a_second_while_the_server_runs(shop: Path) -> None:
    with serving(shop) as served:
        mine = {f"mine-{i}" for i in range(20)}
        served.http.post("/predict", json=[{**RECORD, "prediction_id": i} for i in sorted(mine)])
        time.sleep(1)
        kept = journal_of(shop, "predictions")
        assert set(kept) == mine
        assert kept["mine-0"]["record"] == {**RECORD, "prediction_id": "mine-0"}
        assert kept["mine-0"]["at"] == RECORD["ordered"] and kept["mine-0"]["model"] == "shop:1"
        assert {each["client"] for each in kept.values()} == {"service:tests"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stopped_server_closes_its_journal_and_says_so(shop: Path, how: signal.Signals) -> None:
    with serving(shop) as served:
        answer = served.http.post("/predict", json=RECORD).json()
        status, said = served.stop(how)
    assert status == 0 and "stopped; 1 predictions" in said
    journal = open_workspace(load(shop), actor="ada").journal
    closed, live = journal.segments("predictions")
    assert len(closed) == 1 and live == []
    assert [record["prediction_id"] for record in records(journal, "predictions")] == [answer["prediction_id"]]


def test_a_second_server_over_the_same_state_is_refused(shop: Path) -> None:
    with serving(shop) as served:
        command = [sys.executable, "-m", "treadle", "serve", str(shop), "--port", "0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "another process writes this online state" in done.stderr + done.stdout
        port = served.http.base_url.port
        command[-1] = str(port)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in done.stderr + done.stdout
        assert served.http.get("/healthz").status_code == 200


def test_the_state_can_be_set_back(workspace: Workspace) -> None:
    local = make_app(workspace, open_door(workspace, "127.0.0.1")).endpoint
    try:
        late = local.predict(msgspec.json.encode({**RECORD, "customer": "Bo"}))
        local.rebuild_state(b'{"as_of":"2024-01-02T00:00:00Z"}')
        assert str(local.state_as_of()) == "2024-01-02 00:00:00+00:00"
        early = local.predict(msgspec.json.encode({**RECORD, "customer": "Bo"}))
        assert json.loads(early)["probability"] != json.loads(late)["probability"]
    finally:
        local.close()


def test_a_journal_that_cannot_be_written_is_told_and_nothing_is_lost(endpoint: Endpoint, workspace: Workspace) -> None:
    asked = msgspec.json.encode({**RECORD, "prediction_id": "kept"})
    folder = workspace.root / "journal" / "shop"
    folder.rename(folder.with_name("away"))
    folder.write_text("a file stands here")
    endpoint.predict(asked)
    endpoint.flush()
    assert b'treadle_journal_errors{endpoint="shop"} 1.0' in endpoint.metrics.text()
    with pytest.raises(TreadleError, match="cannot be written"):
        endpoint.take_outcomes(b'{"prediction_id":"kept","label":1}')
    folder.unlink()
    endpoint.flush()
    assert list(journal_of(workspace.project.root, "predictions")) == ["kept"]
    assert list(journal_of(workspace.project.root, "outcomes")) == []  # it was told as not taken, so it is told again
    assert endpoint.take_outcomes(b'{"prediction_id":"kept","label":1}') == 1
    assert list(journal_of(workspace.project.root, "outcomes")) == ["kept"]


def test_a_server_never_imports_what_fits(shop: Path) -> None:
    """Answering, and taking events and outcomes, needs none of these; it tells at its end what it has loaded."""
    code = (
        "import atexit, sys; from treadle.cli import main; "
        "atexit.register(lambda: print('loaded:', *sorted(sys.modules))); main()"
    )
    with serving(shop, code=code) as served:
        answered = served.http.post("/predict", json=RECORD)
        assert answered.status_code == 200
        told = {"prediction_id": answered.json()["prediction_id"], "label": True}
        assert served.http.post("/outcomes", json=told).status_code == 200
        _, said = served.stop(signal.SIGTERM)
    loaded = set(said.split("loaded: ")[1].split())
    assert {"treadle.scoring.scorer", "onnxruntime"} <= loaded
    fits = ("treadle.training", "treadle.packing", "sklearn", "lightgbm", "optuna", "onnx", "scipy", "pandas", "polars")
    assert [name for name in sorted(loaded) if name in fits or name.startswith(tuple(f"{f}." for f in fits))] == []
