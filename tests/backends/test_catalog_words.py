"""What is written is found by its words, alike in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from treadle.address import Address
from treadle.backends import open_catalog
from treadle.evidence import Chain, verify
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.words import terms_of
from treadle.store import catalog
from treadle.store.fulltext import find


class Words:
    """A class that inherits it gives `opens`."""

    @pytest.fixture
    def chain(self, opens: Callable[[], Engine]) -> Iterator[Chain]:
        chain = Chain(engine=opens(), actor="ada")
        yield chain
        chain.engine.dispose()

    @pytest.mark.parametrize(
        ("asked", "every", "found"),
        [
            ("encodings", True, [2, 1]),
            ('"target encoding"', True, [1]),
            ("encode trees", True, [2]),
            ("encode trees", False, [2, 1, 3]),
            ("東京", True, [3]),
            ("GRUSSE", True, [3]),
            ("3 the 1e5", True, [1]),
            ("nothing", True, []),
        ],
    )
    def test_what_is_written_is_found_by_its_words(
        self, chain: Chain, asked: str, every: bool, found: list[int]
    ) -> None:
        texts = (
            "target encoding, 3 times, the 1e5",
            "encoded as target trees encoding trees",
            "東京 Grüsse, trees & 'x'",
        )
        for number, text in enumerate(texts):
            chain.append(NoteWritten(note="n", number=number, title="t", text=text), "note/n")
        chain.append(Noted(text="target encoding"), "s")  # nobody looks for a remark
        with chain.reading() as reader:
            got = find(reader.connection, terms_of(asked), 10, every=every)
            assert sorted(got) == sorted(found)
            assert find(reader.connection, terms_of(asked), 1, every=every) == got[:1]
            assert find(reader.connection, (), 10) == []
        assert verify(chain).ok

    def test_of_what_was_not_written_in_the_end_nothing_is_found(self, chain: Chain) -> None:
        with pytest.raises(RuntimeError), chain.alone() as alone:
            alone.append(NoteWritten(note="n", number=1, title="t", text="half"), "note/n")
            raise RuntimeError
        with chain.reading() as reader:
            assert find(reader.connection, terms_of("half"), 10) == []


class TestWordsInSqlite(Words):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], Engine]:
        return partial(catalog.open_catalog, tmp_path / "catalog.db")


@pytest.mark.needs("postgres")
class TestWordsInPostgres(Words):
    @pytest.fixture
    def opens(self, postgres: str) -> Callable[[], Engine]:
        return partial(open_catalog, Address(postgres, "TREADLE_CATALOG"))
