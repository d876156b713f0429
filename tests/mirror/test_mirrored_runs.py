"""Runs on a real MLflow server, loaded by its own `pyfunc`: whole, once, and by the figures of the record."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from mirrored_shop import plain_shop
from stage_shop import edit

from services.mlflow import python
from treadle.address import Address
from treadle.api import Context
from treadle.api.endpoint import PredictRequest, predict
from treadle.api.mirror import MirrorRequest, mirror
from treadle.api.work import RunAnswer, RunRequest, run
from treadle.evidence import verify
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.report_written import ReportWritten
from treadle.mirror import sending
from treadle.mirror.rest import Rest
from treadle.mirror.sending import send
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace

pytestmark = [pytest.mark.needs("mlflow"), pytest.mark.slow]
ADA = Context(person("ada"))


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A shop whose experiment nobody else has."""
    return plain_shop(tmp_path / "shop", name=f"shop{uuid.uuid4().hex[:8]}")


def runs_of(url: str, project: Path, view: str = "ACTIVE_ONLY") -> list[dict[str, Any]]:
    rest = Rest(Address(url, "test"), 60)
    name = load(project).address
    found = rest.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]
    return rest.post("runs/search", {"experiment_ids": [found], "run_view_type": view}).get("runs", [])


def pairs(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in found}


def ran(project: Path, url: str | None = None) -> RunAnswer:
    return run(RunRequest(project=str(project), mlflow=url), ADA)


def workspace_of(project: Path) -> Workspace:
    return open_workspace(load(project), actor="ada")


