"""One person answers for a thing; a role that signs has a holder."""

from __future__ import annotations

import pytest

from treadle.errors import SpecError
from treadle.spec import Brief, Charter, Duty, People, Predict, ProjectSpec, Source, check_spec


def made(duty: Duty | None = None, **people: object) -> ProjectSpec:
    charter = Charter(duties={"the data": duty} if duty else {})
    return ProjectSpec(
        project="shop",
        brief=Brief(people=People(**({"owner": "ada"} | people)), charter=charter),  # type: ignore[arg-type]
        sources={"orders": Source(read="orders.csv")},
        predict=Predict(name="back", each="orders", label="back"),
    )


@pytest.mark.parametrize(
    ("several", "said"), [(("lin", "bo"), "2 people are accountable for the data: lin, bo"), ((), "0 people")]
)
def test_two_who_are_accountable_for_one_thing_are_an_error(several: tuple[str, ...], said: str):
    with pytest.raises(SpecError, match=said) as told:
        check_spec(made(Duty(accountable=several)))
    assert "brief.charter.duties.the data.accountable" in told.value.where
    check_spec(made(Duty(accountable="lin", responsible=("bo",)), reviewers=("lin", "bo")))


@pytest.mark.parametrize("part", ["accountable", "responsible", "consulted", "informed"])
def test_a_duty_is_of_people_of_the_project(part: str):
    given = {"accountable": "ada"} | {part: "adda" if part == "accountable" else ("ada", "adda")}
    with pytest.raises(SpecError, match="adda is nobody of shop") as told:
        check_spec(made(Duty(**given)))  # type: ignore[arg-type]
    assert told.value.where.endswith(f"the data.{part}")


def test_a_role_that_signs_is_held_by_somebody():
    with pytest.raises(SpecError, match="nobody holds the role expert, so nobody could sign"):
        check_spec(made(signs=("expert",), roles={"experts": ("lin",)}))
    check_spec(made(signs=("expert",), roles={"expert": ("lin",)}, required=("auditor",)))
