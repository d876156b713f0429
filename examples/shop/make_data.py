"""Five sources of a shop that never was, drawn from one seed: two databases, an API's answers, JSON Lines, Excel.

python make_data.py [--orders 12000] [--seed 7]     writes data/ beside this file; the standard library is enough.

What makes an order come back is known here, so that one can see what a model finds: fashion, a large discount,
customers who sent things back before, many visits in the days before (they compare), a long way. The rest is chance.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 420
CATEGORIES = {"fashion": 1.2, "shoes": 0.8, "home": -0.4, "books": -1.4, "toys": -0.2, "tools": -0.7}
WAYS = {"DE": (2, 4.9), "AT": (3, 7.9), "CH": (5, 14.5), "FR": (4, 9.9), "ES": (7, 12.9), "JP": (14, 34.0)}
PAID_BY = ("card", "invoice", "transfer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--orders", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    drawn, folder = random.Random(given.seed), Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    customers = draw_customers(drawn, max(50, given.orders // 5))
    products = draw_products(drawn, 300)
    visits = draw_visits(drawn, customers, given.orders * 2)
    orders = draw_orders(drawn, customers, products, visits, given.orders)
    write_orders(folder / "orders.db", orders)
    write_customers(folder / "crm.db", customers)
    (folder / "products.json").write_text(json.dumps(products, indent=0), encoding="utf-8")
    lines = (json.dumps(visit, ensure_ascii=False) for visit in visits)
    (folder / "visits.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_workbook(folder / "shipping.xlsx", [("country", "days", "costs"), *((c, *way) for c, way in WAYS.items())])
    print(f"{len(orders):,} orders, {len(customers):,} customers, {len(products):,} products, {len(visits):,} visits")


def draw_customers(drawn: random.Random, count: int) -> list[dict]:
    return [
        {
            "customer": f"K{n:05d}",
            "since": FIRST - timedelta(days=drawn.randint(1, 1500)),
            "country": drawn.choices(list(WAYS), weights=(50, 14, 10, 12, 9, 5))[0],
            "newsletter": drawn.random() < 0.4,
            "leaning": drawn.gauss(0, 1.1),  # to send back; no source tells it
        }
        for n in range(1, count + 1)
    ]


def draw_products(drawn: random.Random, count: int) -> list[dict]:
    made = []
    for n in range(1, count + 1):
        category = drawn.choice(list(CATEGORIES))
        price = round(math.exp(drawn.gauss(3.4, 0.7)), 2)
        rating = round(drawn.uniform(2.5, 5), 1)
        made.append({"product": f"P{n:04d}", "category": category, "list_price": price, "rating": rating})
    return made


def draw_visits(drawn: random.Random, customers: list[dict], count: int) -> list[dict]:
    made = []
    for _ in range(count):
        at = FIRST + timedelta(seconds=drawn.uniform(0, DAYS * 86400))
        made.append((at, drawn.choice(customers)["customer"], 1 + int(drawn.expovariate(0.15))))
    made.sort()
    return [
        {"visit": n, "customer": customer, "at": at.isoformat(timespec="seconds"), "pages": pages}
        for n, (at, customer, pages) in enumerate(made, start=1)
    ]


def draw_orders(
    drawn: random.Random, customers: list[dict], products: list[dict], visits: list[dict], count: int
) -> list[tuple]:
    looked: dict[str, list[datetime]] = {}
    for visit in visits:
        looked.setdefault(visit["customer"], []).append(datetime.fromisoformat(visit["at"]))
    made = []
    times = sorted(FIRST + timedelta(seconds=drawn.uniform(0, DAYS * 86400)) for _ in range(count))
    for n, placed in enumerate(times, start=1):
        customer, product = drawn.choice(customers), drawn.choice(products)
        discount = drawn.choice((0, 0, 0, 10, 20, 40))
        pieces = 1 + int(drawn.expovariate(0.9))
        recent = sum(placed - timedelta(days=7) <= at < placed for at in looked.get(customer["customer"], ()))
        way = WAYS[customer["country"]][0]
        z = -1.9 + CATEGORIES[product["category"]] + customer["leaning"] + 0.03 * discount + 0.5 * recent + 0.08 * way
        back = drawn.random() < 1 / (1 + math.exp(-z))
        told = placed + timedelta(days=way + (drawn.uniform(2, 12) if back else 14))
        known = told <= FIRST + timedelta(days=DAYS)
        at, later = (each.strftime("%Y-%m-%d %H:%M:%S") for each in (placed, told))
        made.append(
            (
                f"O{n:06d}",
                customer["customer"],
                product["product"],
                customer["country"],
                at,
                pieces,
                round(pieces * product["list_price"] * (1 - discount / 100), 2),
                discount,
                drawn.choice(PAID_BY),
                int(back) if known else None,
                later if known else None,
                later if known else at,
            )
        )
    return made


def write_orders(file: Path, orders: list[tuple]) -> None:
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as db:
        db.execute(
            "create table orders (order_id text primary key, customer text, product text, country text, "
            "placed datetime, pieces integer, paid real, discount integer, paid_by text, came_back boolean, "
            "told datetime, changed datetime)"
        )
        db.executemany(f"insert into orders values ({', '.join('?' * 12)})", orders)
        db.commit()


def write_customers(file: Path, customers: list[dict]) -> None:
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as db:
        db.execute("create table customers (customer text primary key, since date, country text, newsletter boolean)")
        rows = [(c["customer"], c["since"].date().isoformat(), c["country"], int(c["newsletter"])) for c in customers]
        db.executemany("insert into customers values (?, ?, ?, ?)", rows)
        db.commit()


def write_workbook(file: Path, rows: list[tuple]) -> None:
    """A workbook of one sheet, the least that Excel opens: it needs no library."""

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    main, office = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    relations = f'xmlns="{office}/package/2006/relationships"'
    kinds = f"{office}/officeDocument/2006/relationships"
    spread = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{spread}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{spread}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{kinds}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{kinds}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{kinds}"><sheets>'
        '<sheet name="shipping" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'
        + "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        + "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), f'<?xml version="1.0" encoding="UTF-8"?>{text}')


if __name__ == "__main__":
    main()
