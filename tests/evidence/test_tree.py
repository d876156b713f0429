"""The tree made anew from the entries is that of their leaves, and names the first tile that is another.

Tiles are four hashes wide here, so that 40 entries make three levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text

from treadle.evidence import Chain, tiles, tree
from treadle.evidence.merkle import leaf_hash, tree_head
from treadle.evidence.tree import Rebuilt, as_bytes

BODIES = [b"entry %d" % n for n in range(1, 43)]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tiles, tree):
        monkeypatch.setattr(module, "TILE_WIDTH", 4)


def rebuilt(count: int, tiled: int | None = None, sizes: Sequence[int] = (), without: int = 0) -> Rebuilt:
    made = Rebuilt(sizes, count if tiled is None else tiled)
    for seq in range(1, count + 1):
        if seq != without:
            made.add(seq, BODIES[seq - 1])
    return made


def faults(chain: Chain, made: Rebuilt, *damage: str, tiled: int = 42) -> list[str]:
    """Of tiles that the catalog holds of so many entries, edited."""
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        for index, body in enumerate(BODIES[:tiled]):
            tiles.grow(connection, index, [body])
        for each in damage:
            assert connection.execute(text(each)).rowcount > 0
        return made.tile_faults(connection)


def test_heads_are_known_at_each_size_that_was_asked_for() -> None:
    sizes = (1, 4, 5, 17, 42)
    leaves = [leaf_hash(body) for body in BODIES]
    assert rebuilt(42, sizes=sizes).heads == {size: tree_head(leaves[:size]) for size in sizes}


@pytest.mark.parametrize("without", [1, 3, 5])
def test_after_a_gap_there_is_no_tree(chain: Chain, without: int) -> None:
    made = rebuilt(42, sizes=range(1, 43), without=without)
    assert list(made.heads) == list(range(1, without))
    assert faults(chain, made) == [], "what is missing has been told"


@pytest.mark.parametrize("tiled", [0, 1, 3, 4, 5, 16, 41, 42])
def test_tiles_of_the_entries_have_no_fault_also_where_they_are_behind(chain: Chain, tiled: int) -> None:
    assert faults(chain, rebuilt(42, tiled), tiled=tiled) == []


ZERO, AT = "update log_tiles set hashes = zeroblob(length(hashes))", "where level = {} and number = {}"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ([f"{ZERO} {AT.format(0, 2)}"], "entry 9 is not the one that the log's tree holds at its place"),
        (
            [f"update log_tiles set hashes = cast(substr(hashes, 1, 32) || zeroblob(96) as blob) {AT.format(0, 2)}"],
            "entry 10 is not the one that the log's tree holds at its place",
        ),
        (
            [f"update log_tiles set hashes = substr(hashes, 1, 32) {AT.format(0, 10)}"],
            "entry 42 is not the one that the log's tree holds at its place",
        ),
        ([f"{ZERO} {AT.format(1, 1)}"], "the log's tile tile/1/001 is not made of the tiles below it"),
        ([f"{ZERO} {AT.format(2, 0)}"], "the log's tile tile/2/000 is not made of the tiles below it"),
        (
            [f"{ZERO} {AT.format(1, 0)}", f"{ZERO} {AT.format(0, 1)}"],
            "entry 5 is not the one that the log's tree holds at its place",
        ),
        (
            ["delete from log_tiles where level = 0 and number in (3, 4)"],
            "entry 13 is not the one that the log's tree holds at its place",
        ),
        (
            [f"update log_tiles set hashes = cast(hashes || zeroblob(32) as blob) {AT.format(0, 10)}"],
            "the log's tree holds an entry 43, and the record has none: its end was cut off",
        ),
        (
            ["insert into log_tiles values (0, 11, zeroblob(64))"],
            "the log's tree holds an entry 45, and the record has none: its end was cut off",
        ),
        (
            ["insert into log_tiles values (1, 3, zeroblob(32))"],
            "the log's tile tile/1/003 holds more than the entries make",
        ),
    ],
)  # fmt: skip
def test_the_first_place_that_differs_is_named(chain: Chain, damage: list[str], said: str) -> None:
    assert faults(chain, rebuilt(42), *damage) == [said]


@pytest.mark.parametrize(
    ("content", "read"),
    [(b"a", b"a"), (memoryview(b"a"), b"a"), (bytearray(b"a"), b"a"), ("é", "é".encode()), (5, b"5"), (None, b"None")],
)
def test_a_column_of_bytes_is_read_whatever_an_edit_left_there(content: object, read: bytes) -> None:
    assert as_bytes(content) == read
