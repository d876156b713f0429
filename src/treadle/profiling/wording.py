"""What is told of a column in words, alike on the terminal and on the page."""

from __future__ import annotations

from treadle.profiling.found import ColumnProfile

_TOP, _LONGEST, _ALL_DIGITS = 3, 48, 1e15


def missing_said(column: ColumnProfile, rows: int) -> str:
    """A share, and never 0 % of something: `0`, `0.03 %`, `12 %`, `all`."""
    if not column.missing:
        return "0"
    if column.missing == rows:
        return "all"
    share = 100 * column.missing / rows
    return f"{share:.2g} %" if share < 99.5 else f"{min(share, 99.99):.4g} %"


def distinct_said(column: ColumnProfile) -> str:
    if column.distinct is None:
        return "–"
    about = "about " if column.distinct_how == "about" else ""
    return f"{about}{column.distinct:,}" + (" (key)" if column.key else "")


def facts(column: ColumnProfile) -> list[tuple[str, str]]:
    """Name and text of each thing that is told, the most telling first."""
    said = [*_signs(column), *_values(column), *_relation(column)]
    if column.top and column.kind in ("text", "bool"):
        said.insert(len(column.personal) + bool(column.unit), ("commonest", top_said(column)))
    elif column.top and column.top[0].rows > 0.1 * max(column.top_of, 1):
        said.append(("commonest", top_said(column, 1)))
    return said


def top_said(column: ColumnProfile, most: int = _TOP) -> str:
    of = max(column.top_of, 1)
    return ", ".join(f"{_short(each.value)} {each.rows / of:.1%}" for each in column.top[:most])


def _short(text: str) -> str:
    return "(empty)" if not text else text if len(text) <= 24 else f"{text[:23]}…"


def in_digits(value: float) -> str:
    """A number in six digits, or in all of those before its point.

    >>> in_digits(1660020000.0), in_digits(1234567.89), in_digits(0.12345678), in_digits(1e20)
    ('1,660,020,000', '1,234,568', '0.123457', '1e+20')
    """
    return f"{value:,.0f}" if isinstance(value, int) or 1e6 <= abs(value) < _ALL_DIGITS else f"{value:,.6g}"


def _values(column: ColumnProfile) -> list[tuple[str, str]]:
    numbers, times, texts = column.numbers, column.times, column.texts
    if numbers is not None:
        unit = f" {column.unit}" if column.unit else ""
        low, q1, median, q3, high = numbers.low, *numbers.quantiles[2:5], numbers.high
        odd = [
            (numbers.nan, "NaN"),
            (numbers.infinite, "infinite"),
            (numbers.negative, "below 0"),
            (numbers.zeros, "zero"),
        ]
        said = [
            ("range", f"{in_digits(low)} to {in_digits(high)}{unit}"),
            ("middle", f"{in_digits(median)} (half from {in_digits(q1)} to {in_digits(q3)})"),
        ]
        if numbers.mean is not None:
            sd = f", sd {in_digits(numbers.sd)}" if numbers.sd is not None else ""
            said.append(("mean", f"{in_digits(numbers.mean)}{sd}"))
        counted = ", ".join(f"{count:,} {what}" for count, what in odd if count)
        return [*said, ("of these", counted)] if counted else said
    if times is not None:
        said = [("span", f"{times.first} to {times.last}" + (f" ({times.zone})" if times.zone else ", no zone"))]
        if times.step is not None and times.gap is not None:
            said.append(("steps", f"mostly {span(times.step)}, the longest {span(times.gap)} after {times.gap_after}"))
        return said
    if texts is not None:
        same = texts.shortest == texts.longest
        lengths = f"{texts.longest:,} characters" if same else f"{texts.shortest:,} to {texts.longest:,} characters"
        more = [f"{texts.empty:,} empty"] * bool(texts.empty) + [f"{texts.blanks:,} with blanks around"] * bool(
            texts.blanks
        )
        return [("length", ", ".join([lengths, *more]))]
    return []


def _signs(column: ColumnProfile) -> list[tuple[str, str]]:
    said = [("unit", f"{column.unit}, it seems")] if column.unit else []
    for sign in column.personal:
        how = f"{sign.share:.0%} look so, such as {sign.example}" if sign.share is not None else "by its name"
        said.append(("may be personal", f"{sign.what} ({how})"))
    return said


def _relation(column: ColumnProfile) -> list[tuple[str, str]]:
    if column.relation is None:
        return []
    weak = column.relation.share <= column.relation.chance
    return [("tells the label", "no more than chance" if weak else f"{column.relation.share:.1%}")]


def short(name: str) -> str:
    """A name as it can stand in a sentence."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def span(seconds: float) -> str:
    """An amount of time in words: `3 days`."""
    for unit, size in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds:,.3g} s"
