"""The one YAML loader: bounded, without code, one error with its place."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from treadle.contracts import load as load_contract
from treadle.costs import load_book
from treadle.errors import SpecError
from treadle.spec import Block, load, read_yaml
from treadle.spec.documents import MOST_BYTES, MOST_PARTS, parse

LETTERS = "abcdefghij"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in itertools.pairwise(LETTERS)
)
REFUSED = {
    "an alias bomb": (BOMB, "5:", f"more than {MOST_PARTS:,}"),
    "an alias of itself": ("a: &a [*a]", "1:8", "stands for nothing before it"),
    "an unknown alias": ("a: *b", "1:4", "stands for nothing before it"),
    "many aliases": ("a: &a 1\nb: [" + "*a, " * 200 + "]", "2:", "more than 100 aliases"),
    "many keys": ("".join(f"k{n}: {n}\n" for n in range(80_000)), "25000:", f"more than {MOST_PARTS:,}"),
    "deep maps": ("{a: " * 800 + "1" + "}" * 800, "1:201", "levels deep"),
    "deep lists": ("- " * 100_000, "1:101", "levels deep"),
    "an object": ("a: !!python/object/apply:os.system ['ls']", "1:4", "tag !!python/object/apply:os.system"),
    "a tag of one's own": ("a: !thing x", "1:4", "tag !thing"),
    "binary": ("a: !!binary aGk=", "1:4", "tag !!binary"),
    "a wrong tag": ("a: !!int x", "1:4", "tag !!int"),
    "a key twice": ("a: 1\nb: {c: 1, c: 2}", "2:11", 'duplicate key "c", first at 2:5'),
    "a huge number": (f"a: {'9' * 5000}", "1:4", "5,000 digits) is too large"),
    "a number of 65 bits": ("a: 18446744073709551616", "1:4", "too large"),
    "a merge": ("a: &a {b: 1}\nc: {<<: *a}", "2:5", "merge keys"),
    "two documents": ("a: 1\n---\nb: 2\n", "2:1", "second document"),
    "a list as a key": ("? [a]\n: b", "1:3", "a key must be a word"),
    "NUL": ("a: 1\nb: x\0y", "2:5", "U+0000"),
    "NUL as an escape": ('a: "\\0"', "1:4", "U+0000"),
    "half a character": ('a: "\\ud800"', "1:4", "U+D800"),
    "a tab": ("a:\n\tb: 1", "2:1", "a tab cannot indent"),
    "no character": ('a: "\\U00110000"', "1:", "not valid YAML"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_one_error_with_its_place(name: str) -> None:
    text, place, said = REFUSED[name]
    with pytest.raises(SpecError) as caught:
        parse(text, "f.yaml")
    assert caught.value.where.startswith(f"f.yaml:{place}"), caught.value.where
    assert said in caught.value.what and caught.value.mend
    assert len(str(caught.value)) < 500


def test_scalars_are_those_of_the_core_of_yaml_1_2() -> None:
    text = """
    n: [~, null, ]
    b: [true, False]
    i: [0, -7, 1_000, 0x1F, 0o17]
    f: [.5, -1.5e3, 1.]
    s: [yes, "1", '~', 2024-01-01, 1:30, !!str 5, +, .]
    """
    tree = parse(text, "f.yaml")
    assert tree["n"] == [None, None] and tree["b"] == [True, False]
    assert tree["i"] == [0, -7, 1000, 31, 15] and tree["f"] == [0.5, -1500.0, 1.0]
    assert tree["s"] == ["yes", "1", "~", "2024-01-01", "1:30", "5", "+", "."]


def test_an_alias_is_what_it_stands_for() -> None:
    tree = parse("a: &x {b: [1, 2]}\nc: *x\n", "f.yaml")
    assert tree["c"] == {"b": [1, 2]}
    assert isinstance(tree, Block) and tree.places == {"a": (1, 1), "c": (2, 1)}


READERS = {
    "project": (lambda path: load(path), "treadle.yaml"),
    "contract": (load_contract, "c.yaml"),
    "prices": (load_book, "p.yaml"),
}


@pytest.mark.parametrize("kind", READERS)
def test_projects_contracts_and_price_books_are_read_by_it(tmp_path: Path, kind: str) -> None:
    read, name = READERS[kind]
    file = tmp_path / name
    for text in ("a: !!python/name:os.system x", BOMB, "a: &a {b: 1}\nc: {<<: *a}", "a: 1\n---\nb: 2"):
        file.write_text(text)
        with pytest.raises(SpecError, match="not valid YAML"):
            read(file)
    file.write_text("#" * (MOST_BYTES + 1))
    with pytest.raises(SpecError, match="larger than"):
        read(file)


def test_a_pipe_or_a_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.yaml")
    with pytest.raises(SpecError, match="a pipe"):
        load_contract(tmp_path / "c.yaml")
    with pytest.raises(SpecError, match="a device"):
        read_yaml(Path("/dev/zero"), "a file", begin="a: 1")
    with pytest.raises(SpecError, match="a folder"):
        read_yaml(tmp_path, "a file", begin="a: 1")


def test_thousands_of_unknown_keys_are_counted_and_twenty_are_named(tmp_path: Path) -> None:
    file = tmp_path / "treadle.yaml"
    file.write_text("project: p\n" + "".join(f"k{n}: 1\n" for n in range(20_000)))
    with pytest.raises(SpecError) as caught:
        load(file)
    assert caught.value.what.count("unknown key") <= 20
    assert "more" in caught.value.what and len(caught.value.what) < 5000
