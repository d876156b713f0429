"""The training table as the steps of learning read it: which rows, under what names, and read once in a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_shop import edit, opened, write_shop

from treadle.errors import DataError, SpecError
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.loop import run
from treadle.models import Bundle
from treadle.stages.building import build_features
from treadle.stages.examples import Examples, Loaded, load
from treadle.stages.fitting import fitted_model
from treadle.stages.planning import make_plan
from treadle.stages.reading import held_to, read_sources
from treadle.stages.work import Work


def loaded(shop: Path) -> Loaded:
    workspace = opened(shop)
    work, spec = Work(workspace), workspace.project.spec
    sources = read_sources(work)
    plan = make_plan(work, sources)
    built = build_features(work, plan, sources)
    examples = Examples(built.payload.table, plan, spec.predict, spec.train.seed, sources["orders"].payload.table)
    found = load(examples, work.bench())
    assert load(examples, work.bench()) is found, "read once in a run"
    workspace.chain.engine.dispose()
    return found


def test_the_rows_with_a_label_are_named_by_their_key(shop: Path) -> None:
    found = loaded(shop)
    assert list(found.table.ids) == [str(n) for n in range(400) if n not in (5, 6, 7, 8, 9)]
    assert found.dropped == 3 and found.kept.len() == 398 and found.kept.sum() == 395
    assert found.table.at is None and found.table.known is None and found.table.group is None
    assert found.split.cut is None


@pytest.mark.parametrize(("key", "first"), [("key: [order, kind]", "0,a"), ("", "0")])
def test_rows_of_a_key_of_two_columns_and_of_none_have_names_too(shop: Path, key: str, first: str) -> None:
    edit(shop, "key: order, ", f"{key}, " if key else "")
    ids = list(loaded(shop).table.ids)
    assert ids[0] == first and len(set(ids)) == len(ids) == 395 and (key or ids[-1] == "394")


def test_rows_of_a_group_are_told_apart_by_it(shop: Path) -> None:
    edit(shop, "split: {by: stratified, test: 0.25, folds: 2}", "split: {by: group, group: kind, test: 0.5, folds: 2}")
    lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    many = [line.replace(",a,", f",a{n % 5},").replace(",b,", f",b{n % 5},") for n, line in enumerate(lines)]
    (shop / "orders.csv").write_text("\n".join(many), encoding="utf-8")
    found = loaded(shop)
    assert found.table.group is not None and set(found.table.group) == {f"{k}{n}" for k in "ab" for n in range(5)}
    assert len(found.table.group) == 395


def test_what_nothing_can_be_learned_from_is_refused_before_it_is_split(shop: Path) -> None:
    edit(shop, "label: \"came_back = 'yes'\"", "label: \"came_back = 'never'\"")
    with pytest.raises(DataError, match="label") as found:
        loaded(shop)
    assert found.value.where == "training table"


def test_an_expression_that_does_not_fit_the_table_is_told_at_its_line(shop: Path) -> None:
    edit(shop, "came_back = 'yes'", "came_bakc = 'yes'")
    with pytest.raises(SpecError, match="came_bakc") as found:
        loaded(shop)
    lines = (shop / "treadle.yaml").read_text(encoding="utf-8").splitlines()
    line = next(n for n, each in enumerate(lines, 1) if "came_bakc" in each)
    assert f"treadle.yaml:{line}" in found.value.where


def test_a_contract_is_the_one_that_the_rows_were_held_to(shop: Path) -> None:
    work = Work(opened(shop))
    read_sources(work)
    edit(shop, "minimum: 0", "minimum: -5", "orders.yaml")  # while the run goes on
    contract = held_to(work, "orders")
    assert contract is not None and contract is not held_to(Work(work.workspace), "orders")
    assert contract.rules != held_to(Work(work.workspace), "orders").rules


def test_without_a_contract_no_rule_is_held_and_every_row_is_taken(shop: Path) -> None:
    edit(shop, ", contract: orders.yaml", "")
    work = Work(opened(shop))
    read = read_sources(work)["orders"].payload
    assert (read.rows, read.table.rows, read.quarantined, read.rules, read.newest) == (400, 400, 0, 0, {})
    assert held_to(work, "orders") is None
    work.workspace.chain.engine.dispose()


def test_a_split_by_time_says_where_it_cut_and_a_model_is_not_read_back_in_the_run_that_made_it(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treadle.training import keep

    edit(shop, "  each: orders\n", "  each: orders\n  at: told\n")
    edit(shop, "by: stratified", "by: time")
    restored: list[bytes] = []
    restore = keep.restore
    monkeypatch.setattr(keep, "restore", lambda content: restored.append(content) or restore(content))
    workspace = opened(shop)
    run(workspace)
    assert restored == []
    found = loaded(shop)
    packed = workspace.chain.last(ModelPacked).payload
    assert packed.cut == f"{found.split.cut}Z" and packed.cut.startswith("2024-04-")
    bundle = Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where="")
    assert bundle.manifest.request.cut == packed.cut
    model = fitted_model(Work(workspace).bench(), workspace.chain.last(ModelFitted).payload.model)
    assert len(restored) == 1 and model.summary.seconds == 0, "the time that it took would make it another model"
    workspace.chain.engine.dispose()


def weighed(shop: Path, weight: str, *, drop: bool = False) -> Path:
    """Rows weigh 1 or 4 by kind, every seventh `weight`; `drop`: those are not there at all."""
    lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    told = [f"{lines[0]},worth"]
    for n, line in enumerate(lines[1:]):
        if n % 7 or not drop:
            told.append(f"{line},{weight if n % 7 == 0 else 4 if ',a,' in line else 1}")
    (shop / "orders.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    edit(shop, "  metric: average_precision", "  weight: worth\n  metric: average_precision")
    return shop


def test_a_row_of_weight_zero_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    with_zeros, without = weighed(write_shop(tmp_path / "a"), "0"), weighed(write_shop(tmp_path / "b"), "0", drop=True)
    one, other = loaded(with_zeros), loaded(without)
    assert list(one.table.ids) == list(other.table.ids) and one.weightless == 57 and other.weightless == 0
    assert one.table.weight.tolist() == other.table.weight.tolist() and one.dropped == 3
    assert one.table.weight[one.split.train].mean() == pytest.approx(1.0)
    first, second = (run(opened(shop)).evaluation for shop in (with_zeros, without))
    assert first.value == second.value and first.money == second.money and first.slices == second.slices
    assert "57 rows weigh nothing" in " ".join(first.notes)
    assert first.by_rows is not None and f"average_precision is {first.by_rows:.4f}" in " ".join(first.notes)


def test_rows_that_cannot_be_weighted_stop_the_run_before_anything_is_learnt(shop: Path) -> None:
    weighed(shop, "-1")
    with pytest.raises(DataError, match=r"the weight worth is below zero \(the least is -1\) in 57 of 395 rows") as bad:
        loaded(shop)
    assert bad.value.where == "predict.weight"


def test_a_bundle_says_what_a_server_can_measure(shop: Path) -> None:
    weighed(shop, "2")
    workspace = opened(shop)
    found = run(workspace)
    manifest = Bundle.read(workspace.blobs.get(found.bundle), None, where="it").manifest
    assert manifest.tested == manifest.by_rows == found.evaluation.by_rows != found.evaluation.value.value
    assert "worth" not in [field.name for field in manifest.request.inputs.fields]
    assert "Rows are weighted by worth" in Bundle.read(workspace.blobs.get(found.bundle), None, where="it").card
    assert "weighted by worth" in Path(found.report).read_text(encoding="utf-8")
