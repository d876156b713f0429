"""A CSV in miles, dollars and local times, nested JSON, and SQLite, as one schema, from the command line."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from terminal import answer, treadle

SPEC = """\
project: trips
brief:
  mistakes: {missed: 5, false_alarm: 1, currency: EUR}
  people: {owner: ada, reviewers: [grace], approve: policy}
access: {trust: local, logins: {"*": ada}}
sources:
  trips:  # of the old system
    read: trips.csv
    key: trip
    happened: started
    map:
      trip: TripID
      km: {from: dist_miles, unit: {from: mi, to: km}}
      fare: {from: price, currency: {column: Ccy, to: EUR, rates: rates.csv, on: tripDay}}
      started: {from: start_local, zone: Europe/Berlin, ambiguous: earlier}
    unmapped: drop
  riders: {read: riders.json, key: trip, map: {trip: id, city: rider.city, stop: "legs[0].stop"}}
  accounts: {read: "sqlite:crm.db", table: accounts, key: trip, map: {trip: acct, score: {from: note.score, type: int}}}
predict: {name: dear, each: trips, at: started, label: "fare > 25", split: {by: random}}
features:
  request: [km]
  lookup:
    rider: {from: riders, on: trip, take: [city, stop]}
    account: {from: accounts, on: trip, take: [paid, score]}
train: {families: [linear], search: none}
"""


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, drawn = tmp_path_factory.mktemp("trips"), random.Random(1)
    lines = ["TripID,dist_miles,price,start_local,tripDay,Ccy"]
    for n in range(300):
        at, miles = datetime(2024, 3, 20) + timedelta(hours=n), drawn.uniform(1, 50)
        at += timedelta(hours=(at.month, at.day, at.hour) == (3, 31, 2))  # which clocks never showed
        lines.append(f"{n},{miles:.2f},{miles + drawn.uniform(0, 9):.2f},{at:%Y-%m-%d %H:%M},{at:%Y-%m-%d},usd")
    (folder / "trips.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    riders = [{"id": n, "rider": {"city": "BU"[n % 2]}, "legs": [{"stop": "x"}][: n % 2]} for n in range(300)]
    (folder / "riders.json").write_text(json.dumps(riders), encoding="utf-8")
    (folder / "rates.csv").write_text(
        "day,from,to,rate\n2024-03-25,USD,EUR,0.9\n2024-01-01,EUR,USD,1.25\n", encoding="utf-8"
    )
    with closing(sqlite3.connect(folder / "crm.db")) as db:
        db.execute("create table accounts (acct integer, paid text, note text)")
        db.executemany(
            "insert into accounts values (?, ?, ?)", [(n, "yn"[n % 2], f'{{"score": {n % 7}}}') for n in range(300)]
        )
        db.commit()
    (folder / "treadle.yaml").write_text(SPEC, encoding="utf-8")
    return folder


def test_from_three_unlike_sources_to_a_prediction_and_a_change_that_breaks(trips: Path) -> None:
    treadle("check", trips, "--data")
    assert "not mapped, and left out: tripDay, Ccy" in treadle("run", trips).stderr
    asked = ("predict", trips, "--from", trips / "trips.csv", "--model", "trips:1")
    assert answer(*asked)["rows"] == 300
    read_by = treadle("lineage", "trips.dist_miles", trips).stdout
    assert "trips.km" in read_by and "features: km" in read_by
    text = (trips / "riders.json").read_text(encoding="utf-8")
    (trips / "riders.json").write_text(text.replace('"city"', '"town"'), encoding="utf-8")
    for word in ("check", "run"):
        done = treadle(word, trips, ok=False)
        told = " ".join((done.stdout + done.stderr).split())
        assert 'no column "rider.city", of which city is made: feature rider_city' in told
        assert "rider.town" in told and "trips:1, which trips serves" in told and "ask ada, grace" in told
    assert answer("data", "map", "riders", trips)["left"]
    spec = (trips / "treadle.yaml").read_text(encoding="utf-8")
    (trips / "treadle.yaml").write_text(spec.replace("rider.city", "rider.town"), encoding="utf-8")
    treadle("run", trips)
