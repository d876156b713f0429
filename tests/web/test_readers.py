"""Reads are made side by side in processes of their own: one that is too slow is ended, one that is unwanted ends."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from treadle.access.door import Door
from treadle.access.tokens import TokenBook
from treadle.principal import ANONYMOUS, Principal, person
from treadle.serving.app import PRINCIPAL
from treadle.spec import Brief, People, Predict, ProjectSpec, Source
from treadle.web import Routes
from treadle.web.readers import SIDE_BY_SIDE, Busy, ReaderEnded, Readers

SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada")),
    sources={"s": Source(read="s.csv")},
    predict=Predict(name="y", each="s", label="y"),
)
ADA = person("ada")
DOOR = Door(SPEC, loopback=True, tokens=TokenBook({}))
READER = """
import json, os, sys, time
for line in sys.stdin:
    method, path, query, who = json.loads(line)
    with open(os.path.join(sys.argv[1], f"{os.getpid()}"), "w"): pass
    if "die" in query: sys.exit(3)
    if "slow" in query: time.sleep(60)
    while "wait" in query and not os.path.exists(os.path.join(sys.argv[1], "go on")): time.sleep(0.01)
    refused = "refuse" in query
    body = json.dumps({"error": "not yours", "mend": "ask"}) if refused else f"{os.getpid()}"
    print(json.dumps([403 if refused else 200, "text/plain", len(body) + ("short" in query)]))
    print(body, end="", flush=True)
    if "short" in query: sys.exit(3)
