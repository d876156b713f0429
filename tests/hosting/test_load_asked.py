"""A load test counts each answer once, whole, in the second in which it came; one that is mostly refused is none."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from treadle.errors import DataError, TreadleError
from treadle.hosting import loading
from treadle.plans.confirming_found import Loaded, Slice

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCONTENT-LENGTH: 8\r\n\r\n"


@contextmanager
def answering(*parts: bytes) -> Iterator[int]:
    """A port at which whoever asks anything is told these parts, one after the other."""

    def serve(each: socket.socket) -> None:
        with each, suppress(OSError):  # it goes away when it likes
            while each.recv(1 << 16):
                for part in parts:
                    each.sendall(part)

    def accept() -> None:
        while True:
            try:
                each, _ = door.accept()
            except OSError:  # it was closed
                return
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(each,), daemon=True).start()

    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield door.getsockname()[1]
    finally:
        door.shutdown(socket.SHUT_RDWR)
        door.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of a second goes by whenever the time is asked for."""
    looks = iter(range(100_000))
    monkeypatch.setattr(loading, "time", SimpleNamespace(perf_counter=lambda: next(looks) / 100))


def test_an_answer_is_one_once_all_of_it_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        asked = loading._Asked(door.getsockname()[1])
        there, _ = door.accept()
        with there, asked.socket:
            asked.ask(b"x")
            for part, whole in ((OK[:30], None), (OK[30:], None), (b'{"a"', None), (b": 1}", (200, b'{"a": 1}'))):
                there.sendall(part)
                assert asked.answered() == whole
            asked.ask(b"x")
            there.sendall(OK.replace(b"200 OK", b"403 No") + b"12345678")
            assert asked.answered() == (403, b"12345678"), "nothing is left of the answer before"
            there.shutdown(socket.SHUT_WR)
            with pytest.raises(TreadleError, match="closed a connection"):
                asked.answered()


@pytest.mark.usefixtures("clock")
def test_each_second_has_its_own_answers_and_its_own_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a server that uses a CPU-second between any two looks each slice has one."""
    looks = iter(range(1000))
    monkeypatch.setattr(loading, "_cpu", lambda server: float(next(looks)))
    with answering(OK, b'{"a": 1}') as port:
        found = loading._ask([b"one", b"two"], port, 3, 5.0, os.getpid())
    assert len(found.slices) > 5 and {each.cpu_seconds for each in found.slices} == {1.0}
    assert 0 < found.answers <= len(found.took) and found.refused == 0 and found.first == ""
    assert list(found.took) == sorted(found.took) and found.peak_mb > 1


@pytest.mark.usefixtures("clock")
def test_what_is_refused_is_no_answer_and_the_first_word_of_it_is_kept() -> None:
    with answering(OK.replace(b"200 OK", b"401 No"), b"no token") as port:
        found = loading._ask([b"one"], port, 2, 3.0, os.getpid())
    assert (found.answers, found.took, found.first) == (0, (), "no token") and found.refused > 0


def test_a_server_that_does_not_come_up_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(5)"]
    children = list[subprocess.Popen[bytes]]()

    def sleeping(given: list[str], **pipes: Any) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen(words, **pipes))
        return children[0]

    monkeypatch.setattr(loading, "START_SECONDS", 0.2)
    monkeypatch.setattr(loading, "subprocess", SimpleNamespace(Popen=sleeping, PIPE=subprocess.PIPE))
    project = SimpleNamespace(file=tmp_path / "treadle.yaml", target=None)
    workspace = cast(Any, SimpleNamespace(project=project, endpoint="shop"))
    with (
        pytest.raises(TreadleError, match=r"the server did not start in 0\.2 s: it said nothing"),
        loading._server(workspace, tmp_path),
    ):
        pass
    assert children[0].returncode is not None, "it was ended"


@pytest.mark.parametrize(("answers", "refused", "stands"), [(100, 10, True), (100, 11, False), (0, 0, False)])
def test_a_test_of_which_more_than_a_tenth_was_refused_is_none(
    monkeypatch: pytest.MonkeyPatch, answers: int, refused: int, stands: bool
) -> None:
    @contextmanager
    def server(*given: object) -> Iterator[tuple[Any, int]]:
        yield SimpleNamespace(pid=1), 2

    seconds = list[float]()

    def ask(wires: object, port: int, connections: int, lasts: float, pid: int) -> Loaded:
        seconds.append(lasts)
        return Loaded((Slice(answers, 1.0, 1.0),), (), refused, "no token", 1.0)

    monkeypatch.setattr(loading, "requests_of", lambda *given: [b"{}"])
    monkeypatch.setattr(loading, "_server", server)
    monkeypatch.setattr(loading, "_ask", ask)
    bundle = cast(Any, SimpleNamespace(manifest=SimpleNamespace(model="shop:1")))

    def test() -> Loaded:
        return loading.load_test(cast(Any, None), bundle, seconds=5.0, connections=4, say=lambda text: None)

    if stands:
        assert test().answers == 100
    else:
        with pytest.raises(DataError, match=f"{refused} of {answers + refused} requests were refused: no token"):
            test()
    assert seconds == [loading._WARM_SECONDS, 5.0], "it is warm before it is measured"
