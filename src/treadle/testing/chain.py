"""What a catalog does under the chain. See `treadle.evidence.Chain` for what is written, `treadle.store` for tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from treadle.errors import EvidenceError, TreadleError
from treadle.evidence import Chain, Entry, Price, Usage, verify
from treadle.evidence.entry import GENESIS, Body, raw
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.evidence.kinds.noted import Noted
from treadle.money import money
from treadle.store import Blob, Snapshot
from treadle.testing.killing import killed_after, say, writing

Opens = Callable[[], Any]
TEXTS = ("", "東京 'ü' \U0001f6eb", 'a "quote", a \\ and a % sign', "line\nline\ttab", "x" * 100_000)
DAMAGE = {
    "an actor": ("update entries set actor = 'eve' where seq = 2", "its column actor differs"),
    "a hash": ("update entries set hash = prev where seq = 2", "entry 2 was edited"),
    "a body": (
        "update entries set body = (select body from entries where seq = 1) where seq = 2",
        "entry 2 was edited",
    ),
    "an entry from the middle": ("delete from entries where seq = 2", "entry 2 is missing"),
    "the last entry": ("delete from entries where seq = 3", "its end was cut off"),
    "the order": (
        ";".join(f"update entries set seq = {new} where seq = {old}" for old, new in ((1, 99), (2, 1), (99, 2))),
        "put in another order",
    ),
    "the tree": (
        "update log_tiles set hashes = (select body from entries where seq = 1)",
        "entry 1 is not the one that",
    ),
    "the edges": ("delete from view_refs where made = 1", "view_refs was edited"),
    "a version": ("update view_versions set bundle = project", "view_versions was edited"),
    "the money": ("update view_ledger set nanos = nanos + 1", "view_ledger was edited"),
}
"""What somebody who can write to the database may do, in SQL that every database knows; and what `verify` says then."""


class ChainSuite:
    """What every catalog keeps to, whatever database it is in. `opens` gives an SQLAlchemy engine with the schema.

    - an empty database gets the schema when it is opened, also by many at once; opening again changes nothing;
    - an entry has the next number and the hash of the one before; its text comes back byte for byte, to any opener;
    - one writes at a time: what is read inside `alone()` is still true when what is appended inside is written, and
      of a block that fails nothing is written; no number is lost or given twice, whoever writes at once;
    - the name of a version is given once; views hold what the entries say, in the same transaction;
    - readers wait for nobody, and all that one `reading()` sees is of one moment;
    - what was appended survives the end of its writer by any signal; of a writer that was killed in its block nothing
      is there, and the next one does not wait for it;
    - texts compare by their code points; a text that a column cannot hold is refused, and nothing is written;
    - what is edited, dropped or put in another order by SQL is found by `verify`.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    @pytest.fixture
    def chain(self, opens: Opens) -> Iterator[Chain]:
        with opened(opens) as chain:
            yield chain

    # -- schema

    def test_an_empty_database_gets_the_declared_schema(self, chain: Chain) -> None:
        from sqlalchemy import inspect

        from treadle.store.catalog import REVISION
        from treadle.store.fulltext import INDEX
        from treadle.store.schema import metadata

        found = inspect(chain.engine)
        tables = {name for name in found.get_table_names() if not name.startswith(INDEX)}
        assert tables - {"alembic_version"} == set(metadata.tables)
        for name, table in metadata.tables.items():
            columns = {c["name"]: c["nullable"] for c in found.get_columns(name)}
            assert columns == {c.name: c.nullable for c in table.columns}
            assert {i["name"] for i in found.get_indexes(name)} >= {i.name for i in table.indexes}
            assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
        assert _rows(chain, "select version_num from alembic_version") == [(REVISION,)]

    def test_migrations_go_down_to_nothing_and_up_again(self, chain: Chain) -> None:
        from sqlalchemy import inspect

        from treadle.store.catalog import REVISION, migrate

        chain.append(Noted(text="x"), "s")
        migrate(chain.engine, REVISION, to="base")
        assert {*inspect(chain.engine).get_table_names()} == {"alembic_version"}
        migrate(chain.engine, None)
        assert chain.append(Noted(text="x"), "s").seq == 1

    def test_many_may_open_an_empty_database_at_once(self, opens: Opens) -> None:
        with ExitStack() as running:
            said = [running.enter_context(writing(_append_one, opens)) for _ in range(6)]
            numbers = sorted(int(next(each)) for each in said)
        assert numbers == [1, 2, 3, 4, 5, 6]

    # -- entries

    def test_entries_are_numbered_linked_and_read_back_by_any_opener(self, opens: Opens, chain: Chain) -> None:
        written = [chain.append(Noted(text=text), f"subject {i}") for i, text in enumerate(TEXTS)]
        assert [entry.seq for entry in written] == [1, 2, 3, 4, 5]
        assert [entry.prev for entry in written] == [GENESIS, *(entry.hash for entry in written[:-1])]
        with opened(opens) as later:
            assert later.find(Noted) == written and [entry.payload.text for entry in later.find(Noted)] == [*TEXTS]
            assert verify(later).ok and not later.find(subject="subject")

    def test_kinds_are_found_by_how_they_begin(self, chain: Chain) -> None:
        for kind in ("a.b", "a.c", "a", "aa.b", "A.b", "a-b", "b.a", "a.é", "a.\ufffd"):
            with chain.alone() as alone:
                alone.write(_body(kind))
        with chain.reading() as reader:
            found: list[Entry[Any]] = reader.find(prefix="a.")
            assert [entry.kind for entry in found] == ["a.b", "a.c", "a.é", "a.\ufffd"]

    def test_texts_compare_by_their_code_points(self, chain: Chain) -> None:
        from sqlalchemy import select

        from treadle.store.schema import entries

        subjects = ["a b", "B", "a", "ä", "b", "-a", "Ä", "a-b", "東", "_", "\U0001f6eb"]
        for subject in subjects:
            chain.append(Noted(text="x"), subject)
        with chain.engine.connect() as connection:
            found = list(connection.execute(select(entries.c.subject).order_by(entries.c.subject)).scalars())
        assert found == sorted(subjects)

    @pytest.mark.parametrize("subject", ["x" * 256, "a\x00b"], ids=["too long", "a NUL"])
    def test_a_text_that_no_column_can_hold_is_refused_and_nothing_written(self, chain: Chain, subject: str) -> None:
        chain.append(Noted(text="before"), "ü" * 255)
        with pytest.raises(EvidenceError, match="subject"):
            chain.append(Noted(text="refused"), subject)
        assert chain.append(Noted(text="after"), "s").seq == 2 and verify(chain).ok

    # -- one writer at a time

    def test_what_is_appended_together_is_written_together_or_not_at_all(self, chain: Chain) -> None:
        with pytest.raises(RuntimeError), chain.alone() as alone:
            alone.append(Noted(text="half"), "s")
            assert alone.number("shop") == 1
            raise RuntimeError
        assert chain.find() == [] and verify(chain).ok
        with chain.alone() as alone:
            assert [alone.number("shop"), alone.number("shop"), alone.number("other")] == [1, 2, 1]
            two = [alone.append(Noted(text=text), "s") for text in ("one", "two")]
            assert alone.find(Noted) == two, "what was appended in the block is seen in it"
        assert chain.find(Noted) == two and verify(chain).ok

    def test_many_that_are_appended_at_once_are_as_one_by_one(self, chain: Chain) -> None:
        write_some(chain)
        facts = [(Noted(text=f"{number}"), Price(money(f"{number}.25", "EUR"), "book 1")) for number in range(600)]
        with chain.alone() as alone:
            alone.append_all(facts[:599], "costs")
            last = alone.append(facts[599][0], "costs", price=facts[599][1])
            alone.append_all([], "costs")
            assert len(alone.find(Noted)) == 601, "what was appended in the block is seen in it"
        found = chain.find(Noted, subject="costs")
        assert [entry.payload.text for entry in found] == [f"{number}" for number in range(600)]
        assert [entry.seq for entry in found] == list(range(last.seq - 599, last.seq + 1)) and found[-1] == last
        assert all(after.prev == before.hash for before, after in pairwise(found))
        assert verify(chain).faults == [], "views and tiles are those of the entries"
        with pytest.raises(EvidenceError), chain.alone() as alone:
            alone.append_all(facts, "a\x00b")
        assert len(chain.find(Noted, subject="costs")) == 600 and verify(chain).ok

    def test_a_second_writer_waits_and_then_sees_what_the_first_wrote(self, opens: Opens, chain: Chain) -> None:
        seen: list[tuple[int, int]] = []
        entered = threading.Event()

        def second() -> None:
            with opened(opens) as other, other.alone() as alone:
                entered.set()
                found = len(alone.find())
                seen.append((found, alone.append(Noted(text="second"), "s").seq))

        with chain.alone() as alone:
            thread = threading.Thread(target=second)
            thread.start()
            assert not entered.wait(0.5), "two were alone at once"
            alone.append(Noted(text="first"), "s")
        thread.join(60)
        assert seen == [(1, 2)] and verify(chain).ok

    def test_eight_processes_that_write_at_once_lose_and_double_nothing(self, opens: Opens, chain: Chain) -> None:
        with ExitStack() as running:
            children = [running.enter_context(writing(_number_and_append, opens)) for _ in range(8)]
            said = [[tuple(map(int, next(child).split())) for _ in range(_EACH)] for child in children]
        told = sorted(pair for each in said for pair in each)
        assert [seq for seq, _ in told] == list(range(1, 8 * _EACH + 1))
        assert sorted(number for _, number in told) == list(range(1, 8 * _EACH + 1))
        assert all([*each] == sorted(each) for each in said)
        verdict = verify(chain)
        assert (verdict.entries, verdict.faults) == (8 * _EACH, [])

    def test_the_name_of_a_version_is_given_once(self, opens: Opens, chain: Chain) -> None:
        chain.append(_packed("shop:1", "a"), "shop")
        with opened(opens) as other, pytest.raises(EvidenceError, match="shop:1 already"):
            other.append(_packed("shop:1", "b"), "shop")
        assert len(chain.find()) == 1
        assert chain.append(_packed("shop:2", "b"), "shop").seq == 2 and verify(chain).ok

    # -- views

    def test_views_hold_what_the_entries_say_also_when_they_are_made_anew(self, chain: Chain) -> None:
        write_some(chain)
        assert verify(chain).faults == []
        views = ("view_refs", "view_ledger", "view_versions", "view_trials")
        before = [sorted(_rows(chain, f"select * from {view}")) for view in views]
        assert all(before)
        change(chain, ";".join(f"delete from {view}" for view in views) + ";update projected set size = 0")
        chain.catch_up()
        assert [sorted(_rows(chain, f"select * from {view}")) for view in views] == before
        assert verify(chain).faults == []

    # -- readers

    def test_a_reader_waits_for_no_writer_and_sees_one_moment(self, opens: Opens, chain: Chain) -> None:
        write_some(chain)
        with opened(opens) as other, chain.reading() as reader:
            before = len(reader.find())
            with other.alone() as alone:
                alone.append(Noted(text="meanwhile"), "s")
                assert len(reader.find()) == before
                with opened(opens) as third:
                    assert len(third.find()) == before, "what is not written yet is nobody's business"
            assert len(reader.find()) == before and len(other.find()) == before + 1

    def test_verify_holds_while_others_write(self, opens: Opens, chain: Chain) -> None:
        with writing(_append_for_ever, opens) as said:
            for _ in range(5):
                next(said)
                assert verify(chain).faults == []

    # -- the end of a writer

    def test_a_killed_writer_loses_nothing_that_was_acknowledged(self, opens: Opens, chain: Chain) -> None:
        told = [int(line) for line in killed_after(30, _append_for_ever, opens)]
        found = [entry.seq for entry in chain.find(Noted)]
        assert found == list(range(1, len(found) + 1)) and set(told) <= set(found)
        assert len(found) % 2 == 0, "two an append, or none"
        assert verify(chain).faults == []

    def test_a_writer_that_is_killed_in_its_block_leaves_nothing_and_is_not_waited_for(
        self, opens: Opens, chain: Chain
    ) -> None:
        first = chain.append(_packed("shop:1", "a"), "shop")
        assert killed_after(1, _hold_half_written, opens) == ["half"]
        after = chain.append(_packed("shop:2", "b"), "shop")
        assert (after.seq, after.prev) == (2, first.hash) and len(chain.find()) == 2
        assert verify(chain).faults == []

    # -- edits

    @pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE.keys())
    def test_an_edit_by_sql_is_found(self, chain: Chain, damage: str, said: str) -> None:
        for name in ("shop:1", "shop:2", "shop:3"):
            chain.append(_packed(name, name[-1]), "shop", price=Price(money("0.25", "EUR"), "book 1"))
        assert verify(chain).ok
        change(chain, damage)
        faults = verify(chain).faults
        assert any(said in fault for fault in faults), faults

    def test_an_edited_entry_is_not_believed_by_who_reads_it(self, chain: Chain) -> None:
        chain.append(Noted(text="first"), "s")
        change(chain, "update entries set actor = 'eve'")
        with pytest.raises(EvidenceError, match="edited"):
            chain.find(Noted)

    def test_a_catalog_of_a_newer_treadle_is_refused(self, opens: Opens, chain: Chain) -> None:
        change(chain, "update alembic_version set version_num = '9999'")
        with pytest.raises(TreadleError, match="newer Treadle"):
            opens()


