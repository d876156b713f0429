"""A version beside a library, a rule and a service: each look is recorded, and what is wrong is refused before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from stage_shop import edit, opened, write_shop

from treadle.errors import DataError, ExpressionError, SpecError
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.loop import run
from treadle.models.registry import find
from treadle.plans.buying import Bought, check, weigh
from treadle.scoring.tasks import task_of
from treadle.spec import Service, load_service
from treadle.stages import Work
from treadle.stages.answers import read_answers, told_of
from treadle.stages.rivals import NOTHING, Answered, compare_rivals, compared_of, hand_out
from treadle.store import Blob
from treadle.workspace import Workspace

SERVICE = """\
service: acme
answers: acme.csv
price:   {per_thousand: 2.00, a_month: 10, setup: 24, currency: USD, source: "https://acme.example", date: 2026-11-01}
latency: {p99_ms: 120, source: "https://acme.example/limits", date: 2026-11-01}
data:    {where: "its servers in the US", source: "its terms, 4.2", date: 2026-11-01}
leaving: {cost: 216, currency: USD, what: "another key", source: "ada's estimate", date: 2026-11-05}
"""
BINARY = task_of("classification")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = write_shop(tmp_path_factory.mktemp("rivals") / "shop")
    edit(shop, "currency: EUR", "currency: USD")
    workspace = opened(shop)
    run(workspace)
    workspace.chain.engine.dispose()
    return shop


@pytest.fixture
def ready(ran: Path) -> Iterator[Workspace]:
    workspace = opened(ran)
    yield workspace
    workspace.chain.engine.dispose()


def answered(workspace: Workspace, text: str) -> Answered:
    return Answered("acme", Blob(workspace.blobs.put(text.encode()), "answers of acme"))


def looks(workspace: Workspace) -> list[str]:
    return [entry.payload.against for entry in workspace.chain.find(SealedOpened)]


def test_what_is_wrong_is_refused_before_any_row_is_opened(ready: Workspace) -> None:
    packing, before = find(ready.chain, ready.project.address), len(looks(ready))
    with pytest.raises(ExpressionError):
        compare_rivals(Work(ready), packing, (), ("came_back = 'yes'",), ())  # the label is no feature
    with pytest.raises(DataError, match="98 of 98 sealed rows have no answer"):
        compare_rivals(Work(ready), packing, (), (), (answered(ready, "order,answer\n9999,0.5\n"),))
    with pytest.raises(SpecError, match="no defaults are known"):
        compare_rivals(Work(ready), packing, ("sklearn",), (), ())
    assert len(looks(ready)) == before


def test_one_look_is_recorded_for_all_of_them_and_none_the_second_time(ready: Workspace) -> None:
    packing = find(ready.chain, ready.project.address)
    before = len(looks(ready))
    frame, opened_by = hand_out(Work(ready), packing, "as rows.csv")
    assert frame.columns == ["order", "amount", "kind"] and frame.height == 98 and opened_by == before + 1
    assert looks(ready)[-1] == "handed out, as rows.csv"
    told = frame.with_columns((pl.col("amount") / 100).alias("answer")).select("order", "answer").sample(98, seed=1)
    given = (answered(ready, told.write_csv()),)
    work = Work(ready)
    entry = compare_rivals(work, packing, ("linear",), ("amount > 60",), given)
    assert len(looks(ready)) == before + 2 and looks(ready)[-1] == "shop:1 and linear, amount > 60, acme"
    assert work.fresh and entry.payload.opened == before + 2
    found = compared_of(work, entry)
    assert [each.name for each in found.scored] == ["shop:1", "linear", "amount > 60", "acme", NOTHING]
    assert found.scored[0].score.value == pytest.approx(packing.payload.value, abs=1e-12), "the report's own score"
    amounts = dict(zip(frame["order"], frame["amount"], strict=True))
    rows = pl.read_csv(ready.project.root / "orders.csv", schema_overrides={"order": pl.String})
    back = {row["order"]: row["came_back"] == "yes" for row in rows.iter_rows(named=True)}
    cost = [(3.0 if back[k] else 0.0) if amounts[k] <= 60 else (0.0 if back[k] else 1.0) for k in amounts]
    assert found.scored[2].cost.value == pytest.approx(sum(cost) / 98), "each mistake of the rule, by hand"
    again = Work(ready)
    assert compare_rivals(again, packing, ("linear",), ("amount > 60",), given).seq == entry.seq
    assert not again.fresh and len(looks(ready)) == before + 2

    service = Service(**load_service_of(SERVICE, ready.project.root))
    asked = Bought(packing, entry, found, [service], "2026-11-28", 3660, 24, 1000.0)
    weighed = weigh(ready, asked, cached=True)
    acme = next(each for each in weighed.candidates if each.name == "acme")
    assert float(acme.running) == 1000 * 2.00 / 1000 + 10 and float(acme.leaving) == 216
    assert float(acme.total) == pytest.approx(12 + float(acme.mistakes) + (216 + 24) / 24)
    assert float(acme.mistakes) == pytest.approx(1000 * found.scored[3].cost.value)
    assert acme.data == "its servers in the US" and "https://acme.example, 2026-11-01" in acme.sources
    totals = {each.name: each.total for each in weighed.candidates}
    assert weighed.advice.startswith(f"{min(totals, key=totals.get)}: ") and not weighed.measured
    assert any("hours of people" in each for each in weighed.unknown)


def test_a_threshold_of_a_service_is_its_own_and_what_a_rule_does_not_know_is_told_as_usual(
    ready: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To act on all costs 1 for each that does not come back; so does the usual, which is dearer to miss."""
    packing = find(ready.chain, ready.project.address)
    frame, _ = hand_out(Work(ready), packing, "as rows.csv")
    rows = pl.read_csv(ready.project.root / "orders.csv", schema_overrides={"order": pl.String})
    back = {row["order"]: row["came_back"] == "yes" for row in rows.iter_rows(named=True)}
    true = [back[order] for order in frame["order"]]
    share = frame.select("order", (pl.col("amount") / 1000).alias("answer")).write_csv()
    blob = answered(ready, share).answers
    given = tuple(
        Answered(name, blob, at) for name, at in (("all", 0.0), ("some", 0.06), ("none", 1.0), ("usual", None))
    )
    monkeypatch.setattr("treadle.scoring.metrics.sign", lambda metric: -1)
    work = Work(ready)
    entry = compare_rivals(work, packing, (), ("case when amount > 1000 then false end",), given)
    found = {each.name: each for each in compared_of(work, entry).scored}
    assert found["all"].cost.value == pytest.approx((98 - sum(true)) / 98)
    assert found["none"].cost.value == found["usual"].cost.value == pytest.approx(3 * sum(true) / 98)
    amounts = frame["amount"]
    some = [
        (0.0 if b else 1.0) if amount >= 60 else (3.0 if b else 0.0) for b, amount in zip(true, amounts, strict=True)
    ]
    assert found["some"].cost.value == pytest.approx(sum(some) / 98)
    rule = found["case when amount > 1000 then false end"]
    assert rule.cost.value == pytest.approx((98 - sum(true)) / 98) and "unknown of 98 rows" in rule.said
    worst = min(found.values(), key=lambda each: each.score.value)
    assert found[entry.payload.best].score.value == worst.score.value, "of a score of which less is better"


