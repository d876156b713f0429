"""A profile as types: what JSON tells, what the page draws, what two profiles are compared by."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["number", "text", "time", "bool", "nested", "bytes", "empty"]
How = Literal["exact", "about", "unknown"]
"""`about`: by HyperLogLog, within some 2 % in 95 of 100 cases; `unknown`: not told of this type."""
FORMAT = 1


class Level(Struct, frozen=True):
    """A value, written as text, and how many rows have it."""

    value: str
    rows: int


class Bins(Struct, frozen=True, omit_defaults=True):
    """Counts of rows between edges, (edges[i], edges[i+1]], the first bin with its lower edge. Times are in seconds
    since 1970. `below`, `above`: rows beside the edges of another table, where its outer bin is of one value."""

    edges: list[float]
    counts: list[int]
    below: int = 0
    above: int = 0


class Numbers(Struct, frozen=True):
    """Of what is finite. `sd` divides by n - 1; it is None of one row, and like `mean` where it is no number any more.
    `quantiles` are at `LEVELS` of `measuring`. `low`, `high`: a whole number that no float holds stays whole.
    """

    mean: float | None
    sd: float | None
    low: float | int
    high: float | int
    quantiles: list[float | int]
    zeros: int
    negative: int
    nan: int
    infinite: int


class Texts(Struct, frozen=True):
    """Lengths in characters. `empty` texts hold nothing, `blanks` begin or end with a blank."""

    shortest: int
    longest: int
    mean: float
    empty: int
    blanks: int


class Times(Struct, frozen=True):
    """`zone`: empty where times have none. `step`: the commonest distance between one time and the next, in seconds;
    `gap`: the longest, after the time `gap_after`. `midnight`: the share of times at midnight."""

    first: str
    last: str
    zone: str
    step: float | None
    gap: float | None
    gap_after: str
    midnight: float


class Personal(Struct, frozen=True):
    """A sign of personal data. `share` of the values looks so; None where the column's name alone says it. `example` is
    masked."""

    what: str
    share: float | None
    example: str


class Relation(Struct, frozen=True):
    """Of the label's uncertainty (its entropy), the share that this column alone takes away, less what so many bins
    take from so few rows by themselves. `chance`: what a column without any relation stays below in 95 of 100 cases."""

    share: float
    chance: float


class ColumnProfile(Struct, frozen=True):
    """One column. `distinct` values without missing ones; `top`: the commonest that come more than once, of `top_of`
    rows; `key`: each row has a value of its own. `bins` have equal widths, and are drawn; `parts` have about equal
    counts, and are compared by."""

    name: str
    type: str
    kind: Kind
    missing: int
    distinct: int | None
    distinct_how: How
    key: bool
    top: list[Level]
    top_of: int
    numbers: Numbers | None = None
    texts: Texts | None = None
    times: Times | None = None
    bins: Bins | None = None
    parts: Bins | None = None
    levels: dict[str, int] = {}
    """Of texts and truths: rows of the commonest values, by which it is compared; of another table's commonest, where
    this one was measured beside it. Not told of values that may name people."""
    unit: str = ""
    """A unit that the name or the values suggest."""
    personal: list[Personal] = []
    relation: Relation | None = None
    notes: list[str] = []


class Pair(Struct, frozen=True):
    """Two columns that say the same (`equal`), or much of the same: `share` of the uncertainty of one of them."""

    first: str
    second: str
    equal: bool
    share: float
    chance: float


class Profile(Struct, frozen=True):
    """`drawn`: rows that quantiles, relations and pairs are of, where these are not all. `duplicates`: rows that
    another row before them equals; None where it was not asked. `keys`: columns, or pairs of columns, that name each
    row."""

    name: str
    rows: int
    columns: list[ColumnProfile]
    drawn: int
    related: int
    """Rows that relations and pairs were asked of."""
    duplicates: int | None
    keys: list[list[str]]
    pairs: list[Pair]
    unpaired: int
    """Columns that were not paired, since there are too many."""
    label: str
    questions: list[str]
    bytes: int = 0
    snapshot: str = ""
    stated: list[str] = []
    """The key that the project states."""
    format: int = FORMAT


class Moved(Struct, frozen=True):
    """What moved in one column from one table to another. `psi`, `noise` and `js` as monitoring tells drift; None where
    the two could not be laid side by side."""

    column: str
    verdict: str
    psi: float | None
    noise: float | None
    js: float | None
    missing_before: float
    missing_now: float
    distinct_before: int | None
    distinct_now: int | None
    mean_before: float | None
    mean_now: float | None
    median_before: float | None
    median_now: float | None
