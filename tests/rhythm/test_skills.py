"""Who knows what: by what was done, with decay, beside what each says; areas of one alone; a newcomer's first days."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from stage_shop import edit
from written_shop import packed, released, searched, trial, written_shop

from treadle.errors import TeamError
from treadle.evidence import Payload, StepInput
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.knowledge.writing import Draft, add_note
from treadle.repository import touched
from treadle.rhythm.areas import AREAS, area_of
from treadle.rhythm.found import Area
from treadle.rhythm.skills import Map, rate, skills
from treadle.rhythm.starting import first_days
from treadle.spec import load
from treadle.workspace import Workspace

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = written_shop(tmp_path / "shop")
    edit(tmp_path / "shop", "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
    return replace(made, project=load(tmp_path / "shop"))


def did(shop: Workspace, who: str, days: float = 0) -> Workspace:
    return replace(shop, chain=replace(shop.chain, actor=who, clock=lambda: NOW - timedelta(days=days)))


def shown(shop: Workspace) -> Map:
    with shop.chain.reading() as reader:
        return skills(shop, reader, NOW)


def area(shop: Workspace, name: str) -> Area:
    return next(each for each in shown(shop).areas if each.name == name)


def test_what_was_done_counts_by_half_after_180_days(shop: Workspace) -> None:
    for days in (0, 180, 360):
        searched(did(shop, "ada", days), trial(0, "mlp", 0.3))
    (ada,) = area(shop, "training").people
    assert (ada.person, ada.recent, ada.grounds, ada.last[:10]) == ("ada", 1.75, ["3 training.search"], "2026-03-20")


def test_acts_of_one_month_count_by_the_day_of_each(shop: Workspace) -> None:
    """Of two in March, 18 days apart, the older one counts 0.5 ** (18 / 180) = 0.933."""
    for days in (0, 18):
        searched(did(shop, "ada", days), trial(0, "mlp", 0.3))
    assert area(shop, "training").people[0].recent == 1.93


class Search(StepInput[ModelsSearched], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = ModelsSearched


def test_what_failed_is_nothing_done(shop: Workspace) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError), did(shop, "lin").chain.step(Search(), "shop"):
            raise RuntimeError("the disk is full")
    assert area(shop, "training").people == []
    searched(did(shop, "lin"), trial(0, "mlp", 0.3))
    (lin,) = area(shop, "training").people
    assert (lin.recent, lin.grounds) == (1.0, ["1 training.search"])


def test_an_area_that_one_alone_knows_is_told_and_a_pair_proposed(shop: Workspace) -> None:
    for _ in range(30):
        searched(did(shop, "ada"), trial(0, "mlp", 0.3))
    searched(did(shop, "lin", 90), trial(0, "mlp", 0.3))
    searched(did(shop, "service:ci"), trial(0, "mlp", 0.3))
    found = area(shop, "training")
    assert found.alone == "ada" and [each.person for each in found.people] == ["ada", "lin"]
    (pair,) = shown(shop).pairs
    assert (pair.area, pair.knows, pair.learns) == ("training", "ada", "lin")
    assert pair.why == "ada alone knows training; lin did a little there already"
    for _ in range(5):
        searched(did(shop, "lin"), trial(0, "mlp", 0.3))
    assert area(shop, "training").alone == "" and shown(shop).pairs == []


def test_pairs_do_not_all_fall_to_one(shop: Workspace) -> None:
    packed(did(shop, "ada"), 1, 0.5)
    searched(did(shop, "ada"), trial(0, "mlp", 0.3))
    add_note(did(shop, "ada"), "n", "note", Draft(text="x"))
    assert len({pair.learns for pair in shown(shop).pairs}) == 3


def test_who_left_knows_nothing_for_the_project(shop: Workspace) -> None:
    searched(did(shop, "gone"), trial(0, "mlp", 0.3))
    found = area(shop, "training")
    assert found.nobody and found.alone == "" and [each.person for each in found.people] == ["gone"]
    searched(did(shop, "ada", 400), trial(0, "mlp", 0.3))
    assert area(shop, "training").nobody, "what is long past is forgotten"


def test_what_each_says_stands_beside_what_they_did(shop: Workspace) -> None:
    searched(did(shop, "ada"), trial(0, "mlp", 0.3))
    known = [name for name, _ in AREAS]
    rate(did(shop, "lin").chain, known, "training", "some")
    assert area(shop, "training").alone == "ada", "to know some is not to know"
    rate(did(shop, "lin").chain, known, "training", "teaches")
    found = area(shop, "training")
    assert [(k.person, k.recent, k.rated) for k in found.people] == [("ada", 1.0, ""), ("lin", 0.0, "teaches")]
    assert found.alone == ""
    with pytest.raises(TeamError, match="there is no area trainings") as told:
        rate(shop.chain, known, "trainings", "new")
    assert told.value.mend == 'did you mean "training"?'


def test_every_kind_is_in_one_area_at_the_most() -> None:
    from treadle.evidence import known_kinds

    for kind in known_kinds():
        assert sum(kind.startswith(begins) for _, begins in AREAS) <= 1, kind
    assert area_of("training.fit") == "training" and area_of("review.approved") == "releases" and area_of("x") == ""


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def commit(folder: Path, file: str, text: str = "x", author: str = "A <ada@example.org>", note: str = "edit") -> None:
    place = folder / file
    place.parent.mkdir(exist_ok=True, parents=True)
    place.write_text(text, "utf-8")
    git(folder, "add", "--", file)
    git(folder, "commit", "-q", f"--author={author}", "--date=2026-03-19T10:00:00Z", "-m", note)


def test_commits_count_for_who_wrote_them_and_who_did_so_with_them(shop: Workspace) -> None:
    root = shop.project.root
    git(root, "init", "-q")
    commit(root, "contracts/a b\n ü.yaml")
    commit(root, "lib/x.py", author="L <Lin@example.org>", note="edit\n\nCo-authored-by: G <grace@example.org>")
    commit(root, ".mailmap", "Bo <bo@example.org> <b.o@home.example>")
    commit(root, "functions.py", author="B <b.o@home.example>")
    commit(root, "lib/y.py", author="S <stranger@example.org>")
    found = touched(root, "2020-01-01")
    assert [each.authors for each in found][-2:] == [("Lin@example.org", "grace@example.org"), ("ada@example.org",)]
    assert found[-1].files == ("contracts/a b\n ü.yaml",)
    known = {each.name: [k.person for k in each.people] for each in shown(shop).areas}
    assert known["code: lib/"] == ["grace", "lin"] and known["features"] == ["bo"] and known["data"] == ["ada"]
    assert shown(shop).strangers == ["stranger@example.org"]


def test_what_lies_behind_a_commit_with_an_older_date_counts(shop: Workspace) -> None:
    root = shop.project.root
    git(root, "init", "-q")
    commit(root, "lib/x.py")
    old = {**os.environ, "GIT_COMMITTER_DATE": "2019-01-01T10:00:00Z", "GIT_AUTHOR_DATE": "2019-01-01T10:00:00Z"}
    words = ("-c", "user.name=A", "-c", "user.email=ada@example.org", "commit", "-q", "-am", "a clock set back")
    (root / "lib/x.py").write_text("y", "utf-8")
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, env=old)
    assert [each.time[:10] for each in touched(root, "2024-01-01")] == ["2026-03-19"]


def test_to_read_a_repository_runs_nothing_of_it(shop: Workspace, tmp_path: Path) -> None:
    root, mark = shop.project.root, tmp_path / "was here"
    git(root, "init", "-q")
    script = tmp_path / "gpg"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\n", "utf-8")
    script.chmod(0o755)
    commit(root, "lib/x.py")
    signed = subprocess.run(
        ["git", "-C", str(root), "cat-file", "commit", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n", 1)
    made = subprocess.run(
        ["git", "-C", str(root), "hash-object", "-t", "commit", "-w", "--stdin"],
        check=True, capture_output=True, text=True, input=signed,
    ).stdout.strip()  # fmt: skip
    git(root, "reset", "-q", made)
    for name, value in (("log.showSignature", "true"), ("gpg.program", str(script)), ("core.pager", str(script)),
                        ("diff.external", str(script)), ("core.fsmonitor", str(script))):  # fmt: skip
        git(root, "config", name, value)
    assert [each.files for each in touched(root, "2020-01-01")] == [("lib/x.py",)] and not mark.exists()
    subprocess.run(["git", "-C", str(root), "log", "-1"], check=True, capture_output=True)
    assert mark.exists(), "without our flags it would have been run"


def test_without_git_the_record_alone_tells(shop: Workspace, tmp_path: Path) -> None:
    assert touched(tmp_path, "2020-01-01") == [] and shown(shop).strangers == []
    assert shown(shop).pairs == [] and {each.name for each in shown(shop).areas} == {name for name, _ in AREAS}


def test_a_newcomer_s_first_days_come_from_the_record(shop: Workspace) -> None:
    released(did(shop, "ada"), packed(did(shop, "ada"), 1, 0.5))
    add_note(did(shop, "grace"), "weather", "note", Draft(text="It gains nothing.", title="Weather"))
    add_note(did(shop, "root"), "rain", "note", Draft(text="Who left is asked nothing.", title="Weather"))
    opened = DecisionOpened(decision="drop", question="Drop it?", options=(Option("yes"), Option("no")), decides="ada")
    did(shop, "ada").chain.append(opened, "decision/drop")
    with shop.chain.reading() as reader:
        steps = first_days(shop, reader, "lin", skills(shop, reader, NOW), NOW)
    told = [step.what for step in steps]
    assert told[0] == "What it is for: Call a customer before an order comes back."
    assert told[1:4] == ["What is served: shop:1, since 2026-03-20", "Drop it?", "Weather"]
    assert not any("root" in each for each in told), "root is nobody of the project"
    assert "Ask about notes: grace" in told and "Ask about releases: ada" in told
    helps = [step for step in steps if step.what.startswith("Work on")]
    assert all("alone knows" in step.why for step in helps) and helps
    assert all(step.why and step.do for step in steps)
