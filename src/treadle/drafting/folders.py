"""The tables that the files of a folder are: files with the same columns are one, all others are one each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.drafting.places import MOST_TABLES, database_of
from treadle.drafting.quoting import shortened
from treadle.drafting.settling import settled
from treadle.errors import DataError, TreadleError
from treadle.spec import Layout

if TYPE_CHECKING:
    from treadle.sources import Reading, Table

_LOG = "_delta_log"
_BETWEEN = " -_.0123456789"
"""What may stand between the name that files have in common and what tells them apart: a month, a number."""


@dataclass(frozen=True, eq=False)
class Several:
    """A table of one file or more, each as it was read. `meant`: what there is to say of how its columns were meant."""

    files: tuple[tuple[Path, Reading], ...]
    table: Table
    layout: Layout
    meant: list[str]

    @property
    def names(self) -> list[str]:
        return [file.name for file, _ in self.files]

    @property
    def first(self) -> str:
        return self.names[0]

    def called_alike(self, other: Several) -> bool:
        """Whether they differ in numbers at their names' end alone."""
        return any(_stem(mine) == _stem(theirs) for mine in self.names for theirs in other.names)

    @property
    def called(self) -> str:
        """What its files' names have in common."""
        stems = [name.partition(".")[0] for name in self.names]
        if len(stems) == 1:
            return stems[0]
        alike = [letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, zip(*stems, strict=False))]
        return "".join(alike).rstrip(_BETWEEN) or stems[0]


def _stem(name: str) -> str:
    return name.partition(".")[0].rstrip(_BETWEEN)


def several_of(folder: Path, layout: Layout, where: str) -> tuple[list[Several], list[str]]:
    """The tables, and a sentence for each file that is none.

    Raises:
        DataError: no file is a table, or they are too many, or larger together than one may be.
    """
    from treadle.sources import ENDINGS, Kept, ending_of

    found, left, seen = list[Several](), list[str](), dict[str, str]()
    kept = Kept(layout, where, "name a folder of fewer files")
    for each in sorted(folder.iterdir()):
        if each.name.startswith((".", "_")):
            continue
        if each.is_dir() and not (each / _LOG).is_dir():
            left.append(f"left out: {each.name} is a folder; name it by itself")
        elif not each.is_dir() and database_of(str(each)):
            left.append(f"left out: {each.name} is a database; treadle init FOLDER --from {each} begins with it")
        elif not each.is_dir() and ending_of(each) not in ENDINGS:
            left.append(f"left out: {each.name} has the name of no table")
        else:
            try:
                one = _read([each], layout, where)
            except TreadleError as bad:
                told = bad.what if each.name in bad.what else f"{each.name}: {bad.what}"
                left.append(f"left out: {told}{f' ({bad.mend})' if bad.mend else ''}")
                continue
            ((_, reading),) = one.files
            twin = seen.setdefault(reading.digest, each.name)
            if not one.table.frame.height:
                left.append(f"left out: {each.name} has no rows")
            elif twin != each.name:
                left.append(f"left out: {each.name} holds the same as {twin}")
            else:
                taken = int(one.table.frame.estimated_size())
                kept.grow(taken)  # none is left out: it may be a part of one before it
                kept.keep(taken)
                found.append(one)
    if not found:
        mend = "; ".join(left[:3]) or "name a file"
        raise DataError(f"{folder.name} is a folder without a table", where=where, mend=mend)
    tables = _joined(found, layout, where)
    if len(tables) > MOST_TABLES:
        what = f"{folder.name} has {len(tables):,} tables"
        raise DataError(what, where=where, mend=f"name one, or a folder of at most {MOST_TABLES}")
    return tables, [*_alone(tables), *left]


def _alone(tables: Sequence[Several]) -> Iterator[str]:
    """Why a file that is called as others is a table by itself."""
    for one in tables:
        alike = [other for other in tables if other is not one and other.called_alike(one)]
        if len(one.files) == 1 and alike:
            other = max(alike, key=lambda each: len(each.files))
            yield f"{one.first} is a table by itself, though called as {other.first}: {_unlike(one, other)}"


def _unlike(one: Several, other: Several) -> str:
    """What keeps two tables from being one."""
    from treadle import expr

    mine, theirs = one.table.frame.columns, other.table.frame.columns
    more, less = [name for name in mine if name not in theirs], [name for name in theirs if name not in mine]
    if more or less:
        said = [f"it has {shortened(more)} besides"] if more else []
        return " and ".join(said + ([f"it lacks {shortened(less)}"] if less else []))
    schema, others = one.table.frame.schema, other.table.frame.schema
    odd = [name for name in mine if schema[name] != others[name]]
    if odd:
        here, there = (expr.polars_type(kind) or kind for kind in (schema[odd[0]], others[odd[0]]))
        return f"{odd[0]} is {here} here and {there} there"
    return "they are not written alike"


def _read(files: Sequence[Path], layout: Layout, where: str) -> Several:
    from treadle.sources import find_own

    reading, table, meant = settled(find_own(files[0], layout, where=where, more=files[1:]), where)
    return Several(((files[0], reading),), table, reading.layout, meant)


def _joined(found: list[Several], layout: Layout, where: str) -> list[Several]:
    """Files with the same columns as one, where their types can be."""
    by_columns = dict[tuple[str, tuple[str, ...]], list[Several]]()
    for one in found:
        ((_, reading),) = one.files
        by_columns.setdefault((reading.format, tuple(sorted(one.table.frame.columns))), []).append(one)
    made = list[Several]()
    for (kind, _), alike in by_columns.items():
        whole = None
        if len(alike) > 1 and kind != "delta":
            try:
                whole = _read([one.files[0][0] for one in alike], layout, where)
            except TreadleError:  # a column that is a number here and a text there: each is a table of its own
                whole = None
        if whole is None:
            made += alike
        else:
            made.append(Several(tuple(one.files[0] for one in alike), whole.table, whole.layout, whole.meant))
    return made
