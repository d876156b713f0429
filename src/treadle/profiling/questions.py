"""What to ask whoever knows the table, from what was found in it. Each question says what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from treadle.profiling.found import ColumnProfile, Pair, Profile
from treadle.profiling.wording import in_digits, short, span

MOST, _NAMED, _DAY = 25, 8, 86_400.0
_MANY, _MOSTLY, _TELLS_ALL, _RARE_STEP = 0.2, 0.5, 0.9, 20
_FILLERS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0)


def questions(found: Profile) -> list[str]:
    """The gravest first: rows, then the label, then what each column makes one ask."""
    said = [*_of_rows(found), *_of_label(found)]
    asked = [list(_of_column(column, found.rows)) for column in found.columns]
    said += [each for level in range(4) for of in asked for each in of[level : level + 1]]
    said += _of_units(found)
    said += [_of_pair(pair) for pair in found.pairs[:5]]
    kept = list(dict.fromkeys(said))
    return [*kept[:MOST], f"… and {len(kept) - MOST} more of the same kinds"] if len(kept) > MOST else kept


def _of_rows(found: Profile) -> Iterator[str]:
    if found.duplicates:
        yield (
            f"{found.duplicates:,} of {found.rows:,} rows equal another row in every column: are they events of their "
            "own, or were they delivered twice?"
        )
    if found.stated:
        return
    if found.rows > 1 and not found.keys:
        yield "No column, and no pair of columns that was tried, names each row: what is one row about?"
    elif len(found.keys) > 1 and len(found.keys[0]) == 1:
        names = [short(keys[0]) for keys in found.keys if len(keys) == 1]
        if len(names) > 1:
            yield f"{_listed(names)} each name every row: which of them is the key that others join by?"


def _of_label(found: Profile) -> Iterator[str]:
    if not found.label:
        return
    for column in found.columns:
        if column.relation is not None and column.relation.share >= _TELLS_ALL:
            yield (
                f"{short(column.name)} alone tells {column.relation.share:.0%} of {found.label}: is it known when the "
                "prediction is made, or written down afterwards?"
            )


def _of_column(column: ColumnProfile, rows: int) -> Iterator[str]:
    name = short(column.name)
    if not rows:
        return
    if column.missing == rows:
        yield f"{name} is empty in every row: is it still delivered?"
        return
    if column.personal:
        share = column.personal[0].share
        seen = f"{share:.0%} of its values look so" if share is not None else "its name says so"
        yield f"{name} may hold {column.personal[0].what} ({seen}): may it be used, and by whom?"
    if column.missing > _MANY * rows:
        yield f"{name} is missing in {column.missing / rows:.0%} of rows: does that mean unknown, none, or not asked?"
    if column.distinct == 1 and rows - column.missing > 1 and column.top:
        yield f"{name} is {_value(column)} in every row that has it: can it be anything else?"
    yield from _of_values(column, rows)


def _of_values(column: ColumnProfile, rows: int) -> Iterator[str]:
    name, numbers, times, texts = short(column.name), column.numbers, column.times, column.texts
    if numbers is not None:
        if numbers.nan or numbers.infinite:
            yield f"{name} holds {numbers.nan:,} NaN and {numbers.infinite:,} infinite values: what made them?"
        filler = next((each for each in column.top[:3] if _is_filler(each.value, column)), None)
        if filler is not None:
            yield f"{name} is {filler.value} in {filler.rows:,} rows: is that a number, or a sign for a missing one?"
        if 0 < numbers.negative < 0.01 * rows:
            yield f"{name} is below zero in {numbers.negative:,} rows: can it be?"
    if times is not None and times.step and times.gap and times.gap > max(_RARE_STEP * times.step, _DAY):
        yield f"{name} has a gap of {span(times.gap)} after {times.gap_after}: did nothing happen, or is it missing?"
    if texts is not None and texts.blanks:
        yield f"{name} has {texts.blanks:,} values that begin or end with a blank: do they mean the same as without?"
    if column.top and column.distinct and column.distinct > 2 and column.top[0].rows > 0.95 * max(column.top_of, 1):
        share = column.top[0].rows / max(column.top_of, 1)
        yield f"{name} is {_value(column)} in {share:.1%} of rows: is that a default?"


def _of_units(found: Profile) -> Iterator[str]:
    """One for all amounts that say nothing of theirs."""
    without = [
        f"{short(column.name)} ({in_digits(column.numbers.low)} to {in_digits(column.numbers.high)})"
        for column in found.columns
        if column.numbers is not None
        and column.type.startswith(("Float", "Decimal"))
        and (column.distinct or 0) > _RARE_STEP
        and not column.unit
        and not column.personal
    ]
    if without:
        more = f" and {len(without) - _NAMED:,} more" if len(without) > _NAMED else ""
        yield f"In which units are these: {', '.join(without[:_NAMED])}{more}?"


def _is_filler(text: str, column: ColumnProfile) -> bool:
    """A number such as -999 that lies at the end of all others, as people write for what is missing."""
    try:
        value = float(text)
    except ValueError:
        return False
    numbers = column.numbers
    if numbers is None or value not in _FILLERS or (column.distinct or 0) < _RARE_STEP:
        return False
    middle = numbers.quantiles[2], numbers.quantiles[4]
    return value in (numbers.low, numbers.high) and not middle[0] <= value <= middle[1]


def _of_pair(pair: Pair) -> str:
    both = f"{short(pair.first)} and {short(pair.second)}"
    if pair.equal:
        return f"{both} are equal in every row: is one of them meant to be something else?"
    return f"{both} tell {pair.share:.0%} of each other: is one made of the other?"


def _value(column: ColumnProfile) -> str:
    text = column.top[0].value if column.top else "the same"
    return f'"{text[:40]}"' if column.kind == "text" else text[:40]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
