"""A version before its release: who could review it, what to look at, what is said, how long it took."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from stage_shop import NEWEST, edit, opened, write_shop
from written_shop import packed, released

from treadle.errors import DecisionError, EvidenceError, TeamError
from treadle.evidence import Entry
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.source_read import Increment, SourceRead
from treadle.loop import run
from treadle.models import registry
from treadle.people import approve_within
from treadle.rhythm.checklist import checklist
from treadle.rhythm.owners import owners_of, parse, person_of, read_owners
from treadle.rhythm.review_found import ReviewTimes
from treadle.rhythm.reviewing import review, say
from treadle.rhythm.status import status
from treadle.stages.stating import state_code
from treadle.store import Snapshot
from treadle.workspace import Workspace

PEOPLE = "reviewers: [grace, bo, lin, ada]"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Lin", "-c", "user.email=lin@shop.example")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Lin wrote it, bo owns its contract, ada asks for the release; grace has little to do."""
    folder = write_shop(tmp_path / "shop")
    edit(folder, "reviewers: [grace]", PEOPLE)
    (folder / "CODEOWNERS").write_text("* @grace\n*.yaml nobody@else.example @bo # all of it\n", "utf-8")
    (folder / ".gitignore").write_text(".treadle/\n", "utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "orders")
    return folder


def test_a_version_as_its_reviewer_sees_it(shop: Path) -> None:
    ada = opened(shop)
    run(ada)
    later = opened(shop, now=NEWEST + timedelta(hours=5))
    found = review(later, None)
    assert (found.model, found.status, found.requested_by) == ("shop:1", "waiting for review", "ada")
    assert found.changed == ["orders.yaml", "treadle.yaml"]
    assert found.owners == ["orders.yaml: nobody@else.example, bo", "treadle.yaml: nobody@else.example, bo"]
    assert found.excluded == ["ada asked for the release", "lin wrote what changed"]
    assert [each.person for each in found.proposed] == ["bo", "grace"]
    assert found.proposed[0].why[0] == "owns orders.yaml, treadle.yaml by CODEOWNERS"
    assert found.times.waits == pytest.approx(4.0, abs=0.01) and found.times.reviews == 0
    lines = {line.name: line for line in found.checklist}
    assert list(lines) == ["data", "leakage", "metrics", "cost", "fairness", "security"]
    assert "400 rows of 1 source, 2 set aside" in lines["data"].text and lines["data"].state == "holds"
    assert "opened 1 time" in lines["leakage"].text and "average_precision" in lines["metrics"].text
    assert lines["cost"].state == "unknown" and "the brief sets no limit" in lines["cost"].text
    assert "signed by" in lines["security"].text and all(line.entry for line in found.checklist)

    with later.chain.reading() as reader:
        said = {each.text: each.entries for each in status(later, reader, later.chain.clock())}
    assert said["Rows that broke a rule are set aside, and in no model: 2 of orders."] == [lines["data"].entry]

    (shop / "CODEOWNERS").unlink()
    busy = [
        (ActionOpened(number=n, text=f"thing {n}", owner="bo", due="2024-05-02", origin="minutes"), None)
        for n in range(6)
    ]
    with ada.chain.alone() as alone:
        alone.append_all(busy, "action")
    assert [each.person for each in review(later, "1").proposed] == ["grace", "bo"], "six actions wait for bo"

    grace = opened(shop, now=NEWEST + timedelta(hours=5), actor="grace")
    first = say(grace, None, "why 3 EUR?", "treadle.yaml:4", None)
    assert (first.by, first.about, first.place) == ("grace", "shop:1", "treadle.yaml:4")
    say(ada, "source/orders", "two rows are odd", "", first.entry)
    say(ada, "1", "they cost us that", "", first.entry)
    told = review(later, "1").comments
    assert [(each.by, each.text, each.answers) for each in told] == [
        ("grace", "why 3 EUR?", 0),
        ("ada", "two rows are odd", first.entry),
        ("ada", "they cost us that", first.entry),
    ]
    assert told[0].line.strip().startswith("mistakes:") and not told[0].moved
    edit(shop, "missed: 3", "missed: 4")
    assert review(later, "1").comments[0].moved

    packing = registry.find(ada.chain, "shop", "shop:1")
    model, bundle = packing.payload.model, packing.payload.bundle.digest
    with grace.chain.alone() as alone:
        approve_within(alone, grace.project.spec, model, bundle, by="grace")
    done = review(later, "1")
    assert (done.status, done.approved_by, done.next, done.times.waits) == ("approved", "grace", "", None)
    assert done.times.reviews == 1 and done.times.median == pytest.approx(4.0, abs=0.01)


def requested(workspace: Workspace, number: int) -> Entry[ReviewRequested]:
    said = packed(workspace, number, 0.5).payload
    made = ReviewRequested(model=said.model, bundle=said.bundle, gates=())
    return workspace.chain.append(made, f"model/{said.model}")


def test_times_are_those_of_persons_and_what_a_policy_approved_waits_for_nobody(tmp_path: Path) -> None:
    """shop:1 took grace 3 hours and then bo another one; a policy took shop:2 at once; shop:3 has waited for 6."""
    folder = write_shop(tmp_path / "shop", rows=10)
    requests = [requested(opened(folder), number) for number in (1, 2, 3)]
    for number, who, hours in ((0, "grace", 3), (0, "bo", 4), (1, "policy:gates", 0)):
        said = requests[number].payload
        made = ReviewApproved(model=said.model, bundle=said.bundle, request=requests[number].ref)
        at = opened(folder, now=NEWEST + timedelta(hours=1 + hours), actor=who)
        at.chain.append(made, f"model/{said.model}")
    later = opened(folder, now=NEWEST + timedelta(hours=7))
    assert review(later, "3").times == ReviewTimes(1, 3.0, 3.0, 6.0)
    assert review(later, "2").times.waits is None


def test_what_changed_is_told_against_what_is_served_or_against_the_version_before(tmp_path: Path) -> None:
    folder = write_shop(tmp_path / "shop", rows=10)
    packings = []
    for number in (1, 2, 3):
        edit(folder, f"missed: {number + 2}", f"missed: {number + 3}")
        workspace = opened(folder)
        state_code(workspace)
        packings.append(packed(workspace, number, 0.5))
    whole = ["orders.yaml", "treadle.yaml"]
    assert [review(workspace, each).changed for each in "123"] == [whole, ["treadle.yaml"], ["treadle.yaml"]]
    edit(folder, "version: 1.0.0", "version: 1.0.1", "orders.yaml")
    state_code(opened(folder))
    packed(workspace, 4, 0.5)
    assert review(workspace, "4").changed == ["orders.yaml"]
    released(workspace, packings[1])
    assert [review(workspace, each).changed for each in "1234"] == [whole, ["treadle.yaml"], ["treadle.yaml"], whole]


def test_who_reviewed_much_of_late_is_proposed_after_who_did_not(tmp_path: Path) -> None:
    """Zoe reviewed eight versions, and 20 days later grace did; a version counts once, whatever was said of it."""
    folder = write_shop(tmp_path / "shop", rows=10)
    edit(folder, "reviewers: [grace]", "reviewers: [grace, zoe]")
    for number in range(1, 9):
        requested(opened(folder), number)
    then = NEWEST + timedelta(days=20)
    for who, now in (("zoe", NEWEST + timedelta(hours=2)), ("grace", then)):
        for number in range(1, 9):
            for _ in range(2):
                say(opened(folder, actor=who, now=now), str(number), "look", "", None)
    found = review(opened(folder, now=then), None).proposed
    assert [(each.person, each.load) for each in found] == [("zoe", 0), ("grace", 8)]
    assert found[1].why[-1] == "0 things wait for them, 8 reviewed in 14 days"


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"text": " "}, "a reason is needed"),
        ({"at": "treadle.yaml"}, "is no line"),
        ({"at": "treadle.yml:1"}, "no file treadle.yml"),
        ({"at": "../treadle.yaml:1"}, "no file"),
        ({"at": "treadle.yaml:900"}, "no line 900"),
        ({"at": "treadle.yaml:0"}, "no line 0"),
        ({"answers": 77}, "entry 77 is no comment"),
        ({"about": "no/thing"}, "nothing in the record"),
    ],
)
def test_a_comment_that_points_nowhere_is_refused(tmp_path: Path, given: dict[str, object], what: str) -> None:
    shop = opened(write_shop(tmp_path / "shop"))
    shop.chain.append(ActionOpened(number=1, text="x", owner="ada", due="2024-05-02", origin="minutes"), "action/1")
    asked = {"about": "1", "text": "so?", "at": "", "answers": None} | given
    asked["about"] = "action/1" if asked["about"] == "1" else asked["about"]
    with pytest.raises((TeamError, EvidenceError, DecisionError), match=what):
        say(shop, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "fits", "not_so"),
    [
        ("*", ["a", "a/b.py"], []),
        ("*.py", ["a.py", "x/y.py"], ["a.pyc", "py"]),
        ("/docs/", ["docs/a", "docs/b/c"], ["x/docs/a", "docs"]),
        ("docs/", ["docs/a", "x/docs/a"], ["docs"]),
        ("docs/*", ["docs/a"], ["docs/b/c", "x/docs/a"]),
        ("/a/b.py", ["a/b.py"], ["x/a/b.py"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["z", "b/z"]),
        ("contracts", ["contracts/orders.yaml", "x/contracts/a", "contracts"], ["contractsx"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_patterns_of_owners(pattern: str, fits: list[str], not_so: list[str]) -> None:
    rules = parse(f"{pattern} @ada")
    assert [path for path in (*fits, *not_so) if owners_of(path, rules)] == fits


def test_the_last_pattern_counts_also_where_it_names_nobody(tmp_path: Path) -> None:
    rules = parse("# all\n* @ada @grace\n\nsrc/ @bo\nsrc/free.py\n!x @bo\na\\ b @lin\n")
    assert owners_of("x", rules) == ("@ada", "@grace") and owners_of("src/a", rules) == ("@bo",)
    assert owners_of("src/free.py", rules) == () and owners_of("a b", rules) == ("@lin",)
    assert person_of("@Grace", ["ada", "grace"]) == "grace" and person_of("grace@shop.example", ["grace"]) == "grace"
    assert person_of("@shop/team", ["ada"]) == ""
    assert read_owners(tmp_path) is None


def test_a_source_that_was_read_twice_is_counted_once(shop: Path) -> None:
    """An expert's answer leads back to what was read when it was asked; increments tell what they added."""

    def read(source: str, rows: int, of: int, added: int | None = None) -> Entry[SourceRead]:
        table = Snapshot(f"shop/{source}", 1, f"{rows:064d}", of)
        told = None if added is None else Increment(added=added)
        said = SourceRead(table=table, rows=rows, quarantined=0, rules=1, bytes=1, increment=told)
        return ada.chain.append(said, f"source/{source}")

    ada = opened(shop)
    led = [read("orders", 1400, 1400), read("orders", 1400, 1400), read("events", 100, 100, 100),
           read("events", 5, 105, 5)]  # fmt: skip
    (data, *_) = checklist(ada, packed(ada, 1, 0.5), led, [])
    assert data.text.startswith("1,505 rows of 2 sources, 0 set aside")
