"""Several classes with awkward names, counts, and quantiles: from a table to answers, outcomes and watching."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from terminal import answer, free_port, http, serving, token, treadle

NAMES = ("01", "Iris, setosa", 'say "hi"', "žluťoučký")
DAYS = 30


def table(folder: Path) -> Path:
    """Nine hundred flowers in thirty days; one of another kind, ten that nobody has named yet, and their petals."""
    draw, first = random.Random(3), datetime(2026, 1, 1, tzinfo=UTC)
    file = folder / "flowers.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["flower_id", "seen", "named", "length", "width", "species", "petals"])
        for n in range(DAYS * 30):
            kind, seen = draw.randrange(len(NAMES)), first + timedelta(minutes=48 * n)
            length, width = draw.gauss(2.0 * (kind % 2), 0.8), draw.gauss(2.0 * (kind // 2), 0.8)
            name = "" if n % 90 == 17 else "rare" if n == 40 else NAMES[kind]
            petals = sum(draw.random() < 0.05 + 0.2 * kind for _ in range(20))
            times = [f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in (seen, seen + timedelta(hours=2))]
            rows.writerow([n, *times, f"{length:.3f}", f"{width:.3f}", name, petals])
    return file


def drafted(folder: Path, target: str, *changes: tuple[str, str]) -> Path:
    """What `init` makes of the table, told when labels are known, and with a search that is quick."""
    project = folder / target
    treadle("init", project, "--from", table(folder), "--target", target, "--name", target, "--owner", "ada")
    file = project / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    other = "petals" if target == "species" else "species"
    for old, new in (
        ("families: auto, search: bayesian", "families: [linear], search: none, seed: 7"),
        (f"label: {target}", f"label: {target}\n  label_known: named"),
        ("seen, named, length, width, ", "length, width, seen, "),
        (f", {other}]" if f", {other}]" in text else f"seen, {other}", "]" if f", {other}]" in text else "seen"),
        ("port: 8686", f"port: {free_port()}"),
        *changes,
    ):
        assert old in text, (old, text)
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return project


def test_several_classes_go_the_whole_way(tmp_path: Path) -> None:
    project = drafted(tmp_path, "species")
    found = answer("check", project)
    assert found["ok"] and "10 of 900 rows have no label" in " ".join(found["warnings"])
    assert "1 of 5 classes has fewer than 10 rows" in " ".join(found["warnings"])
    run = answer("run", project)
    assert run["metric"] == "log_loss" and run["released"] and run["knows"] == "the classes' shares"
    assert run["value"] < 0.6 * run["baseline"] and any('"rare" (1)' in note for note in run["notes"])
    page = Path(run["report"]).read_text(encoding="utf-8")
    assert "Which class is taken for which" in page and "say &quot;hi&quot;" in page and "did not come" not in page

    rows = tmp_path / "asked.csv"
    rows.write_text("flower_id,length,width,seen\n1,2.1,-0.1,2026-02-01T00:00:00Z\n2,0,2,2026-02-01T00:00:00Z\n")
    told = tmp_path / "told.csv"
    treadle("predict", project, "--from", rows, "--out", told)
    with told.open(encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert (first["prediction"], second["prediction"]) == ("Iris, setosa", 'say "hi"')
    each = [float(first[f"probability of {name}"]) for name in (*NAMES, "rare")]
    assert sum(each) == pytest.approx(1) and float(first["probability"]) == max(each)

    replayed = answer("replay", project)
    assert replayed["refused"] == 0 and replayed["predictions"] == replayed["outcomes"] + len(
        [n for n in range(DAYS * 30 - replayed["predictions"], DAYS * 30) if n % 90 == 17]
    )
    seen = answer("watch", project)
    assert (seen["base"], seen["view"], seen["metric"]) == ("share right", "classes", "log_loss")
    assert seen["overall"]["value"] == pytest.approx(run["value"], rel=0.02) and seen["overall"]["decisions"] is None
    assert all(0.5 < day["base"] <= 1 and 0.5 < day["mean_prediction"] <= 1 for day in seen["metric_by_day"])
    assert "share right" in treadle("watch", project).stdout
    assert answer("trials", project)["trials"] and "log_loss" in treadle("models", "show", project).stdout


def _served(project: Path, record: dict[str, Any]) -> None:
    shown = token(project)
    with serving(project) as (url, _):
        status, given = http(f"{url}/predict", record, shown)
        assert status == 200 and given["prediction"] == "Iris, setosa" and given["threshold"] is None
        assert set(given["probabilities"]) == {*NAMES, "rare"} and given["prediction_id"] == "mine"
        schema = http(f"{url}/openapi.json", token=shown)[1]["components"]["schemas"]["Prediction"]
        assert schema["properties"]["prediction"]["enum"] == sorted([*NAMES, "rare"])
        assert http(f"{url}/outcomes", {"prediction_id": "mine", "label": 'say "hi"'}, shown) == (200, {"taken": 1})
        status, refused = http(f"{url}/outcomes", {"prediction_id": "mine", "label": "rose"}, shown)
        assert status == 422 and '"Iris, setosa"' in refused["error"] and "next run" in refused["mend"]


def test_several_classes_are_served(tmp_path: Path) -> None:
    project = drafted(tmp_path, "species")
    answer("run", project)
    record = {"length": 2.1, "width": -0.1, "seen": "2026-02-01T00:00:00Z", "prediction_id": "mine"}
    _served(project, record)
    said = treadle("why", "mine", project).stdout
    assert "answered Iris, setosa, probability" in said and "training.fit" in said


COSTS = """mistakes: {costs: {žluťoučký: {"01": 9, "Iris, setosa": 9, 'say "hi"': 9}}, unlisted: 1, currency: EUR}"""


def test_the_class_of_least_expected_cost_is_decided_on_and_served(tmp_path: Path) -> None:
    project = drafted(tmp_path, "species", ("  limits:", f"  {COSTS}\n  limits:"))
    run = answer("run", project)
    paid = run["decisions"]
    assert run["released"] and paid["unit"] == "EUR" and paid["saved"] > 0 and len(paid["fixed"]) in (1, 2)
    assert paid["interval"][0] <= paid["cost"] <= paid["interval"][1] < min(rule["cost"] for rule in paid["fixed"])
    assert "EUR per decision" in Path(run["report"]).read_text(encoding="utf-8")
    shown = treadle("models", "show", project).stdout
    assert "least expected cost" in shown and "with this model" in shown and "the commonest" in shown
    record = {"length": 1.5, "width": 1.0, "seen": "2026-02-01T00:00:00Z", "prediction_id": "mine"}
    told = treadle("predict", project, "--record", json.dumps(record), "--json").stdout
    (one,) = json.loads(told)["predictions"]
    likeliest = max(one["probabilities"], key=one["probabilities"].__getitem__)
    assert one["prediction"] == "žluťoučký" != likeliest and one["probability"] == one["probabilities"]["žluťoučký"]
    shown = token(project)
    with serving(project) as (url, _):
        status, given = http(f"{url}/predict", record, shown)
        assert status == 200 and given["prediction"] == "žluťoučký" and given["probability"] == one["probability"]
        many = http(f"{url}/predict", [{**record, "prediction_id": f"m{n}"} for n in range(20)], shown)[1]
        assert {each["prediction"] for each in many} == {"žluťoučký"}
        schema = http(f"{url}/openapi.json", token=shown)[1]["components"]["schemas"]["Prediction"]
        said = schema["properties"]["prediction"]
        assert "least expected cost" in said["description"] and said["x-costs"]["žluťoučký"]["01"] == 9
        assert said["x-costs"]["01"]["žluťoučký"] == 1 and said["x-costs"]["01"]["01"] == 0


def test_counts_go_the_whole_way(tmp_path: Path) -> None:
    project = drafted(
        tmp_path, "petals", ("kind: regression", "kind: counts"), ("metric: rmse", "metric: poisson_deviance")
    )
    run = answer("run", project)
    assert run["metric"] == "poisson_deviance" and run["knows"] == "the mean" and run["threshold"] is None
    assert run["value"] < run["baseline"] and run["released"]
    assert answer("replay", project)["refused"] == 0
    seen = answer("watch", project)
    assert (seen["base"], seen["view"]) == ("mean label", "numbers")
    assert seen["overall"]["value"] == pytest.approx(run["value"], rel=0.02)
    asked = '{"length": 2.0, "width": 2.0, "seen": "2026-02-01T00:00:00Z"}'
    (told,) = answer("predict", project, "--record", asked)["predictions"]
    assert told["prediction"] > 0 and told["probability"] is None and not told["probabilities"]


def test_counts_over_an_exposure_go_the_whole_way(tmp_path: Path) -> None:
    """Petals per unit of length, so to say: what is answered is in proportion to what the request says."""
    project = drafted(
        tmp_path,
        "petals",
        ("kind: regression", "kind: counts\n  exposure: girth"),
        ("metric: rmse", "metric: poisson_deviance"),
    )
    file = project / "data" / "petals.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([[*head, "girth"], *([*row, 1 + n % 5] for n, row in enumerate(rows))])
    contract = next((project / "contracts").glob("*.yaml"))
    text = contract.read_text(encoding="utf-8")
    assert answer("check", project)["ok"], text
    run = answer("run", project)
    assert run["metric"] == "poisson_deviance" and run["knows"] == "the mean per unit of girth"
    assert "Counts per unit of girth" in Path(run["report"]).read_text(encoding="utf-8")
    record = {"length": 1.0, "width": 1.0, "seen": "2026-02-01T00:00:00Z", "girth": 2}
    shown = token(project)
    with serving(project) as (url, _):
        told = [http(f"{url}/predict", {**record, "girth": g}, shown) for g in (2, 6)]
        assert [status for status, _ in told] == [200, 200], told
        first, second = (given["prediction"] for _, given in told)
        assert second == pytest.approx(3 * first, rel=1e-5)
        many = http(f"{url}/predict", [{**record, "girth": g} for g in (2, 6) * 6], shown)[1]
        assert [each["prediction"] for each in many] == pytest.approx([first, second] * 6, rel=1e-6)
        above = "it must be above zero and below 3e+38"
        for wrong, rule in ((0, above), (-1, above), (None, "expected")):
            status, refused = http(f"{url}/predict", {**record, "girth": wrong}, shown)
            assert status == 422 and rule in refused["rule"] and refused["field"] == "girth"
        status, refused = http(f"{url}/predict", {k: v for k, v in record.items() if k != "girth"}, shown)
        assert status == 422 and refused["rule"] == "required"
        schema = http(f"{url}/openapi.json", token=shown)[1]["components"]["schemas"]["Record"]
        assert "girth" in schema["required"] and schema["properties"]["girth"]["description"] == above
    assert answer("replay", project)["refused"] == 0
    seen = answer("watch", project)
    assert seen["overall"]["value"] == pytest.approx(run["value"], rel=0.02)


def test_quantiles_go_the_whole_way(tmp_path: Path) -> None:
    project = drafted(
        tmp_path,
        "petals",
        ("kind: regression", "kind: quantiles\n  quantiles: [0.2, 0.5, 0.8, 0.975]"),
        ("metric: rmse", "metric: pinball"),
    )
    run = answer("run", project)
    assert run["metric"] == "pinball" and run["knows"] == "the quantiles of the training rows" and run["released"]
    assert run["value"] < run["baseline"] and run["threshold"] is None
    asked: dict[str, Any] = {"length": 2.0, "width": 2.0, "seen": "2026-02-01T00:00:00Z"}
    (told,) = answer("predict", project, "--record", json.dumps(asked))["predictions"]
    names = ["p20", "p50", "p80", "p97.5"]
    assert [*told["quantiles"]] == names and sorted(told["quantiles"].values()) == [*told["quantiles"].values()]
    assert told["prediction"] == told["quantiles"]["p50"] and not told["probabilities"]
    shown = token(project)
    with serving(project) as (url, _):
        status, given = http(f"{url}/predict", asked | {"prediction_id": "mine"}, shown)
        assert status == 200 and given["quantiles"] == told["quantiles"] and "probabilities" not in given
        schema = http(f"{url}/openapi.json", token=shown)[1]["components"]["schemas"]["Prediction"]
        assert schema["properties"]["quantiles"]["required"] == names
        assert http(f"{url}/outcomes", {"prediction_id": "mine", "label": 12}, shown) == (200, {"taken": 1})
        assert http(f"{url}/outcomes", {"prediction_id": "mine", "label": "many"}, shown)[0] == 422
    assert f"answered {told['prediction']:.4g}"[:12] in treadle("why", "mine", project).stdout
    assert answer("replay", project)["refused"] == 0
    seen = answer("watch", project)
    assert (seen["base"], seen["view"], seen["metric"]) == ("mean label", "spread", "pinball")
    assert seen["overall"]["value"] == pytest.approx(run["value"], rel=0.05)
    assert 0.6 < seen["coverage"]["value"] < 0.95 and seen["coverage"]["low"] < seen["coverage"]["value"]
    assert "within the outer quantiles" in treadle("watch", project).stdout
    assert "Within the outer quantiles" in Path(seen["page"]).read_text(encoding="utf-8")
    file = project / "treadle.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("[linear]", "[lightgbm]"), encoding="utf-8")
    over = answer("run", project)["over_served"]
    assert over["verdict"] != "untold" and over["metric"] == "pinball"
    assert over["interval"][0] < over["gain"] < over["interval"][1]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("quantiles: [0.2, 0.5, 0.8, 0.975]", "quantiles: [0.1, 0.5, 0.9]"), encoding="utf-8")
    assert "it tells the quantiles 0.2, 0.5, 0.8, 0.975" in answer("run", project)["over_served"]["said"]
