"""What to save next, by measures that are taken again: what was expected, what was achieved, what no longer pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from kept_shop import keep as keep_rows
from kept_shop import orders
from test_measured_workload import HEADER, ask, packed, whole, write

from treadle.costs.booking import Booked, book
from treadle.errors import SpecError
from treadle.evidence import Usage
from treadle.evidence.kinds.cost_booked import CostBooked
from treadle.evidence.kinds.saving_chosen import SavingChosen
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed
from treadle.evidence.kinds.size_set import Size, SizeSet
from treadle.money import money
from treadle.plans import plan
from treadle.plans.found import Assumed
from treadle.plans.measures import Measured, Window, serving, unread_snapshots
from treadle.plans.savings import drop, keep, look, review, take
from treadle.plans.savings_found import Proposal
from treadle.pricing import import_figures
from treadle.rhythm.agenda import agenda
from treadle.workspace import Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WINDOW = Window(30, "2026-11-20")


def at(workspace: Workspace, moment: datetime) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: moment))


@pytest.fixture
def priced(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Runs that need two CPUs of a machine that has room for many; prices of a small machine and of a huge one."""
    write(workspace, NOW - timedelta(days=4), "r1", Usage(seconds=3600.0, cpu_seconds=7200.0, peak_mb=1000.0))
    whole(workspace, NOW - timedelta(days=4), "r1")
    file = tmp_path / "prices.csv"
    file.write_text(
        HEADER + "on_demand,acme,eu,m2,0.10,hour,USD,2026-11-01,acme,2,4,\n"
        "on_demand,acme,eu,huge,9,hour,USD,2026-11-01,acme,4096,1000000,\n"
    )
    import_figures(at(workspace, NOW - timedelta(days=3)).chain, workspace.blobs, "shop", str(file))
    return at(workspace, NOW)


def test_a_saving_is_chosen_seen_and_no_longer_pays(priced: Workspace):
    """An hour in 5 days is 6.0875 a month: on a machine like this 9 x that, on the right one 0.10 x."""
    found = review(priced, WINDOW)
    (best, *_) = found.proposals
    assert best.name == "machine-of-runs" and "2 CPUs" in best.text
    a_month = 3600 / 3600 / 5 * 30.4375
    assert float(best.now) == pytest.approx(9 * a_month) and float(best.expected) == pytest.approx(8.9 * a_month)
    assert found.due == "" and not found.followed and any("serving: " in each for each in found.unknown)
    with pytest.raises(SpecError, match="no reason was given"):
        take(priced, found, "machine-of-runs", " ", None)
    with pytest.raises(SpecError, match="has been"):
        take(priced, found, "machine-of-runs", "why not", "2026-11-20")
    with pytest.raises(SpecError) as bad:
        take(priced, found, "machine", "why not", None)
    assert "machine-of-runs" in bad.value.mend
    assert take(priced, found, "machine-of-runs", "it is cheap", None).payload.review == "2026-12-20"

    again = review(priced, WINDOW)
    assert not any(each.name == "machine-of-runs" for each in again.proposals)
    assert (again.followed[0].verdict, again.followed[0].achieved) == ("too early", 0)
    with pytest.raises(SpecError, match="was chosen on 2026-11-20"):
        take(priced, again, "machine-of-runs", "twice", None)

    later = at(priced, NOW + timedelta(days=2))
    write(priced, NOW + timedelta(days=1), "r2", Usage(seconds=1440.0, cpu_seconds=2880.0, peak_mb=1000.0))  # as often
    assert review(later, WINDOW).followed[0].verdict == "not seen yet"
    priced.chain.append(SizeSet(size=Size(2, 1250), was=Size()), "size/run")
    seen = review(later, WINDOW)
    assert seen.followed[0].verdict == "pays" and seen.followed[0].why == "100% of what was expected"
    kept = keep(later, seen, 30)
    assert kept.payload.due == "2026-12-22" and kept.payload.seen[0].achieved == kept.payload.seen[0].expected
    assert len(kept.payload.rests) == 1
    with later.chain.reading() as reader:
        points = agenda(later, reader, NOW + timedelta(days=30)).points
    assert [each.why for each in points if "costs review" in each.text] == ["is due on 2026-12-22"]

    priced.chain.append(SizeSet(size=Size(), was=Size(2, 1250)), "size/run")
    lost = review(later, WINDOW)
    assert lost.followed[0].verdict == "no longer pays"
    (told,) = lost.warnings
    assert told.startswith("machine-of-runs, chosen by ada on 2026-11-20, no longer pays: a review saw it pay")
    drop(later, "machine-of-runs", "we buy a machine")
    assert not review(later, WINDOW).followed
    with pytest.raises(SpecError, match="is not followed"):
        drop(later, "machine-of-runs", "twice")


