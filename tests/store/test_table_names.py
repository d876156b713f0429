"""What a project's tables are called: its sources are shared by its targets, all else is of one."""

from __future__ import annotations

import pytest

from treadle.store import TableNames


@pytest.mark.parametrize(("target", "address"), [("", "shop"), ("days", "shop.days")])
def test_sources_are_of_the_project_and_the_rest_of_the_target(target: str, address: str) -> None:
    names = TableNames("shop", target)
    assert (names.source("orders"), names.quarantine("orders")) == ("shop/source/orders", "shop/quarantine/orders")
    own = [names.training, names.predictions, names.outcomes, names.ledger("outcomes")]
    assert own == [f"{address}/training", f"{address}/predictions", f"{address}/outcomes", f"{address}/outcomes"]
