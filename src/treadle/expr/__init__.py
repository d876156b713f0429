"""The expression language: SQL scalar expressions, typed, with three back ends of equal results.

It reads no rows and knows neither tables nor aggregates over time: it is given columns and their types.

`parse` and `parse_aggregate` check a text (`growth`: how long the texts can become that it makes); `to_polars`,
`to_row` and `to_sql` compile it. A server compiles what was checked before by `parse_for_rows` and `row_source`.
`functions_table` lists what the language has.
"""

from treadle.expr.declared import as_declared
from treadle.expr.growth import Growth, growth
from treadle.expr.parse import AGGREGATES, parse, parse_aggregate, parse_for_rows
from treadle.expr.polars import named, to_polars
from treadle.expr.quietly import names_in
from treadle.expr.row import row_function, row_namespace, row_source, to_row
from treadle.expr.sql import to_sql
from treadle.expr.tree import Aggregate, Expression, column
from treadle.expr.types import Type, column_types, polars_type, to_polars_type

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "Expression",
    "Growth",
    "Type",
    "as_declared",
    "column",
    "column_types",
    "functions_table",
    "growth",
    "named",
    "names_in",
    "parse",
    "parse_aggregate",
    "parse_for_rows",
    "polars_type",
    "row_function",
    "row_namespace",
    "row_source",
    "to_polars",
    "to_polars_type",
    "to_row",
    "to_sql",
]


def functions_table() -> list[tuple[str, str, str]]:
    """(name, arguments, what it does) of every function and operator."""
    from treadle.expr.tree import functions

    return [
        (f.name, ", ".join("|".join(a) for a in f.arguments) + (", …" if f.many else ""), f.text)
        for f in functions().values()
    ]
