"""Three ways to go on: which, in which words, on a page; put to a decision, chosen, and then held to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_shop import opened
from test_measured_workload import HEADER, LINES, ask, call, packed, write

from treadle.errors import ModelError
from treadle.evidence import Entry, Price, Usage
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.review_requested import Gate
from treadle.money import money
from treadle.people.chosen import standing_choice
from treadle.plans.choosing import BEST, BETWEEN, LEAST, Named, Saving, Way, choices_of, three
from treadle.plans.found import Assumed
from treadle.plans.offering import AS_IT_IS, offered, options_page, sets_of, told
from treadle.plans.options_found import MonthSpent
from treadle.pricing import import_figures
from treadle.workspace import Workspace

HELD = Gate("recall", 0.5, 0.4, False, "recall is 0.4, must be at least 0.5")


class Numbered:
    """As much of an entry as a way looks at."""

    def __init__(self, seq: int) -> None:
        self.seq, self.ref = seq, None


def way(score: float, monthly: str, *, waits: float = 0.0, seq: int = 1, **more: object) -> Way:
    entry: Entry[ModelPacked] = Numbered(seq)  # type: ignore[assignment]
    given: dict[str, object] = {
        "model": f"shop:{seq}", "family": "linear", "metric": "recall", "score": score, "low": score - 0.1,
        "high": score + 0.1, "rows": 100, "serving": "always on", "monthly": Decimal(monthly), "cheap": None,
        "dear": None, "waits": waits, "open": (), "saving": None, "entry": entry,
    }  # fmt: skip
    return Way(**{**given, **more})  # type: ignore[arg-type]


def test_three_are_the_cheapest_the_best_and_one_that_is_as_good_for_less():
    cheap, middle, best = way(0.5, "10", seq=1), way(0.75, "40", seq=2), way(0.8, "90", seq=3)
    poor, beaten = way(0.6, "20", seq=4), way(0.7, "50", seq=5)
    found = three([best, beaten, poor, cheap, middle])
    assert [(each.name, each.way) for each in found] == [(LEAST, cheap), (BETWEEN, middle), (BEST, best)]
    assert [each.name for each in three([cheap])] == [LEAST] and three([]) == []
    assert [each.name for each in three([cheap, best])] == [LEAST, BEST]


def test_what_may_not_be_released_beats_nothing_that_may():
    """Half a unit of money is no difference."""
    served, newer = way(0.70, "10.4", seq=1), way(0.71, "10.0", seq=2, open=(HELD,))
    found = three([served, newer])
    assert [each.way for each in found] == [served, newer]


def test_a_metric_of_which_less_is_better():
    good, bad = way(0.2, "50", metric="log_loss", seq=1), way(0.9, "10", metric="log_loss", seq=2)
    assert [each.way for each in three([good, bad])] == [bad, good]


WAYS = st.lists(
    st.builds(
        lambda score, monthly, waits, seq: way(score, str(monthly), waits=waits, seq=seq),
        st.floats(0, 1), st.integers(0, 500), st.sampled_from([0.0, 0.1]), st.integers(1, 10**6),
    ),
    min_size=1, max_size=12, unique_by=lambda each: each.entry.seq,
)  # fmt: skip


@given(WAYS)
def test_nothing_is_left_out_that_is_cheaper_or_better_than_all_that_is_shown(ways: list[Way]):
    found = three(ways)
    assert 1 <= len(found) <= 3 and len({each.way.entry.seq for each in found}) == len(found)
    assert min(each.monthly for each in ways) == found[0].way.monthly
    assert max(each.worth for each in ways) == found[-1].way.worth


@pytest.fixture
def measured(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Two versions, of which the newer is better and needs more memory; asked now and then; two machines priced."""
    now = datetime.now(UTC)
    write(workspace, now, "r1", Usage(seconds=3600.0, cpu_seconds=3600.0, peak_mb=1000.0))
    for number, value, peak in ((1, 0.70, 500.0), (2, 0.80, 6000.0)):
        write(
            workspace,
            now,
            "r1",
            Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=peak),
            packed(workspace, number, 10.0, value),
        )
    ask(workspace, now)
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + LINES + "on_demand,acme,eu,m1,0.03,hour,USD,2026-11-01,acme,1,2,\n")
    import_figures(workspace.chain, workspace.blobs, "shop", str(file))
    return workspace


