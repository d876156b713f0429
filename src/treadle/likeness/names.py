"""How alike two names of columns are, by their words: spelt so, short for one another, or of one meaning.

Words are paired as Monge and Elkan (1996) do, each with the one that is most like it in the other name; two words are
compared by Ratcliff and Obershelp (1988), as `difflib` has it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MEANINGS = (
    "number no nr num nummer numero count cnt", "id identifier key uuid guid", "amount amt betrag sum value total",
    "quantity qty menge", "price preis cost", "date datum day tag dt", "time timestamp at zeit ts when", "name label",
    "customer client kunde buyer", "order bestellung purchase", "city town ort stadt", "street strasse road",
    "zip postcode plz postal", "country land nation", "phone tel telephone telefon mobile", "email mail",
    "distance dist entfernung length", "weight gewicht mass", "birth born geburt dob", "first given vorname",
    "last family surname nachname", "address addr adresse", "description desc text beschreibung",
    "type kind category", "status state", "temperature temp", "latitude lat", "longitude lon lng long", "gender sex",
    "percent pct percentage", "average avg mean", "minimum min", "maximum max", "start begin from started begun",
    "end finish until to ended",
    "created made inserted", "updated changed modified", "paid payed", "fare price fee", "item product article sku",
)  # fmt: skip
_LIKE = {word: number for number, words in enumerate(_MEANINGS) for word in words.split()}
_UNITS = frozenset(
    ("km", "mi", "miles", "mile", "m", "cm", "mm", "ft", "feet", "inch", "inches", "kg", "lb", "lbs", "g", "grams",
     "celsius", "fahrenheit", "degc", "degf", "c", "f", "usd", "eur", "gbp", "chf", "jpy", "kmh", "mph", "s", "sec",
     "secs", "seconds", "min", "mins", "minutes", "h", "hours", "local", "utc", "gmt")
)  # fmt: skip
"""What says how a value is written, and not what it is of: it weighs little."""
_LIGHT, _LEAST = 0.25, 0.62
_UNIT_LETTERS = 3


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in small letters and without accents.

    >>> words("CustomerID"), words("straße_Nr2"), words("address.city")
    (('customer', 'id'), ('strasse', 'nr', '2'), ('address', 'city'))
    """
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name)).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return tuple(_WORD.findall(plain))


def ends_apart(one: str, other: str) -> bool:
    """Whether both names end in a short word that is not the other's, as units are: it may be all that differs.

    >>> ends_apart("heat_k", "warmth_r"), ends_apart("heat_k", "heat_k"), ends_apart("heat", "warmth_r")
    (True, False, False)
    """
    mine, theirs = words(one), words(other)
    if len(mine) < 2 or len(theirs) < 2 or mine[-1] == theirs[-1]:
        return False
    return all(
        len(each[-1]) <= _UNIT_LETTERS and each[-1].isalpha() and each[-1] not in _LIKE for each in (mine, theirs)
    )


def name_likeness(one: str, other: str) -> float:
    """From 0 to 1; 1 of names that are spelt alike but for capitals, accents and what stands between words.

    >>> name_likeness("customer_id", "CustomerId"), name_likeness("qty", "rain") < 0.3
    (1.0, True)
    """
    mine, theirs = words(one), words(other)
    if not mine or not theirs:
        return 1.0 if one == other else 0.0
    if mine == theirs or "".join(mine) == "".join(theirs):
        return 1.0
    return round((_covered(mine, theirs) + _covered(theirs, mine)) / 2 * 0.97, 4)


def _covered(mine: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    weights = [_LIGHT if word in _UNITS and len(mine) > 1 else 1.0 for word in mine]
    best = [max(word_likeness(word, other) for other in theirs) for word in mine]
    return sum(w * b for w, b in zip(weights, best, strict=True)) / sum(weights)


@functools.lru_cache(maxsize=200_000)
def word_likeness(one: str, other: str) -> float:
    """Of two words: 1 where they are one, less where one is short for the other or means the same."""
    if one == other:
        return 1.0
    if one in _LIKE and _LIKE[one] == _LIKE.get(other):
        return 0.9
    short, long = sorted((one, other), key=len)
    if len(short) >= 2 and short[0] == long[0] and not short.isdigit() and len(long) > len(short):
        if long.startswith(short):
            return 0.85 if len(short) > 2 else 0.6
        if _is_within(short, long) and len(short) <= 5:
            return 0.75 if len(short) > 2 else 0.5
    found = SequenceMatcher(None, one, other, autojunk=False)
    if found.real_quick_ratio() < _LEAST or found.quick_ratio() < _LEAST:
        return 0.0
    ratio = found.ratio()
    return ratio * 0.95 if ratio >= _LEAST else 0.0


def _is_within(short: str, long: str) -> bool:
    """Whether the letters of one stand in the other, in their order: `qty` in `quantity`."""
    rest = iter(long)
    return all(letter in rest for letter in short)
