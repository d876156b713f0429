"""What a message suggests is what can be done: nothing in a circle, nothing refused, nothing undone in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_shop import edit, write_shop

from treadle.api import Context
from treadle.api.endpoint import PredictRequest, predict
from treadle.api.models import (
    AcceptRequest,
    ReleaseRequest,
    RollbackRequest,
    models_accept,
    models_release,
    models_rollback,
)
from treadle.api.work import RunAnswer, RunRequest, run
from treadle.errors import DataError, ModelError, StoreError
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.models import registry
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace

GRACE = Context(person("grace"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The shop without its contract, whose freshness depends on today."""
    folder = write_shop(tmp_path / "shop")
    edit(folder, ", contract: orders.yaml", "")
    return folder


def again(folder: Path, actor: str = "ada") -> RunAnswer:
    return run(RunRequest(project=str(folder)), Context(person(actor)))


def released(folder: Path, model: str) -> None:
    models_release(ReleaseRequest(project=str(folder), model=model), GRACE)


def serves(folder: Path) -> str:
    return registry.current(open_workspace(load(folder), actor="ada").chain, "shop").model


@pytest.mark.parametrize("approve", ["reviewer", "policy"])
def test_a_run_does_not_undo_a_rollback(place: Path, approve: str) -> None:
    edit(place, "approve: reviewer", f"approve: {approve}")
    edit(place, "  people:", "  promote: not_worse\n  people:")  # it ranks as before: costs move the threshold alone
    first = again(place)
    if approve == "reviewer":
        released(place, "1")
    edit(place, "missed: 3", "missed: 4")
    second = again(place)
    if approve == "reviewer":
        released(place, "2")
    models_rollback(RollbackRequest(project=str(place), reason="complaints since noon"), GRACE)
    after = again(place)
    assert first.model == "shop:1" and second.model == after.model == "shop:2" and after.released is False
    assert "grace rolled shop back from shop:2 (complaints since noon)" in after.next
    assert serves(place) == "shop:1"
    released(place, "2")  # a person may, and says so
    assert serves(place) == "shop:2" and again(place).released


def test_the_next_step_names_a_reviewer_who_did_not_ask(place: Path) -> None:
    edit(place, "reviewers: [grace]", "reviewers: [grace, bob]")
    assert again(place, "grace").next.endswith("--as bob")
    assert again(place, "bob").next.endswith("--as bob"), "grace asked: it was her run that made the request"


@pytest.mark.parametrize("approve", ["reviewer", "policy"])
def test_once_every_finding_is_answered_the_release_is_next(place: Path, approve: str) -> None:
    """The same answer was asked for again, for ever."""
    edit(place, "approve: reviewer", f"approve: {approve}")
    text = (place / "orders.csv").read_text(encoding="utf-8").splitlines()
    told = [f"{line},{'up' if ',yes,' in line else 'down'}" for line in text[1:]]
    (place / "orders.csv").write_text("\n".join([f"{text[0]},canary", *told]), encoding="utf-8")
    edit(place, "request: [amount, kind]", "request: [amount, kind, canary]")
    asked = again(place)
    assert "models accept" in asked.next and not asked.released
    findings = [gate.name for gate in asked.gates if not gate.holds]
    assert findings
    for number, finding in enumerate(findings):
        given = models_accept(AcceptRequest(project=str(place), finding=finding, because="a test"), GRACE)
        assert ("still open" in given.next) == (number + 1 < len(findings))
    after = again(place)
    if approve == "policy":
        approved = open_workspace(load(place), actor="ada").chain.last(ReviewApproved)
        assert after.released and approved.payload.note.endswith("holds, or a reviewer answered for it")
    else:
        assert given.next == after.next == f"treadle models release {place} shop:1 --as grace"
        released(place, "1")
        assert again(place).released


@pytest.mark.parametrize("name", ["my shop", "Jörg Meier", "a#b", "100 %", "a?b", "c:d"])
def test_a_project_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    """A URI writes a space as %20, and the record named none of the table's files."""
    folder = write_shop(tmp_path / name / "shop")
    edit(folder, ", contract: orders.yaml", "")
    first, second = again(folder), again(folder)
    assert len(second.cached_steps) == len(second.steps) == len(first.steps)


def test_a_folder_whose_name_has_a_code_in_it_is_told(tmp_path: Path) -> None:
    """The engine of tables would look for another folder."""
    folder = write_shop(tmp_path / "pc%20t" / "shop")
    edit(folder, ", contract: orders.yaml", "")
    with pytest.raises(StoreError, match="a code such as %20"):
        again(folder)


def test_predict_refuses_a_file_without_the_models_columns_and_reads_types_as_the_model_does(
    place: Path, tmp_path: Path
) -> None:
    again(place)
    rows = tmp_path / "rows.csv"
    ask = PredictRequest(project=str(place), source=str(rows))
    rows.write_text("amount,kind\n5,a\n", encoding="utf-8")
    with pytest.raises(ModelError, match="nothing is released"):
        predict(ask, Context(person("ada")))
    assert predict(PredictRequest(project=str(place), source=str(rows), model="1"), Context(person("ada"))).rows == 1
    released(place, "1")
    rows.write_text("amount,kind\n5,7\n6,8\n", encoding="utf-8")
    assert predict(ask, Context(person("ada"))).rows == 2, "a column of digits is text where the model has text"
    for text in ("a,b\n1,2\n", "amount,kimd\n1,a\n"):
        rows.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="the file has no column"):
            predict(ask, Context(person("ada")))
