"""The sums and spreads of `exact`, of all windows at once.

A column is put on its grid: whole numbers in units of 2**-shift. Where they fit 64 bits, running totals are taken
modulo 2**64, in which the difference of two is right whenever the window's own sum fits. Finer or wider columns are
cut into limbs, whose totals are put together in twice the precision of a float; the few windows for which that is not
provably exact, and spreads that 64 bits do not hold, are computed with whole numbers of any size. Whichever way is
gone, the answer is the same: the exact one, rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from treadle.features import exact

Array = np.ndarray[Any, Any]
_EXACT = 2.0**53
"""Whole numbers below it are floats."""
_FITS = 2.0**62
_MANY = 2**26
"""Counts below it have squares that are floats."""
_FAR = 400
"""On a grid not finer than this, no spread is so small that it would be rounded twice."""
_NORMAL = 1e-280
"""Floats of this size and more have products whose errors are floats."""
_HALVES, _LITTLE = 2.0**27 + 1, 2.0**-49
_MOST_LIMBS = 6
_NONE = np.zeros(1, bool)


class ColumnTotals:
    """Running totals of one column, without NULLs: 0 stands in their place. [lo, hi) are positions."""

    def __init__(self, numbers: Array) -> None:
        self._numbers = numbers
        self._whole: Array | None = None
        """The column in units of 2**-shift, where that fits 64 bits."""
        self.shift = 0
        self._low: Array | None = None
        if numbers.dtype.kind != "f":
            self._whole = numbers.astype(np.int64, copy=False)
        elif _are_whole(numbers):
            self._whole = numbers.astype(np.int64)
        else:
            self._find_grid()

    def _find_grid(self) -> None:
        mantissa, exponent = np.frexp(self._numbers)
        whole = (mantissa * _EXACT).astype(np.int64)
        zeros = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # how many zeros a mantissa ends in
        self._mantissa, self._low = whole >> np.maximum(zeros, 0), exponent - 53 + zeros
        some = whole != 0
        self.shift = max(-int(self._low[some].min(initial=0)), 0)
        self._bits = max(int(exponent[some].max(initial=0)) + self.shift, 1)
        if self._bits <= 62:
            self._whole = self._mantissa << np.where(some, self._low + self.shift, 0)

    @cached_property
    def _largest(self) -> float:
        """No whole number of the column is farther from 0."""
        assert self._whole is not None
        return max(-float(self._whole.min(initial=0)), float(self._whole.max(initial=0)))

    @cached_property
    def _before(self) -> Array:
        assert self._whole is not None
        return _running(self._whole)

    def sums(self, lo: Array, hi: Array) -> Array:
        """The sum of each window, rounded once; infinite where no float is as large."""
        total, rest, wrong = self._exactly(lo, hi)
        with np.errstate(over="ignore", invalid="ignore"):
            found: Array = total if rest is None else total + rest
        for at, exactly in self._anew(wrong, lo, hi):
            found[at] = exact.rounded(exactly, self.shift)
        return found

    def means(self, lo: Array, hi: Array, count: Array) -> Array:
        """The mean of each window, rounded once; of no values it means nothing."""
        count = np.maximum(count, 1)
        total, rest, wrong = self._exactly(lo, hi)
        if rest is None:
            found: Array = total / count
        else:
            found, unsure = _quotient(total, rest, count)
            wrong = wrong | unsure
        for at, exactly in self._anew(wrong, lo, hi):
            found[at] = exact.mean(int(count[at]), exactly, self.shift)
        return found

    def whole_sums(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """The sum of each window of a column of whole numbers, and whether 64 bits hold it."""
        total, fits = self._before[hi] - self._before[lo], np.ones(len(lo), bool)
        for at, exactly in self._anew(self._outside(lo, hi), lo, hi):
            found = exact.whole(exactly)
            total[at], fits[at] = found or 0, found is not None
        return total, fits

    def spreads(self, lo: Array, hi: Array, count: Array) -> Array:
        """The sample standard deviation of each window of two and more values that are not NULL; else 0."""
        some = count > 1
        found, sure = np.zeros(len(lo)), np.zeros(len(lo), bool)
        if self._whole is not None and self.shift < _FAR:
            # the squares are right modulo 2**64, and so is what is made of them wherever nothing larger comes into it
            total, squares = self._before[hi] - self._before[lo], self._squares_before[hi] - self._squares_before[lo]
            over, size = count * squares - total * total, hi - lo
            sure = ((size * self._largest) ** 2 < _FITS) & (over < _EXACT) & (size < _MANY)
            found = np.sqrt(np.where(some & sure, over, 0) / np.where(some, count * (count - 1), 1))
            found = np.ldexp(found, -self.shift) if self.shift else found
        for at, first, end in _places(some & ~sure, lo, hi):
            exactly = self._sums[end] - self._sums[first]
            squared = self._sums_of_squares[end] - self._sums_of_squares[first]
            found[at] = exact.spread(int(count[at]), exactly, squared, self.shift)
        return found

    @cached_property
    def _squares_before(self) -> Array:
        assert self._whole is not None
        return _running(self._whole * self._whole)

    def _outside(self, lo: Array, hi: Array) -> Array:
        """The windows whose sum may not fit 64 bits."""
        size = hi - lo
        if float(size.max(initial=0)) * self._largest < _FITS:
            return _NONE
        found: Array = size * self._largest >= _FITS
        return found

    def _anew(self, wrong: Array, lo: Array, hi: Array) -> Iterator[tuple[int, int]]:
        """Place and sum of the windows that are `wrong`, by whole numbers of any size."""
        for at, first, end in _places(wrong, lo, hi):
            yield at, self._sums[end] - self._sums[first]

    # -- limbs: the grid in pieces of so many bits that a window's sum of each is exact as a float

    @cached_property
    def _limbs(self) -> list[tuple[int, Array]]:
        """(place of the lowest bit, running totals), the highest first; empty where there would be too many."""
        width = max(52 - len(self._numbers).bit_length(), 20)
        count = -(-self._bits // width)
        if count > _MOST_LIMBS:
            return []
        size, sign = np.abs(self._numbers), np.sign(self._numbers)
        out, above = [], np.zeros(len(size))
        for place in range((count - 1) * width, -1, -width):
            here = np.floor(np.ldexp(size, self.shift - place))
            limb = (here - above * 2.0**width) * sign
            out.append((place, _running(limb.astype(np.int64))))
            above = here
        return out

    def _exactly(self, lo: Array, hi: Array) -> tuple[Array, Array | None, Array]:
        """The sum of each window as that of two floats, of one alone where that is enough; and where it is neither."""
        if self._whole is None:
            return self._from_limbs(lo, hi)
        whole = self._before[hi] - self._before[lo]
        total: Array = whole.astype(np.float64)
        rest: Array | None = None
        if float(np.abs(total).max(initial=0.0)) >= _EXACT:
            with np.errstate(invalid="ignore"):  # 2**63 is no number of 64 bits: such windows do not fit
                rest = np.ldexp((whole - total.astype(np.int64)).astype(np.float64), -self.shift)
        return np.ldexp(total, -self.shift) if self.shift else total, rest, self._outside(lo, hi)

    def _from_limbs(self, lo: Array, hi: Array) -> tuple[Array, Array | None, Array]:
        total, rest = np.zeros(len(lo)), np.zeros(len(lo))
        wrong = np.full(len(lo), not self._limbs)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, running in self._limbs:
                part = np.ldexp((running[hi] - running[lo]).astype(np.float64), place - self.shift)
                total, error = _two_sum(total, part)
                rest, error = _two_sum(rest, error)
                wrong |= error != 0.0  # and where it is no number
        return total, rest, wrong

    # -- whole numbers of any size

    @cached_property
    def _any_size(self) -> list[int]:
        if self._low is None:
            assert self._whole is not None
            return list(self._whole.tolist())
        places = np.maximum(self._low + self.shift, 0).tolist()
        return [number << place for number, place in zip(self._mantissa.tolist(), places, strict=True)]

    @cached_property
    def _sums(self) -> list[int]:
        return list(accumulate(self._any_size, initial=0))

    @cached_property
    def _sums_of_squares(self) -> list[int]:
        return list(accumulate((number * number for number in self._any_size), initial=0))


def _are_whole(numbers: Array) -> bool:
    return bool(np.abs(numbers).max(initial=0.0) < _FITS and (np.rint(numbers) == numbers).all())


def _running(numbers: Array) -> Array:
    """Totals before each place and after the last, modulo 2**64."""
    out = np.zeros(len(numbers) + 1, np.int64)
    np.cumsum(numbers, out=out[1:])
    return out


def _places(wanted: Array, lo: Array, hi: Array) -> Iterator[tuple[int, int, int]]:
    """Place, lo and hi of the windows that are wanted."""
    at = np.flatnonzero(wanted)
    return zip(at.tolist(), lo[at].tolist(), hi[at].tolist(), strict=True)


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b as a float, and its error, exactly (Knuth, "The Art of Computer Programming" 2, 4.2.2, theorem B)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def _quotient(total: Array, rest: Array, count: Array) -> tuple[Array, Array]:
    """(total + rest) / count, rounded once, and where that is not sure.

    To the quotient of floats comes what the remainder makes of it. The remainder is exact: half a quotient's digits
    times a count of 26 bits is a float. Where a little more or less of it would round elsewhere, nothing is sure.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        first = total / count
        high = first * _HALVES
        high = high - (high - first)
        more = (((total - high * count) - (first - high) * count) + rest) / count
        least, most = first + more * (1 - _LITTLE), first + more * (1 + _LITTLE)
        sure = (least == most) & (np.abs(first) > _NORMAL) & (count < _MANY)
    return most, ~sure & ((total != 0.0) | (rest != 0.0))
