"""Several targets in one file: each is a project of its own, with its place in the file and what it states itself."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from treadle.errors import Fault, SpecError
from treadle.spec import Mistakes, Project, Target, json_schema, load, read_yaml
from treadle.spec.documents import parse
from treadle.spec.rules import between_parts
from treadle.spec.targets import between_targets, has_several, of_all, place_in_file, read, shape_problems, specs

ROOT = Path(__file__).parents[2]

ONE = """\
project: shop
brief:
  decision: Decide.
  good_enough: {roc_auc: 0.9}
  mistakes: {missed: 2}
  people: {owner: ada}
sources: {orders: {read: orders.csv}}
features: {request: [amount]}
serve: {port: 9000}
"""
SEVERAL = """\
predict:
  back: {each: orders, label: came_back}
  paid:
    each: orders
    label: paid
    kind: regression
    decision: How much.
    good_enough: {rmse: 3}
    must_have: {rmse: 9}
    mistakes: {missed: 7}
    endpoint: till
    port: 9001
"""


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "treadle.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_each_target_is_a_project_with_what_it_states_and_what_all_share(tmp_path: Path) -> None:
    project = load(written(tmp_path, ONE + SEVERAL))
    assert list(project.targets) == ["back", "paid"]
    back, paid = project.each()
    assert (back.target, back.address, back.endpoint, back.spec.serve.port) == ("back", "shop.back", "shop.back", 9000)
    assert (paid.target, paid.address, paid.endpoint, paid.spec.serve.port) == ("paid", "shop.paid", "till", 9001)
    assert back.spec.predict.name == "back" and back.spec.predict.label == "came_back"
    assert paid.spec.predict.kind == "regression"
    assert back.spec.brief.decision == "Decide." and back.spec.brief.good_enough == {"roc_auc": 0.9}
    assert paid.spec.brief.decision == "How much." and paid.spec.brief.good_enough == {"rmse": 3}
    assert paid.spec.brief.must_have == {"rmse": 9} and paid.spec.brief.mistakes == Mistakes(missed=7)
    assert back.spec.brief.mistakes == Mistakes(missed=2) and paid.spec.brief.people == back.spec.brief.people
    assert project.addresses == {"shop.back", "shop.paid"} and project.asked_of == {"orders"}
    assert back.each() == [back]


def test_a_file_with_one_target_loads_as_it_did(tmp_path: Path) -> None:
    project = load(written(tmp_path, ONE + "predict: {name: back, each: orders, label: came_back}\n"))
    assert (project.target, project.address, project.endpoint) == ("", "shop", "shop")
    assert project.of(None) is project and project.of("back") is project and project.each() == [project]
    with pytest.raises(SpecError, match='shop has no target "paid"') as caught:
        project.of("paid")
    assert "back" in caught.value.mend
    assert project.command("watch", "DIR") == "treadle watch DIR"


def test_which_of_several_must_be_said(tmp_path: Path) -> None:
    project = load(written(tmp_path, ONE + SEVERAL))
    for asked in (lambda: project.address, lambda: project.endpoint, lambda: project.of(None)):
        with pytest.raises(SpecError, match="shop has several targets: back, paid") as caught:
            asked()
        assert caught.value.mend == "say which, such as --target back" and "treadle.yaml:10:1" in caught.value.where
    with pytest.raises(SpecError, match='no target "payd"') as caught:
        project.of("payd")
    assert 'did you mean "paid"' in caught.value.mend
    assert project.of("paid").of("back").address == "shop.back"
    assert project.of("paid").command("watch", "DIR") == "treadle watch DIR --target paid"


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("predict:\n  back: {each: orders, label: x, lable: y}\n", "11:34: predict.back.lable", "unknown key"),
        ("predict:\n  back: {each: orders}\n", "11:3: predict.back", "missing required field `label`"),
        ("predict:\n  back: {each: oders, label: x}\n", "11:10: predict.back.each", 'no source "oders"'),
        ("predict:\n  a.b: {each: orders, label: x}\n", "11:3: predict.a.b", "no valid name"),
        ("predict:\n  b: {each: orders, label: x, split: {by: group}}\n", "predict.b.split.by", "group: COLUMN"),
        ("predict:\n  b: {each: orders, label: x, split: {gap: 1x}}\n", "predict.b.split.gap", "1x"),
        (
            "predict:\n  b: {each: orders, label: x, kind: regression}\n",
            "4:17: brief.good_enough.roc_auc",
            "regression",
        ),
        (
            "predict:\n  b: {each: orders, label: x, good_enough: {rmse: 1}}\n",
            "predict.b.good_enough.rmse",
            "no classification metric",
        ),
        (
            "predict:\n  b: {each: orders, label: x}\n  B: {each: orders, label: y}\n",
            "12:3: predict.B",
            "differ in case alone",
        ),
        (
            "predict:\n  b: {each: orders, label: x, endpoint: e}\n  c: {each: orders, label: y, endpoint: E}\n",
            "predict.c.endpoint",
            "both served as E",
        ),
        ("predict:\n  b: {each: orders, label: x, endpoint: a.b}\n", "predict.b.endpoint", "no valid name"),
        ("predict:\n  late: {each: orders, label: x}\n  label: y\n", "predict.late", "unknown key"),
        ("predict:\n  late: x\n", "predict.late", "unknown key"),
        ("predict:\n  late: {each: orders, label: x}\n  more: 3\n", "predict.more", "must be a mapping"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, place: str, what: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(written(tmp_path, ONE + text))
    bad = caught.value
    if bad.faults:
        assert what in " ".join(fault.what for fault in bad.faults)
    else:
        assert place in bad.where and what in bad.what


def test_capitals_alone_are_no_mistake(tmp_path: Path) -> None:
    text = ONE + "predict:\n  Late: {each: orders, label: x, endpoint: A}\n  paid: {each: orders, label: y}\n"
    assert [each.address for each in load(written(tmp_path, text)).each()] == ["shop.Late", "shop.paid"]


def test_what_several_share_is_told_once(tmp_path: Path) -> None:
    text = ONE.replace("label", "label") + "predict:\n  b: {each: orders, label: x}\n  c: {each: orders, label: y}\n"
    with pytest.raises(SpecError) as caught:
        load(written(tmp_path, text.replace("{request: [amount]}", "{lookup: {p: {from: no, on: a, take: [b]}}}")))
    assert not caught.value.faults and 'there is no source or view "no"' in caught.value.what


def test_a_metric_of_the_brief_that_does_not_fit_is_stated_by_the_target(tmp_path: Path) -> None:
    text = ONE + "predict:\n  b: {each: orders, label: x}\n  days: {each: orders, label: y, kind: regression}\n"
    with pytest.raises(SpecError, match="roc_auc is no regression metric") as caught:
        load(written(tmp_path, text))
    assert "state good_enough in predict.days ({} for none)" in caught.value.mend
    load(written(tmp_path, text.replace("kind: regression", "kind: regression, good_enough: {}")))


def test_a_limit_in_money_is_in_the_money_of_all_mistakes(tmp_path: Path) -> None:
    text = ONE + "predict:\n  b: {each: orders, label: x, mistakes: {missed: 3, currency: EUR}}\n"
    load(written(tmp_path, text))
    with pytest.raises(SpecError, match=r"in EUR, and brief\.limits.train_cost is in USD") as caught:
        load(written(tmp_path, text.replace("  people:", "  limits: {train_cost: 1}\n  people:")))
    assert "treadle.yaml:12" in caught.value.where and caught.value.mend == "state them in USD"


def test_the_example_of_the_page_is_one() -> None:
    """docs/spec.md, put into the flights' file as it says."""
    page = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
    block = re.search(r"\n    predict:\n(?:      .*\n)+", page)
    assert block is not None
    file = (ROOT / "examples" / "flights" / "treadle.yaml").read_text(encoding="utf-8")
    start, end = file.index("predict:\n"), file.index("features:\n")
    text = file[:start] + textwrap.dedent(block[0]) + file[end:].replace("endpoint: flights, ", "")
    tree = parse(text, "treadle.yaml")
    assert has_several(tree) and not list(shape_problems(tree))
    shared, found = read(tree)
    wrong = [*between_targets(found, between_parts), *of_all(shared, found, ())]
    assert not wrong and list(found) == ["late", "minutes"]


