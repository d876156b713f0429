"""Two sides fix what they would take as proof, the system runs both, and what comes out is the outcome."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import edit, opened, write_shop

from treadle.api.decide import (
    CloseRequest,
    ListDecisionsRequest,
    OpenRequest,
    SayRequest,
    decide_close,
    decide_list,
    decide_open,
    decide_say,
)
from treadle.api.operation import Context
from treadle.api.settle import AgreeRequest, SettleRequest, TermsRequest, decide_agree, decide_settle, decide_terms
from treadle.cli import main
from treadle.errors import AccessError, DecisionError, ModelError
from treadle.evidence import Chain
from treadle.evidence.kinds.decision_agreed import TermsAgreed
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.decision_settled import DecisionSettled
from treadle.evidence.kinds.decision_terms import Side, TermsStated
from treadle.evidence.kinds.labels_applied import LabelsApplied
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.exploring.experts import ask, queue_shown, say_row
from treadle.history.lineage import explain
from treadle.loop import run
from treadle.people.agreeing import agree, agreed_terms
from treadle.people.deciding import state_position
from treadle.people.decisions import decision
from treadle.people.found import Decision
from treadle.principal import Principal
from treadle.stages import Work
from treadle.stages.settling import settle
from treadle.store import Blob
from treadle.upkeep.pinned import pins

TODAY = date(2024, 5, 1)
PEOPLE = "approve: reviewer, roles: {expert: [lin], lead: [bo]}}"


def asked(name: str) -> Context:
    return Context(Principal("person", name))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of 1,200 rows that was run once; `amount` tells what comes back, and `kind` does not."""
    folder = write_shop(tmp_path_factory.mktemp("settled") / "shop", rows=1200)
    edit(folder, "approve: reviewer}", PEOPLE)
    edit(folder, "value: 3, unit: d", "value: 3000, unit: d", "orders.yaml")
    workspace = opened(folder)
    run(workspace)
    workspace.chain.engine.dispose()
    return folder


@pytest.fixture
def shop(ran: Path, tmp_path: Path) -> Path:
    import shutil

    return shutil.copytree(ran, tmp_path / "shop")


def question(shop: Path, name: str = "amount", options: tuple[str, ...] = ("keep: as it is", "drop")) -> None:
    given = {"project": str(shop), "name": name}
    decide_open(OpenRequest(**given, question="Is it worth it?", option=options, asks=("lin", "bo")), asked("ada"))
    for who, option in (("lin", "keep"), ("bo", "drop")):
        decide_say(SayRequest(**given, chosen=option, because="I think so"), asked(who))


def terms(shop: Path, who: str = "lin", change: str = "drop: features.request.amount=null", **other: Any) -> Decision:
    given = {"project": str(shop), "name": "amount", "margin": 0.02, "minutes": 1.0} | other
    return decide_terms(TermsRequest(**given, change=(change,)), asked(who))


def agreed(shop: Path, *who: str, number: int) -> Decision:
    for each in who:
        found = decide_agree(AgreeRequest(project=str(shop), name="amount", terms=number), asked(each))
    return found


def settled(shop: Path, who: str = "bo", **other: Any) -> Decision:
    return decide_settle(SettleRequest(project=str(shop), name="amount", by="experiment", **other), asked(who))


def test_the_side_that_is_better_beyond_the_margin_is_the_outcome(shop: Path) -> None:
    question(shop)
    stated = terms(shop)
    assert stated.experiment is not None
    assert (stated.experiment.status, stated.experiment.agreed) == ("stated", ["lin"])
    assert stated.experiment.waits_for == ["bo", "ada"]  # ada decides
    number = stated.experiment.entry
    assert agreed(shop, "bo", number=number).experiment.waits_for == ["ada"]
    assert agreed(shop, "ada", number=number).experiment.status == "agreed"
    found = settled(shop)
    shown = found.experiment
    assert shown is not None and shown.status == "ran"
    assert (shown.verdict, shown.better) == ("first", "keep")
    assert shown.interval[0] > 0.02 and found.outcome is not None
    assert found.outcome.option == "keep" and found.outcome.by == "bo"
    assert "by experiment: keep is better than drop beyond the margin of 0.02" in found.outcome.because
    assert found.outcome.against == ["bo"]
    assert [side.people for side in shown.sides] == [["lin"], ["bo"]]
    assert shown.sides[0].value - shown.sides[1].value == pytest.approx(shown.gain)