def test_a_run_is_there_with_all_that_is_told_of_it(mlflow: str, named: Path) -> None:
    subprocess.run(["git", "init", "-q", str(named)], check=True)
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "-C", str(named), *who, "commit", "-qm", "x", "--allow-empty"], check=True)
    head = subprocess.run(["git", "-C", str(named), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    answer = ran(named, mlflow)
    said = answer.mirrored
    assert said is not None and (said.state, said.why) == ("sent", "") and said.registered == f"{named_of(named)} 1"
    (found,) = runs_of(mlflow, named)
    assert found["info"]["status"] == "FINISHED" and found["info"]["run_name"] == answer.model
    metrics, tags = pairs(found["data"]["metrics"]), pairs(found["data"]["tags"])
    low, high = answer.interval
    name = "average_precision"
    assert (metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"]) == (answer.value, low, high)
    assert metrics[f"baseline_{name}"] == answer.baseline and metrics[f"trials/best_{name}"] > 0
    assert pairs(found["data"]["params"])["family"] == "linear"
    workspace = workspace_of(named)
    packing = workspace.chain.last(ModelPacked)
    assert tags["treadle.bundle"] == packing.payload.bundle.digest and tags["treadle.entry"] == packing.hash
    assert tags["treadle.run"] == answer.run and tags["mlflow.source.git.commit"] == head.stdout.strip()
    assert verify(workspace.chain, check=workspace.check).ok


def named_of(project: Path) -> str:
    return load(project).endpoint


_LOAD = """
import json, mlflow, pandas as pd
name, rows = sys.argv[1], json.loads(sys.argv[2])
model = mlflow.pyfunc.load_model(f"models:/{name}@released")
frame = pd.DataFrame(rows)
client = mlflow.MlflowClient()
run = client.get_run(model.metadata.run_id)
def listed(path=None):
    for found in client.list_artifacts(run.info.run_id, path):
        if found.is_dir: yield from listed(found.path)
        else: yield found.path
report = client.download_artifacts(run.info.run_id, "report.html")
print(json.dumps({
    "told": json.loads(model.predict(frame).to_json(orient="records", double_precision=15)),
    "example": len(model.predict(model.input_example)),
    "inputs": model.metadata.get_input_schema().input_names(),
    "outputs": model.metadata.get_output_schema().input_names(),
    "artifacts": sorted(listed()),
    "report": open(report).read(),
    "trials": len(client.get_metric_history(run.info.run_id, "trials/average_precision")),
    "versions": [v.version for v in client.search_model_versions(f"name='{name}'")],
    "heavy": sorted(m for m in ("sklearn", "lightgbm", "optuna", "treadle.training") if m in sys.modules),
}))
"""


def test_mlflow_loads_it_and_it_answers_what_predict_answers(mlflow: str, named: Path) -> None:
    assert ran(named, mlflow).mirrored is not None
    rows = [
        {"order": n, "amount": None if n == 5 else 7.5 * n, "kind": None if n == 3 else "abz"[n % 3]} for n in range(12)
    ]
    found = json.loads(python(_LOAD, named_of(named), json.dumps(rows), url=mlflow).splitlines()[-1])
    asked = PredictRequest(project=str(named), record=json.dumps(rows))
    wanted = predict(asked, ADA).predictions
    assert [row["prediction"] for row in found["told"]] == [each.prediction for each in wanted]
    assert [row["probability"] for row in found["told"]] == pytest.approx([e.probability for e in wanted], abs=1e-6)
    assert found["example"] == 1 and found["inputs"] == ["amount", "kind", "order"]
    assert found["outputs"] == ["prediction", "probability", "threshold"]
    assert {"model_card.md", "report.html", "trials.json", "model/MLmodel"} <= set(found["artifacts"])
    assert not [path for path in found["artifacts"] if path.endswith((".treadle", "golden.json", "reference.json"))]
    workspace = workspace_of(named)
    report = workspace.chain.last(ReportWritten).payload.report
    assert found["report"] == workspace.blobs.get(report.digest).decode()
    assert found["trials"] == 1 and [str(v) for v in found["versions"]] == ["1"] and found["heavy"] == []


def test_twice_is_once_and_what_was_missed_is_sent_later(mlflow: str, named: Path) -> None:
    ran(named)
    edit(named, "seed: 7", "seed: 8")
    ran(named, "http://127.0.0.1:1")
    asked = MirrorRequest(project=str(named), mlflow=mlflow)
    first, second = mirror(asked, ADA), mirror(asked, ADA)
    assert [v.state for v in first.versions] == ["sent", "sent"]
    assert [v.state for v in second.versions] == ["there already"] * 2
    assert [v.run for v in first.versions] == [v.run for v in second.versions]
    assert [v.registered for v in second.versions] == ["", f"{named_of(named)} 1"]  # what is served, alone
    assert len(runs_of(mlflow, named)) == 2 and first.ok


def test_one_that_broke_off_is_gone_on_with(mlflow: str, named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(named)
    put, sent = Rest.put, []

    def breaks(self: Rest, artifacts: str, name: str, content: bytes) -> None:
        if len(sent) == 3:
            raise self._failed("the wire was cut")
        sent.append(name)
        put(self, artifacts, name, content)

    monkeypatch.setattr(Rest, "put", breaks)
    asked = MirrorRequest(project=str(named), mlflow=mlflow)
    (broken,) = mirror(asked, ADA).versions
    assert broken.state == "not sent" and "the wire was cut" in broken.why
    (half,) = runs_of(mlflow, named)
    assert half["info"]["status"] == "RUNNING"
    monkeypatch.setattr(Rest, "put", put)
    (whole,) = mirror(asked, ADA).versions
    (found,) = runs_of(mlflow, named)
    assert whole.state == "sent" and whole.run == found["info"]["run_id"] == half["info"]["run_id"]
    assert found["info"]["status"] == "FINISHED"
    points = Rest(Address(mlflow, "test"), 60).get("metrics/get-history", run_id=whole.run, metric_key="brier")
    assert len(points["metrics"]) == 1  # told twice, kept once


def test_two_at_once_make_one(mlflow: str, named: Path) -> None:
    ran(named)
    words = [sys.executable, "-m", "treadle", "mirror", str(named), "--mlflow", mlflow, "--as", "ada", "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(each.communicate(timeout=240)[0])["versions"][0] for each in both]
    assert sorted(each["state"] for each in said) == ["sent", "there already"]
    assert len(runs_of(mlflow, named)) == 1 and said[0]["run"] == said[1]["run"]


def test_two_machines_at_once_leave_one(mlflow: str, named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One machine's lock is not another's: the second began when the first was not to be seen yet."""
    ran(named)
    workspace, plain, looks = workspace_of(named), sending._runs, []
    packed = workspace.chain.find(ModelPacked)
    (first,) = send(workspace, Address(mlflow, "test"), packed, seconds=60)

    def blind_at_first(rest: Rest, experiment: str, digest: str) -> list[dict[str, Any]]:
        looks.append(digest)
        return plain(rest, experiment, digest) if len(looks) > 1 else []

    monkeypatch.setattr(sending, "_runs", blind_at_first)
    (second,) = send(workspace, Address(mlflow, "test"), packed, seconds=60)
    assert len(looks) == 2 and second.run == first.run
    assert [each["info"]["run_id"] for each in runs_of(mlflow, named)] == [first.run]
    assert len(runs_of(mlflow, named, "DELETED_ONLY")) == 1  # the second made one, and took it back


def test_settings_name_the_server_and_may_send_the_bundle(
    mlflow: str, named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(named)
    (named / ".treadle" / "settings.yaml").write_text("mirror: {mlflow: '${OUR_MLFLOW}', bundle: true}\n")
    monkeypatch.setenv("OUR_MLFLOW", mlflow)
    answer = mirror(MirrorRequest(project=str(named)), ADA)
    assert answer.server == mlflow and answer.ok
    (one,) = answer.versions
    listed = Rest(Address(mlflow, "test"), 60).get("artifacts/list", run_id=one.run)["files"]
    assert "bundle.treadle" in {file["path"] for file in listed}
    assert ran(named).mirrored is not None


def test_a_release_by_a_person_moves_the_alias(mlflow: str, named: Path) -> None:
    from treadle.api.models import ReleaseRequest, models_release

    ran(named, mlflow)
    edit(named, "approve: policy", "approve: reviewer")
    edit(named, "seed: 7", "seed: 8")
    second = ran(named, mlflow)
    assert second.mirrored is not None and second.mirrored.registered == ""
    models_release(ReleaseRequest(project=str(named), model=second.model), Context(person("grace")))
    answer = mirror(MirrorRequest(project=str(named), mlflow=mlflow), ADA)
    assert [v.registered for v in answer.versions] == ["", f"{named_of(named)} 2"]
    rest = Rest(Address(mlflow, "test"), 60)
    alias = rest.get("registered-models/alias", name=named_of(named), alias="released")["model_version"]
    assert (alias["version"], alias["run_id"]) == ("2", answer.versions[1].run)