def test_what_was_never_seen_by_its_day_does_not_pay_and_what_cannot_be_measured_says_so(priced: Workspace):
    take(priced, review(priced, WINDOW), "machine-of-runs", "it is cheap", "2026-11-25")
    late = at(priced, NOW + timedelta(days=6))
    write(priced, NOW + timedelta(days=5), "r2", Usage(seconds=4320.0, cpu_seconds=8640.0, peak_mb=1000.0))  # as often
    assert review(late, WINDOW).followed[0].verdict == "does not pay"
    for name, was in (("serving", None), ("gone", money(5, "USD"))):
        chosen = SavingChosen(saving=name, text="x", was=was, review="2026-11-25", because="y")
        priced.chain.append(chosen, "saving/shop")
    verdicts = {each.name: each.verdict for each in review(late, WINDOW).followed}
    assert verdicts == {"machine-of-runs": "does not pay", "serving": "not measured", "gone": "not measured"}


def test_a_peak_near_the_size_that_is_set_is_warned_of(priced: Workspace):
    priced.chain.append(SizeSet(size=Size(2, 1040), was=Size()), "size/run")
    (told,) = review(priced, WINDOW).warnings
    assert "held to 1,040 MiB" in told and "one came to 1,000" in told


def test_snapshots_that_nobody_reads(workspace: Workspace):
    for day in (40, 35):
        keep_rows(workspace, "orders", orders(6 + day), NOW - timedelta(days=day))
    found = unread_snapshots(at(workspace, NOW), WINDOW)
    assert found.now == found.proposal.expected > 0
    assert found.proposal.why.startswith("1 snapshot that nobody read in 30 days")


def test_serving_is_measured_by_what_is_booked(priced: Workspace):
    with pytest.raises(SpecError, match="nobody asked the endpoint"):
        serving(priced, WINDOW)
    write(priced, NOW - timedelta(days=4), "r1", Usage(1.0, 1.0, 500.0), packed(priced, 1, 10.0, 0.8))
    ask(priced, NOW - timedelta(days=1))
    found = serving(priced, WINDOW)
    assert found.now is None and "not booked" in found.proposal.why and found.proposal.expected > 60
    invoice = CostBooked(category="infrastructure", text="a server", day="2026-11-19")
    book(priced.chain, "shop", Booked(invoice, money(10, "USD")))
    paid = serving(priced, WINDOW)
    best = float(plan(priced, Assumed(), days=30, day=WINDOW.day).parts[1].options[0].monthly)
    assert 0 < best < 10 and float(paid.now) == pytest.approx(10 / 30 * 30.4375, rel=1e-6)
    assert float(paid.proposal.expected) == pytest.approx(float(paid.now) - best, abs=1e-8), "never more than is paid"
    assert "always on" not in paid.proposal.text and "booked for infrastructure" in paid.proposal.why
    refund = CostBooked(category="infrastructure", text="a refund", day="2026-11-19")
    book(priced.chain, "shop", Booked(refund, money(-10, "USD")))
    assert serving(priced, WINDOW) == Measured(Decimal(0)), "what costs less than the cheapest way saves nothing"


def test_one_measure_that_fails_is_no_reason_not_to_tell_the_others_and_dust_is_not_proposed(workspace: Workspace):
    def fails(workspace: Workspace, window: Window) -> Measured:
        raise SpecError("no price", where="x", mend="y")

    def dust(workspace: Workspace, window: Window) -> Measured:
        return Measured(Decimal(1), Proposal("dust", "", Decimal(1), Decimal("0.0000001"), "", ""))

    found = look(workspace, WINDOW, [("fails", fails), ("dust", dust)])
    assert found.unknown == ["fails: no price"] and found.measured["dust"].proposal is None


@pytest.mark.parametrize("every", [0, 100_000])
def test_reviews_come_after_days_that_there_are(priced: Workspace, every: int):
    with pytest.raises(SpecError):
        keep(priced, review(priced, WINDOW), every)
    assert priced.chain.last(SavingsReviewed) is None
