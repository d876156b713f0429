"""A project of data alone through the commands: data are taken, and what needs a target says that there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from treadle.api import OPERATIONS, Context
from treadle.errors import FRESH, DataError, Fault, SpecError, TreadleError
from treadle.evidence.kinds.code_stated import CodeStated
from treadle.evidence.kinds.source_read import SourceRead
from treadle.principal import person
from treadle.scheduling import plan_of
from treadle.scheduling.running import command
from treadle.spec import load
from treadle.workspace import open_workspace

FILE = """\
project: shop
people: {owner: ada, reviewers: [grace]}
sources:
  orders: {read: orders.csv, key: order, contract: orders.yaml, every: 1d}
  parcels: {read: parcels/, key: parcel, new: files, map: {parcel: nr, kilos: {from: weight, unit: {from: g, to: kg}}}}
"""
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: order, logicalType: integer, required: true, unique: true}
      - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0}}
"""
ORDERS = "order,amount\n" + "".join(f"{n},{n if n != 7 else -1}\n" for n in range(40))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "treadle.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "orders.yaml").write_text(CONTRACT, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "parcels").mkdir()
    (tmp_path / "parcels" / "a.csv").write_text("nr,weight\n1,1500\n2,20\n", encoding="utf-8")
    return tmp_path


def ask(shop: Path, name: str, /, **given: Any) -> Any:
    found = OPERATIONS[name]
    request = msgspec.convert({"project": str(shop), **given}, found.request)
    return found.begin(request, Context(person("ada")))


def test_the_data_are_taken_and_not_twice(shop: Path) -> None:
    first = ask(shop, "data ingest")
    assert [(t.source, t.snapshot, t.taken, t.rows, t.quarantined) for t in first.tables] == [
        ("orders", "orders@0", True, 40, 1),
        ("parcels", "parcels@0", True, 2, 0),
    ]
    assert first.said == "42 rows into 2 of 2 tables, 1 of them set aside"
    assert first.next == f"treadle data quarantine show orders {shop}"
    chain = open_workspace(load(shop), actor="ada").chain
    (stated,) = chain.find(CodeStated, subject="code/shop")
    assert {blob.name for blob in stated.payload.files} >= {"treadle.yaml", "orders.yaml"}
    assert stated.seq < min(entry.seq for entry in chain.find(SourceRead)), "it is said first what made the tables"
    again = ask(shop, "data ingest")
    assert again.said == "nothing new in 2 tables" and not any(t.taken for t in again.tables)
    (shop / "parcels" / "b.csv").write_text("nr,weight\n3,70\n", encoding="utf-8")
    assert ask(shop, "data ingest").said == "1 row into 1 of 2 tables"
    assert ask(shop, "data list").sources[1].rows == 3
    assert ask(shop, "costs").by_run and ask(shop, "verify").ok
    assert ask(shop, "lineage", subject="parcels.kilos").people == ["ada", "grace"]


def test_one_source_is_taken_though_another_is_broken(shop: Path) -> None:
    (shop / "orders.csv").write_text("order,total\n1,2\n", encoding="utf-8")
    found = ask(shop, "data ingest", source=["parcels"])
    assert [(t.source, t.snapshot, t.rows) for t in found.tables] == [("parcels", "parcels@0", 2)]
    assert found.said == "2 rows into 1 of 1 table"
    with pytest.raises(SpecError, match='the project has no source "parcel"') as refused:
        ask(shop, "data ingest", source=["parcels", "parcel"])
    assert refused.value.where == "--source" and "parcels" in (refused.value.mend or "")
    chain = open_workspace(load(shop), actor="ada").chain
    assert [entry.subject for entry in chain.find(SourceRead)] == ["source/parcels"]


def test_a_batch_that_breaks_its_contract_is_refused_with_its_reasons_kept(shop: Path) -> None:
    ask(shop, "data ingest")
    (shop / "orders.csv").write_text("order,total\n1,2\n", encoding="utf-8")
    with pytest.raises(TreadleError, match="amount"):
        ask(shop, "data ingest")
    assert ask(shop, "data list").sources[0].version == 0, "the last good one stands"


