"""What `predict --from` says of a file's columns: which are not read, which are missing, and how much is NULL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import polars as pl
import pytest

from treadle.errors import DataError, RequestError
from treadle.hosting.asked import as_asked, texts_of, told_of
from treadle.hosting.found import Predicted
from treadle.hosting.predicting import Wanted, _body, _write, without_windows
from treadle.models.request import InputField, Inputs
from treadle.serving import RecordReader
from treadle.sources import as_guessed
from treadle.spec import Source
from treadle.spec.mapping import Mapped

LIVE: Any = SimpleNamespace(
    name="shop:1",
    inputs=Inputs((
        InputField("income", "float"),
        InputField("city", "str"),
        InputField("customer_id", "str", feature=False),
    )),
)  # fmt: skip


def frame(**columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"income": [1.0, 2.0], "city": ["Oslo", "Rome"], "customer_id": ["a", "b"]} | columns)


def test_a_file_that_fits_is_passed_over_in_silence() -> None:
    assert told_of(frame(), LIVE) == []


def test_columns_that_are_not_read_are_named_once() -> None:
    (said,) = told_of(frame(late=[1, 0], note=["x", "y"]), LIVE)
    assert said == "not read: late, note; shop:1 is asked by income, city, customer_id"
    many = frame(**{f"c{i}": [0, 0] for i in range(30)})
    assert told_of(many, LIVE)[0].startswith("not read: c0, c1,") and "and 20 more" in told_of(many, LIVE)[0]


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    misspelt = frame(custmer_id=["a", "b"]).drop("customer_id")
    said = told_of(misspelt, LIVE)
    assert said[0].startswith("not read: custmer_id")
    assert said[1] == 'the file has no column customer_id: did you mean it by "custmer_id"?'


def test_every_missing_feature_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(DataError) as refused:
        as_asked(frame(incom=[1, 2], citty=["a", "b"]).drop("income", "city"), LIVE)
    assert "income, city" in refused.value.what
    assert '"incom" for income' in refused.value.mend and '"citty" for city' in refused.value.mend


def test_rows_without_a_value_are_counted_by_column() -> None:
    said = told_of(frame(income=[None, 2.0], city=[None, None], customer_id=[None, "b"]), LIVE)
    assert said == ["NULL in what the model looks at: income in 1 of 2 rows, city in all 2 rows"]


def test_a_file_whose_rows_say_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="no row of the file has a value in what shop:1 looks at: income, city"):
        as_asked(frame(income=[None, None], city=[None, None]), LIVE)
    assert as_asked(frame(income=[None, None]), LIVE).height == 2


def test_what_was_given_is_written_before_the_answers(tmp_path: Path) -> None:
    answers = [Predicted({"customer_id": key}, True, 0.75, 0.5, "shop:1") for key in ("a", "b")]
    given = frame(model=["x", "y"], tags=[["t"], []])
    _write(answers, tmp_path / "out.csv", given)
    text = (tmp_path / "out.csv").read_text().splitlines()
    assert text[0] == "income,city,customer_id,model (given),prediction,probability,threshold,model"
    assert text[1] == "1.0,Oslo,a,x,true,0.75,0.5,shop:1"
    _write(answers, tmp_path / "out.parquet", given)
    assert pl.read_parquet(tmp_path / "out.parquet")["tags"].to_list() == [["t"], []]
    _write(answers, tmp_path / "out.jsonl", None)
    assert pl.read_ndjson(tmp_path / "out.jsonl").columns[:2] == ["customer_id", "prediction"]


def test_columns_that_are_called_as_those_of_the_answer_are_told_from_them(tmp_path: Path) -> None:
    """Answers to answers have two generations of them, and a field may be called as one."""
    answers = [Predicted({"model": "mine"}, True, 0.75, 0.5, "shop:1")]
    given = pl.DataFrame({"prediction": [1], "prediction (given)": [2], "model": ["mine"]})
    _write(answers, tmp_path / "out.csv", given)
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "prediction (given) (given),prediction (given),model (given),prediction,probability,threshold,model",
        "1,2,mine,true,0.75,0.5,shop:1",
    ]
    _write(answers, tmp_path / "out.jsonl", None)
    assert pl.read_ndjson(tmp_path / "out.jsonl").row(0, named=True)["model (given)"] == "mine"
    _write([Predicted({}, 1.5, None, None, "shop:1")], tmp_path / "none.csv", None)
    assert (tmp_path / "none.csv").read_text() == "prediction,model\n1.5,shop:1\n"


def test_a_record_in_bytes_that_are_no_utf_8_is_refused() -> None:
    body, _, _ = _body(Wanted(record='{"city": "\udcff"}'), LIVE, SimpleNamespace())  # as a command line has it
    with pytest.raises(RequestError, match="not valid JSON"):
        RecordReader(LIVE.inputs).read(body)


@pytest.mark.parametrize(("cells", "said"), [(["5", None, "many"], '"many" in row 3'), (["x", "y"], '"x" in row 1')])
def test_text_where_numbers_are_wanted_is_told_with_its_row(cells: list[str | None], said: str) -> None:
    given = pl.DataFrame({"income": cells, "city": ["Oslo"] * len(cells)})
    with pytest.raises(DataError, match=f"income is text in the file, such as {said}, and is wanted as a number"):
        as_asked(given, LIVE)


def test_columns_come_in_the_types_that_are_wanted() -> None:
    live: Any = SimpleNamespace(
        name="shop:1", inputs=Inputs((InputField("n", "int"), InputField("at", "timestamp"), InputField("code", "str")))
    )
    given = pl.DataFrame({"n": [1.0, None], "at": [date(2024, 1, 1), None], "code": [7, 8]})
    assert as_asked(given, live).rows() == [(1, datetime(2024, 1, 1, tzinfo=UTC), "7"), (None, None, "8")]
    assert as_asked(given.with_columns(n=pl.lit(1.5)), live)["n"].to_list() == [1.5, 1.5]  # refused by the reader


def test_whole_floats_beyond_64_bits_are_left_for_the_reader_to_refuse() -> None:
    live: Any = SimpleNamespace(name="shop:1", inputs=Inputs((InputField("n", "int"),)))
    low, high = -(2.0**63), 2.0**63
    most = [low, high - 1024, None, float("inf")]
    assert as_asked(pl.DataFrame({"n": most}), live)["n"].to_list() == [-(2**63), 2**63 - 1024, None, None]
    for odd in (high, low * 1.5, 1e300):
        given = pl.DataFrame({"n": [1.0, odd, None]})
        assert as_asked(given, live)["n"].to_list() == [1.0, odd, None]
        with pytest.raises(RequestError, match="n: expected int"):
            RecordReader(live.inputs).read(msgspec.json.encode(as_asked(given, live).to_dicts()))


def test_a_file_of_codes_alone_is_asked_by_them_as_they_are_written(tmp_path: Path) -> None:
    """As in a record: read as numbers they would be levels that were never seen."""
    live: Any = SimpleNamespace(
        name="shop:1",
        inputs=Inputs((InputField("code", "str"), InputField("n", "int"), InputField("typed", "str"))),
    )
    source = Source(read="x.csv", map={"code": Mapped(origin="Code"), "typed": Mapped(origin="t", type="str")})
    spec = SimpleNamespace(sources={"shop": source}, entities={}, predict=SimpleNamespace(each="shop"))
    project: Any = SimpleNamespace(spec=spec, root=tmp_path)
    (tmp_path / "new.csv").write_text("Code,n,typed\n007,007,007\n012,012,012\n")
    body, _, _ = _body(Wanted(source=str(tmp_path / "new.csv")), live, project)
    assert msgspec.json.decode(body) == [
        {"code": "007", "n": 7, "typed": "7"},
        {"code": "012", "n": 12, "typed": "12"},
    ]
    # what a contract makes texts of was guessed in training: such a column was 7 and 12, and is known by these
    assert texts_of(live, source, {}) == {"code", "Code"} and texts_of(live, source, {"code": "str"}) == frozenset()


def test_a_bundle_says_which_texts_are_known_as_they_are_written(tmp_path: Path) -> None:
    """Whatever a contract says today, and though its file is gone."""
    fields = (InputField("code", "str", written=True), InputField("shop", "str", written=False))
    live: Any = SimpleNamespace(name="shop:1", inputs=Inputs((*fields, InputField("typed", "str", written=True))))
    source = Source(read="x.csv", contract="gone.yaml", map={"typed": Mapped(origin="t", type="str")}, unmapped="keep")
    spec = SimpleNamespace(sources={"shop": source}, entities={}, predict=SimpleNamespace(each="shop"))
    project: Any = SimpleNamespace(spec=spec, root=tmp_path)
    (tmp_path / "new.csv").write_text("code,shop,t\n007,01067,TRUE\n012,01068,TRUE\n")
    body, _, _ = _body(Wanted(source=str(tmp_path / "new.csv")), live, project)
    assert msgspec.json.decode(body) == [
        {"code": "007", "shop": "1067", "typed": "TRUE"},
        {"code": "012", "shop": "1068", "typed": "TRUE"},
    ]
    old: Any = SimpleNamespace(name="shop:1", inputs=Inputs((InputField("code", "str"),)))
    body, _, _ = _body(Wanted(source=str(tmp_path / "new.csv")), old, project)
    assert msgspec.json.decode(body)[0] == {"code": "007"}


@pytest.mark.parametrize(
    ("texts", "guessed"),
    [
        (["1067", None, "12"], True),
        (["007", "012"], False),
        (["7", "12", "A13"], False),
        (["true", "false"], True),
        (["TRUE", "true"], False),
        (["2024-05-01", "2024-05-02"], True),
        (["2024-05-01 10:00:00"], True),
        (["1.10", "2.5"], False),
        ([None], False),
    ],
)
def test_texts_that_a_guess_would_have_made_are_told_from_those_that_were_read(
    texts: list[str | None], guessed: bool
) -> None:
    assert as_guessed(pl.Series("code", texts, dtype=pl.String)) == guessed


def test_times_and_truths_are_made_texts_as_a_contract_makes_them() -> None:
    live: Any = SimpleNamespace(name="x", inputs=Inputs((InputField("at", "str"), InputField("ok", "str"))))
    given = pl.DataFrame({"at": [datetime(2024, 5, 1, 10, tzinfo=UTC)], "ok": [True]})
    assert as_asked(given, live).to_dicts() == [{"at": "2024-05-01 10:00:00", "ok": "true"}]


def test_a_record_that_lies_within_the_longest_window_of_the_state_is_not_stale() -> None:
    window = SimpleNamespace(lengths=(("1d", 86_400_000_000),))
    plan: Any = SimpleNamespace(windows=[window], features=[SimpleNamespace(origin="window")])
    state: Any = SimpleNamespace(as_of=datetime(2024, 5, 1, tzinfo=UTC))
    asked = [(datetime(2024, 5, 2, tzinfo=UTC), True), (datetime(2024, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC), False)]
    for at, stale in asked:
        assert without_windows(plan, [0], at, state) is stale


def test_nan_and_infinities_are_counted_as_nothing() -> None:
    wide = pl.DataFrame(
        {"income": [None, float("nan"), float("inf"), 1.0], "city": ["x"] * 4, "customer_id": ["a"] * 4}
    )
    assert told_of(wide, LIVE) == ["NULL in what the model looks at: income in 3 of 4 rows"]


def test_times_that_a_record_may_have_are_taken_and_the_odd_one_is_named() -> None:
    live = SimpleNamespace(name="shop:1", inputs=Inputs((InputField("placed", "timestamp"),)))
    mixed = pl.DataFrame({"placed": ["2025-05-01T10:00:00Z", "2025-05-01T10:00:00", "2025-05-01 10:00:00+02:00", None]})
    assert as_asked(mixed, live)["placed"].to_list() == mixed["placed"].to_list()
    with pytest.raises(DataError, match='such as "soon" in row 3'):
        as_asked(pl.DataFrame({"placed": ["2025-05-01T10:00:00Z", "2025-05-01T10:00:00", "soon"]}), live)