# -- what the tests write


_EACH = 12


@contextmanager
def opened(opens: Opens) -> Iterator[Chain]:
    """A chain over a connection of its own, closed at the end."""
    engine = opens()
    try:
        yield Chain(engine=engine, actor="ada", run="run1")
    finally:
        engine.dispose()


def change(chain: Chain, statements: str) -> None:
    """What somebody who can write to the database does to it."""
    from sqlalchemy import text

    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        for statement in statements.split(";"):
            connection.execute(text(statement))


def write_some(chain: Chain) -> None:
    """Entries of which every view holds something."""
    table, trial = Snapshot("orders", 3, "f" * 64, 3), TrialLine(4, "linear", {"c": 1}, (0.5, 0.7), 0.6, 1.5, "done")
    usage = Usage(1.5, 0.1, 300.25, 10**12, 10**13, 10**5, gpu_seconds=0.75)
    price = Price(money("0.000000001", "EUR"), "book 1", ("gpu_hour",))
    for number in range(3):
        with chain.alone() as alone:
            body = _body("source.read", f"shop {number}")
            alone.write(msgspec.structs.replace(body, uses=(table,), usage=usage, price=price))
            alone.append(_packed(f"shop:{number}", str(number)), "shop")
    found = ModelsSearched(
        found=Blob("c" * 64, "found"), metric="ap", family="linear", value=0.6, stopped="", trials=(trial,)
    )
    chain.append(found, "shop")
    replace(chain, run="").append(Noted(text="labels bought"), "labels", price=Price(money("10.5", "USD")))


