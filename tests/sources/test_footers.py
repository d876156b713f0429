"""The footer of a Parquet file, byte by byte: made here by hand, in Thrift's compact protocol."""

from __future__ import annotations

import tracemalloc

import pytest

from treadle.sources.footers import Footer, footer
from treadle.sources.unreadable import Unreadable

LONG, STRUCT, LIST = 6, 12, 9


def varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def whole(number: int) -> bytes:
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def struct(*fields: tuple[int, int, bytes], far: bool = False) -> bytes:
    """Fields of a number, a kind and bytes, in order. `far`: each says its number, and not how far it is on."""
    made, last = b"", 0
    for number, kind, content in fields:
        step = number - last
        made += (bytes([kind]) + whole(number) if far or step > 15 else bytes([step << 4 | kind])) + content
        last = number
    return made + b"\0"


def several(kind: int, *items: bytes) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([15 << 4 | kind]) + varint(len(items))
    return head + b"".join(items)


def file(content: bytes, before: bytes = b"PAR1") -> bytes:
    return before + content + len(content).to_bytes(4, "little") + b"PAR1"


def told(*more: tuple[int, int, bytes], sizes: tuple[int, ...] = (7,), rows: int = 5, far: bool = False) -> Footer:
    groups = several(STRUCT, *(struct((2, LONG, whole(size)), far=far) for size in sizes))
    fields = sorted([(3, LONG, whole(rows)), (4, LIST, groups), *more], key=lambda field: field[0])
    return footer(file(struct(*fields, far=far)))


def deep(depth: int) -> bytes:
    return b"\x1c" * depth + b"\0" * depth + b"\0"


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("count", [0, 1, 14, 15, 16, 200])
def test_all_groups_count(count: int, far: bool) -> None:
    assert told(sizes=tuple(range(1, count + 1)), far=far) == Footer(5, count * (count + 1) // 2)


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 2**31, 2**62])
def test_numbers_of_any_length_are_read(rows: int) -> None:
    assert told(rows=rows, sizes=(rows,)) == Footer(rows, rows)


def test_a_size_below_zero_takes_nothing_away() -> None:
    assert told(sizes=(-1000, 7)) == Footer(5, 7) and told(rows=-3).rows == -3


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (1, b""),
        (2, b""),
        (3, b"\xff"),
        (4, whole(-9)),
        (5, whole(300)),
        (7, b"\x11" * 8),
        (8, varint(3) + b"\x15\x16\x17"),
        (8, varint(0)),
        (LIST, several(1, b"\1", b"\2")),
        (10, several(8, varint(2) + b"ab", varint(0))),
        (STRUCT, struct((1, 3, b"\x19"))),
        (LIST, several(7, b"\x22" * 8)),
        (LIST, several(LIST, several(3, b"\x19"))),
    ],
)
@pytest.mark.parametrize("number", [1, 5, 40])
def test_what_is_not_asked_for_is_passed_over(number: int, kind: int, content: bytes) -> None:
    assert told((number, kind, content), sizes=(7, 8)) == Footer(5, 15)


@pytest.mark.parametrize("kind", [11, 13, 14, 15])
def test_a_kind_that_there_is_not_is_damage(kind: int) -> None:
    with pytest.raises(Unreadable, match="damaged"):
        told((1, kind, b"\1\1"))


def test_structs_in_structs_are_read_to_a_depth() -> None:
    assert told((5, STRUCT, deep(31))) == Footer(5, 7)
    for depth in (32, 200, 100_000):
        with pytest.raises(Unreadable, match="damaged"):
            told((5, STRUCT, deep(depth)))


def test_a_footer_has_its_place_between_two_marks() -> None:
    content = struct((3, LONG, whole(1)), (4, LIST, several(STRUCT)))
    assert footer(file(content)) == footer(file(content, b"PAR1" + b"pages")) == Footer(1, 0)
    for bad in (file(content, b""), file(content, b"PAR"), file(content)[:-1] + b"2", b"", b"PAR1"):
        with pytest.raises(Unreadable, match="no footer"):
            footer(bad)


@pytest.mark.parametrize(
    "content",
    [
        struct((4, LIST, several(STRUCT))),
        struct((3, LONG, whole(1))),
        struct((3, LONG, whole(1)), (4, LONG, whole(1))),
        struct((3, LIST, several(STRUCT)), (4, LIST, several(STRUCT))),
        struct((3, LONG, whole(1)))[:-1],
        b"\x36" + b"\xff" * 12,
        b"\x39\xf3" + varint(10**6),
    ],
)
def test_what_lacks_rows_or_groups_is_damage(content: bytes) -> None:
    with pytest.raises(Unreadable, match="damaged"):
        footer(file(content))


def test_a_list_that_says_it_is_longer_than_its_bytes_takes_no_memory() -> None:
    content = file(b"\x39\xf3" + varint(10**6))
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="damaged"):
            footer(content)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
