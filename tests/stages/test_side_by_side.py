"""Sources from elsewhere are read side by side; what the run keeps of them is what it would keep one by one."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from stage_shop import edit, opened, write_shop

from services.web import Asked, Say, says, serving
from treadle.errors import DataError, SpecError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.sources.room import GivenUp
from treadle.spec.trust import Place, trust
from treadle.stages.ahead import Ahead
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

ORDERS = "orders: {read: orders.csv, key: order, contract: orders.yaml}"


def shop(folder: Path, url: str, *more: str) -> Path:
    """The shop, which also has `stock` and `prices` of a server, and what `more` says of others."""
    write_shop(folder)
    lines = [ORDERS, *(f"{name}: {{read: '{url}/{name}', key: k}}" for name in ("stock", "prices")), *more]
    edit(folder, ORDERS, "\n  ".join(lines))
    trust(folder, (Place(f"{url}/stock", "server"), Place(f"{url}/prices", "server")))
    return folder


def read(folder: Path, *, full: bool = False) -> tuple[dict[str, pl.DataFrame], Work]:
    work = Work(opened(folder), full=full)
    found = read_sources(work)
    return {name: work.workspace.tables.read(entry.payload.table) for name, entry in found.items()}, work


def test_none_waits_for_another(tmp_path: Path) -> None:
    """Each answer comes only once both were asked: one after the other would never end."""
    both = threading.Barrier(2, timeout=30)

    def answers(asked: Asked) -> Say:
        both.wait()
        return says([{"k": n, "v": f"{asked.path} {n}"} for n in range(3)])

    with serving(answers) as web:
        frames, work = read(shop(tmp_path / "shop", web.url))
    assert frames["stock"]["v"].to_list() == ["/stock 0", "/stock 1", "/stock 2"]
    assert frames["prices"]["v"].to_list() == ["/prices 0", "/prices 1", "/prices 2"]
    assert [each.source for each in work.fetched] == ["stock", "prices"]  # files are here already
    assert all(each.bytes > 0 and each.seconds > 0 for each in work.fetched)
    assert [entry.subject for entry in work.entries] == ["source/orders", "source/stock", "source/prices"]


def test_what_is_kept_is_what_one_by_one_would_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(asked: Asked) -> Say:
        return says([{"k": n, "v": n * len(asked.path)} for n in range(50)])

    with serving(answers) as web:
        together, _ = read(shop(tmp_path / "a", web.url))
        monkeypatch.setattr("treadle.stages.reading.from_elsewhere", lambda source: False)
        alone, work = read(shop(tmp_path / "b", web.url))
    assert work.fetched == () and together.keys() == alone.keys()
    assert all(together[name].equals(alone[name]) for name in alone)


EXPECTS = """\
apiVersion: v3.1.0
kind: DataContract
schema:
  - name: stock
    properties:
      - {name: k, logicalType: integer}
      - {name: v, logicalType: number}
