"""What a payload is read as, what a step's key is made of, and what its entry keeps, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import Struct
from steps import Made, Make

from treadle.backends.embedded import FolderBlobs
from treadle.errors import EvidenceError
from treadle.evidence import Chain, Payload, Price, Reader, StepInput, Unknown, Usage, payload
from treadle.evidence.code import Code, reached
from treadle.evidence.kinds.noted import Noted
from treadle.money import money
from treadle.store import Blob, EntryRef, File, Snapshot, StateRef


class Inner(Struct, frozen=True):
    share: float
    table: Snapshot


class Shaped(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.shaped"
    VERSION: ClassVar[int] = 3

    size: int

    @classmethod
    def before(cls, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"size": data["length"]} if version == 2 else super().before(version, data)


class Nested(StepInput[Made], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Made
    MEASURED: ClassVar[tuple[str, ...]] = ("cost",)

    inner: Inner
    tables: dict[str, Snapshot] = {}  # noqa: RUF012
    shares: tuple[float, ...] = ()
    cost: float = 0.0


class Both(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.both"

    table: Snapshot
    blob: Blob
    state: StateRef


class MakeBoth(StepInput[Both], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Both


class Other(Payload, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "test.other"


class MakeOther(StepInput[Other], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Other

    table: Snapshot = Snapshot("t", 0, "f1", 3)
    settings: dict[str, int] = {}  # noqa: RUF012


ORDERS, BLOB = Snapshot("orders", 1, "f1", 3), Blob("b" * 64, "bundle")


def test_a_payload_is_read_with_its_type_in_any_version_that_is_known() -> None:
    assert payload.read_payload("test.shaped", 3, b'{"size": 4}') == Shaped(size=4)
    assert payload.read_payload("test.shaped", 2, b'{"length": 5}') == Shaped(size=5)


@pytest.mark.parametrize(
    ("kind", "version", "data", "said"),
    [
        ("test.shaped", 4, b'{"size": 4}', "test.shaped (version 4, not known here)"),
        ("test.nobody", 1, b"{}", "test.nobody (version 1, not known here)"),
        ("test.shaped", 3, b'{"size": "x"}', "test.shaped (cannot be read: "),
        ("test.shaped", 3, b"{", "test.shaped (cannot be read: "),
        ("test.shaped", 2, b"{}", "test.shaped (cannot be read: 'length'"),
        (
            "test.shaped",
            1,
            b'{"size": 4}',
            "test.shaped (cannot be read: test.shaped: an entry of kind test.shaped has version 1",
        ),
    ],
)
def test_what_is_not_known_or_does_not_fit_is_no_crash(kind: str, version: int, data: bytes, said: str) -> None:
    found = payload.read_payload(kind, version, data)
    assert isinstance(found, Unknown) and found.kind == kind and found.said().startswith(said)


def test_what_has_no_words_is_called_by_its_kind() -> None:
    assert Unknown(kind="test.x").said() == "test.x" and Unknown(kind="test.x", text="a text").said() == "a text"
    assert Shaped(size=1).said() == "test.shaped"
    assert payload.known_kinds()["note"] is Noted


def test_a_digest_is_of_the_content_whatever_its_order() -> None:
    import hashlib

    assert payload.digest(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert payload.digest({"a": 1, "b": 2}) == payload.digest({"b": 2, "a": 1}) != payload.digest({"a": 2, "b": 1})


def test_a_reference_stands_for_its_content_however_deep_it_lies() -> None:
    value = {"x": [Inner(0.5, ORDERS), (BLOB, 3)], 4: None}
    assert payload.content(value) == {"x": [{"share": 0.5, "table": "f1"}, ["b" * 64, 3]], "4": None}
    refs = (File("a.csv", "c1"), StateRef("shop", "s1"), EntryRef("e1", "x"))
    assert payload.content(refs) == ["c1", "s1", "e1"]


def test_every_reference_is_found_once_in_its_order() -> None:
    again = Snapshot("copy", 9, "f1", 3)  # the same content under another name
    same = Blob("f1")  # another kind of thing with the same digest
    value = [Inner(0.5, ORDERS), {"a": BLOB, "b": (again, same)}, "text", 3, BLOB]
    assert payload.refs_in(value) == (ORDERS, BLOB, again, same)
    assert payload.refs_in(Made(blob=BLOB)) == (BLOB,) and payload.refs_in(Made()) == ()


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        (Nested(inner=Inner(0.6, ORDERS)), {"inner"}),
        (Nested(inner=Inner(0.5, Snapshot("orders", 1, "f2", 3))), {"inner"}),
        (Nested(inner=Inner(0.5, Snapshot("elsewhere", 8, "f1", 3))), set()),
        (Nested(inner=Inner(0.5, ORDERS), tables={"a": ORDERS}), {"tables"}),
        (Nested(inner=Inner(0.5, ORDERS), shares=(0.1,)), {"shares"}),
        (Nested(inner=Inner(0.5, ORDERS), cost=9.5), set()),
    ],
)
def test_the_key_follows_from_each_field_that_is_no_measurement(other: Nested, changed: set[str]) -> None:
    mine, theirs = Nested(inner=Inner(0.5, ORDERS)).parts(), other.parts()
    assert list(mine) == ["inner", "tables", "shares"]
    assert {name for name in mine if mine[name] != theirs[name]} == changed


def test_a_key_is_of_the_kind_and_the_subject_too(chain: Chain) -> None:
    keys = {chain.step(Make(), "a").key, chain.step(Make(), "b").key, chain.step(MakeOther(), "a").key}
    assert len(keys) == 3 and chain.step(Make(), "a").key in keys


@dataclass
class Watching:
    seen: list[tuple[object, ...]] = field(default_factory=list)

    def started(self, step: Any) -> None:
        self.seen.append(("started", step.kind, step.cached))

    def progressed(self, step: Any, done: float, total: float, text: str) -> None:
        self.seen.append(("progressed", step.kind, done, total, text))

    def ended(self, step: Any, entry: Any) -> None:
        self.seen.append(("ended", step.kind, None if entry is None else entry.status))

    def waits(self, text: str) -> None:
        self.seen.append(("waits", text))


def test_whoever_watches_is_told_of_each_step(chain: Chain) -> None:
    watching = Watching()
    chain = replace(chain, observer=watching)
    for _ in range(2):
        with chain.step(Make(), "s") as step:
            if not step.cached:
                step.progress(1, 4, "halfway")
                step.made(Made())
    with pytest.raises(ValueError, match="x"), chain.step(Make(), "other"):
        raise ValueError("x")
    assert watching.seen == [
        ("started", "test.made", False),
        ("progressed", "test.made", 1, 4, "halfway"),
        ("ended", "test.made", "done"),
        ("started", "test.made", True),
        ("ended", "test.made", "done"),
        ("started", "test.made", False),
        ("ended", "test.made", "failed"),
    ]


def test_an_entry_keeps_what_was_asked_what_came_of_it_and_what_it_cost(chain: Chain, tmp_path: Path) -> None:
    at: list[Usage] = []
    blobs = FolderBlobs(tmp_path / "blobs")

    def price(usage: Usage, _: object) -> Price:
        at.append(usage)
        return Price(money("0.5", "EUR"), "book")

    full = replace(chain, price=price, size=lambda ref: 1000 if isinstance(ref, Blob) else 7, library=blobs)
    asked = Make(table=ORDERS, settings={"a": 1})
    with full.step(asked, "shop", code="treadle.spec.durations") as step:
        with pytest.raises(EvidenceError, match="made nothing yet"):
            _ = step.payload
        step.made(Made(answer=7, blob=BLOB))
    (entry,) = chain.find()
    assert entry == step.entry
    assert (entry.seq, entry.subject, entry.run, entry.actor, entry.status) == (1, "shop", "run1", "ada", "done")
    assert (entry.payload, entry.uses, entry.made) == (Made(answer=7, blob=BLOB), (ORDERS,), (BLOB,))
    assert (entry.cache_key, dict(entry.parts), entry.why, entry.error) == (
        step.key,
        step.parts,
        "never run before",
        "",
    )
    assert msgspec.json.decode(entry.input, type=Make) == asked
    assert entry.usage is not None and entry.usage.kept_bytes == 1000 == at[0].kept_bytes
    assert entry.price == Price(money("0.5", "EUR"), "book")
    assert msgspec.json.decode(blobs.get(entry.code), type=Code) == reached("treadle.spec.durations")


def test_what_was_there_already_was_paid_for_when_it_was_written(chain: Chain) -> None:
    sizes = {Snapshot: 100, Blob: 10, StateRef: 0}
    full = replace(chain, size=lambda ref: sizes[type(ref)])
    state = StateRef("e", "s")
    for version in (1, 1, 2):  # equal rows as another version are other files
        with full.step(MakeBoth(), "s", cache=False) as step:
            step.made(Both(table=msgspec.structs.replace(ORDERS, version=version), blob=BLOB, state=state))
    assert [each.usage.kept_bytes for each in chain.find() if each.usage is not None] == [110, 0, 100]


class Newest(StepInput[Made], frozen=True, kw_only=True):
    """What counts is the newest entry of its subject."""

    MAKES: ClassVar[type[Payload]] = Made

    number: int

    def outdated(self, record: Reader, subject: str, made: str) -> str:
        newest = record.last(Made, subject=subject)
        return "" if newest is None or newest.hash == made else f"passed by entry {newest.seq}"


def test_what_came_back_is_made_again_and_the_newest_once_more(chain: Chain) -> None:
    found = []
    for number in (1, 1, 2, 1, 1):
        with chain.step(Newest(number=number), "s") as step:
            if not step.cached:
                step.made(Made(answer=number))
        found.append((step.cached, step.earlier and step.earlier.seq, step.why.split(" since ")[0]))
    assert found == [
        (False, None, "never run before"),
        (True, None, "nothing changed"),
        (False, None, "changed: number"),
        (False, 1, "passed by entry 2"),
        (True, None, "nothing changed"),
    ]
    last = chain.last(Made, subject="s")
    assert last is not None and (last.seq, last.payload.answer) == (3, 1)


def test_a_failed_step_made_nothing_whatever_it_said(chain: Chain) -> None:
    with pytest.raises(KeyError), replace(chain, size=lambda ref: 1000).step(Make(), "s") as step:
        step.made(Made(blob=BLOB))
        raise KeyError
    (entry,) = chain.find()
    assert (entry.status, entry.made, entry.error) == ("failed", (), "KeyError")
    assert entry.usage is not None and entry.usage.kept_bytes == 0


def test_a_full_disk_does_not_hide_the_error_of_the_step(chain: Chain) -> None:
    class Full:
        def put(self, content: bytes) -> str:
            raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match="broken"), replace(chain, library=Full()).step(Make(), "s"):  # type: ignore[arg-type]
        raise ValueError("broken")
    assert chain.find()[0].code == Code({}, {}, "").digest


@pytest.mark.parametrize("failed_first", [False, True])
def test_only_what_was_done_is_taken_from_the_record(chain: Chain, failed_first: bool) -> None:
    if failed_first:
        with pytest.raises(ValueError, match="x"), chain.step(Make(), "s"):
            raise ValueError("x")
    with chain.step(Make(), "s") as step:
        assert not step.cached and step.why == "never run before"
        step.made(Made(answer=1))
    with chain.step(Make(), "s", cache=False) as step:
        assert not step.cached and step.why == "always run"
        step.made(Made(answer=2))
    with chain.step(Make(), "s") as step:
        assert step.cached
    assert step.payload.answer == 2 and step.entry == chain.find()[-1], "the newest"


def test_each_product_that_is_gone_is_named_and_one_is_enough(chain: Chain) -> None:
    made = Both(table=ORDERS, blob=Blob("b" * 64), state=StateRef("shop", "s1"))
    with chain.step(MakeBoth(), "s") as step:
        step.made(made)
    with replace(chain, present=lambda ref: not isinstance(ref, Blob)).step(MakeBoth(), "s") as step:
        assert step.why == "its earlier product is gone: blob"
        step.made(made)
    with replace(chain, present=lambda ref: False).step(MakeBoth(), "s") as step:
        assert step.why == "its earlier product is gone: orders, blob, s1"
        step.made(made)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "code (m0)"),
        (3, "code (m0, m1, m2)"),
        (4, "code (m0, m1, m2 and 1 more)"),
        (6, "code (m0, m1, m2 and 3 more)"),
    ],
)
def test_a_few_of_the_modules_that_changed_are_named(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, said: str
) -> None:
    chain = replace(chain, library=FolderBlobs(tmp_path / "blobs"))
    for state in ("before", "after"):
        modules = {f"m{n}": state if n < count else "same" for n in range(8)}
        monkeypatch.setattr("treadle.evidence.step.reached", lambda root, found=modules: Code(found, {}, "CPython"))
        with chain.step(Make(), "s", code="m") as step:
            step.made(Made())
    assert step.why == f"changed: {said}"


def test_what_is_no_longer_asked_is_a_change(chain: Chain) -> None:
    class Fewer(StepInput[Made], frozen=True, kw_only=True):
        MAKES: ClassVar[type[Payload]] = Made

        table: Snapshot = Snapshot("t", 0, "f1", 3)

    with chain.step(Make(), "s") as step:
        step.made(Made())
    assert chain.step(Fewer(), "s").__enter__().why == "changed: settings (dropped)"


def test_an_entry_that_is_not_known_here_is_no_hit(chain: Chain) -> None:
    """A newer Treadle wrote it: its key is the same, and what it says cannot be read."""
    with chain.alone() as alone:
        entry = _of_a_newer_version(chain)
        alone.write(entry)
    with chain.step(Make(), "s") as step:
        assert not step.cached and step.why == "its earlier entry cannot be used"
        step.made(Made())


def _of_a_newer_version(chain: Chain) -> Any:
    from treadle.evidence.entry import Body, raw

    step = chain.step(Make(), "s")
    return Body(
        seq=0, id="", kind=step.kind, version=9, subject="s", run="", time="", actor="ada", status="done",
        cache_key=step.key, parts=step.parts, payload=raw({"answer": 1}),
    )  # fmt: skip
