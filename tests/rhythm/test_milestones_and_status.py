"""A milestone is reached when its gates hold, and by nobody's word; the status says what the record says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from written_shop import packed, released, written_shop

from treadle.errors import TeamError
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.rhythm.agenda import agenda
from treadle.rhythm.found import Milestone, Sentence
from treadle.rhythm.gates import condition
from treadle.rhythm.milestones import drop_milestone, milestone, names, set_milestone
from treadle.rhythm.status import markdown, plain_day, status
from treadle.store import Blob
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return at(written_shop(tmp_path / "shop"), 0)


def at(shop: Workspace, days: float) -> Workspace:
    return replace(shop, chain=replace(shop.chain, clock=lambda: NOW + timedelta(days=days)))


def shown(shop: Workspace, name: str = "good") -> Milestone:
    with shop.chain.reading() as reader:
        return milestone(shop, reader, name, shop.chain.clock().date())


def told(shop: Workspace) -> dict[str, list[Sentence]]:
    with shop.chain.reading() as reader:
        found: dict[str, list[Sentence]] = {}
        for each in status(shop, reader, shop.chain.clock()):
            found.setdefault(each.topic, []).append(each)
    return found


def test_a_milestone_is_reached_while_its_gates_hold(shop: Workspace) -> None:
    set_milestone(shop, "good", "A good model", "2026-04-01", ["shop.average_precision >= 0.55", "released"])
    found = shown(shop)
    assert found.status == "open" and [(g.found, g.holds) for g in found.gates] == [
        ("not measured", False), ("nothing is released", False),
    ]  # fmt: skip
    assert found.gates[0].why == 'nothing in the record is called "shop"' or found.gates[0].why
    released(shop, packed(shop, 1, 0.549999, 0.549998, 0.55))
    assert [(g.holds, g.entry) for g in shown(shop).gates] == [(False, 2), (True, 3)]
    packed(shop, 2, 0.55)
    assert shown(shop).status == "reached"
    packed(shop, 3, 0.4)
    assert shown(shop).status == "open" and shown(at(shop, 13)).status == "late"


@pytest.mark.parametrize(
    ("gate", "value", "holds"),
    [(">= 0.5", 0.5, True), ("> 0.5", 0.5, False), ("<= 0.5", 0.5, True), ("< 0.5", 0.5, False), ("< 1e3", 999.0, True),
     (">= 1000", 1000.0, True)],
)  # fmt: skip
def test_a_gate_is_held_to_the_number_itself(shop: Workspace, gate: str, value: float, holds: bool) -> None:
    packed(shop, 1, value)
    set_milestone(shop, "good", "", "2026-04-01", [f"shop:1.value {gate}"])
    assert shown(shop).gates[0].holds is holds


@pytest.mark.parametrize(
    "gate", ["", "x", "done", "shop >= 3", "shop.x = 3", "shop.x >= nan", "shop.x >= inf", "a b.c > 1"]
)
def test_what_measures_nothing_is_no_gate(shop: Workspace, gate: str) -> None:
    with pytest.raises(TeamError, match="is no gate"):
        condition(gate)
    with pytest.raises(TeamError):
        set_milestone(shop, "good", "", "2026-04-01", [gate])


@pytest.mark.parametrize(
    ("gate", "what", "mend"),
    [("shop.p99_ms <= 0,05", "is no gate", "write 0.05 with a point"),
     ("shop.rows >= 1,000", "a comma may be a point or a thousand", "thousands without a comma"),
     ("shop.p99_ms <= 1_000", "is no gate", ""),
     ("shop.averge_precision > 0.5", "has no figure averge_precision", 'did you mean "average_precision"?'),
     ("shop:7.roc > 0.5", "has no figure roc", "average_precision"),
     ("sop.average_precision > 0.5", 'is called "sop"', 'did you mean "shop"?'),
     ("shop.average_precision >= 95", "lies between 0 and 1", "from 0 to 1"),
     ("shop.average_precision > 1", "would say nothing", "from 0 to 1"),
     ("shop.average_precision <= 1", "would say nothing", "from 0 to 1"),
     ("shop.average_precision < 0", "would say nothing", "from 0 to 1")],
)  # fmt: skip
@pytest.mark.parametrize("before", [True, False])
def test_a_gate_that_could_not_be_is_refused(shop: Workspace, gate: str, what: str, mend: str, before: bool) -> None:
    if not before:
        packed(shop, 1, 0.5)
    with pytest.raises(TeamError) as refused:
        set_milestone(shop, "good", "", "2026-04-01", [gate])
    assert what in refused.value.what and mend in refused.value.mend


def test_a_comma_that_the_record_kept_of_old_is_no_other_number(shop: Workspace) -> None:
    packed(shop, 1, 0.5)
    gates = ("shop:1.p99_ms <= 0,05", "shop:1.p99_ms <= 0,050", "shop:1.p99_ms <= 1,000")
    shop.chain.append(MilestoneSet(milestone="good", text="", by="2026-04-01", gates=gates), "milestone/good")
    assert [gate.holds for gate in shown(shop).gates] == [False, False, True]


def test_a_change_has_a_reason_and_what_it_was_is_shown(shop: Workspace) -> None:
    set_milestone(shop, "good", "", "2026-04-01", ["released"])
    with pytest.raises(TeamError, match="there is a milestone good already"):
        set_milestone(shop, "good", "", "2026-05-01", ["released"])
    set_milestone(shop, "good", "", "2026-05-01", ["released"], "the labels were late")
    set_milestone(shop, "first", "", "2026-04-10", ["released"])
    assert shown(shop).before == ["ada on 2026-03-20: good by 2026-04-01: released"]
    with shop.chain.reading() as reader:
        assert names(reader) == ["first", "good"]
    with pytest.raises(TeamError, match="a reason is needed"):
        drop_milestone(shop, "good", " ")
    drop_milestone(shop, "good", "not wanted any more")
    for act in (lambda: shown(shop), lambda: drop_milestone(shop, "good", "x")):
        with pytest.raises(TeamError, match="there is no milestone good"):
            act()
    set_milestone(shop, "good", "", "2026-06-01", ["released"])
    assert shown(shop).by == "2026-06-01" and len(shown(shop).before) == 3
    one = ["released"]
    for name, by, gates in (
        ("A", "2026-04-01", one), ("a", "2026-03-19", one), ("a", "x", one), ("a", "2026-04-01", []),
        ("a", "2026-04-01", one * 21),
    ):  # fmt: skip
        with pytest.raises(TeamError):
            set_milestone(shop, name, "", by, gates)


def test_the_agenda_tells_of_milestones_that_come_near_or_are_late(shop: Workspace) -> None:
    set_milestone(shop, "near", "A release", "2026-04-02", ["released"])
    set_milestone(shop, "far", "", "2026-12-01", ["released"])

    def points(days: float) -> list[tuple[str, str]]:
        with shop.chain.reading() as reader:
            found = agenda(shop, reader, NOW + timedelta(days=days)).points
        return [(p.text, p.why) for p in found if p.topic == "milestones"]

    missing = "A release: released, and it is nothing is released"
    assert points(0) == [(missing, "is to be reached by 2026-04-02")]
    assert points(14) == [(missing, "was to be reached by 2026-04-02")]
    released(shop, packed(shop, 1, 0.5))
    assert points(14) == []


def test_of_an_empty_record_the_status_says_so(shop: Workspace) -> None:
    found = told(shop)
    assert [each.text for each in found["what is served"]] == ["Nothing is released yet: shop answers nobody."]
    assert found["what went wrong"][0].text == "No alert was raised in the last 30 days."
    assert found["money"][0].text == "Nothing was spent or booked in the last 30 days."
    assert found["what it is for"][0].text == "Call a customer before an order comes back."
    assert {"milestones", "decisions", "actions", "what waits", "data"}.isdisjoint(found)


def test_each_sentence_names_the_entries_that_it_rests_on(shop: Workspace) -> None:
    release = released(shop, packed(shop, 1, 0.53534, 0.47889, 0.58861))
    gate = Gate("recall", 0.5, 0.4, False, "recall is 0.4, must be at least 0.5")
    newest = packed(shop, 2, 0.4)
    asked = shop.chain.append(ReviewRequested(model="shop:2", bundle=Blob("b" * 64), gates=(gate,)), "model/shop:2")
    for text in ("first", "recall fell"):
        alert = shop.chain.append(
            AlertRaised(model="shop:1", about="quality", until="2026-03-01", text=text), "endpoint/shop"
        )
    set_milestone(shop, "good", "A good model", "2026-03-21", ["shop.average_precision > 0.5"])
    found = told(at(shop, 5))
    (served,) = found["what is served"]
    assert served.entries == [release.seq, 1] and served.text == (
        "shop:1 answers at shop since 20 March 2026. On cases that it had never seen its average precision, how well "
        "it puts the true cases first (1 is perfect), was 0.535, with a 95 % interval of 0.479 to 0.589."
    )
    (waits,) = found["what waits"]
    assert waits.entries == [newest.seq, asked.seq]
    assert waits.text == ("The newest version, shop:2, is not released, since recall is 0.4, must be at least 0.5.")
    (alerts,) = found["what went wrong"]
    assert alerts.entries == [alert.seq]
    assert alerts.text == "2 alerts were raised in the last 30 days, the last on 20 March 2026: recall fell."
    (due,) = found["milestones"]
    assert due.text == (
        "A good model was due on 21 March 2026, and is not reached: shop.average_precision > 0.5, and it is 0.40."
    )
    assert told(at(shop, 60))["what went wrong"][0].text.startswith("No alert")
    page = markdown([served], "shop", NOW.date())
    assert page.startswith("# shop, 20 March 2026\n") and f"(#{release.seq}, #1)  " in page
    assert plain_day("2026-12-01") == "1 December 2026"


def test_a_version_that_is_served_waits_for_nothing(shop: Workspace) -> None:
    packing = packed(shop, 1, 0.5)
    shop.chain.append(ReviewRequested(model="shop:1", bundle=Blob("b" * 64), gates=()), "model/shop:1")
    assert told(shop)["what waits"][0].text == "The newest version, shop:1, is not released, and waits for a reviewer."
    released(shop, packing)
    assert "what waits" not in told(shop)