"""


def test_of_each_the_contract_says_what_is_expected(tmp_path: Path) -> None:
    """Else one odd value would make bad rows of all; so it would of files, whole and by increments."""
    cells = [f"${n}" if n else "free" for n in range(40)]
    more = ("here: {read: a.csv, contract: stock.yaml}", "newer: {read: 'a*.csv', new: files, contract: stock.yaml}")
    with serving(lambda asked: says([{"k": n, "v": cell} for n, cell in enumerate(cells)])) as web:
        folder = shop(tmp_path / "shop", web.url, *more)
        edit(folder, f"'{web.url}/stock', ", f"'{web.url}/stock', contract: stock.yaml, null_values: {{v: ['-']}}, ")
        (folder / "stock.yaml").write_text(EXPECTS, encoding="utf-8")
        (folder / "a.csv").write_text("k,v\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
        frames, work = read(folder)
    assert len(work.fetched) == 2
    for name in ("stock", "here", "newer"):
        assert frames[name]["v"].to_list() == [float(n) for n in range(1, 40)], name


def test_one_that_fails_is_told_in_its_turn_and_those_before_it_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[Ahead]()
    monkeypatch.setattr("treadle.stages.reading.Ahead", lambda: made.append(Ahead()) or made[-1])

    def answers(asked: Asked) -> Say:
        return says([{"k": 1}]) if asked.path == "/stock" else Say(status=403)

    with serving(answers) as web:
        folder = shop(tmp_path / "shop", web.url)
        with pytest.raises(DataError, match=r"prices.* answered 403") as told:
            read(folder)
    assert "treadle.yaml" in told.value.where
    kept = opened(folder).chain.find(SourceRead, status="done")
    assert {entry.subject for entry in kept} == {"source/orders", "source/stock"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reading-")]
    with pytest.raises(GivenUp):  # what went on would be told so
        made[0]._room.take("prices", 1)


def test_what_is_told_of_a_reading_is_kept_with_it(tmp_path: Path) -> None:
    items = {"items": [{"k": 1}], "total": 5}
    with serving(lambda asked: says(items if asked.path == "/stock" else [{"k": 1}])) as web:
        folder = shop(tmp_path / "shop", web.url)
        edit(folder, f"'{web.url}/stock', ", f"'{web.url}/stock', records: items, ")
        found = read_sources(Work(opened(folder)))
    (said,) = found["stock"].payload.warnings
    assert "that there are 5 rows, and 1 came" in said and found["prices"].payload.warnings == ()


def test_one_that_is_refused_gives_its_room_to_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, let_go = list[str](), Ahead.done
    monkeypatch.setattr(Ahead, "done", lambda ahead, name: let_go(ahead, name) or done.append(name))
    with serving(lambda asked: says([{"k": 1}])) as web:
        folder = shop(tmp_path / "shop", web.url)
        edit(folder, f"'{web.url}/stock', key: k", f"'{web.url}/stock', key: kk")
        with pytest.raises(SpecError, match='no column "kk"'):
            read_sources(Work(opened(folder)), on=True)
    assert {"stock", "prices"} <= {*done}


def test_increments_are_read_beside_others_each_row_once(tmp_path: Path) -> None:
    more = "visits: {read: 'sqlite:visits.db', table: t, key: n, new: {by: n}}"
    with serving(lambda asked: says([{"k": 1}])) as web:
        folder = shop(tmp_path / "shop", web.url, more)
        for upto in (5, 9, 9):
            with closing(sqlite3.connect(folder / "visits.db")) as db:
                db.execute("create table if not exists t (n integer)")
                db.executemany("insert into t select ? where ? not in (select n from t)", [(n, n) for n in range(upto)])
                db.commit()
            frames, work = read(folder)
            assert sorted(frames["visits"]["n"]) == list(range(upto))
            assert [each.source for each in work.fetched] == ["stock", "prices", "visits"]
    assert work.lines[-1].cached


def test_all_is_read_again_beside_others_where_that_is_asked(tmp_path: Path) -> None:
    more = "visits: {read: 'sqlite:visits.db', table: t, key: n, new: {by: n}}"
    with serving(lambda asked: says([{"k": 1}])) as web:
        folder = shop(tmp_path / "shop", web.url, more)
        with closing(sqlite3.connect(folder / "visits.db")) as db:
            db.execute("create table t (n integer)")
            db.executemany("insert into t values (?)", [(n,) for n in range(5)])
            db.commit()
            read(folder)
            db.execute("delete from t where n = 2")
            db.commit()
        assert sorted(read(folder)[0]["visits"]["n"]) == [0, 1, 2, 3, 4]
        frames, work = read(folder, full=True)
        assert sorted(frames["visits"]["n"]) == [0, 1, 3, 4] and len(work.fetched) == 3


def test_another_run_that_was_first_has_its_increment_read_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found before another run kept more is not kept over it: it is read again from there."""
    more = "visits: {read: 'sqlite:visits.db', table: t, key: n, new: {by: n}}"
    with serving(lambda asked: says([{"k": 1}])) as web:
        folder = shop(tmp_path / "shop", web.url, more)
        with closing(sqlite3.connect(folder / "visits.db")) as db:
            db.execute("create table t (n integer)")
            db.executemany("insert into t values (?)", [(n,) for n in range(5)])
            db.commit()
        take, other = Ahead.take, []

        def overtaken(ahead: Ahead, name: str) -> Any:
            found = take(ahead, name)
            if name == "visits" and not other:
                other.append(name)
                read(folder)
            return found

        monkeypatch.setattr(Ahead, "take", overtaken)
        frames, _ = read(folder)
    assert sorted(frames["visits"]["n"]) == list(range(5)) and other


class _Held:
    def __init__(self, size: int) -> None:
        self.bytes = size


