""" "Has anyone tried it?": what came of it, beside what was not it, how often, and whom to ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from written_shop import by, packed, searched, trial, written_shop

from treadle.errors import TeamError
from treadle.evidence import Chain
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.evidence.kinds.noted import Noted
from treadle.knowledge.found import Hit
from treadle.knowledge.notes import note
from treadle.knowledge.searching import asked_words, search
from treadle.knowledge.tried import Found, tried
from treadle.knowledge.writing import Draft, add_note, edit_note
from treadle.store import Blob
from treadle.workspace import Workspace

NOW = datetime(2024, 5, 2, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return written_shop(tmp_path / "shop")


def ask(shop: Workspace, words: str, limit: int = 20) -> Found:
    with shop.chain.reading() as reader:
        return tried(reader, asked_words(words), NOW, limit)


def hits(shop: Workspace, words: str) -> list[Hit]:
    with shop.chain.reading() as reader:
        return search(reader, asked_words(words), 20)


def test_trials_are_told_with_the_best_beside_what_was_not_it(shop: Workspace) -> None:
    searched(
        shop, trial(0, "lightgbm", 0.51, text="native"), trial(1, "lightgbm", 0.54, text="rates"),
        trial(2, "linear", 0.49, text="rates"), trial(3, "linear", 0.99, "pruned", text="rates"),
    )  # fmt: skip
    (found,) = ask(shop, '"target encoding"').attempts
    assert found.sort == "trials" and found.what.startswith("3 trials, the best by lightgbm")
    assert found.result == "average_precision 0.5400 on folds; the best without it, in the same search, 0.5100"


def test_where_less_is_better_the_least_is_best(shop: Workspace) -> None:
    searched(shop, trial(0, "linear", 0.30), trial(1, "mlp", 0.20), trial(2, "mlp", 0.25), metric="log_loss")
    (found,) = ask(shop, "neural network").attempts
    assert found.result == "log_loss 0.2000 on folds; the best without it, in the same search, 0.3000"


def test_the_best_of_several_searches_counts_and_each_is_told(shop: Workspace) -> None:
    searched(shop, trial(0, "mlp", 0.30))
    best = searched(by(shop, "grace"), trial(0, "mlp", 0.40))
    searched(shop, trial(0, "mlp", 0.35))
    (found,) = ask(shop, "mlp").attempts
    assert (found.entry, found.by, found.times) == (best.seq, "grace", 3)
    assert found.what.startswith("3 trials") and "without it" not in found.result


def test_trials_that_never_ended_are_no_result(shop: Workspace) -> None:
    searched(shop, trial(0, "mlp", 0.3, "pruned"))
    assert ask(shop, "mlp").attempts[0].result == "none of them came to its end"


def test_decisions_and_notes_are_told_after_experiments(shop: Workspace) -> None:
    opened = DecisionOpened(
        decision="stacking", question="Is stacking worth it?", options=(Option("yes"), Option("no")), decides="ada"
    )
    entry = shop.chain.append(opened, "decision/stacking")
    assert ask(shop, "stacking").attempts[0].result.startswith("not decided yet: Is stacking worth it?")
    add_note(by(shop, "lin"), "stack", "note", Draft(text="Stacking gained nothing and was slow."))
    searched(shop, trial(0, "blend", 0.5))
    closed = DecisionClosed(decision="stacking", opened=entry.ref, option="no", because="stacking is slow")
    shop.chain.append(closed, "decision/stacking")
    found = ask(shop, "stacking")
    assert [each.sort for each in found.attempts] == ["trials", "decision", "note"] and found.every
    assert found.attempts[1].result == "decided: no, because stacking is slow"
    assert found.attempts[2].result == "Stacking gained nothing and was slow."
    assert [(k.person, k.did) for k in found.knows] == [("ada", "2 words on a decision, 1 search"), ("lin", "1 note")]


def test_actions_and_milestones_are_told_as_they_stand_and_once(shop: Workspace) -> None:
    opened = ActionOpened(number=7, text="Ask for gates of parrots", owner="lin", due="2024-06-01")
    entry = shop.chain.append(opened, "action/7")
    assert ask(shop, "parrots").attempts[0].result == "action 7: Ask for gates of parrots (lin, until 2024-06-01)"
    done = ActionChanged(
        number=7, opened=entry.ref, state="done", owner="lin", due="2024-06-01", because="they answered"
    )
    shop.chain.append(done, "action/7")
    (found,) = ask(shop, "parrots").attempts
    assert found.result.endswith("; action 7 is done: they answered")
    for day in ("2024-06-01", "2024-07-01", "2024-08-01"):
        said = MilestoneSet(milestone="first", text="A parakeet", by=day, gates=("released",), because="late")
        shop.chain.append(said, "milestone/first")
    (found,) = ask(shop, "parakeet").attempts
    assert "2024-08-01" in found.result and "not decided" not in found.result and "milestones list" in found.result


def test_where_nothing_has_all_of_it_what_has_some_is_told_as_such(shop: Workspace) -> None:
    searched(shop, trial(0, "mlp", 0.3), trial(1, "linear", 0.2))
    found = ask(shop, "quantum neural network")
    assert not found.every and found.attempts[0].what.startswith("1 trial, the best by mlp")
    nothing = ask(shop, "quantum")
    assert nothing.attempts == [] and nothing.knows == [] and nothing.every


def test_a_wish_is_no_attempt_but_is_found(shop: Workspace) -> None:
    shop.chain.append(BriefStated(brief=Blob("b" * 64), decision="Warn by neural magic."), "shop")
    assert ask(shop, "magic").attempts == []
    assert [hit.sort for hit in hits(shop, "magic")] == ["brief"]


def test_who_did_it_lately_is_asked_before_who_did_it_long_ago(shop: Workspace) -> None:
    def at(days: int, actor: str) -> Workspace:
        from dataclasses import replace

        return replace(shop, chain=replace(shop.chain, actor=actor, clock=lambda: NOW - timedelta(days=days)))

    for _ in range(2):
        searched(at(720, "bo"), trial(0, "mlp", 0.3))
    searched(at(10, "lin"), trial(0, "mlp", 0.3))
    searched(at(1, "service:ci"), trial(0, "mlp", 0.3))
    assert [(k.person, k.did) for k in ask(shop, "mlp").knows] == [("lin", "1 search"), ("bo", "2 searches")]


def test_a_note_is_found_as_it_is_now(shop: Workspace) -> None:
    add_note(shop, "weather", "note", Draft(text="The barometer says nothing.", tags=("sources",)))
    assert [hit.where for hit in hits(shop, "barometers")] == ["note/weather"]
    edit_note(shop, "weather", 1, Draft(text="The thermometer says nothing."))
    assert hits(shop, "barometer") == []
    assert [hit.excerpt for hit in hits(shop, "thermometer")] == ["The thermometer says nothing."]
    assert [hit.title for hit in hits(shop, "sources")] == ["weather"]
    assert hits(shop, '"says the thermometer"') == [] and len(hits(shop, '"thermometer says"')) == 1


@pytest.mark.parametrize(
    "words", ["", "  ", '""', "-", "* OR", 'NEAR("a" "b")', "a' OR 1=1 --", "a:b", "x" * 5000, "ünïcödé", "日本"]
)
def test_whatever_is_looked_for_is_words_and_no_query(shop: Workspace, words: str) -> None:
    add_note(shop, "one", "note", Draft(text="something else entirely"))
    try:
        assert hits(shop, words) == []
    except TeamError as bad:
        assert bad.what == "there is no word to look for"


def test_a_paper_tells_what_the_record_has_of_its_idea(shop: Workspace) -> None:
    searched(shop, trial(0, "lightgbm", 0.5, text="rates"))
    add_note(
        shop, "micci", "paper", Draft(text="Rates in the place of levels.", tags=("target-encoding",), source="2001")
    )
    with shop.chain.reading() as reader:
        found = note(shop, reader, "micci")
    (line,) = found.tried
    assert line.startswith("target-encoding: 1 trial, the best by lightgbm") and line.endswith("(#1)")


def test_what_an_entry_can_be_found_by_follows_when_views_are_made_anew(shop: Workspace) -> None:
    from sqlalchemy import text

    from treadle.evidence import verify, views

    searched(shop, trial(0, "mlp", 0.3))
    packed(shop, 1, 0.5)
    shop.chain.append(Noted(text="nobody looks for this"), "s")
    with shop.chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        views.empty(connection)
        connection.execute(text("update projected set size = 0"))
    assert hits(shop, "mlp") == []
    chain: Chain = shop.chain
    chain.catch_up()
    assert len(hits(shop, "mlp")) == 1 and hits(shop, "nobody") == [] and verify(chain).ok
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update view_texts set words = 'other'"))
    assert verify(chain).faults == ["the view view_texts was edited: it is not what the entries say"]
