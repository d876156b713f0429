"""Feedback, statements about oneself, and ways to meet a conflict: what is composed, and what is remarked on."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import edit, opened, write_shop

from treadle.cli import main
from treadle.evidence.kinds.feedback_given import FeedbackGiven
from treadle.evidence.kinds.noted import Noted
from treadle.talk import Feedback, Situation, Statement, advise, checked, composed
from treadle.talk.modes import MEANS, WAYS

GOOD = Feedback(
    "In shop:3 the split put rows of one customer on both sides.",
    "The score is too good, and I planned a release by it.",
    "Could you split by customer, and run it again by Friday?",
)


def test_good_feedback_is_left_alone() -> None:
    assert checked(GOOD) == []
    assert GOOD.text.splitlines()[0] == "What I saw: In shop:3 the split put rows of one customer on both sides."


@pytest.mark.parametrize(
    ("part", "text", "why"),
    [
        ("saw", "You never answer.", "all times"),
        ("saw", "", "says nothing"),
        ("effect", "  ", "says nothing"),
        ("request", "Be better.", "when it is done"),
        ("request", "More care.", "when it is done"),
        ("effect", "You are an idiot.", "what a person is"),
    ],
)
def test_what_could_be_said_better_is_told_with_its_part(part: str, text: str, why: str) -> None:
    given = {name: getattr(GOOD, name) for name in ("saw", "effect", "request")} | {part: text}
    found = checked(Feedback(**given))
    assert [each.part for each in found] == [part] and why in found[0].why


def test_a_complaint_becomes_a_statement_and_says_nothing_twice() -> None:
    said = Statement(
        "I feel worried.", "when the data changes unasked", "because I answer for it.", "I would like a note"
    )
    found = composed(said)
    assert found.text == ("I feel worried when the data changes unasked, because I answer for it. I would like a note.")
    assert found.remarks == []


@pytest.mark.parametrize(
    ("part", "text", "why"),
    [
        ("feeling", "that you do not care", "a thought"),
        ("feeling", "like a fool", ""),
        ("feeling", "ignored", "what others did"),
        ("situation", "you never answer", "all times"),
        ("wish", "you to stop shouting", "what should not be"),
        ("wish", "an answer, or else I leave", "a threat"),
        ("effect", "", "says nothing"),
    ],
)
def test_the_form_of_a_statement_is_looked_at(part: str, text: str, why: str) -> None:
    given = {"feeling": "tired", "situation": "it is late", "effect": "I sleep little", "wish": "a plan"} | {part: text}
    found = composed(Statement(**given)).remarks
    assert found and {each.part for each in found} == {part}
    assert any(why in each.why for each in found)


EVERY = [
    Situation(*each)
    for each in itertools.product(
        ("high", "low"), ("high", "low"), ("short", "enough"), ("more", "equal", "less"), ("lasting", "passing")
    )
]


def test_each_way_is_best_somewhere_and_all_five_are_always_told() -> None:
    best = {advise(each).ranked[0].way for each in EVERY}
    assert best == {*WAYS} == {*MEANS}
    for each in EVERY:
        found = advise(each).ranked
        assert {way.way for way in found} == {*WAYS}
        assert [way.score for way in found] == sorted((way.score for way in found), reverse=True)
        assert found[0].speaks_for, each


@pytest.mark.parametrize(
    ("situation", "way"),
    [
        (Situation("high", "high", "enough", "equal", "lasting"), "solve together"),
        (Situation("high", "low", "short", "more", "passing"), "insist"),
        (Situation("low", "high", "short", "less", "lasting"), "give way"),
        (Situation("high", "high", "short", "equal", "passing"), "meet halfway"),
        (Situation("low", "low", "enough", "less", "passing"), "let it rest"),
    ],
)
def test_what_a_mediator_would_say_of_plain_cases(situation: Situation, way: str) -> None:
    assert advise(situation).ranked[0].way == way


def place(situation: Situation, way: str) -> int:
    return next(each.score for each in advise(situation).ranked if each.way == way)


@given(st.sampled_from(EVERY))
def test_more_at_stake_never_speaks_for_giving_way_nor_less_power_for_insisting(situation: Situation) -> None:
    import msgspec

    change = msgspec.structs.replace
    high, low = (change(situation, mine=each) for each in ("high", "low"))
    assert place(high, "give way") < place(low, "give way") and place(high, "insist") > place(low, "insist")
    more, less = (change(situation, power=each) for each in ("more", "less"))
    assert place(more, "insist") > place(less, "insist")
    enough, short = (change(situation, time=each) for each in ("enough", "short"))
    assert place(enough, "solve together") > place(short, "solve together")


def test_on_the_command_line_it_is_kept_only_where_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = write_shop(tmp_path / "shop")
    edit(shop, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}}")
    with (shop / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")
    workspace = opened(shop)
    workspace.chain.append(Noted(text="begun"), "shop")
    workspace.chain.engine.dispose()

    def do(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", "talk", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    good = ("--saw", GOOD.saw, "--effect", GOOD.effect, "--request", GOOD.request)
    code, out, err = do("feedback", str(shop), "--to", "lin", *good, "--about", "1")
    assert code == 0 and "What I ask for: Could you split" in out and "kept" not in out, err
    assert opened(shop).chain.find(FeedbackGiven) == []
    code, out, err = do("feedback", str(shop), "--to", "lin", *good, "--about", "1", "--keep")
    assert code == 0 and "all of the project may read it" in out, err
    bad = ("--saw", "Lin is lazy.", "--effect", GOOD.effect, "--request", GOOD.request)
    code, out, _ = do("feedback", str(shop), "--to", "lin", *bad)
    assert code == 0 and '✗ saw "Lin is lazy"' in out
    code, _, err = do("feedback", str(shop), "--to", "lin", *bad, "--keep")
    assert code == 1 and "it says what a person is" in err and "--anyway" in err
    assert do("feedback", str(shop), "--to", "lin", *bad, "--keep", "--anyway")[0] == 0
    code, _, err = do("feedback", str(shop), "--to", "lyn", *good)
    assert code == 1 and 'did you mean "lin"?' in err
    empty = ("--saw", " ", "--effect", "x", "--request", "y?")
    assert do("feedback", str(shop), "--to", "lin", *empty, "--keep", "--anyway")[0] == 1
    kept = opened(shop).chain.find(FeedbackGiven)
    assert [len(entry.payload.about) for entry in kept] == [1, 0]
    code, out, _ = do(
        "statement", "--feeling", "ignored", "--situation", "I speak", "--effect", "I stop", "--wish", "a turn each"
    )
    assert code == 0 and "I feel ignored when I speak, because I stop. I would like a turn each." in out
    assert "what others did" in out
    short = ("--mine", "high", "--theirs", "high", "--time", "short", "--power", "equal", "--relation", "lasting")
    code, out, _ = do("advice", *short)
    assert code == 0 and "meet halfway (+4)" in out
    assert len(json.loads(do("advice", *short, "--json")[1])["ways"]) == 5
    assert do("advice", *short[:-2])[0] == 2
