"""The bad rows: a line for each failing row and rule, with the value as it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from treadle.contracts.rules import Rule

if TYPE_CHECKING:
    import polars as pl


def lines(
    passed: pl.DataFrame, failing: list[tuple[Rule, str]], keys: tuple[str, ...], given: Mapping[str, str]
) -> pl.DataFrame:
    """The quarantine of a checked table.

    failing: rules with the column that marks their rows. given: for columns that were cast, the column that holds the
    values from before.
    """
    import polars as pl

    empty = pl.DataFrame(
        schema={
            "row": pl.Int64,
            "key": pl.String,
            "rule": pl.String,
            "column": pl.String,
            "value": pl.String,
            "reason": pl.String,
        }
    )
    if not failing:
        return empty
    parts = [_of_rule(passed, rule, mark, keys, given) for rule, mark in failing]
    return pl.concat([empty, *parts]).sort("row", maintain_order=True)


def whole_rows(
    passed: pl.DataFrame, bad: pl.Series, quarantine: pl.DataFrame, columns: Sequence[str], given: Mapping[str, str]
) -> pl.DataFrame | None:
    """The bad rows as they were given, each with what it broke: what is needed to mend one, and to take it then.

    bad: which rows they are. columns: the names of the table, in order. See `Report.aside`.
    """
    import polars as pl

    if not quarantine.height:
        return None
    at = bad.arg_true()
    rows = _rows(passed, [given.get(name, name) for name in columns], at)
    said = quarantine.group_by("row", maintain_order=True).agg(
        pl.struct("rule", "column", "value", "reason").alias("broke")
    )
    return (
        rows.select(pl.struct(pl.col(given.get(name, name)).alias(name) for name in columns).alias("given"))
        .with_columns(at.cast(pl.Int64).alias("row"))
        .join(said, on="row", how="left", maintain_order="left")
        .select("row", "given", "broke")
    )


def _rows(passed: pl.DataFrame, names: list[str], at: pl.Series) -> pl.DataFrame:
    """Few of many rows: taken without a query, which would copy all of the columns first."""
    return passed[names][at]


def _of_rule(
    passed: pl.DataFrame, rule: Rule, mark: str, keys: tuple[str, ...], given: Mapping[str, str]
) -> pl.DataFrame:
    import polars as pl

    at = passed[mark].arg_true()
    known = [key for key in keys if key in passed.columns]
    wanted = dict.fromkeys(given.get(name, name) for name in (*known, *rule.columns))
    rows = _rows(passed, list(wanted), at)

    def shown(name: str) -> Any:
        return _text(given.get(name, name), rows.schema[given.get(name, name)])

    value = shown(rule.columns[0]) if rule.columns else pl.lit(None, dtype=pl.String)
    if len(rule.columns) > 1:
        value = pl.concat_str(
            [pl.format(name.replace("{}", "{{}}") + "={}", shown(name).fill_null("NULL")) for name in rule.columns],
            separator=", ",
        )
    key = pl.concat_str([shown(name).fill_null("") for name in known], separator=",") if known else pl.lit("")
    return rows.with_columns(at.cast(pl.Int64).alias("\x00row")).select(
        pl.col("\x00row").alias("row"),
        key.alias("key"),
        pl.lit(rule.id).alias("rule"),
        pl.lit(", ".join(rule.columns)).alias("column"),
        value.alias("value"),
        pl.lit(rule.text).alias("reason"),
    )


def _text(column: str, dtype: Any) -> Any:
    import polars as pl

    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return pl.lit(f"a value of type {dtype}")
    return pl.col(column).cast(pl.String)
