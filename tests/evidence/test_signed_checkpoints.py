"""Checkpoints of a small log: what is signed and kept, what is wrong with what was kept, and what it shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from treadle.errors import EvidenceError
from treadle.evidence import Chain, Notes
from treadle.evidence.checkpoints import Kept, faults_of
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.merkle import leaf_hash, tree_head
from treadle.evidence.notes import Checkpoint, VerifierKey, open_checkpoint, sign, verifier_of
from treadle.store.catalog import open_catalog

PRIVATE = "11" * 32
PUBLIC = verifier_of("any", PRIVATE).public
NAME = f"treadle/s/{PUBLIC.hex()[:8]}"
KEY = VerifierKey(NAME, PUBLIC)


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "home" / "checkpoints", tmp_path / "home" / "keys" / "log.vkey")


def write(chain: Chain, *texts: str) -> None:
    for each in texts:
        chain.append(Noted(text=each), "s")


def another(tmp_path: Path, *texts: str) -> Chain:
    made = Chain(engine=open_catalog(f"sqlite:///{tmp_path / 'another.db'}"), actor="eve")
    write(made, *texts)
    return made


def test_what_is_signed_is_the_log_as_it_is_and_is_kept(chain: Chain, notes: Notes) -> None:
    assert notes.key() is None and notes.kept() == ([], [])
    write(chain, "one", "two")
    signed = notes.sign(chain, "treadle/s", PRIVATE)
    head = tree_head([leaf_hash(body) for body in bodies(chain)])
    assert signed.checkpoint == Checkpoint(NAME, 2, head) and signed.key == KEY == notes.key()
    assert signed.file == notes.folder / "2.note" and signed.file.read_bytes() == signed.note.encode()
    assert open_checkpoint(signed.note, [KEY], where="") == signed.checkpoint
    assert notes.key_file.read_text() == f"{KEY}\n"
    write(chain, "three")
    for _ in range(2):  # the same log is signed again
        assert notes.sign(chain, "treadle/other", PRIVATE).checkpoint.origin == NAME
    found, faults = notes.kept()
    assert [(each.label, each.checkpoint.size) for each in found] == [
        ("checkpoints/2.note", 2),
        ("checkpoints/3.note", 3),
    ]
    assert faults == [] and len(list(notes.folder.iterdir())) == 2, "no part is left"


def bodies(chain: Chain) -> list[bytes]:
    with chain.engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql("select body from entries order by seq")]


def test_a_log_that_does_not_extend_what_was_signed_is_not_signed(chain: Chain, notes: Notes, tmp_path: Path) -> None:
    write(chain, "one", "two")
    notes.sign(chain, "treadle/s", PRIVATE)
    other = another(tmp_path, "one")
    for size in (1, 2, 3):
        with pytest.raises(EvidenceError) as refused:
            notes.sign(other, "treadle/s", PRIVATE)
        assert refused.value.what == (
            f"the log of {size} entries does not extend checkpoints/2.note, which was signed before: nothing was signed"
        )
        write(other, "more")
    other.engine.dispose()
    assert [file.name for file in notes.folder.iterdir()] == ["2.note"]


def test_signing_holds_the_log_to_the_newest_note_alone(chain: Chain, notes: Notes) -> None:
    for text in ("one", "two"):
        write(chain, text)
        notes.sign(chain, "treadle/s", PRIVATE)
    (notes.folder / "1.note").write_text("damaged")
    write(chain, "three")
    newest = notes.sign(chain, "treadle/s", PRIVATE)
    newest.file.write_text("damaged")
    with pytest.raises(EvidenceError, match=r"3\.note is no checkpoint of this log.*nothing was signed"):
        notes.sign(chain, "treadle/s", PRIVATE)


def test_an_empty_log_and_an_exchanged_key_sign_nothing(chain: Chain, notes: Notes) -> None:
    with pytest.raises(EvidenceError, match="nothing was recorded yet"):
        notes.sign(chain, "treadle/s", PRIVATE)
    write(chain, "one")
    with pytest.raises(EvidenceError, match=r"log\.vkey is not the public key .* the key was exchanged"):
        notes.sign(chain, "treadle/s", "22" * 32)
    assert not notes.folder.exists()


def test_each_note_that_cannot_be_read_is_told_and_the_others_count(chain: Chain, notes: Notes) -> None:
    write(chain, *map(str, range(10)))
    notes.sign(chain, "treadle/s", PRIVATE)
    (notes.folder / "9.note").write_text(sign(Checkpoint(NAME, 9, bytes(32)).text, NAME, "22" * 32))
    (notes.folder / "8.note").mkdir()
    for name in ("08.note", "x.note", "0.note", "7.txt"):  # no names of notes
        (notes.folder / name).write_text("")
    found, faults = notes.kept()
    assert [each.label for each in found] == ["checkpoints/10.note"]
    assert faults[0].startswith("checkpoints/8.note is no checkpoint of this log: [Errno ")
    assert faults[1].startswith("checkpoints/9.note is no checkpoint of this log: no known key signed this note")
    assert len(faults) == 2 and notes.kept(newest=1) == (found, [])
    notes.key_file.write_text("a+b+c")
    assert notes.kept() == (
        [],
        ["the log's key log.vkey cannot be read, so no checkpoint can be checked: this is no Ed25519 verifier key"],
    )
    notes.key_file.unlink()
    assert notes.kept() == ([], ["the log's key log.vkey is missing, so no checkpoint can be checked"])


def test_the_newest_hundred_are_read(notes: Notes) -> None:
    notes.folder.mkdir(parents=True)
    notes.key_file.parent.mkdir()
    notes.key_file.write_text(str(KEY))
    for size in range(1, 103):
        (notes.folder / f"{size}.note").touch()
    faults = notes.kept()[1]
    assert len(faults) == 100 and faults[0].startswith("checkpoints/3.note is no checkpoint")


def test_a_note_from_elsewhere_is_held_to_the_name_and_the_key_of_the_log(chain: Chain, notes: Notes) -> None:
    write(chain, "one")
    mine = Checkpoint(NAME, 1, bytes(32))
    note = sign(mine.text, NAME, PRIVATE).encode()
    assert notes.given(note, "k.note") == (
        Kept("k.note", mine),
        f"k.note is a checkpoint of {NAME}, and this log never signed one",
    )
    notes.sign(chain, "treadle/s", PRIVATE)
    assert notes.given(note, "k.note") == (Kept("k.note", mine), "")
    theirs = replace(mine, origin="theirs")
    nothing, said = notes.given(sign(theirs.text, "theirs", PRIVATE).encode(), "k.note")
    assert nothing is None, "nothing more is compared with another project's log"
    assert said.startswith(f"k.note is a checkpoint of another log, theirs, and this log is {NAME}")
    kept, said = notes.given(sign(mine.text, NAME, "22" * 32).encode(), "k.note")
    assert kept.checkpoint == mine and said.startswith("k.note does not count as a checkpoint of this log: no known")
    notes.key_file.write_text("a+b+c")
    assert notes.given(note, "k.note")[1].endswith("of this log: this is no Ed25519 verifier key")
    with pytest.raises(EvidenceError, match="no signed note"):
        notes.given(b"hello", "k.note")


def of(size: int, head: bytes = b"h") -> Kept:
    return Kept(f"{size}.note", Checkpoint(NAME, size, head))


@pytest.mark.parametrize(
    ("kept", "last", "said"),
    [
        ([], 0, None),
        ([of(0)], 0, None),
        ([of(0), of(3)], 3, None),
        ([of(3), of(1)], 5, None),
        ([of(3)], 0, "the log is empty, and 3.note was signed at 3 entries: the catalog was deleted"),
        ([of(3)], 1, "the log has 1 entries, and 3.note was signed at 3: entries 2 to 3 were cut off its end"),
        ([of(3)], 2, "the log has 2 entries, and 3.note was signed at 3: entry 3 was cut off its end"),
        ([of(3, b"x")], 3, "the log does not extend 3.note: the record up to entry 3 was rewritten"),
        (
            [of(3, b"x"), of(2)],
            5,
            "the log does not extend 3.note: the record after entry 2 and up to entry 3 was rewritten",
        ),
        ([of(3, b"x"), of(2, b"x")], 5, "the log does not extend 2.note: the record up to entry 2 was rewritten"),
    ],
)  # fmt: skip
def test_the_first_thing_that_does_not_fit_is_told(kept: list[Kept], last: int, said: str | None) -> None:
    heads = dict.fromkeys(range(1, last + 1), b"h")
    assert faults_of(kept, heads, last) == ([said] if said else [])
