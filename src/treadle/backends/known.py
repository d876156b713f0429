"""The engines that are installed, by entry point, and which of them opens a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from treadle.address import Address
from treadle.backends.engine import Engine, States
from treadle.errors import MissingExtra, SpecError, nearest

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine

    from treadle.store import Blobs, Shelf, Tables

GROUP = "treadle.engines"
_MEND = "a package adds an engine by the entry point group " + GROUP


@cache
def installed() -> tuple[tuple[Engine, ...], tuple[str, ...]]:
    """The engines that come along and those that entry points name; and a sentence for each that cannot be loaded."""
    from treadle.backends.embedded import ENGINE
    from treadle.backends.s3 import ENGINE as S3

    found = {"treadle.backends.embedded:ENGINE": ENGINE, "treadle.backends.s3:ENGINE": S3}
    broken = list[str]()  # the two come along, also in a checkout without metadata
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            made = point.load()
        except Exception as bad:
            broken.append(f"the engine {point.name} cannot be loaded ({type(bad).__name__})")
            continue
        if isinstance(made, Engine):
            found.setdefault(point.value, made)
        else:
            broken.append(f"the engine {point.name} is none ({point.value})")
    return tuple(found.values()), tuple(broken)


def open_catalog(address: Address) -> SqlEngine:
    made: SqlEngine = _opener("catalog", address, lambda engine: engine.catalogs)(address)
    return made


def open_tables(address: Address) -> Tables:
    made: Tables = _opener("tables", address, lambda engine: engine.tables)(address)
    return made


def open_blobs(address: Address) -> Blobs:
    made: Blobs = _opener("blobs", address, lambda engine: engine.blobs)(address)
    return made


def open_states(address: Address) -> States:
    made: States = _opener("state", address, lambda engine: engine.states)(address)
    return made


def open_shelf(address: Address) -> Shelf:
    made: Shelf = _opener("files of tables", address, lambda engine: engine.shelves)(address)
    return made


def _opener(role: str, address: Address, offers: Callable[[Engine], Mapping[str, Any]]) -> Callable[[Address], Any]:
    """How the one engine for the address opens it.

    Raises:
        SpecError: no engine opens such a URL, or two do.
        MissingExtra: the engine's package is not installed.
    """
    engines, broken = installed()
    known = {scheme for engine in engines for scheme in offers(engine)}
    fitting = [engine for engine in engines if address.scheme in offers(engine)]
    if not fitting:
        scheme = address.scheme
        close = nearest(scheme, known) if scheme else ""
        raise SpecError(
            f'no engine keeps {role} at "{scheme[:40]}:"' if scheme else f"the setting for {role} is no URL",
            where=address.where,
            mend="; ".join([*broken, *([close] if close.startswith("did") else []), _listed(role, engines, offers)]),
        )
    if len(fitting) > 1:
        names = " and ".join(sorted(engine.name for engine in fitting))
        raise SpecError(
            f"{names} both keep {role} at {address.scheme}:", where=address.where, mend="uninstall one of the two"
        )
    (engine,) = fitting
    if engine.package and find_spec(engine.package) is None:
        raise MissingExtra(
            engine.extra,
            engine.package,
            what=f"{role} at {address.scheme}: needs the package {engine.package}",
            where=address.where,
            mend=engine.install,
        )
    made: Callable[[Address], Any] = offers(engine)[address.scheme]
    return made


def _listed(role: str, engines: tuple[Engine, ...], offers: Callable[[Engine], Mapping[str, Any]]) -> str:
    """What is known, and how what is not there comes: `known here: sqlite, postgresql (pip install …)`."""
    lines = []
    for engine in engines:
        schemes = sorted(offers(engine))
        if not schemes:
            continue
        missing = engine.package and find_spec(engine.package) is None
        lines.append(f"{', '.join(schemes)} ({engine.install})" if missing else ", ".join(schemes))
    return f"known here for {role}: {', '.join(lines)}" if lines else _MEND
