"""Random expressions of every type, up to four calls deep: Polars, row and DuckDB agree."""

from __future__ import annotations

from functools import cache

from grammar import LITERALS, expressions, makers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle, some_rows

from treadle.expr.casts import ALLOWED_CASTS
from treadle.expr.tree import functions

_KINDS = [kind for kind in LITERALS if makers()[kind]]
_TEXTS = st.sampled_from(_KINDS).flatmap(lambda kind: st.integers(1, 4).flatmap(lambda depth: expressions(kind, depth)))


@cache
def oracle() -> Oracle:
    return Oracle(some_rows(80, 2))


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(_TEXTS)
def test_random_expressions_agree_in_polars_row_and_duckdb(text: str) -> None:
    oracle().agree(text)


def test_every_function_and_cast_can_be_drawn() -> None:
    drawn = {name for made in makers().values() for name, _ in made}
    assert drawn == {*functions(), *(f"cast {kind}" for kind in ALLOWED_CASTS)}


def test_a_constant_whose_arithmetic_overflows_is_null_everywhere() -> None:
    for text in ("9000000000000000000 + 9000000000000000000 + i", "1e308 * 10 + f", "exp(1000) + f", "power(-8, 0.5)"):
        found = oracle().parse(text)
        assert set(oracle().row(found)) == set(oracle().polars(found)) == {None}
