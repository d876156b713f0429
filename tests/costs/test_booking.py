"""What no step used is booked: once, exactly, all of a file or none; and every grouping sums to the same."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from treadle.costs import costs
from treadle.costs.booking import COLUMNS, Booked, book, import_lines, number, paid, read_lines
from treadle.costs.focus import focus
from treadle.errors import DataError, MoneyError
from treadle.evidence import Chain, Price, verify
from treadle.evidence.kinds.cost_booked import CATEGORIES, CostBooked
from treadle.money import Rates, money
from treadle.store.schema import ledger

RATES = Rates("USD", "2026-11-01", {"EUR": Decimal("0.92")})


def cost(**changed: object) -> CostBooked:
    given = {"category": "data", "text": "weather", "day": "2026-11-20"} | changed
    return CostBooked(**given)  # type: ignore[arg-type]


def csv_of(folder: Path, *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    file = folder / "lines.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
    return file


def row(**changed: str) -> dict[str, str]:
    return {
        "date": "2026-11-02",
        "category": "labels",
        "text": "1,000 labels",
        "amount": "12.30",
        "currency": "USD",
    } | changed


def test_a_cost_is_an_entry_with_its_price_on_its_day(chain: Chain):
    entry = book(chain, "shop", Booked(cost(quantity=Decimal(3), unit="hours", person="lin"), money("-20.5", "USD")))
    assert entry.price is not None and entry.price.money == money("-20.5", "USD") and entry.price.book == ""
    assert entry.subject == "cost/shop" and entry.said() == "data: weather, 3 hours (lin), 2026-11-20"
    found = costs(chain, RATES)
    assert [(line.name, line.amount) for line in found.by_step] == [("booked: data", Decimal("-20.5"))]
    assert [(line.name, line.amount) for line in found.by_day] == [("2026-11-20", Decimal("-20.5"))]


def test_an_invoice_of_a_vendor_is_booked_once(chain: Chain):
    first = book(chain, "shop", Booked(cost(vendor="ACME", invoice="A-1"), money(1, "USD")))
    with pytest.raises(MoneyError, match=rf"invoice A-1 of ACME was booked before, as #{first.seq}"):
        book(chain, "shop", Booked(cost(vendor="ACME", invoice="A-1", text="again"), money(2, "USD")))
    with pytest.raises(MoneyError, match="was booked before"):
        book(chain, "shop", Booked(cost(vendor=" acme ", invoice="a-1"), money(2, "USD")))
    for other in (cost(vendor="Other", invoice="A-1"), cost(vendor="ACME", invoice="A-2"), cost(vendor="ACME")):
        book(chain, "shop", Booked(other, money(1, "USD")))
    assert len(chain.find(CostBooked)) == 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"category": "toys"}, "no category"),
        ({"text": " "}, "not said"),
        ({"day": "20.11.2026"}, "is no day"),
        ({"day": "2026-11-31"}, "is no day"),
        ({"day": "20261110"}, "is no day"),
        ({"day": "2026-W46-1"}, "is no day"),
        ({"quantity": Decimal(3)}, "needs its unit"),
        ({"day": "9999-12-31"}, "the years are 1970 to 2200"),
        ({"day": "0001-01-01"}, "the years are 1970 to 2200"),
        ({"vendor": "=1+1"}, "one that a spreadsheet runs"),
        ({"text": "a\nb"}, "a line break"),
        ({"unit": "\x1b[31m", "quantity": Decimal(1)}, "a sign that moves"),
    ],
)
def test_what_says_too_little_is_not_booked(chain: Chain, changed: dict[str, object], said: str):
    with pytest.raises(MoneyError, match=said):
        book(chain, "shop", Booked(cost(**changed), money(1, "USD")))
    assert chain.find() == []


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "1,000", "", "12 EUR", "1e16", "--5"])
def test_an_amount_is_a_finite_number(text: str):
    with pytest.raises(MoneyError, match="is no number"):
        number(text, "amount")
    assert number("-0.000000001", "amount") == Decimal("-1e-9") and number(" 1e3 ".strip(), "x") == 1000


def test_a_file_is_booked_as_a_whole_and_once(chain: Chain, tmp_path: Path):
    file = csv_of(tmp_path, row(), row(), row(category="people", amount="80", currency="EUR", quantity="2", unit="h"))
    done = import_lines(chain, "shop", file)
    assert (done.booked, done.before) == (3, 0), "two lines that are alike are two"
    assert done.sums == [money(80, "EUR"), money("24.60", "USD")]
    again = import_lines(chain, "shop", file)
    assert (again.booked, again.before, again.sums) == (0, 3, [])
    longer = csv_of(tmp_path, row(), row(), row(), row(text="new"))
    assert import_lines(chain, "shop", longer).booked == 2
    assert len(chain.find(CostBooked)) == 5


def test_one_bad_line_stops_the_whole_file_and_each_is_named(chain: Chain, tmp_path: Path):
    bad = csv_of(tmp_path, row(), row(amount="x"), row(date="soon"), row(currency="usd"), row(category=""))
    with pytest.raises(DataError, match="4 of 5 lines cannot be booked") as told:
        import_lines(chain, "shop", bad)
    assert [fault.where for fault in told.value.faults] == [f"lines.csv:{n}" for n in (3, 4, 5, 6)]
    assert chain.find() == []
    with pytest.raises(DataError, match="30 of 30 lines") as many:
        read_lines(csv_of(tmp_path, *[row(amount="x")] * 30))
    assert many.value.faults[-1].what == "and 10 more"


@pytest.mark.parametrize("start", ["20261103", "2026-W46-1T00:00:00Z", "20261103T040000Z"])
def test_a_day_in_another_form_is_refused_in_a_file_too(chain: Chain, tmp_path: Path, start: str):
    columns = ("ChargePeriodStart", "BilledCost", "BillingCurrency")
    with pytest.raises(DataError, match="cannot be booked") as told:
        import_lines(
            chain, "shop", csv_of(tmp_path, dict(zip(columns, (start, "1", "USD"), strict=True)), columns=columns)
        )
    assert f'"{start[:10]}" is no day: write 2026-11-28' in told.value.faults[0].what
    with pytest.raises(DataError, match="cannot be booked"):
        import_lines(chain, "shop", csv_of(tmp_path, row(date=start[:10])))
    assert chain.find() == []


def test_a_file_that_is_none_is_told(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DataError, match="no column amount"):
        read_lines(csv_of(tmp_path, columns=("date", "category", "text", "amout", "currency")))
    with pytest.raises(DataError, match="has no lines"):
        read_lines(csv_of(tmp_path))
    with pytest.raises(DataError, match="there is no file ") as absent:
        read_lines(tmp_path / "line.csv")
    assert absent.value.mend == 'did you mean "lines.csv"?'
    with pytest.raises(DataError, match="is a folder"):
        read_lines(tmp_path)
    with pytest.raises(DataError, match="zero is no file"):
        read_lines(Path("/dev/zero"))
    (tmp_path / "utf16.csv").write_bytes("date,category".encode("utf-16"))
    with pytest.raises(DataError, match="has no column text, amount, currency"):
        read_lines(tmp_path / "utf16.csv")
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04\0\0\xfc\x01\x02")
    with pytest.raises(DataError, match="xlsx is no text"):
        read_lines(tmp_path / "x.xlsx")
    (tmp_path / "more.csv").write_text("date,category,text,amount,currency\n2026-11-02,data,x,1,50,EUR\n")
    with pytest.raises(DataError, match="1 of 1 line has more fields than the header"):
        read_lines(tmp_path / "more.csv")
    monkeypatch.setattr("treadle.costs.written.MOST_LINES", 2)
    with pytest.raises(DataError, match="more than 2 lines"):
        read_lines(csv_of(tmp_path, row(), row(), row()))


def test_a_file_of_focus_is_read_by_its_own_columns(tmp_path: Path):
    columns = ("ChargePeriodStart", "BilledCost", "BillingCurrency", "ChargeDescription", "ServiceProviderName")
    given = ("2026-11-03T04:00:00Z", "0.000000123", "USD", "", "Cloud")
    (line,) = read_lines(csv_of(tmp_path, dict(zip(columns, given, strict=True)), columns=columns))
    assert line.money == money("0.000000123", "USD")
    assert (line.cost.category, line.cost.day, line.cost.vendor) == ("infrastructure", "2026-11-03", "Cloud")
    assert line.cost.text == "a charge without a description"


amounts = st.decimals(-10_000, 10_000, places=9, allow_nan=False)
booked = st.lists(st.tuples(st.sampled_from(CATEGORIES), amounts, st.integers(1, 28)), min_size=1, max_size=12)


def month_sum(connection: Connection, by: str) -> Decimal:
    rows = connection.execute(select(ledger.c.units, ledger.c.nanos).where(ledger.c.by == by)).all()
    return sum((Decimal(row.units) + Decimal(row.nanos).scaleb(-9) for row in rows), Decimal(0))


@given(booked)
def test_every_grouping_sums_to_the_whole_exactly(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, Decimal, int]]
):
    from treadle.store.catalog import open_catalog

    folder = tmp_path_factory.mktemp("ledger")
    engine = open_catalog(f"sqlite:///{folder / 'catalog.db'}")
    try:
        chain = Chain(engine=engine, actor="ada", run="r", head_file=folder / "head")
        for category, amount, day in lines:
            book(chain, "shop", Booked(cost(category=category, day=f"2026-11-{day:02}"), money(amount, "USD")))
        found = costs(chain, RATES)
        with engine.connect() as connection:
            by_month = {by: month_sum(connection, by) for by in ("who", "what")}
    finally:
        engine.dispose()
    whole = sum((amount for _, amount, _ in lines), Decimal(0))
    assert found.amount == whole
    for group in (found.by_step, found.by_day, found.by_run):
        assert sum((line.amount for line in group), Decimal(0)) == whole
    assert by_month == {"who": whole, "what": whole}
    by_day = [line.name for line in found.by_day]
    assert by_day == sorted(by_day)


def test_a_booking_is_what_the_views_must_hold(chain: Chain):
    """`verify` computes the sums anew, and by its own statement of them."""
    from treadle.evidence import verify

    book(chain, "shop", Booked(cost(), money(1, "USD")))
    book(chain, "shop", Booked(cost(category="people", day="2025-01-01"), money(-2, "EUR")))
    assert verify(chain).faults == []


@pytest.mark.parametrize("kept", ["20261110", "2026-W46-2"])
def test_a_day_that_an_earlier_version_kept_as_typed_counts_in_its_month(chain: Chain, kept: str):
    from datetime import date

    from treadle.costs.trend import by_day

    entry = chain.append(cost(day=kept), "cost/shop", price=Price(money(7, "USD")))
    assert entry.said().endswith(", 2026-11-10")
    found, besides = by_day(chain, RATES, date(2026, 11, 1), date(2026, 11, 30))
    assert (found, besides) == ({date(2026, 11, 10): Decimal(7)}, [])
    with chain.engine.connect() as connection:
        names = {row.name for row in connection.execute(select(ledger).where(ledger.c.by.in_(("who", "what"))))}
    assert names == {f"2026-11 {chain.actor}", "2026-11 cost/shop"} and verify(chain).faults == []


def test_an_invoice_that_was_booked_by_hand_is_not_booked_by_a_file(chain: Chain, tmp_path: Path):
    first = book(chain, "shop", Booked(cost(vendor="ACME", invoice="A-1"), money(1, "USD")))
    lines = csv_of(tmp_path, row(vendor="ACME", invoice="A-1"), row(vendor="ACME", invoice="A-2"))
    with pytest.raises(DataError, match="1 line is of an invoice that was booked before") as told:
        import_lines(chain, "shop", lines)
    assert told.value.faults[0].what == f"invoice A-1 of ACME was booked before, as #{first.seq}"
    assert len(chain.find(CostBooked)) == 1
    several = csv_of(tmp_path, row(vendor="ACME", invoice="A-2"), row(vendor="ACME", invoice="A-2", text="more"))
    assert import_lines(chain, "shop", several).booked == 2, "an invoice may have several lines"


def test_the_ledger_is_not_booked_into_itself(chain: Chain, tmp_path: Path):
    from treadle.costs.focus import focus

    book(chain, "shop", Booked(cost(), money(1, "USD")))
    file = tmp_path / "focus.csv"
    file.write_text(focus("shop", chain.find())[0], encoding="utf-8", newline="")
    with pytest.raises(DataError, match="a ledger of Treadle's own"):
        import_lines(chain, "shop", file)


@pytest.mark.parametrize("text", ["0.0000000001", "-1e-12", "0.00000000049"])
def test_an_amount_that_would_be_nothing_is_refused(chain: Chain, tmp_path: Path, text: str):
    with pytest.raises(MoneyError, match="is less than is kept of USD"):
        paid(Decimal(text), "USD")
    with pytest.raises(DataError, match="is less than is kept of USD"):
        import_lines(chain, "shop", csv_of(tmp_path, row(), row(amount=text)))
    assert chain.find() == []
    assert paid(Decimal("0.000000001"), "USD").amount == Decimal("0.000000001") and paid(Decimal(0), "USD").amount == 0


@pytest.mark.parametrize("header", ["amount", " Amount"])
def test_a_column_that_stands_twice_is_refused(chain: Chain, tmp_path: Path, header: str):
    file = csv_of(tmp_path, row())
    first, _, rest = file.read_text().partition("\n")
    file.write_text("\n".join([f"{first},{header}", *(f"{line},99" for line in rest.splitlines())]))
    with pytest.raises(DataError, match="has the column amount twice"):
        import_lines(chain, "shop", file)
    assert chain.find() == []


def test_many_lines_are_one_commit_and_what_one_by_one_would_be(chain: Chain, tmp_path: Path):
    rows = [row(text=f"line {n}", amount=f"{n}.5", date=f"2026-01-{1 + n % 28:02}") for n in range(700)]
    done = import_lines(chain, "shop", csv_of(tmp_path, *rows))
    assert done.booked == 700 and [entry.payload.text for entry in chain.find(CostBooked)] == [r["text"] for r in rows]
    assert verify(chain).faults == [] and len(costs(chain, RATES).by_day) == 28


@pytest.mark.parametrize(
    "saved",
    [
        {"amount": "120.5"},
        {"amount": "1.205e2"},
        {"vendor": "Acme"},
        {"vendor": "\uff21\uff23\uff2d\uff25 "},
        {"invoice": "a\u20111"},
        {"text": "1,000  Labels"},
        {"quantity": "12.0"},
    ],
)
def test_a_file_saved_anew_is_the_same_lines(chain: Chain, tmp_path: Path, saved: dict[str, str]):
    line = row(amount="120.50", vendor="ACME", invoice="A-1", quantity="12", unit="h")
    short = tuple(name for name in COLUMNS if name != "person")
    assert import_lines(chain, "shop", csv_of(tmp_path, line, line, columns=short)).booked == 2
    again = import_lines(chain, "shop", csv_of(tmp_path, line | saved, line | saved))
    assert (again.booked, again.before) == (0, 2)


def test_lines_that_an_earlier_version_booked_are_known(chain: Chain, tmp_path: Path):
    old = cost(category="labels", text="1,000 labels", day="20261102", vendor="ACME", line="a" * 40 + "-1")
    chain.append(old, "cost/shop", price=Price(money("12.3", "USD")))
    assert import_lines(chain, "shop", csv_of(tmp_path, row(vendor="Acme"))).before == 1


def test_other_lines_of_an_invoice_that_a_file_had_need_a_word(chain: Chain, tmp_path: Path):
    first = row(vendor="ACME", invoice="A-1")
    import_lines(chain, "shop", csv_of(tmp_path, first))
    changed = csv_of(tmp_path, first, row(vendor="Acme", invoice="A\u20111", amount="13"))
    with pytest.raises(DataError, match="1 line is of an invoice that was booked before"):
        import_lines(chain, "shop", changed)
    with pytest.raises(MoneyError, match="was booked before"):
        book(chain, "shop", Booked(cost(vendor="ACME", invoice="A\u20111"), money(1, "USD")))
    assert len(chain.find(CostBooked)) == 1
    assert import_lines(chain, "shop", changed, more=True).booked == 1
    book(chain, "shop", Booked(cost(vendor="ACME", invoice="B-1"), money(1, "USD")))
    with pytest.raises(DataError, match="booked before"):
        import_lines(chain, "shop", csv_of(tmp_path, row(vendor="ACME", invoice="B-1")), more=True)


FOCUS_1_0 = ("ChargePeriodStart", "BilledCost", "BillingCurrency", "InvoiceId", "ChargeDescription")


def focus_row(**more: str) -> dict[str, str]:
    given = {"ChargePeriodStart": "2026-11-02T00:00:00Z", "BilledCost": "12.5", "BillingCurrency": "USD"}
    return given | {"InvoiceId": "A-1", "ChargeDescription": "machines"} | more


@pytest.mark.parametrize(
    ("said", "vendor"),
    [
        ({"ServiceProviderName": "AWS", "ProviderName": "x", "PublisherName": "y"}, "AWS"),
        ({"ServiceProviderName": "", "ProviderName": "AWS", "InvoiceIssuerName": "x"}, "AWS"),
        ({"ProviderName": "AWS", "InvoiceIssuerName": "x"}, "AWS"),
        ({"InvoiceIssuerName": "AWS", "PublisherName": "x"}, "AWS"),
        ({"PublisherName": "AWS"}, "AWS"),
        ({"ProviderName": ""}, ""),
    ],
)
def test_a_line_of_focus_of_any_version_has_its_vendor(tmp_path: Path, said: dict[str, str], vendor: str):
    (line,) = read_lines(csv_of(tmp_path, focus_row(**said), columns=(*FOCUS_1_0, *said)))
    assert line.cost.vendor == vendor


def test_two_clouds_may_number_their_invoices_alike_and_are_exported_by_name(chain: Chain, tmp_path: Path):
    columns = (*FOCUS_1_0, "ProviderName")
    for name in ("AWS", "Azure"):
        assert import_lines(chain, "shop", csv_of(tmp_path, focus_row(ProviderName=name), columns=columns)).booked == 1
    found = list(csv.DictReader(io.StringIO(focus("shop", chain.find())[0])))
    assert [each["InvoiceIssuerName"] for each in found] == ["AWS", "Azure"]
    assert [each["ServiceProviderName"] for each in found] == ["AWS", "Azure"]


def test_a_line_that_an_earlier_version_booked_without_its_vendor_is_left_alone(chain: Chain, tmp_path: Path):
    (line,) = read_lines(csv_of(tmp_path, focus_row(), columns=FOCUS_1_0))
    chain.append(line.cost, "cost/shop", price=Price(line.money))
    twice = [focus_row(ProviderName="AWS", InvoiceId=each) for each in ("A-1", "A-2")]
    done = import_lines(chain, "shop", csv_of(tmp_path, *twice, columns=(*FOCUS_1_0, "ProviderName")))
    assert (done.booked, done.before) == (1, 1)


EUROPEAN = "date;category;text;amount;currency;vendor;invoice;person;quantity;unit\n"


def european(folder: Path, *amounts: str, encoding: str = "latin-1") -> Path:
    file = folder / "kosten.csv"
    lines = "".join(f"2026-11-0{n};data;Wetter für München;{each};EUR;;;;;\n" for n, each in enumerate(amounts, 1))
    file.write_bytes((EUROPEAN + lines).encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_a_european_spreadsheet_is_read(tmp_path: Path, encoding: str):
    found = read_lines(european(tmp_path, "1.240,50", "1.240", "-0,5", "1 240,5", "12", encoding=encoding))
    assert [str(each.money.amount.normalize()) for each in found] == ["1240.5", "1.24E+3", "-0.5", "1240.5", "12"]
    assert found[0].cost.text == "Wetter für München"


def test_a_number_that_can_be_read_in_two_ways_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="2 of 3 lines have a number that can be read in two ways") as bad:
        read_lines(european(tmp_path, "1.240", "12", "3.100"))
    assert bad.value.faults[0].what.startswith('the amount "1.240" is 1240 or 1.24,')
    assert bad.value.faults[0].mend == "write 1240.00 or 1.24", "1.240 is what was refused"
    (line,) = read_lines(csv_of(tmp_path, row(amount="1.240")))
    assert line.money == money("1.24", "USD"), "between commas a point stands before decimals"
    assert read_lines(csv_of(tmp_path, row(amount="1,240.50")))[0].money == money("1240.50", "USD")
    assert read_lines(csv_of(tmp_path, row(amount="1.240,50")))[0].money == money("1240.50", "USD")
    with pytest.raises(DataError, match="two ways"):
        read_lines(csv_of(tmp_path, row(amount="1,240")))


@pytest.mark.parametrize(
    ("cell", "mends"), [("1.240", "1.24"), ("1.200", "1.20"), ("1.000", "1.00"), ("1.234", "1.2340")]
)
def test_what_is_to_be_written_for_a_number_of_two_ways_is_of_one(tmp_path: Path, cell: str, mends: str):
    with pytest.raises(DataError, match="two ways") as bad:
        read_lines(european(tmp_path, cell))
    assert bad.value.faults[0].mend == f"write {cell.replace('.', '')}.00 or {mends}"
    for written in bad.value.faults[0].mend.removeprefix("write ").split(" or "):
        (line,) = read_lines(european(tmp_path, written))
        assert line.money == money(written, "EUR")


def test_each_wrong_number_says_what_to_write(tmp_path: Path):
    with pytest.raises(DataError) as bad:
        read_lines(csv_of(tmp_path, row(amount="12 EUR")))
    assert "(write 1234.56)" in str(bad.value.faults[0])


def test_one_of_a_thing_is_said_as_one(chain: Chain, tmp_path: Path):
    one = book(chain, "shop", Booked(cost(category="people", quantity=Decimal("1.0"), unit="hours"), money(3, "USD")))
    assert ", 1 hour," in one.said()
    with pytest.raises(DataError, match="1 of 1 line cannot be booked"):
        read_lines(csv_of(tmp_path, row(amount="x")))