def test_one_endpoint_is_not_for_several(tmp_path: Path) -> None:
    text = ONE.replace("serve: {port: 9000}", "serve: {endpoint: e}") + SEVERAL
    with pytest.raises(SpecError, match="cannot share one endpoint") as caught:
        load(written(tmp_path, text))
    assert "9:9" in caught.value.where and caught.value.mend.startswith("take it out")
    load(written(tmp_path, text.replace("{endpoint: e}", "{}")))


def test_the_schema_takes_both_forms_and_refuses_what_loading_refuses(tmp_path: Path) -> None:
    schema = Draft202012Validator(json_schema())
    one = "predict: {name: back, each: orders, label: came_back}\n"
    for text, valid in ((ONE + one, True), (ONE + SEVERAL, True), (ONE + "predict: {}\n", False),
                        (ONE + SEVERAL.replace("label: paid", "lable: paid"), False),
                        (ONE + SEVERAL.replace("  back:", "  a.b:"), False)):  # fmt: skip
        tree = read_yaml(written(tmp_path, text) / "treadle.yaml", "it", begin="").tree
        assert schema.is_valid(msgspec.to_builtins(tree)) is valid, text
        if valid:
            load(tmp_path)
        else:
            with pytest.raises(SpecError):
                load(tmp_path)


