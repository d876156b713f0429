"""The project's pages: what stands on them, and that they are used without a script, by keyboard and on paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stage_shop import edit, opened
from written_shop import packed, written_shop

from services.chromium import Browser
from treadle.api.models import AcceptRequest, models_accept
from treadle.api.operation import Context
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.labelling import Item, Queue, Shown, experts_page
from treadle.labelling.items import Why
from treadle.pages import LINKS, Section, page
from treadle.people import accept, approve, sign
from treadle.people.assigning import assign
from treadle.people.deciding import open_decision, state_position
from treadle.principal import person
from treadle.rhythm.reviewing import say
from treadle.stages import Work
from treadle.stages.stating import state_brief
from treadle.web.answers import Answers

PAGES = ("/home", "/decision", "/decision?name=drop-weather", "/review", "/month")
SHARP = "5 < 6 & \"quoted\" <script>alert('x')</script> 雪"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A version that waits for a signature and a finding's answer, a decision that waits for grace, a sharp comment."""
    folder = tmp_path / "shop"
    workspace = written_shop(folder)
    edit(folder, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin]}, signs: [expert]}")
    workspace = opened(folder)
    state_brief(Work(workspace))
    packing = packed(workspace, 1, 0.5)
    gates = (Gate("leak", 0.0, None, False, f"a feature knows the label: {SHARP}", acceptable=True),)
    said = packing.payload
    asked = ReviewRequested(model=said.model, bundle=said.bundle, gates=gates)
    request = workspace.chain.append(asked, "model/shop:1")
    assign(workspace.chain, workspace.project.spec, request, ["grace"], "")
    say(opened(folder, actor="lin"), None, SHARP, "", None)
    spec, today = workspace.project.spec, workspace.chain.clock().date()
    options = (Option("keep", "as it is"), Option("drop", SHARP))
    opened_now = DecisionOpened(
        decision="drop-weather", question=SHARP, options=options, decides="ada", asked=("lin", "grace")
    )
    open_decision(workspace.chain, spec, opened_now, today)
    state_position(workspace.chain.acting("lin"), "drop-weather", "drop", SHARP, (packing.ref,), today)
    return folder


def got(shop: Path, page: str) -> str:
    path, _, query = page.partition("?")
    status, _, content = Answers(str(shop)).answer("GET", path, query, person("ada"))
    assert status == 200, content
    return content.decode()


def test_home_says_what_waits_for_whom_and_how_to_end_it(shop: Path) -> None:
    home = got(shop, "/home")
    for told in (
        "nobody has signed it as expert",
        "treadle models sign . shop:1 --as lin",
        "--finding &quot;leak&quot; --because REASON --as grace",
        "you were asked to review it",
        "you are asked, and were not heard",
        "treadle decide say . drop-weather --for OPTION --because REASON --as grace",
        "answer lin: 5 &lt; 6",
        'href="/decision?name=drop-weather"',
    ):
        assert told in home, told
    assert "<script" not in home and "not heard yet" not in home


def test_a_decision_and_a_review_show_both_sides_and_what_is_in_the_way(shop: Path) -> None:
    decision = got(shop, "/decision?name=drop-weather")
    assert "Not heard yet: grace" in decision and "Nobody is for it." in decision and "雪" in decision
    review = got(shop, "/review")
    assert "What stands in the way" in review and "<strong>grace</strong> is asked to review it" in review
    assert "treadle models accept . shop:1" in review and "<script" not in decision + review
    lin = opened(shop, actor="lin")
    with lin.chain.reading() as reader:
        (asked,) = reader.find(ReviewRequested)
    sign(lin.chain, lin.project.spec, asked, "", "")
    signed = got(shop, "/review")
    assert "nobody has signed it" not in signed and "<li>signed by lin as expert</li>" in signed


def test_a_review_that_is_done_tells_whose_word_it_rests_on(shop: Path) -> None:
    grace = opened(shop, actor="grace")
    with grace.chain.reading() as reader:
        (asked,) = reader.find(ReviewRequested)
    said, spec = asked.payload, grace.project.spec
    lin = opened(shop, actor="lin")
    sign(lin.chain, spec, asked, "", "")
    for gate in said.gates:
        if not gate.holds and gate.acceptable:
            accept(grace.chain, spec, said.model, said.bundle.digest, gate=gate.name, reason="known before")
    approve(grace.chain, spec, said.model, said.bundle.digest, by="grace")
    review = got(shop, "/review")
    for told in ("approved by grace", "signed by lin as expert", "known before (grace", "The first version, made of"):
        assert told in review, told
    assert "is asked to review it" not in review and "since the version before" not in review


