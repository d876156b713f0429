"""The third example, as its README goes: five unlike sources, one of them an API that is trusted first."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from terminal import answer, refusal, treadle

pytestmark = [pytest.mark.needs("fastexcel")]
EXAMPLE = Path(__file__).parents[2] / "examples" / "shop"
LATE = (
    "insert into orders (order_id, customer, product, country, placed, pieces, paid, discount, paid_by, changed) "
    "values ('X1', 'K99999', 'P0001', 'DE', '2025-03-01 10:00:00', 1, 20.0, 0, 'card', '2025-03-01 10:00:00')"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example with fewer orders and one quick family, its API running on a port of its own."""
    folder = shutil.copytree(
        EXAMPLE, tmp_path_factory.mktemp("five") / "shop", ignore=shutil.ignore_patterns(".treadle", "data")
    )
    subprocess.run([sys.executable, str(folder / "make_data.py"), "--orders", "2500"], check=True, capture_output=True)
    told = importlib.util.spec_from_file_location("serve_products", folder / "serve_products.py")
    assert told is not None and told.loader is not None
    api = importlib.util.module_from_spec(told)
    told.loader.exec_module(api)
    with ThreadingHTTPServer(("127.0.0.1", 0), api.Products) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        text = (folder / "treadle.yaml").read_text(encoding="utf-8")
        text = text.replace(":8765/", f":{server.server_port}/") + "train: {families: [linear], search: none}\n"
        (folder / "treadle.yaml").write_text(text, encoding="utf-8")
        yield folder
        server.shutdown()


def test_the_tutorial_goes_as_it_says(shop: Path) -> None:
    assert "a server outside the project" in refusal("check", shop)
    treadle("trust", shop)
    checked = answer("check", shop)
    assert {each["source"]: each["rows"] for each in checked["sources"]}["orders"] == 2500
    ran = answer("run", shop)
    assert [each["source"] for each in ran["readings"]] == ["customers", "products", "orders"]  # in the order of need
    assert ran["value"] > ran["baseline"]

    with closing(sqlite3.connect(shop / "data" / "orders.db")) as db:
        db.execute(LATE)
        db.commit()
    again = answer("run", shop)
    assert {each["source"]: each["rows"] for each in again["readings"]}["orders"] == 1
    aside = {each["source"]: each["rows"] for each in answer("data", "quarantine", "list", shop)["sources"]}
    assert aside["orders"] == 1
    shown = answer("data", "quarantine", "show", "orders", shop)
    assert "K99999" in str(shown) and "customer must stand in customer of customers" in str(shown)

    treadle("data", "quarantine", "mend", "orders", shop, "--set", "customer='K00001'", "--reason", "a slip")
    treadle("data", "quarantine", "replay", "orders", shop, "--reason", "mended")
    count = "select count(*) as n, count(distinct order_id) as ids from orders"
    assert answer("data", "query", count, shop)["rows"] == [[2501, 2501]]
    answer("run", shop)
    assert answer("data", "query", count, shop)["rows"] == [[2501, 2501]]
    readers = answer("lineage", "products.category", shop)
    assert "product_category" in str(readers)


def test_served_and_trained_values_are_equal(shop: Path) -> None:
    proved = answer("features", "prove", shop)
    assert proved["ok"] and proved["cells"] > 50_000