def test_what_came_of_it_leads_back_to_both_models_and_their_rows(shop: Path) -> None:
    question(shop)
    number = terms(shop).experiment.entry
    agreed(shop, "bo", "ada", number=number)
    settled(shop)
    workspace = opened(shop)
    looks = workspace.chain.find(SealedOpened)
    assert [look.payload.opened for look in looks] == [1, 2, 3]  # the run, then both sides
    assert looks[1].payload.against == "amount: drop"
    kinds = [node.kind for node in explain(workspace, "decision/amount").nodes]
    assert {"decision.settled", "decision.terms", "training.fit", "features.build", "sources.read"} <= {*kinds}
    assert kinds.count("training.fit") == 2
    assert workspace.tables.version("shop/training") == 0, "the project's own table is as it was"
    workspace.chain.engine.dispose()


def test_both_sides_learn_from_what_experts_said(shop: Path) -> None:
    """The project as it is learns from it, too: without it neither side would be that project."""
    (shop / "treadle.yaml").write_text((shop / "treadle.yaml").read_text("utf-8") + "experts: {roles: [expert]}\n")
    lin = opened(shop, actor="lin")
    ask(lin, 40, 0, "lin")
    for item in queue_shown(lin, "lin", 40).items:
        say_row(lin, item.key, "no", None, None)
    question(shop)
    number = terms(shop).experiment.entry
    agreed(shop, "bo", "ada", number=number)
    found = settled(shop)
    assert found.experiment.better == "keep"
    applied = lin.chain.find(LabelsApplied, status="done")
    assert len(applied) == 2 and all(each.payload.changed + each.payload.confirmed == 40 for each in applied)
    kinds = [node.kind for node in explain(lin, "decision/amount").nodes]
    assert kinds.count("labels.applied") == 2 and "labels.said" in kinds
    lin.chain.engine.dispose()


def test_nothing_may_change_once_all_have_agreed(shop: Path) -> None:
    question(shop)
    number = terms(shop).experiment.entry
    agreed(shop, "bo", "ada", number=number)
    with pytest.raises(DecisionError, match="nothing of them may change"):
        terms(shop, margin=0.5)
    with pytest.raises(DecisionError, match="nothing of them may change"):
        agreed(shop, "bo", number=number)
    edit(shop, "request: [amount, kind]", "request: [kind]")  # what the file says now is no part of it
    edit(shop, "seed: 7", "seed: 8")
    lines = (shop / "orders.csv").read_text("utf-8").splitlines()
    (shop / "orders.csv").write_text("\n".join(lines[:200]) + "\n", "utf-8")
    found = settled(shop)
    assert found.experiment.better == "keep" and "1,198 rows" in found.experiment.rows[0]
    with pytest.raises(DecisionError, match="was decided on"):
        settled(shop)


def test_who_changes_terms_needs_a_new_agreement_of_all(shop: Path) -> None:
    question(shop)
    first = terms(shop).experiment.entry
    agreed(shop, "bo", number=first)
    second = terms(shop, who="bo", margin=0.3).experiment
    assert (second.agreed, second.waits_for) == (["bo"], ["lin", "ada"])
    with pytest.raises(DecisionError, match=f"#{second.entry}, not #{first}"):
        agreed(shop, "ada", number=first)


def test_where_neither_is_better_the_terms_say_what_is_taken_or_it_stays_open(shop: Path) -> None:
    question(shop)
    found = terms(shop, change="drop: features.request.kind=null", otherwise="drop")
    agreed(shop, "bo", "ada", number=found.experiment.entry)
    found = settled(shop)
    assert found.experiment.verdict in ("same", "untold") and found.experiment.better == ""
    assert found.outcome is not None and found.outcome.option == "drop"
    assert "no difference" in found.outcome.because


