"""A mapping that is proposed, and accepted by a person into the project file as it stands."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.cli import main
from treadle.drafting.inserting import inserted
from treadle.errors import SpecError
from treadle.spec.documents import parse

SPEC = """\
project: shop   # ours
brief: {people: {owner: ada}}
access: {trust: local, logins: {"*": ada}}
sources:
  # from the till
  orders: {read: orders.csv, key: id}   # whole
  bills:
    read: bills.csv   # a table
    key: id

predict: {name: y, each: orders, label: "amount > 2"}
features: {request: [city]}
"""
ENTRIES = {"amount": "Total", "a b": '{from: "x.y", type: int}', 'q"': "z"}


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (SPEC, "orders"),
        (SPEC, "bills"),
        (SPEC.replace("\n", "\r\n"), "bills"),
        ("\ufeff" + SPEC, "orders"),
        (SPEC.replace("{read: orders.csv, key: id}", "{read: orders.csv, map: {n: N}}"), "orders"),
        (SPEC.replace("{read: orders.csv, key: id}", "{read: orders.csv, map: {}, key: id,}"), "orders"),
        (SPEC.replace("{read: orders.csv, key: id}", "{\n    read: orders.csv,\n    key: id,  # it\n  }"), "orders"),
        (
            SPEC.replace("    key: id\n", "    map:\n      n: N  # one\n      m: {from: M}\n    # end\n    key: id\n"),
            "bills",
        ),
        (SPEC.replace("    key: id\n\n", "    null_values:\n      - none\n\n"), "bills"),
        (SPEC.split("sources:")[0] + "sources:\n  bills:\n    read: b.csv", "bills"),
    ],
)
def test_lines_are_added_and_nothing_else_is_changed(text: str, source: str) -> None:
    made = inserted(text, source, ENTRIES, "treadle.yaml")
    before, after = (parse(each.removeprefix("\ufeff"), "t") for each in (text, made))
    for column, entry in {"amount": "Total", "a b": {"from": "x.y", "type": "int"}, 'q"': "z"}.items():
        assert after["sources"][source]["map"].pop(column) == entry
    if "map" not in before["sources"][source]:
        assert after["sources"][source].pop("map") == {}
    assert after == before
    assert all(comment in made for comment in ("# ours", "# from the till") if comment in text)
    assert made.startswith("\ufeff") == text.startswith("\ufeff") and made.count("\r\n") >= text.count("\r\n")


def test_what_a_line_cannot_be_added_to_is_left_as_it_is() -> None:
    aliased = SPEC.replace("{read: orders.csv, key: id}", "&o {read: orders.csv, key: id}").replace(
        "  bills:\n    read: bills.csv   # a table\n    key: id\n", "  bills: *o\n"
    )
    with pytest.raises(SpecError, match="no line can be added"):
        inserted(aliased, "bills", ENTRIES, "treadle.yaml")


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12), st.just("x"), min_size=1
    )
)
def test_any_name_can_be_added(entries: dict[str, str]) -> None:
    try:
        made = inserted(SPEC, "orders", entries, "treadle.yaml")
    except SpecError as bad:
        assert "no line can be added" in bad.what  # a character that YAML has not
        return
    assert parse(made, "t")["sources"]["orders"]["map"] == entries


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "treadle.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "bills.csv").write_text("id,amount,city\n1,1.5,Bonn\n2,2.5,Ulm\n3,3.5,Bonn\n", encoding="utf-8")
    (folder / "orders.csv").write_text("OrderId,amt,Ort,x\n1,1.5,Bonn,7\n2,2.5,Ulm,8\n3,3.5,Bonn,9\n", encoding="utf-8")
    return folder


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["treadle", *words])
    code = 0
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    out, err = capsys.readouterr()
    return code, out + err


def test_a_person_accepts_what_is_sure_and_names_the_rest(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("data", "map", "orders", str(shop), "--to", "bills")
    code, out = call(monkeypatch, capsys, *words)
    assert code == 0 and "is probably" in out and "amount: amt" in out
    assert (shop / "treadle.yaml").read_text(encoding="utf-8") == SPEC
    code, out = call(monkeypatch, capsys, *words, "--accept", "--take", "id=OrderId", "--json")
    told = json.loads(out)
    assert code == 0 and told["file"] == "treadle.yaml" and told["left"] == ["x"]
    assert {line["target"]: line["column"] for line in told["lines"]} == {
        "id": "OrderId",
        "amount": "amt",
        "city": "Ort",
    }
    text = (shop / "treadle.yaml").read_text(encoding="utf-8")
    assert "{read: orders.csv, key: id, map: {id: OrderId, amount: amt, city: Ort}}   # whole" in text
    _, out = call(monkeypatch, capsys, "check", str(shop))
    assert "sources.orders" not in out  # what else it says is of so few rows
    assert "mapped already" in call(monkeypatch, capsys, *words)[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["order"], 'there is no source "order"'),
        (["orders"], "nothing says what it is to be mapped to"),
        (["orders", "--to", "nowhere.yaml"], "is no source, and no file of a contract"),
        (["orders", "--to", "bills", "--take", "id"], '"id" says no line'),
        (["orders", "--to", "bills", "--take", "idd=OrderId"], 'the target has no column "idd"'),
        (["orders", "--to", "bills", "--take", "id=Order"], 'the source has no column "Order"'),
        (["orders", "--to", "bills", "--take", "id=amt", "--take", "city=amt"], "names what was named before"),
    ],
)
def test_what_is_not_there_is_told(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    name, *rest = words
    code, out = call(monkeypatch, capsys, "data", "map", name, str(shop), *rest)
    assert code == 1 and said in out and (shop / "treadle.yaml").read_text(encoding="utf-8") == SPEC
