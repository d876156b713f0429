"""Events of OpenLineage, held to the types of its own client."""

from __future__ import annotations

import importlib
import json
import pkgutil
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import attr
import openlineage.client.generated as generated
import pytest
from openlineage.client.generated.base import InputDataset, Job, OutputDataset, Run, RunEvent

from treadle.api import Context
from treadle.api.lineage import ExportRequest, lineage_export
from treadle.errors import EvidenceError
from treadle.principal import person

CLASSES = {
    name: found
    for module in pkgutil.iter_modules(generated.__path__)
    for name, found in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).items()
    if isinstance(found, type) and attr.has(found)
}


@pytest.fixture(scope="module")
def told_events(told_shop: Path) -> list[dict[str, Any]]:
    answer = lineage_export(ExportRequest(project=str(told_shop)), Context(person("ada")))
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.events == len(found) > 0 and answer.file == ""
    return found


def facets(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(tree, dict):
        for name, found in tree.items():
            if isinstance(found, dict) and "_schemaURL" in found:
                yield name, found
            yield from facets(found)
    elif isinstance(tree, list):
        for found in tree:
            yield from facets(found)


def test_each_event_is_what_the_client_takes(told_events):
    for event in told_events:
        given = {name: value for name, value in event.items() if name not in ("producer", "schemaURL")}
        given["run"], given["job"] = Run(**event["run"]), Job(**event["job"])
        given["inputs"] = [InputDataset(**each) for each in event["inputs"]]
        given["outputs"] = [OutputDataset(**each) for each in event["outputs"]]
        RunEvent(**given, producer=event["producer"])
        assert event["schemaURL"] == RunEvent._get_schema()
        assert event["eventType"] in ("START", "COMPLETE") and datetime.fromisoformat(event["eventTime"]).tzinfo


def test_each_facet_has_the_fields_and_the_version_that_the_client_knows(told_events):
    seen = set()
    for name, facet in facets(told_events):
        url = facet["_schemaURL"]
        known = CLASSES[url.rpartition("/")[2]]
        assert facet["_producer"].startswith("urn:treadle:")
        assert facet.keys() <= {field.name for field in attr.fields(known)}, name
        if known.__name__ != "JobTypeJobFacet":  # the client is a version behind its specification
            assert known._get_schema() == url
        seen.add(name)
    assert seen == {"parent", "jobType", "version", "outputStatistics", "schema", "columnLineage"}


def test_a_step_has_a_beginning_and_an_end_with_one_name(told_events):
    by_run: dict[str, list[dict[str, Any]]] = {}
    for event in told_events:
        by_run.setdefault(event["run"]["runId"], []).append(event)
    for run, pair in by_run.items():
        assert uuid.UUID(run) and [event["eventType"] for event in pair] == ["START", "COMPLETE"]
        first, last = (datetime.fromisoformat(event["eventTime"]) for event in pair)
        assert first <= last and pair[0]["outputs"] == [] and pair[0]["inputs"] == pair[1]["inputs"]


def test_what_a_step_made_is_what_a_later_one_read_and_columns_are_followed(told_events):
    ended = {e["job"]["name"]: e for e in told_events if e["eventType"] == "COMPLETE"}
    (table,) = ended["shop.features.build"]["outputs"]
    assert {each["name"] for each in ended["shop.features.build"]["inputs"]} == {
        "shop/source/orders", "shop/source/customers",
    }  # fmt: skip
    assert table["outputFacets"]["outputStatistics"]["rowCount"] == 400
    assert table["facets"]["version"]["datasetVersion"] in [
        each["facets"]["version"]["datasetVersion"] for each in ended["shop.training.search"]["inputs"]
    ]
    fields = table["facets"]["columnLineage"]["fields"]
    assert fields.keys() == {each["name"] for each in table["facets"]["schema"]["fields"]}
    found = {(f["name"], f["field"], f["transformations"][0]["type"]) for f in fields["customer_tier"]["inputFields"]}
    assert found == {
        ("shop/source/customers", "tier", "DIRECT"),
        ("shop/source/customers", "customer", "INDIRECT"),
        ("shop/source/orders", "customer", "INDIRECT"),
    }


def test_a_failed_step_ends_with_what_was_wrong(told_shop: Path, tmp_path: Path):
    import shutil

    from treadle.api.work import RunRequest, run
    from treadle.errors import TreadleError

    folder = tmp_path / "shop"
    shutil.copytree(told_shop, folder, ignore=shutil.ignore_patterns(".treadle"))
    orders = (folder / "orders.csv").read_text("utf-8")
    (folder / "orders.csv").write_text(orders.replace("amount,items", "amounts,items", 1), "utf-8")
    with pytest.raises(TreadleError):
        run(RunRequest(project=str(folder)), Context(person("ada")))
    answer = lineage_export(ExportRequest(project=str(folder), out=str(tmp_path / "o")), Context(person("ada")))
    last = json.loads((tmp_path / "o").read_text("utf-8").splitlines()[-1])
    assert answer.text == "" and last["eventType"] == "FAIL"
    facet = last["run"]["facets"]["errorMessage"]
    assert "amount" in facet["message"]
    known = CLASSES["ErrorMessageRunFacet"]
    required = {field.name for field in attr.fields(known) if field.default is attr.NOTHING and field.init}
    assert {"message", "programmingLanguage"} <= required <= facet.keys() and known._get_schema() == facet["_schemaURL"]


def test_a_run_that_is_not_there_is_told(told_shop: Path):
    with pytest.raises(EvidenceError, match="no run is called nope"):
        lineage_export(ExportRequest(project=str(told_shop), run="nope"), Context(person("ada")))
