"""People in two tables, drawn with a seed: one as registered, the other as they wrote themselves later.

In the second table there are typing errors, missing values, given and family name swapped, nicknames, people who
moved, and twins who live at one address and share all but their given name.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

FIELDS = ("given", "family", "born", "street", "city", "postcode", "email", "phone")
_SYLLABLES = (
    "an be bri ca da el fa ga ha hel in ja jo ka la le li lo ma mar mi na ne no ol pa pe ra ro sa si ta te to va vi wi"
)
_ENDS = "a an as den er ert ford ham in ine is ke ley man mann na ner o on sen ski son strom ton us ville well"
_SHORT = {
    "alexander": "alex",
    "elizabeth": "liz",
    "katharina": "kathi",
    "margaret": "peggy",
    "robert": "bob",
    "william": "bill",
}
_STREETS = "street road lane avenue way close square park hill mews"


def draw(people: int, seed: int = 7) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables of `people` rows; four in five of the first are in the second too. `id` names a row, `person` who it
    is: equal in both tables where it is one person."""
    random = np.random.default_rng(seed)
    known = _registered(people * 6 // 5, random)
    one = known.head(people).with_columns(pl.format("a{}", "person").alias("id"))
    other = _written(known.tail(people), random).with_columns(pl.format("b{}", "person").alias("id"))
    return _shuffled(one, random), _shuffled(other, random)


def _shuffled(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    order = random.permutation(frame.height)
    return frame[order].select("id", "person", *FIELDS)


def _words(count: int, random: np.random.Generator) -> np.ndarray:
    """Made-up names, each once."""
    first, second = (random.choice(_SYLLABLES.split(), count * 3) for _ in range(2))
    found = np.char.add(np.char.add(first, second), random.choice(_ENDS.split(), count * 3))
    return np.unique(found)[random.permutation(len(np.unique(found)))][:count]


def _some(words: np.ndarray, count: int, random: np.random.Generator, steep: float) -> np.ndarray:
    """Words as names are: a few are common, and most are rare (Zipf)."""
    weights = 1.0 / (np.arange(len(words)) + 8.0) ** steep
    return words[random.choice(len(words), count, p=weights / weights.sum())]


def _registered(count: int, random: np.random.Generator) -> pl.DataFrame:
    given = np.concatenate([np.array(list(_SHORT)), _words(1500, random)])
    family, street, city = _words(20_000, random), _words(8_000, random), _words(600, random)
    cities = random.integers(0, len(city), count)
    code = cities * 40 + random.integers(0, 40, count)
    names, families = _some(given, count, random, 0.9), _some(family, count, random, 0.8)
    days = random.integers(0, 27_000, count)
    homes = np.char.add(np.char.add(random.integers(1, 180, count).astype(str), " "), _some(street, count, random, 0.5))
    homes = np.char.add(np.char.add(homes, " "), random.choice(_STREETS.split(), count))
    twins = np.flatnonzero(random.random(count) < 0.02)
    twins = twins[(twins > 0) & ~np.isin(twins - 1, twins)]
    for values in (families, days, homes, cities, code):
        values[twins] = values[twins - 1]
    mail = np.char.add(np.char.add(np.char.add(names, "."), families), random.integers(1, 9_999, count).astype(str))
    phone = random.integers(20_000_000, 99_999_999, count).astype(str)
    phone[twins] = phone[twins - 1]
    return pl.DataFrame(
        {
            "person": np.arange(count),
            "given": names,
            "family": families,
            "born": [(dt.date(1930, 1, 1) + dt.timedelta(days=int(day))).isoformat() for day in days],
            "street": homes,
            "city": city[cities],
            "postcode": np.char.zfill((10_000 + code).astype(str), 5),
            "email": np.char.add(mail, "@example.org"),
            "phone": phone,
        }
    )


def _written(people: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    count = people.height
    found = {name: people[name].to_numpy().astype(object) for name in FIELDS}
    nick = np.flatnonzero(np.isin(found["given"], list(_SHORT)) & (random.random(count) < 0.5))
    found["given"][nick] = [_SHORT[str(name)] for name in found["given"][nick]]
    moved = np.flatnonzero(random.random(count) < 0.12)
    for name, values in (("street", moved), ("city", moved), ("postcode", moved)):
        found[name][values] = found[name][random.permutation(values)]
    for name, share in (("given", 0.08), ("family", 0.08), ("born", 0.04), ("street", 0.12), ("city", 0.03),
                        ("postcode", 0.04), ("email", 0.05), ("phone", 0.05)):  # fmt: skip
        for row in np.flatnonzero(random.random(count) < share):
            found[name][row] = _mistyped(str(found[name][row]), random)
    swapped = np.flatnonzero(random.random(count) < 0.03)
    found["given"][swapped], found["family"][swapped] = found["family"][swapped], found["given"][swapped]
    for name, share in (("given", 0.02), ("born", 0.1), ("street", 0.08), ("postcode", 0.05), ("email", 0.45),
                        ("phone", 0.4)):  # fmt: skip
        found[name][random.random(count) < share] = None
    return people.with_columns(pl.Series(name, values.tolist(), dtype=pl.String) for name, values in found.items())


def _mistyped(text: str, random: np.random.Generator) -> str:
    """One letter more, less, another, or two the other way round."""
    place, kind = int(random.integers(0, max(len(text) - 1, 1))), int(random.integers(0, 4))
    letter = str(
        random.choice(list("0123456789" if text[place : place + 1].isdigit() else "abcdefghijklmnopqrstuvwxyz"))
    )
    if kind == 0:
        return text[:place] + letter + text[place:]
    if kind == 1 and len(text) > 3:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + letter + text[place + 1 :]
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