def test_the_choices_of_a_project_and_their_page(measured: Workspace):
    day = measured.chain.clock().date().isoformat()
    found = choices_of(measured, Assumed(), days=30, day=day)
    assert [each.name for each in found.options] == [LEAST, BETWEEN, BEST]
    asleep = "of the two on a server that sleeps, half a unit of money is no difference, and the newer one is better"
    assert [each.way.model for each in found.options] == ["shop:2", "shop:1", "shop:2"], asleep
    assert found.options[0].way.waits == 1.0 and found.options[0].way.serving == "scaled to zero"
    always = found.options[1].way
    assert always.serving == "always on" and float(always.monthly) == pytest.approx(730.5 * 0.03, abs=2)
    words = told(found)
    assert "does not say what a mistake costs" in words[0].effect, "the versions have no evaluation"
    assert "0.800" in words[0].result and "never seen" not in words[0].result
    assert any("may be as low as 0.690" in each for each in words[1].risks)
    assert sets_of(offered(found.options[2], found))[0].endswith("(1 is perfect, 0.5 is chance), is at least 0.7900.")
    html = options_page(replace_goal(found, "Call <b>whom</b>?"), "how")
    assert "Call &lt;b&gt;whom" in html and "Best result" in html and "costs choose PROJECT how" in html
    assert "95 of 100" in html and "http" not in html


def test_the_page_says_what_the_dearer_one_buys_and_what_words_mean_and_what_cannot_be_chosen(measured: Workspace):
    day = measured.chain.clock().date().isoformat()
    found = choices_of(measured, Assumed(), days=30, day=day)
    least, _, best = told(found)
    assert least.buys == "" and "The result is the same; for" in best.buys and "that nobody waits" in best.buys
    spent = MonthSpent("1.00 USD went to machines", {BEST: "its month is spent already: 5 of 3"})
    html = options_page(found, "how", spent)
    assert "Its month is spent already: 5 of 3." in html and html.count("is spent already") == 1
    assert "1.00 USD went to machines." in html and best.buys in html
    alone = way(0.5, "10", seq=1), way(0.5, "10.5", seq=2)
    twice = msgspec.structs.replace(found, options=(Named(LEAST, alone[0]), Named(BEST, alone[1])))
    assert told(twice)[1].buys.startswith("For 0.50 USD a month more than least cost it buys nothing more")
    unknown = (
        "a spot machine is not priced: how often it is taken away is not known (--interruptions)",
        "archive, cool",
    )
    contract = way(0.6, "20", seq=3, metric="roc_auc", serving="reserved 1 y no upfront")
    html = options_page(
        msgspec.structs.replace(found, unknown=unknown, options=(Named(LEAST, alone[0]), Named(BEST, contract))), ""
    )
    assert "--interruptions" not in html and "roc auc" not in html and "no upfront" not in html
    assert "promised for 1 year" in html and "may take it away at any moment" in html
    assert "hours to be at hand" in html and "how well it tells the two apart" in html


def replace_goal(found, goal: str):
    from msgspec.structs import replace as changed

    return changed(found, goal=goal)


def test_the_effect_is_of_what_mistakes_cost_and_says_where_it_is_not_sure(measured: Workspace):
    """2 EUR saved a decision, 0.5 to 3.5; one request a day is 30.4375 decisions a month."""
    day = measured.chain.clock().date().isoformat()
    found = choices_of(measured, Assumed(), days=30, day=day)
    (first, *_), saving = found.options, Saving(2.0, 0.5, 3.5, "EUR", "never act")
    from msgspec.structs import replace as changed

    def effect(saving: Saving) -> str:
        return told(changed(found, options=(changed(first, way=changed(first.way, saving=saving)),)))[0].effect

    assert effect(saving) == "Mistakes cost 61 (15 to 107) EUR less a month, at 30 decisions, than to never act."
    assert effect(changed(saving, low=-0.5)).endswith("It is not sure that it saves anything.")


