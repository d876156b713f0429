"""Lineage of objects and lists of a source, whose parts columns are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from treadle.errors import DataError
from treadle.history.columns import trace
from treadle.history.found import PartShown
from treadle.spec import load
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.workspace import Workspace, new_run, open_workspace

TEXT = """\
project: trips
brief: {people: {owner: ada, approve: policy}}
sources:
  trips:
    read: trips.jsonl
    key: id
    map: {city: address.city, to: "legs[0].to", place: {expression: upper(address.street.name)}}
predict: {name: y, each: trips, label: late, split: {by: random}}
features: {request: [city, to, place], row: {code: lower(address.zip)}}
"""


@pytest.fixture
def trips(tmp_path: Path) -> Iterator[Workspace]:
    rows = [
        {
            "id": n,
            "late": n % 2 == 0,
            "address": {"city": "ab"[n % 2], "zip": f"Z{n}", "street": {"name": "x"}},
            "legs": [{"to": "c"}],
        }
        for n in range(9)
    ]
    (tmp_path / "trips.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "treadle.yaml").write_text(TEXT)
    workspace = open_workspace(load(tmp_path), actor="ada", run=new_run())
    read_sources(Work(workspace))
    yield workspace
    workspace.chain.engine.dispose()


def names(parts: list[PartShown]) -> list[str]:
    return [part.name for part in parts]


def test_a_field_in_an_expression_without_quotes_is_followed(trips: Workspace) -> None:
    assert names(trace(trips, "trips.address.street.name").read_by) == ["trips.place", "place"]
    assert names(trace(trips, "trips.address.zip").read_by) == ["code"]
    assert "trips.address.street.name" in names(trace(trips, "place").reads)


def test_an_object_and_a_list_are_followed_by_what_is_in_them(trips: Workspace) -> None:
    assert names(trace(trips, "trips.address").read_by) == ["trips.city", "trips.place", "city", "code", "place"]
    assert names(trace(trips, "trips.address.street").read_by) == ["trips.place", "place"]
    assert names(trace(trips, "trips.legs").read_by) == ["trips.to", "to"]


@pytest.mark.parametrize("name", ["trips.addr", "trips.addresses", "address", "t"])
def test_what_is_no_object_is_refused(trips: Workspace, name: str) -> None:
    with pytest.raises(DataError, match="is called"):
        trace(trips, name)
