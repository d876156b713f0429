"""Pairs of rows compared field by field, in levels: missing in one of the two, equal, and less and less alike.

The distances are RapidFuzz's: Jaro and Winkler's (1990), Levenshtein's (1965) over the longer text, and the best
likeness of the sets of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from treadle.errors import DataError, Fault, MissingExtra
from treadle.matching.coding import coded
from treadle.spec.drawn import TEXTS, compared, distance

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from treadle.expr import Type
    from treadle.matching.blocks import Index
    from treadle.matching.coding import Codes
    from treadle.spec.entities import Comparing, Entity

    Levels = NDArray[np.uint8]
    Floats = NDArray[np.float64]

MISSING, EQUAL = 0, 1
"""Levels; the last one is of all that is less alike than any other."""
_CLOSE = 1e-6
"""A likeness of three in five is at least 0.6, though no float is."""
_STEPS = 3
"""Steps of a float by which the difference of two decimals may be off: half of one for each of the two, for the
difference and for the limit, where a step of the last two is at most twice that of the larger number."""
_NO_DECIMALS = 2.0**50
"""From here on a float has no decimal place that could be off."""


class Likeness(Protocol):
    """How far one field of two rows is alike."""

    def __call__(self, left: Index, right: Index) -> Levels:
        """The level of each pair of rows that are not equal, from `EQUAL` + 1 on."""
        ...


@dataclass(frozen=True, eq=False)
class Field:
    """One field that is compared. `codes`: equal values have equal numbers, a missing one has -1; `counts`: how many
    rows have each value; empty where a rare value says no more than another."""

    name: str
    by: str
    levels: tuple[str, ...]
    weights: tuple[float, ...]
    codes: Codes
    likeness: Likeness
    counts: Floats

    def compare(self, left: Index, right: Index) -> Levels:
        """The level of each pair."""
        import numpy as np

        one, other = self.codes[left], self.codes[right]
        found = np.full(len(left), EQUAL, np.uint8)
        found[(one < 0) | (other < 0)] = MISSING
        unlike = np.flatnonzero((one != other) & (found != MISSING))
        found[unlike] = self.likeness(left[unlike], right[unlike])
        return found


def fields_of(
    name: str, entity: Entity, types: dict[str, Type], frame: pl.DataFrame, folded: pl.DataFrame
) -> list[Field]:
    """The fields that an entity compares. `frame`: plain values, for `exact`; `folded`: for all else.

    Raises:
        DataError: a field is of a type that cannot be compared so.
        MissingExtra: texts are compared, and RapidFuzz is not installed.
    """
    found = []
    for field, said in entity.match.compare.items():
        full, where = compared(said), f"entities.{name}.match.compare.{field}"
        fault = unfit_type(field, full, types[field])
        if fault is not None:
            raise DataError(fault.what, where=where, mend=fault.mend)
        values = (frame if full.by == "exact" else folded)[field]
        codes = coded(values)
        found.append(
            Field(
                field, full.by, _names(full), full.weights, codes, _likeness(full, values, codes), _counts(full, codes)
            )
        )
    return found


def unfit_type(field: str, said: Comparing, kind: Type) -> Fault | None:
    """What is wrong where values of this type cannot be compared so."""
    wanted = {"numeric": ("int", "float"), "date": ("date", "timestamp")}.get(said.by, ("str",))
    if said.by == "exact" or kind in wanted:
        return None
    mend = "cast it where it is drawn: cast(… as varchar)" if said.by in TEXTS else "compare it otherwise"
    return Fault(f"{said.by} compares {' or '.join(wanted)}, and {field} is {kind}", mend=mend)


def _names(said: Comparing) -> tuple[str, ...]:
    between = [f"at least {level:g} alike" for level in said.at] + [f"within {each}" for each in said.within]
    return ("missing", "equal", *between, "unlike")


def _counts(said: Comparing, codes: Codes) -> Floats:
    import numpy as np

    counts = np.bincount(codes[codes >= 0]).astype(np.float64)
    return counts if said.frequencies and not said.weights else counts[:0]


def _likeness(said: Comparing, values: pl.Series, codes: Codes) -> Likeness:
    if said.by in TEXTS:
        return _Texts(said.by, said.at, codes, values)
    if said.by == "exact":
        return _Apart(values=None, within=())
    numbers = values.cast(_micros()) if said.by == "date" else values
    unit = 1e6 if said.by == "date" else 1.0
    return _Apart(numbers, tuple(distance(each) * unit for each in said.within))


def _micros() -> pl.DataType:
    import polars as pl

    return pl.Datetime("us")


class _Texts:
    """Each two different texts are compared once in a call."""

    def __init__(self, by: str, at: Sequence[float], codes: Codes, values: pl.Series) -> None:
        import numpy as np

        self.scorer, self.whole = _scorer(by)
        self.at, self.codes = at, codes
        known = values.drop_nulls().unique().sort()
        self.texts = np.array(known.to_list(), dtype=object)

    def __call__(self, left: Index, right: Index) -> Levels:
        import numpy as np
        from rapidfuzz.process import cpdist

        one, other = self.codes[left], self.codes[right]
        both = np.minimum(one, other) * len(self.texts) + np.maximum(one, other)
        each, back = np.unique(both, return_inverse=True)
        found = np.full(len(each), EQUAL + 1 + len(self.at), np.uint8)
        if len(each):
            scores = cpdist(
                self.texts[each // len(self.texts)].tolist(),
                self.texts[each % len(self.texts)].tolist(),
                scorer=self.scorer,
                score_cutoff=(self.at[-1] - _CLOSE) * self.whole,
                dtype=np.float64,
                workers=-1,
            )
            for n, level in reversed(list(enumerate(self.at))):
                found[scores >= (level - _CLOSE) * self.whole] = EQUAL + 1 + n
        levels: Levels = found[back]
        return levels


def _scorer(by: str) -> tuple[Any, float]:
    """The function of RapidFuzz, and what it gives for equal texts."""
    try:
        from rapidfuzz import distance as of
        from rapidfuzz import fuzz
    except ImportError as bad:
        raise MissingExtra(
            "matching", "rapidfuzz", what="comparing texts by their likeness needs the package rapidfuzz"
        ) from bad
    if by == "token_set":
        return fuzz.token_set_ratio, 100.0
    return (of.JaroWinkler if by == "jaro_winkler" else of.Levenshtein).normalized_similarity, 1.0


class _Apart:
    """Numbers by how far they are apart; without any distance, what is not equal is unlike."""

    def __init__(self, values: pl.Series | None, within: tuple[float, ...]) -> None:
        import numpy as np
        import polars as pl

        self.values = None if values is None else values.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy()
        self.within, self.exact = within, values is None or not values.dtype.is_float()

    def __call__(self, left: Index, right: Index) -> Levels:
        import numpy as np

        found = np.full(len(left), EQUAL + 1 + len(self.within), np.uint8)
        if self.values is not None:
            one, other = self.values[left], self.values[right]
            apart = np.abs(one - other)
            if not self.exact:  # 20.09 and 19.99 are 0.1 apart, as they are written
                larger = np.maximum(np.abs(one), np.abs(other))
                exact = (np.floor(one) == one) & (np.floor(other) == other)
                apart -= np.where(exact | (larger >= _NO_DECIMALS), 0.0, _STEPS * np.spacing(larger))
            for n, most in reversed(list(enumerate(self.within))):
                found[apart <= most] = EQUAL + 1 + n
        return found
