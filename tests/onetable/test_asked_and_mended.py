"""What is asked is refused where it cannot be kept to, and errors of a run are told in options."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.drafting.guessing import Hints
from treadle.errors import DataError, MissingExtra, SpecError
from treadle.onetable.asked import LEAST_MINUTES, Asked, refuse
from treadle.onetable.mending import in_options
from treadle.spec.choices import FAMILY_ALIASES
from treadle.training.families.linear import LinearFamily


def asked(save: str | None = None, **hints: object) -> Asked:
    return Asked("t.csv", "y", save, hints=Hints(**hints))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hints", "where"),
    [
        ({"minutes": LEAST_MINUTES}, ""),
        ({"minutes": 1e6}, ""),
        ({"minutes": 0.49}, "--minutes"),
        ({"minutes": 1.1e6}, "--minutes"),
        ({"minutes": float("nan")}, "--minutes"),
        ({"trials": 1}, ""),
        ({"spend": 0.5}, ""),
        ({"spend": 0.0}, "--spend"),
        ({"spend": float("nan")}, "--spend"),
        ({"trials": 10_000}, ""),
        ({"trials": 0}, "--trials"),
        ({"trials": 10_001}, "--trials"),
        ({"families": ("linear", "lightgbm")}, ""),
        ({"families": ("linaer",)}, "--family"),
        ({"metric": "roc_auc"}, ""),
        ({"metric": "roc_auc", "kind": "classification"}, ""),
        ({"metric": "roc_auc", "kind": "regression"}, "--metric"),
        ({"metric": "rmse", "kind": "regression"}, ""),
        ({"metric": "best"}, "--metric"),
    ],
)
def test_what_can_be_kept_to_is_asked_and_nothing_else(hints: dict[str, object], where: str) -> None:
    if not where:
        refuse(asked(**hints))
        return
    with pytest.raises(SpecError) as refused:
        refuse(asked(**hints))
    assert refused.value.where == where


def test_a_folder_to_save_in_is_new_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for name in ("new", "empty"):
        refuse(asked(str(tmp_path / name)))
    for name, said in ((".", "something in it"), ("file", "is a file")):
        with pytest.raises(SpecError, match=said):
            refuse(asked(str(tmp_path / name)))


@pytest.mark.parametrize(
    ("where", "option"),
    [
        ("treadle.yaml: train.families", "--family"),
        ("train.families[0]", "--family"),
        ("train.trials", "--minutes"),
        ("treadle.yaml: predict.split", "FILE"),
        ("predict.metric", "--metric"),
        ("predict.weight", "--weight"),
        ("predict.label", "--target"),
        ("brief.mistakes.missed", "--missed"),
        ("brief.limits", "--minutes"),
        ("sources:rows", "FILE"),
        ("features.request[3]", "--drop"),
        ("training table", "FILE"),
        ("treadle.yaml line 4", "FILE"),
        ("trainer", "trainer"),
        ("elsewhere", "elsewhere"),
    ],
)
def test_the_place_of_an_error_is_the_option_of_its_nearest_part(where: str, option: str) -> None:
    told = in_options(DataError("It is so", where=where, mend="mend it"), asked(), None, written=False)
    assert told.where == option and "was begun" not in told.mend


def test_a_project_that_was_begun_is_told_where_it_is_kept_and_was() -> None:
    def mend(save: str | None, written: bool, mend: str = "mend it") -> str:
        return in_options(DataError("It is so", where="elsewhere", mend=mend), asked(save), None, written=written).mend

    assert mend("a b", True).startswith("mend it; 'a b' was begun: remove it first, or correct treadle.yaml in it")
    assert mend("a b", True).endswith("with: treadle run 'a b'") and mend("a", True, "").startswith("a was begun")
    assert mend("a b", False) == mend(None, True) == mend(None, False) == "mend it"


def test_a_family_is_known_by_its_other_name_and_asked_for_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FAMILY_ALIASES:
        refuse(asked(families=(name,)))
    monkeypatch.setattr(LinearFamily, "installed", classmethod(lambda cls: False))
    monkeypatch.setattr(LinearFamily, "extra", "lines")
    with pytest.raises(MissingExtra) as refused:
        refuse(asked(families=("lightgbm", "linear")))
    assert refused.value.where == "--family" and "linear need the package lines" in str(refused.value)
