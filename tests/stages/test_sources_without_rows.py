"""A source of which no row is kept: gone on from, replayed into, brought back, pointed to."""

from __future__ import annotations

from pathlib import Path

import pytest
from aside_shop import BY, FILES, KEEP, RULES, WHOLE, Place
from stage_shop import edit

EACH = pytest.mark.parametrize("said", [WHOLE, BY, KEEP, FILES], ids=["whole", "by", "keep", "files"])


@EACH
def test_rows_are_replayed_where_all_were_set_aside(tmp_path: Path, said: str) -> None:
    it = Place(tmp_path / "shop", said)
    it.read((1, 1, -1), (2, 2, -2))
    assert it.kept == [] and it.aside == [(1, 1, -1), (2, 2, -2)]
    it.mend("v=0-v", "k = 2")
    it.replay()
    assert it.kept == [(2, 2, 2)] and it.aside == [(1, 1, -1)]
    assert it.read().payload.table.rows == 1


@EACH
def test_a_version_without_rows_is_brought_back(tmp_path: Path, said: str) -> None:
    it = Place(tmp_path / "shop", said)
    empty = it.read((1, 1, -1)).payload.table.version
    it.mend("v=1")
    it.replay()
    assert it.kept == [(1, 1, 1)]
    it.undo(empty)
    assert it.kept == [] and it.aside == [(1, 1, -1)]


@pytest.mark.parametrize("said", [BY, FILES], ids=["by", "files"])
def test_a_reading_goes_on_from_none(tmp_path: Path, said: str) -> None:
    it = Place(tmp_path / "shop", said)
    first = it.read((1, 1, -1))
    assert it.read().hash == first.hash  # it is taken from the record, and not made again
    second = it.read((2, 2, 2)).payload
    assert second.increment.anew == "" and it.kept == [(2, 2, 2)] and it.aside == [(1, 1, -1)]
    (it.folder / "e.yaml").write_text(RULES.replace("minimum: 0", "minimum: 9"), encoding="utf-8")
    it.read()
    assert it.kept == [] and it.aside == [(1, 1, -1), (2, 2, 2)]
    it.read((3, 3, 30))
    assert it.kept == [(3, 3, 30)]


def test_a_key_into_a_source_without_rows_is_held_to_it(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop", BY)
    edit(it.folder, "sources:\n", "sources:\n  other: {read: other.csv, key: id, contract: other.yaml}\n")
    (it.folder / "other.csv").write_text("id,v\n1,1\n", encoding="utf-8")
    rules = RULES.replace("name: k", "name: id").replace("minimum: 0", "minimum: 2")
    (it.folder / "other.yaml").write_text(rules.replace("  - {name: t, logicalType: integer}\n", ""), encoding="utf-8")
    pointing = RULES.replace("primaryKey: true}", "primaryKey: true, relationships: [{to: other.id}]}")
    (it.folder / "e.yaml").write_text(pointing, encoding="utf-8")
    it.read((1, 1, 1))
    assert it.kept == [] and it.aside == [(1, 1, 1)]
    (it.folder / "other.csv").write_text("id,v\n1,2\n", encoding="utf-8")
    it.read()
    it.replay()
    assert it.kept == [(1, 1, 1)]


def test_a_batch_is_laid_beside_a_snapshot_without_rows(tmp_path: Path) -> None:
    it = Place(tmp_path / "shop", WHOLE)
    asked = "{{type: custom, engine: treadle, implementation: {{metric: {}, mustBeLessThan: 1000}}}}"
    rules = RULES.replace("  properties:", f"  quality:\n  - {asked.format('rowCountChange')}\n  properties:")
    moved = ", ".join(map(asked.format, ("meanChange", "psi", "missingChange", "distinctChange")))
    rules = rules.replace("{minimum: 0}}", f"{{minimum: 0}}, quality: [{moved}]}}")
    (it.folder / "e.yaml").write_text(rules, encoding="utf-8")
    it.read((1, 1, -1))
    read = it.read((1, 1, 1), (2, 2, 2)).payload
    assert it.kept == [(1, 1, 1), (2, 2, 2)] and not any("no snapshot is good yet" in each for each in read.unasked)
    assert any("e@0 has no values to compare" in each for each in read.unasked)
