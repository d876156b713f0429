"""Signs of personal data in a column, by its values and by its name. Examples are masked."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
from msgspec import Struct

from treadle.profiling.found import Personal

LOOKED, LEAST = 10_000, 0.02
"""Values that are looked at, the commonest; the share of rows from which on it is told."""


class Sign(Struct, frozen=True):
    """What whole values of a kind look like; `holds` asks what a pattern cannot, such as a check digit."""

    what: str
    pattern: str
    holds: Callable[[str], bool] = lambda text: True


def _luhn(text: str) -> bool:
    """The check digit of cards (ISO/IEC 7812-1)."""
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """The check digits of an IBAN (ISO 13616): modulo 97 it is 1."""
    plain = text.replace(" ", "").upper()
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _address(text: str) -> bool:
    return all(int(part) < 256 for part in text.split("."))


def _phone(text: str) -> bool:
    return 7 <= sum(sign.isdigit() for sign in text) <= 15


SIGNS = (
    Sign("e-mail addresses", r"^[\w.+-]{1,64}@[\w-]+(\.[\w-]+)+$"),
    Sign("IBANs", r"^[A-Za-z]{2}\d{2}[ ]?([A-Za-z0-9]{4}[ ]?){2,7}[A-Za-z0-9]{1,4}$", _iban),
    Sign("card numbers", r"^\d{4}([ -]?\d{4}){2}[ -]?\d{1,7}$", _luhn),
    Sign("US social security numbers", r"^\d{3}-\d{2}-\d{4}$"),
    Sign("IP addresses", r"^\d{1,3}(\.\d{1,3}){3}$", _address),
    Sign("phone numbers", r"^(\+|00|\(?0|\(\d{3}\))[\d ()./-]{6,20}$", _phone),
)
OF_MANY = ("what is specially protected", "places of people")
"""What many people share: a value of these names nobody, where there are few of them."""
_NAMES = (
    ("e-mail addresses", r"e[-_ ]?mails?(addr.*)?"),
    ("phone numbers", r"(tele)?phone(s|_?(no|number))?|mobile|msisdn|fax"),
    ("names of people", r"(first|last|full|given|family|maiden|customer|patient|person|user)_?name|surname|forename"),
    ("addresses", r"(street|postal|home|mail(ing)?|billing|shipping)?_?address(_?\d)?|street|house_?(no|number)"),
    ("dates of birth", r"(date_?of_?)?birth(_?(day|date))?|dob|geburtsdatum"),
    ("identity numbers", r"ssn|social_?security.*|passport.*|tax_?(id|no|number)|national_?id|driver_?licen[cs]e.*"),
    ("bank accounts", r"iban|bic|account_?(no|number)|card_?(no|number)|credit_?card.*|pan"),
    ("places of people", r"lat(itude)?|lon(gitude)?|lng|gps.*|post_?code|zip_?(code)?|plz"),
    ("IP addresses", r"ip(_?addr(ess)?)?|client_?ip|remote_?addr"),
    ("what is specially protected", r"religion|ethnicity|race|gender|sex|nationality|diagnos[ie]s|disability"),
)  # fmt: skip


def personal(name: str, counts: pl.DataFrame | None) -> list[Personal]:
    """What the values show, or else the name. `counts`: rows by value of a column of text, the commonest first; None of
    another column."""
    found = [] if counts is None else [each for sign in SIGNS if (each := _seen(sign, counts)) is not None]
    if found:
        return found
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    named = (what for what, pattern in _NAMES if re.fullmatch(rf"(.*[_\W])?({pattern})([_\W].*)?", plain))
    what = next(named, "")
    return [Personal(what, None, "")] if what else []


def _seen(sign: Sign, counts: pl.DataFrame) -> Personal | None:
    """What share of the values looks so, by the rows that have them."""
    looked = counts.head(LOOKED)
    alike = looked.filter(pl.col("value").str.strip_chars().str.contains(sign.pattern))
    rows = [(value.strip(), count) for value, count in alike.iter_rows() if sign.holds(value.strip())]
    share = sum(count for _, count in rows) / max(int(looked["rows"].sum()), 1)
    return Personal(sign.what, share, masked(rows[0][0])) if rows and share >= LEAST else None


def masked(text: str) -> str:
    """The first and the last sign of each word, and no more than a third of it.

    >>> masked("ada@example.org"), masked("DE89 3704 0044")
    ('•••@e•••••e.•••', 'D••9 3••4 0••4')
    """

    def hide(found: re.Match[str]) -> str:
        word = found[0]
        return word[0] + "•" * (len(word) - 2) + word[-1] if len(word) > 3 else "•" * len(word)

    return re.sub(r"\w+", hide, text)