def test_several_can_be_built_in_python_and_are_held_to_the_rules(tmp_path: Path) -> None:
    shared = load(written(tmp_path, ONE + "predict: {name: back, each: orders, label: came_back}\n")).spec
    targets = {"a": Target(each="orders", label="x"), "b": Target(each="orders", label="y", endpoint="b")}
    found = specs(shared, targets)
    project = Project(tmp_path, tmp_path / "treadle.yaml", found["a"], "", targets=found)
    assert [each.endpoint for each in project.each()] == ["shop.a", "b"]
    with pytest.raises(SpecError, match='no source "nothing"'):
        wrong = specs(shared, targets | {"c": Target(each="nothing", label="x")})
        Project(tmp_path, tmp_path / "treadle.yaml", found["a"], "", targets=wrong)


def test_a_path_of_the_project_is_found_in_the_file() -> None:
    known = {"predict.late.must_have.rmse", "predict.late.decision"}
    assert place_in_file("predict", "late") == "predict.late"
    assert place_in_file("predict.split.gap", "late") == "predict.late.split.gap"
    assert place_in_file("brief.must_have.rmse", "late", known) == "predict.late.must_have.rmse"
    assert place_in_file("brief.must_have.mae", "late", known) == "brief.must_have.mae"
    assert place_in_file("brief.people.owner", "late", {"predict.late.people.owner"}) == "brief.people.owner"
    assert place_in_file("features.row.x", "late", known) == "features.row.x"


def test_a_chosen_target_tells_places_of_its_own(tmp_path: Path) -> None:
    two = ONE.replace("{orders: {read: orders.csv}}", "{orders: {read: orders.csv}, visits: {read: visits.csv}}")
    project = load(written(tmp_path, two + SEVERAL.replace("paid:\n    each: orders", "paid:\n    each: visits")))
    assert project.asked_of == {"orders", "visits"}
    paid = project.of("paid")
    assert paid.place("predict.label") == "treadle.yaml:14:5: predict.paid.label"
    assert paid.place("brief.good_enough.rmse") == "treadle.yaml:17:19: predict.paid.good_enough.rmse"
    assert paid.place("brief.people") == "treadle.yaml:6:3: brief.people"
    assert project.of("back").place("predict.label") == "treadle.yaml:11:24: predict.back.label"
    assert paid.place("") == "treadle.yaml"


