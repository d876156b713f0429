"""A file of lines as a person, a vendor or a spreadsheet wrote it: its letters, separators and decimals are told.

They are told as for sources of rows. What could be read in two ways is refused: money is not guessed.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.costs.lines import refuse
from treadle.errors import DataError, Fault, nearest

if TYPE_CHECKING:
    from treadle.sources import Signs

MOST_LINES = 100_000
_MOST_BYTES = 1 << 28
_WIDE, _NOTHING = "have more fields than the header", "nothing of the file was taken"


class Line(Struct, frozen=True):
    """`number`: in the file; `cells`: by our names, without blanks around them; "" for what is not there. Numbers are
    as Python writes them; what is none is left as it stands."""

    number: int
    cells: Mapping[str, str]


def csv_lines(
    file: Path,
    names: Callable[[Sequence[str]], Mapping[str, str]],
    columns: Sequence[str],
    numbers: Sequence[str],
) -> list[Line]:
    """All lines. `names`: our name of each column to the file's, from its header; `columns`: what it could have had;
    `numbers`: those of them that hold numbers.

    Raises:
        DataError: it is no CSV file, has no lines or too many, the header is refused by `names`, or a number can be
            read in two ways.
    """
    text, separator = _text(file)
    faults = list[Fault]()
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        chosen = names(_once(reader.fieldnames or (), file.name))
        lines = [_line(reader.line_num, chosen, given, file.name, faults) for given in _limited(reader, file.name)]
    except csv.Error as bad:
        raise DataError(
            f"{file.name} is no CSV file: {bad}",
            where=f"{file.name}:{reader.line_num}",
            mend="put a field that holds a separator between quotation marks, and double those inside",
        ) from bad
    refuse(file.name, _WIDE, faults, len(lines), _NOTHING, "has more fields than the header")
    if not lines:
        raise DataError(f"{file.name} has no lines", where=file.name, mend=f"its columns are {', '.join(columns)}")
    return _in_python(lines, [name for name in numbers if name in chosen], separator, file.name)


def _text(file: Path) -> tuple[str, str]:
    """What is in a file, and what stands between its fields."""
    from treadle.sources import dialect_of, in_utf8
    from treadle.spec import Layout

    name, where = file.name or str(file), str(file)
    if not file.exists():
        there = sorted(each.name for each in file.parent.glob("*")) if file.parent.is_dir() else []
        raise DataError(f"there is no file {file}", where="FILE", mend=nearest(name, there) or "check the path")
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is no file"
        raise DataError(f"{file} {what}", where="FILE", mend="give a CSV file")
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{name} has more than 256 MiB", where=where, mend="give it in parts")
        content, encoding = in_utf8(file.read_bytes())
    except OSError as bad:
        what = f"{name} cannot be read: {bad.strerror or bad}"
        raise DataError(what, where=where, mend="check its permissions") from bad
    if b"\0" in content:
        raise DataError(f"{name} is no text", where=where, mend="save it as CSV, and give that file")
    told = dialect_of(content, encoding, Layout(), tabs=file.suffix.lower() in (".tsv", ".tab"))
    return content.decode(errors="replace"), told.separator


def _in_python(lines: Sequence[Line], numbers: Sequence[str], separator: str, file: str) -> list[Line]:
    """With numbers as Python writes them, by what the numbers of the whole file tell together."""
    from treadle.sources import decimals_of, signs_of

    cells = [line.cells[name] for line in lines for name in numbers]
    comma, unsure = decimals_of(cells)
    if unsure and separator == "," and not any("," in each for each in cells):
        unsure = ""  # as the standard has it, and as clouds write it
    if unsure:
        faults = [fault for line in lines for fault in _both_ways(line, numbers, file)]
        what = "a number that can be read in two ways"
        refuse(file, f"have {what}", faults, len(lines), _NOTHING, f"has {what}")
    signs = signs_of(comma, None)
    return [Line(line.number, {**line.cells, **_plain(line, numbers, signs)}) for line in lines]


def _plain(line: Line, numbers: Sequence[str], signs: Signs) -> dict[str, str]:
    from treadle.sources import digits

    return {name: digits(line.cells[name], signs) or line.cells[name] for name in numbers}


def _both_ways(line: Line, numbers: Sequence[str], file: str) -> Iterator[Fault]:
    from treadle.sources import decimals_of

    for name in numbers:
        cell = line.cells[name]
        if decimals_of([cell])[1]:
            sign = "," if "," in cell else "."
            whole, part = cell.replace(sign, ""), cell.replace(sign, ".").rstrip("0").removesuffix(".")
            ones, _, decimals = part.partition(".")
            plain = f"{part}0" if len(decimals) == 3 else f"{ones}.{decimals:0<2}"  # three decimals say neither again
            yield Fault(
                f'the {name} "{cell}" is {whole} or {part}, and no other number of the file tells which',
                f"{file}:{line.number}",
                f"write {whole}.00 or {plain}",
            )


def _line(number: int, names: Mapping[str, str], given: Mapping[str, str], file: str, faults: list[Fault]) -> Line:
    rest = given.get(None)  # type: ignore[call-overload]  # there the reader puts what no column is of
    if rest and any(each.strip() for each in rest):
        faults.append(Fault("a field holds a separator and is not between quotation marks", f"{file}:{number}"))
    return Line(number, {ours: (given.get(theirs) or "").strip() for ours, theirs in names.items()})


def _limited(reader: csv.DictReader[str], name: str) -> Iterator[Mapping[str, str]]:
    for count, row in enumerate(reader):
        if count >= MOST_LINES:
            raise DataError(f"{name} has more than {MOST_LINES:,} lines", where=name, mend="book it in parts")
        yield row


def _once(given: Sequence[str], file: str) -> Sequence[str]:
    counts = Counter(name.strip().lower() for name in given if name is not None and name.strip())
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise DataError(
            f"{file} has the column {', '.join(twice[:3])} twice",
            where=f"{file}:1",
            mend="take one out, or give it another name: which of them counts cannot be told",
        )
    return given
