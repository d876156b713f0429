"""What the evaluation finds stands in the record, and stops the release until a reviewer answers for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stage_shop import edit, opened

from treadle.errors import AccessError, GateError
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.loop import RunResult
from treadle.people import accept, approve, review_of
from treadle.principal import person

Runs = Callable[..., RunResult]


def leak(shop: Path) -> None:
    """Twice the label as a column of its own, and a feature."""
    head, *lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{line},{2 * (line.split(',')[3] == 'yes')}" for line in lines]
    (shop / "orders.csv").write_text("\n".join([f"{head},canary", *lines]), encoding="utf-8")
    edit(shop, "request: [amount, kind]", "request: [amount, kind, canary]")


@pytest.mark.parametrize("approval", ["reviewer", "policy"])
def test_a_leak_is_not_released(shop: Path, runs: Runs, approval: str) -> None:
    leak(shop)
    edit(shop, "approve: reviewer", f"approve: {approval}")
    result = runs()
    assert result.released is False and result.status == "waiting for review"
    assert [f.name for f in result.evaluation.findings] == ["tells_label/canary"]
    chain = opened(shop).chain
    judged, asked = chain.last(ModelEvaluated).payload, chain.last(ReviewRequested).payload
    assert judged.findings == ("tells_label/canary",)
    gate = next(g for g in asked.gates if g.name == "tells_label/canary")
    assert not gate.holds and gate.acceptable and "canary" in gate.text


def test_a_finding_is_answered_for_by_name(shop: Path, runs: Runs) -> None:
    leak(shop)
    result = runs(actor="ada")
    grace = opened(shop, actor="grace")
    with pytest.raises(GateError, match="canary"):
        approve(grace.chain, grace.project.spec, result.model, result.bundle, by="grace")
    ada = opened(shop, actor="ada")
    with pytest.raises(AccessError):
        accept(ada.chain, ada.project.spec, result.model, result.bundle, gate="tells_label/canary", reason="mine")
    accept(grace.chain, grace.project.spec, result.model, result.bundle, gate="tells_label/canary", reason="a badge")
    approve(grace.chain, grace.project.spec, result.model, result.bundle, by="grace")
    review = review_of(grace.chain, result.model, result.bundle)
    assert review.status == "approved" and review.accepted[0].startswith("tells_label/canary: a badge (grace")


def test_a_feature_that_shares_a_column_with_the_label_is_asked_about(shop: Path, runs: Runs) -> None:
    edit(shop, "label: \"came_back = 'yes'\"", "label: \"came_back = 'yes' and amount < 90\"")
    result = runs()
    assert [f.name for f in result.evaluation.findings] == ["label_column/amount"]


def test_an_honest_shop_has_no_finding_and_says_what_it_left_out(shop: Path, runs: Runs) -> None:
    found = runs().evaluation
    assert found.findings == () and found.dropped == 3
    assert "3 of 398 rows were left out: they have no label, or no time." in found.notes


def test_what_to_do_next_is_never_refused(shop: Path) -> None:
    from treadle.api.operation import Context
    from treadle.api.work import RunRequest, run

    leak(shop)
    edit(shop, "value: 3, unit: d", "value: 30000, unit: d", "orders.yaml")  # the operation reads the real clock
    with_reviewer = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert "models accept" in with_reviewer.next and '--finding "tells_label/canary"' in with_reviewer.next
    assert [(f.name, f.feature) for f in with_reviewer.findings] == [("tells_label/canary", "canary")]
    edit(shop, "reviewers: [grace], approve: reviewer", "approve: policy")
    alone = run(RunRequest(project=str(shop)), Context(person("ada")))
    assert "mend the features, or name a reviewer" in alone.next and "approve: policy" not in alone.next


def test_a_finding_names_the_feature_and_says_the_column(shop: Path, runs: Runs) -> None:
    edit(shop, "label: \"came_back = 'yes'\"", "label: \"came_back = 'yes' and amount < 90\"")
    edit(shop, "  request: [amount, kind]\n", '  request: [kind]\n  row: {tenth: "amount / 10"}\n')
    (found,) = runs().evaluation.findings
    assert found.name == "label_column/tenth" and found.feature == "tenth" and "amount" in found.text
