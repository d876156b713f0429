"""What a team wrote, as files: the same bytes of the same record, edits read back, conflicts found, nothing lost."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_shop import edit
from written_shop import packed, written_shop

from treadle.cli import main
from treadle.errors import TeamError
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.checkin_kept import CheckinKept
from treadle.evidence.kinds.concerns_shown import Concern, ConcernsShown
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.feedback_given import FeedbackGiven
from treadle.evidence.kinds.growth_planned import GrowthPlanned
from treadle.evidence.kinds.mediation_noted import MediationNoted
from treadle.evidence.kinds.meeting_held import MeetingHeld
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.filing.found import FolderRead, FolderWritten
from treadle.filing.front import composed, parsed
from treadle.filing.pages import pages
from treadle.filing.reading import _take, read_folder
from treadle.filing.writing import write_folder
from treadle.knowledge.notes import versions_of
from treadle.knowledge.writing import Draft, add_note, edit_note
from treadle.people.deciding import close_decision, open_decision, state_position
from treadle.people.team import confirm
from treadle.rhythm.acting import change_action
from treadle.rhythm.actions import action
from treadle.rhythm.meeting import keep_minutes, last_meeting, minutes
from treadle.rhythm.milestones import drop_milestone, set_milestone
from treadle.rhythm.retros import keep_retro, open_retro
from treadle.spec import load
from treadle.store import Blob
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    people = "approve: reviewer, roles: {expert: [lin], lead: [bo]}}\n  charter: {vision: Fewer parcels come back.}"
    edit(tmp_path / "shop", "approve: reviewer}", people)
    made = replace(made, project=load(tmp_path / "shop"))
    packed(by(made, "ada"), 1, 0.5)
    add_note(
        by(made, "ada"), "gain", "note", Draft(text="# Gain\n\nIt is {shop.average_precision}.\n---\nend", tags=("a",))
    )
    keep_minutes(by(made, "ada").chain, made.project.spec, "", "We met.\n- [ ] Ask the shop @lin 2026-03-30", ["ada"])
    return made


def by(shop: Workspace, who: str) -> Workspace:
    return replace(shop, chain=replace(shop.chain, actor=who, clock=lambda: NOW))


def folder(shop: Workspace) -> Path:
    return shop.project.root / "records"


def export(shop: Workspace) -> FolderWritten:
    return write_folder(by(shop, "ada"), folder(shop), "records")


def take(shop: Workspace, who: str = "lin", *, look: bool = False) -> FolderRead:
    return read_folder(by(shop, who), folder(shop), "records", look=look)


def change(shop: Workspace, file: str, old: str, new: str) -> None:
    place = folder(shop) / file
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")


def minutes_file(shop: Workspace) -> str:
    (found,) = (folder(shop) / "minutes").iterdir()
    return f"minutes/{found.name}"


def taken(found: FolderRead) -> list[tuple[str, str]]:
    return [(each.file, each.what) for each in found.taken]


def refused(found: FolderRead) -> list[tuple[str, str]]:
    return [(each.file, each.what) for each in found.refused]


def test_the_same_record_makes_the_same_bytes_and_nothing_is_written_twice(shop: Workspace, tmp_path: Path) -> None:
    first = export(shop)
    assert first.written == [
        "README.md", "actions/1.md", "charter.md", minutes_file(shop), "notes/gain.md",
    ]  # fmt: skip
    before = {file: (folder(shop) / file).stat().st_mtime_ns for file in first.written}
    again = export(shop)
    assert (again.written, again.same, again.kept) == ([], 5, [])
    assert before == {file: (folder(shop) / file).stat().st_mtime_ns for file in first.written}
    write_folder(by(shop, "bo"), tmp_path / "else", "else")
    for file in first.written:
        assert (tmp_path / "else" / file).read_bytes() == (folder(shop) / file).read_bytes()
    nothing = take(shop)
    assert (nothing.same, nothing.taken, nothing.refused, nothing.conflicts, nothing.ok) == (5, [], [], [], True)
    change_action(by(shop, "lin").chain, shop.project.spec, 1, state="done", because="asked")
    assert export(shop).written == ["actions/1.md"], "no other file has a diff"


def test_every_sort_of_record_is_a_file_and_nothing_private_is_in_any(shop: Workspace) -> None:
    alert = by(shop, "ada").chain.append(
        AlertRaised(model="shop:1", about="d", until="x", text="amount drifts"), "endpoint/shop"
    )
    open_retro(by(shop, "bo"), "drift", str(alert.seq), 2)
    keep_retro(by(shop, "bo"), "drift", "bo did not look.", ["no alarm"], ["Set one @lin 2026-04-01"])
    set_milestone(by(shop, "ada"), "first", "A model", "2026-04-01", ["released"])
    confirm(by(shop, "lin").chain, "shop", shop.project.spec.brief)
    chain = by(shop, "ada").chain
    asked = DecisionOpened(
        decision="weather", question="Keep it?", options=(Option("keep"), Option("drop")), decides="ada",
        asked=("bo", "lin"), until="2026-03-25", mediator="grace",
    )  # fmt: skip
    open_decision(chain, shop.project.spec, asked, TODAY)
    state_position(by(shop, "bo").chain, "weather", "drop", "it gains nothing", (), TODAY)
    close_decision(chain, "weather", "keep", "it is cheap", ["lin"], TODAY)
    private = (
        FeedbackGiven(to="bo", saw="SECRET", effect="SECRET", request="SECRET"),
        ConcernsShown(concerns=(Concern("SECRET", "SECRET"),)),
        CheckinKept(week="2026-W12", digest="SECRET"),
        MediationNoted(decision="weather", note=Blob("5EC2E7" * 10 + "0000", "note")),
        GrowthPlanned(number=1, area="SECRET", mentor="ada", tasks=()),
    )
    for payload in private:
        chain.append(payload, "decision/weather" if isinstance(payload, MediationNoted) else "shop")
    export(shop)
    every = {str(each.relative_to(folder(shop))): each.read_text("utf-8") for each in folder(shop).rglob("*.md")}
    assert "SECRET" not in (told := "".join(every.values())) and "5EC2E7" not in told
    weather = every["decisions/weather.md"]
    assert "- bo is for **drop**: it gains nothing" in weather and "lin was asked, and has said nothing yet" in weather
    assert "**keep**, by ada on 2026-03-20: it is cheap" in weather and "against: bo" in weather
    assert {"retros/drift.md", "milestones/first.md", "charter.md", "actions/2.md"} <= set(every)
    assert "somebody did not look." in every["retros/drift.md"] and "bo" not in every["retros/drift.md"].split()
    assert "Fewer parcels come back." in every["charter.md"] and "- lin on 2026-03-20" in every["charter.md"]
    assert "- `released`" in every["milestones/first.md"]


def test_an_edited_note_is_a_version_in_the_name_of_who_reads_it_in(shop: Workspace) -> None:
    export(shop)
    change(shop, "notes/gain.md", "end", "the end")
    change(shop, "notes/gain.md", "tags: a", "tags: a, B")
    assert taken(take(shop, look=True)) == [("notes/gain.md", "tags: a, B; another text")]
    with shop.chain.reading() as reader:
        assert len(versions_of(reader, "gain")) == 1, "only looked"
    assert len(take(shop).taken) == 1
    with shop.chain.reading() as reader:
        last = versions_of(reader, "gain")[-1]
    assert (last.actor, last.payload.number, last.payload.tags) == ("lin", 2, ("a", "b"))
    assert last.payload.text == "# Gain\n\nIt is {shop.average_precision}.\n---\nthe end"
    again = take(shop)
    assert (again.taken, again.conflicts, again.refused) == ([], [], []), "a second reading takes nothing twice"
    assert export(shop).written == ["notes/gain.md"], "what was taken is written over"
    assert export(shop).same == 5


def test_minutes_are_corrected_and_what_is_new_to_do_in_them_is_an_action(shop: Workspace) -> None:
    export(shop)
    change(shop, minutes_file(shop), "We met.", "We met, and laughed.\n- [ ] Ask bo too @bo 2026-04-02")
    (told,) = take(shop).taken
    assert told.what.startswith("another text")
    spec = shop.project.spec
    with shop.chain.reading() as reader:
        (found,) = minutes(reader, "shop", TODAY, 5)
        first = last_meeting(reader, "shop")
    assert found.text.startswith("We met, and laughed.") and found.by == "lin"
    assert [(each.text, each.owner) for each in found.actions] == [("Ask the shop", "lin"), ("Ask bo too", "bo")]
    assert first is not None and first.actor == "ada", "the next agenda begins where they were kept first"
    export(shop)
    change(shop, minutes_file(shop), "- [ ] Ask bo too @bo 2026-04-02", "- [ ] Ask nobody")
    at = (folder(shop) / minutes_file(shop)).read_text("utf-8").splitlines().index("- [ ] Ask nobody") + 1
    assert refused(take(shop)) == [
        (minutes_file(shop), f'"Ask nobody" lacks an owner, such as @lin and a day, such as 2027-01-15 (line {at})')
    ]
    change(shop, minutes_file(shop), "- [ ] Ask nobody", "")
    (told,) = take(shop).taken
    assert "the action of 'Ask bo too' stays: treadle actions close or move" in told.what
    assert spec.project == "shop"


def test_what_is_only_looked_at_is_refused_as_it_would_be_and_nothing_is_kept(shop: Workspace) -> None:
    export(shop)
    size = len(shop.chain.find())
    change(shop, minutes_file(shop), "We met.", "We met.\n- [ ] Ask @nobody 2026-04-02\n- [ ] Go @lin 2.4.2026")
    change(shop, "actions/1.md", "due: 2026-03-30", "due: 2026-04-30")
    change(shop, "notes/gain.md", "end", "the end {shop.nothing}")
    (folder(shop) / "notes" / "Bad Name.md").write_text("---\ntitle: x\n---\nText\n", "utf-8")
    (folder(shop) / "notes" / "fine.md").write_text("---\ntitle: x\n---\nText\n", "utf-8")
    (folder(shop) / "actions" / "gates.md").write_text("---\nowner: bo\ndue: soon\n---\nAsk for gates\n", "utf-8")
    looked = take(shop, look=True)
    assert taken(looked) == [("notes/fine.md", "a new note")]
    assert len(shop.chain.find()) == size and looked.looked
    done = take(shop)
    assert refused(looked) == refused(done) and len(looked.refused) == 5 and len(done.taken) == 1
    (minutes,) = [each for each in looked.refused if each.file == minutes_file(shop)]
    assert "nobody is nobody of shop (line 9)" in minutes.what and "lacks a day, such as" in minutes.what
    assert "of 2.4.2026, write 2026-04-02" in minutes.do, "all that is wrong is told"


def test_a_file_that_is_only_written_is_had_again_by_taking_it_away(shop: Workspace) -> None:
    set_milestone(by(shop, "ada"), "good", "", "2026-04-01", ["released"])
    export(shop)
    change(shop, "milestones/good.md", "`released`", "nothing")
    (kept,) = export(shop).kept
    (told,) = take(shop).refused
    assert told.what == "milestone: not changed by its file" and kept.do == told.do
    assert told.do.startswith("delete milestones/good.md, and treadle team export writes it anew")
    (folder(shop) / "milestones/good.md").unlink()
    assert export(shop).written == ["milestones/good.md"] and take(shop).ok


def test_an_action_is_closed_moved_and_opened_by_its_file(shop: Workspace) -> None:
    export(shop)
    change(shop, "actions/1.md", "due: 2026-03-30", "due: 2026-04-30")
    (wrong,) = take(shop).refused
    assert (wrong.what, wrong.do) == (
        "a reason is needed (because)",
        "say it in a sentence; it stays in the record",
    )
    change(shop, "actions/1.md", "because:", "because: they are closed")
    assert taken(take(shop))[0][1].startswith("due: 2026-04-30 (#")
    export(shop)
    change(shop, "actions/1.md", "state: open", "state: done")
    take(shop)
    with shop.chain.reading() as reader:
        found, _ = action(reader, 1, TODAY)
    assert (found.state, found.due, len(found.history)) == ("done", "2026-04-30", 2)
    (folder(shop) / "actions" / "gates.md").write_text("---\nowner: bo\ndue: 2026-04-01\n---\nAsk for gates\n", "utf-8")
    assert taken(take(shop)) == [("actions/gates.md", "is action 2 now")]
    assert [each.what for each in take(shop).again] == ["it is action 2"], "not opened twice"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("state: open", "state: late", '"late" is no state'),
        ("state: open", "state: done\nmore: x", "more: says nothing of a action"),
        ("action: 1", "action: 2", "action: is not changed by a file"),
        ("origin: meeting", "origin: x meeting", "origin: is not changed by a file"),
        ("because:", "because: ", "a reason alone changes nothing"),
        ("Ask the shop", "Ask nobody", "the text of an action stays"),
        ("due: 2026-03-30", "due: soon", '"soon" is no day (due)'),
        ("owner: lin", "owner:", " is nobody of shop"),
        ("owner: lin", "owner: mallory", "mallory is nobody of shop"),
        ("state: open\nowner: lin", "state: done\nowner: bo", "who is done with it has no other day or owner"),
        ("owner: lin", "owner: lin\nowner: bo", '"owner: bo" stands there twice (line 5)'),
        ("---\nAsk", "Ask", "it does not begin with lines between two ---"),
        ("owner: lin", "- &a [*a, *a]", '"- &a [*a, *a]" is no line "name: value" (line 4)'),
    ],
)
def test_what_a_file_of_an_action_cannot_say_is_refused(shop: Workspace, old: str, new: str, what: str) -> None:
    export(shop)
    size = len(shop.chain.find())
    change(shop, "actions/1.md", old, new)
    change(shop, "actions/1.md", "because:", "because: x")
    found = take(shop)
    assert [told[: len(what)] for _, told in refused(found)] == [what]
    assert not found.ok and len(shop.chain.find()) == size


def test_a_reason_of_before_is_none_of_what_comes_after(shop: Workspace) -> None:
    """The file goes on to say why it was moved: who moves it again, or is done with it, gives a reason of their own."""
    export(shop)
    change(shop, "actions/1.md", "due: 2026-03-30", "due: 2026-04-30")
    change(shop, "actions/1.md", "because:", "because: they are closed")
    take(shop)
    export(shop)
    change(shop, "actions/1.md", "due: 2026-04-30", "due: 2026-05-30")
    assert [each.what for each in take(shop).refused] == ["a reason is needed (because)"]
    change(shop, "actions/1.md", "due: 2026-05-30", "due: 2026-04-30")
    change(shop, "actions/1.md", "state: open", "state: done")
    assert len(take(shop).taken) == 1
    with shop.chain.reading() as reader:
        found, _ = action(reader, 1, TODAY)
    assert found.state == "done" and shop.chain.find()[-1].payload.because == ""  # type: ignore[union-attr]


def test_an_action_that_changes_while_its_file_is_taken_is_not_written_over(shop: Workspace) -> None:
    export(shop)
    change(shop, "actions/1.md", "state: open", "state: dropped")
    change(shop, "actions/1.md", "because:", "because: no need")
    found = parsed((folder(shop) / "actions/1.md").read_bytes(), "actions/1.md")
    with shop.chain.reading() as reader:
        page = pages(shop, reader)["actions/1.md"]
    change_action(by(shop, "bo").chain, shop.project.spec, 1, state="open", owner="bo", because="x")
    with pytest.raises(TeamError, match="changed meanwhile"):
        _take(by(shop, "lin"), page, "actions/1.md", found)


def test_two_new_actions_by_one_name_are_two_and_one_that_was_looked_at_is_one(shop: Workspace) -> None:
    export(shop)
    place = folder(shop) / "actions" / "gates.md"
    place.write_text("---\nowner: bo\ndue: 2026-04-01\n---\nAsk for gates\n", "utf-8")
    assert taken(take(shop, look=True)) == [("actions/gates.md", "a new action")]
    assert taken(take(shop)) == [("actions/gates.md", "is action 2 now")]
    assert [each.what for each in take(shop, look=True).again] == ["it is action 2"]
    place.write_text("---\nowner: bo\ndue: 2026-04-01\n---\nAsk for slots\n", "utf-8")
    assert taken(take(shop)) == [("actions/gates.md", "is action 3 now")]


def test_a_file_from_another_record_is_no_conflict_with_anybody(shop: Workspace) -> None:
    export(shop)
    for file in ("actions/1.md", "notes/gain.md"):
        place = folder(shop) / file
        lines = place.read_text("utf-8").splitlines()
        other = [f"entry: {'0' * 64}" if line.startswith("entry: ") else line for line in lines]
        place.write_text("\n".join(other).replace("state: open", "state: done").replace("end", "the end"), "utf-8")
    found = take(shop)
    assert found.conflicts == [] and refused(found) == [
        ("actions/1.md", "its entry is none of this record"), ("notes/gain.md", "its entry is none of this record"),
    ]  # fmt: skip


def test_a_kind_s_folder_that_leads_elsewhere_is_neither_written_nor_read(shop: Workspace, tmp_path: Path) -> None:
    export(shop)
    (tmp_path / "elsewhere").mkdir()
    (folder(shop) / "retros").symlink_to(tmp_path / "elsewhere")
    for act in (export, take):
        with pytest.raises(TeamError, match="retros is no folder, or a link to one"):
            act(shop)


def test_two_who_edit_the_same_get_both_and_lose_neither(shop: Workspace) -> None:
    export(shop)
    change(shop, "notes/gain.md", "end", "mine")
    change(shop, "actions/1.md", "state: open", "state: dropped")
    change(shop, "actions/1.md", "because:", "because: no need")
    change(shop, minutes_file(shop), "We met.", "We quarrelled.")
    mine = {file: (folder(shop) / file).read_bytes() for file in ("notes/gain.md", "actions/1.md", minutes_file(shop))}
    edit_note(by(shop, "bo"), "gain", 1, Draft(text="theirs"))
    change_action(by(shop, "bo").chain, shop.project.spec, 1, state="done", because="asked")
    other = shop.project.root / "other"
    write_folder(by(shop, "bo"), other, "other")
    place = other / minutes_file(shop)
    place.write_text(place.read_text("utf-8").replace("We met.", "We sang."), "utf-8")
    read_folder(by(shop, "bo"), other, "other", look=False)
    size = len(shop.chain.find())
    found = take(shop)
    assert [(each.file, each.by) for each in found.conflicts] == [
        ("actions/1.md", "bo"), (minutes_file(shop), "bo"), ("notes/gain.md", "bo"),
    ]  # fmt: skip
    note = found.conflicts[2]
    assert "theirs" in note.theirs and "mine" in note.yours and not found.ok
    assert len(shop.chain.find()) == size
    kept = export(shop).kept
    assert [each.file for each in kept] == sorted(mine), "what was edited is not written over"
    assert {file: (folder(shop) / file).read_bytes() for file in mine} == mine


def test_an_old_file_that_nobody_edited_is_no_conflict(shop: Workspace) -> None:
    export(shop)
    edit_note(by(shop, "bo"), "gain", 1, Draft(text="theirs"))
    assert (take(shop).older, take(shop).ok) == (["notes/gain.md"], True)
    assert export(shop).written == ["notes/gain.md"]


def test_who_wrote_between_reading_and_writing_is_not_written_over(shop: Workspace) -> None:
    number = 1
    with shop.chain.reading() as reader:
        _, opened = action(reader, number, TODAY)
    change_action(by(shop, "bo").chain, shop.project.spec, number, state="done")
    with pytest.raises(TeamError, match="changed meanwhile"):
        change_action(by(shop, "lin").chain, shop.project.spec, number, state="dropped", because="x", seen=opened.hash)


def test_a_file_that_is_gone_deletes_nothing(shop: Workspace) -> None:
    export(shop)
    (folder(shop) / "notes" / "gain.md").unlink()
    found = take(shop)
    assert (found.missing, found.taken, found.ok) == (["notes/gain.md"], [], True)
    assert export(shop).written == ["notes/gain.md"]


def test_what_only_commands_change_is_refused_with_the_command(shop: Workspace) -> None:
    set_milestone(by(shop, "ada"), "first", "A model", "2026-04-01", ["released"])
    export(shop)
    for file, old in (("milestones/first.md", "due: 2026-04-01"), ("charter.md", "Fewer"), ("README.md", "What shop")):
        change(shop, file, old, "due: x" if old.startswith("due") else "x")
    found = take(shop)
    assert [(each.file, each.do.partition("; what changes it: ")[2]) for each in found.refused] == [
        ("README.md", ""),
        ("charter.md", "edit the brief in the project file; then everybody: treadle team confirm ."),
        ("milestones/first.md", "treadle milestones set . first"),
    ]  # fmt: skip


def test_a_new_note_is_a_file_that_was_written_by_hand(shop: Workspace) -> None:
    export(shop)
    place = folder(shop) / "notes"
    (place / "encoding.md").write_text("---\ntags: x\nsort: paper\nsource: SIGKDD\n---\n# Encoding\nRates.\n", "utf-8")
    (place / "Bad Name.md").write_text("---\ntags: x\n---\ntext\n", "utf-8")
    (place / "gone.md").write_bytes(composed({"note": "gone", "entry": "0" * 64}, "x"))
    (folder(shop) / "decisions").mkdir()
    (folder(shop) / "decisions" / "new.md").write_text("---\nquestion: x\n---\n", "utf-8")
    found = take(shop)
    assert [file for file, _ in taken(found)] == ["notes/encoding.md"]
    assert refused(found) == [
        ("decisions/new.md", "nothing new is taken of this folder"),
        ("notes/Bad Name.md", '"Bad Name" is no name for a note (NAME)'),
        ("notes/gone.md", "no record is called so"),
    ]  # fmt: skip
    assert "notes/encoding.md" in export(shop).written and take(shop).same == 6


def test_files_that_mean_harm_are_refused(shop: Workspace, tmp_path: Path) -> None:
    export(shop)
    secret = tmp_path / "secret.md"
    secret.write_text("---\ntitle: x\n---\nkey\n", "utf-8")
    place = folder(shop) / "notes"
    (place / "link.md").symlink_to(secret)
    os.mkfifo(place / "pipe.md")
    (place / "large.md").write_bytes(b"---\n---\n" + b"x" * 1_000_001)
    (place / "latin.md").write_bytes("---\ntitle: é\n---\nx".encode("latin-1"))
    (place / "nul.md").write_bytes(b"---\ntitle: x\n---\nx\0y")
    (place / "bomb.md").write_text("---\na: &a [x]\nb: *a\n---\n!!python/object/apply:os.system [id]\n", "utf-8")
    (place / "deep.md").mkdir()
    size, found = len(shop.chain.find()), take(shop)
    assert sorted(refused(found)) == [
        ("notes/bomb.md", "a: says nothing of what is new"),
        ("notes/large.md", "it has more than 1,000,000 bytes"),
        ("notes/latin.md", "it is no UTF-8"),
        ("notes/link.md", "it is no plain file that can be read"),
        ("notes/nul.md", "it has a NUL in it"),
        ("notes/pipe.md", "it is no plain file"),
    ]  # fmt: skip
    assert len(shop.chain.find()) == size
    note = place / "gain.md"
    note.unlink()
    note.symlink_to(secret)
    assert [each.file for each in export(shop).kept] == ["notes/gain.md"]
    assert secret.read_text("utf-8") == "---\ntitle: x\n---\nkey\n"


def test_a_record_that_was_forged_leads_out_of_no_folder(shop: Workspace) -> None:
    """No command takes such names; whoever writes into a catalog can."""
    chain = by(shop, "ada").chain
    chain.append(NoteWritten(note="../../out", number=1, title="x\n---\ninjected: y", text="t"), "note/../../out")
    chain.append(MeetingHeld(day="../../day", text="t", present=("ada",)), "meeting/shop")
    before = set(shop.project.root.parent.rglob("*"))
    written = export(shop).written
    new = {each for each in shop.project.root.parent.rglob("*.md") if each not in before}
    assert new == {folder(shop) / file for file in written} and take(shop).same == len(written)
    assert all(file.count("/") < 2 and ".." not in file for file in written)


def test_a_folder_of_something_else_is_not_written_to(shop: Workspace, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    with pytest.raises(TeamError, match="there are no records"):
        read_folder(by(shop, "ada"), docs, "docs", look=True)
    (docs / "README.md").write_text("# Ours\n", "utf-8")
    (tmp_path / "link").symlink_to(docs)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_bytes(composed({"records": "bank"}, "x"))
    for place, what in (
        (docs, "has other things"),
        (tmp_path / "other", "has records of bank"),
        (tmp_path / "link", "no folder, or a link"),
        (shop.project.root / "treadle.yaml", "no folder"),
        (shop.project.root / ".treadle" / "x", "the workspace itself"),
    ):  # fmt: skip
        with pytest.raises(TeamError, match=what):
            write_folder(by(shop, "ada"), place, "x")
    assert (docs / "README.md").read_text("utf-8") == "# Ours\n" and len(list(docs.iterdir())) == 1


_LINE = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(_LINE, min_size=1, max_size=4), text=_LINE)
def test_what_is_written_is_read_as_it_was_and_known_as_not_edited(values: list[str], text: str) -> None:
    head = {f"n{'abcd'[number]}": value for number, value in enumerate(values)}
    found = parsed(composed(head, text), "x")
    assert found.head == {name: " ".join(value.split()) for name, value in head.items()}
    assert not found.edited and composed(found.head, found.text) == composed(head, text)
    assert parsed(composed(head, text).replace(b"\n", b"\r\n"), "x").edited == ("\r" in text)


def test_out_and_in_at_the_command_line(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(shop.project.root)
    with (shop.project.root / "treadle.yaml").open("a", encoding="utf-8") as file:
        file.write("access: {trust: local, logins: {'*': ada}}\n")
    shop.chain.engine.dispose()

    def do(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treadle", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return (code, *capsys.readouterr())

    assert "5 written to records, 0 were so already" in do("team", "export", place)[1]
    change(shop, "notes/gain.md", "end", "the end")
    code, out, _ = do("team", "import", place, "--look", "--as", "lin")
    assert code == 0 and "notes/gain.md: another text" in out and "1 would be taken; 4 unchanged" in out
    assert json.loads(do("team", "import", place, "--as", "lin", "--json")[1])["ok"]
    do("team", "export", place)
    change(shop, "notes/gain.md", "the end", "the very end")
    shown = do("notes", "edit", place, "gain", "--instead-of", "2", "--text", "theirs", "--as", "bo")
    assert shown[0] == 0, shown
    code, out, _ = do("team", "import", place, "--as", "lin")
    assert code == 1 and "conflict" in out and "-theirs" in out and "+the very end" in out
    assert do("team", "import", place, "--folder", "nowhere")[0] == 1


def test_signs_that_move_a_terminal_are_written_still_and_come_back_as_no_edit(shop: Workspace):
    odd = "Gain\x1b[31m \u202eup\x07"
    add_note(by(shop, "ada"), "odd", "note", Draft(text=f"It is {odd}.", title=odd))
    export(shop)
    content = (folder(shop) / "notes" / "odd.md").read_text(encoding="utf-8")
    assert "Gain\ufffd[31m \ufffdup\ufffd" in content and not set(content) & set("\x1b\u202e\x07")
    assert not export(shop).written and not take(shop).taken
    change(shop, "notes/odd.md", "It is", "It was")
    assert [each.file for each in take(shop).taken] == ["notes/odd.md"]


def test_signs_that_move_a_terminal_stay_where_nobody_edited(shop: Workspace):
    """Hebrew between its signs of direction, in a line of its own and in the title."""
    first, title = "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 is the name.", "\u2067\u05e9\u05dc\u05d5\u05dd\u2069"
    add_note(by(shop, "ada"), "odd", "note", Draft(text=f"{first}\nIt is short.", title=title, tags=("x",)))
    export(shop)
    change(shop, "notes/odd.md", "tags: x", "tags: x, y")
    assert len(take(shop).taken) == 1
    export(shop)
    change(shop, "notes/odd.md", "It is short.", "It was short.")
    assert len(take(shop).taken) == 1
    said = shop.chain.find(NoteWritten)[-1].payload
    assert (said.text, said.title, said.tags) == (f"{first}\nIt was short.", title, ("x", "y"))


def test_a_file_of_what_was_dropped_since_is_an_older_one(shop: Workspace):
    set_milestone(by(shop, "ada"), "first", "A model", "2026-04-01", ["released"])
    export(shop)
    drop_milestone(by(shop, "ada"), "first", "it is of no use")
    found = take(shop)
    assert found.ok and "milestones/first.md" in found.older
    (folder(shop) / "notes" / "gain.md").rename(folder(shop) / "notes" / "lift.md")
    assert [each.file for each in take(shop).refused] == ["notes/lift.md"], "a file keeps its name"
    (folder(shop) / "notes" / "lift.md").unlink()
    change(shop, "milestones/first.md", "A model", "Another model")
    assert [each.file for each in take(shop).refused] == ["milestones/first.md"]


def test_a_file_that_was_renamed_is_no_older_one_whatever_its_entry_is(shop: Workspace):
    """Neither that of a milestone that stands, nor that of a note whose entry no page stands by any more."""
    set_milestone(by(shop, "ada"), "first", "A model", "2026-04-01", ["released"])
    export(shop)
    edit_note(by(shop, "ada"), "gain", 1, Draft(text="Another"))
    (folder(shop) / "milestones" / "first.md").rename(folder(shop) / "milestones" / "last.md")
    (folder(shop) / "notes" / "gain.md").rename(folder(shop) / "notes" / "lift.md")
    wanted = [("milestones/last.md", "no record is called so"), ("notes/lift.md", "no record is called so")]
    assert sorted(refused(take(shop))) == wanted


def test_what_a_killed_export_left_is_cleared_and_what_is_being_written_stays(shop: Workspace):
    export(shop)
    dead, young, other = (folder(shop) / "actions" / name for name in (".1.md.7.a.part", ".2.md.8.b.part", "x.part"))
    for each in (dead, young, other):
        each.write_text("half")
    for each in (dead, other):
        os.utime(each, (0, 0))
    export(shop)
    assert [each.exists() for each in (dead, young, other)] == [False, True, True]