def load_service_of(text: str, folder: Path) -> dict[str, object]:
    (folder / "acme.yaml").write_text(text, encoding="utf-8")
    (folder / "acme.csv").write_text("order,answer\n", encoding="utf-8")
    found, _ = load_service(folder / "acme.yaml")
    return {name: getattr(found, name) for name in Service.__struct_fields__}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (', source: "https://acme.example", date: 2026-11-01', "", "source"),
        ("date: 2026-11-05", "date: soon", '"soon" is no day'),
        ('limits", date: 2026-11-01', 'limits", date: "20261101"', '"20261101" is no day'),
        ('4.2", date: 2026-11-01', '4.2", date: "2026-W44-7"', '"2026-W44-7" is no day'),
        ("acme.csv", "../acme.csv", "is not beside"),
        ("acme.csv", "none.csv", "there is no such file"),
        ("per_thousand: 2.00", "per_thousand: -1", "per_thousand"),
        ("service: acme", "service: Acme & Co", "service"),
    ],
)
def test_a_service_without_a_source_or_with_what_cannot_be_is_refused(tmp_path: Path, old: str, new: str, said: str):
    assert old in SERVICE
    with pytest.raises(SpecError) as bad:
        load_service_of(SERVICE.replace(old, new), tmp_path)
    assert said in str(bad.value) and "acme.yaml" in str(bad.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order,answer\n1,0.5\n", "1 of 2 sealed rows have no answer, the first order 2"),
        ("order,answer\n1,0.5\n1,0.6\n2,1\n", "1 rows have two answers, the first order 1"),
        ("order,answer\n1,often\n2,1\n", '"often" is no number'),
        ("order,answer\n1,nan\n2,1\n", '"nan" is no number'),
        ("order,answer\n1,1.5\n2,1\n", "a probability lies from 0 to 1"),
        ("order,told\n1,1.5\n", "there is no column answer"),
        ("", "it is no CSV file"),
    ],
)
def test_answers_that_cannot_be_counted_are_refused(text: str, said: str):
    with pytest.raises(DataError, match=said):
        read_answers(text.encode(), ["order"], ["1", "2"], BINARY, "acme")


def test_answers_are_put_in_the_order_of_the_rows_and_others_are_left_alone():
    found = read_answers(b"order,answer\n9,0.9\n2, 0.25\n1,1\n", ["order"], ["1", "2"], BINARY, "acme")
    assert found.tolist() == [1.0, 0.25]
    three = task_of("multiclass", ("a", "b", "c"))
    named = read_answers(b"k,j,answer\n1,x,c\n2,y,a\n", ["k", "j"], ["1,x", "2,y"], three, "acme")
    assert named.tolist() == [[0, 0, 1], [1, 0, 0]]
    shares = read_answers(b"k,a,b,c\n1,0.2,0.3,0.5\n", ["k"], ["1"], three, "acme")
    assert shares.tolist() == [[0.2, 0.3, 0.5]]
    for wrong in (b"k,answer\n1,d\n", b"k,a,b,c\n1,0.2,0.3,0.9\n"):
        with pytest.raises(DataError):
            read_answers(wrong, ["k"], ["1"], three, "acme")
    assert told_of(pl.Series([True, None]), BINARY, "a rule", 0.3).tolist() == [1.0, 0.3]


@pytest.mark.parametrize(("months", "a_month"), [(0, None), (601, None), (24, 0.0), (24, float("nan"))])
def test_months_and_decisions_that_cannot_be(months: int, a_month: float | None):
    with pytest.raises(SpecError):
        check(months, a_month)
