"""HTTP APIs, by the suite that files pass too, and by what servers do wrong. The servers are real, on this machine."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace as other
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.web import Answers, Asked, Say, Web, says, serving
from treadle.errors import DataError, SpecError
from treadle.sources import apis, find, look
from treadle.sources.apis import find_rows_of_api
from treadle.sources.asking import Line, Patience
from treadle.sources.calling import Tries
from treadle.spec import Mapped, New, Page, Source
from treadle.spec.servers import server_of
from treadle.spec.trust import Place, trust
from treadle.testing import SourceSuite
from treadle.testing.sources import Holds, rows

WHERE = "treadle.yaml:1:1"
QUICK = Tries(most=4, first=0.001, longest=0.002)
Serve = Callable[..., Web]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function that starts a server, which ends with the test."""
    with ExitStack() as running:
        yield lambda answers, **more: running.enter_context(serving(answers, **more))


def told(root: Path, web: Web, path: str = "/items", **asked: Any) -> Source:
    """A source of this server, in a project that is trusted with it."""
    source = Source(read=web.url + path, **asked)
    trust(root, (Place(server_of(source), "server"),))
    return source


def read(source: Source, root: Path, tries: Tries = QUICK, patience: Patience | None = None) -> pl.DataFrame:
    return find_rows_of_api(source, root, WHERE, tries=tries, patience=patience).frame


def refused(source: Source, root: Path, said: str, **more: Any) -> DataError:
    with pytest.raises(DataError, match=said) as bad:
        read(source, root, **more)
    assert bad.value.where == WHERE and bad.value.mend
    return bad.value


# what files pass too


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    import polars.selectors as cs

    plain = frame.with_columns(cs.decimal().cast(pl.Float64), cs.time().dt.to_string("%H:%M:%S%.f"))
    plain = plain.with_columns(cs.date().dt.to_string("%Y-%m-%d"), cs.datetime().dt.to_string("iso:strict"))
    return plain.to_dicts()


