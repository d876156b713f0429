"""A note: its figures are read anew, it is flagged when one changed or a link was followed, and no edit is lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from written_shop import by, evaluated, packed, released, searched, trial, written_shop

from treadle.errors import EvidenceError, TeamError
from treadle.evidence import verify
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.knowledge.citing import citations
from treadle.knowledge.found import Note
from treadle.knowledge.notes import list_notes, names, note
from treadle.knowledge.writing import MOST_TEXT, Draft, Edited, add_note, edit_note
from treadle.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return written_shop(tmp_path / "shop")


def shown(shop: Workspace, name: str = "weather", number: int | None = None) -> Note:
    with shop.chain.reading() as reader:
        return note(shop, reader, name, number)


def add(shop: Workspace, text: str = "It gains nothing.", name: str = "weather", **draft: object) -> None:
    add_note(shop, name, "note", Draft(text=text, **draft))  # type: ignore[arg-type]


def edit(shop: Workspace, instead_of: int | None, **draft: object) -> Edited:
    return edit_note(shop, "weather", instead_of, Draft(**draft))  # type: ignore[arg-type]


def test_figures_are_read_from_the_record(shop: Workspace) -> None:
    packed(shop, 1, 0.53534)
    add(shop, "# Weather\n\nWith it: {shop:1.average_precision}, {shop:1.mb} MB; `{not.this}`.")
    found = shown(shop)
    assert found.title == "Weather" and found.flags == []
    assert found.text == "# Weather\n\nWith it: 0.54, 0.1200 MB; `{not.this}`."
    assert found.written.count("{shop:1.average_precision}") == 1
    assert [(each.cited, each.was, each.now, each.entry) for each in found.figures] == [
        ("shop:1.average_precision", "0.54", "0.54", 1),
        ("shop:1.mb", "0.1200", "0.1200", 1),
    ]


def test_a_figure_of_an_endpoint_is_that_of_the_version_that_it_serves(shop: Workspace) -> None:
    released(shop, packed(shop, 1, 0.5))
    add(shop, "We serve {endpoint/shop.average_precision}.")
    packed(shop, 2, 0.7)
    assert shown(shop).flags == [], "what is not released changes nothing of it"
    released(shop, packed(shop, 3, 0.55))
    found = shown(shop)
    (flag,) = found.flags
    assert flag == "endpoint/shop.average_precision was 0.50 when ada wrote it, and is 0.55 now (#5)"
    assert found.text == "We serve 0.55 [was 0.50]."


def test_a_score_on_folds_is_not_taken_for_that_on_sealed_rows(shop: Workspace) -> None:
    evaluated(shop, 0.5)
    searched(shop, trial(0, "linear", 0.9))
    add(shop, "{shop.average_precision}")
    assert shown(shop).text == "0.50"


def test_what_came_after_a_link_flags_it_until_somebody_says_that_it_holds(shop: Workspace) -> None:
    first = packed(shop, 1, 0.5)
    packed(shop, 2, 0.6)
    add(shop, on=("shop:1",))
    assert shown(shop).flags == [], "what was there already was known"
    later = packed(shop, 3, 0.7)
    (flag,) = shown(shop).flags
    assert flag.startswith(f"shop:1 (#{first.seq}) was followed by #{later.seq} (") and "shop:3" in flag
    assert edit(by(shop, "grace"), 1).entry is not None
    found = shown(shop)
    assert (found.number, found.by, found.flags) == (2, "grace", [])
    with pytest.raises(TeamError, match="nothing of weather is changed"):
        edit(shop, 2)


def test_an_edit_keeps_what_it_does_not_say(shop: Workspace) -> None:
    packed(shop, 1, 0.5)
    add(shop, title="The weather", tags=("Cost", "cost", "sources"), source="see there", on=("shop:1",))
    edit(by(shop, "lin"), 1, text="It gains a little.\nNot much.")
    found = shown(shop)
    assert (found.title, found.tags, found.source) == ("The weather", ["cost", "sources"], "see there")
    assert [link.name for link in found.links] == ["shop:1"]
    assert [(v.number, v.by, v.lines) for v in found.versions] == [(1, "ada", 1), (2, "lin", 3)]
    earlier = shown(shop, number=1)
    assert earlier.text == "It gains nothing." and earlier.flags == ["version 2 took its place"]
    edit(shop, 2, tags=(), on=())
    assert (shown(shop).tags, shown(shop).links) == ([], [])


def test_the_second_of_two_who_edit_gets_both_versions(shop: Workspace) -> None:
    add(shop, "a\nb")
    assert edit(by(shop, "grace"), 1, text="a\nb, by grace").conflict is None
    kept = edit(by(shop, "lin"), 1, text="a, by lin\nb")
    assert kept.entry is None and kept.conflict is not None
    found = kept.conflict
    assert (found.common, found.theirs, found.yours) == ("a\nb", "a\nb, by grace", "a, by lin\nb")
    assert (found.edited, found.theirs_number, found.theirs_by) == (1, 2, "grace")
    assert shown(shop).text == "a\nb, by grace"
    assert edit(by(shop, "lin"), 2, text="a, by lin\nb, by grace").entry is not None
    assert verify(shop.chain).ok


def test_of_many_who_edit_at_once_one_is_kept(shop: Workspace) -> None:
    add(shop, "0")
    barrier, out = threading.Barrier(6), list[Edited]()

    def go(number: int) -> None:
        barrier.wait()
        out.append(edit(by(shop, f"p{number}"), 1, text=f"{number}"))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(1, 7)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(each.conflict is None for each in out) == 1
    assert len(shop.chain.find(NoteWritten)) == 2 and shown(shop).number == 2


@pytest.mark.parametrize(
    ("draft", "said", "place"),
    [
        ({"text": " \n "}, "a note needs a text", "--text"),
        ({"text": "x" * (MOST_TEXT + 1)}, "100,001 characters are no note", "--text"),
        ({"text": "a\0b"}, "a text with a NUL in it is no note", "--text"),
        ({"text": "x", "tags": ("two words",)}, '"two words" is no tag', "--tag"),
        ({"text": "x", "tags": ("",)}, '"" is no tag', "--tag"),
        ({"text": "x", "tags": tuple(f"t{n}" for n in range(51))}, "51 tags are too many", "--tag"),
        ({"text": "x", "title": "x" * 201}, "a title is a line of text", "--title"),
        ({"text": "x", "on": tuple(str(n) for n in range(51))}, "51 links are no note", "--on"),
        ({"text": " ".join(f"{{a.b{n}}}" for n in range(51))}, "51 figures are no note", "--text"),
        ({"text": "{shop:1.recal}"}, "shop:1 has no figure recal", "{shop:1.recal}"),
    ],
)
def test_what_makes_no_note_is_refused_and_nothing_is_kept(
    shop: Workspace, draft: dict[str, object], said: str, place: str
) -> None:
    packed(shop, 1, 0.5)
    with pytest.raises(TeamError) as told:
        add_note(shop, "weather", "note", Draft(**draft))  # type: ignore[arg-type]
    assert told.value.what == said and told.value.where == place and told.value.mend
    assert not shop.chain.find(NoteWritten)


def test_names_that_nothing_has_are_refused_with_what_is_like_them(shop: Workspace) -> None:
    packed(shop, 1, 0.5)
    for draft in ({"text": "{shap:1.mb}"}, {"text": "x", "on": ("shap:1",)}):
        with pytest.raises(EvidenceError, match='nothing in the record is called "shap:1"'):
            add_note(shop, "weather", "note", Draft(**draft))  # type: ignore[arg-type]
    for name in ("", "Weather", "a b", "x" * 81, "../x"):
        with pytest.raises(TeamError, match="is no name for a note"):
            add(shop, name=name)
    add(shop)
    with pytest.raises(TeamError, match="there is a note weather already"):
        add(shop)
    with pytest.raises(TeamError, match="there is no note wether") as told:
        shown(shop, "wether")
    assert told.value.mend == 'did you mean "weather"?'
    for number in (0, 2, -1):
        with pytest.raises(TeamError, match=f"weather has no version {number}"):
            shown(shop, number=number)
    for wrong, what in ((None, "which version of weather did you edit"), (7, "weather has no version 7")):
        with pytest.raises(TeamError, match=what):
            edit(shop, wrong, text="y")


def test_a_figure_whose_subject_is_gone_is_told_and_not_made_up(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(shop, 1, 0.5)
    add(shop, "It is {shop:1.mb}.")
    from treadle.knowledge import notes

    def away(*_: object) -> None:
        raise EvidenceError('nothing in the record is called "shop:1"')

    monkeypatch.setattr(notes, "read_figure", away)
    found = shown(shop)
    assert found.text == "It is ? [was 0.1200]." and "cannot be read now" in found.flags[0]


def test_a_note_rests_on_what_it_cites_so_that_why_walks_on(shop: Workspace) -> None:
    from treadle.history.lineage import explain

    packed(shop, 1, 0.5)
    add(shop, "{shop:1.mb}", on=("shop:1",))
    assert [node.kind for node in explain(shop, "note/weather").nodes] == ["note.written", "model.packed"]


def test_notes_are_listed_with_those_that_may_not_hold_first(shop: Workspace) -> None:
    packed(shop, 1, 0.5)
    add(shop, "{shop.average_precision}", "old", tags=("scores",))
    add(shop, "x", "new")
    packed(shop, 2, 0.9)
    with shop.chain.reading() as reader:
        found, more = list_notes(shop, reader, None, 10, flagged=False)
        assert [(line.name, bool(line.flags)) for line in found] == [("old", True), ("new", False)] and more == 0
        assert [line.name for line in list_notes(shop, reader, None, 1, flagged=True)[0]] == ["old"]
        assert [line.name for line in list_notes(shop, reader, "Scores", 9, flagged=False)[0]] == ["old"]
        assert list_notes(shop, reader, None, 1, flagged=False)[1] == 1
        assert names(reader) == ["new", "old"]
        with pytest.raises(TeamError, match="no note has the tag score") as told:
            list_notes(shop, reader, "score", 9, flagged=False)
    assert told.value.mend == 'did you mean "scores"?'


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        (
            "{a.b} {endpoint/x.recall} {shop:3.average_precision}",
            ["a.b", "endpoint/x.recall", "shop:3.average_precision"],
        ),
        ("`{a.b}` and ``` {c.d} ``` and {e.f}", ["e.f"]),
        ("```\n{a.b}\n", []),
        ("{ a.b } {a b.c} {} {.} {a.} {.b} {a.3} {{a.b}}", ["a.b"]),
    ],
)
def test_what_is_a_figure_in_a_text(text: str, cited: list[str]) -> None:
    found = list(citations(text))
    assert [each.cited for each in found] == cited
    assert all(text[each.start : each.end] == f"{{{each.cited}}}" for each in found)


def test_a_long_note_with_a_word_changed_on_each_line_says_how_many_lines_differ(shop: Workspace) -> None:
    """By aligning these, which are alike, the answer would take minutes."""
    line = "the share of late labels on day {} was {} per mille"
    first = "\n".join(line.format(day, 1) for day in range(1500))
    add_note(shop, "long", "note", Draft(text=first, title="Long"))
    edit_note(shop, "long", 1, Draft(text=first.replace("was 1 per", "was 2 per") + "\nand that is all"))
    assert [each.lines for each in shown(shop, "long").versions] == [1500, 3001]
