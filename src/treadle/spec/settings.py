"""The workspace's own settings, `settings.yaml` in its folder: where catalog, tables, blobs and online state are kept,
which server is told of its runs, which snapshots are kept, and where what is seldom read is kept for less.

A place is a URL. `${NAME}` in it is taken from the environment, or `${keyring:NAME}` from the keyring, so that no
password has to stand in a file. Which
engine opens it is not decided here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from treadle.address import Address
from treadle.spec.documents import place_of, positions, read_yaml
from treadle.spec.rules import raise_all
from treadle.spec.secrets import filled
from treadle.spec.shape import problems

FILE = "settings.yaml"
CATALOG = "TREADLE_CATALOG"
"""The variable that names the catalog before any file does."""

Codec = Literal["auto", "snappy", "lz4", "zstd-1", "zstd-3", "zstd-7", "zstd-12", "zstd-17"]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class _Mirror(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that is told of runs; `bundle`: of the signed file too, with the rows that it proves itself by."""

    mlflow: Text
    bundle: bool = False


class Keep(Struct, frozen=True, forbid_unknown_fields=True):
    """Which snapshots are kept: of each table the newest `last`, and those of the last `days`; of each endpoint what
    the newest `releases` versions rest on. Where neither `last` nor `days` is said, none is removed."""

    last: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    days: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    releases: Annotated[int, Meta(ge=1, le=1_000_000)] = 2


class Compressed(Struct, frozen=True, forbid_unknown_fields=True):
    """How tables are compressed: as is cheapest for rows that are kept for `months` and read `reads` times, among what
    writes at least `mb_second` million bytes of rows a second; or always as `use` says."""

    use: Codec = "auto"
    months: Annotated[float, Meta(ge=0, le=1200)] = 12.0
    reads: Annotated[float, Meta(ge=0, le=1e6)] = 20.0
    mb_second: Annotated[float, Meta(ge=0, le=1e6)] = 40.0


class _Tiers(Struct, frozen=True, forbid_unknown_fields=True):
    """Colder places, each a URL; `vendor` and `region`: whose prices of storage and of reading back count."""

    vendor: Text
    region: Text
    cool: Text | None = None
    archive: Text | None = None


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """What may stand in the file."""

    catalog: Text | None = None
    tables: Text | None = None
    blobs: Text | None = None
    state: Text | None = None
    mirror: _Mirror | None = None
    keep: Keep | None = None
    codec: Compressed | None = None
    tiers: _Tiers | None = None


class Mirror(Struct, frozen=True):
    """An MLflow server that is told of runs. `bundle`: it is sent the signed file too, which holds rows."""

    mlflow: Address
    bundle: bool = False


class Colder(Struct, frozen=True):
    """Colder places for files of tables, by the name of their tier, the nearest first. `vendor`, `region`: by whose
    prices they are weighed."""

    vendor: str
    region: str
    places: dict[str, Address]


class Settings(Struct, frozen=True):
    """Where things are kept; None: in the workspace's folder, by the engines that come with Treadle."""

    catalog: Address | None = None
    tables: Address | None = None
    blobs: Address | None = None
    state: Address | None = None
    mirror: Mirror | None = None
    keep: Keep | None = None
    codec: Compressed | None = None
    tiers: Colder | None = None


def has_settings(root: Path) -> bool:
    return os.path.lexists(root / FILE)


def load_settings(root: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """What `settings.yaml` in a workspace's folder says, and TREADLE_CATALOG before it.

    Raises:
        SpecError: the file is not what may stand in it (all of it at once, with places), or a variable is not set.
    """
    given = environment.get(CATALOG)
    found = _read(root / FILE, environment) if has_settings(root) else Settings()
    return msgspec.structs.replace(found, catalog=Address(given, CATALOG)) if given else found


def _read(file: Path, environment: Mapping[str, str]) -> Settings:
    read = read_yaml(file, "the workspace's settings", begin="catalog: postgresql://USER:${PASSWORD}@HOST/DATABASE")
    known = {"": (1, 1), **dict(positions(read.tree))}
    mend = f"the keys are {', '.join(_File.__struct_fields__)}; each is a URL that says where that is kept"
    mend += ", but mirror: {mlflow: URL} and keep: {last: 5, days: 30}, codec: {use: zstd-7}, "
    mend += "tiers: {vendor: NAME, region: NAME, cool: URL, archive: URL}"
    raise_all(problems(read.tree, _File), file=file.name, known=known, mend=mend)
    said = msgspec.convert(read.tree, _File, strict=True)

    def address(role: str, text: str) -> Address:
        line, column = place_of(role, known)
        where = f"{file.name}:{line}:{column}: {role}"
        return Address(filled(text, where, environment), where)

    kept = {role: getattr(said, role) for role in ("catalog", "tables", "blobs", "state")}
    made = {role: address(role, text) for role, text in kept.items() if text is not None}
    mirror = None if said.mirror is None else Mirror(address("mirror.mlflow", said.mirror.mlflow), said.mirror.bundle)
    tiers = None
    if said.tiers is not None:
        named = {"cool": said.tiers.cool, "archive": said.tiers.archive}
        places = {tier: address(f"tiers.{tier}", text) for tier, text in named.items() if text is not None}
        tiers = Colder(said.tiers.vendor, said.tiers.region, places)
    return Settings(**made, mirror=mirror, keep=said.keep, codec=said.codec, tiers=tiers)