class TestJsonApi(SourceSuite):
    LACKS = frozenset({"bytes", "float"})  # JSON has neither bytes nor infinity

    @pytest.fixture
    def holds(self, serve: Serve, tmp_path: Path) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            held, size = _records(frame), max(2, len(frame) // 3)

            def answer(asked: Asked) -> Say:
                start = int(asked.query.get("from", 0))
                left = start + size < len(held)
                more = (("Link", f'<?from={start + size}>; rel="next"'),) if left else ()
                return says({"data": {"items": held[start : start + size]}}, headers=more)

            return told(tmp_path, serve(answer), records="data.items", page=Page(by="link")), tmp_path

        return hold

    def test_numbers_that_are_none_are_told_from_missing_ones(self, holds: Holds) -> None:
        """JSON has no such numbers: an answer with them is none (below)."""

    def test_a_table_may_be_empty(self, holds: Holds) -> None:
        with pytest.raises(DataError, match="no rows, so nobody knows its columns"):
            rows(holds(pl.DataFrame({"row": []}), "empty"))


class TestCsvApi(SourceSuite):
    LACKS = frozenset({"bytes", "text"})  # a text that is empty is a missing value in CSV

    @pytest.fixture
    def holds(self, serve: Serve, tmp_path: Path) -> Holds:
        def hold(frame: pl.DataFrame, name: str) -> tuple[Source, Path]:
            import polars.selectors as cs

            held, size = frame.drop("text", strict=False), 80_000
            held = held.with_columns(cs.time().dt.to_string("%H:%M:%S%.f"), cs.datetime().dt.to_string("iso:strict"))
            if "text" in frame.columns and not frame.height:
                held = frame

            def answer(asked: Asked) -> Say:
                start = (int(asked.query["page"]) - 1) * size
                return Say(held.slice(start, size).write_csv().encode(), kind="text/csv; charset=utf-8")

            return told(tmp_path, serve(answer), page=Page(by="page")), tmp_path

        return hold

    def test_numbers_that_are_none_are_told_from_missing_ones(self, holds: Holds) -> None:
        """NaN is a missing value in CSV."""
        found = rows(holds(pl.DataFrame({"x": [float("nan"), float("inf"), None, 1.5]}), "odd"))["x"]
        assert found.to_list() == [None, float("inf"), None, 1.5]

    def test_a_table_may_have_many_columns(self, holds: Holds) -> None:
        """Rows without any value are left out of CSV."""
        wide = pl.DataFrame({f"c{place}": [place, None] for place in range(200)})
        assert rows(holds(wide, "wide")).equals(wide.head(1))


# pages


def of(count: int) -> list[dict[str, int]]:
    return [{"id": number} for number in range(count)]


def by_page(count: int, size: int = 2) -> Answers:
    def answer(asked: Asked) -> Say:
        start = (int(asked.query["page"]) - 1) * size
        return says({"items": of(count)[start : start + size], "total": count, "pages": -(-count // size)})

    return answer


def test_pages_by_number_end_with_one_that_has_no_rows(serve: Serve, tmp_path: Path) -> None:
    web = serve(by_page(5))
    source = told(
        tmp_path, web, "/items?state=open", records="items", page=Page(by="page"), parameters={"n": 1, "b": True}
    )
    assert read(source, tmp_path)["id"].to_list() == [0, 1, 2, 3, 4]
    assert [each.query["page"] for each in web.asked] == ["1", "2", "3", "4"]  # a short page is no end
    assert {(each.query["state"], each.query["n"], each.query["b"]) for each in web.asked} == {("open", "1", "true")}


@pytest.mark.parametrize("ends", [{"total": "total"}, {"pages": "pages"}])
def test_pages_by_number_end_where_the_answer_says_so(serve: Serve, tmp_path: Path, ends: dict[str, str]) -> None:
    web = serve(by_page(6))
    page = Page(by="page", size=2, size_parameter="per_page", **ends)
    assert read(told(tmp_path, web, records="items", page=page), tmp_path).height == 6
    assert [each.query["page"] for each in web.asked] == ["1", "2", "3"]
    assert {each.query["per_page"] for each in web.asked} == {"2"}


def test_offsets_grow_by_the_rows_that_came(serve: Serve, tmp_path: Path) -> None:
    """A server that gives fewer than it is asked for loses none."""

    def answer(asked: Asked) -> Say:
        start = int(asked.query["skip"])
        return says(of(7)[start : start + min(3, int(asked.query["limit"]))])

    web = serve(answer)
    source = told(tmp_path, web, page=Page(by="offset", parameter="skip", size=1000))
    assert read(source, tmp_path)["id"].to_list() == list(range(7))
    assert [each.query["skip"] for each in web.asked] == ["0", "3", "6", "7"]


def test_a_cursor_of_the_answer_is_followed_through_empty_pages(serve: Serve, tmp_path: Path) -> None:
    pages = {"": ([{"id": 1}], "a/b&c"), "a/b&c": ([], "2"), "2": ([{"id": 2}], None)}

    def answer(asked: Asked) -> Say:
        items, following = pages[asked.query.get("after", "")]
        return says({"items": items, "meta": {"next": following}})

    page = Page(by="cursor", parameter="after", next="meta.next")
    assert read(told(tmp_path, serve(answer), records="items", page=page), tmp_path)["id"].to_list() == [1, 2]


def test_a_cursor_may_be_the_last_row_and_more_say_the_end(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Say:
        start = int(asked.query.get("starting_after", -1)) + 1
        return says({"data": of(5)[start : start + 2], "has_more": start + 2 < 5})

    web = serve(answer)
    page = Page(by="cursor", parameter="starting_after", last="id", more="has_more")
    assert read(told(tmp_path, web, records="data", page=page), tmp_path)["id"].to_list() == [0, 1, 2, 3, 4]
    assert len(web.asked) == 3


def test_a_link_may_be_in_the_body(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Say:
        number = int(asked.query.get("p", 0))
        return says({"results": [{"id": number}], "next": f"/items?p={number + 1}" if number < 3 else None})

    source = told(tmp_path, serve(answer), records="results", page=Page(by="link", next="next"))
    assert read(source, tmp_path)["id"].to_list() == [0, 1, 2, 3]


def test_a_cursor_that_was_never_there_is_no_end(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says({"items": of(2), "meta": {"next_cursor": "x"}}))
    source = told(tmp_path, web, records="items", page=Page(by="cursor", next="meta.next_curser"))
    assert 'did you mean "next_cursor"' in refused(source, tmp_path, "no meta.next_curser, so nothing says").mend
    alone = serve(lambda asked: says({"items": of(2)}))
    asked = told(tmp_path, alone, records="items", page=Page(by="cursor", next="meta.next", size=50))
    assert read(asked, tmp_path).height == 2  # fewer rows than a page has: that is all


# what never ends, repeats or changes


def test_what_would_never_end_is_refused(serve: Serve, tmp_path: Path) -> None:
    same = serve(lambda asked: says(of(2)))
    said = refused(told(tmp_path, same, page=Page(by="page")), tmp_path, "a page has the very rows of one before")
    assert "does the API know the parameter page?" in said.mend
    assert "the very rows" in str(refused(told(tmp_path, same, page=Page(by="offset")), tmp_path, "very rows"))
    again = serve(lambda asked: says({"items": [{"id": asked.number}], "next": "ab"[asked.number % 2]}))
    refused(told(tmp_path, again, records="items", page=Page(by="cursor", next="next")), tmp_path, "by the same cursor")
    assert len(again.asked) == 3
    link = serve(lambda asked: says(of(1), headers=(("Link", '<?x=1>; rel="next"'),)))
    refused(told(tmp_path, link, page=Page(by="link")), tmp_path, "by the same link")
    long = serve(lambda asked: says({"items": of(1), "next": "x" * 8193 if asked.number == 0 else None}))
    source = told(tmp_path, long, records="items", page=Page(by="cursor", next="next"))
    refused(source, tmp_path, "leads to the next page has 8,193 letters")
    grows = serve(lambda asked: says({"items": [{"id": asked.number}], "next": asked.number}))
    source = told(tmp_path, grows, records="items", page=Page(by="cursor", next="next", most=20))
    refused(source, tmp_path, "more than 20 pages")
    assert len(grows.asked) == 20


def test_a_row_that_moved_to_a_later_page_is_taken_once_as_it_was_last(serve: Serve, tmp_path: Path) -> None:
    pages = [[{"id": 1, "v": 1}, {"id": 2, "v": 1}], [{"id": 2, "v": 2}, {"id": 3, "v": 1}, {"id": 3, "v": 9}], []]
    web = serve(lambda asked: says(pages[int(asked.query["page"]) - 1]))
    source = told(tmp_path, web, page=Page(by="page"), key="id")
    assert read(source, tmp_path).rows() == [(1, 1), (2, 2), (3, 1), (3, 9)]  # twice on one page is the contract's
    assert read(told(tmp_path, web, page=Page(by="page")), tmp_path).height == 5  # without a key all are kept


@pytest.mark.parametrize("key", ["id", Mapped(origin="id", type="str")])
def test_a_row_that_moved_is_taken_once_however_its_key_is_mapped(
    serve: Serve, tmp_path: Path, key: str | Mapped
) -> None:
    pages = {1: [{"id": 1, "n": 1}, {"id": 2, "n": 2}], 2: [{"id": 2, "n": 3}, {"id": 3, "n": 4}]}
    web = serve(lambda asked: says(pages.get(int(asked.query.get("page", 1)), [])))
    source = told(tmp_path, web, key="number", page=Page(by="page"), map={"number": key})
    assert find(source, tmp_path).rows().collect()["n"].to_list() == [1, 3, 4]


def test_rows_without_a_key_are_all_kept(serve: Serve, tmp_path: Path) -> None:
    pages = [[{"id": None, "v": 1}, {"id": 1, "v": 1}], [{"v": 2}, {"id": 1, "v": 2}], []]
    web = serve(lambda asked: says(pages[int(asked.query["page"]) - 1]))
    assert read(told(tmp_path, web, page=Page(by="page"), key="id"), tmp_path).rows() == [(None, 1), (None, 2), (1, 2)]


def test_an_api_that_gives_other_than_it_says_is_refused(serve: Serve, tmp_path: Path) -> None:
    """A row that was taken out of the first page while the second was read moves one past us: its count tells."""
    pages = [[{"id": 1}, {"id": 2}], [{"id": 4}], []]
    web = serve(lambda asked: says({"items": pages[int(asked.query["page"]) - 1], "total": 4}))
    source = told(tmp_path, web, records="items", page=Page(by="page", total="total"), key="id")
    assert "run again" in refused(source, tmp_path, "there are 4 rows, and gave 3").mend


# tried again


def failing(*first: Say, then: Say | None = None) -> Answers:
    return lambda asked: first[asked.number] if asked.number < len(first) else then or says(of(3))


def dropped(_: object) -> None:
    raise ConnectionError


CUT = Say(b'[{"id": 0}, {"i', length=4_000)
LOST = [
    Say(b"busy", status=503),
    Say(b"slower", status=429, headers=(("Retry-After", "0"),)),
    Say(raw=b""),
    Say(raw=b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{"id'),
    CUT,
    Say(b"", then=dropped, length=100),
]


@pytest.mark.parametrize("bad", LOST, ids=["503", "429", "no answer", "chunk cut", "cut", "dropped"])
def test_what_may_pass_is_tried_again(serve: Serve, tmp_path: Path, bad: Say) -> None:
    web = serve(failing(bad, bad, bad))
    assert read(told(tmp_path, web), tmp_path).height == 3 and len(web.asked) == 4
    always = serve(lambda asked: bad)
    refused(told(tmp_path, always), tmp_path, "at the last of 4 tries")
    assert len(always.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 501])
def test_what_will_not_pass_is_told_at_once(serve: Serve, tmp_path: Path, status: int) -> None:
    web = serve(lambda asked: says({"error": {"message": "no\x1b[31m such\nthing"}}, status=status))
    refused(told(tmp_path, web), tmp_path, rf"it answered {status} \(no \[31m such thing\)")
    assert len(web.asked) == 1


def test_a_server_that_asks_for_a_wait_is_waited_for_or_told(serve: Serve, tmp_path: Path) -> None:
    web = serve(failing(Say(status=429, headers=(("Retry-After", "1"),))))
    began = time.monotonic()
    assert read(told(tmp_path, web), tmp_path).height == 3 and time.monotonic() - began >= 1
    away = serve(failing(Say(status=503, headers=(("Retry-After", "Fri, 31 Dec 2199 23:59:59 GMT"),))))
    said = refused(told(tmp_path, away, within="5s"), tmp_path, "it answered 503 and asks to wait .* s in the time")
    assert "within:" in said.mend and len(away.asked) == 1


def test_who_asks_too_often_may_be_told_so_by_403(serve: Serve, tmp_path: Path) -> None:
    web = serve(failing(Say(status=403, headers=(("Retry-After", "0"),))))
    assert read(told(tmp_path, web), tmp_path).height == 3 and len(web.asked) == 2


def test_what_is_accepted_may_be_said(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says(of(1)))
    read(told(tmp_path, web, headers={"ACCEPT": "application/vnd.shop+json", "User-Agent": "shop"}), tmp_path)
    read(told(tmp_path, web), tmp_path)
    first, second = web.asked
    assert (first.headers["accept"], first.headers["user-agent"]) == ("application/vnd.shop+json", "shop")
    assert second.headers["accept"].startswith("application/json") and second.headers["accept-encoding"] == "gzip"


def test_pages_may_end_without_a_body(serve: Serve, tmp_path: Path) -> None:
    for last in (Say(status=204, kind=""), Say(b"id\n", kind="text/csv"), Say(b"", kind="text/csv")):
        pages = [Say(b"id\n1\n", kind="text/csv"), Say(b"id\n2\n", kind="text/csv"), last]
        web = serve(lambda asked, pages=pages: pages[int(asked.query["page"]) - 1])
        assert read(told(tmp_path, web, page=Page(by="page")), tmp_path)["id"].to_list() == [1, 2]
    lines = [Say(b'{"id":1}\n', kind="application/x-ndjson"), Say(b"", kind="application/x-ndjson")]
    web = serve(lambda asked: lines[int(asked.query["page"]) - 1])
    assert read(told(tmp_path, web, page=Page(by="page")), tmp_path)["id"].to_list() == [1]


def test_pages_of_files_must_have_the_same_columns(serve: Serve, tmp_path: Path) -> None:
    pages = [Say(b"id,a\n1,2\n", kind="text/csv"), Say(b"id,b\n2,3\n", kind="text/csv"), Say(b"", kind="text/csv")]
    web = serve(lambda asked: pages[int(asked.query["page"]) - 1])
    refused(told(tmp_path, web, page=Page(by="page")), tmp_path, "page 2 lacks a and has b beside")


def test_a_connection_that_the_server_closed_between_pages_is_no_failure(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Say:
        return other(
            by_page(6)(asked), headers=(("Connection", "keep-alive"), ("Keep-Alive", "timeout=0")), length=None
        )

    def closes(asked: Asked) -> Say:
        body = answer(asked).body
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return Say(raw=head.encode() + body)  # and closes, without having said so

    once = Tries(most=1)
    source = told(tmp_path, serve(closes), records="items", page=Page(by="page"))
    assert read(source, tmp_path, tries=once).height == 6


def test_requests_are_kept_apart(serve: Serve, tmp_path: Path) -> None:
    web = serve(by_page(8))
    began = time.monotonic()
    read(told(tmp_path, web, records="items", page=Page(by="page"), at_most="20/s"), tmp_path)
    assert len(web.asked) == 5 and time.monotonic() - began >= 4 / 20


# time


def drips(connection: Any) -> None:
    for _ in range(600):
        connection.sendall(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize("ends_with_connection", [False, True])
def test_the_time_for_all_of_it_holds_for_a_server_that_sends_a_letter_now_and_then(
    serve: Serve, tmp_path: Path, ends_with_connection: bool
) -> None:
    closed = (("Connection", "close"),) if ends_with_connection else ()
    web = serve(lambda asked: Say(b"[]", length=10_000, then=drips, headers=closed))
    began = time.monotonic()
    refused(told(tmp_path, web, within="1s"), tmp_path, "not done in the time")
    assert time.monotonic() - began < 10


def test_the_time_holds_for_headers_too(serve: Serve, tmp_path: Path) -> None:
    def slow(asked: Asked) -> Say:
        time.sleep(30 if asked.number == 0 else 0)
        return says(of(1))

    web = serve(slow)
    refused(told(tmp_path, web, within="1s"), tmp_path, "not done in the time")


def test_a_server_that_is_silent_is_asked_again(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Say:
        time.sleep(2 if asked.number == 0 else 0)
        return says(of(1))

    web = serve(answer)
    assert read(told(tmp_path, web), tmp_path, patience=Patience(silent=0.3)).height == 1 and len(web.asked) == 2


def test_other_threads_go_on_while_a_server_is_slow(serve: Serve, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Say:
        time.sleep(1)
        return says(of(1))

    source = told(tmp_path, serve(answer))
    ticks, ended = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not ended.wait(0.01):
            ticks += 1

    beside = threading.Thread(target=tick)
    beside.start()
    try:
        read(source, tmp_path)
    finally:
        ended.set()
        beside.join()
    assert ticks > 10


# what is no table


WRONG = {
    "html": (Say(b"<html><head><title>Sign in</title>", kind="text/html"), 'a page of HTML, titled "Sign in"'),
    "html as json": (Say(b"<!DOCTYPE html><title>Proxy</title>"), 'page of HTML, titled "Proxy"'),
    "cut": (Say(b'[{"id": 1}, {"id"'), "it ends too early: was it cut"),
    "nan": (Say(b'[{"id": NaN}]'), "it is no JSON"),
    "infinity": (Say(b'[{"id": -Infinity}]'), "it is no JSON"),
    "out of range": (Say(b'[{"id": 1e999}]'), "it is no JSON.*out of range"),
    "nested": (Say(b"[" * 30_000 + b"]" * 30_000), "it is no JSON|no object"),
    "nested objects": (
        Say(b"[" + b'{"a":' * 500 + b"1" + b"}" * 500 + b"]"),
        "row 1 at the answer has more than 32 levels",
    ),
    "nested lists": (
        Say(b'[{"a":1},{"a":' + b"[" * 500 + b"]" * 500 + b"}]"),
        "row 2 at the answer has more than 32 levels",
    ),
    "letters": (Say(b'[{"a": "\xff"}]'), "it is no JSON"),
    "number": (Say(b"7"), "no array of rows"),
    "wide": (says([{f"k{number}": 1 for number in range(50_001)}]), "row 1 at the answer has 50,001 fields"),
    "no fields": (says([{}, {}]), "the table has no columns"),
    "truth and numbers": (says([{"a": True}, {"a": 1}]), "a is a number in row 2, and true or false in row 1"),
    "no HTTP": (Say(raw=b"SSH-2.0-OpenSSH_9\r\n"), "it does not speak HTTP"),
    "many headers": (Say(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n[]"), "it does not speak HTTP"),
    "long header": (Say(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999 + b"\r\n\r\n[]"), "it does not speak HTTP"),
    "error": (says({"error": "gone"}), "the answer is one object"),
    "numbers": (says([1, 2]), "row 1 at the answer is no object"),
    "mixed": (says([{"a": 1}, None]), "row 2 at the answer is no object"),
    "nothing": (says([]), "no rows, so nobody knows"),
    "empty": (Say(b""), "no rows"),
    "no content": (Say(b"", status=204, kind=""), "no rows"),
    "image": (Say(b"\x89PNG", kind="image/png"), "says that it is image/png"),
    "text": (Say(b"hello", kind="text/plain"), "says that it is text/plain"),
    "no type": (Say(b"a,b\n1,2\n", kind=""), "nothing at all, which is no format"),
    "brotli": (Say(b"x", headers=(("Content-Encoding", "br"),)), "packed as br, which was not asked for"),
    "not packed": (Say(b"[]", headers=(("Content-Encoding", "gzip"),)), "no whole file of gzip"),
    "ragged": (Say(b"a,b\n1,2\n1,2,3\n", kind="text/csv"), r"it is no csv: .*line 3"),
    "zip bomb": (Say(gzip.compress(b" " * 280_000_000), headers=(("Content-Encoding", "gzip"),)), "unpack to more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_that_is_no_table_is_told(serve: Serve, tmp_path: Path, name: str) -> None:
    answer, said = WRONG[name]
    refused(told(tmp_path, serve(lambda asked: answer)), tmp_path, said)


def test_where_the_rows_are_is_told_where_it_is_not_said(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says({"meta": {"n": 1}, "data": {"items": of(2)}}))
    assert "records: data.items" in refused(told(tmp_path, web), tmp_path, "one object").mend
    assert 'did you mean "items"' in refused(told(tmp_path, web, records="data.item"), tmp_path, "nothing at").mend
    assert "records: data.items" in refused(told(tmp_path, web, records="data"), tmp_path, "data is one object").mend


def test_rows_may_be_written_over_several_lines(serve: Serve, tmp_path: Path) -> None:
    rows = [{"id": 1, "s": "a\r\nb"}, {"id": 2, "s": "c"}]
    text = json.dumps({"n": {"rows": rows, "more": False}}, indent=2).replace("\n", "\r\n")
    web = serve(lambda asked: Say(b"\xef\xbb\xbf" + text.encode()))
    page = Page(by="page", more="n.more")
    assert read(told(tmp_path, web, records="n.rows", page=page), tmp_path).to_dicts() == rows
    assert len(web.asked) == 1


def test_a_page_is_named_where_it_is_wrong(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says([{"id": asked.number}]) if asked.number < 2 else Say(b"<html>"))
    refused(told(tmp_path, web, page=Page(by="page")), tmp_path, ": page 3 of http")


def test_a_later_page_that_is_missing_is_no_end_by_itself(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says([{"id": asked.number}]) if asked.number < 2 else Say(status=404))
    assert "pages:, total: or more:" in refused(told(tmp_path, web, page=Page(by="page")), tmp_path, "404").mend


def test_too_much_is_refused_before_it_is_taken(serve: Serve, tmp_path: Path) -> None:
    large = json.dumps(of(5_000)).encode()
    for body, length in ((large, None), (large, -1), (b"[", 10**15)):
        web = serve(lambda asked, body=body, length=length: Say(body, length=length))
        refused(told(tmp_path, web, max_gb=1e-5), tmp_path, r"at most 10,000 bytes may be taken")
    paged = serve(lambda asked: says([{"id": f"{asked.number}" * 1000}]))
    refused(told(tmp_path, paged, page=Page(by="page"), max_gb=1e-5), tmp_path, "at most 10,000 bytes may be taken")
    assert len(paged.asked) < 12


def test_rows_have_types_of_all_pages_together(serve: Serve, tmp_path: Path) -> None:
    pages = [
        [{"a": None, "n": 1, "when": "2024-05-01", "o": {"x": 1}, "ü": "東京 \U0001f6eb", "big": 2**70}],
        [{"a": 1.5, "n": 2.5, "when": None, "o": {"x": 2, "y": None}, "late": True}],
        [],
    ]
    web = serve(lambda asked: says(pages[int(asked.query["page"]) - 1]))
    frame = read(told(tmp_path, web, page=Page(by="page")), tmp_path)
    assert frame.select("a", "n", "o.x", "late").rows() == [(None, 1.0, 1, None), (1.5, 2.5, 2, True)]
    assert frame["when"].dtype == pl.Date and frame["ü"][0] == "東京 \U0001f6eb"


def test_files_and_other_formats_come_by_http_too(serve: Serve, tmp_path: Path) -> None:
    import io

    table, content = pl.DataFrame({"id": [1, 2], "s": ["a", None]}), io.BytesIO()
    table.write_parquet(content)
    files = {
        "/x.parquet": Say(content.getvalue(), kind="application/octet-stream"),
        "/x.csv.gz": Say(gzip.compress(b"id;s\n1;a\n2;\n"), kind="application/gzip"),
        "/x.ndjson": Say(b'{"id":1,"s":"a"}\n\n{"id":2}\n', kind="application/x-ndjson"),
        "/csv": Say(b"id,s\n1,a\n2,\n", kind="text/csv"),
        "/packed": Say(gzip.compress(b'[{"id":1,"s":"a"},{"id":2}]'), headers=(("Content-Encoding", "gzip"),)),
    }
    web = serve(lambda asked: files[asked.path])
    for path in files:
        assert read(told(tmp_path, web, path), tmp_path).equals(table), path
    assert read(told(tmp_path, web, "/csv", format="csv"), tmp_path).equals(table)


# who is asked, and told what


def test_secrets_are_sent_and_stand_nowhere(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret/+value")
    monkeypatch.setenv("APIKEY", "k%y &1")

    def answer(asked: Asked) -> Say:
        return Say(f"bad {asked.headers['authorization']} {asked.query['key']} k%25y%20%261".encode(), status=400)

    web = serve(answer)
    asked = {"headers": {"Authorization": "Bearer ${TOKEN}"}, "parameters": {"key": "${APIKEY}"}}
    said = refused(told(tmp_path, web, **asked), tmp_path, "it answered 400")
    assert web.asked[0].headers["authorization"] == "Bearer s3cret/+value" and web.asked[0].query["key"] == "k%y &1"
    whole = f"{said}{said.__cause__}{said.__context__}{said.mend}"
    assert "s3cret" not in whole and "k%y" not in whole and "k%25y" not in whole and "***" in whole


def test_a_user_and_a_password_of_the_url_let_in(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    monkeypatch.setenv("WORD", "p@ss:w/rd")
    word = base64.b64encode(b"ann:p@ss:w/rd").decode()
    web = serve(lambda asked: says(of(1)) if asked.headers.get("authorization") == f"Basic {word}" else Say(status=401))
    source = Source(read=web.url.replace("//", "//ann:${WORD}@") + "/x")
    trust(tmp_path, (Place(server_of(source), "server"),))
    assert read(source, tmp_path).height == 1
    monkeypatch.setenv("WORD", "other")
    refused(source, tmp_path, "it answered 401")


@pytest.mark.parametrize(
    ("secret", "row", "said"),
    [
        ("s3cret/+value", {"asked": "GET /items?key=s3cret/+value"}, "1 rows repeat a secret .* in the column asked"),
        ("s3cret/+value", {"asked": "key=s3cret%2F%2Bvalue&n=1"}, "in the column asked"),
        ("s3cret/+value", {"deep": {"echo": "s3cret/+value"}}, "in the column deep.echo"),
        ("s3cret/+value", {"tags": ["a", "x s3cret/+value"]}, "in the column tags"),
        ("s3cret/+value", {"is s3cret/+value": 1}, "the name of column 2 repeats a secret"),
        ("pin7", {"pin": "pin7"}, "in the column pin"),
    ],
)
def test_rows_that_repeat_a_secret_are_refused(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, row: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv("APIKEY", secret)
    web = serve(lambda asked: says([{"n": 1, **row}, {"n": 2, **dict.fromkeys(row)}]))
    bad = refused(told(tmp_path, web, parameters={"key": "${APIKEY}"}), tmp_path, said)
    assert secret not in f"{bad} {bad.mend}" and "write the value into the project file" in bad.mend


@pytest.mark.parametrize(("secret", "text"), [("pin7", "spin7s"), ("123", "123"), ("s3cret/+value", "s3cret")])
def test_rows_that_hold_a_word_like_a_secret_are_read(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, text: str
) -> None:
    monkeypatch.setenv("APIKEY", secret)
    web = serve(lambda asked: says([{"n": 1, "word": f"{text} x"}, {"n": 2, "word": text}]))
    assert read(told(tmp_path, web, parameters={"key": "${APIKEY}"}), tmp_path).height == 2


def test_pages_are_told_as_they_come_to_whoever_shares_the_memory(serve: Serve, tmp_path: Path) -> None:
    sizes = list[int]()

    class Told:
        def grow(self, size: int) -> None:
            sizes.append(size)

    source = told(tmp_path, serve(by_page(6)), records="items", page=Page(by="page", pages="pages"))
    find_rows_of_api(source, tmp_path, WHERE, tries=QUICK, share=Told())
    pages = [len('{"id": 0}') * 2 * page for page in (1, 2, 3)]
    assert [each for each in dict.fromkeys(sizes) if each in pages] == pages
    assert sizes[0] > pages[0]  # the answer itself, before any of it is taken


def test_time_that_is_waited_for_room_is_no_time_of_the_api(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = [0]

    class Clocked(Line):
        def __init__(self, until: float, patience: Patience) -> None:
            super().__init__(until, patience, lambda: time.monotonic() + 3600 * hours[0])

    class Full:
        def grow(self, size: int) -> None:
            hours[0] += 2

    monkeypatch.setattr(apis, "Line", Clocked)
    source = told(tmp_path, serve(by_page(6)), records="items", page=Page(by="page", pages="pages"), within="1h")
    assert find_rows_of_api(source, tmp_path, WHERE, tries=QUICK, share=Full()).frame.height == 6


def test_more_rows_than_an_api_says_that_there_are_is_refused_too(serve: Serve, tmp_path: Path) -> None:
    pages = [of(6)[:3], of(6)[3:], []]
    web = serve(lambda asked: says({"items": pages[int(asked.query["page"]) - 1], "total": 4}))
    source = told(tmp_path, web, records="items", page=Page(by="page", total="total"))
    refused(source, tmp_path, "there are 4 rows, and gave 6")


def test_a_secret_that_is_a_parameter_is_told_to_no_other_host(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIKEY", "s3cret-word")
    elsewhere = serve(lambda asked: says(of(2)))
    web = serve(lambda asked: says(of(1), headers=(("Link", f"<{elsewhere.url}/n>; rel=next"),)))
    asked = {"page": Page(by="link"), "parameters": {"key": "${APIKEY}"}, "redirects": (elsewhere.host,)}
    assert read(told(tmp_path, web, **asked), tmp_path).height == 3
    assert web.asked[0].query == {"key": "s3cret-word"} and elsewhere.asked[0].query == {}


def test_a_login_of_the_url_is_hidden_as_it_is_sent_and_as_it_is(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    word = base64.b64encode(b"ann:p@ss-word").decode()
    web = serve(lambda asked: Say(f"bad {asked.headers['authorization']}, that is p@ss-word".encode(), status=400))
    source = Source(read=web.url.replace("//", "//ann:p%40ss-word@") + "/x")
    trust(tmp_path, (Place(server_of(source), "server"),))
    said = refused(source, tmp_path, r"it answered 400 \(bad Basic \*\*\*, that is \*\*\*\)")
    assert web.asked[0].headers["authorization"] == f"Basic {word}" and word not in str(said)


def test_of_secrets_that_begin_alike_the_longer_is_hidden_whole(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "s3cret")
    monkeypatch.setenv("LONG", "s3cret-and-more")
    web = serve(lambda asked: Say(b"bad s3cret-and-more or s3cret", status=400))
    source = told(tmp_path, web, headers={"X-A": "${SHORT}", "X-B": "${LONG}"})
    refused(source, tmp_path, r"\(bad \*\*\* or \*\*\*\)")


@pytest.mark.parametrize(
    "answer",
    [
        Say(b"x" * 190 + b" s3cret-and-a-long-one", status=400),
        Say(b'{"message": "' + b"x" * 190 + b' s3cret-and-a-long-one"}', status=400),
        Say(b"<title>" + b"x" * 190 + b" s3cret-and-a-long-one", status=400, kind="text/html"),
        Say(b"<html><title>" + b"x" * 190 + b" s3cret-and-a-long-one"),
    ],
    ids=["text", "json", "page", "page of rows"],
)
def test_words_that_are_cut_in_a_secret_hold_no_part_of_it(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Say
) -> None:
    monkeypatch.setenv("APIKEY", "s3cret-and-a-long-one")
    web = serve(lambda asked: answer)
    said = refused(told(tmp_path, web, parameters={"key": "${APIKEY}"}), tmp_path, "xxx")
    assert "s3cret" not in f"{said} {said.mend}" and "***" in str(said)


def test_how_to_mend_it_holds_no_secret_either(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APIKEY", "s3cret-word")
    web = serve(lambda asked: says({"s3cret-word": of(2)}))
    bad = refused(told(tmp_path, web, parameters={"key": "${APIKEY}"}), tmp_path, "one object")
    assert bad.mend == "say where the rows are: records: ***"


@pytest.mark.parametrize("value", ["line\nbreak", "line\r\nX: y", "tok€n", "", "a\x00b"])
def test_a_secret_that_no_header_can_hold_is_not_repeated(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    from treadle.spec import secrets

    source = told(tmp_path, serve(lambda asked: says(of(1))), headers={"X-Api-Key": "${TOKEN}"})
    monkeypatch.setattr(secrets.filled, "__defaults__", ({"TOKEN": value},))
    with pytest.raises(SpecError, match=r"TOKEN is not set|X-Api-Key holds a line break") as bad:
        read(source, tmp_path)
    assert not value or value not in f"{bad.value}{bad.value.mend}{bad.value.__cause__}"


def test_another_host_is_refused_and_told_nothing_where_it_is_allowed(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    elsewhere = serve(lambda asked: says(of(2)))
    web = serve(lambda asked: Say(status=302, headers=(("Location", f"{elsewhere.url}/file"),)))
    headers = {"Authorization": "Bearer ${TOKEN}", "X-Own": "yes"}
    refused(told(tmp_path, web, headers=headers), tmp_path, "points to another port")
    assert not elsewhere.asked
    allowed = told(tmp_path, web, headers=headers, redirects=(elsewhere.host,))
    assert read(allowed, tmp_path).height == 2
    assert not {"authorization", "x-own"} & set(elsewhere.asked[0].headers)
    linking = serve(lambda asked: says(of(1), headers=(("Link", f"<{elsewhere.url}/n>; rel=next"),)))
    refused(told(tmp_path, linking, page=Page(by="link"), headers=headers), tmp_path, "points to another port")
    read(told(tmp_path, linking, page=Page(by="link"), headers=headers, redirects=(elsewhere.host,)), tmp_path)
    assert not {"authorization", "x-own"} & set(elsewhere.asked[-1].headers)


def test_a_redirect_on_the_same_host_keeps_what_is_sent(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")

    def answer(asked: Asked) -> Say:
        if asked.path == "/items":
            return Say(b"moved", status=308, kind="text/plain", headers=(("Location", "/v2/it ems?x=ü#part"),))
        return says(of(1)) if asked.headers.get("x-api-key") == "s3cret" else Say(status=401)

    web = serve(answer)
    assert read(told(tmp_path, web, headers={"X-Api-Key": "${TOKEN}"}), tmp_path).height == 1
    assert (web.asked[1].path, web.asked[1].query) == ("/v2/it%20ems", {"x": "ü"})


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("/items", "points elsewhere more than 5 times"),
        ("file:///etc/passwd", "no URL of the web"),
        ("ftp://127.0.0.1/x", "no URL of the web"),
        ("http://example.invalid/x", "plain http: at example.invalid"),
        ("https://example.invalid/x", "another host, example.invalid"),
        ("//[::1", "no URL"),
        ("http://127.0.0.1:99999/", "no URL"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_told(serve: Serve, tmp_path: Path, to: str, said: str) -> None:
    web = serve(lambda asked: Say(status=302, headers=(("Location", to),)))
    refused(told(tmp_path, web), tmp_path, said)


def test_a_url_may_have_any_letters(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda asked: says(of(1)))
    assert read(told(tmp_path, web, "/straße/%C3%BC/a%2Fb?q=東京&r=%20"), tmp_path).height == 1
    assert web.asked[0].path == "/stra%C3%9Fe/%C3%BC/a%2Fb" and web.asked[0].query == {"q": "東京", "r": " "}
    for host in ("bücher.invalid", "x" * 80 + ".invalid", "a..invalid"):
        source = Source(read=f"https://{host}/x")
        trust(tmp_path, (Place(server_of(source), "server"),))
        refused(source, tmp_path, "at the last of 4 tries")


def test_a_link_to_the_next_page_keeps_a_secret_that_is_a_parameter(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIKEY", "k3y")

    def answer(asked: Asked) -> Say:
        if asked.query.get("key") != "k3y":
            return Say(status=401)
        more = (("Link", '</items?page=2>; rel="next"'),) if "page" not in asked.query else ()
        return says([{"id": asked.number}], headers=more)

    source = told(tmp_path, serve(answer), page=Page(by="link"), parameters={"key": "${APIKEY}"})
    assert read(source, tmp_path).height == 2


def test_an_api_is_asked_only_for_a_project_that_is_trusted_with_all_it_is_told(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    web = serve(lambda asked: says(of(1)))
    with pytest.raises(DataError, match="may not ask"):
        find(Source(read=web.url), tmp_path, where=WHERE)
    told(tmp_path, web, "")
    assert find(Source(read=web.url), tmp_path, where=WHERE).rows().collect().height == 1
    for more in (
        {"headers": {"X": "${TOKEN}"}},
        {"redirects": ("h",)},
        {"unencrypted": True},
        {"parameters": {"t": "${TOKEN}"}},
    ):
        with pytest.raises(DataError, match="may not ask"):
            find(Source(read=web.url, **more), tmp_path, where=WHERE)


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    source = Source(read="http://127.0.0.1:1/x")
    trust(tmp_path, (Place(server_of(source), "server"),))
    refused(source, tmp_path, "Connection refused, at the last of 4 tries")
    nowhere = Source(read="https://no.such.invalid/x")
    trust(tmp_path, (Place(server_of(nowhere), "server"),))
    refused(nowhere, tmp_path, "name|Name|resolution")


def test_equal_rows_have_an_equal_digest_however_they_are_paged(serve: Serve, tmp_path: Path) -> None:
    digests = set()
    for size in (2, 3):
        source = told(tmp_path, serve(by_page(6, size)), records="items", page=Page(by="page"))
        digests.add(find_rows_of_api(source, tmp_path, WHERE, tries=QUICK).digest)
    assert len(digests) == 1


def test_a_look_asks_for_one_page(serve: Serve, tmp_path: Path) -> None:
    asked_for = list[int]()

    def answer(asked: Asked) -> Say:
        page = int(asked.query.get("page", 1))
        asked_for.append(page)
        return says([{"n": page * 10 + n} for n in range(3)] if page < 4 else [])

    web = serve(answer)
    seen = look(told(tmp_path, web, page=Page(by="page"), new=New(by="n")), tmp_path)
    assert (seen.rows.height, seen.whole, asked_for) == (3, False, [1])
    assert look(told(tmp_path, web, new=New(by="n")), tmp_path).whole


@pytest.mark.parametrize("second", ["3", "13, 3", "x"])
def test_an_answer_of_two_lengths_is_not_believed(serve: Serve, tmp_path: Path, second: str) -> None:
    body = b'[{"a": 1}]   '

    def sends(lengths: tuple[str, ...]) -> Answers:
        head = "".join(f"Content-Length: {each}\r\n" for each in lengths)
        raw = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}\r\n".encode() + body
        return lambda _: Say(raw=raw)

    assert read(told(tmp_path, serve(sends(("13", "13")))), tmp_path).height == 1
    refused(told(tmp_path, serve(sends(("13", second)))), tmp_path, "not say in one way how long its answer is")


def test_a_part_that_nobody_asked_for_is_not_the_whole(serve: Serve, tmp_path: Path) -> None:
    web = serve(lambda _: says([{"a": 1}], status=206))
    refused(told(tmp_path, web), tmp_path, "it answered 206: a part, though all was asked for")