def test_without_such_a_word_whoever_decides_does_and_the_rows_are_not_asked_again(shop: Path) -> None:
    question(shop)
    found = terms(shop, change="drop: features.request.kind=null", margin=0.9)
    agreed(shop, "bo", "ada", number=found.experiment.entry)
    found = settled(shop)
    assert found.outcome is None and found.experiment.verdict == "same"
    assert decide_list(ListDecisionsRequest(project=str(shop)), asked("ada")).decisions[0].waits_for == ["ada"]
    with pytest.raises(DecisionError, match="was put to an experiment already"):
        terms(shop)
    again = settled(shop)
    assert again.experiment == found.experiment
    workspace = opened(shop)
    assert len(workspace.chain.find(SealedOpened)) == 3, "what was found is told, and not looked for again"
    workspace.chain.engine.dispose()


def test_it_is_not_run_before_both_sides_and_who_decides_agree(shop: Path) -> None:
    question(shop)
    with pytest.raises(DecisionError, match="no terms were stated"):
        settled(shop)
    number = terms(shop).experiment.entry
    with pytest.raises(DecisionError, match="bo, ada have not agreed"):
        settled(shop)
    with pytest.raises(AccessError, match="grace is none of them"):
        agreed(shop, "grace", number=number)
    with pytest.raises(DecisionError, match="lin has agreed"):
        agreed(shop, "lin", number=number)
    agreed(shop, "bo", number=number)
    decide_say(SayRequest(project=str(shop), name="amount", chosen="drop", because="so do I"), asked("grace"))
    agreed(shop, "ada", number=number)
    with pytest.raises(DecisionError, match="grace has not agreed"):
        settled(shop)
    assert agreed(shop, "grace", number=number).experiment.status == "agreed"
    decide_say(SayRequest(project=str(shop), name="amount", chosen="keep", because="or not"), asked("bo"))
    assert settled(shop).experiment.status == "ran", "that all agreed once counts for good"


def test_terms_that_all_have_agreed_to_since_one_went_to_another_option_stay_so(shop: Path) -> None:
    """ada and lin have agreed; bo, who had not, is for a third thing, and comes back."""
    question(shop, options=("keep: as it is", "drop", "halve"))
    for who, option in (("bo", "keep"), ("ada", "drop")):
        decide_say(SayRequest(project=str(shop), name="amount", chosen=option, because="so"), asked(who))
    number = terms(shop, between=("keep", "drop")).experiment.entry
    agreed(shop, "ada", number=number)
    for option, status in (("halve", "agreed"), ("keep", "agreed")):
        decide_say(SayRequest(project=str(shop), name="amount", chosen=option, because="so"), asked("bo"))
        with opened(shop).chain.reading() as reader:
            found = decision(reader, "amount", date(2024, 5, 2))
        assert found is not None and found.experiment is not None and found.experiment.status == status, option


def test_terms_are_not_agreed_to_while_nobody_is_for_one_of_their_sides(chain: Chain) -> None:
    """bo goes to a third thing: that lin and ada are of one mind closes nothing, and what bo comes back to may."""

    def stands_for(who: str, option: str) -> None:
        state_position(chain.acting(who), "d", option, "so", (), TODAY)

    def agrees(who: str) -> str:
        agree(chain.acting(who), "d", stated.seq, TODAY)
        with chain.reading() as reader:
            shown = decision(reader, "d", TODAY)
        assert shown is not None and shown.experiment is not None
        return shown.experiment.status

    options = (Option("keep"), Option("drop"), Option("halve"))
    asked = DecisionOpened(decision="d", question="Keep it?", options=options, decides="ada", asked=("lin", "bo"))
    opens = chain.append(asked, "decision/d")
    for who, option in (("lin", "drop"), ("bo", "keep")):
        stands_for(who, option)
    sides = (Side("keep", (), Blob("a" * 64)), Side("drop", ("features=null",), Blob("b" * 64)))
    said = TermsStated(decision="d", opened=opens.ref, sides=sides, metric="auc", margin=0.1, minutes=1.0)
    stated = chain.acting("lin").append(said, "decision/d")
    stands_for("bo", "halve")
    assert agrees("ada") == "stated"
    with chain.alone() as alone, pytest.raises(DecisionError, match="somebody has not agreed to the terms"):
        agreed_terms(alone, "d", TODAY)
    stands_for("bo", "keep")
    assert agrees("bo") == "agreed"


