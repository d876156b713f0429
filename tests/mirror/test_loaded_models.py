"""The files that MLflow loads a model by: equal to `treadle predict`, without a row of anybody's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest

from treadle.api import Context
from treadle.api.endpoint import PredictRequest, predict
from treadle.errors import DataError, ModelError, RequestError
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.features import compile_online
from treadle.hosting.opening import newest_rows, open_live, open_state
from treadle.mirror.loading import Loaded, _load_pyfunc
from treadle.mirror.pyfunc import MADE_UP, example_of, files, without_rows
from treadle.models import Bundle
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace


def opened(project: Path) -> tuple[Workspace, Bundle]:
    workspace = open_workspace(load(project), actor="ada")
    packed = workspace.chain.last(ModelPacked).payload
    return workspace, Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where="blobs")


def written(bundle: Bundle, folder: Path) -> Path:
    for path, content in files(bundle, "run1", "0.1.0").items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


@pytest.fixture
def loaded(run_once: Path, tmp_path: Path) -> Loaded:
    return _load_pyfunc(str(written(opened(run_once)[1], tmp_path / "model") / "data"))


ROWS = pd.DataFrame(
    {"order": [1, 2, None, 4], "amount": [10, 70.5, np.nan, 33], "kind": ["a", None, "b", "zz"], "more": [1, 2, 3, 4]},
    index=[7, 3, 5, 9],
)


def test_it_answers_what_predict_answers(run_once: Path, loaded: Loaded, tmp_path: Path) -> None:
    pl.DataFrame(ROWS.drop(columns="more").to_dict("list"), strict=False).with_columns(
        pl.col("amount").fill_nan(None), pl.col("order").fill_nan(None).cast(pl.Int64)
    ).write_parquet(tmp_path / "rows.parquet")
    asked = PredictRequest(project=str(run_once), source=str(tmp_path / "rows.parquet"))
    wanted = predict(asked, Context(person("ada"))).predictions
    found = loaded.predict(ROWS)
    assert list(found.index) == [7, 3, 5, 9] and list(found.columns) == ["prediction", "probability", "threshold"]
    assert found["probability"].tolist() == pytest.approx([each.probability for each in wanted], abs=1e-6)
    assert found["prediction"].tolist() == [each.prediction for each in wanted]
    assert len(set(found["probability"])) > 1


def test_an_empty_frame_has_an_empty_answer(loaded: Loaded) -> None:
    assert len(loaded.predict(ROWS.head(0))) == 0


def test_what_cannot_be_asked_is_refused_in_words(loaded: Loaded) -> None:
    with pytest.raises(DataError, match="no column amount") as bad:
        loaded.predict(ROWS.rename(columns={"amount": "amont"}))
    assert 'did you mean "amont"' in bad.value.mend
    with pytest.raises(RequestError, match="amount"):
        loaded.predict(ROWS.assign(amount=["x", 1, 2, 3]))
    with pytest.raises(RequestError, match=r"\[1\]\.amount is -1"):
        loaded.predict(ROWS.assign(amount=[1, -1, 2, 3]))


def test_no_row_goes_along(run_once: Path) -> None:
    """Neither the golden records of the bundle nor its histograms."""
    _, bundle = opened(run_once)
    made = files(bundle, "run1", "0.1.0")
    assert set(made) == {
        "MLmodel",
        "data/card.md",
        "data/model.onnx",
        "data/shipped.json",
        "input_example.json",
        "python_env.yaml",
        "requirements.txt",
    }
    shipped = json.loads(made["data/shipped.json"])
    real = {tuple(golden.values) for golden in bundle.golden}
    assert len(shipped["golden"]) == MADE_UP and len(real) > 10
    assert not real & {tuple(golden["values"]) for golden in shipped["golden"]}
    assert without_rows(bundle).reference.rows == 0
    orders = pl.read_csv(run_once / "orders.csv")["amount"].to_list()
    assert json.loads(made["input_example.json"])["data"][0][0] not in orders


def test_signature_and_example_are_of_what_it_is_asked(run_once: Path, loaded: Loaded) -> None:
    _, bundle = opened(run_once)
    made = files(bundle, "run1", "0.1.0")
    about = json.loads(made["MLmodel"])
    columns = {c["name"]: (c["type"], c["required"]) for c in json.loads(about["signature"]["inputs"])}
    assert columns == {"amount": ("any", True), "kind": ("string", True), "order": ("any", False)}
    assert [c["name"] for c in json.loads(about["signature"]["outputs"])] == ["prediction", "probability", "threshold"]
    example = json.loads(made["input_example.json"])
    assert len(loaded.predict(pd.DataFrame(**example))) == 1
    assert about["flavors"]["python_function"]["loader_module"] == Loaded.__module__
    assert about["metadata"]["treadle"]["manifest"] == bundle.id


def test_a_damaged_folder_is_refused(run_once: Path, tmp_path: Path) -> None:
    data = written(opened(run_once)[1], tmp_path / "model") / "data"
    graph = (data / "model.onnx").read_bytes()
    (data / "model.onnx").write_bytes(graph[:-1] + b"?")
    with pytest.raises(ModelError, match=r"model\.onnx is not what the manifest says"):
        _load_pyfunc(str(data))
    (data / "model.onnx").write_bytes(graph)
    shipped = json.loads((data / "shipped.json").read_bytes())
    shipped["golden"][3]["expected"] += 0.1
    (data / "shipped.json").write_bytes(msgspec.json.encode(shipped))
    with pytest.raises(ModelError, match="golden record 3"):
        _load_pyfunc(str(data))
    (data / "shipped.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="no model that Treadle sent"):
        _load_pyfunc(str(data))


def test_windows_and_lookups_are_columns(windowed: Path, tmp_path: Path) -> None:
    """Told by the caller, they give what the endpoint's own state gives."""
    workspace, bundle = opened(windowed)
    made = _load_pyfunc(str(written(bundle, tmp_path / "model") / "data"))
    live = open_live(workspace, workspace.released.bundle, workspace.released.model)
    orders = newest_rows(workspace, "orders").tail(60)
    names = [f.name for f in live.inputs.fields]
    records = live.reader.read(msgspec.json.encode(orders.select(names).to_dicts()))
    state = open_state(workspace, live)
    try:
        drawn = [compile_online(live.plan).features(record, state)[0] for record in records]
    finally:
        state.close()
    told = pd.DataFrame(drawn, columns=[f.name for f in live.plan.features])
    kept = [f.name for f in live.plan.features if f.origin in ("lookup", "window")]
    frame = pd.concat([orders.select(names).to_pandas(), told[kept]], axis=1)
    assert len(kept) == 11 and told[["customer_since", "customer_tier", "returns_share_7d"]].notna().any().all()
    found = made.predict(frame)["probability"].tolist()
    assert found == pytest.approx(live.score_many(drawn), abs=1e-6)
    with pytest.raises(DataError, match="customer_since") as bad:
        made.predict(frame[names])
    assert "windows and lookups are columns here" in bad.value.mend
    assert example_of(bundle).keys() >= set(kept)


def test_times_without_a_zone_are_utc(windowed: Path, tmp_path: Path) -> None:
    workspace, bundle = opened(windowed)
    made = _load_pyfunc(str(written(bundle, tmp_path / "model") / "data"))
    workspace.chain.engine.dispose()
    row = dict(example_of(bundle)) | {"ordered": datetime(2024, 4, 1, 23, 30, tzinfo=UTC)}
    one = made.predict(pd.DataFrame([row]))
    naive = made.predict(pd.DataFrame([row | {"ordered": datetime(2024, 4, 1, 23, 30)}]))
    text = made.predict(pd.DataFrame([row | {"ordered": "2024-04-02T01:30:00+02:00"}]))
    assert one["probability"][0] == naive["probability"][0] == text["probability"][0]
