"""The page on which an expert labels rows, and the list of what was said: nothing is chosen or left out in silence."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode

import pytest
from asked_rows import QUEUE, ROWS, given, record
from msgspec.structs import replace
from rich.console import Console

from treadle.cli.show.experts import show_labels
from treadle.evidence.kinds.labels_said import RowSaid
from treadle.exploring.experts import _stands
from treadle.exploring.experts_found import LabelsStand
from treadle.labelling import Shown, Taken, Word, experts_page, read_form, say, words


def shown(**mine: RowSaid) -> str:
    told = {key: Word(said, 7, "") for key, said in mine.items()}
    return experts_page(Shown(project="shop", who="lin", decision="", queue=QUEUE, mine=told))


def test_a_row_is_called_by_its_key_and_time_and_nothing_is_chosen_beforehand() -> None:
    page = shown()
    assert f"<legend>1. 1 at 2024-05-01 09:00 ({ROWS['1']})</legend>" in page
    assert page.count("I cannot say") == 3 and "checked" not in page


def test_a_row_of_which_they_cannot_say_comes_last_and_is_no_label() -> None:
    page = shown(**{"1": RowSaid(row=ROWS["1"], key="1", unsure=True), "2": RowSaid(row="", key="2", label="no")})
    assert re.findall(r"<legend>\d+\. (\d)", page) == ["3", "1"]
    assert "2 of 3 rows done by lin; of 1 row they cannot say, which come last here" in page
    assert page.count(" checked") == 1 and 'value="cannot say" checked' in page
    done = shown(**{key: RowSaid(row=row, key=key, label="no") for key, row in ROWS.items()})
    assert "You have spoken of every row" in done


def test_what_was_said_beside_that_they_cannot_say_stands_there_and_is_kept_as_the_page_is_saved() -> None:
    said = RowSaid(row=ROWS["1"], key="1", unsure=True, comment='ask "ops"', implausible=("amount", "row"))
    page = shown(**{"1": said, "2": RowSaid(row="", key="2", label="no")})
    assert 'value="ask &quot;ops&quot;"' in page or 'value="ask &#34;ops&#34;"' in page
    assert re.findall(r'name="out\d" value="(\w+)"[^>]* checked', page) == ["amount", "row"]
    assert page.count(" checked") == 3
    queue = replace(QUEUE, columns=("model", "kind"))
    word = Word(RowSaid(row=ROWS["1"], key="1", unsure=True, implausible=("model",)), 7, "")
    page = experts_page(Shown(project="shop", who="lin", decision="", queue=queue, mine={"1": word}))
    assert re.findall(r'name="out\d" value="([^"]+)"[^>]* checked', page) == ["model (feature)"], "as it is shown"


@pytest.mark.parametrize("labels", [("no", "yes"), ()])
def test_that_they_cannot_say_is_kept_as_it_was_sent(tmp_path: Path, labels: tuple[str, ...]) -> None:
    queue = replace(QUEUE, labels=labels)
    fields = [("target", "back"), ("row0", ROWS["1"]), ("seen0", "0"), ("label0", ""), ("label0", "cannot say")]
    chain, asked = record(tmp_path)
    assert say(chain, "shop", [queue], asked, read_form(urlencode(fields), "back"), "page").rows == 1
    with chain.reading() as reader:
        assert words(reader, "shop")["1"]["lin"].said.unsure
    both = [*fields[:3], ("label0", "12"), ("label0", "cannot say")]
    (wrong,) = say(chain, "shop", [queue], asked, read_form(urlencode(both), "back"), "page").conflicts
    assert "12 cannot say" in wrong.what


def test_a_row_that_was_not_taken_stands_there_again_as_it_was_sent(tmp_path: Path) -> None:
    """What was typed was lost, and the page that it was to be said on had the row no more."""
    chain, asked = record(tmp_path)

    def sent(label: str, comment: str, seen: int) -> tuple[str, Taken]:
        fields = [("target", "back"), ("row0", ROWS["1"]), ("seen0", f"{seen}"), ("label0", label), ("out0", "kind")]
        fields += [("comment0", comment), ("row1", ROWS["2"]), ("seen1", "0"), ("label1", ""), ("comment1", "x" * 2001)]
        rows = read_form(urlencode(fields), "back")
        taken = say(chain, "shop", [QUEUE], asked, rows, "page")
        with chain.reading() as reader:
            mine = {key: told["lin"] for key, told in words(reader, "shop").items()}
        made = Shown(project="shop", who="lin", decision="", queue=QUEUE, mine=mine, taken=taken, sent=rows)
        return experts_page(made), taken

    _, first = sent("yes", "so", 0)
    page, second = sent("no", "for long", 0)
    assert "it stands here again, as you sent it" in second.conflicts[1].mend
    assert re.findall(r"<legend>\d+\. (\d)", page) == ["1", "2", "3"]
    assert "You said of it elsewhere: <strong>yes; implausible: kind; so</strong>" in page
    assert f'name="seen0" value="{first.entry}"' in page and 'value="for long"' in page and "x" * 2001 in page
    assert re.findall(r'name="(?:label|out)0" value="(\w+)"[^>]* checked', page) == ["kind", "no"]
    assert [each.row for each in sent("no", "for long", first.entry)[1].conflicts] == [ROWS["2"]]
    with chain.reading() as reader:
        assert words(reader, "shop")["1"]["lin"].said.comment == "for long"


def test_a_label_that_is_none_stands_in_the_field_again(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    queue = replace(QUEUE, labels=())
    for label, shown_again in (("1,250", 'value="1,250">'), ("cannot say", 'value="cannot say" checked')):
        fields = [("target", "back"), ("row0", ROWS["1"]), ("seen0", "0"), ("label0", label), ("out0", "strange")]
        rows = read_form(urlencode(fields), "back")
        taken = say(chain, "shop", [queue], asked, rows, "page")
        page = experts_page(Shown(project="shop", who="lin", decision="", queue=queue, mine={}, taken=taken, sent=rows))
        assert taken.rows == 0 and shown_again in page
        other = replace(queue, items=queue.items[1:])  # others were asked about meanwhile
        page = experts_page(Shown(project="shop", who="lin", decision="", queue=other, mine={}, taken=taken, sent=rows))
        assert f"of {ROWS['1']} you sent: {label}; strange" in page


def test_a_feature_with_a_comma_in_its_name_is_ticked_and_listed(tmp_path: Path) -> None:
    chain, asked = record(tmp_path)
    queue = replace(QUEUE, columns=("size, cm", "kind"))
    fields = [("target", "back"), ("row0", ROWS["1"]), ("seen0", "0"), ("out0", "size, cm"), ("out0", "kind")]
    assert say(chain, "shop", [queue], asked, read_form(urlencode(fields), "back"), "page").rows == 1
    listed = [given("2", implausible="kind, size, cm,row")]
    assert say(chain, "shop", [queue], asked, listed, "sheet").rows == 1
    with chain.reading() as reader:
        said = words(reader, "shop")
    assert said["1"]["lin"].said.implausible == ("size, cm", "kind")
    assert said["2"]["lin"].said.implausible == ("kind", "size, cm", "row")


def test_the_list_says_what_was_said_where_it_is_no_label() -> None:
    told = {
        "R-1": RowSaid(row="r1", key="R-1", comment="asked her"),
        "R-2": RowSaid(row="r2", key="R-2", implausible=("amount",)),
        "R-3": RowSaid(row="r3", key="R-3", unsure=True),
        "R-4": RowSaid(row="r4", key="R-4", label="yes", implausible=("kind",)),
    }
    said = {key: {"kim": Word(each, 1, "")} for key, each in told.items()}
    rows = [_stands(said, key, {}) for key in told]
    stand = LabelsStand("back", "", 4, 0, 1, 0, {"kim": 4}, {}, rows, 0, "", "", {}, [])
    out = StringIO()
    show_labels(stand, Console(file=out, width=200))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "R-1 r1: kim: a comment → no label" in lines and "kim: asked her" in lines
    assert "R-2 r2: kim: implausible: amount → no label" in lines
    assert "R-3 r3: kim: cannot say → no label" in lines
    assert "R-4 r4: kim: yes; implausible: kind → open" in lines