def _body(kind: str, subject: str = "s") -> Body:
    return Body(
        seq=0,
        id="",
        kind=kind,
        version=1,
        subject=subject,
        run="run1",
        time="",
        actor="ada",
        status="done",
        payload=raw(Noted(text="x")),
    )


def _packed(model: str, bundle: str) -> ModelPacked:
    return ModelPacked(
        model=model,
        bundle=Blob(bundle * 64, "bundle"),
        family="linear",
        metric="ap",
        value=0.5,
        low=None,
        high=None,
        mb=0.1,
        p99_ms=0.1,
    )


def _rows(chain: Chain, query: str) -> list[tuple[Any, ...]]:
    from sqlalchemy import text

    with chain.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


# -- what other processes do


def _append_one(opens: Opens) -> None:
    with opened(opens) as chain:
        say(chain.append(Noted(text="x"), "s").seq)
    time.sleep(60)


def _number_and_append(opens: Opens) -> None:
    with opened(opens) as chain:
        for _ in range(_EACH):
            with chain.alone() as alone:
                number = alone.number("shop")
                seq = alone.append(Noted(text=f"{number}"), "shop").seq
            say(f"{seq} {number}")
    time.sleep(60)


def _append_for_ever(opens: Opens) -> None:
    with opened(opens) as chain:
        for _ in range(1_000_000):
            with chain.alone() as alone:
                alone.append_all([(Noted(text="one"), None), (Noted(text="two"), None)], "s")
            for entry in alone.written:
                say(entry.seq)


def _hold_half_written(opens: Opens) -> None:
    with opened(opens) as chain, chain.alone() as alone:
        alone.append(_packed("shop:2", "c"), "shop")
        say("half")
        time.sleep(60)