def test_without_a_version_there_is_nothing_to_choose(workspace: Workspace):
    write(workspace, datetime.now(UTC), "r1", Usage(seconds=1.0, cpu_seconds=1.0, peak_mb=100.0))
    with pytest.raises(ModelError, match="no model yet"):
        choices_of(workspace, Assumed(), days=30, day="2026-11-28")


def test_they_are_put_to_a_decision_chosen_and_held_to(
    measured: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shop, page = str(measured.project.root), tmp_path / "page.html"
    measured.chain.engine.dispose()
    shown = call(monkeypatch, capsys, "costs", "options", shop, "--out", str(page))
    assert "Between the two (between)" in shown and "--open NAME" in shown and page.read_text().startswith("<!doctype")
    assert "how" not in call(monkeypatch, capsys, "decide", "list", shop), "nothing was written"
    answer = json.loads(call(monkeypatch, capsys, "costs", "options", shop, "--open", "how", "--json"))
    assert Path(answer["page"]).exists() and [each["name"] for each in answer["options"]] == [LEAST, BETWEEN, BEST]
    assert answer["options"][1]["sets"][1].startswith("Once ")
    assert answer["over"] == [] and answer["spent"].startswith("0.03 USD went to machines")
    choose = ("costs", "choose", shop, "how", "--for", "between", "--because", "no waiting")
    book = ("costs", "book", shop, "--category")
    call(monkeypatch, capsys, *book, "people", "--amount", "652.80", "--for", "hours")
    call(monkeypatch, capsys, *book, "infrastructure", "--amount", "500", "--for", "servers until now")
    booked = call(monkeypatch, capsys, "costs", "options", shop)
    assert "is spent already" not in booked and "500.03 USD went to machines in" in booked
    again = opened(Path(shop))
    again.chain.append(Noted(text="x"), "shop", price=Price(money("500", "USD")))
    again.chain.engine.dispose()
    assert "its month is spent already" in call(monkeypatch, capsys, "costs", "options", shop, "--out", f"{page}2")
    assert "Its month is spent already" in Path(f"{page}2").read_text()
    with pytest.raises(AssertionError):
        call(monkeypatch, capsys, *choose)
    again = opened(Path(shop))
    again.chain.append(Noted(text="it was metered by a wrong price"), "shop", price=Price(money("-500", "USD")))
    again.chain.engine.dispose()
    done = call(monkeypatch, capsys, *choose)
    assert "ada chose between in decision/how" in done and "from now on: A later version" in done
    assert "so far: the project's machines" in done and ": 0.0300 of" in done, "hours of people are not counted"
    again = opened(Path(shop))
    with again.chain.reading() as reader:
        choice = standing_choice(reader, "shop")
    assert choice is not None and choice.option.reaches == pytest.approx(0.69)
    again.chain.engine.dispose()
    (budget,) = json.loads(call(monkeypatch, capsys, "costs", "budget", shop, "--json"))["budgets"]
    assert budget["of"] == "the project's machines (decision/how)" and budget["then"] == "ask"
    assert budget["amount"] == pytest.approx(float(choice.option.a_month.amount))
    call(monkeypatch, capsys, "decide", "review", shop, "how", "--holds", "no", "--because", "too dear")
    assert json.loads(call(monkeypatch, capsys, "costs", "budget", shop, "--json"))["budgets"] == []
    with pytest.raises(AssertionError):
        call(monkeypatch, capsys, "costs", "choose", shop, "other", "--for", "between", "--because", "x")
    assert AS_IT_IS.name in call(monkeypatch, capsys, "decide", "show", shop, "how")
