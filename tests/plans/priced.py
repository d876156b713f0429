"""Prices of a vendor that there is not, so that each sum can be worked by hand."""

from __future__ import annotations

from decimal import Decimal

from treadle.money import rates_of
from treadle.plans.machines import Prices
from treadle.pricing import Figure
from treadle.pricing.pricelist import at

RATES = rates_of("EUR", "2026-11-01", {"USD": "1.25"})


def figure(kind: str, amount: str, **more: object) -> Figure:
    given = {"vendor": "acme", "region": "eu", "currency": "EUR", "date": "2026-11-01", "source": f"acme on {kind}"}
    return Figure(**{"kind": kind, "amount": Decimal(amount), **given, **more})  # type: ignore[arg-type]


def machine(kind: str, amount: str, sku: str = "m2", cpus: float = 2, gb: float = 8, **more: object) -> Figure:
    return figure(kind, amount, sku=sku, cpus=cpus, memory_gb=gb, **more)


def prices(*figures: Figure) -> Prices:
    return Prices(at(figures, "2026-12-31"), RATES)
