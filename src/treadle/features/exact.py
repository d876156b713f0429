"""Sums and spreads without the errors of floating point, one value at a time.

Every finite float is a whole number of some power of two. On a grid fine enough for all of them, sums are sums of
whole numbers: exact, in any order, however large and small values are mixed. A sum of a window is the exact one,
rounded once; so is the square of its spread. What the totals began with therefore cannot be seen: batch and online,
a state that was seeded and one that was told everything come to the same bits, because there is one right answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from treadle.features.plan import LARGEST


class Totals:
    """Running totals of the values of one argument; what is no number counts as 0.

    `sums[i]` is the total of the first i values in units of 2**-shift, `squares[i]` that of their squares in units of
    2**(-2 * shift). Both are made when first asked for, and as far as is asked.
    """

    __slots__ = ("shift", "squares", "sums")

    def __init__(self) -> None:
        self.shift = 0
        self.sums = [0]
        self.squares = [0]

    def changed(self, at: int) -> None:
        """Values from place `at` on are others now."""
        del self.sums[at + 1 :], self.squares[at + 1 :]

    def forget(self, count: int) -> None:
        """The first values are gone. What they came to stays in the totals, and in no difference of two."""
        for totals in (self.sums, self.squares):
            if len(totals) > count:
                del totals[:count]
            else:
                totals[:] = [0]

    def sum(self, values: Sequence[Any], lo: int, hi: int) -> int:
        """The sum of values[lo:hi] in units of 2**-shift."""
        sums = self.sums
        for at in range(len(sums) - 1, hi):
            whole = self._whole(values[at])
            sums.append(sums[-1] + whole)
        return sums[hi] - sums[lo]

    def sum_of_squares(self, values: Sequence[Any], lo: int, hi: int) -> int:
        """The sum of the squares of values[lo:hi] in units of 2**(-2 * shift)."""
        squares = self.squares
        for at in range(len(squares) - 1, hi):
            whole = self._whole(values[at])
            squares.append(squares[-1] + whole * whole)
        return squares[hi] - squares[lo]

    def _whole(self, value: Any) -> int:
        if type(value) is float:
            number, unit = value.as_integer_ratio()
            finer = unit.bit_length() - 1 - self.shift
            if finer > 0:  # at most 1074 times in the life of a history: no float has a finer grid
                self.sums[:] = [total << finer for total in self.sums]
                self.squares[:] = [total << 2 * finer for total in self.squares]
                self.shift += finer
                return number
            return number << -finer
        return int(value) << self.shift if isinstance(value, int) else 0


def rounded(total: int, shift: int) -> float:
    """total / 2**shift, rounded once; infinite where no float is as large."""
    try:
        return total / (1 << shift)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def mean(count: int, total: int, shift: int) -> float:
    """The exact mean, rounded once; the sum itself may be larger than any float."""
    return total / (count << shift)


def whole(total: int) -> int | None:
    """A sum of whole numbers; None where 64 bits do not hold it."""
    return total if abs(total) < LARGEST else None


def spread(count: int, total: int, squares: int, shift: int) -> float | None:
    """The sample standard deviation: the exact variance, rounded once, and its root."""
    if count < 2:
        return None
    over, under = count * squares - total * total, count * (count - 1)
    if not over:
        return 0.0
    # the root is taken of a number near 1, so that no variance is too large or too small for a float
    half = (over.bit_length() - under.bit_length()) // 2
    if half >= 0:
        square = over / (under << 2 * half)
    else:
        square = (over << -2 * half) / under
    try:
        return math.ldexp(math.sqrt(square), half - shift)
    except OverflowError:
        return math.inf