def test_terms_wait_for_the_mediator_whose_day_has_come(shop: Path) -> None:
    """ada, who was to decide, is a party by now: that she and bo have agreed is not that all have."""
    given = {"project": str(shop), "name": "amount"}
    opens = OpenRequest(
        **given, question="Is it worth it?", option=("keep", "drop"), asks=("bo",), until="2030-01-03", mediator="grace"
    )
    decide_open(opens, asked("ada"))
    for who, option in (("ada", "keep"), ("bo", "drop")):
        decide_say(SayRequest(**given, chosen=option, because="so"), asked(who))
    number, after = terms(shop, who="ada").experiment.entry, date(2030, 1, 4)
    chain = opened(shop, now=datetime(2030, 1, 4, 9, tzinfo=UTC)).chain
    assert not agree(chain.acting("bo"), "amount", number, after).payload.complete
    with chain.reading() as reader:
        found = decision(reader, "amount", after)
    assert found is not None and found.experiment is not None and found.decides == "grace"
    assert (found.experiment.status, found.experiment.waits_for) == ("stated", ["grace"])
    assert agree(chain.acting("grace"), "amount", number, after).payload.complete
    chain.engine.dispose()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"margin": -0.1}, "-0.1 is no margin"),
        ({"margin": float("nan")}, "nan is no margin"),
        ({"margin": float("inf")}, "inf is no margin"),
        ({"minutes": 0.0}, "0 minutes are no time"),
        ({"minutes": float("nan")}, "nan minutes are no time"),
        ({"minutes": 1e9}, "minutes are no time"),
        ({"metric": "rmse"}, "rmse"),
        ({"otherwise": "kepe"}, "no option kepe"),
        ({"between": ("keep",)}, "not 1"),
        ({"between": ("keep", "dorp")}, "neither keep nor dorp"),
        ({"change": "features.request.amount=null"}, "begins with neither keep nor drop"),
        ({"change": "drop: features.request.amuont=null"}, "drop changes makes no project: there is no features"),
        ({"change": "drop: features.row.x=amount / nothing"}, "drop changes makes no project"),
        ({"change": "drop: train.families=[linear]"}, "ask for the same"),
        ({"change": "drop: predict.label=kind"}, "predict.label is no part"),
    ],
)
def test_terms_that_are_none_are_refused_before_anybody_agrees(shop: Path, given: dict[str, Any], what: str) -> None:
    question(shop)
    with pytest.raises(DecisionError) as bad:
        terms(shop, **given)
    assert what in str(bad.value), str(bad.value)
    workspace = opened(shop)
    assert workspace.chain.find(TermsStated) == []
    workspace.chain.engine.dispose()


def test_of_more_options_two_are_named_and_each_needs_somebody(shop: Path) -> None:
    question(shop, options=("keep", "drop", "halve"))
    with pytest.raises(DecisionError, match="has 3 options"):
        terms(shop)
    with pytest.raises(DecisionError, match="nobody is for halve"):
        terms(shop, change="halve: features.request.kind=null", between=("keep", "halve"))
    found = terms(shop, between=("drop", "keep"))
    assert [side.option for side in found.experiment.sides] == ["drop", "keep"]


def test_what_was_asked_and_not_heard_is_waited_for(shop: Path) -> None:
    given = {"project": str(shop), "name": "amount"}
    decide_open(OpenRequest(**given, question="?", option=("keep", "drop"), asks=("lin", "bo", "grace")), asked("ada"))
    for who, option in (("lin", "keep"), ("bo", "drop")):
        decide_say(SayRequest(**given, chosen=option, because="so"), asked(who))
    agreed(shop, "bo", "ada", number=terms(shop).experiment.entry)
    with pytest.raises(DecisionError, match="grace was asked, and not heard"):
        settled(shop)
    assert settled(shop, without=("grace",)).outcome.unheard == ["grace"]


def test_opened_again_it_may_be_settled_anew(shop: Path) -> None:
    from treadle.api.decide import ReviewRequest, decide_review

    question(shop)
    agreed(shop, "bo", "ada", number=terms(shop).experiment.entry)
    settled(shop)
    given = {"project": str(shop), "name": "amount", "holds": "no", "because": "other rows by now"}
    found = decide_review(ReviewRequest(**given), asked("lin"))
    assert found.experiment is None and found.was[0].option == "keep"
    assert terms(shop, margin=0.3).experiment.status == "stated"