def test_decisions_are_listed_where_none_is_named(shop: Path) -> None:
    listed = got(shop, "/decision")
    assert 'href="/decision?name=drop-weather"' in listed and 'href="/home"' in listed and "<script" not in listed
    assert "<td>grace</td>" in listed, "whom it waits for"


def test_a_report_that_was_kept_leads_home(shop: Path) -> None:
    place = opened(shop).report
    place.parent.mkdir(parents=True, exist_ok=True)
    kept = page("shop", [Section("Quality", "<p>fine</p>")])
    place.write_text(kept, encoding="utf-8")
    shown = got(shop, "/report")
    assert 'href="/home"' in shown and 'href="/home"' not in place.read_text(encoding="utf-8")
    assert shown == page("shop", [Section("Quality", "<p>fine</p>")], links=LINKS)


def test_who_accepts_the_last_finding_is_told_whose_signature_lacks(shop: Path) -> None:
    ask = AcceptRequest(project=str(shop), finding="leak", because="a test")
    answer = models_accept(ask, Context(person("grace")))
    assert answer.next == f"expert is lin: treadle models sign {shop} shop:1 --as lin"
    lin = opened(shop, actor="lin")
    with lin.chain.reading() as reader:
        (asked,) = reader.find(ReviewRequested)
    sign(lin.chain, lin.project.spec, asked, "", "")
    assert models_accept(ask, Context(person("grace"))).next == f"treadle models release {shop} shop:1 --as grace"


@pytest.mark.parametrize("asked", ["/decision?name=none", "/decision?of=x", "/review?model=7", "/home?days=3"])
def test_a_page_that_cannot_be_made_says_why(shop: Path, asked: str) -> None:
    path, _, query = asked.partition("?")
    status, _, content = Answers(str(shop)).answer("GET", path, query, person("ada"))
    said = json.loads(content)
    assert status in (400, 404, 422) and said["error"] and said["mend"]


@pytest.mark.needs("chromium")
def test_every_page_can_be_used_by_everybody(shop: Path, chromium: Browser, tmp_path: Path) -> None:
    """0 violations by axe in light and dark, wide and narrow; nothing is cut off sideways; no script is needed."""
    item = Item(row="r1", key=SHARP, why=(Why("uncertain", SHARP),), source="no", model="yes", values=("1.5",))
    queue = Queue(target="late", labels=("no", "yes"), columns=("amount",), items=(item,))
    rows = experts_page(Shown(project="shop", who="lin", decision="", queue=queue, mine={}))
    pages = {name: got(shop, name) for name in PAGES} | {"/experts": rows}
    for number, (name, content) in enumerate(pages.items()):
        file = tmp_path / f"{number}.html"
        file.write_text(content, encoding="utf-8")
        for width, dark in ((1100, False), (400, True)):
            chromium.open(file.as_uri(), width=width, dark=dark)
            assert chromium.violations() == [], name
            assert chromium.value("document.documentElement.scrollWidth") <= width, name
        chromium.open(file.as_uri(), scripts=False)
        assert len(chromium.value("document.body.innerText")) > 200, name
        assert chromium.printed().startswith(b"%PDF")


@pytest.mark.needs("chromium")
def test_home_is_followed_by_keyboard_alone(shop: Path, chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "home.html"
    file.write_text(got(shop, "/home").replace('href="/decision?name=drop-weather"', 'href="decision.html"'), "utf-8")
    (tmp_path / "decision.html").write_text(got(shop, "/decision?name=drop-weather"), encoding="utf-8")
    chromium.open(file.as_uri(), scripts=False)
    named = list[str]()
    while not named or not named[-1].startswith("5 < 6"):
        chromium.press("Tab")
        named.append(chromium.value("document.activeElement.tagName == 'A' ? document.activeElement.textContent : ''"))
        assert len(named) < 20, "the decision is not reached by keyboard"
    assert named[:2] == ["Home", "Review"]
    assert chromium.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.press("Enter")
    chromium.loaded()
    assert chromium.value("document.querySelector('h2').textContent") == "Options"
