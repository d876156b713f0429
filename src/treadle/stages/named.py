"""Whether what a source names of its columns is there: its key, and the times at which rows happened and were known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle import expr
from treadle.contracts import Contract
from treadle.errors import Fault, SpecError, nearest
from treadle.spec import Source

if TYPE_CHECKING:
    import polars as pl


def _types_held(rows: pl.DataFrame, contract: Contract | None) -> dict[str, expr.Type]:
    """Of each column what it is once the rows were held to their contract; one without a value may be anything."""
    types: dict[str, expr.Type] = {**expr.column_types(rows)}
    types |= {name: kind for name, kind in (contract.types if contract else {}).items() if name in rows.columns}
    empty = [each.name for each in rows.iter_columns() if rows.height and each.null_count() == rows.height]
    return types | dict.fromkeys(empty, "null")


def misnamed(name: str, source: Source, rows: pl.DataFrame, contract: Contract | None) -> list[SpecError]:
    """What is wrong: a key names columns; `happened` and `known` are times. Each with its path in the project file.

    rows: as they were read, or as their contract keeps them.
    """
    found, types = list[SpecError](), _types_held(rows, contract)
    for index, column in enumerate(source.keys):
        path = f"sources.{name}.key" if isinstance(source.key, str) else f"sources.{name}.key[{index}]"
        if column not in rows.columns:
            mend = nearest(column, rows.columns)
            found.append(SpecError(f'source {name} has no column "{column}"', where=path, mend=mend))
    for part, text in (("happened", source.happened), ("known", source.known)):
        if text is None:
            continue
        path = f"sources.{name}.{part}"
        try:  # a column as it is called, though it be a word of the language such as `when`; else an expression
            kind = types[text] if text in types else expr.parse(text, types, where=path).type
        except SpecError as bad:
            found.append(bad)
            continue
        if kind not in ("timestamp", "date", "null"):
            what = f"a time is wanted here, and {text} is {kind}"
            found.append(SpecError(what, where=path, mend="name a timestamp column"))
    return found


def refuse_misnamed(name: str, source: Source, rows: pl.DataFrame, contract: Contract | None) -> None:
    """Refuse rows of which the source names what is not there; where there are none, nobody knows their columns."""
    bad = misnamed(name, source, rows, contract) if rows.height else []
    if len(bad) == 1:
        raise bad[0]
    if bad:
        faults = [Fault(each.what, each.where, each.mend) for each in bad]
        raise SpecError(f"{name} is not what the project says", where=f"sources.{name}", faults=faults)
