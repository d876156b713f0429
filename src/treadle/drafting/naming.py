"""Names of columns that say that they name rows: `customer_id`, `KundenNr`, `Rechnungsnummer`, `order no.`."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-ZÄÖÜ]?[a-zäöüßáéíóúñç]+|[A-ZÄÖÜ]+(?![a-zäöüß])")
_LAST = frozenset(
    ("id", "key", "uuid", "guid", "pk", "number", "no", "nr", "num", "nummer", "numero", "número", "code", "account",
     "konto", "ref", "reference", "referenz", "kennung", "kennzeichen", "schlüssel", "schluessel", "identifier", "sku",
     "ean", "isbn", "iban", "vin")
)  # fmt: skip
"""What the last word of such a name is."""
_FIRST = frozenset(("id", "uuid", "guid"))
"""And its first; `no_of_rooms` and `number_of_rooms` count something."""
_ENDS = ("nr", "nummer", "number", "code", "kennung", "schlüssel", "uuid")
"""How a word of several in one ends: `kundennr`."""
_NO_ID = re.compile(
    r"(un|pre|over|under|in)?(paid|valid)|(grid|solid|humid|acid|fluid|liquid|void|rapid|android|covid|raid|aid|bid|kid"
    r"|lid|rid|mid|maid|said|laid|hybrid|pyramid|rigid|vivid|timid|avid)"
)
"""Words that end so and name nothing."""


def names_rows(name: str) -> bool:
    """Whether a column is called as one that names rows; its values have to say so too.

    >>> [names_rows(each) for each in ("KundenNr", "customerid", "Order No.", "id_client")]
    [True, True, True, True]
    >>> [names_rows(each) for each in ("paid", "no_of_rooms", "casino", "monkey")]
    [False, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    last = words[-1]
    return (
        last in _LAST
        or words[0] in _FIRST
        or last.endswith(_ENDS)
        or (last.endswith("id") and _NO_ID.fullmatch(last) is None)
    )


def plain(name: str) -> str:
    """Letters and digits alone, in lower case: `Order ID` and `order_id` are one."""
    return re.sub(r"[\W_]+", "", name).casefold()


def singular(name: str) -> str:
    """The name of one of them, where an English plural says many."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
