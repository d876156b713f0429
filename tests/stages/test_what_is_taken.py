"""Which steps take the data of a project: all sources and what is made of them, or some and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from entity_shop import write
from stage_shop import opened

from treadle.errors import DataError, SpecError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.stages import ingesting
from treadle.stages.ingesting import ingest, take
from treadle.stages.work import Work


def test_entities_are_made_of_all_sources_and_not_of_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did = list[object]()

    def read(work: Work, only: Collection[str] = (), *, on: bool = False) -> dict[str, Any]:
        did.append((*only, "and on") if on else (*only,))
        return {"read": None}

    def entities(work: Work, sources: dict[str, Any]) -> dict[str, Any]:
        did.append("entities")
        return {**sources, "made": None}

    monkeypatch.setattr(ingesting, "read_watched", read)
    monkeypatch.setattr(ingesting, "with_entities", entities)
    monkeypatch.setattr(ingesting, "state_code", lambda workspace: did.append("code"))
    workspace = opened(write(tmp_path / "shop", people=1))
    work = Work(workspace)
    assert (set(ingest(work)), did) == ({"read", "made"}, ["code", ("and on",), "entities"])
    did.clear()
    assert (set(ingest(work, ["crm"])), did) == ({"read"}, ["code", ("crm", "and on")])
    did.clear()
    assert (set(take(work)), did) == ({"read", "made"}, [(), "entities"]), "a run says itself what it is of"
    did.clear()
    for name, what in (("customer", "no source .customer.; customer is made of others"), ("crmm", "no source .crmm.")):
        with pytest.raises(SpecError, match=what):
            ingest(work, ["crm", name])
    assert did == []
    workspace.chain.engine.dispose()


_PROJECT = """\
project: shop
people: {owner: ada, reviewers: []}
sources:
  bad: {read: gone.csv}
  rests: {read: a.csv, contract: rests.yaml}
  good: {read: a.csv, key: k}
  worse: {read: a.csv, key: kk}
"""
_POINTS = """\
apiVersion: v3.1.0
kind: DataContract
schema:
  - name: rests
    properties:
      - {name: k, logicalType: integer, relationships: [{to: bad.k}]}
"""


def test_a_source_that_is_refused_holds_up_those_alone_that_point_to_it(tmp_path: Path) -> None:
    for name, text in (("treadle.yaml", _PROJECT), ("rests.yaml", _POINTS), ("a.csv", "k\n1\n")):
        (tmp_path / name).write_text(text)
    workspace = opened(tmp_path)
    with pytest.raises(DataError) as told:
        ingest(Work(workspace))
    read = {entry.subject for entry in workspace.chain.find(SourceRead, status="done")}
    assert read == {"source/good"}
    head, *rest = str(told.value).splitlines()
    assert head == "3 sources are refused; the others were taken" and len(rest) == 3
    assert "rests was not read: its contract points to bad" in rest[1] and 'no column "kk"' in rest[2]
    with pytest.raises(DataError, match=r"gone\.csv") as told:
        take(Work(workspace))  # a run stops at the first
    assert not told.value.faults
    with pytest.raises(SpecError, match='no column "kk"'):  # of one alone the words are its own
        ingest(Work(workspace), ["good", "worse"])
    workspace.chain.engine.dispose()


def test_a_time_that_is_none_is_refused_however_a_source_is_read(tmp_path: Path) -> None:
    text = "project: shop\npeople: {owner: ada, reviewers: []}\nsources:\n  whole: {read: a.csv, key: k, happened: k}\n"
    text += "  newer: {read: a.csv, key: k, known: k, new: {by: k}}\n"
    for name, content in (("treadle.yaml", text), ("a.csv", "k\n1\n")):
        (tmp_path / name).write_text(content)
    workspace = opened(tmp_path)
    with pytest.raises(DataError, match="2 sources are refused; nothing was taken") as told:
        ingest(Work(workspace))
    assert str(told.value).count("a time is wanted here, and k is int") == 2
    workspace.chain.engine.dispose()
