"""The request schema of a bundle: which fields must be there, which the model sees, and which rules hold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import polars as pl
import pytest

from treadle.contracts import Rule
from treadle.errors import RequestError
from treadle.features import FeaturePlan
from treadle.features.plan import InputColumn
from treadle.models.request import InputField, InputRule, Inputs
from treadle.packing.packing import inputs_of
from treadle.serving import RecordReader
from treadle.spec import Source
from treadle.spec.mapping import Mapped
from treadle.stages.packing import _guessed, _texts


def plan(exposure: str | None = None) -> FeaturePlan:
    return FeaturePlan(
        project="shop", each="orders",
        each_types={"id": "int", "shop": "str", "amount": "float", "when": "timestamp", 'da"ys': "float"},
        key=("id",), at="when", label="y", label_type="float", label_known=None, group=None, kind="counts",
        inputs=(
            InputColumn("amount", "float"), InputColumn('da"ys', "float"), InputColumn("when", "timestamp", False),
            InputColumn("note", "str"),
        ),
        rows=(), views={}, lookup_streams={}, arguments={}, lookups=(), windows=(), features=(), exposure=exposure,
    )  # fmt: skip


RULES = (
    Rule("amount_known", "required", "amount", "it must be there", "c:1", '"amount" IS NOT NULL'),
    Rule("amount_low", "range", "amount", "it must be at most 9", "c:2", '"amount" <= 9', level="warn"),
    Rule("both", "expression", None, "either must be there", "c:3", '"amount" > 0 OR "note" IS NOT NULL'),
    Rule("many", "row_count", None, "there must be 10 rows", "c:4"),
)


def test_what_is_required_may_not_be_missing_and_names_are_kept_unseen() -> None:
    asked = inputs_of(plan(), RULES, "shop")
    assert asked.fields == (
        InputField("amount", "float", nullable=False),
        InputField('da"ys', "float"),
        InputField("when", "timestamp", feature=False),
        InputField("note", "str"),
        InputField("id", "int", feature=False),
        InputField("shop", "str", feature=False),
    )
    assert inputs_of(plan(), (), "note").fields[-1].name == "id", "an entity that is an input is one field"


def test_rules_are_asked_that_one_record_can_break() -> None:
    asked = inputs_of(plan(), RULES, None)
    assert asked.rules == (
        InputRule("amount_low", "amount", "it must be at most 9", '"amount" <= 9', soft=True),
        InputRule("both", "record", "either must be there", '"amount" > 0 OR "note" IS NOT NULL'),
    )


def test_an_exposure_must_be_there_and_above_zero() -> None:
    asked = inputs_of(plan(exposure='da"ys'), (), None)
    assert [field.name for field in asked.fields if not field.nullable] == ['da"ys']
    told, held = "it must be above zero and below 3e+38", '"da""ys" > 0 AND "da""ys" < 3e+38'
    assert asked.rules == (InputRule("exposure", 'da"ys', told, held),)


@pytest.mark.parametrize("odd", ["0", "-1", "3e38", "1e39"])
def test_an_exposure_of_which_nothing_can_be_told_is_refused(odd: str) -> None:
    reader = RecordReader(Inputs((InputField("amount", "float"),), inputs_of(plan(exposure="amount"), (), None).rules))
    assert reader.read(b'{"amount": 2.9e38}')
    with pytest.raises(RequestError, match="above zero and below"):
        reader.read(f'{{"amount": {odd}}}'.encode())


def test_of_each_text_it_says_whether_it_was_one_as_it_was_read() -> None:
    asked = inputs_of(plan(), (), "shop", guessed={"note"})
    said = {field.name: field.written for field in asked.fields}
    assert said == {"amount": None, 'da"ys': None, "when": None, "note": False, "id": None, "shop": True}
    assert {field.written for field in inputs_of(plan(), (), "shop").fields} == {None}


def test_texts_that_a_contract_or_a_mapping_made_are_looked_at_and_no_others() -> None:
    orders = msgspec.structs.replace(plan(), each_types={"code": "str", "zip": "str", "kind": "str", "n": "int"})
    source = Source(read="orders.csv", map={"zip": Mapped(origin="Zip", type="str"), "code": "Code", "kind": "Kind"})
    contract: Any = SimpleNamespace(types={"code": "str", "n": "int"})
    assert _texts(source, contract, orders) == ("code", "zip") and _texts(source, None, orders) == ("zip",)
    asked: Any = SimpleNamespace(texts=("code", "zip"), rows="rows")
    kept = pl.DataFrame({"code": ["007", "A13"], "zip": ["1067", "1068"]})
    bench: Any = SimpleNamespace(read=lambda rows, columns: kept.select(columns))
    assert _guessed(asked, bench) == {"zip"}
