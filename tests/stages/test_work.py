"""How a stage works: what is kept within a run, what each line says, what the steps cost together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest
from stage_shop import edit, opened

from treadle.evidence import Entry, Payload, Price, StepInput, Usage
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.loop import RunResult
from treadle.money import money
from treadle.spec import Brief, Limits, Mistakes, People, Predict, Train
from treadle.stages.examples import only
from treadle.stages.searching import found_by
from treadle.stages.work import Bench, StepLine, Work, training_cost

Runs = Callable[..., RunResult]


class Added(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.added"

    total: int

    def said(self) -> str:
        return f"{self.total} in all"


class Add(StepInput[Added], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Added

    numbers: tuple[int, ...]


def make_sum(asked: Add, bench: Bench) -> Added:
    bench.progress(1.0, 2.0, "adding")
    return Added(total=sum(asked.numbers))


@pytest.fixture
def work(shop: Path) -> Work:
    workspace = opened(shop)
    yield Work(workspace)
    workspace.chain.engine.dispose()


def test_a_step_is_made_from_its_input_and_noted_with_its_cost(work: Work) -> None:
    first = work.do(Add(numbers=(1, 2)), make_sum)
    again = work.do(Add(numbers=(1, 2)), make_sum)
    other = work.do(Add(numbers=(1, 2)), make_sum, "another")
    always = work.do(Add(numbers=(1, 2)), make_sum, cache=False)
    assert first.payload.total == 3 and again == first and other.subject == "another" and first.subject == "shop"
    assert work.entries == [first, again, other, always] and work.fresh == [first, other, always]
    assert [line.cached for line in work.lines] == [False, True, False, False]
    paid, used = first.price, first.usage
    assert paid is not None and used is not None
    assert work.lines[0] == StepLine(
        kind="test.added", subject="shop", cached=False, why="never run before", said="3 in all",
        seconds=used.seconds, cost=float(paid.money.amount), currency=paid.money.currency,
    )  # fmt: skip
    assert work.lines[1].why.startswith("nothing changed since") and work.lines[1].said == "3 in all"


def test_a_step_without_a_price_says_no_cost(work: Work) -> None:
    chain = replace(work.workspace.chain, price=lambda usage, at: None)
    free = Work(replace(work.workspace, chain=chain))
    free.do(Add(numbers=(4,)), make_sum)
    assert (free.lines[0].cost, free.lines[0].currency) == (None, "") and free.lines[0].seconds is not None


def test_what_was_made_in_a_run_is_made_once_for_its_content(work: Work) -> None:
    made: list[str] = []

    def make(name: str) -> Callable[[], str]:
        return lambda: made.append(name) or name

    bench, later = work.bench(), work.bench()
    assert bench.recall("table", "c1", make("one")) == "one" == later.recall("table", "c1", make("two"))
    assert later.recall("table", "c2", make("three")) == "three"
    assert later.recall("model", "c1", make("four")) == "four"
    later.keep("model", "c9", "five")
    assert bench.recall("model", "c9", make("six")) == "five" and made == ["one", "three", "four"]
    assert Work(work.workspace).bench().recall("table", "c1", make("seven")) == "seven", "another run"


def test_a_bench_reads_what_the_record_names_and_only_the_columns_that_are_asked(work: Work) -> None:
    bench = work.bench()
    table = bench.tables.replace("t", pl.DataFrame({"a": [1], "b": [2]}))
    assert bench.read(table, ["b"]).columns == ["b"] and bench.read(table).columns == ["a", "b"]
    assert bench.scratch() != bench.scratch() and len(bench.signing_key()) == 64


def entry(kind: str, subject: str, usage: Usage | None, amount: tuple[str, str] | None) -> Entry[Payload]:
    price = Price(money(*amount)) if amount else None
    return Entry(
        seq=1, id="", kind=kind, subject=subject, run="", time="", actor="", status="done", payload=Noted(text=""),
        hash="", prev="", usage=usage, price=price,
    )  # fmt: skip


def test_what_steps_used_is_summed_and_money_by_its_currency() -> None:
    cost = training_cost(
        [
            entry("sources.read", "source/a", Usage(seconds=1.004, cpu_seconds=2.004, peak_mb=10), ("1.5", "EUR")),
            entry("sources.read", "source/b", Usage(seconds=2, cpu_seconds=1, peak_mb=30), ("2", "EUR")),
            entry("training.fit", "shop", Usage(seconds=4, cpu_seconds=8, peak_mb=20), ("3", "USD")),
            entry("note", "labels", None, ("10", "USD")),
            entry("brief.stated", "shop", Usage(seconds=1), None),
        ]
    )
    assert (cost.seconds, cost.cpu_seconds, cost.peak_mb) == (8.0, 11.0, 30)
    assert set(cost.amounts) == {money("3.5", "EUR"), money("13", "USD")}
    assert cost.shown == cost.amounts[0]
    assert list(cost.steps) == ["source/a", "source/b", "training.fit", "brief.stated"]
    assert cost.steps["training.fit"].cpu_seconds == 8
    nothing = training_cost([])
    assert (nothing.seconds, nothing.peak_mb, nothing.amounts, nothing.shown, nothing.steps) == (0, 0.0, (), None, {})


def test_a_search_is_kept_whole_and_a_line_a_trial(shop: Path, runs: Runs) -> None:
    runs()
    workspace = opened(shop)
    said = workspace.chain.last(ModelsSearched).payload
    found = found_by(Work(workspace).bench(), said.found)
    assert (said.metric, said.family, said.value, said.stopped) == (
        found.metric,
        found.family,
        found.value,
        found.stopped,
    )
    assert [(t.number, t.family, t.params, t.folds, t.value, t.state) for t in said.trials] == [
        (t.number, t.family, t.params, t.fold_scores, t.value, t.state) for t in found.trials
    ]
    assert [t.seconds for t in said.trials] == [round(t.seconds, 3) for t in found.trials]


def test_a_project_of_a_steps_input_holds_what_was_given_and_nothing_else() -> None:
    predict, train = Predict(name="y", each="s", label="y"), Train(seed=3)
    given = {
        "decision": "Call.", "good_enough": {"ap": 0.5}, "mistakes": Mistakes(missed=9.0),
        "limits": Limits(train_minutes=2.0), "people": People(owner="ada"),
    }  # fmt: skip
    whole = only(predict=predict, train=train, project="p", **given)
    assert (whole.project, whole.predict, whole.train, whole.sources) == ("p", predict, train, {})
    assert {name: getattr(whole.brief, name) for name in given} == given
    bare = only(predict=predict)
    assert (bare.project, bare.train, bare.brief) == ("-", Train(), Brief(people=People(owner="-")))


@pytest.mark.parametrize(("limits", "seconds"), [("limits: {train_minutes: 10}", 420.0), ("", float("inf"))])
def test_a_search_has_its_share_of_the_minutes_that_the_brief_allows(
    shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, limits: str, seconds: float
) -> None:
    from treadle import training

    asked: list[float] = []

    def searched(*_: object, deadline_s: float, **__: object) -> None:
        asked.append(deadline_s)
        raise KeyboardInterrupt

    if limits:
        edit(shop, "  people:", f"  {limits}\n  people:")
    monkeypatch.setattr(training, "search", searched, raising=False)
    with pytest.raises(KeyboardInterrupt):
        runs()
    assert asked == [pytest.approx(seconds)]
