"""Roles, what is missing or too much, and a charter that each confirms in their own name."""

from __future__ import annotations

import dataclasses

import pytest

from treadle.errors import DecisionError
from treadle.evidence import Chain
from treadle.money import Rates
from treadle.people import Gain, gates_of, mend_of, place_of
from treadle.people.team import USUAL, confirm, confirmations, has_charter, loads, meant, roles_held, unfilled
from treadle.spec import Brief, Charter, Duty, People


def brief(**people: object) -> Brief:
    given = {"owner": "ada", "reviewers": ("grace",), "roles": {"data_scientist": ("ada", "lin"), "coach": ("bo",)}}
    charter = Charter(vision="Fewer late calls.", duties={"the model": Duty(accountable="ada")})
    return Brief(people=People(**(given | people)), charter=charter)  # type: ignore[arg-type]


def test_the_usual_roles_come_first_and_each_says_how_it_is_held():
    found = roles_held(brief(required=("data_engineer", "auditor"), signs=("coach",)))
    assert [role.role for role in found] == [*USUAL, "coach", "auditor"]
    states = {role.role: role.state for role in found}
    assert states == dict.fromkeys(USUAL, "missing") | {
        "data_scientist": "held", "coach": "one person", "auditor": "missing",
    }  # fmt: skip
    assert {role.role for role in found if role.required} == {"data_engineer", "auditor"}
    assert {role.role for role in found if role.signs} == {"coach"}


def test_a_required_role_that_nobody_holds_is_a_gate_that_nobody_may_answer_for():
    def gate(found: Brief) -> list[object]:
        gates = gates_of(
            found, {}, gain=Gain(True), spent=[], rates=Rates("USD", "2026-11-01"), train_minutes=1.0, bundle_mb=0.1,
            p99_ms=1.0,
        )  # fmt: skip
        return [each for each in gates if each.name == "roles"]

    assert gate(brief()) == []
    (holds,) = gate(brief(required=("coach", "data_scientist")))
    assert holds.holds and holds.text == "each of coach, data_scientist is held by somebody"  # type: ignore[attr-defined]
    (fails,) = gate(brief(required=("coach", "auditor", "data_engineer")))
    assert not fails.holds and not fails.acceptable  # type: ignore[attr-defined]
    assert fails.text == "nobody holds the roles auditor, data_engineer"  # type: ignore[attr-defined]
    assert place_of(fails) == "brief.people.required" and "brief.people.roles" in mend_of(fails, "shop:1")  # type: ignore[arg-type]
    assert unfilled(brief(required=("auditor",), roles={"auditor": ()})) == ["auditor"]


def test_who_holds_more_than_two_roles_has_too_much_unless_they_are_alone():
    found = {load.person: load for load in loads(brief(roles=dict.fromkeys(("a", "b", "c"), ("ada",))), {"ada": "now"})}
    assert found["ada"].overloaded and found["ada"].roles == ["a", "b", "c"] and found["ada"].confirmed == "now"
    assert (
        found["ada"].accountable == ["the model"] and not found["grace"].overloaded and found["grace"].confirmed == ""
    )
    (alone,) = loads(brief(reviewers=(), roles=dict.fromkeys(("a", "b", "c"), ("ada",))), {})
    assert not alone.overloaded
    assert not {load.person: load for load in loads(brief(roles=dict.fromkeys("ab", ("ada",))), {})}["ada"].overloaded


def test_a_charter_is_confirmed_as_it_is_and_anew_when_it_changes(chain: Chain):
    first = confirm(chain, "shop", brief(), "as discussed")
    assert confirm(chain, "shop", brief()).hash == first.hash, "a second time is the first one"
    confirm(dataclasses.replace(chain, actor="grace"), "shop", brief())

    def confirmed(found: Brief, project: str = "shop") -> set[str]:
        with chain.reading() as reader:
            return set(confirmations(reader, project, found))

    assert confirmed(brief()) == {"ada", "grace"} and confirmed(brief(), "other") == set()
    for changed in (
        brief(roles={"coach": ("bo",)}),
        brief(owner="lin"),
        Brief(people=brief().people, charter=Charter(vision="More.")),
    ):
        assert confirmed(changed) == set()
    assert confirmed(Brief(people=brief(approve="policy").people, charter=brief().charter)) == {"ada", "grace"}
    assert first.said() == f"confirmed the charter {first.payload.charter[:12]}: as discussed"


def test_without_a_charter_there_is_nothing_to_confirm(chain: Chain):
    empty = Brief(people=People(owner="ada"))
    assert not has_charter(empty) and has_charter(brief())
    with pytest.raises(DecisionError, match="no charter to confirm"):
        confirm(chain, "shop", empty)
    assert chain.find() == []


def test_who_is_named_twice_is_one_person_alone_and_a_slip_of_a_role_is_told():
    found = brief(roles={"project_manager": ("milo", "milo"), "data_engineer": ("lin",)}, required=("dataengineer",))
    (manager,) = [role for role in roles_held(found) if role.role == "project_manager"]
    assert (manager.people, manager.state) == (["milo"], "one person")
    assert meant(found, "dataengineer") == "data_engineer" and meant(found, "data_engineer") == ""
    (gate,) = [each for each in gates_of(
        found, {}, gain=Gain(True), spent=[], rates=Rates("USD", "2026-11-01"), train_minutes=1.0, bundle_mb=0.1,
        p99_ms=1.0,
    ) if each.name == "roles"]  # fmt: skip
    assert gate.text == 'nobody holds the role dataengineer (dataengineer: did you mean "data_engineer"?)'
