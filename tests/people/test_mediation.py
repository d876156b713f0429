"""An open decision before a mediator: who may be one, what stays private, what is agreed, when it is asked again."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import edit, opened, write_shop

from treadle.cli import main
from treadle.errors import AccessError, DecisionError
from treadle.evidence import Chain
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.noted import Noted
from treadle.people.deciding import close_decision, open_decision, review_decision, state_position
from treadle.people.decisions import decision
from treadle.people.found import Decision
from treadle.people.mediating import accept_outcome, call_mediator, propose, write_note
from treadle.people.private import MOST_BYTES, lock, unlock
from treadle.spec import Brief, People, Predict, ProjectSpec
from treadle.store import Blob

TODAY, DAY, LATER = date(2026, 11, 28), "2026-12-05", "2027-03-01"
SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada", reviewers=("grace",), roles={"expert": ("lin",), "lead": ("bo", "max")})),
    sources={},
    predict=Predict(name="back", each="orders", label="back"),
)


@pytest.fixture
def row(chain: Chain) -> Chain:
    """lin asks whether to keep the windows, and ada decides; bo is for one thing and lin for the other."""
    asked = DecisionOpened(
        decision="windows",
        question="Keep them?",
        options=(Option("keep"), Option("drop")),
        decides="ada",
        asked=("bo", "lin"),
    )
    open_decision(by(chain, "lin"), SPEC, asked, TODAY)
    for who, option in (("lin", "keep"), ("bo", "drop")):
        state_position(by(chain, who), "windows", option, "I know it", (), TODAY)
    return chain


def by(chain: Chain, actor: str) -> Chain:
    return dataclasses.replace(chain, actor=actor)


def call(chain: Chain, who: str = "bo", mediator: str = "grace", until: str = DAY) -> None:
    call_mediator(by(chain, who), SPEC, "windows", mediator, until, "we go in circles", TODAY)


def offer(chain: Chain, who: str = "grace", option: str = "keep", review: str = LATER) -> int:
    return propose(by(chain, who), "windows", option, "keep them for a quarter, and count", review, TODAY).seq


def found(chain: Chain, today: date = TODAY) -> Decision:
    with chain.reading() as reader:
        told = decision(reader, "windows", today)
    assert told is not None
    return told


def test_what_all_parties_accept_is_the_outcome_and_is_asked_again_on_its_day(row: Chain) -> None:
    call(row)
    assert (found(row).mediator, found(row).until, found(row).decides) == ("grace", DAY, "ada")
    number = offer(row)
    for who in ("bo", "lin"):
        accept_outcome(by(row, who), "windows", number, TODAY)
        assert found(row).outcome is None
    assert found(row).proposal.accepted == ["bo", "lin"]
    accept_outcome(by(row, "ada"), "windows", number, TODAY)  # who decides is a party too
    told = found(row)
    assert told.outcome is not None
    assert (told.outcome.option, told.outcome.agreed, told.outcome.against) == ("keep", ["bo", "lin", "ada"], [])
    assert told.outcome.because == "keep them for a quarter, and count"
    assert (told.status, told.review, told.proposal) == ("decided", LATER, None)
    assert found(row, date(2027, 3, 1)).status == "review due"
    (closed,) = row.find(DecisionClosed)
    assert closed.payload.said().endswith("; accepted by bo, lin, ada")


def test_after_the_day_the_mediator_decides_and_before_it_does_not(row: Chain) -> None:
    call(row)
    with pytest.raises(AccessError, match="ada decides windows"):
        close_decision(by(row, "grace"), "windows", "drop", "enough", (), date(2026, 12, 5))
    assert found(row, date(2026, 12, 6)).decides == "grace"
    close_decision(by(row, "grace"), "windows", "drop", "enough", (), date(2026, 12, 6))
    assert found(row).outcome.against == ["lin"]


@pytest.mark.parametrize("party", ["lin", "bo", "ada"])
def test_who_has_a_part_in_it_is_no_mediator(row: Chain, party: str) -> None:
    with pytest.raises(DecisionError, match=f"{party} is a party"):
        call(row, mediator=party)


def test_who_took_a_side_unasked_is_no_mediator_and_a_mediator_takes_none(row: Chain) -> None:
    state_position(by(row, "max"), "windows", "drop", "so it is", (), TODAY)
    with pytest.raises(DecisionError, match="max is a party"):
        call(row, mediator="max")
    call(row, who="max")
    with pytest.raises(DecisionError, match="grace is the mediator"):
        state_position(by(row, "grace"), "windows", "drop", "so it is", (), TODAY)


def test_who_has_no_part_calls_nobody_and_accepts_nothing(row: Chain) -> None:
    with pytest.raises(AccessError, match="max has no part in windows"):
        call(row, who="max")
    call(row)
    number = offer(row)
    for stranger in ("max", "grace"):
        with pytest.raises(AccessError, match=f"{stranger} is no party"):
            accept_outcome(by(row, stranger), "windows", number, TODAY)


def test_a_new_proposal_needs_the_word_of_all_anew(row: Chain) -> None:
    call(row)
    first = offer(row)
    accept_outcome(by(row, "bo"), "windows", first, TODAY)
    with pytest.raises(DecisionError, match="bo has accepted"):
        accept_outcome(by(row, "bo"), "windows", first, TODAY)
    second = offer(row, option="drop")
    assert found(row).proposal.accepted == []
    with pytest.raises(DecisionError) as bad:
        accept_outcome(by(row, "lin"), "windows", first, TODAY)
    assert f"it is #{second} by now" in bad.value.mend


def test_two_who_accept_at_once_decide_it_once(row: Chain) -> None:
    call(row)
    number = offer(row)
    accept_outcome(by(row, "ada"), "windows", number, TODAY)
    both = [
        threading.Thread(target=accept_outcome, args=(by(row, who), "windows", number, TODAY)) for who in ("bo", "lin")
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(row.find(DecisionClosed)) == 1


def test_opened_again_an_old_proposal_is_none(row: Chain) -> None:
    call(row)
    number = offer(row)
    for who in ("bo", "lin", "ada"):
        accept_outcome(by(row, who), "windows", number, TODAY)
    review_decision(by(row, "bo"), "windows", holds=False, because="it did not", review="", today=TODAY)
    assert found(row).proposal is None
    with pytest.raises(DecisionError, match="is not what is proposed"):
        accept_outcome(by(row, "bo"), "windows", number, TODAY)


def test_what_is_opened_again_goes_to_who_decides_and_not_to_the_mediator_of_before(row: Chain) -> None:
    """The day of the mediation is long over by then: it would take the decision from who made it."""
    after = date(2026, 12, 11)
    call(row)
    close_decision(by(row, "ada"), "windows", "keep", "it pays", (), TODAY)
    review_decision(by(row, "bo"), "windows", holds=False, because="it did not", review="", today=after)
    stands = found(row, after)
    assert (stands.status, stands.decides, stands.mediator, stands.until) == ("open", "ada", "", "")
    with pytest.raises(AccessError, match="ada decides windows and not grace"):
        close_decision(by(row, "grace"), "windows", "drop", "I mediate", (), after)
    call_mediator(by(row, "bo"), SPEC, "windows", "max", "2026-12-20", "once more", after)
    assert (found(row, after).mediator, found(row, date(2026, 12, 21)).decides) == ("max", "max")


def test_who_opens_a_decision_mediates_in_none_of_it(chain: Chain) -> None:
    asked = DecisionOpened(
        decision="windows", question="Keep them?", options=(Option("keep"), Option("drop")), decides="lin",
        asked=("bo",), mediator="ada", until=DAY,
    )  # fmt: skip
    with pytest.raises(DecisionError, match="ada is a party"):
        open_decision(by(chain, "ada"), SPEC, asked, TODAY)
    open_decision(by(chain, "max"), SPEC, asked, TODAY)


def test_what_is_no_mediation_is_refused(row: Chain) -> None:
    with pytest.raises(DecisionError, match="a mediation ends on a day"):
        call(row, until="")
    with pytest.raises(DecisionError, match="is over"):
        call(row, until="2026-11-01")
    with pytest.raises(DecisionError, match="mallory is nobody of shop"):
        call(row, mediator="mallory")
    with pytest.raises(AccessError, match="nobody mediates in windows"):
        offer(row)
    with pytest.raises(AccessError, match="nobody mediates in windows"):
        write_note(by(row, "ada"), "windows", Blob("0" * 64), TODAY)
    call(row)
    with pytest.raises(AccessError, match="grace mediates in windows, and not bo"):
        offer(row, who="bo")
    with pytest.raises(DecisionError, match="no option kepe"):
        offer(row, option="kepe")
    with pytest.raises(DecisionError, match="looked at again"):
        offer(row, review="")


def test_another_mediator_takes_the_place_of_the_first(row: Chain) -> None:
    call(row)
    number = offer(row)
    call(row, who="ada", mediator="max", until=str(TODAY + timedelta(days=30)))
    assert found(row).mediator == "max"
    with pytest.raises(AccessError, match="max mediates"):
        offer(row)
    with pytest.raises(AccessError, match="max is no party"):
        accept_outcome(by(row, "max"), "windows", number, TODAY)


class TestPrivate:
    @pytest.fixture(autouse=True)
    def account(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "account"))

    def test_what_is_locked_opens_here_and_says_nothing_elsewhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        locked = lock("  bo is afraid — für sich \n", "shop/windows/grace")
        assert unlock(locked, "shop/windows/grace") == "bo is afraid — für sich"
        assert b"afraid" not in locked
        assert (tmp_path / "account" / "private.key").stat().st_mode & 0o777 == 0o600
        with pytest.raises(AccessError, match="does not open it"):
            unlock(locked, "shop/windows/bo")
        monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "another"))
        with pytest.raises(AccessError, match="has no key"):
            unlock(locked, "shop/windows/grace")
        lock("mine", "x")
        with pytest.raises(AccessError, match="does not open it"):
            unlock(locked, "shop/windows/grace")

    def test_equal_notes_are_locked_unlike_and_short_ones_are_of_one_length(self) -> None:
        one, other = lock("yes", "x"), lock("yes", "x")
        assert one != other
        assert len(one) == len(lock("no, and for these reasons", "x"))

    @pytest.mark.parametrize("place", [0, 20, -1])
    def test_what_was_changed_does_not_open(self, place: int) -> None:
        locked = bytearray(lock("words", "x"))
        locked[place] ^= 1
        with pytest.raises(AccessError, match="does not open it"):
            unlock(bytes(locked), "x")

    @pytest.mark.parametrize("content", [b"", b"treadle-private-1\n", b"nonsense" * 9])
    def test_what_is_no_note_is_told(self, content: bytes) -> None:
        lock("words", "x")
        with pytest.raises(AccessError, match="does not open it"):
            unlock(content, "x")

    @pytest.mark.parametrize("text", ["", " \n", "x" * (MOST_BYTES + 1)])
    def test_nothing_and_too_much_are_refused(self, text: str) -> None:
        with pytest.raises(DecisionError):
            lock(text, "x")

    def test_a_key_that_is_none_is_not_used(self, tmp_path: Path) -> None:
        (tmp_path / "account").mkdir()
        (tmp_path / "account" / "private.key").write_bytes(b"short")
        with pytest.raises(AccessError, match="is none"):
            lock("words", "x")

    def test_two_that_make_the_key_at_once_have_the_same(self) -> None:
        made: list[bytes] = []
        every = [threading.Thread(target=lambda: made.append(lock("words", "x"))) for _ in range(8)]
        for each in every:
            each.start()
        for each in every:
            each.join()
        assert {unlock(each, "x") for each in made} == {"words"} and len(made) == 8


def test_on_the_command_line_from_a_row_to_what_all_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_shop(tmp_path / "shop")
    edit(shop, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
    with (shop / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")
    workspace = opened(shop)
    workspace.chain.append(Noted(text="begun"), "shop")
    workspace.chain.engine.dispose()

    def do(*words: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", words[0], words[1], str(shop), *words[2:]])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    name = ("kind-too", "--as")
    assert do("decide", "open", "kind-too", "--question", "Keep it?", "--option", "keep", "--option", "drop")[0] == 0
    for who, option in (("lin", "keep"), ("bo", "drop")):
        assert do("decide", "say", *name, who, "--for", option, "--because", "so")[0] == 0
    until = ("--until", "2099-01-31", "--because", "we go in circles")
    code, out, err = do("decide", "mediate", *name, "bo", "--mediator", "grace", *until)
    assert code == 0 and "grace mediates" in out, err
    code, _, err = do("decide", "note", *name, "lin", said="hm")
    assert code == 1 and "grace mediates in kind-too, and not lin" in err
    code, out, err = do("decide", "note", *name, "grace", said="bo fears for the launch\n")
    assert code == 0 and "for your account alone" in out and "fears" not in out, err
    code, out, _ = do("decide", "notes", *name, "grace")
    assert code == 0 and "bo fears for the launch" in out
    assert "no note of yours" in do("decide", "notes", *name, "lin")[1]
    kept = [file for file in (shop / ".treadle").rglob("*") if file.is_file()]
    assert not [file for file in kept if b"fears" in file.read_bytes()], "only the account can read it"
    code, out, err = do(
        "decide", "propose", *name, "grace", "--for", "keep", "--because", "for a quarter", "--review", "2099-03-01"
    )
    assert code == 0 and "accepted by nobody yet" in out, err
    number = json.loads(do("decide", "show", "kind-too", "--json")[1])["proposal"]["entry"]
    for who in ("lin", "bo", "ada"):
        code, out, err = do("decide", "accept", *name, who, "--proposal", str(number))
        assert code == 0, err
    assert "✓ keep" in out and "accepted by lin, bo, ada" in out


def test_no_party_takes_a_decision_from_who_decides(row: Chain) -> None:
    """Neither by a mediator of their own in the place of the one who mediates, nor by a day that leaves no time."""
    for until in (str(TODAY), str(TODAY + timedelta(days=2))):
        with pytest.raises(DecisionError, match="leaves no time to mediate"):
            call(row, until=until)
    call(row, until=str(TODAY + timedelta(days=3)))
    for who in ("bo", "lin"):
        with pytest.raises(DecisionError, match="grace mediates in windows until 2026-12-01") as told:
            call(row, who=who, mediator="max")
        assert "ada may name another" in told.value.mend
    assert (found(row).mediator, found(row).until) == ("grace", "2026-12-01")
    call(row, who="ada", mediator="max", until=str(TODAY))
    assert (found(row).mediator, found(row).until) == ("max", str(TODAY))


def test_a_mediator_who_is_away_keeps_a_decision_from_nobody(row: Chain) -> None:
    """After its day grace decides, and does not come: who was named to decide may name another, and nobody else."""
    call(row)
    after, soon = date(2026, 12, 8), "2026-12-09"
    with pytest.raises(DecisionError, match="grace mediates in windows") as told:
        call_mediator(by(row, "lin"), SPEC, "windows", "max", "2026-12-31", "she is away", after)
    assert "ada may name another" in told.value.mend
    call_mediator(by(row, "ada"), SPEC, "windows", "max", soon, "she is away", after)
    assert (found(row, after).mediator, found(row, after).until, found(row, after).decides) == ("max", soon, "ada")


def test_a_mediator_who_has_left_the_project_is_in_nobodys_way(row: Chain) -> None:
    call(row, mediator="max")
    people = replace(SPEC.brief.people, roles={"expert": ("lin",), "lead": ("bo",)})
    left, after = replace(SPEC, brief=replace(SPEC.brief, people=people)), date(2026, 12, 8)
    with pytest.raises(DecisionError, match="leaves no time to mediate"):
        call_mediator(by(row, "lin"), left, "windows", "grace", "2026-12-09", "max has left", after)
    call_mediator(by(row, "lin"), left, "windows", "grace", "2026-12-11", "max has left", after)
    assert (found(row, after).mediator, found(row, after).decides) == ("grace", "ada")


def test_no_party_takes_the_place_of_a_mediator_who_was_named_at_the_opening(chain: Chain) -> None:
    asked = DecisionOpened(
        decision="windows", question="Keep them?", options=(Option("keep"), Option("drop")), decides="ada",
        asked=("lin",), mediator="bo", until="2027-12-31",
    )  # fmt: skip
    open_decision(by(chain, "ada"), SPEC, asked, TODAY)
    with pytest.raises(DecisionError, match="bo mediates in windows until 2027-12-31"):
        call(chain, who="lin", mediator="max", until=str(TODAY + timedelta(days=3)))
    assert found(chain).mediator == "bo"
    call(chain, who="ada", mediator="max")
    assert (found(chain).mediator, found(chain).until) == ("max", DAY)
