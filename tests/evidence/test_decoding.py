"""An entry is read from its bytes as it was written, or refused with what is wrong with it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import msgspec
import pytest
from steps import Made

from treadle.errors import EvidenceError
from treadle.evidence import Entry, Unknown
from treadle.evidence.decoding import decode, read
from treadle.evidence.entry import Body, Price, Usage, raw, seal
from treadle.money import money
from treadle.store.refs import Blob

BODY = Body(
    seq=7, id="i", kind="test.made", version=1, subject="s", run="r", time="t", actor="ada", status="done",
    cache_key="k", input=raw({"n": 1}), parts={"b": "2", "a": "1"}, code="c", why="w", error="e",
    payload=raw(Made(answer=3)), uses=(Blob("u"),), made=(Blob("m"),), usage=Usage(seconds=2.0),
    price=Price(money(1, "EUR")), prev="p",
)  # fmt: skip
FIRST = {
    "seq": 1, "id": "i", "kind": "no.kind", "subject": "s", "run": "r", "time": "t", "actor": "ada", "status": "done",
}  # fmt: skip


def test_an_entry_is_read_as_it_was_written() -> None:
    content, sealed = seal(BODY)
    expected = Entry(
        seq=7, id="i", kind="test.made", subject="s", run="r", time="t", actor="ada", status="done",
        payload=Made(answer=3), hash=sealed, prev="p", cache_key="k", input=b'{"n":1}',
        parts=(("a", "1"), ("b", "2")), code="c", why="w", error="e", uses=(Blob("u"),), made=(Blob("m"),),
        usage=Usage(seconds=2.0), price=Price(money(1, "EUR")),
    )  # fmt: skip
    assert read(content, sealed) == decode(content, sealed) == expected
    assert decode(content, "another") == dataclasses.replace(expected, hash="another")


def test_what_came_of_nothing_is_known_by_its_kind_alone() -> None:
    content, sealed = seal(msgspec.structs.replace(BODY, payload=msgspec.Raw(b"null"), status="failed"))
    assert read(content, sealed).payload == Unknown(kind="test.made")


@pytest.mark.parametrize("more", [{}, {"format": 1}])
def test_an_entry_without_a_format_is_of_the_first(more: dict[str, Any]) -> None:
    content = msgspec.json.encode(FIRST | more)
    found = read(content, hashlib.sha256(content).hexdigest())
    assert (found.seq, found.subject, found.hash) == (1, "s", hashlib.sha256(content).hexdigest())
    assert found.payload.said() == "no.kind (version 1, not known here)"


def refused(content: Any, sealed: str) -> tuple[str, str, str]:
    with pytest.raises(EvidenceError) as bad:
        read(content, sealed)
    return bad.value.what, bad.value.where, bad.value.mend


@pytest.mark.parametrize("content", ["text", None, 3])
def test_what_is_no_longer_bytes_is_refused(content: Any) -> None:
    said = ("an entry's content is no longer bytes", "entries", "treadle verify names it")
    assert refused(content, "0") == said


def test_what_no_longer_has_its_hash_is_refused() -> None:
    content, sealed = seal(BODY)
    said = ("an entry was edited: its content no longer has its hash", "entries", "treadle verify names it")
    assert refused(content + b" ", sealed) == refused(content, sealed[::-1]) == said


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_format_that_is_not_known_is_named(number: int) -> None:
    content, sealed = seal(msgspec.structs.replace(BODY, format=number))
    assert refused(content, sealed) == (f"an entry has format {number}, and 2 is the newest known here", "entries", "")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"nothing", b"[]", b"{}", b'{"format":2}', b'{"format":"2"}', b"\xff", b"[" * 100_000,
        msgspec.json.encode(FIRST | {"cost": {"amount": "much", "currency": "EUR"}}),
        msgspec.json.encode(FIRST | {"cost": {"amount": 1, "currency": "euro"}}),
        msgspec.json.encode(FIRST | {"cost": {"amount": 1}}),
        msgspec.json.encode(FIRST | {"detail": {"parts": 3}}),
        msgspec.json.encode(FIRST | {"made": {"t": {"kind": "table", "table": "t", "version": "x"}}}),
    ],
)  # fmt: skip
def test_what_somebody_made_by_hand_is_refused_and_never_a_crash(content: bytes) -> None:
    what, where, mend = refused(content, hashlib.sha256(content).hexdigest())
    assert what.startswith("an entry cannot be read: ")
    assert (where, mend) == ("entries", "treadle verify names it")
