"""A project whose orders are in a database goes the whole way, and its password is nowhere."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from terminal import answer, refusal, treadle

SHOP = """\
project: shop
brief:
  decision: Call a customer before an order comes back.
  people: {owner: ada, reviewers: [grace], approve: reviewer}
access: {trust: local, logins: {"*": ada}}
sources:
  orders:
    read: "READ"
    table: orders
    where: "amount > 0"
    columns: [order, told, amount, back]
    key: order
predict:
  name: back
  each: orders
  at: told
  label: "back = 'yes'"
  label_known: told
  split: {by: time, test: 0.2, folds: 3}
features: {request: [amount]}
train: {families: [linear], search: none, seed: 7}
"""


def orders() -> list[tuple[int, datetime, float, str]]:
    draw, first = random.Random(5), datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for n in range(1200):
        told, amount = first + timedelta(minutes=24 * n), draw.gauss(80, 20)
        made.append((n, told, round(amount, 2), "yes" if draw.random() < (0.8 if amount > 95 else 0.1) else "no"))
    return made


def project(folder: Path, read: str) -> Path:
    text = SHOP.replace("READ", read)
    (folder / "treadle.yaml").write_text(text, encoding="utf-8")
    return folder


def read_again(folder: Path) -> bool:
    """Whether a run took rows from the database anew."""
    (line,) = (line for line in answer("run", folder)["steps"] if line["kind"] == "sources.read")
    return not line["cached"]


def test_a_shop_in_sqlite(tmp_path: Path) -> None:
    rows = [(n, f"{told:%Y-%m-%d %H:%M:%S}", amount, back) for n, told, amount, back in orders()]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made:
        made.execute('create table orders ("order" integer, told datetime, amount real, back text, other blob)')
        made.executemany("insert into orders values (?, ?, ?, ?, null)", rows)
        made.commit()
    folder = project(tmp_path, "sqlite:shop.db")
    checked = answer("check", folder)
    assert checked["problems"] == [] and checked["sources"][0]["columns"] == 4
    assert read_again(folder) and not read_again(folder)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made:
        made.execute('update orders set amount = 1 where "order" = 7')
        made.commit()
    assert read_again(folder)


@pytest.mark.needs("postgres", "adbc_driver_postgresql")
def test_a_shop_in_postgres_whose_password_is_nowhere(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(postgres) as made:
        made.execute('create table orders ("order" int, told timestamptz, amount numeric(9, 2), back text, other xid)')
        made.cursor().executemany("insert into orders values (%s, %s, %s, %s, null)", orders())
    parts = urlsplit(postgres)
    password = unquote(parts.password or "")
    monkeypatch.setenv("SHOP_PASSWORD", password)
    place = f"@{parts.hostname}:{parts.port}{parts.path}"
    folder = project(tmp_path, f"postgresql://{parts.username}:${{SHOP_PASSWORD}}{place}")
    said = [refusal("run", folder)]
    assert "is a server outside the project" in said[0]
    said += [treadle("trust", folder).stdout, treadle("check", folder).stdout]
    assert "1,200" in said[-1]
    assert read_again(folder) and not read_again(folder)
    with psycopg.connect(postgres) as made:
        made.execute('update orders set amount = 1 where "order" = 7')
    assert read_again(folder)
    shown = treadle("run", folder)
    said += [shown.stdout, shown.stderr, treadle("verify", folder).stdout]
    monkeypatch.setenv("SHOP_PASSWORD", f"{password}-wrong")
    said.append(refusal("run", folder))
    assert "password authentication failed" in said[-1]
    ways = (password, quote(password, safe=""), parts.password or "")
    assert not [text for text in said for way in ways if way in text]
    kept = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".html" for file in kept) and any(file.name == "catalog.db" for file in kept)
    assert not [file for file in kept for way in ways if way.encode() in file.read_bytes()]
