"""A project with two targets: each has its versions, endpoint, state, journal and pages; sources are shared."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from served_shop import RECORD, SPEC, write_shop

from treadle.access import tokens
from treadle.access.permissions import SCOPES
from treadle.api import Context
from treadle.api.endpoint import DrainRequest, PredictRequest, WatchRequest, drain, predict, watch
from treadle.api.evidence import CostsRequest, ReportRequest, VerifyRequest, WhyRequest, costs, report, verify, why
from treadle.api.models import (
    ListRequest,
    ReleaseRequest,
    RollbackRequest,
    ShowRequest,
    models_list,
    models_release,
    models_rollback,
    models_show,
)
from treadle.api.trials import CompareRequest, TrialsRequest, compare, trials
from treadle.api.work import ReplayRequest, RunRequest, replay, run
from treadle.errors import EvidenceError, ModelError, SpecError
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.hosting.opening import make_app, open_door
from treadle.hosting.running import first_steps
from treadle.models import registry
from treadle.principal import person
from treadle.serving import App
from treadle.spec import load
from treadle.store import Blob
from treadle.web.answers import Answers
from treadle.workspace import open_workspace

ADA, GRACE = Context(person("ada")), Context(person("grace"))
ONE = SPEC[SPEC.index("predict:") : SPEC.index("features:")]
SEVERAL = """\
predict:
  back:
    {each: orders, at: ordered, label: came_back, label_known: told, metric: average_precision,
     split: {by: time, test: 0.25, folds: 2}, endpoint: shop}
  days:
    {each: orders, at: ordered, label: days, label_known: told, kind: regression,
     split: {by: time, test: 0.25, folds: 2}, decision: Say how long a parcel takes.}
"""


def write_two(folder: Path) -> None:
    """The shop, with the days that a parcel took beside what came back."""
    write_shop(folder)
    file = folder / "orders.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow([*head, "days"])
        out.writerows([*row, 2 + int(row[3]) * 0.5 + n % 3] for n, row in enumerate(rows))
    spec = SPEC.replace(ONE, SEVERAL).replace("endpoint: shop, ", "").replace("SEED", "3")
    (folder / "treadle.yaml").write_text(spec, encoding="utf-8")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both run, and both released."""
    folder = tmp_path_factory.mktemp("two") / "shop"
    write_two(folder)
    run(RunRequest(project=str(folder)), ADA)
    for model in ("shop.back:1", "shop.days:1"):
        models_release(ReleaseRequest(project=str(folder), model=model), GRACE)
    return folder


def app_of(folder: Path, target: str) -> App:
    workspace = open_workspace(load(folder).of(target), actor="ada")
    return make_app(workspace, open_door(workspace, "127.0.0.1"))


@pytest.fixture
def apps(two: Path) -> Iterator[tuple[App, App]]:
    """Both served at once."""
    made = app_of(two, "back"), app_of(two, "days")
    yield made
    for app in made:
        app.endpoint.close()


def asked(app: App, name: str, **fields: Any) -> dict[str, Any]:
    body = msgspec.json.encode({**RECORD, "prediction_id": name, **fields})
    return dict(msgspec.json.decode(app.endpoint.predict(body)))


