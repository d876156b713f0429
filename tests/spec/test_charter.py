"""One person answers for a thing; a role that signs has a holder."""

from __future__ import annotations

import unicodedata

import pytest

from treadle.access import check_actor
from treadle.errors import SpecError
from treadle.spec import Brief, Charter, Duty, People, Predict, ProjectSpec, Source, check_spec
from treadle.spec.people import with_brief


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


def test_one_person_is_written_in_one_way():
    for other in ("jörg", "JÖRG", unicodedata.normalize("NFD", "Jörg")):
        with pytest.raises(SpecError) as told:
            check_spec(made(owner="Jörg", reviewers=("lin",), roles={"expert": (other,)}))
        assert other in str(told.value) or "is no" in str(told.value)
    with pytest.raises(SpecError, match="jörg and Jörg would be two people") as told:
        check_spec(made(owner="Jörg", roles={"expert": ("jörg", "lin")}))
    assert 'did you mean "Jörg"?' in told.value.mend and told.value.where == "brief.people.roles.expert"


def test_a_name_that_was_typed_accent_by_accent_is_that_name():
    tree = {"brief": {"people": {"owner": unicodedata.normalize("NFD", "Jörg"), "reviewers": ["lin"]}}}
    assert with_brief(tree) == {"brief": {"people": {"owner": "Jörg", "reviewers": ["lin"]}}}
    assert check_actor(unicodedata.normalize("NFD", "Inès")) == "Inès"
