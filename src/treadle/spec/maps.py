"""What a source may say of where its columns come from. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.spec.increments import is_zone
from treadle.spec.mapping import Mapped
from treadle.spec.project import Source
from treadle.spec.shape import Problem


def of_maps(sources: dict[str, Source]) -> Iterator[Problem]:
    """What is wrong within the `map` of each source."""
    for name, source in sources.items():
        if source.unmapped != "keep" and not source.map:
            yield Problem(f"sources.{name}.unmapped", "`unmapped` is said, and there is no `map`", mend="add `map:`")
        for column, mapped in source.mapped.items():
            yield from _of_column(f"sources.{name}.map.{column}", mapped)


def _of_column(path: str, mapped: Mapped) -> Iterator[Problem]:
    if (mapped.origin is None) == (mapped.expression is None):
        both = "both `from` and `expression` are" if mapped.origin else "neither `from` nor `expression` is"
        yield Problem(path, f"{both} given", mend='give one: from: COLUMN, or expression: "a + b"')
    if mapped.unit is not None and mapped.currency is not None:
        yield Problem(path, "a column has a unit or a currency, not both", mend="leave one out")
    if mapped.zone is not None:
        if not is_zone(mapped.zone):
            what = f'there is no time zone "{mapped.zone[:40]}"'
            yield Problem(f"{path}.zone", what, mend="such as Europe/Berlin")
        if mapped.type not in (None, "timestamp"):
            yield Problem(f"{path}.zone", f"a {mapped.type} has no time zone", mend="leave it out, or the type")
        if mapped.unit is not None or mapped.currency is not None:
            yield Problem(f"{path}.zone", "a time has neither unit nor currency", mend="leave it out")
    elif mapped.ambiguous != "refuse":
        yield Problem(f"{path}.ambiguous", "no time is ambiguous without a `zone`", mend="name the zone")
    for part in ("unit", "currency"):
        if getattr(mapped, part) is not None and mapped.type not in (None, "int", "float"):
            yield Problem(f"{path}.{part}", f"a {mapped.type} has no {part}", mend="write type: float, or leave it out")
    yield from _of_money(path, mapped)


def _of_money(path: str, mapped: Mapped) -> Iterator[Problem]:
    money = mapped.currency
    if money is None:
        return
    if (money.origin is None) == (money.column is None):
        both = "both `from` and `column` are" if money.origin else "neither `from` nor `column` is"
        yield Problem(
            f"{path}.currency", f"{both} given", mend="give one: from: USD, or column: the one that says it of each row"
        )
    elif money.origin == money.to:
        yield Problem(f"{path}.currency", f"it is {money.to} already", mend="leave `currency` out")
