"""From columns of text to columns with types. A column is looked at whole, and cheap looks go first.

What is not certain stays text: a column is numbers, or dates, only if each of its values is one. Of a column that a
contract expects to be such, and that is not, the values that are ones are told as the contract reads them, so that it
sets aside the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.expr import as_declared
from treadle.sources.dates import Form, as_text, form_of, form_of_most, parsed, says_zone
from treadle.sources.expected import kept_texts, of_clocks, types_expected
from treadle.sources.figures import Signs, all_plain, far_and_fraction, numbers, plain, unlike
from treadle.sources.unreadable import Unreadable
from treadle.sources.zoned import told
from treadle.spec import Layout

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 100
_DIGITS = r"\d|(?i)^\s*[+-]?inf"
"""What every number and every date has; infinity is one."""


class Note(Struct, frozen=True):
    """What of a column a person should know: `kind` is number, date, written (a date in a column that its file calls
    text), unsure (of two forms of date), long (numbers), unlike (signs of money and percent), or named (a name with
    control characters, which are blanks here). `format`: of a date or what is written, for strptime.
    """

    column: str
    kind: str
    said: str
    format: str = ""


def typed(
    frame: pl.DataFrame, layout: Layout, signs: Signs, *, guess: bool = True, partly: bool = False
) -> tuple[pl.DataFrame, list[Note]]:
    """Texts as whole numbers, floats, true and false, dates and times, where each value of a column is one.

    guess: also where the source says nothing of a column. partly: columns that it speaks of may be missing.

    Raises:
        Unreadable: the source speaks of a column that is not there, or of a form that is none.
    """
    import polars as pl

    if not partly:
        refuse_unknown(frame.columns, layout)
    made, notes, types = [], list[Note](), types_expected(layout)
    for column in frame.iter_columns():
        form = layout.date_format.get(column.name)
        if column.dtype != pl.String:
            made.append(column)
            continue
        text = without(column, layout)
        if form is not None:
            made.append(_dated(text, form, layout))
        elif column.name in kept_texts(layout):
            made.append(text)
        elif guess:
            found, note = _guessed(text, signs)
            made.append(found)
            notes += [note] if note else []
        else:
            made.append(_numbered(text, column, signs))
            notes += _written(made[-1]) + far_notes(made[-1])
        spoken = guess or text.null_count() > column.null_count() or column.name in _listed(layout)
        if form is None and spoken and made[-1].dtype == pl.String:
            made[-1] = _as_expected(made[-1], types.get(column.name, ""), signs, layout)
        made[-1] = told(made[-1], text, layout)
    return pl.DataFrame(made) if made else frame, notes


def as_guessed(texts: pl.Series) -> bool:
    """Whether texts are written as a contract writes what their types are guessed to be: so they may have been numbers,
    dates or truths as they were read. 007 was none, nor was 12 beside A13."""
    known = texts.drop_nulls().unique(maintain_order=True)
    made, _ = typed(known.to_frame(), Layout(), Signs())
    (kind,) = made.dtypes
    read = as_declared(known.name, kind, "str")
    return kind != texts.dtype and read is not None and made.select(read[0]).to_series().equals(known)


def refuse_unknown(columns: Sequence[str], layout: Layout) -> None:
    """Raises Unreadable where the source speaks of a column that is not there."""
    from treadle.errors import nearest

    named: list[tuple[str, str]] = [("date_format", name) for name in layout.date_format]
    if isinstance(layout.null_values, Mapping):
        named += [("null_values", name) for name in layout.null_values]
    for setting, name in named:
        if name not in columns:
            mend = nearest(name, columns)
            raise Unreadable(f'there is no column "{name}", of which `{setting}` speaks', mend=mend)


def _listed(layout: Layout) -> tuple[str, ...]:
    """Columns of which the source says what is missing in them, be it in these rows or not."""
    return tuple(layout.null_values) if isinstance(layout.null_values, Mapping) else ()


def _as_expected(text: pl.Series, kind: str, signs: Signs, layout: Layout) -> pl.Series:
    """Texts of which some are no numbers, or no dates, as is expected of them: the others in a form of their own."""
    import polars as pl

    if kind in ("int", "float"):
        if unlike(text.drop_nulls(), signs) is not None:  # what is of which kind, nobody can tell
            return text
        told = plain(text, signs)
    elif kind in ("date", "timestamp"):
        form = form_of_most(text.drop_nulls())
        if form is None or form.either:
            return text
        told = as_text(parsed(text, form.format), zoned=_keeps_zone(text, form.format, layout))
    else:
        return text
    return pl.select(pl.coalesce(pl.lit(told), pl.lit(text))).to_series().alias(text.name)


def without(column: pl.Series, layout: Layout) -> pl.Series:
    """The column with NULL for what the source says stands for a missing value."""
    import polars as pl

    words = layout.null_values
    said = words.get(column.name, ()) if isinstance(words, Mapping) else words
    if not said:
        return column
    gone = column.str.strip_chars().is_in([word.strip() for word in said]).fill_null(False)
    return pl.select(pl.when(~gone).then(pl.lit(column))).to_series().alias(column.name)


def _dated(column: pl.Series, form: str, layout: Layout) -> pl.Series:
    """Dates in the form that the source says; what is in another stays, and the rest becomes text of one form.

    So a contract sets the rows of the others aside, each with its value as it was written.
    """
    import polars as pl

    try:
        found = parsed(column, form)
    except ValueError as bad:
        mend = "write it as strptime does, such as %m/%d/%Y"
        raise Unreadable(f'{column.name}: "{form}" is no form of a date ({bad})', mend=mend) from bad
    if found.null_count() == column.null_count():
        return found
    if found.null_count() == len(found):
        known = column.drop_nulls()
        like, other = known[0], form_of(known)
        if other is not None and other.iso:  # which is never read in two ways
            return parsed(column, other.format)
        raise Unreadable(
            f'{column.name}: no value is written as {form}, such as "{like}"',
            mend=f"correct date_format: {column.name}",
        )
    told = as_text(found, zoned=_keeps_zone(column, form, layout))
    return pl.select(pl.coalesce(pl.lit(told), pl.lit(column))).to_series().alias(column.name)


def _keeps_zone(text: pl.Series, form: str, layout: Layout) -> bool:
    """Whether what is written as text says that it is in UTC: beside a clock it would be taken for one of that."""
    return says_zone(form) and text.name in of_clocks(layout)


def _numbered(text: pl.Series, given: pl.Series, signs: Signs) -> pl.Series:
    """Of a file with types of its own: a column becomes numbers only if the source says what is missing in it."""
    if text.null_count() == given.null_count():
        return text
    found = numbers(plain(text, signs))
    return text if found is None or found.null_count() != text.null_count() else found


def _written(column: pl.Series) -> list[Note]:
    """Dates in a column that its file says is text: they stay text until the source says how they are written."""
    import polars as pl

    known = column.drop_nulls() if column.dtype == pl.String else column.clear()
    form = form_of(known) if len(known) else None
    note = _timed(column, form, known)[1] if form is not None else None
    if form is None or (note is not None and note.kind == "unsure"):
        return [note] if note else []
    if parsed(known, form.format).null_count():
        return []
    said = note.said if note else f"{column.name}: texts such as {known[0].strip()} are read as times"
    return [Note(column.name, "written", said, form.format)]


def _guessed(column: pl.Series, signs: Signs) -> tuple[pl.Series, Note | None]:
    import polars as pl

    known = column.drop_nulls()
    if not len(known):
        return column, None
    step = max(1, len(known) // _SAMPLE)
    sample = pl.concat([known.head(_SAMPLE), known.gather_every(step)])
    if not sample.str.contains(_DIGITS).all():  # neither a number nor a date
        return _truths(column, known, sample), None
    plainly = _plainly(column, known, sample, signs)
    if plainly is not None:
        return plainly, None
    if plain(sample, signs).null_count() == 0:
        two = unlike(known, signs)
        if two is not None:
            said = f"{column.name}: {two[0]} and {two[1]} are no numbers of one kind, so it is read as text"
            return column, Note(column.name, "unlike", said)
        written = plain(column, signs) if all_plain(known, signs) else None
        found = numbers(written) if written is not None and written.null_count() == column.null_count() else None
        if written is not None and found is not None:
            return found, _marked(column, written, found)
        if known.str.contains(r"^\s*[+-]?\d+\s*$").all():
            said = f"{column.name}: whole numbers of more than 64 bits, such as {known[0]}, are read as text"
            return column, Note(column.name, "long", said)
        return column, next(iter(far_notes(column)), None)
    form = form_of(known)
    return _timed(column, form, known) if form else (column, next(iter(far_notes(column)), None))


def far_notes(column: pl.Series) -> list[Note]:
    """That a column is text because of whole numbers beyond a float and of fractions among them."""
    found = far_and_fraction(column)
    if found is None:
        return []
    said = f"{column.name}: whole numbers beyond 2^53 such as {found[0]}, and {found[1]} among them, are read as text"
    return [Note(column.name, "long", f"{said}: as fractions, several would become one")]


def _truths(column: pl.Series, known: pl.Series, sample: pl.Series) -> pl.Series:
    """True and false, if each value is one of them; else the column as it is."""
    for values in (sample.head(1), sample, known):
        if not values.str.to_lowercase().is_in(["true", "false"]).all():
            return column
    return column.str.to_lowercase() == "true"


def _plainly(column: pl.Series, known: pl.Series, sample: pl.Series, signs: Signs) -> pl.Series | None:
    """Numbers as Python writes them, blanks around them aside."""
    if numbers(sample.str.strip_chars()) is None:
        return None
    stripped = column.str.strip_chars()
    if signs.decimal != "." and known.str.contains(".", literal=True).any():
        return None  # the point stands between thousands here
    found = numbers(stripped)
    return found if found is None else found.alias(column.name)


def _marked(column: pl.Series, written: pl.Series, found: pl.Series) -> Note | None:
    """What is said of numbers with marks; of decimal commas alone the dialect speaks."""
    odd = column.filter((column.str.strip_chars().str.replace(",", ".", literal=True) != written).fill_null(False))
    if not len(odd):
        odd = column.filter(column.str.contains(r"[,.]\d{3}$").fill_null(False) & (column != written))
    if not len(odd):
        return None
    like = found.filter(column == odd[0])[0]
    percent = "; of percent the figure before the sign" if "%" in odd[0] else ""
    said = f'{column.name}: numbers with marks are read as numbers, "{odd[0]}" as {like}{percent}'
    return Note(column.name, "number", said)


def _timed(column: pl.Series, told: Form, known: pl.Series) -> tuple[pl.Series, Note | None]:
    name, form, either = column.name, told.format, told.either
    if either:
        like = known.filter((parsed(known, form) != parsed(known, either)).fill_null(False)).head(1)
        like = like if len(like) else known.head(1)
        two = " or ".join(f"{parsed(like, each)[0]:%Y-%m-%d}" for each in (form, either))
        said = (
            f"{name}: {like[0].strip()} could be {two}, so it is read as text: say which with date_format: {{{name}: "
            f'"{form}"}} (the day first) or "{either}" (the month first)'
        )
        return column, Note(name, "unsure", said)
    found = parsed(column, form)
    if found.null_count() != column.null_count():
        return column, None
    if form.startswith("%Y"):
        return found, None
    first = "the day" if form.startswith("%d") else "the month"
    said = f"{name}: {known[0].strip()} is read as {found.drop_nulls()[0]:%Y-%m-%d}, {first} first"
    return found, Note(name, "date", said, form)