def test_an_error_of_a_later_step_is_located_in_the_file(tmp_path: Path) -> None:
    paid = load(written(tmp_path, ONE + SEVERAL)).of("paid")
    for where, said in (
        ("predict.label", "treadle.yaml:14:5: predict.paid.label"),
        ("features.request: column 2", "treadle.yaml:8:12: features.request: column 2"),
        ("elsewhere.label", "elsewhere.label"),
        ("", ""),
    ):
        bad = SpecError("no", where=where)
        assert paid.located(bad) is bad and bad.where == said
    both = SpecError("two", where="predict", faults=[Fault("no", "predict.label"), Fault("nor", "")])
    assert [fault.where for fault in paid.located(both).faults] == ["treadle.yaml:14:5: predict.paid.label", ""]


def test_the_endpoint_that_a_target_has_may_be_written_out(tmp_path: Path) -> None:
    """It is what would be chosen; no other name has a dot, so that no target is served as another's."""
    silent = load(written(tmp_path, ONE + SEVERAL))
    said = load(written(tmp_path, ONE + SEVERAL.replace("label: came_back", "label: came_back, endpoint: shop.back")))
    assert said.targets == silent.targets and said.of("back").endpoint == "shop.back"
    for wrong in ("shop.paid", "Shop.back", "shop.back.x", "shop.", ".back"):
        text = ONE + SEVERAL.replace("label: came_back", f"label: came_back, endpoint: {wrong}")
        with pytest.raises(SpecError, match=f'"{re.escape(wrong)}" is no valid name') as caught:
            load(written(tmp_path, text))
        assert caught.value.where.endswith("predict.back.endpoint")
    shared, targets = silent.spec, {"a": Target(each="orders", label="x", endpoint="shop.a")}
    assert specs(shared, targets)["a"].serve.endpoint is None


def test_a_version_may_be_named_by_its_target_alone(tmp_path: Path) -> None:
    project = load(written(tmp_path, ONE + SEVERAL))
    assert project.target_of("paid:2") == project.target_of("shop.paid:2") == "paid"
    assert project.target_of("2") is project.target_of(None) is project.target_of("shop:2") is None
    paid = project.of("paid")
    assert paid.version("paid:2") == "shop.paid:2" == paid.version("shop.paid:2")
    assert [paid.version(name) for name in ("2", None, "", "back:2")] == ["shop.paid:2", None, "", "back:2"]
    with pytest.raises(SpecError, match='shop has no target "piad"') as caught:
        project.of(project.target_of("piad:2"))
    assert caught.value.mend == 'did you mean "paid"?'
    with pytest.raises(SpecError, match="shop has several targets"):
        project.of(project.target_of("shop:2"))


def test_a_version_of_one_target_may_be_named_by_it_too(tmp_path: Path) -> None:
    project = load(written(tmp_path, ONE + "predict: {name: back, each: orders, label: came_back}\n"))
    assert (project.version("back:2"), project.version("shop:2"), project.version("x:2")) == ("shop:2", "shop:2", "x:2")
    assert project.target_of("back:2") is project.target_of("x:2") is None


def test_a_target_that_is_called_as_its_project_is_named_in_full(tmp_path: Path) -> None:
    """`shop:2` could also be a version that was made before there were several."""
    project = load(written(tmp_path, ONE + SEVERAL.replace("  back:", "  shop:")))
    with pytest.raises(SpecError, match=r"shop:2 may be of the target shop, or of the project") as caught:
        project.target_of("shop:2")
    assert caught.value.mend == "write it in full: shop.shop:2"
    assert project.of("shop").version("shop:2") == "shop.shop:2" and project.target_of("shop.shop:2") == "shop"
