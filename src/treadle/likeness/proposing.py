"""Pair the columns of a source with those of a target, each at most once, so that the scores together are the highest.

The pairing is the assignment problem (Kuhn 1955), solved by SciPy up to some hundred columns; of wider tables each
pair is taken by itself, the best first, among those whose names share a word's beginning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from treadle.likeness.describing import Described
from treadle.likeness.names import ends_apart, name_likeness, words
from treadle.mapping import between, same_dimension

SURE = 0.7
"""A pair that is accepted by itself scores so much, and clearly more than any other of either column."""
_CLEAR, _SHOWN_AT = 0.05, 0.3
_MOST_PAIRS = 1_000_000
_NAME, _TYPE, _VALUES = 0.5, 0.15, 0.35
_OF_ONE_THING = 0.4
"""What two names are alike at least that say units of one thing."""
_ALIKE = {frozenset(pair) for pair in (("int", "float"), ("date", "timestamp"), ("int", "bool"))}
_READ_AS = {frozenset((one, "str")) for one in ("int", "float", "bool", "date", "timestamp")}


class Proposed(Struct, frozen=True):
    """What a column of the target is probably made of.

    `column`: of the source; empty where nothing is like it. `why`: what the score is made of. `second`: the runner-up
    and its score. `type`, `unit` (from, to): what has to be said besides the name. `sure`: it may be accepted unseen.
    """

    target: str
    column: str
    score: float
    why: tuple[str, ...] = ()
    second: str = ""
    second_score: float = 0.0
    type: str = ""
    unit: tuple[str, str] | None = None
    sure: bool = False


class _Scored(Struct, frozen=True):
    """`unclear`: only one of the two says its unit or currency, or they are no units of one thing."""

    score: float
    why: tuple[str, ...]
    type: str = ""
    unit: tuple[str, str] | None = None
    unclear: bool = False


def proposals(source: Sequence[Described], target: Sequence[Described]) -> list[Proposed]:
    """A proposal for each column of the target, in its order."""
    scored = {pair: score(source[pair[0]], target[pair[1]]) for pair in _pairs(source, target)}
    chosen = _assigned({pair: found.score for pair, found in scored.items()}, len(source), len(target))
    by_target: dict[int, list[tuple[float, int]]] = defaultdict(list)
    by_source: dict[int, list[float]] = defaultdict(list)
    for (one, other), found in scored.items():
        by_target[other].append((found.score, one))
        by_source[one].append(found.score)
    made = []
    for place, wanted in enumerate(target):
        mine = chosen.get(place)
        others = sorted((each for each in by_target[place] if each[1] != mine), reverse=True)
        second = (source[others[0][1]].name, others[0][0]) if others and others[0][0] >= _SHOWN_AT else ("", 0.0)
        if mine is None:
            made.append(Proposed(wanted.name, "", 0.0, ("nothing of the source is like it",), *second))
            continue
        found = scored[mine, place]
        rivals = [others[0][0] if others else 0.0, *sorted(by_source[mine], reverse=True)[1:2]]
        clear = found.score - max(rivals) >= _CLEAR or (found.score >= 0.999 and max(rivals) < found.score)
        made.append(
            Proposed(
                wanted.name,
                source[mine].name,
                found.score,
                found.why,
                *second,
                type=found.type,
                unit=found.unit,
                sure=found.score >= SURE and clear and not found.unclear,
            )
        )
    return made


def score(one: Described, other: Described) -> _Scored:
    """How likely a column of the source is the one of the target, with the reasons."""
    unit = (one.unit, other.unit) if one.unit and other.unit and one.unit != other.unit else None
    unclear = one.unit != other.unit
    name = name_likeness(one.name, other.name)
    if unit is not None and same_dimension(*unit):
        unclear, name = False, max(name, _OF_ONE_THING)
    why = ["called so" if one.name == other.name else f"name {name:.2f}"]
    kind, told, read_as = _of_type(one, other)
    why += [told] if told else []
    if unit is not None and unclear:
        why.append(f"{unit[0]} is no {unit[1]}")
        unit, kind = None, min(kind, 0.4)
    elif unit is not None:
        why.append(f"{unit[0]} becomes {unit[1]}")
    elif not unclear and not one.unit and one.spread and other.spread and ends_apart(one.name, other.name):
        unclear = True
        why.append(f"they end in {words(one.name)[-1]} and {words(other.name)[-1]}, which may be units")
    elif unclear:
        why.append(f"one is in {one.unit or other.unit}, the other does not say")
    alike, told = _of_values(one, other, unit)
    why += [told] if told else []
    if alike is None:
        made = (_NAME * name + _TYPE * kind) / (_NAME + _TYPE)
    else:
        made = _NAME * name + _TYPE * kind + _VALUES * alike
        if name >= 0.999:
            made = max(made, (_NAME * name + _TYPE * kind) / (_NAME + _TYPE) - 0.25 * (1 - alike))
    made *= 0.5 if kind < 0.2 else 1.0
    return _Scored(round(made, 3), tuple(why), read_as, unit, unclear)


def _of_type(one: Described, other: Described) -> tuple[float, str, str]:
    """How well the types go together, in words, and the type that it has to be read as."""
    if one.type is None or other.type is None:
        return 0.7, "", ""
    if one.type == other.type:
        return 1.0, f"both {one.type}", ""
    pair = frozenset((one.type, other.type))
    read_as = other.type if other.type != "str" or one.type in ("int", "bool", "date", "timestamp") else ""
    if pair in _ALIKE:
        widened = (one.type, other.type) in (("int", "float"), ("date", "timestamp"))
        return 0.9, f"{one.type} for {other.type}", "" if one.type == "float" and not widened else read_as
    if pair in _READ_AS:
        return 0.5, f"{one.type} read as {other.type}", read_as
    return 0.0, f"{one.type}, and not {other.type}", ""


def _of_values(one: Described, other: Described, unit: tuple[str, str] | None) -> tuple[float | None, str]:
    """How much the values have in common; None where that cannot be told."""
    if one.spread and other.spread:
        spread = one.spread
        if unit is not None:
            linear = between(*unit)
            spread = tuple(linear.of_one(value) for value in spread)
        return _overlap(spread, other.spread), f"ranges share {_overlap(spread, other.spread):.0%}"
    if one.levels and other.levels:
        folded = [frozenset(each.strip().casefold() for each in levels) for levels in (one.levels, other.levels)]
        shared = len(folded[0] & folded[1]) / min(len(folded[0]), len(folded[1]))
        if shared > 0 or not (one.forms and other.forms):
            return shared, f"{shared:.0%} of their values are the same"
    if one.forms and other.forms:
        shared = len(one.forms & other.forms) / min(len(one.forms), len(other.forms))
        return 0.2 + 0.5 * shared, f"{shared:.0%} of their forms are the same"
    return None, ""


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """The share of the wider of two ranges, from their 5 % to their 95 %, that both have."""
    low, high = max(one[0], other[0]), min(one[-1], other[-1])
    width = max(one[-1], other[-1]) - min(one[0], other[0])
    if width == 0:
        return 1.0
    return max(0.0, high - low) / width


def _pairs(source: Sequence[Described], target: Sequence[Described]) -> Iterable[tuple[int, int]]:
    if len(source) * len(target) <= _MOST_PAIRS / 10:
        return ((one, other) for one in range(len(source)) for other in range(len(target)))
    return _near(source, target)


def _near(source: Sequence[Described], target: Sequence[Described]) -> list[tuple[int, int]]:
    """Of wide tables, the pairs whose names share the beginnings of words; rare beginnings first, up to a bound."""
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, columns in enumerate((source, target)):
        for place, column in enumerate(columns):
            found = words(column.name)
            for key in {f"={''.join(found)}", *(word if word.isdigit() else word[:4] for word in found)}:
                places[key][side].append(place)
    pairs = dict[tuple[int, int], None]()
    for ones, others in sorted(places.values(), key=lambda each: len(each[0]) * len(each[1])):
        if len(pairs) + len(ones) * len(others) > _MOST_PAIRS / 10:
            break
        pairs |= dict.fromkeys((one, other) for one in ones for other in others)
    return list(pairs)


def _assigned(scores: dict[tuple[int, int], float], rows: int, columns: int) -> dict[int, int]:
    """By each column of the target the one of the source that it is paired with, where the score is worth a word."""
    worth = {pair: value for pair, value in scores.items() if value >= _SHOWN_AT}
    if rows * columns > _MOST_PAIRS / 10:
        taken, given = set[int](), dict[int, int]()
        for one, other in sorted(worth, key=lambda pair: (-worth[pair], pair)):
            if one not in taken and other not in given:
                taken.add(one)
                given[other] = one
        return given
    import numpy as np
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    table = np.zeros((rows, columns))
    for pair, value in worth.items():
        table[pair] = value
    ones, others = linear_sum_assignment(table, maximize=True)
    return {int(other): int(one) for one, other in zip(ones, others, strict=True) if (int(one), int(other)) in worth}