def test_five_of_unlike_speed_share_one_limit(tmp_path: Path) -> None:
    """The slowest comes first: the others go on as far as there is room, and wait with the rest."""
    begun: list[str] = []

    def reading(name: str, parts: int, pause: float) -> Any:
        def read_it(share: Any) -> _Held:
            begun.append(name)
            for part in range(1, parts + 1):
                time.sleep(pause)
                share.grow(part * 100)
            return _Held(parts * 100)

        return read_it

    ahead = Ahead(most=700)
    for name, pause in (("slow", 0.05), ("a", 0.001), ("b", 0.002), ("c", 0.003), ("d", 0.004)):
        ahead.add(name, reading(name, 4, pause))
    ahead.start()
    try:
        for name in ("slow", "a", "b", "c", "d"):
            assert ahead.take(name).bytes == 400
            assert ahead.take(name) is None  # once
            ahead.done(name)
    finally:
        ahead.close()
    told = {each.source: each for each in ahead.told()}
    assert sorted(begun) == ["a", "b", "c", "d", "slow"] and begun.count("slow") == 1
    waited = {name: each.waited for name, each in told.items()}
    assert waited["slow"] < max(waited.values()) and sum(each > 0 for each in waited.values()) >= 2
    assert ahead._room.highest <= 700 + 400


def test_a_run_that_ends_leaves_no_reading_behind() -> None:
    ahead, ended = Ahead(most=10), threading.Event()

    def endless(share: Any) -> _Held:
        try:
            size = 0
            while True:
                size += 5
                share.grow(size)
        finally:
            ended.set()

    ahead.add("a", lambda share: _Held(1))
    ahead.add("b", endless)
    ahead.start()
    assert ahead.take("a").bytes == 1
    ahead._room.take("a", 10)
    ahead.close()
    assert ended.wait(5) and ahead.told() == ()


def test_what_was_not_begun_when_a_run_ends_is_begun_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.stages.ahead._MOST_AT_ONCE", 1)
    monkeypatch.setattr("treadle.stages.ahead._LEAVING_SECONDS", 0.01)
    ahead, go, begins, begun = Ahead(), threading.Event(), threading.Event(), list[str]()

    def reading(name: str) -> Any:
        def read_it(share: Any) -> _Held:
            begun.append(name)
            begins.set()
            go.wait(20)
            return _Held(1)

        return read_it

    for name in ("a", "b", "c"):
        ahead.add(name, reading(name))
    ahead.start()
    assert begins.wait(20)
    ahead.close()
    go.set()
    (thread,) = ahead._threads
    thread.join(20)
    assert begun == ["a"] and not thread.is_alive()


def test_a_panic_of_a_library_is_told_to_whoever_waits_for_it() -> None:
    """What Rust panics with, as Polars does, is no `Exception`; who waited for it would wait for ever."""

    class Panic(BaseException):
        pass

    def panics(share: Any) -> _Held:
        raise Panic("index out of bounds")

    ahead = Ahead()
    ahead.add("a", panics)
    ended = ahead._begun["a"].ended
    ahead.start()
    assert ended.wait(10)
    with pytest.raises(Panic, match="index out of bounds"):
        ahead.take("a")
    ahead.close()


def test_the_run_tells_how_fast_each_was(tmp_path: Path) -> None:
    from treadle.api import Context
    from treadle.api.work import RunRequest, run
    from treadle.principal import person

    with serving(lambda asked: says([{"k": n, "v": 1.5} for n in range(40)])) as web:
        folder = shop(tmp_path / "shop", web.url)
        edit(folder, "value: 3, unit: d", "value: 99999, unit: d", "orders.yaml")
        answer = run(RunRequest(project=str(folder)), Context(person("ada")))
    assert [(each.source, each.rows) for each in answer.readings] == [("stock", 40), ("prices", 40)]


def test_ctrl_c_ends_a_run_whose_servers_do_not_answer(tmp_path: Path) -> None:
    asked, over = threading.Semaphore(0), threading.Event()

    def answers(asking: Asked) -> Say:
        asked.release()
        over.wait(240)
        return says([])

    with serving(answers) as web:
        folder = shop(tmp_path / "shop", web.url)
        edit(folder, "serve: {endpoint: shop}", 'serve: {endpoint: shop}\naccess: {trust: local, logins: {"*": ada}}')
        edit(folder, "value: 3, unit: d", "value: 99999, unit: d", "orders.yaml")
        code = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from treadle.cli import main; sys.argv[1:] = ['run', sys.argv[1]]; main()"
        )
        running = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert asked.acquire(timeout=90) and asked.acquire(timeout=90)  # a busy machine starts it late
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)  # a server that is silent is waited for twice as long
        finally:
            running.kill()
            over.set()
    assert running.returncode not in (0, None) and "Traceback" not in said
