"""Rows that were set aside stay known when their file is read again, whatever its columns and its contract are then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest import Reading, deliver, held, row
from stage_shop import edit, opened

from treadle.stages import contract_of
from treadle.stages.mending import drop, mend
from treadle.stages.quarantine import replay
from treadle.stages.work import Work


@pytest.fixture
def place(tmp_path: Path) -> Path:
    held(tmp_path / "shop")
    return tmp_path / "shop"


def rows(last: Any, more: int = 60) -> list[tuple[Any, ...]]:
    """One is set aside, and the last one where it is no number."""
    return [*map(row, range(more)), row(70, amount=-1.0), row(71, amount=last)]


def dropped(place: Path, where: str) -> None:
    workspace = opened(place)
    drop(workspace, "orders", where, "never was one")
    workspace.chain.engine.dispose()


@pytest.mark.parametrize("done", ["", "dropped", "replayed"])
def test_where_a_column_of_texts_holds_numbers_by_now(place: Path, done: str) -> None:
    deliver(place, "a.csv", rows("soon"))
    assert Reading(place).payload.quarantined == 2
    if done == "dropped":
        dropped(place, "n = 70")
    if done == "replayed":
        workspace = opened(place)
        mend(workspace, "orders", {"amount": "'1.5'"}, "n = 70", "")
        replay(Work(workspace), "orders", contract_of(workspace, workspace.project.spec.sources["orders"]), "")
        workspace.chain.engine.dispose()
    deliver(place, "a.csv", rows(5.0))
    found = Reading(place)
    assert found.payload.quarantined == 0 and found.numbers == [*range(60), *([70] if done == "replayed" else []), 71]
    deliver(place, "a.csv", rows("later", more=61))
    assert Reading(place).payload.quarantined == 1, "the one that is another"


def test_where_their_file_has_a_column_more(place: Path) -> None:
    edit(place, "logicalType: integer, required: true", "logicalType: integer", "orders.yaml")
    file = deliver(place, "a.csv", [*rows(1.0), ("", *row(7)[1:])])
    first = Reading(place)
    assert first.payload.quarantined == 1 and first.rows["n"].null_count() == 1
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([f"{lines[0]},colour", *(f"{line},red" for line in lines[1:])]) + "\n", "utf-8")
    found = Reading(place)
    assert found.payload.quarantined == 0 and found.rows["n"].null_count() == 1
    assert found.rows.filter(n=3)["colour"].to_list() == ["red"]


def test_where_their_contract_is_another_by_now(place: Path) -> None:
    edit(place, "minimum: 0", "minimum: -9", "orders.yaml")
    deliver(place, "a.csv", rows(1.0))
    assert Reading(place).payload.quarantined == 0
    edit(place, "minimum: -9", "minimum: 0", "orders.yaml")
    deliver(place, "a.csv", rows(1.0, more=61))
    found = Reading(place).payload
    assert len(found.aside) == 1 and found.quarantine is not None and found.quarantine.rows == 1


def test_where_those_of_another_file_were_dropped_before(place: Path) -> None:
    deliver(place, "a.csv", rows(1.0))
    Reading(place)
    dropped(place, "n = 70")
    for more, wanted in ((1, 1), (2, 0)):
        deliver(place, "b.csv", [*map(row, range(80, 80 + 20 * more)), row(79, amount=-2.0)])
        assert Reading(place).payload.quarantined == wanted
