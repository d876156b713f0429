"""What both are asked about a pair of tables: fields and how they are compared, blocks; one JSON file for both."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Compared:
    """`at`: likenesses of Jaro and Winkler; `edits`: of Levenshtein, in texts of about `length` characters."""

    field: str
    at: tuple[float, ...] = ()
    edits: tuple[int, ...] = ()
    length: int = 0


@dataclass(frozen=True)
class Asked:
    """`firm`: blocks that nearly always hold one thing alone, from which Splink estimates how many there are."""

    name: str
    fields: tuple[Compared, ...]
    blocks: tuple[tuple[str, ...], ...]
    firm: tuple[tuple[str, ...], ...]

    def data(self) -> dict[str, object]:
        return asdict(self)


NAME, DIGITS = (0.94, 0.88, 0.75), (1, 2)
PEOPLE = Asked(
    "people",
    (
        Compared("given", NAME),
        Compared("family", NAME),
        Compared("born", edits=DIGITS, length=10),
        Compared("street", NAME),
        Compared("postcode", edits=DIGITS, length=5),
        Compared("email", NAME),
        Compared("phone", edits=DIGITS, length=8),
    ),
    (("born",), ("email",), ("phone",), ("postcode", "family"), ("given", "family", "city"), ("street", "postcode")),
    (("email",), ("given", "family", "born")),
)
FEBRL = Asked(
    "febrl4",
    (
        Compared("given_name", NAME),
        Compared("surname", NAME),
        Compared("date_of_birth", edits=DIGITS, length=8),
        Compared("soc_sec_id", edits=DIGITS, length=7),
        Compared("street_number", edits=(1,), length=3),
        Compared("address_1", NAME),
        Compared("suburb", NAME),
        Compared("postcode", edits=DIGITS, length=4),
    ),
    (
        ("date_of_birth",),
        ("soc_sec_id",),
        ("given_name", "surname"),
        ("surname", "postcode"),
        ("given_name", "suburb"),
        ("address_1", "street_number"),
    ),
    (("soc_sec_id",), ("given_name", "surname", "date_of_birth")),
)