"""


@pytest.fixture
def readers(tmp_path: Path) -> Readers:
    return Readers(str(tmp_path), program=("-c", READER))


def begun(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name != "go on")


async def until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def over(readers: Readers, work: Awaitable[Any]) -> Any:
    async def whole() -> Any:
        try:
            return await work
        finally:
            async with asyncio.timeout(20):  # whatever is still read
                await readers.aclose()

    return asyncio.run(whole())


def test_a_reader_is_kept_for_the_next_read(readers: Readers, tmp_path: Path) -> None:
    async def twice() -> list[bytes]:
        found = [(await readers.ask("GET", "/watch", "", ANONYMOUS))[2] for _ in range(2)]
        assert os.getsid(int(found[0])) == int(found[0])  # Ctrl-C at the server's terminal is not for it
        return found

    first, second = over(readers, twice())
    assert first == second and begun(tmp_path) == [int(first)] and not alive(int(first))


def test_readers_that_were_closed_are_begun_anew_in_another_loop(readers: Readers, tmp_path: Path) -> None:
    assert {int(over(readers, asked(readers, ""))) for _ in range(2)} == set(begun(tmp_path))
    assert len(begun(tmp_path)) == 2


def test_no_more_are_made_side_by_side_than_there_are_places(readers: Readers, tmp_path: Path) -> None:
    async def many() -> None:
        reads = [asyncio.create_task(asked(readers, "wait", ADA if i % 2 else ANONYMOUS)) for i in range(12)]
        await until(lambda: len(begun(tmp_path)) == SIDE_BY_SIDE)
        await asyncio.sleep(0.1)
        go_on(tmp_path)
        await asyncio.gather(*reads)

    over(readers, many())
    assert len(begun(tmp_path)) == SIDE_BY_SIDE


async def asked(readers: Readers, query: str, who: Principal = ANONYMOUS) -> bytes:
    return (await readers.ask("GET", "/watch", query, who))[2]


def go_on(folder: Path) -> None:
    (folder / "go on").touch()


def test_unwanted_reads_are_made_to_their_end_and_no_other_process_is_begun(readers: Readers, tmp_path: Path) -> None:
    async def unwanted() -> bytes:
        for _ in range(20):
            reads = [asyncio.create_task(asked(readers, "wait", ADA)) for _ in range(SIDE_BY_SIDE)]
            await until(lambda: len(begun(tmp_path)) == SIDE_BY_SIDE)
            for read in reads:
                read.cancel()
            await asyncio.gather(*reads, return_exceptions=True)
        go_on(tmp_path)
        async with asyncio.timeout(20):
            return await asked(readers, "", ADA)

    assert int(over(readers, unwanted())) in begun(tmp_path)
    assert len(begun(tmp_path)) == SIDE_BY_SIDE and not any(alive(each) for each in begun(tmp_path))


def test_a_read_that_takes_too_long_is_ended_though_nobody_waits(readers: Readers, tmp_path: Path) -> None:
    async def unwanted() -> tuple[int, int]:
        slow = int(await asked(readers, "", ADA))  # has begun a process, however long that took
        readers._seconds = 0.2
        read = asyncio.create_task(asked(readers, "slow", ADA))
        await until(lambda: readers._busy)
        readers._seconds = 60.0
        read.cancel()
        await until(lambda: not alive(slow))
        return slow, int(await asked(readers, "", ADA))

    assert sorted(over(readers, unwanted())) == begun(tmp_path) and len(begun(tmp_path)) == 2


def test_the_time_of_one_read_ends_no_later_one(readers: Readers, tmp_path: Path) -> None:
    async def twice() -> list[bytes]:
        first = await asked(readers, "")  # has begun a process, however long that took
        readers._seconds = 1.0
        await asked(readers, "")
        readers._seconds = 60.0
        later = asyncio.create_task(asked(readers, "wait"))
        await asyncio.sleep(1.1)
        go_on(tmp_path)
        return [first, await later]

    first, later = over(readers, twice())
    assert first == later and begun(tmp_path) == [int(first)]


def test_a_reader_that_is_idle_ends_and_one_that_is_asked_again_does_not(
    readers: Readers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.web.readers._IDLE_SECONDS", 0.5)

    async def idle() -> tuple[bytes, bytes]:
        first = await asked(readers, "")
        later = asyncio.create_task(asked(readers, "wait"))
        await asyncio.sleep(0.7)
        go_on(tmp_path)
        kept = await later
        await until(lambda: not alive(int(kept)))
        return first, kept

    first, kept = over(readers, idle())
    assert first == kept and begun(tmp_path) == [int(first)] and not readers._idle and not readers._timers


def test_a_reader_that_died_while_it_was_idle_is_not_asked(readers: Readers) -> None:
    async def died() -> tuple[bytes, bytes]:
        first = await asked(readers, "")
        os.kill(int(first), signal.SIGKILL)
        os.waitid(os.P_PID, int(first), os.WEXITED | os.WNOWAIT)
        return first, await asked(readers, "")

    first, second = over(readers, died())
    assert first != second and not alive(int(first))


def test_who_leaves_the_queue_leaves_the_place_that_was_kept_for_it(readers: Readers, tmp_path: Path) -> None:
    """A caller without a name holds the place of all such callers while it waits for a process: it is given back."""

    async def leaves() -> bytes:
        known = [asyncio.create_task(asked(readers, "wait", ADA)) for _ in range(SIDE_BY_SIDE)]
        await until(lambda: len(begun(tmp_path)) == SIDE_BY_SIDE)
        waits = asyncio.create_task(asked(readers, ""))
        await asyncio.sleep(0.01)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        go_on(tmp_path)
        await asyncio.gather(*known)
        async with asyncio.timeout(20):
            return await asked(readers, "")

    assert int(over(readers, leaves())) in begun(tmp_path)


def test_a_process_that_was_being_begun_when_the_server_ended_ends_at_once(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes, real = threading.Event(), readers._begun
    monkeypatch.setattr(readers, "_begun", lambda: (goes.wait(20), real())[1])

    async def closes() -> None:
        reading = asyncio.create_task(asked(readers, "slow"))
        await until(lambda: readers._reads)
        closing = asyncio.create_task(readers.aclose())
        await asyncio.sleep(0)
        goes.set()
        async with asyncio.timeout(20):
            await closing
        with pytest.raises(ReaderEnded):
            await reading

    asyncio.run(closes())


def test_to_begin_a_process_does_not_hold_the_loop(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    made, main = [], threading.get_ident()
    real = readers._begun
    monkeypatch.setattr(readers, "_begun", lambda: (made.append(threading.get_ident()), real())[1])
    over(readers, asked(readers, ""))
    assert made and main not in made


def test_a_place_is_kept_for_those_who_are_known(readers: Readers, tmp_path: Path) -> None:
    async def both() -> tuple[list[Any], int]:
        crowd = [asyncio.create_task(asked(readers, "wait")) for _ in range(60)]
        await until(lambda: len(begun(tmp_path)) == SIDE_BY_SIDE - 1)
        async with asyncio.timeout(20):
            known = int(await asked(readers, "", ADA))
        assert known in begun(tmp_path)
        refused = [task.exception() for task in crowd if task.done()]
        go_on(tmp_path)
        await asyncio.gather(*crowd, return_exceptions=True)
        return refused, len(begun(tmp_path))

    refused, processes = over(readers, both())
    assert len(refused) == 60 - 16 - (SIDE_BY_SIDE - 1) and all(isinstance(bad, Busy) for bad in refused)
    assert processes == SIDE_BY_SIDE


def test_more_waiting_reads_than_will_ever_be_wanted_are_refused(readers: Readers, tmp_path: Path) -> None:
    async def flood() -> list[Any]:
        tasks = [asyncio.create_task(asked(readers, "wait", ADA)) for _ in range(60)]
        await until(lambda: len(begun(tmp_path)) == SIDE_BY_SIDE)
        refused = [task for task in tasks if task.done()]
        go_on(tmp_path)
        await asyncio.gather(*tasks, return_exceptions=True)
        return [task.exception() for task in refused]

    found = over(readers, flood())
    assert len(found) == 60 - 32 - SIDE_BY_SIDE and all(isinstance(bad, Busy) for bad in found)


def test_what_is_of_no_project_is_answered_without_a_process(readers: Readers, tmp_path: Path) -> None:
    routes = Routes(str(tmp_path / "nowhere"), DOOR, readers=readers)
    for path in ("/api", "/api/schema", "/api/access/table"):
        start, body = over(readers, get(routes, "", path=path))
        assert start["status"] == 200 and body["body"].startswith(b"{")
    assert begun(tmp_path) == []


async def get(
    routes: Routes, query: str, *, path: str = "/watch", leaves: asyncio.Event | None = None
) -> list[dict[str, Any]]:
    """What was sent; `leaves`: when the caller goes away."""
    sent: list[dict[str, Any]] = []
    parts = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for part in parts:
            return part
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"method": "GET", "path": path, "query_string": query.encode(), "headers": [], PRINCIPAL: ADA}
    await routes(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("query", "seconds", "said"),
    [
        ("target=slow", 0.5, b"takes longer than 0.5 s"),
        ("target=die", 60, b"ended before its answer"),
        ("target=short", 60, b"ended before its answer"),
    ],
)
def test_a_read_without_an_answer_is_told(readers: Readers, query: str, seconds: float, said: bytes) -> None:
    start, body = over(readers, get(Routes(".", DOOR, seconds=seconds, readers=readers), query))
    assert start["status"] == 503 and said in body["body"]


def test_a_read_that_no_process_can_be_begun_for_is_told(readers: Readers) -> None:
    readers._command = ("/nowhere/python",)
    start, body = over(readers, get(Routes(".", DOOR, readers=readers), ""))
    assert start["status"] == 503 and b"no process can be begun that makes this read: No such file" in body["body"]


def test_what_is_refused_where_the_record_is_read_is_noted_at_the_door(readers: Readers) -> None:
    door = Door(SPEC, loopback=True, tokens=TokenBook({}))
    start, _ = over(readers, get(Routes(".", door, readers=readers), "target=refuse"))
    (told,) = door.refusals.due(time.time())
    assert (start["status"], told.who, told.operation, told.why) == (403, "ada", "watch", "not yours")


def test_a_read_whose_caller_goes_away_is_answered_to_nobody(readers: Readers, tmp_path: Path) -> None:
    async def leaving() -> list[dict[str, Any]]:
        leaves = asyncio.Event()
        asking = asyncio.create_task(get(Routes(".", DOOR, readers=readers), "target=wait", leaves=leaves))
        await until(lambda: begun(tmp_path))
        leaves.set()
        async with asyncio.timeout(20):
            return await asking

    assert over(readers, leaving()) == []
    assert not alive(begun(tmp_path)[0])
