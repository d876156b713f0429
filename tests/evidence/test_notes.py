"""Signed notes, checkpoints and proofs: what others publish is read, and ours by others; what was changed is not."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import EvidenceError
from treadle.evidence.merkle import Leaves, leaf_hash, tree_head
from treadle.evidence.notes import (
    MOST_SIGNATURES,
    Checkpoint,
    VerifierKey,
    open_checkpoint,
    read_checkpoint,
    read_note,
    sign,
    verifier_of,
)
from treadle.evidence.proofs import prove_entry, read_proof

SCRIPT = Path(__file__).parents[2] / "docs" / "check_inclusion.py"
# the example of golang.org/x/mod/sumdb/note
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
QUOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE, ORIGIN = "11" * 32, "treadle/shop"
ENTRIES = [b'{"seq":%d}' % i for i in range(1, 12)]
LEAVES = [leaf_hash(each) for each in ENTRIES]
KEY = verifier_of(ORIGIN, PRIVATE)
CHECKPOINT = Checkpoint(ORIGIN, len(LEAVES), tree_head(LEAVES))
NOTE = sign(CHECKPOINT.text, ORIGIN, PRIVATE)
PROOF = prove_entry(Leaves(LEAVES), 5, NOTE)


def test_a_note_published_by_others_is_read() -> None:
    key = VerifierKey.parse(NEUMANN)
    assert str(key) == NEUMANN
    note = read_note(QUOTE, where="quote")
    assert note.signed_by([key], "quote") == [key]
    secret = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:].hex()
    assert sign(note.text, "PeterNeumann", secret) == QUOTE


def test_a_checkpoint_says_what_was_signed_and_by_whom() -> None:
    assert open_checkpoint(NOTE.encode(), [KEY], where="note") == CHECKPOINT
    assert NOTE.splitlines()[:2] == [ORIGIN, "11"] and NOTE.splitlines()[4].startswith(f"— {ORIGIN} ")
    assert read_checkpoint(CHECKPOINT.text + "a remark\n", where="").extensions == ("a remark",)


def test_signatures_of_others_are_ignored_and_one_known_is_demanded() -> None:
    witness = sign(CHECKPOINT.text, "witness.example", "22" * 32).split("\n\n")[1]
    stranger = f"— {ORIGIN} {base64.b64encode(b'1234' + b'x' * 5000).decode()}\n"
    assert open_checkpoint(NOTE + witness + stranger, [KEY], where="note") == CHECKPOINT
    with pytest.raises(EvidenceError, match="no known key"):
        open_checkpoint(CHECKPOINT.text + "\n" + witness, [KEY], where="note")
    with pytest.raises(EvidenceError, match="no known key"):
        open_checkpoint(NOTE, [verifier_of(ORIGIN, "33" * 32)], where="note")
    forged = f"— {ORIGIN} {base64.b64encode(KEY.id + b'x' * 64).decode()}\n"
    with pytest.raises(EvidenceError, match="does not hold"):
        open_checkpoint(NOTE + forged, [KEY], where="note")
    other = sign(CHECKPOINT.text.replace("shop", "other"), ORIGIN, PRIVATE)
    with pytest.raises(EvidenceError, match="no known key"):  # a key speaks for the log of its own name
        open_checkpoint(other, [KEY], where="note")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "text\n",
        CHECKPOINT.text,
        CHECKPOINT.text + "\n",
        NOTE[:-1],
        NOTE.replace("— ", "- "),
        NOTE.replace("—", "— "),
        NOTE.replace("\n11\n", "\n11\r\n"),
        NOTE + "more\n",
        NOTE + "\x00",
        b"\xff" + NOTE.encode(),
        NOTE + "\ud800",
        NOTE.replace("treadle", "tre\ud800adle", 1),
        "x" * 10_000_000,
        b"x" * 10_000_000,
        CHECKPOINT.text + "\n" + f"— {ORIGIN} AAAAAAAA\n" * 10_000,
        CHECKPOINT.text + "\n" + f"— {ORIGIN} AAAAAAAA\n" * (MOST_SIGNATURES + 1),
        CHECKPOINT.text + "\n" + f"— {ORIGIN} AAAA\n",
        CHECKPOINT.text + "\n" + f"— {ORIGIN} AAAAAAB=\n",
        CHECKPOINT.text + "\n— a+b AAAAAAAA\n",
        CHECKPOINT.text + "\n—  AAAAAAAA\n",
    ],
)
def test_what_is_no_note_is_refused(content: str | bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        read_note(content, where="the note")
    assert caught.value.where == "the note" and caught.value.mend and len(caught.value.what) < 200


@pytest.mark.parametrize("size", ["011", "+1", "-1", "1.0", "", "１", "1" * 5000, "9223372036854775808", "0x1", " 1"])
def test_a_size_is_a_plain_number(size: str) -> None:
    with pytest.raises(EvidenceError):
        read_checkpoint(CHECKPOINT.text.replace("\n11\n", f"\n{size}\n"), where="note")


@pytest.mark.parametrize(
    "text", ["", "a\n", "a\n1\n", "a\n1\nAAAA\n", CHECKPOINT.text + "\n", CHECKPOINT.text[:-1], "\n" + CHECKPOINT.text]
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        read_checkpoint(text, where="note")


@pytest.mark.parametrize(
    "key",
    ["", "a", "a+b", NEUMANN[:-1], NEUMANN.replace("c74f", "c74e"), NEUMANN.replace("Peter", ""), "+".join("abc")],
)
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(EvidenceError):
        VerifierKey.parse(key)


@pytest.mark.parametrize(
    ("text", "name", "key"),
    [("t\n", "a b", PRIVATE), ("t\n", "a+b", PRIVATE), ("t\n", "", PRIVATE), ("t", "a", PRIVATE), ("t\n\n", "a", "zz")],
)
def test_what_cannot_stand_in_a_note_is_not_signed(text: str, name: str, key: str) -> None:
    with pytest.raises(EvidenceError):
        sign(text, name, key)


@given(at=st.integers(0, len(NOTE.encode()) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_of_a_note_goes_unseen(at: int, bit: int) -> None:
    changed = bytearray(NOTE.encode())
    changed[at] ^= 1 << bit
    with pytest.raises(EvidenceError):
        open_checkpoint(bytes(changed), [KEY], where="note")


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_whatever_is_read_as_a_note_or_proof_is_refused_in_words(content: bytes | str) -> None:
    for read in (read_note, read_proof):
        with pytest.raises(EvidenceError):
            read(content, where="here")


@pytest.mark.parametrize("seq", range(1, len(ENTRIES) + 1))
def test_a_proof_of_each_entry_holds_for_it_alone(seq: int) -> None:
    proof = read_proof(prove_entry(Leaves(LEAVES), seq, NOTE).text, where="proof")
    assert proof.check(ENTRIES[seq - 1], [KEY]) == CHECKPOINT
    with pytest.raises(EvidenceError, match="this is not entry"):
        proof.check(ENTRIES[seq % len(ENTRIES)], [KEY])


def test_a_proof_has_the_form_of_the_specification() -> None:
    lines = PROOF.text.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 4"]
    assert PROOF.text.endswith("\n\n" + NOTE)
    extra = PROOF.text.replace("index", "extra AAAA\nindex", 1)
    assert read_proof(extra, where="").extra == bytes(3) and read_proof(extra, where="").text == extra


@pytest.mark.parametrize("seq", [0, -1, 12])
def test_no_proof_of_what_is_not_in_the_checkpoint(seq: int) -> None:
    with pytest.raises(EvidenceError):
        prove_entry(Leaves(LEAVES), seq, NOTE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 4", "index 04"),
        ("index 4", "index -4"),
        ("index 4", "place 4"),
        ("index 4\n", ""),
        ("index 4", "extra !\nindex 4"),
        ("index 4\n", "index 4\nAAAA\n"),
        ("index 4\n", "index 4\n" + ("A" * 43 + "=\n") * 64),
        ("\n\n", "\n"),
    ],
)
def test_what_is_no_proof_is_refused(old: str, new: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        read_proof(PROOF.text.replace(old, new, 1), where="p")
    assert caught.value.mend
    with pytest.raises(EvidenceError):
        read_proof(b"\xff" * 10, where="p")
    with pytest.raises(EvidenceError):
        read_proof("x" * 10_000_000, where="p")


def offline(folder: Path, entry: bytes, proof: bytes, key: str) -> tuple[int, str]:
    (folder / "e.json").write_bytes(entry)
    (folder / "p").write_bytes(proof)
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(folder / "e.json"), str(folder / "p"), key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).strip()


def test_the_script_checks_a_proof_without_treadle(tmp_path: Path) -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert "import treadle" not in text and "from treadle" not in text and len(text.splitlines()) <= 105
    good = PROOF.text.encode()
    assert offline(tmp_path, ENTRIES[4], good, str(KEY)) == (
        0,
        f"holds: entry 5 is in the log of 11 entries signed by {ORIGIN}",
    )
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert offline(tmp_path, ENTRIES[4], good, str(tmp_path / "key"))[0] == 0
    assert offline(tmp_path, ENTRIES[3], good, str(KEY)) == (
        1,
        f"fails: this is not entry 5 of the log of 11 entries signed by {ORIGIN}",
    )
    stranger = verifier_of(ORIGIN, "44" * 32)
    assert offline(tmp_path, ENTRIES[4], good, str(stranger)) == (1, f"fails: {ORIGIN} did not sign this checkpoint")
    forged = good.replace(b"\n11\n", b"\n12\n")
    assert offline(tmp_path, ENTRIES[4], forged, str(KEY)) == (
        1,
        "fails: the signature of the checkpoint does not hold",
    )
    for bad in (b"", b"\xff", good.replace(b"index 4", b"index 5"), good.replace(b"index 4", b"index 99"), good[:150]):
        code, said = offline(tmp_path, ENTRIES[4], bad, str(KEY))
        assert code == 1 and said.startswith("fails: "), said
    assert offline(tmp_path, ENTRIES[4], good, "no key")[0] == 1


@pytest.fixture(scope="module")
def script() -> dict[str, object]:
    import runpy

    return runpy.run_path(str(SCRIPT))


@settings(max_examples=60)
@given(data=st.data())
def test_the_script_and_treadle_agree_on_changed_proofs(script: dict[str, object], data: st.DataObject) -> None:
    from cryptography.exceptions import InvalidSignature

    changed = bytearray(PROOF.text.encode())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((script["Fails"], ValueError, InvalidSignature)):  # type: ignore[arg-type]
        script["check"](ENTRIES[4], bytes(changed).decode(), str(KEY))  # type: ignore[operator]
    with pytest.raises(EvidenceError):
        read_proof(bytes(changed), where="p").check(ENTRIES[4], [KEY])
