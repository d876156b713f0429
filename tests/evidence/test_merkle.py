"""The Merkle tree against known answers and against its definition; every proof checks, and no changed one does."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import EvidenceError
from treadle.evidence.merkle import (
    EMPTY_HEAD,
    HASH_BYTES,
    Frontier,
    Leaves,
    TileHashes,
    head_of,
    leaf_hash,
    node_hash,
    prove_extension,
    prove_inclusion,
    shows_extension,
    shows_inclusion,
    tile_path,
    tiles_of,
    tree_head,
)
from treadle.evidence.tiles import FolderTiles, lay_out

# the reference tree of Certificate Transparency: the leaves, and the head at each size
REFERENCE = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                              "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
HEADS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = [leaf_hash(b"%d" % i) for i in range(70_000)]
sizes = st.integers(1, 600)


class Tiles:
    """Tiles as the definition makes them: each hash the head of the leaves below it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves, self.read = leaves, 0

    def tile(self, level: int, number: int, width: int = 256) -> bytes:
        self.read += 1
        span = 256**level
        starts = [(number * 256 + i) * span for i in range(width)]
        return b"".join(tree_head(self.leaves[s : s + span]) for s in starts if s + span <= len(self.leaves))


def defined(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined(leaves[:split]), defined(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_heads_are_those_of_the_reference_tree(size: int) -> None:
    leaves, frontier = [leaf_hash(data) for data in REFERENCE[:size]], Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert tree_head(leaves).hex() == frontier.head().hex() == head_of(Leaves(leaves), size).hex() == HEADS[size]


def test_the_published_inclusion_proof_of_the_reference_tree_checks() -> None:
    """Leaf 5 of 8, as the reference tests of RFC 6962 give it."""
    path = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    made = prove_inclusion(Leaves([leaf_hash(data) for data in REFERENCE]), 5, 8)
    assert [each.hex() for each in made] == path
    assert shows_inclusion(leaf_hash(REFERENCE[5]), 5, 8, made, bytes.fromhex(HEADS[8]))


@given(size=st.integers(0, 600))
def test_every_way_to_a_head_is_the_definition(size: int) -> None:
    leaves, frontier = MANY[:size], Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    kept = Frontier(frontier.size, frontier.hashes)
    assert defined(leaves) == tree_head(leaves) == kept.head() == head_of(TileHashes(Tiles(leaves), size), size)


@given(size=sizes, data=st.data())
def test_every_inclusion_proof_checks_and_no_changed_one(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    head, leaf = tree_head(MANY[:size]), MANY[index]
    path = prove_inclusion(Leaves(MANY), index, size)
    assert path == prove_inclusion(TileHashes(Tiles(MANY[:size]), size), index, size)
    assert shows_inclusion(leaf, index, size, path, head)
    other = data.draw(st.integers(-2, size + 2).filter(lambda each: each != index))
    assert not shows_inclusion(leaf, other, size, path, head)
    assert not shows_inclusion(flipped(leaf, data), index, size, path, head)
    assert not shows_inclusion(leaf, index, size, path, flipped(head, data))
    for changed in changed_paths(path, data):
        assert not shows_inclusion(leaf, index, size, changed, head)


@given(new=sizes, data=st.data())
def test_every_extension_proof_checks_and_no_changed_one(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    heads = tree_head(MANY[:old]), tree_head(MANY[:new])
    path = prove_extension(Leaves(MANY), old, new)
    assert path == prove_extension(TileHashes(Tiles(MANY[:new]), new), old, new)
    assert shows_extension(old, heads[0], new, heads[1], path)
    assert not shows_extension(old, flipped(heads[0], data), new, heads[1], path)
    assert not shows_extension(new + 1, heads[0], new, heads[1], path)
    if old:
        assert not shows_extension(old, heads[0], new, flipped(heads[1], data), path)
        for changed in changed_paths(path, data):
            assert not shows_extension(old, heads[0], new, heads[1], changed)
    forked = [*MANY[: max(old - 1, 0)], *([leaf_hash(b"forged")] if old else []), *MANY[old:new]]
    if old:
        fork = prove_extension(Leaves(forked), old, new)
        assert not shows_extension(old, heads[0], new, tree_head(forked), fork)


def flipped(raw: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    return (int.from_bytes(raw, "big") ^ 1 << bit).to_bytes(len(raw), "big")


def changed_paths(path: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    at = data.draw(st.integers(0, len(path)))
    found = [[*path[:at], MANY[-1], *path[at:]]]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        found += [path[:at] + path[at + 1 :], [*path[:at], flipped(path[at], data), *path[at + 1 :]]]
    if len(set(path)) > 1:
        found.append(path[::-1] if path[::-1] != path else path[1:] + path[:1])
    return found


def test_all_small_sizes_without_exception() -> None:
    """Every pair up to 33; a leaf has one place only."""
    heads = [tree_head(MANY[:n]) for n in range(34)]
    for new in range(34):
        for old in range(new + 1):
            assert shows_extension(old, heads[old], new, heads[new], prove_extension(Leaves(MANY), old, new))
            if 0 < old < new:  # a much larger log would need a longer path
                path = prove_extension(Leaves(MANY), old, new)
                assert not shows_extension(old, heads[old], new + 64, heads[new], path)
        for index in range(new):
            path = prove_inclusion(Leaves(MANY), index, new)
            places = [i for i in range(new) if shows_inclusion(MANY[index], i, new, path, heads[new])]
            assert places == [index]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: prove_inclusion(Leaves(MANY), 5, 5),
        lambda: prove_inclusion(Leaves(MANY), -1, 5),
        lambda: prove_extension(Leaves(MANY), 6, 5),
        lambda: prove_inclusion(Leaves(MANY[:4]), 0, 8),
        lambda: prove_inclusion(TileHashes(Tiles(MANY[:4]), 8), 0, 8),
        lambda: Frontier(3, [MANY[0]]),
    ],
)
def test_what_cannot_be_proved_is_refused(ask: object) -> None:
    with pytest.raises(EvidenceError):
        ask()  # type: ignore[operator]


def test_tiles_of_a_log_are_those_of_the_specification() -> None:
    """Its example: 70,000 entries; and that 256 entries make one full tile and the first hash above it."""
    found = list(tiles_of(70_000))
    assert sum(1 for level, _, width in found if (level, width) == (0, 256)) == 273
    assert [each for each in found if each[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)] and list(tiles_of(0)) == []
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067" and tile_path(1, 1, 17) == "tile/1/001.p/17"


def test_a_proof_from_tiles_reads_few_of_them() -> None:
    """Three levels: a proof reads at most the tiles on its way and those at the right edge."""
    tiles = Tiles(MANY)
    path = prove_inclusion(TileHashes(tiles, len(MANY)), 12_345, len(MANY))
    assert tiles.read <= 6
    assert shows_inclusion(MANY[12_345], 12_345, len(MANY), path, tree_head(MANY))


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000])
def test_tiles_laid_out_in_a_folder_prove_the_same(tmp_path: Path, size: int) -> None:
    lay_out(Tiles(MANY[:size]), size, tmp_path)
    assert {str(f.relative_to(tmp_path).as_posix()) for f in tmp_path.rglob("*") if f.is_file()} == {
        tile_path(*each) for each in tiles_of(size)
    }
    hashes = TileHashes(FolderTiles(tmp_path), size)
    assert head_of(hashes, size) == tree_head(MANY[:size])
    assert prove_inclusion(hashes, size - 1, size) == prove_inclusion(Leaves(MANY), size - 1, size)
    assert FolderTiles(tmp_path).tile(7, 0, 1) == b""


def test_a_partial_tile_may_be_read_from_the_full_one(tmp_path: Path) -> None:
    lay_out(Tiles(MANY[:256]), 256, tmp_path)
    assert head_of(TileHashes(FolderTiles(tmp_path), 200), 200) == tree_head(MANY[:200])
    assert FolderTiles(tmp_path).tile(0, 0, 3) == b"".join(MANY[:3])
    assert len(FolderTiles(tmp_path).tile(0, 0, 256)) == 256 * HASH_BYTES


@settings(max_examples=20)
@given(steps=st.lists(st.integers(0, 300), min_size=1, max_size=4))
def test_a_frontier_goes_on_from_what_was_kept(steps: list[int]) -> None:
    frontier, done = Frontier(), 0
    for step in steps:
        frontier = Frontier(frontier.size, tuple(frontier.hashes))
        for leaf in MANY[done : done + step]:
            frontier.append(leaf)
        done += step
        assert frontier.head() == (tree_head(MANY[:done]) if done else EMPTY_HEAD)
        assert len(frontier.hashes) == done.bit_count()
