"""A catalog that version 0.1 wrote: two releases, a rollback, a proof, a failed read. It is read as it stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from treadle.costs import costs, load_book
from treadle.evidence import Chain, Unknown, verify
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.models import registry
from treadle.store.catalog import open_catalog

KEPT = Path(__file__).parent / "data" / "catalog-0.1.db.gz"


@pytest.fixture
def old(tmp_path: Path) -> Chain:
    file = tmp_path / "catalog.db"
    file.write_bytes(gzip.decompress(KEPT.read_bytes()))
    engine = open_catalog(f"sqlite:///{file}")
    yield Chain(engine=engine, actor="ada")
    engine.dispose()


def test_every_entry_is_read_with_its_type(old: Chain) -> None:
    entries = old.find()
    assert len(entries) == 28
    unknown = [e for e in entries if isinstance(e.payload, Unknown)]
    assert [(e.seq, e.status) for e in unknown] == [(22, "failed")]
    assert "empty CSV" in unknown[0].said()
    said = {e.seq: e.said() for e in entries}
    assert said[2] == "10,000 rows, 16 rules hold"
    assert said[6] == "average_precision 0.5269 [0.4306, 0.6533] on 2,000 sealed rows; opened 1 time"
    assert said[20] == "went back from credit:2 to credit:1 (second thoughts)"
    assert said[21] == "200 cells, 0 differ"


def test_what_they_say_is_typed(old: Chain) -> None:
    packed = old.find(ModelPacked)
    assert [e.payload.model for e in packed] == ["credit:1", "credit:2", "credit:3"]
    assert packed[0].payload.example["account"] == 10000
    searched = old.find(ModelsSearched)[0].payload
    assert searched.family == "linear" and len(searched.trials) == 2 and len(searched.trials[0].folds) == 5
    asked = old.find(ReviewRequested)[0].payload
    assert asked.model == "credit:1" and asked.bundle == packed[0].payload.bundle and len(asked.gates) == 6
    back = old.find(ReleaseRolledBack)[0].payload
    assert (back.model, back.left, back.reason) == ("credit:1", "credit:2", "second thoughts")


def test_the_record_holds_goes_on_and_shows_in_every_view(old: Chain) -> None:
    assert verify(old).ok
    old.append(Noted(text="written by today's version"), "s")
    assert verify(old).ok and len(old.find()) == 29
    assert [v.name for v in registry.versions(old, "credit", "credit")] == ["credit:3", "credit:2", "credit:1"]
    book = load_book()
    found = costs(old, book.rates)
    assert found.currency == "USD" and found.amount > 0
    assert sum(line.steps for line in found.by_step) == 20
    with old.engine.connect() as connection:
        assert connection.execute(text("select count(*) from view_trials")).scalar() == 6


def test_what_it_released_is_proved_by_its_own_entries(old: Chain) -> None:
    old.catch_up()  # as a workspace does when it is opened
    served = registry.current(old, "credit")
    assert (served.model, served.approved_by) == ("credit:1", "grace")


def test_the_next_number_goes_on_where_it_stopped(old: Chain) -> None:
    old.catch_up()
    with old.alone() as alone:
        assert alone.number("credit") == 4
