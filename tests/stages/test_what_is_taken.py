"""Which steps take the data of a project: all sources and what is made of them, or some and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from entity_shop import write
from stage_shop import opened

from treadle.errors import SpecError
from treadle.stages import ingesting
from treadle.stages.ingesting import ingest, take
from treadle.stages.work import Work


def test_entities_are_made_of_all_sources_and_not_of_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did = list[object]()

    def read(work: Work, only: Collection[str] = ()) -> dict[str, Any]:
        did.append(tuple(only))
        return {"read": None}

    def entities(work: Work, sources: dict[str, Any]) -> dict[str, Any]:
        did.append("entities")
        return {**sources, "made": None}

    monkeypatch.setattr(ingesting, "read_watched", read)
    monkeypatch.setattr(ingesting, "with_entities", entities)
    monkeypatch.setattr(ingesting, "state_code", lambda workspace: did.append("code"))
    workspace = opened(write(tmp_path / "shop", people=1))
    work = Work(workspace)
    assert (set(ingest(work)), did) == ({"read", "made"}, ["code", (), "entities"])
    did.clear()
    assert (set(ingest(work, ["crm"])), did) == ({"read"}, ["code", ("crm",)])
    did.clear()
    assert (set(take(work)), did) == ({"read", "made"}, [(), "entities"]), "a run says itself what it is of"
    did.clear()
    for name, what in (("customer", "no source .customer.; customer is made of others"), ("crmm", "no source .crmm.")):
        with pytest.raises(SpecError, match=what):
            ingest(work, ["crm", name])
    assert did == []
    workspace.chain.engine.dispose()