def test_killed_between_run_and_outcome_it_is_gone_on_with(shop: Path) -> None:
    question(shop)
    agreed(shop, "bo", "ada", number=terms(shop).experiment.entry)
    workspace = opened(shop)
    with workspace.chain.alone() as alone:
        _, stands = agreed_terms(alone, "amount", TODAY)
    settle(Work(workspace), stands.stated)
    assert workspace.chain.find(DecisionClosed) == []
    workspace.chain.engine.dispose()
    assert settled(shop).outcome.option == "keep"
    workspace = opened(shop)
    assert len(workspace.chain.find(DecisionSettled)) == 1
    workspace.chain.engine.dispose()


def test_rows_that_are_agreed_on_are_kept_and_without_them_nothing_is_run(shop: Path) -> None:
    question(shop)
    agreed(shop, "bo", "ada", number=terms(shop).experiment.entry)
    workspace = opened(shop)
    with workspace.chain.reading() as reader:
        reasons = {reason for each in pins(reader, 0).values() for reason in each}
    assert "decision amount is to be settled on it" in reasons
    with workspace.chain.alone() as alone:
        _, stands = agreed_terms(alone, "amount", TODAY)
    blind = dataclasses.replace(workspace, tables=_Gone(workspace.tables))
    with pytest.raises(DecisionError, match="are not kept any more: orders@0: 1,198 rows"):
        settle(Work(blind), stands.stated)
    workspace.chain.engine.dispose()


def test_who_decides_without_the_experiment_that_all_agreed_to_is_told_so(shop: Path) -> None:
    question(shop)
    agreed(shop, "bo", "ada", number=(number := terms(shop).experiment.entry))
    given = {"project": str(shop), "name": "amount", "chosen": "drop", "because": "I know it"}
    found = decide_close(CloseRequest(**given), asked("ada"))
    assert found.notes == [f"it was decided without the experiment that all had agreed to in #{number}"]


class _Gone:
    def __init__(self, kept: Any) -> None:
        self._kept = kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)

    def present(self, snapshot: Any) -> bool:
        return False


def test_a_metric_that_few_rows_do_not_define_is_told(tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "few", rows=60)
    edit(folder, "approve: reviewer}", PEOPLE)
    workspace = opened(folder)
    run(workspace)
    workspace.chain.engine.dispose()
    question(folder)
    found = terms(folder, metric="roc_auc")
    agreed(folder, "bo", "ada", number=found.experiment.entry)
    with pytest.raises(ModelError, match="30 are needed"):
        settled(folder)


def test_two_who_agree_at_once_are_both_counted(shop: Path) -> None:
    import threading

    question(shop)
    number = terms(shop).experiment.entry
    workspace = opened(shop)
    both = [
        threading.Thread(target=agree, args=(workspace.chain.acting(who), "amount", number, TODAY))
        for who in ("bo", "ada")
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(entry.payload.complete for entry in workspace.chain.find(TermsAgreed)) == [False, True]
    with workspace.chain.reading() as reader:
        assert decision(reader, "amount", TODAY).experiment.status == "agreed"
    workspace.chain.engine.dispose()


def test_on_the_command_line_from_question_to_outcome(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (shop / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")

    def do(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", "decide", *words])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    question(shop)
    place = str(shop)
    change = ("--change", "drop: features.request.amount=null")
    code, _, err = do("terms", place, "amount", *change, "--margin", "0.02")
    assert code == 2 and "--minutes" in err
    code, out, err = do("terms", place, "amount", *change, "--margin", "0.02", "--minutes", "1", "--as", "lin")
    assert code == 0, err
    assert "proposed: by average_precision, margin 0.02, 1 min each" in out and "to agree: bo, ada" in out
    number = json.loads(do("show", place, "amount", "--json")[1])["experiment"]["entry"]
    for who in ("bo", "ada"):
        code, out, err = do("agree", place, "amount", "--terms", str(number), "--as", who)
        assert code == 0, err
    assert "next: treadle decide settle PROJECT amount --by experiment" in out
    assert do("settle", place, "amount", "--by", "vote")[0] == 2
    code, out, err = do("settle", place, "amount", "--by", "experiment")
    assert code == 0, err
    assert "keep is better than drop beyond the margin of 0.02" in out and "✓ keep, ada on" in out
