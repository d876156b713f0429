"""All windows and lookups of the flights example over all 336,776 flights, beside Polars written by hand.

By hand is what a data engineer who knows Polars writes for these features alone: running sums and strict as-of
joins. Its columns are held equal to ours before either is timed.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.rows import Row
from treadle import expr, features
from treadle.features import FeaturePlan
from treadle.spec import load

FLIGHTS = Path(__file__).parents[1] / "examples" / "flights"
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]
MEANS = ["mean", "late_share", "n"]


def by_hand(flights: pl.DataFrame, weather: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    flights = flights.with_row_index("row").with_columns(at=pl.col("sched_dep") - timedelta(hours=1)).sort("at")
    departed = flights.lazy().filter(pl.col("dep_at").is_not_null())
    departed = departed.with_columns(
        known="dep_at", delay=(pl.col("dep_at") - pl.col("sched_dep")).dt.total_minutes().cast(pl.Float64)
    )
    arrived = flights.lazy().filter(pl.col("arr_at").is_not_null())
    arrived = arrived.with_columns(known="arr_at", delay=pl.col("arr_delay").cast(pl.Float64))
    asked = flights.lazy()
    parts = [
        asked.select(
            "row", "carrier", "origin", "dest", "distance", "sched_dep",
            hour=pl.col("sched_dep").dt.hour().cast(pl.Int64),
            weekday=pl.col("sched_dep").dt.weekday().cast(pl.Int64) - 1,
            route=pl.col("origin") + "-" + pl.col("dest"),
            scheduled_minutes=(pl.col("sched_arr") - pl.col("sched_dep")).dt.total_minutes(),
        ),
        as_of_weather(asked, weather.lazy()),
        asked.select("row", "tailnum").join(
            planes.lazy().select("tailnum", *(pl.col(c).alias(f"plane_{c}") for c in ("year", "seats", "engine"))),
            on="tailnum", how="left", maintain_order="left",
        ).drop("row", "tailnum"),
        trailing(asked, departed, "origin", "origin_departures", [1, 3, 24], MEANS),
        trailing(asked, departed, "carrier", "carrier_departures", [3, 24], MEANS),
        trailing(asked, departed, "dest", "dest_departures", [3, 24], MEANS),
        trailing(asked, arrived, "dest", "dest_arrivals", [6], ["mean", "n"]),
        trailing(asked, departed, "tailnum", "plane_departures", [12], ["last", "n"]),
        trailing(asked, arrived, "tailnum", "plane_arrivals", [12], ["last"]),
    ]  # fmt: skip
    return pl.concat(pl.collect_all(parts), how="horizontal").sort("row")


def as_of_weather(asked: pl.LazyFrame, weather: pl.LazyFrame) -> pl.LazyFrame:
    known = weather.select("origin", "observed_at", "known_at", *(pl.col(c).alias(f"weather_{c}") for c in WEATHER))
    found = asked.select("at", "origin").join_asof(
        known.sort("known_at"),
        left_on="at",
        right_on="known_at",
        by="origin",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    fresh = pl.col("at") - pl.col("observed_at") <= timedelta(hours=4)
    return found.select(pl.when(fresh).then(pl.col(f"weather_{c}")).alias(f"weather_{c}") for c in WEATHER)


def trailing(
    asked: pl.LazyFrame, events: pl.LazyFrame, key: str, name: str, hours: list[int], take: list[str]
) -> pl.LazyFrame:
    running = (
        events.filter(pl.col(key).is_not_null())
        .sort("known", "flight_id")
        .select(
            key, "known",
            all=pl.int_range(1, pl.len() + 1).over(key),
            n=pl.col("delay").is_not_null().cast(pl.Int64).cum_sum().over(key),
            total=pl.col("delay").fill_null(0.0).cum_sum().over(key),
            late=(pl.col("delay") > 15).cast(pl.Int64).fill_null(0).cum_sum().over(key),
            last=pl.col("delay").forward_fill().over(key),
            when=pl.when(pl.col("delay").is_not_null()).then("known").forward_fill().over(key),
        )
    )  # fmt: skip
    found = asked.select("at", key).join_asof(
        running, left_on="at", right_on="known", by=key, allow_exact_matches=False, check_sortedness=False
    )
    out = []
    for h in hours:
        start = f"{h}h"
        lower = asked.select(key, from_=pl.col("at") - timedelta(hours=h)).join_asof(
            running.select(key, "known", *(pl.col(c).alias(f"{c}_{start}") for c in ("all", "n", "total", "late"))),
            left_on="from_", right_on="known", by=key, allow_exact_matches=False, check_sortedness=False,
        )  # fmt: skip
        found = pl.concat([found, lower.select(f"all_{start}", f"n_{start}", f"total_{start}", f"late_{start}")],
                          how="horizontal")  # fmt: skip

        def within(column: str, start: str = start) -> pl.Expr:
            return pl.col(column).fill_null(0) - pl.col(f"{column}_{start}").fill_null(0)

        inside = pl.col("when") >= pl.col("at") - timedelta(hours=h)
        made = {
            "mean": pl.when(within("n") > 0).then(within("total") / within("n")),
            "late_share": pl.when(within("n") > 0).then(within("late") / within("n")),
            "n": within("all"),
            "last": pl.when(inside).then("last"),
        }
        out += [made[what].alias(f"{name}_{what}_{start}") for what in take]
    return found.select(out)


def tables() -> tuple[FeaturePlan, dict[str, pl.DataFrame]]:
    spec = load(FLIGHTS).spec
    read = {name: pl.read_parquet(FLIGHTS / str(source.read)) for name, source in spec.sources.items()}
    plan = features.make_plan(spec, {name: expr.column_types(frame.lazy()) for name, frame in read.items()})
    return plan, read


def hold_equal(ours: pl.DataFrame, hand: pl.DataFrame, plan: FeaturePlan) -> None:
    for feature in plan.features:
        name = feature.name
        a, b = ours.get_column(name), hand.get_column(name)
        assert (a.is_null() == b.is_null()).all(), f"{name}: other rows are NULL"
        if a.dtype.is_numeric():
            gap = (a.cast(pl.Float64) - b.cast(pl.Float64)).abs().max()
            assert gap is None or float(gap) < 1e-6, f"{name}: differs by {gap}"
        else:
            assert (a.drop_nulls() == b.drop_nulls()).all(), name


def measure() -> list[Row]:
    plan, read = tables()
    hand = by_hand(read["flights"], read["weather"], read["planes"])
    hold_equal(features.build(plan, read), hand, plan)
    ours_s, hand_s = [], []
    for _ in range(5):  # in turns, so that both meet the same noise
        start = time.perf_counter()
        features.build(plan, read)
        middle = time.perf_counter()
        by_hand(read["flights"], read["weather"], read["planes"])
        ours_s.append(middle - start)
        hand_s.append(time.perf_counter() - middle)
    ours, limit = statistics.median(ours_s), statistics.median(hand_s)
    what = f"{len(plan.features)} features of {read['flights'].height:,} flights"
    return [Row(what, "s", ours, limit, "Polars by hand", "at most 1.5x", ours <= 1.5 * limit)]
