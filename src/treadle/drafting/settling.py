"""What a source has to say of its columns, so that they are read as they were meant: told from one table, and said.

It becomes a part of the project file, so the next file is read alike, and what is new in it is not passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.drafting.quoting import listed
from treadle.sources import Reading, Table, tabled, words_of

if TYPE_CHECKING:
    from treadle.sources import Words
    from treadle.spec import Layout

_SHOWN = 3


def settled(reading: Reading, place: str) -> tuple[Reading, Table, list[str]]:
    """The table, read as its columns were meant; the reading that says so; a sentence for each thing that it says.

    Raises:
        DataError: it cannot be read.
    """
    table = tabled(reading, place)
    layout, said = reading.layout, []
    for words in words_of(table, reading):
        said.append(_said(words))
        layout = replace(layout, null_values=_with(layout, words)) if words.numbers else layout
    if table.dialect is not None and table.dialect.decimal_comma and layout.decimal is None:
        layout = replace(layout, decimal=",")  # of a file without decimals it could not be told
    forms = {note.column: note.format for note in table.notes if note.kind in ("date", "written")}
    layout = replace(layout, date_format={**forms, **layout.date_format})
    if layout == reading.layout:
        return reading, table, said
    reading = reading.said(layout)
    again = tabled(reading, place)
    # what was said of the first reading stands: the second is only told what the first found out
    return reading, Table(again.frame, table.notes, table.dialect), said


def _with(layout: Layout, words: Words) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    known = layout.null_values
    if isinstance(known, dict):
        return {**known, words.column: (*known.get(words.column, ()), *words.words)}
    return (*known, *words.words) if known else {words.column: words.words}


def _said(words: Words) -> str:
    shown = listed([f'"{word}"' for word in words.words[:_SHOWN]])
    count = f"{words.column}: {words.count:,} of {words.known:,} values are not numbers, such as {shown}"
    if words.numbers:
        return f"{count}: they are missing values of a column of numbers (null_values)"
    return f"{count}; {words.why}, so it is read as text"
