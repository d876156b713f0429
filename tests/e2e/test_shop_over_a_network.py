"""A project whose orders come from an HTTP API, and their customers from an object store, goes the whole way."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from terminal import answer, refusal, treadle

from services.s3 import Server
from services.web import Asked, Say, says, serving

SHOP = """\
project: shop
brief:
  people: {owner: ada, reviewers: [grace], approve: reviewer}
access: {trust: local, logins: {"*": ada}}
sources:
  orders:
    read: URL/orders
    records: data.items
    headers: {Authorization: "Bearer ${SHOP_TOKEN}"}
    page: {by: cursor, next: meta.next, total: meta.total}
    key: order
STORE
predict:
  name: back
  each: orders
  at: told
  label: "back"
  label_known: told
  split: {by: time, test: 0.2, folds: 3}
features: {request: [amount]LOOKUP}
train: {families: [linear], search: none, seed: 7}
"""
TOKEN = "t0p/s3cret+word"


def orders() -> list[dict[str, Any]]:
    draw, first = random.Random(5), datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for n in range(800):
        told, amount = first + timedelta(minutes=24 * n), draw.gauss(80, 20)
        back = draw.random() < (0.8 if amount > 95 else 0.1)
        made.append(
            {"order": n, "told": told.isoformat(), "amount": round(amount, 2), "back": back, "customer": n % 50}
        )
    return made


def project(folder: Path, url: str, store: str = "", lookup: str = "") -> Path:
    text = SHOP.replace("URL", url).replace("STORE\n", store).replace("LOOKUP", lookup)
    (folder / "treadle.yaml").write_text(text, encoding="utf-8")
    return folder


class Shop:
    """An API that lets in who has the token, and is busy now and then."""

    def __init__(self) -> None:
        self.rows, self.busy, self.down = orders(), {2}, False

    def __call__(self, asked: Asked) -> Say:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return says({"message": "who is it?"}, status=401)
        if asked.number in self.busy or self.down:
            return Say(b"busy", status=503, headers=(("Retry-After", "0"),))
        start = int(asked.query.get("cursor", 0))
        following = start + 300 if start + 300 < len(self.rows) else None
        return says({"data": {"items": self.rows[start : start + 300]}, "meta": {"next": following, "total": 800}})


def read_again(folder: Path) -> list[bool]:
    """Whether a run took rows anew, for each source."""
    return [not line["cached"] for line in answer("run", folder)["steps"] if line["kind"] == "sources.read"]


def test_a_shop_with_an_api_whose_token_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    with serving(shop) as web:
        folder = project(tmp_path, web.url)
        said = [refusal("run", folder)]
        assert f"{web.url}/orders, with ${{SHOP_TOKEN}} is a server outside the project" in said[0]
        trusted = treadle("trust", folder)
        assert f"{web.url}/orders, with ${{SHOP_TOKEN}}" in trusted.stdout
        said.append(refusal("run", folder))
        assert "SHOP_TOKEN is not set" in said[-1]
        monkeypatch.setenv("SHOP_TOKEN", TOKEN)
        said += [trusted.stdout, treadle("check", folder).stdout]
        assert "800" in said[-1]
        assert read_again(folder) == [True] and read_again(folder) == [False]
        shop.rows[7] = {**shop.rows[7], "amount": 1.0}
        assert read_again(folder) == [True]
        shown = treadle("run", folder)
        said += [shown.stdout, shown.stderr, treadle("verify", folder).stdout]
        monkeypatch.setenv("SHOP_TOKEN", f"{TOKEN}-wrong")
        said.append(refusal("run", folder))
        assert "page 1 of" in said[-1] and "it answered 401 (who is it?)" in said[-1]
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    assert not [text for text in said if TOKEN in text]
    kept = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".html" for file in kept) and any(file.name == "catalog.db" for file in kept)
    assert not [file for file in kept if TOKEN.encode() in file.read_bytes()]


@pytest.mark.needs("s3")
def test_an_api_and_a_store_are_joined(s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore

    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = s3_server.bucket("first")
    for part in range(2):
        rows = "".join(f"{n},{n * 1.5},2025-12-01T00:00:00Z\n" for n in range(part * 25, part * 25 + 25))
        obstore.put(bucket, f"e2e/customers-{part}.csv", f"customer,worth,known\n{rows}".encode())
    store = (
        f"  customers:\n    read: s3://first/e2e/customers-*.csv\n    endpoint: {s3_server.endpoint}\n"
        "    region: us-east-1\n    key: customer\n    happened: known\n    known: known\n"
    )
    lookup = ", lookup: {of_customer: {from: customers, on: customer, take: [worth]}}"
    with serving(Shop()) as web:
        folder = project(tmp_path, web.url, store, lookup)
        listed = treadle("trust", folder).stdout
        assert f"s3://first/e2e/customers-*.csv, at {s3_server.endpoint}" in listed
        assert read_again(folder) == [True, True] and read_again(folder) == [False, False]
        obstore.put(bucket, "e2e/customers-1.csv", b"customer,worth,known\n30,7,2025-12-01T00:00:00Z\n")
        assert read_again(folder) == [False, True]
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wr0ng")
        said = refusal("run", folder)
        assert "it answered 403 Forbidden" in said and "wr0ng" not in said
    kept = [file for file in folder.rglob("*") if file.is_file()]
    assert not [file for file in kept if s3_server.secret.encode() in file.read_bytes()]
