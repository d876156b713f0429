"""What a request may hold. A refusal names the field, its value and the rule, and changes nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from treadle.errors import RequestError
from treadle.models.request import InputField, InputRule, Inputs
from treadle.serving.inputs import RecordReader, openapi_schema, rows_of_many

INPUTS = Inputs(
    fields=(
        InputField("city", "str", nullable=False),
        InputField("amount", "float"),
        InputField("items", "int", nullable=False),
        InputField("express", "bool"),
        InputField("due", "date"),
        InputField("at", "timestamp"),
        InputField("Größe in cm", "float"),
        InputField("class", "str"),
        InputField("order_id", "str", feature=False),
    ),
    rules=(
        InputRule("r1", "amount", "amount must not be negative", "amount >= 0"),
        InputRule("r2", "items", "items must be 1 to 100", "items between 1 and 100"),
    ),
)
GOOD: dict[str, Any] = {"city": "Oslo", "items": 2}


@pytest.fixture(scope="module")
def reader() -> RecordReader:
    return RecordReader(INPUTS)


def body(**changes: Any) -> bytes:
    return msgspec.json.encode({**GOOD, **changes})


def refused(reader: RecordReader, content: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        reader.read(content)
    return caught.value


def test_a_record_is_typed_and_what_may_be_missing_is_none(reader: RecordReader) -> None:
    found = reader.read(body(amount=3, express=True, due="2024-02-29", at="2024-02-29T12:00:00+02:00"))
    assert (found.amount, type(found.amount)) == (3.0, float)
    assert found.due == date(2024, 2, 29) and type(found.due) is date
    assert found.at == datetime(2024, 2, 29, 10, tzinfo=UTC) and found.at.tzinfo is UTC
    assert (found.order_id, found.prediction_id) == (None, None)


def test_a_time_without_a_zone_is_utc(reader: RecordReader) -> None:
    assert reader.read(body(at="2024-02-29T12:00:00.123456")).at == datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_soft_rule_refuses_nothing_and_is_told_of() -> None:
    soft = InputRule("r3", "amount", "amount has been at most 10", "amount <= 10", soft=True)
    reader = RecordReader(Inputs(INPUTS.fields, (soft, *INPUTS.rules)))
    records = [reader.read(body(amount=amount)) for amount in (11, 10, None)]
    assert [reader.warnings(record) for record in records] == [
        ["amount is 11.0, but amount has been at most 10"],
        [],
        [],
    ]
    assert reader.beyond(records) == ["amount has been at most 10, and does not in 1 of 3 rows"]
    assert refused(reader, body(amount=-1)).rule == "amount must not be negative"


def test_a_sentence_is_no_longer_for_what_was_sent() -> None:
    soft = InputRule("r3", "order_id", "order_id is short", "len(order_id) <= 3", soft=True)
    reader = RecordReader(Inputs(INPUTS.fields, (soft, *INPUTS.rules)))
    for text in ("Z" * 900_000, "\U0001f600" * 900_000, "\x00" * 900_000):
        (told,) = reader.warnings(reader.read(body(order_id=text)))
        assert len(told) < 200 and told.endswith("…, but order_id is short")


def test_names_may_be_any_text(reader: RecordReader) -> None:
    content = body(**{"Größe in cm": 180.5, "class": "first"})
    assert msgspec.to_builtins(reader.read(content))["Größe in cm"] == 180.5
    assert refused(reader, body(**{"Größe in cm": "tall"})).field == "Größe in cm"


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"amount": "3"}, "amount", "expected float | null, got str"),
        ({"amount": True}, "amount", "expected float | null, got bool"),
        ({"amount": [1]}, "amount", "expected float | null, got array"),
        ({"items": 1.5}, "items", "expected int, got float"),
        ({"items": None}, "items", "expected int, got null"),
        ({"items": 2**63}, "items", "expected int <= 9223372036854775807"),
        ({"items": -(2**63) - 1}, "items", "expected int >= -9223372036854775808"),
        ({"express": 1}, "express", "expected bool | null, got int"),
        ({"city": None}, "city", "expected str, got null"),
        ({"city": {"a": 1}}, "city", "expected str, got object"),
        ({"due": "2024-02-30"}, "due", "invalid RFC3339 encoded date"),
        ({"due": "2024-02-29T00:00:00Z"}, "due", "invalid RFC3339 encoded date"),
        ({"at": "yesterday"}, "at", "invalid RFC3339 encoded datetime"),
        ({"at": 1700000000}, "at", "expected datetime | null, got int"),
        ({"amount": -0.5}, "amount", "amount must not be negative"),
        ({"items": 101}, "items", "items must be 1 to 100"),
        ({"prediction_id": 7}, "prediction_id", "expected str | null, got int"),
        ({"prediction_id": ""}, "prediction_id", "expected str of length >= 1"),
        ({"at": "9999-12-31T23:59:59-01:00"}, "at", "a time in the years 1 to 9999 UTC"),
        ({"at": "0001-01-01T00:00:00+01:00"}, "at", "a time in the years 1 to 9999 UTC"),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_rule(
    reader: RecordReader, changes: dict[str, Any], field: str, rule: str
) -> None:
    ((name, value),) = changes.items()
    bad = refused(reader, body(**changes))
    assert (bad.field, bad.value, bad.rule) == (field, value, rule)
    assert name in bad.what
    in_a_list = refused(reader, b"[%s,%s]" % (body(), body(**changes)))
    assert (in_a_list.field, in_a_list.value, in_a_list.rule) == (f"[1].{field}", value, rule)


def test_a_missing_field_is_named_with_all_that_a_record_has(reader: RecordReader) -> None:
    bad = refused(reader, b'{"city":"Oslo"}')
    assert (bad.field, bad.value, bad.rule) == ("items", None, "required")
    assert bad.mend.startswith("a record has: city, amount, items") and "Größe in cm" in bad.mend


def test_an_unknown_field_is_named_with_the_nearest(reader: RecordReader) -> None:
    bad = refused(reader, body(amont=3))
    assert (bad.field, bad.value, bad.rule) == ("amont", 3, "no unknown fields")
    assert bad.mend == 'did you mean "amount"?'
    assert "known here: " in refused(reader, body(zzz=3)).mend


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "nan"])
def test_what_json_does_not_have_is_not_json(reader: RecordReader, text: str) -> None:
    bad = refused(reader, b'{"city":"Oslo","items":2,"amount":%s}' % text.encode())
    assert bad.rule == "json"


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"1" + b"0" * 400])
def test_a_number_beyond_a_float_is_refused(reader: RecordReader, number: bytes) -> None:
    bad = refused(reader, b'{"city":"Oslo","items":2,"amount":%s}' % number)
    assert (bad.field, bad.rule) == ("amount", "number out of range")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b'{"city":',
        b"{'city': 1}",
        b'{"city":"Oslo","items":2} {}',
        b"\xff\xfe",
        b'{"city":"\xff"}',
        b'"\\ud800"',
    ],
)
def test_what_is_not_json_is_told_so(reader: RecordReader, content: bytes) -> None:
    bad = refused(reader, content)
    assert bad.rule == "json" and "not valid JSON" in bad.what and "one JSON object" in bad.mend


@pytest.mark.parametrize("content", [b"null", b"3", b'"text"', b"true", b"[[]]", b"[3]"])
def test_json_of_another_shape_is_refused(reader: RecordReader, content: bytes) -> None:
    assert refused(reader, content).rule.startswith("expected object")


@pytest.mark.parametrize("deep", [b'{"a":' * 100_000, b"[" * 100_000, b'{"city":' + b"[" * 100_000])
def test_a_deep_body_is_refused_and_not_followed(reader: RecordReader, deep: bytes) -> None:
    assert refused(reader, deep).rule


def test_any_text_is_a_value(reader: RecordReader) -> None:
    for text in ("", "東京", "e\u0301", "\x00", "\U0001f6eb", "x" * 1_000_000, "'; drop table orders; --", "${jndi:x}"):
        assert reader.read(body(city=text)).city == text


def test_a_list_may_be_empty_and_names_the_record_that_is_wrong(reader: RecordReader) -> None:
    assert reader.read(b"[]") == []
    good = body()
    assert len(reader.read(b"[" + b",".join([good] * 1000) + b"]")) == 1000
    bad = refused(reader, b"[" + b",".join([*[good] * 41, body(amount=-1)]) + b"]")
    assert (bad.field, bad.value) == ("[41].amount", -1.0)
    assert refused(reader, b'[%s,{"city":"Oslo"}]' % good).field == "[1].items"
    assert refused(reader, b"[%s,%s]" % (good, body(amont=1))).field == "[1].amont"


def test_a_rule_holds_where_its_field_is_missing(reader: RecordReader) -> None:
    assert reader.read(body(amount=None)).amount is None


def test_the_schema_names_every_field_with_its_type_and_rules() -> None:
    schema = openapi_schema(INPUTS)
    assert set(schema["properties"]) == {*(f.name for f in INPUTS.fields), "prediction_id"}
    assert schema["required"] == ["city", "items"] and schema["additionalProperties"] is False
    assert schema["properties"]["amount"] == {"type": ["number", "null"], "description": "amount must not be negative"}
    assert schema["properties"]["due"] == {"type": ["string", "null"], "format": "date"}
    assert "example" not in schema


def test_an_example_is_shown_where_it_would_be_taken() -> None:
    shown = [msgspec.structs.replace(f, example={"city": "Oslo", "items": 2}.get(f.name)) for f in INPUTS.fields]
    example = openapi_schema(Inputs(tuple(shown), INPUTS.rules))["example"]
    assert RecordReader(INPUTS).read(msgspec.json.encode(example)).city == "Oslo"
    shown[0] = INPUTS.fields[0]
    assert "example" not in openapi_schema(Inputs(tuple(shown), INPUTS.rules))


def test_a_rule_with_a_pattern_loads_no_polars() -> None:
    """What a server does with a contract's pattern: it was held by all engines before it came into the bundle."""
    code = (
        "import sys; from treadle.models.request import InputField, InputRule, Inputs; "
        "from treadle.serving.inputs import RecordReader; "
        "rule = InputRule('r', 'city', 'begins with a capital', \"regexp_matches(city, '^[A-Z]')\"); "
        "reader = RecordReader(Inputs((InputField('city', 'str', nullable=False),), (rule,))); "
        "reader.read(b'{\"city\": \"Oslo\"}'); print('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_rule_with_a_pattern_is_held() -> None:
    rule = InputRule("r", "city", "city begins with a capital", "regexp_matches(city, '^[A-Z]')")
    reader = RecordReader(Inputs(INPUTS.fields, (rule,)))
    assert reader.read(body()).city == "Oslo"
    assert refused(reader, body(city="oslo")).rule == "city begins with a capital"


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'[{"city":"' + b"{" * 50_001 + b'"}]', 1),
        (b" [" + b'{"a":[{},{}]},' * 20_000 + b"{}]", 20_001),
        (b"[" + b"{}," * 60_000 + b"{}]", 60_001),
        (b"[" + b"{}," * 49_999 + b"{}]", 0),
        (b'{"a":[' + b"{}," * 60_000 + b"{}]}", 0),
    ],
)
def test_rows_are_counted_where_braces_are_many(body: bytes, rows: int) -> None:
    assert rows_of_many(body) == rows


def test_what_has_many_braces_and_is_no_list_of_rows_is_refused() -> None:
    for body, rule in ((b"[" + b"{}," * 60_000, "json"), (b"[1" + b",{}" * 60_000 + b"]", "expected object, got int")):
        with pytest.raises(RequestError) as refused:
            rows_of_many(body)
        assert refused.value.rule == rule
