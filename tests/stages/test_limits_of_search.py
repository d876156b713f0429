"""How long a search may take: by minutes, or by the money that they cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from stage_shop import edit, opened

from treadle import training
from treadle.api.operation import Context
from treadle.api.project import CheckRequest, check
from treadle.costs.budgets import Purse
from treadle.errors import SpecError
from treadle.evidence import Usage, nvml
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.loop import RunResult
from treadle.money import money
from treadle.principal import person
from treadle.spec import Limits
from treadle.stages import Work
from treadle.stages.searching import LEARNING_SHARE, hour_of, learning_seconds, limit_of

Runs = Callable[..., RunResult]


@pytest.mark.parametrize(
    ("limits", "hour", "seconds"),
    [
        (Limits(), money("0.1", "EUR"), math.inf),
        (Limits(train_minutes=5), None, 300 * LEARNING_SHARE),
        (Limits(train_minutes=5), money("0.1", "EUR"), 300 * LEARNING_SHARE),
        (Limits(train_cost=0.05), money("0.1", "EUR"), 1800 * LEARNING_SHARE),
        (Limits(train_cost=0.05, train_minutes=5), money("0.1", "EUR"), 300 * LEARNING_SHARE),
        (Limits(train_cost=0.001, train_minutes=5), money("0.1", "EUR"), 36 * LEARNING_SHARE),
        (Limits(train_cost=0.05), None, math.inf),
        (Limits(train_cost=0.05), money("0", "EUR"), math.inf),
    ],
)
def test_the_narrower_limit_counts(limits, hour, seconds):
    found, said = limit_of(limits, hour)
    assert found == pytest.approx(seconds)
    assert bool(said) == (limits.train_cost is not None and math.isfinite(found) and found != 300 * LEARNING_SHARE)


def test_what_is_left_of_a_budget_bounds_it_likewise():
    hour = money("0.1", "EUR")
    assert limit_of(Limits(), hour, 0.0, money("0.05", "EUR"))[0] == pytest.approx(1800 * LEARNING_SHARE)
    assert limit_of(Limits(train_cost=0.01), hour, 0.0, money("0.05", "EUR"))[0] == pytest.approx(360 * LEARNING_SHARE)
    assert limit_of(Limits(train_cost=0.05), hour, 0.0, money("0", "EUR"))[0] == 0


def test_what_is_learned_after_a_search_has_what_the_search_left():
    hour, dear = money("0.1", "EUR"), Limits(train_cost=0.05)
    assert limit_of(dear, hour, spent=1000.0)[0] == pytest.approx(1800 * LEARNING_SHARE - 1000)
    assert limit_of(dear, hour, spent=5000.0)[0] == 5.0, "it is fitted, in few seconds"
    assert limit_of(Limits(), hour, 0.0, money("0.05", "EUR"), 1000.0)[0] == pytest.approx(1800 * LEARNING_SHARE), (
        "what is left in a purse is of now"
    )
    assert limit_of(Limits(train_minutes=5), None, elapsed=200.0)[0] == pytest.approx(40)
    assert learning_seconds(Limits(train_minutes=5), 0.0, spent=150.0) == pytest.approx(60)
    assert learning_seconds(Limits(train_minutes=5), 0.0, spent=1000.0) == 5.0
    assert learning_seconds(Limits(train_minutes=0.1), 0.0, spent=1000.0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("families", "there", "gpus"),
    [
        ("[embeddings, linear]", True, 1),
        ("[embeddings, linear]", False, 0),
        ("[additive]", True, 0),
        ("auto", True, 0),
    ],
)
def test_an_hour_counts_a_gpu_where_one_would_be_used(
    shop: Path, monkeypatch: pytest.MonkeyPatch, families: str, there: bool, gpus: int
) -> None:
    asked: list[Usage] = []
    monkeypatch.setattr(nvml, "driver", lambda: object() if there else None)
    edit(shop, "families: [linear]", f"families: {families}")
    shown = opened(shop)
    priced = replace(shown, chain=replace(shown.chain, price=lambda usage, at: asked.append(usage)))
    assert hour_of(Work(priced)) is None
    assert [usage.gpu_seconds for usage in asked] == [3600.0 * gpus]


def test_money_ends_a_search_and_is_said(shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(shop, "search: none", "search: random")
    edit(shop, "currency: EUR", "currency: USD")
    edit(shop, "  people:", "  limits: {train_cost: 0.00002}\n  people:")
    edit(shop, "seed: 7", "seed: 7, refit: all")
    asked = []
    for name, real in (("fit", training.fit), ("refit", training.refit)):
        told = partial(lambda f, *args, **more: asked.append(more["seconds"]) or f(*args, **more), real)
        monkeypatch.setattr(training, name, told)
    found = runs()
    assert any(note.startswith("2e-05 USD bounds the search to") for note in found.searched), found.searched
    assert len(asked) == 2 and max(asked) < 5.0, "nor is what was found fitted without an end"
    edit(shop, "train_cost: 0.00002", "train_cost: 100")
    assert not any("bounds" in note for note in runs().searched)


def test_fits_after_a_search_have_what_it_and_the_fits_before_them_left(
    shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(shop, "currency: EUR", "currency: USD")
    edit(shop, "  people:", "  limits: {train_cost: 100}\n  people:")
    edit(shop, "seed: 7", "seed: 7, refit: all")
    asked = []
    monkeypatch.setattr(Purse, "left", lambda purse, currency: money("50", currency))
    for name in ("fitting", "refitting"):
        told = lambda *args: asked.append(args) or limit_of(*args)  # noqa: E731
        monkeypatch.setattr(f"treadle.stages.{name}.limit_of", told)
    runs()
    chain = opened(shop).chain
    fit = chain.last(ModelFitted).usage
    assert [args[0].train_cost for args in asked] == [100, 100] and {args[3] for args in asked} == {money("50", "USD")}
    assert fit is not None and fit.seconds > 0
    assert asked[1][4] - asked[0][4] == pytest.approx(fit.seconds), "the twin's fit is spent too"


def test_the_report_tells_what_a_point_cost(shop: Path, runs: Runs) -> None:
    edit(shop, "search: none", "search: random, trials: 6")
    page = Path(runs().report).read_text(encoding="utf-8")
    assert "What each step forward cost" in page and "A point, USD" in page


def test_a_limit_without_a_rate_is_refused_before_anything_is_spent(shop: Path, runs: Runs) -> None:
    edit(shop, "  people:", "  limits: {train_cost: 5}\n  people:")
    with pytest.raises(SpecError, match="train_cost is 5 EUR, and work is priced in USD, with no rate") as refused:
        runs()
    assert refused.value.where.startswith("treadle.yaml:") and "currency: USD" in refused.value.mend
    with closing(opened(shop).chain.engine.connect()) as connection:
        assert connection.exec_driver_sql("select count(*) from entries where kind like 'model%'").scalar() == 0
    told = check(CheckRequest(project=str(shop)), Context(person("ada")))
    assert not told.ok and any("with no rate between them" in said for said in told.problems)


def test_what_the_refusal_says_helps(shop: Path) -> None:
    edit(shop, "  people:", "  limits: {train_cost: 5}\n  people:")
    (shop / "prices.yaml").write_text(
        "book: own\ndate: 2026-01-01\ncurrency: USD\nrates: {EUR: 0.92}\n"
        "prices: {cpu_hour: 0.03, memory_gb_hour: 0.003, storage_gb_month: 0.02}\n"
    )
    edit(shop, "brief:\n", "prices: prices.yaml\nbrief:\n")
    assert not check(CheckRequest(project=str(shop)), Context(person("ada"))).problems
