"""Entities made of sources, by a run: sources themselves, heeding what persons said, and what they were once undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from entity_shop import SPEC, do, last, made, tables, write
from stage_shop import edit, opened

from treadle.drafting.checking import check_project
from treadle.errors import DataError, ExpressionError, Overtaken, SpecError
from treadle.evidence import verify
from treadle.evidence.kinds.entity_decided import EntityDecided
from treadle.exploring.named import named
from treadle.exploring.reconciled import list_entities
from treadle.exploring.snapshots import meant
from treadle.history.columns import trace
from treadle.loop import run
from treadle.matching import Decision
from treadle.stages import entities
from treadle.stages.breaking import readers_of
from treadle.stages.entities import decided, say, undo
from treadle.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop")


def thing(folder: Path, record: str) -> str:
    members = tables(folder, made(folder))["customer_members"]
    return str(members.filter(record=record)["entity_id"].item())


def test_an_entity_is_a_source_for_all_that_comes_after(shop: Path) -> None:
    sources = made(shop)
    names = ["customer", "customer_of_crm", "customer_of_web", "customer_members", "customer_links", "customer_choices"]
    assert list(sources) == ["crm", "web", "orders", *names]
    found, told = tables(shop, sources), last(shop)
    assert (told.rows, told.entities, told.doubts) == (90, 60, 0) and found["customer"].height == 60
    assert {each.field for each in told.weights} == {"name", "born", "zip"} and 0 < told.prior < 0.05
    by_key = found["customer_of_crm"]
    assert by_key.columns == ["id", "entity_id", "name", "born", "zip", "mail"] and by_key["id"].to_list() == list(
        range(60)
    )
    settled = {row["entity_id"]: row for row in found["customer"].to_dicts()}
    assert all(row["zip"] == settled[row["entity_id"]]["zip"] for row in by_key.to_dicts())
    assert settled["crm:6"]["zip"] == found["customer_members"].filter(record="web:w6")["zip"].item()  # trusted: web
    assert do(shop, lambda it: meant(it, named("customer_links")).snapshot.version) == 0
    assert found["customer_members"].filter(record="web:w10")["entity_id"].item() == "crm:10"


def test_a_run_learns_by_a_lookup_and_finds_all_of_it_again(shop: Path) -> None:
    do(shop, run)
    steps = {line.subject: line.cached for line in do(shop, run).steps}
    assert steps["entity/customer"] and not any(name.startswith("source/customer") for name in steps)

    def held(workspace: Workspace) -> bool:
        return bool(verify(workspace.chain).ok)

    assert do(shop, held)


def test_what_is_undone_brings_back_equal_tables(shop: Path) -> None:
    first = made(shop)
    before = tables(shop, first)
    split_said = Decision("split", "crm:2", "web:w2", reason="two people")
    split = do(shop, say, "customer", split_said)
    value = do(shop, say, "customer", Decision("set", "crm:4", field="born", value="1999-09-09", reason="asked"))
    assert thing(shop, "web:w2") == "web:w2" and last(shop).entities == 61 and last(shop).decided == 2
    changed = tables(shop, made(shop))
    assert changed["customer"].filter(entity_id="crm:4")["born"].item().isoformat() == "1999-09-09"
    assert changed["customer_choices"].filter(entity_id="crm:4", field="born")["rule"].item() == "set by ada: asked"
    for entry in (split, value):
        do(shop, undo, "customer", entry.seq, "wrong")
    again = made(shop)
    after = tables(shop, again)
    assert after.keys() == before.keys() and all(after[name].equals(before[name]) for name in before)
    # what counts now is the newest version, for whoever asks by name
    assert again["customer"].payload.table.version > first["customer"].payload.table.version
    newest = do(shop, lambda it: meant(it, named("customer")).snapshot)
    assert newest == again["customer"].payload.table
    once_more = made(shop)
    assert once_more["customer"].hash == again["customer"].hash
    # and so it is told
    assert (last(shop).entities, last(shop).decided) == (60, 0) and last(shop).table == again["customer"].payload.table
    do(shop, say, "customer", split_said)
    made(shop)
    listed = do(shop, list_entities)
    assert [each.entities for each in listed.entities] == [61] and [each.waits for each in listed.decisions] == [False]


def test_two_who_decide_at_once_are_not_both_heeded_unseen(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(shop)
    real = entities.refuse_contradiction

    def meanwhile(said: object, where: str) -> None:
        monkeypatch.setattr(entities, "refuse_contradiction", real)
        do(shop, say, "customer", Decision("split", "crm:1", "crm:3", reason="theirs"))
        real(said, where)  # type: ignore[arg-type]

    monkeypatch.setattr(entities, "refuse_contradiction", meanwhile)
    with pytest.raises(Overtaken, match="something else was decided of customer meanwhile"):
        do(shop, say, "customer", Decision("joined", "crm:1", "crm:3", reason="mine"))
    assert [each.done for each in do(shop, lambda it: decided(it.chain, "customer").decisions)] == ["split"]


def test_what_contradicts_is_refused_and_names_all_that_says_so(shop: Path) -> None:
    made(shop)
    do(shop, say, "customer", Decision("joined", "crm:1", "crm:3", reason="x"))
    do(shop, say, "customer", Decision("joined", "crm:3", "crm:5", reason="x"), actor="grace")
    with pytest.raises(
        DataError, match=r"crm:3 is crm:5 \(grace\); crm:1 is crm:3 \(ada\); crm:5 is not crm:1 \(lin\)"
    ):
        do(shop, say, "customer", Decision("split", "crm:5", "crm:1", reason="x"), actor="lin")
    found = do(shop, lambda it: it.chain.find(EntityDecided))
    assert [(each.actor, each.payload.done) for each in found] == [("ada", "joined"), ("grace", "joined")]
    assert found[1].payload.base == found[0].hash


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (Decision("split", "crm:1", "crm:999", reason="x"), "no row of customer is called 'crm:999'"),
        (Decision("joined", "crm:1", "crm:1", reason="x"), "crm:1 is one row, not two"),
        (Decision("joined", "crm:1", "crm:2"), "without a reason"),
        (Decision("set", "crm:1", field="nam", value="x", reason="x"), "customer has no field 'nam'"),
        (Decision("set", "crm:1", field="born", value="x", reason="x"), "'x' is no value of born"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: Path, said: Decision, what: str) -> None:
    made(shop)
    with pytest.raises((DataError, SpecError), match=what):
        do(shop, say, "customer", said)


def test_said_twice_undone_twice_and_before_the_first_run(shop: Path) -> None:
    said = Decision("split", "crm:2", "web:w2", reason="x")
    with pytest.raises(DataError, match="customer was not reconciled yet"):
        do(shop, say, "customer", said)
    with pytest.raises(DataError, match='there is no entity "customers"'):
        do(shop, say, "customers", said)
    made(shop)
    entry = do(shop, say, "customer", said)
    with pytest.raises(DataError, match="it was said before: crm:2 is not web:w2"):
        do(shop, say, "customer", Decision("split", "web:w2", "crm:2", reason="again"))
    do(shop, undo, "customer", entry.seq, "y")
    with pytest.raises(DataError, match=f"entry {entry.seq} decides nothing of customer that counts"):
        do(shop, undo, "customer", entry.seq, "y")


def test_a_value_may_be_said_again_once_another_took_its_place(shop: Path) -> None:
    """The last word counts of a thing, of whichever of its rows it is said."""
    made(shop)
    wanted = [("crm:4", "1999-09-09"), ("web:w4", "1990-01-01"), ("crm:4", "1999-09-09")]
    for record, value in wanted:
        said = Decision("set", record, field="born", value=value, reason="asked")
        do(shop, say, "customer", said)
        do(shop, say, "customer", Decision("set", "crm:3", field="born", value=value, reason="another"))
        with pytest.raises(DataError, match=f"it was said before: born of {record}"):
            do(shop, say, "customer", said)
    found = do(shop, lambda it: decided(it.chain, "customer").decisions)
    assert [(each.one, each.value) for each in found if each.one != "crm:3"] == wanted


def test_an_expression_that_fits_no_column_is_told_with_its_place(shop: Path) -> None:
    edit(shop, "name: full,", "name: fullname,")
    with pytest.raises(ExpressionError, match=r"treadle.yaml:12:13: entities.customer.from.web.name.*no column"):
        made(shop)


MISTAKES = [
    ("web: {name: full,", "web: {name: fulll,", "entities.customer.from.web.name: at 1:1", 'did you mean "full"?'),
    ("born: born, zip: zip", "born: born, zip: zipp", "entities.customer.from.crm.zip: at 1:1", 'no column "zipp"'),
    ("mail: mail}\n      web", "mail: id}\n      web", "entities.customer.from.crm.mail", "int in crm, str in web"),
    (
        "born: {by: date, within: [2d]}",
        "born: jaro_winkler",
        "entities.customer.match.compare.born",
        "and born is date",
    ),
    ("block: [zip, born]", "block: [born, year(bron)]", "entities.customer.match.block[1]", 'did you mean "born"?'),
    ("web: {read: web.csv, key: id}", "web: {read: web.csv, key: nr}", "sources.web.key", 'no column "nr"'),
]


def test_all_that_is_wrong_with_an_entity_is_told_at_once(shop: Path) -> None:
    for old, new, _, _ in MISTAKES[:-1]:
        edit(shop, old, new)
    with pytest.raises(SpecError, match="5 things are wrong") as told:
        made(shop)
    assert len(told.value.faults) == 5
    for _, _, place, said in MISTAKES[:-1]:
        assert any(place in fault.where and said in str(fault) for fault in told.value.faults), told.value.faults
    edit(shop, *MISTAKES[-1][:2])  # which a reading refuses, before anything is asked of entities
    workspace = opened(shop)
    problems = check_project(workspace, data=False).problems
    workspace.chain.engine.dispose()
    for _, _, _, said in MISTAKES:
        assert any(said in problem for problem in problems), problems
    places = {problem.split(": ")[0] for problem in problems}
    assert len(places) == 6 and all(place.startswith("treadle.yaml:") for place in places), problems


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_one_that_is_wrong_is_told_alone(shop: Path, number: int) -> None:
    old, new, place, said = MISTAKES[number]
    edit(shop, old, new)
    with pytest.raises(SpecError) as told:
        made(shop)
    assert not told.value.faults and place in told.value.where and said in str(told.value)


def test_mistakes_of_two_entities_are_told_together(shop: Path) -> None:
    other = "  person:\n    from: {crm: {n: lastt}}\n    match: {exact: [n]}\n"
    edit(shop, "predict:", f"{other}predict:")
    edit(shop, "web: {name: full,", "web: {name: fulll,")
    with pytest.raises(SpecError, match="2 things are wrong") as told:
        made(shop)
    assert [fault.where.split(" ")[1] for fault in told.value.faults] == [
        "entities.customer.from.web.name:",
        "entities.person.from.crm.n:",
    ]


def test_a_source_that_grows_is_reconciled_anew(shop: Path) -> None:
    made(shop)
    with (shop / "web.csv").open("a", encoding="utf-8") as out:
        out.write("w900,Zoe Neu,1990-01-01,11111,\n")
    assert made(shop)["customer"].payload.rows == 61 and last(shop).rows == 91


def test_a_source_without_rows(shop: Path) -> None:
    (shop / "web.csv").write_text("id,full,born,plz,mail\n", encoding="utf-8")
    edit(shop, "born: born, zip: plz, mail: mail}", "born: cast(born as date), zip: cast(plz as bigint), mail: mail}")
    assert made(shop)["customer"].payload.rows == 60
    assert last(shop).notes == ("no two rows are equal in any block, so that none were compared",)


def test_a_file_that_names_no_entity_is_as_it_was(shop: Path) -> None:
    text = SPEC[: SPEC.index("entities:")] + SPEC[SPEC.index("predict:") : SPEC.index("  lookup:")] + "train: {}\n"
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    assert list(made(shop)) == ["crm", "web", "orders"]


def test_lineage_goes_on_through_an_entity_to_the_columns_that_it_is_made_of(shop: Path) -> None:
    made(shop)
    below = do(shop, trace, "web.plz")
    assert {"customer.zip", "customer_of_crm.zip", "who_zip"} <= {part.name for part in below.read_by}
    above = do(shop, trace, "who_born")
    assert {"crm.born", "web.born"} <= {part.name for part in above.reads}
    matched = do(shop, trace, "customer.entity_id")
    assert {"crm.first", "crm.last", "web.mail"} <= {part.name for part in matched.reads}
    assert "feature who_zip" in do(shop, readers_of, "web", ["plz"])
