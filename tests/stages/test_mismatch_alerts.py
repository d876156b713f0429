"""Rows that do not agree with those of another source raise an alert, as drift does."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from stage_shop import CONTRACT, edit, opened, write_shop

from treadle.errors import TreadleError
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.stages.alerting import alerts_of_sources, read_watched
from treadle.stages.work import Work

KIND = "{name: kind, logicalType: string, relationships: [{to: kinds.kind}]}"
BALANCE = "{metric: sumsBalance, left: amount, right: paid, source: books}"
SUMS = f"    quality:\n    - {{type: custom, engine: treadle, implementation: {BALANCE}}}\n"
LEVEL = ", severity: warning"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write_shop(tmp_path, 200)
    (tmp_path / "kinds.csv").write_text("kind\na\nb\n")
    (tmp_path / "books.csv").write_text("day,paid\n1,12.5\n")
    edit(tmp_path, "sources:\n", "sources:\n  kinds: {read: kinds.csv}\n  books: {read: books.csv}\n")
    (tmp_path / "orders.yaml").write_text(CONTRACT.replace("{name: kind, logicalType: string}", KIND))
    return tmp_path


def alerts(shop: Path) -> list[tuple[str, str]]:
    """Of all runs so far."""
    workspace = opened(shop)
    try:
        with suppress(TreadleError):
            read_watched(Work(workspace))
        found = workspace.chain.find(AlertRaised)
        assert all(entry.subject == "source/orders" and entry.actor == "policy:watch" for entry in found)
        now = [alert.text for each in alerts_of_sources(workspace).values() for alert in each]
        assert set(now) <= {entry.payload.text for entry in found}
        return [(entry.payload.until, entry.payload.text) for entry in found if entry.payload.about == "mismatch"]
    finally:
        workspace.chain.engine.dispose()


def test_keys_that_do_not_stand_in_the_other_source(shop: Path) -> None:
    assert alerts(shop) == []
    file = shop / "orders.csv"
    file.write_text(file.read_text().replace(",a,", ",zz,", 2))
    wanted = ("orders@1", "orders@1 does not agree with kinds in 2 of 200 rows: kind must stand in kind of kinds")
    assert alerts(shop) == [wanted] and alerts(shop) == [wanted], "once for each version"
    file.write_text(file.read_text().replace(",zz,", ",a,"))
    assert alerts(shop) == [wanted]


@pytest.mark.parametrize("level", ["", LEVEL])
def test_sums_that_do_not_balance_refuse_or_warn(shop: Path, level: str) -> None:
    edit(shop, "    properties:\n", SUMS.replace("treadle,", f"treadle{level},") + "    properties:\n", "orders.yaml")
    (told,) = alerts(shop)
    if level:
        assert told[0] == "orders@0" and told[1].startswith("orders@0 does not agree with books: ")
    else:
        assert told[1].startswith("orders was refused, as it does not agree with books: ")


def test_a_contract_that_cannot_be_read_is_the_runs_to_refuse(shop: Path) -> None:
    (shop / "orders.yaml").write_text("{")
    assert alerts(shop) == []
