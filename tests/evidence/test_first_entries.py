"""A catalog that version 0.1 wrote: two releases, a rollback, a proof, a failed read. It is read as it stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from treadle.costs import costs, load_book
from treadle.evidence import Chain, Price, Unknown, digest, verify
from treadle.evidence.first import read_first
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.models import listing, registry
from treadle.money import money
from treadle.store import Blob, EntryRef, File, Snapshot
from treadle.store.catalog import open_catalog
from treadle.store.refs import Ref, Value

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
    assert said[6] == "average_precision 0.53 [0.43, 0.65] on 2,000 sealed rows; opened 1 time"
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
    assert [v.name for v in listing.versions(old, "credit", "credit")] == ["credit:3", "credit:2", "credit:1"]
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


def test_what_they_used_made_and_cost_is_read_as_it_stands(old: Chain) -> None:
    entries = {e.seq: e for e in old.find()}
    rows = Snapshot(
        "credit/source/credit", 0, "94852a73463ae5bcc8e3e35889f2c536170a01357bec5a6dc73c291b255618f0", 10000
    )
    built = Snapshot("credit/training", 0, "34084844ea086479bbd6ac090c043c0fbe88609b18b72f5c3bae050c25ed0758", 10000)
    assert entries[1].made == (Value("3c2230a44322e1969afe2373217044a870e0d0769fbfd3a17ba9a6c03dcca38d", "brief"),)
    file = File("credit.csv", "64560d1bfa6bdf418d01aa36006a0ae8c2dcf6d5937f8eca40ef6a9c11d66ccd")
    assert (entries[2].uses, entries[2].made) == ((file,), (rows,))
    model = Blob("0c6a3180b71162f552c09d2361468adfdca31b29be6bef3814ca0c627bc013b6")
    evaluation = Blob("e739e97f71700355935f669b594976f602197160b80cdc43be63093aad5f9baf", "evaluation")
    assert (entries[6].uses, entries[6].made) == ((model, built), (evaluation,))
    request = EntryRef("5a98103f8e2d9e6743df1b6f1caf4224b2c5a128fa3b60d1b0b7028314fd7a0d", "request")
    assert entries[10].uses == (request,) and entries[9].hash == request.digest
    assert entries[2].price == Price(money("0.000003233", "USD"), "general-purpose-on-demand 2026-11-01")
    assert entries[10].price is None and entries[10].usage is None and entries[2].usage is not None
    assert (
        entries[2].cache_key.startswith("162dda5f") and dict(entries[2].parts) and entries[2].why == "never run before"
    )


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("text", Value(digest("text"), "here")),
        ({"kind": "value", "value": 3}, Value(digest({"kind": "value", "value": 3}), "here")),
        ({"kind": "value", "digest": "d1", "name": "own"}, Value("d1", "own")),
        ({"kind": "blob", "digest": "d1"}, Blob("d1", "here")),
        ({"kind": "entry", "digest": "d1", "name": "own"}, EntryRef("d1", "own")),
        ({"kind": "file", "digest": "d1"}, File("here", "d1")),
        ({"kind": "table", "table": "t", "version": 2, "fingerprint": "f1"}, Snapshot("t", 2, "f1", 0)),
    ],
)
def test_each_form_of_a_reference_is_read(written: object, found: Ref) -> None:
    entry = {
        "seq": 1, "id": "a", "kind": "strange", "subject": "s", "run": "", "time": "", "actor": "ada",
        "status": "done", "made": {"here": written}, "detail": {"said": "in its own words"},
        "cost": {"amount": 2, "currency": "EUR"},
    }  # fmt: skip
    read = read_first(msgspec.json.encode(entry), "hash")
    assert read.made == (found,) and read.said() == "in its own words"
    assert read.price == Price(money(2, "EUR"), "") and read.hash == "hash"