def test_check_holds_what_there_is_and_names_what_nothing_reads(shop: Path) -> None:
    found = ask(shop, "check")
    assert found.ok and [(s.source, s.rows, s.quarantined) for s in found.sources] == [
        ("orders", 40, 1),
        ("parcels", 2, 0),
    ]
    with (shop / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("serve: {port: 9000}\n")
    assert ask(shop, "check").warnings == [
        "treadle.yaml:6:1: serve: nothing is predicted, so nothing reads `serve`: state `predict`, or take it out"
    ]


def some_value(kind: Any) -> Any:
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    return ["x"] if get_origin(kind) is tuple else 1 if kind in (int, float) else "x"


NEED_A_TARGET = {
    "run", "serve", "predict", "watch", "drain", "replay", "report", "trials", "features prove",
    "models list", "models show", "models release", "models accept", "models rollback",
}  # fmt: skip


def test_every_command_answers_or_says_what_is_missing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but an answer or one of our own errors; and those about a target name the line to add."""
    ask(shop, "data ingest")
    monkeypatch.chdir(shop)  # some write a file
    said = dict[str, str]()
    for name, found in OPERATIONS.items():
        required = {field.name: some_value(field.kind) for field in found.fields() if field.required}
        if not found.opens or name == "schedule":  # about no project, or without an end
            continue
        request = msgspec.convert(required | {"project": str(shop)}, found.request, strict=False)
        try:
            found.begin(request, Context(person("ada")))
            said[name] = ""
        except TreadleError as bad:
            said[name] = f"{bad.what} / {bad.mend}"
    needing = {name for name, text in said.items() if "predicts nothing" in text}
    assert needing >= NEED_A_TARGET
    assert all("predict: {name: NAME" in said[name] for name in needing)
    assert not needing & {"check", "verify", "log", "why", "costs", "status", "agenda", "lineage", "data list"}


def test_a_schedule_takes_the_data(shop: Path) -> None:
    project = load(shop)
    assert plan_of(project, every=None, retries=1).words[-3:] == ["data", "ingest", str(shop)]
    assert command(str(shop), predicts=project.spec.predicts)[2:6] == ["treadle", "data", "ingest", str(shop)]


def test_the_answer_of_the_command_line_is_what_a_scheduler_reads(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from treadle.cli import main

    text = FILE.replace("sources:", 'access: {logins: {"*": ada}}\nsources:')
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["treadle", "data", "ingest", str(shop), "--json"])
    main()
    assert json.loads(capsys.readouterr().out)["said"].startswith("42 rows into 2 of 2 tables")


def test_what_may_be_spent_is_asked_before(shop: Path) -> None:
    with pytest.raises(SpecError, match="--spend"):
        ask(shop, "data ingest", spend=-1.0)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("data quarantine show", {"source": "orders"}),
        ("data entities show", {"entity": "house", "record": "orders:1"}),
        ("data query", {"sql": "select 1 from orders"}),
        ("data diff", {"source": "orders"}),
        ("costs plan", {}),
    ],
)
def test_what_was_not_read_yet_is_read_by_the_command_that_works_here(
    shop: Path, name: str, given: dict[str, str]
) -> None:
    entity = "entities: {house: {from: {orders: {name: amount}}, match: {exact: [name]}}}\n"
    (shop / "treadle.yaml").write_text(FILE + entity, encoding="utf-8")
    with pytest.raises(TreadleError) as refused:
        ask(shop, name, **given)
    assert f"treadle data ingest {shop}" in str(refused.value) and "treadle run" not in str(refused.value)


def test_a_history_without_snapshots_says_what_reads_the_source(shop: Path) -> None:
    assert ask(shop, "data history", source="orders").next == f"treadle data ingest {shop}"
    ask(shop, "data ingest")
    assert ask(shop, "data history", source="orders").next == ""


def test_commands_that_were_said_without_a_project_are_told_with_this_one(shop: Path) -> None:
    project, reads = load(shop), f"treadle data ingest {shop}"
    assert project.typed_in(f"make it again with: {FRESH}") == f"make it again with: {reads} --fresh"
    assert project.typed_in("treadle run PROJECT makes one; or PROJECT.NAME") == f"{reads} makes one; or PROJECT.NAME"
    assert project.typed_in("treadle decide close PROJECT NAME") == f"treadle decide close {shop} NAME"


def test_each_of_several_faults_is_told_with_this_project_too(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = (Fault("one", mend="treadle log PROJECT"), Fault("two", mend="write two"))

    def refuse(*_: object, **__: object) -> None:
        raise DataError("several", faults=faults)

    monkeypatch.setattr("treadle.stages.ingesting.read_watched", refuse)
    with pytest.raises(TreadleError) as refused:
        ask(shop, "data ingest")
    assert [fault.mend for fault in refused.value.faults] == [f"treadle log {shop}", "write two"]
