"""The lines of a CSV file that persons or vendors wrote, by names of ours, each with its number in the file."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from treadle.errors import DataError, Fault, nearest

MOST_LINES = 100_000
MOST_SHOWN = 20


class Line(Struct, frozen=True):
    """`number`: in the file; `cells`: by our names, without blanks around them; "" for what is not there."""

    number: int
    cells: Mapping[str, str]


def csv_lines(file: Path, names: Callable[[Sequence[str]], Mapping[str, str]], columns: Sequence[str]) -> list[Line]:
    """All lines. `names`: our name of each column to the file's, from its header; `columns`: what it could have had.

    Raises:
        DataError: it is no CSV file in UTF-8, has no lines or too many, or the header is refused by `names`.
    """
    if file.exists() and not file.is_file():
        raise DataError(f"{file.name} is no file", where=str(file), mend="give a CSV file")
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            chosen = names(_once(reader.fieldnames or (), file.name))
            lines = [_line(reader.line_num, chosen, given) for given in _limited(reader, file.name)]
    except (OSError, UnicodeDecodeError, csv.Error) as bad:
        raise DataError(f"{file.name} cannot be read: {bad}", where=str(file), mend="give a CSV file in UTF-8") from bad
    if not lines:
        raise DataError(f"{file.name} has no lines", where=file.name, mend=f"its columns are {', '.join(columns)}")
    return lines


def _line(number: int, names: Mapping[str, str], given: Mapping[str, str]) -> Line:
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


def by_name(
    given: Sequence[str], columns: Sequence[str], needed: Sequence[str], file: str, other: str = ""
) -> dict[str, str]:
    """Our name of a column to the file's, whatever its capitals. `other`: which columns would do instead.

    Raises:
        DataError: one that is needed is missing.
    """
    found = {name.strip().lower(): name for name in given}
    missing = [name for name in needed if name not in found]
    if missing:
        close = nearest(missing[0], list(found))
        raise DataError(
            f"{file} has no column {', '.join(missing)}",
            where=f"{file}:1",
            mend=f"{f'{close}; ' if close else ''}its columns are {', '.join(columns)}{other}",
        )
    return {name: found[name] for name in columns if name in found}


def refuse(file: str, what: str, faults: Sequence[Fault], of: int, done: str) -> None:
    """Raises DataError where there are faults: some of them one by one, and how many more."""
    if faults:
        more = [Fault(f"and {len(faults) - MOST_SHOWN:,} more")] if len(faults) > MOST_SHOWN else []
        raise DataError(
            f"{len(faults):,} of {of:,} lines {what}",
            where=file,
            faults=[*faults[:MOST_SHOWN], *more],
            mend=f"correct them; {done}",
        )


def told(bad: Exception, where: str) -> Fault:
    return Fault(str(getattr(bad, "what", bad)), where)


def folded(text: str) -> str:
    """Without what differs between programs that write the same: capitals, widths, blanks, kinds of dash."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join("-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in plain).split())
