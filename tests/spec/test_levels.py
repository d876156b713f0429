"""The levels of quantiles in a project file: which are taken, and what is said of others."""

from __future__ import annotations

import msgspec
import pytest

from treadle.errors import SpecError
from treadle.spec import check_spec
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source


def project(kind: str = "quantiles", **more: object) -> ProjectSpec:
    predict = Predict(name="y", each="rows", label="y", kind=kind, **more)  # type: ignore[arg-type]
    return ProjectSpec(
        project="t",
        brief=Brief(people=People(owner="ada")),
        sources={"rows": Source(read="rows.csv")},
        predict=predict,
    )


@pytest.mark.parametrize("levels", [(), (0.9,), (0.1, 0.5, 0.9), tuple(k / 20 for k in range(1, 20))])
def test_rising_levels_are_taken(levels: tuple[float, ...]) -> None:
    check_spec(project(quantiles=levels, metric="pinball"))


@pytest.mark.parametrize(
    ("spec", "said", "mend"),
    [
        (project(quantiles=(0.9, 0.1)), "have to rise", "[0.1, 0.9]"),
        (project(quantiles=(0.5, 0.5)), "have to rise", "[0.5]"),
        (project(quantiles=(0.0, 0.5)), "more than 0", ""),
        (project(quantiles=(0.5, 1.0)), "less than 1", ""),
        (project(quantiles=tuple(k / 21 for k in range(1, 21))), "20 quantiles are too many", ""),
        (project("regression", quantiles=(0.5,)), "`kind: regression` has no quantiles", "kind: quantiles"),
        (project(metric="coverage"), "choosing a model by coverage", "choose by pinball"),
        (project(metric="rmse"), "rmse is no quantiles metric", ""),
    ],
)
def test_other_levels_and_metrics_are_refused_in_words(spec: ProjectSpec, said: str, mend: str) -> None:
    with pytest.raises(SpecError) as bad:
        check_spec(spec)
    assert said in str(bad.value) and mend in str(bad.value), str(bad.value)


def test_coverage_may_be_a_gate() -> None:
    spec = project()
    check_spec(msgspec.structs.replace(spec, brief=msgspec.structs.replace(spec.brief, must_have={"coverage": 0.75})))
    with pytest.raises(SpecError, match="lies between 0 and 1"):
        check_spec(msgspec.structs.replace(spec, brief=msgspec.structs.replace(spec.brief, must_have={"coverage": 80})))