def test_a_run_makes_each_and_reads_the_sources_once(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_two(folder)
    answer = run(RunRequest(project=str(folder)), ADA)
    (other,) = answer.others
    assert (answer.target, answer.model, other.target, other.model) == ("back", "shop.back:1", "days", "shop.days:1")
    assert answer.metric == "average_precision" and other.metric == "rmse" and answer.run != other.run
    assert not any(step.cached for step in answer.steps)
    assert [step.subject for step in other.steps if step.cached] == ["source/orders", "source/customers"]
    assert Path(answer.report).name == "shop.back.html" and Path(other.report).name == "shop.days.html"
    assert "--target" not in answer.next and "shop.back:1" in answer.next  # the version's name says which
    again = run(RunRequest(project=str(folder)), ADA)
    assert all(step.cached for one in (again, *again.others) for step in one.steps)
    alone = run(RunRequest(project=str(folder), target="days"), ADA)
    assert alone.model == "shop.days:1" and not alone.others
    assert [m.name for m in models_list(ListRequest(project=str(folder)), ADA).models] == ["shop.days:1", "shop.back:1"]


def test_a_run_that_is_killed_between_two_targets_is_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_two(folder)
    command = [sys.executable, "-m", "treadle", "run", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "days, served as shop.days" in line:
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL
    project = str(folder)
    assert [m.name for m in models_list(ListRequest(project=project), ADA).models] == ["shop.back:1"]
    assert verify(VerifyRequest(project=project), ADA).ok
    back = run(RunRequest(project=project), ADA)
    (days,) = back.others
    assert (back.model, days.model) == ("shop.back:1", "shop.days:1") and all(step.cached for step in back.steps)
    assert not all(step.cached for step in days.steps)
    assert verify(VerifyRequest(project=project, all=True), ADA).ok


def test_each_answers_with_its_own_model_and_keeps_its_own_ledger(two: Path, apps: tuple[App, App]) -> None:
    back, days = apps
    first, second = asked(back, "b1"), asked(days, "d1")
    assert first["model"] == "shop.back:1" and 0 <= first["probability"] <= 1
    assert second["model"] == "shop.days:1" and second["probability"] is None and 2 < second["prediction"] < 10
    for app in apps:
        app.endpoint.flush()
    project = str(two)
    assert why(WhyRequest(subject="b1", project=project), ADA).nodes[0].text == "released shop.back:1"
    found = why(WhyRequest(subject="d1", project=project), ADA)
    assert found.prediction is not None and found.prediction.model == "shop.days:1"
    assert found.nodes[0].subject == "endpoint/shop.days"
    seen = [watch(WatchRequest(project=project, target=name), ADA) for name in ("back", "days")]
    assert [(one.endpoint, one.predictions, one.metric) for one in seen] == [
        ("shop", 1, "average_precision"),
        ("shop.days", 1, "rmse"),
    ]
    assert [Path(one.page or "").name for one in seen] == ["shop.html", "shop.days.html"]
    assert drain(DrainRequest(project=project), ADA).endpoint == "shop, shop.days"
    assert sorted(f.name for f in (two / ".treadle" / "journal").iterdir()) == ["shop", "shop.days"]


@pytest.mark.parametrize("target", ["back", "days"])
def test_the_answer_that_is_shown_at_the_start_is_the_one_that_is_given(
    two: Path, apps: tuple[App, App], target: str
) -> None:
    """A regressor's too: it was shown without the fields that are null."""
    workspace = open_workspace(load(two).of(target), actor="ada")
    endpoint = apps[("back", "days").index(target)].endpoint
    lines = first_steps(workspace, endpoint.live, endpoint.state, "http://x")
    (sent,) = [line.partition(" -d ")[2].strip("'") for line in lines if " -d " in line]
    (shown,) = [json.loads(line) for line in lines if line.startswith('  {"prediction_id"')]
    given = json.loads(endpoint.predict(sent.encode()))
    assert shown == {**given, "prediction_id": "…"} and list(shown) == list(given)


def test_an_event_that_one_is_told_changes_the_other_not(apps: tuple[App, App]) -> None:
    back, _ = apps
    event = {"order_id": "e1", "customer": RECORD["customer"], "amount": 5.0, "items": 1, "express": False,
             "due": "2024-04-20", "ordered": "2024-04-12T00:00:00Z", "told": "2024-04-14T00:00:00Z",
             "came_back": True, "days": 3.0}  # fmt: skip
    amounts = (20.0, 60.0, 100.0, 135.0, 150.0)
    before = [[asked(app, f"x{n}-{a}", amount=a) for a in amounts] for n, app in enumerate(apps)]
    assert sum(back.endpoint.take_events("returns", msgspec.json.encode(event)))
    after = [[asked(app, f"y{n}-{a}", amount=a) for a in amounts] for n, app in enumerate(apps)]
    assert [a["probability"] for a in before[0]] != [a["probability"] for a in after[0]]
    assert [a["prediction"] for a in before[1]] == [a["prediction"] for a in after[1]]


def test_where_one_target_is_meant_it_must_be_said(two: Path) -> None:
    project = str(two)
    record = json.dumps(RECORD)
    for operation, request in ((watch, WatchRequest(project=project)), (report, ReportRequest(project=project)),
                               (predict, PredictRequest(project=project, record=record)),
                               (models_rollback, RollbackRequest(project=project)),
                               (models_show, ShowRequest(project=project)),
                               (models_show, ShowRequest(project=project, model="1")),
                               (models_release, ReleaseRequest(project=project, model="1")),
                               (trials, TrialsRequest(project=project)), (replay, ReplayRequest(project=project)),
                               (compare, CompareRequest(project=project, first="1", second="1"))):  # fmt: skip
        with pytest.raises(SpecError, match="shop has several targets: back, days"):
            operation(request, GRACE)
    assert predict(PredictRequest(project=project, record=record, model="shop.days:1"), ADA).model == "shop.days:1"
    assert models_show(ShowRequest(project=project, model="shop.days:1"), ADA).model == "shop.days:1"
    assert models_show(ShowRequest(project=project, model="1", target="back"), ADA).model == "shop.back:1"
    assert (
        "different measures"
        in compare(CompareRequest(project=project, first="shop.back:1", second="shop.days:1"), ADA).text
    )
    assert report(ReportRequest(project=project, target="days"), ADA).file.endswith("shop.days.html")


def test_a_version_is_known_by_its_targets_name_alone(two: Path) -> None:
    project, record = str(two), json.dumps(RECORD)
    for name, whole in (("back:1", "shop.back:1"), ("days:1", "shop.days:1")):
        assert models_show(ShowRequest(project=project, model=name), ADA).model == whole
        assert predict(PredictRequest(project=project, record=record, model=name), ADA).model == whole
        assert models_release(ReleaseRequest(project=project, model=name), GRACE).model == whole
        assert why(WhyRequest(subject=name, project=project), ADA).nodes[0].subject == f"model/{whole}"
    found = compare(CompareRequest(project=project, first="back:1", second="shop.days:1"), ADA)
    assert (found.first.model, found.second.model) == ("shop.back:1", "shop.days:1")
    for operation, request in (
        (models_show, ShowRequest(project=project, model="dasy:1")),
        (compare, CompareRequest(project=project, first="days:1", second="dasy:1")),
    ):
        with pytest.raises(SpecError, match='shop has no target "dasy"') as caught:
            operation(request, ADA)
        assert caught.value.mend == 'did you mean "days"?'
    with pytest.raises(ModelError, match=r"there is no model shop\.days:9") as unknown:
        models_show(ShowRequest(project=project, model="days:9"), ADA)
    assert unknown.value.mend == 'did you mean "shop.days:1"?'
    with pytest.raises(ModelError, match=r"there is no model back:1"):
        models_show(ShowRequest(project=project, model="back:1", target="days"), ADA)


@pytest.mark.parametrize("name", ["back:1", "shop.back:1"])
def test_a_server_shows_the_version_of_another_target_that_is_named(two: Path, name: str) -> None:
    """The target that is served was put before what the name of the version tells."""
    status, _, found = Answers(str(two), "days").answer("GET", "/api/models/show", f"model={name}", person("ada"))
    assert status == 200 and msgspec.json.decode(found)["model"] == "shop.back:1"
    status, _, found = Answers(str(two), "days").answer("GET", "/api/models/show", "model=1", person("ada"))
    assert status == 200 and msgspec.json.decode(found)["model"] == "shop.days:1"


def test_a_version_is_released_to_its_own_endpoint_alone(two: Path) -> None:
    project = str(two)
    with pytest.raises(ModelError, match=r"there is no model shop\.back:1"):
        models_release(ReleaseRequest(project=project, model="shop.back:1", target="days"), GRACE)
    with pytest.raises(ModelError, match=r"the only version that shop\.days has served"):
        models_rollback(RollbackRequest(project=project, target="days"), GRACE)
    assert models_list(ListRequest(project=project, target="days"), ADA).endpoint == "shop.days"
    released = {m.name: m.released for m in models_list(ListRequest(project=project), ADA).models}
    assert released == {"shop.back:1": True, "shop.days:1": True}


def test_the_pages_and_reads_of_a_server_are_about_what_it_serves(two: Path) -> None:
    answers = Answers(str(two), "days")
    ada = person("ada")
    status, _, page = answers.answer("GET", "/report", "", ada)
    assert status == 200 and b"<title>shop.days" in page
    status, _, page = answers.answer("GET", "/watch", "", ada)
    assert status == 200 and b"shop.days" in page
    shown = msgspec.json.decode(answers.answer("GET", "/api/models/show", "", ada)[2])
    assert shown["model"] == "shop.days:1"
    other = msgspec.json.decode(answers.answer("GET", "/api/models/show", "target=back", ada)[2])
    assert other["model"] == "shop.back:1"
    status, _, said = answers.answer("GET", "/api/models/show", "target=no", ada)
    assert status == 400 and b"no target" in said


@pytest.mark.parametrize("page", ["/report", "/watch"])
def test_a_page_is_about_the_target_that_the_query_names(two: Path, page: str, tmp_path: Path) -> None:
    """`?target=` was not looked at, and another target's page was shown under it."""
    answers, ada = Answers(str(two), "days"), person("ada")
    status, _, found = answers.answer("GET", page, "target=back", ada)
    assert status == 200 and b"<title>shop.days" not in found and b"days" not in found.split(b"</title>")[0]
    status, _, found = answers.answer("GET", page, "target=bakc", ada)
    assert status == 400 and msgspec.json.decode(found) == {
        "error": msgspec.json.decode(found)["error"],
        "mend": 'did you mean "back"?',
    }
    status, _, found = answers.answer("GET", page, "target=zzz", ada)
    assert status == 400 and msgspec.json.decode(found)["mend"] == "known here: back, days"
    status, _, found = answers.answer("GET", page, "taget=back", ada)
    assert status == 422 and b"taget" in found


def test_a_report_that_was_not_made_is_made_for_the_target_asked(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_two(folder)
    status, _, said = Answers(str(folder), "days").answer("GET", "/report", "target=back", person("ada"))
    assert status == 404 and msgspec.json.decode(said)["mend"] == f"treadle run {folder} --target back"


def test_two_servers_have_two_cookies(apps: tuple[App, App]) -> None:
    assert [app.door.cookie for app in apps] == ["treadle_shop", "treadle_shop.days"]


def test_a_replay_is_through_the_endpoint_of_the_target(two: Path) -> None:
    played = replay(ReplayRequest(project=str(two), target="days", start="2024-04-01", end="2024-04-03"), ADA)
    assert played.predictions == 8 and not played.refused
    assert played.next.endswith(" --target days")


def test_over_the_command_line_a_server_needs_to_know_which(two: Path) -> None:
    command = [sys.executable, "-m", "treadle"]
    found = subprocess.run([*command, "run", str(two), "--serve"], capture_output=True, text=True, timeout=60)
    assert found.returncode == 1 and "say which, such as --target back" in found.stderr and not found.stdout
    shown = subprocess.run([*command, "run", str(two)], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0 and shown.stdout.index("shop.back:1") < shown.stdout.index("shop.days:1")
    assert "days, served as shop.days" in shown.stderr and f"run {two} --target days --serve" in shown.stdout


def test_a_journal_left_behind_is_moved_by_its_own_server(two: Path, apps: tuple[App, App]) -> None:
    asked(apps[1], "drained")
    apps[1].endpoint.flush()
    apps[1].endpoint.close()
    subprocess.run(
        [sys.executable, "-m", "treadle.hosting.draining", str(two / "treadle.yaml"), "ada", "days"], check=True
    )
    workspace = open_workspace(load(two).of("days"), actor="ada")
    assert "drained" in workspace.tables.scan("shop.days/predictions").collect().get_column("prediction_id").to_list()
    assert workspace.names.outcomes == "shop.days/outcomes" and workspace.names.source("orders") == "shop/source/orders"


def test_what_both_ledgers_got_is_counted_together_and_found_in_either(two: Path, tmp_path: Path) -> None:
    project = str(shutil.copytree(two, tmp_path / "shop"))
    drain(DrainRequest(project=project), ADA)
    for target, names in (("back", ["m1"]), ("days", ["m2", "m3"])):
        app = app_of(Path(project), target)
        for name in names:
            asked(app, name)
        app.endpoint.close()
    assert drain(DrainRequest(project=project), ADA).predictions == 3
    for name, model in (("m1", "shop.back:1"), ("m3", "shop.days:1")):
        found = why(WhyRequest(subject=name, project=project), ADA).prediction
        assert found is not None and found.model == model


def test_one_id_of_two_targets_is_explained_of_the_one_that_is_named(two: Path, tmp_path: Path) -> None:
    project = str(shutil.copytree(two, tmp_path / "shop"))
    for target in ("back", "days"):
        app = app_of(Path(project), target)
        asked(app, "same")
        app.endpoint.close()
    with pytest.raises(EvidenceError, match="answered by several targets: back, days") as caught:
        why(WhyRequest(subject="same", project=project), ADA)
    assert "--target back" in caught.value.mend
    for target in ("back", "days"):
        found = why(WhyRequest(subject="same", project=project, target=target), ADA).prediction
        assert found is not None and found.model == f"shop.{target}:1"
        status, _, told = Answers(project, target).answer("GET", "/api/why", "subject=same", ADA.who)
        assert status == 200 and json.loads(told)["prediction"]["model"] == f"shop.{target}:1"


def test_a_prediction_is_explained_by_the_release_before_it_and_not_by_one_after(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "shop")
    app = app_of(folder, "back")
    asked(app, "early")
    app.endpoint.close()
    workspace = open_workspace(load(folder).of("back"), actor="ada")
    first = workspace.chain.find(ReleaseMade, subject="endpoint/shop")[-1]
    workspace.chain.append(first.payload, "endpoint/shop")
    app = app_of(folder, "back")
    asked(app, "late")
    app.endpoint.close()
    newest = workspace.chain.find(ReleaseMade, subject="endpoint/shop")[-1]
    led = [
        why(WhyRequest(subject=name, project=str(folder), target="back"), ADA).nodes[0].seq
        for name in ("early", "late")
    ]
    assert led == [first.seq, newest.seq] and newest.seq > first.seq


def test_a_list_is_of_the_target_and_as_short_as_is_asked(two: Path) -> None:
    for target, metric in (("back", "average_precision"), ("days", "rmse")):
        tried = trials(TrialsRequest(project=str(two), target=target, all=True), ADA).trials
        assert {trial.metric for trial in tried} == {metric}
    assert [m.name for m in models_list(ListRequest(project=str(two), limit=1), ADA).models] == ["shop.days:1"]


def test_one_token_opens_both(two: Path, apps: tuple[App, App]) -> None:
    chain = open_workspace(load(two).of("back"), actor="ada").chain
    text, _ = tokens.make(chain, "shop", "robot", holder="service", scopes=SCOPES, days=1)
    book = tokens.book(chain, "shop")
    for app in apps:
        app.door.renew(book)
        headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + text.encode())]
        assert app.door.enter("GET", headers, "state", "read").name == "robot"


def test_a_target_that_goes_away_is_said_by_its_name(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  days:\n", "  hours:\n"), encoding="utf-8")
    with pytest.raises(SpecError, match='shop has no target "days"'):
        models_show(ShowRequest(project=str(folder), model="shop.days:1"), ADA)
    assert why(WhyRequest(subject="shop.days:1", project=str(folder)), ADA).nodes
    with pytest.raises(EvidenceError, match="no report"):
        report(ReportRequest(project=str(folder), target="hours"), ADA)


def test_versions_of_a_target_that_is_gone_are_listed_and_said_to_be_of_it(two: Path, tmp_path: Path) -> None:
    """A file that shrank to one target listed "no model yet", while its endpoint served an earlier target's version."""
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    file.write_text(SPEC.replace("SEED", "3"), encoding="utf-8")
    answer = models_list(ListRequest(project=str(folder)), ADA)
    assert answer.endpoint == "shop"
    listed = [(m.name, m.gone, m.released) for m in answer.models]
    assert listed == [("shop.days:1", True, True), ("shop.back:1", True, True)]
    shown = subprocess.run(
        [sys.executable, "-m", "treadle", "models", "list", str(folder)], capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0 and "no model yet" not in shown.stdout
    assert "no longer in the project file: shop.back, shop.days" in shown.stdout
    assert [m.name for m in models_list(ListRequest(project=str(folder), limit=1), ADA).models] == ["shop.days:1"]
    with pytest.raises(SpecError, match="has no target"):
        models_list(ListRequest(project=str(folder), target="days"), ADA)


def test_what_was_made_before_there_were_several_is_listed_too(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    several = file.read_text(encoding="utf-8")
    file.write_text(SPEC.replace("SEED", "3").replace("endpoint: shop", "endpoint: desk"), encoding="utf-8")
    run(RunRequest(project=str(folder)), ADA)
    file.write_text(several, encoding="utf-8")
    found = models_list(ListRequest(project=str(folder)), ADA)
    assert [(m.name, m.gone, m.released) for m in found.models] == [
        ("shop:1", True, False),
        ("shop.days:1", False, True),
        ("shop.back:1", False, True),
    ]
    of_one = models_list(ListRequest(project=str(folder), target="back"), ADA)
    assert [m.name for m in of_one.models] == ["shop.back:1"]


def test_a_prediction_of_a_version_that_the_endpoint_never_had_is_explained_by_the_version(
    two: Path, tmp_path: Path
) -> None:
    """It was answered under a name that the endpoint had before: no release to the new one names it."""
    folder = shutil.copytree(two, tmp_path / "shop")
    app = app_of(folder, "days")
    asked(app, "of-before")
    app.endpoint.close()
    drain(DrainRequest(project=str(folder)), ADA)
    file = folder / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("decision: Say", "endpoint: desk, decision: Say"), encoding="utf-8")
    found = why(WhyRequest(subject="of-before", project=str(folder)), ADA)
    assert found.prediction is not None and found.prediction.model == "shop.days:1"
    assert found.nodes[0].subject == "model/shop.days:1"
    for operation, request in (
        (watch, WatchRequest(project=str(folder), target="days")),
        (replay, ReplayRequest(project=str(folder), target="days")),
    ):
        with pytest.raises(ModelError, match="nothing is released to endpoint desk") as caught:
            operation(request, ADA)
        assert f"treadle run {folder} --target days says what a release waits for" in caught.value.mend


def test_what_each_target_cost_is_told(two: Path) -> None:
    project = str(two)
    whole = costs(CostsRequest(project=project), ADA)
    lines = {line.name: line for line in whole.by_target}
    assert list(lines) == ["back", "days", "(of no one target)"]
    assert sum(line.amount for line in whole.by_target) == whole.amount
    assert sum(line.steps for line in whole.by_target) == sum(line.steps for line in whole.by_step)
    for target in ("back", "days"):
        found = costs(CostsRequest(project=project, target=target), ADA)
        assert found.amount == lines[target].amount > 0 and not found.by_target
        steps = {line.name for line in found.by_step}
        assert {"training.fit", "state.built"} <= steps and "sources.read" not in steps
    evenly = costs(CostsRequest(project=project, shared="evenly"), ADA).by_target
    of_days = costs(CostsRequest(project=project, target="days", shared="evenly"), ADA)
    assert [line.shared > 0 for line in evenly] == [True, True] and of_days.by_target == evenly[1:]
    shared = costs(CostsRequest(project=project, run=whole.by_run[0].name), ADA)
    assert [line.name for line in shared.by_target] == ["back", "days", "(of no one target)"]
    shown = subprocess.run(
        [sys.executable, "-m", "treadle", "costs", project], capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0 and "target" in shown.stdout and "(of no one target)" in shown.stdout


def swapped(two: Path, tmp_path: Path) -> Path:
    """The same record, under a file in which the two targets have taken each other's endpoint."""
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    text = file.read_text(encoding="utf-8").replace("endpoint: shop}", "endpoint: desk}")
    text = text.replace("decision: Say", "endpoint: shop, decision: Say")
    file.write_text(text, encoding="utf-8")
    return folder


def test_an_endpoint_does_not_pass_from_one_target_to_another(two: Path, tmp_path: Path) -> None:
    """Its callers would be answered another question: in no way, by nobody, neither on nor back."""
    folder = swapped(two, tmp_path)
    project, says = str(folder), "endpoint shop serves shop.back:1, which is another target's"
    record = json.dumps(RECORD)
    for operation, request in (
        (predict, PredictRequest(project=project, target="days", record=record)),
        (watch, WatchRequest(project=project, target="days")),
        (replay, ReplayRequest(project=project, target="days", start="2024-04-01")),
        (models_release, ReleaseRequest(project=project, model="shop.days:1")),
        (models_rollback, RollbackRequest(project=project, target="days")),
    ):
        with pytest.raises(ModelError, match=says) as caught:
            operation(request, GRACE)
        assert "an endpoint of its own" in caught.value.mend
    with pytest.raises(ModelError, match=says):
        app_of(folder, "days")
    before = open_workspace(load(two).of("back"), actor="ada").releases.current()
    served = open_workspace(load(folder).of("days"), actor="ada")
    assert registry.current(served.chain, "shop") == before  # what stands, stands


def test_a_rollback_never_goes_to_another_targets_version(two: Path, tmp_path: Path) -> None:
    """Not even where the other target is gone from the file, so that its endpoint was free to take."""
    folder = swapped(two, tmp_path)
    file = folder / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  back:\n", "  gone:\n"), encoding="utf-8")
    made = models_release(ReleaseRequest(project=str(folder), model="shop.days:1"), GRACE)
    assert (made.endpoint, made.model) == ("shop", "shop.days:1")
    with pytest.raises(ModelError, match=r"the only version of shop\.days that shop has served"):
        models_rollback(RollbackRequest(project=str(folder), target="days"), GRACE)


@pytest.mark.parametrize("known", [True, False])
def test_a_running_server_does_not_take_up_another_targets_version(two: Path, tmp_path: Path, known: bool) -> None:
    """Neither of a target that its file told it of, nor of one that was named since."""
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    several = file.read_text(encoding="utf-8")
    if not known:
        file.write_text(several[: several.index("  days:")] + several[several.index("features:") :], encoding="utf-8")
    app = app_of(folder, "back")
    try:
        text = several.replace("  back:\n", "  gone:\n").replace("endpoint: shop}", "port: 1}")
        file.write_text(text.replace("decision: Say", "endpoint: shop, decision: Say"), encoding="utf-8")
        models_release(ReleaseRequest(project=str(folder), model="shop.days:1"), GRACE)
        asyncio.run(app.endpoint.follow())
        theirs, ours = "endpoint shop serves shop.days:1, which", "shop.days:1 is another target's than shop.back:1"
        assert app.endpoint.model == "shop.back:1" and (theirs if known else ours) in app.endpoint.refused
        assert "probability" in asked(app, "still")
    finally:
        app.endpoint.close()


def test_a_server_of_a_target_with_a_new_name_goes_on_with_what_it_answers_with(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "shop")
    file = folder / "treadle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  back:\n", "  returned:\n"), encoding="utf-8")
    app = app_of(folder, "returned")
    try:
        released = app.endpoint.released
        app.endpoint.released = msgspec.structs.replace(released, bundle="an earlier one", entry="an earlier one")
        asyncio.run(app.endpoint.follow())
        assert app.endpoint.released == released and released.model == "shop.back:1" and not app.endpoint.refused
    finally:
        app.endpoint.close()


def test_whoever_was_slower_is_told_and_a_bundle_that_is_gone_is_not_released(two: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(two, tmp_path / "shop")
    project, workspace = str(folder), open_workspace(load(folder).of("days"), actor="ada")
    made = workspace.chain.find(ReleaseMade, subject="endpoint/shop.days")[-1]
    other = msgspec.structs.replace(made.payload, model="shop.days:2", bundle=Blob("f" * 64, "bundle"))
    workspace.chain.append(other, "endpoint/shop.days")
    with pytest.raises(ModelError, match=r"serves shop\.days:2 by now, and not nothing: somebody was quicker"):
        models_release(ReleaseRequest(project=project, model="shop.days:1", seen=""), GRACE)
    with pytest.raises(ModelError, match=r"serves shop\.days:2 by now, and not shop\.days:1: somebody was quicker"):
        models_rollback(RollbackRequest(project=project, target="days", seen="shop.days:1"), GRACE)
    place = workspace.blobs.path(made.payload.bundle.digest)
    kept = place.rename(tmp_path / "kept")
    for change, request in (
        (models_release, ReleaseRequest(project=project, model="shop.days:1")),
        (models_rollback, RollbackRequest(project=project, target="days")),
    ):
        with pytest.raises(EvidenceError, match="missing"):
            change(request, GRACE)
    kept.rename(place)
    back = RollbackRequest(project=project, target="days", seen="shop.days:2", reason="too slow")
    answer = models_rollback(back, GRACE)
    assert answer.model == "shop.days:1"
    signed = Path(answer.checkpoint).read_text(encoding="utf-8")
    assert signed.startswith("treadle/shop/")  # the record is the project's, whichever target was changed
    last = workspace.chain.last(ReleaseRolledBack)
    assert last is not None and (last.payload.left, last.payload.reason) == ("shop.days:2", "too slow")


def test_a_project_that_grew_goes_on_under_its_old_endpoint(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_two(folder)
    file = folder / "treadle.yaml"
    several = file.read_text(encoding="utf-8")
    file.write_text(SPEC.replace("SEED", "3"), encoding="utf-8")
    run(RunRequest(project=str(folder)), ADA)
    models_release(ReleaseRequest(project=str(folder)), GRACE)
    file.write_text(several, encoding="utf-8")
    app = app_of(folder, "back")  # nothing of the new name is released yet: callers are still answered
    try:
        assert app.endpoint.model == "shop:1"
        run(RunRequest(project=str(folder), target="back"), ADA)
        models_release(ReleaseRequest(project=str(folder), model="shop.back:1"), GRACE)
        asyncio.run(app.endpoint.follow())
        assert app.endpoint.model == "shop.back:1" and not app.endpoint.refused
    finally:
        app.endpoint.close()
