"""Pages hold what they are given, escaped, and need nothing from elsewhere."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from treadle.pages import Chart, Mark, Section, bars_across, page, table, tile
from treadle.pages.charts import ticks

NASTY = "<script>alert('x')</script> & \"東京\""


def test_everything_is_escaped():
    html = page(NASTY, [Section(NASTY, tile(NASTY, NASTY, NASTY) + table([NASTY], [[NASTY]]), NASTY)], lead=NASTY)
    assert "<script" not in html and html.count("&lt;script&gt;") >= 7
    svg = Chart(NASTY, NASTY).add(Mark("points", [1], [1], label=NASTY, tips=[NASTY])).svg()
    assert "<script" not in svg + bars_across([(NASTY, 1, 0, 2)])


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_inside_and_few(low, span):
    found = ticks(low, low + span)
    assert len(found) <= 8
    assert all(low - span * 1e-6 - 1e-6 <= tick <= low + span * (1 + 1e-6) + 1e-6 for tick in found)


def test_every_mark_draws_well_formed_svg():
    chart = Chart("x", "y")
    for mark in (
        Mark("line", [0, 1], [1, 2]),
        Mark("step", [0, 1], [1, math.nan]),
        Mark("band", [0, 1], low=[0, 1], high=[1, 2]),
        Mark("points", [0.5], [1], low=[0], high=[2]),
        Mark("bars", [0, 1, 2], [3, 4]),
    ):
        chart.add(mark)
    figure = ET.fromstring(chart.rule("x", 0.5, "here").rule("y", 1.0, "there").svg())
    assert "nan" not in ET.tostring(figure).decode()


def test_empty_and_flat_data_draw():
    assert "<svg" in Chart("x", "y").svg() and "Nothing" in bars_across([])
    assert "nan" not in Chart("x", "y").add(Mark("points", [1, 1], [2, 2])).svg()


def tick_boxes(chart):
    """Left and right ends of the labels below the axis, as a browser would lay out characters of 6.6 px."""
    figure = ET.fromstring(chart.svg())
    below = chart.height - 46 + 17
    texts = [t for t in figure.iter("text") if t.get("y") == str(below)]
    spans = []
    for found in texts:
        text = (found.text or "") + "".join(child.tail or "" for child in found)
        wide, x = 6.6 * len(text), float(found.get("x"))
        start = {"middle": x - wide / 2, "end": x - wide}.get(found.get("text-anchor"), x)
        spans.append((start, start + wide))
    return spans


@given(st.lists(st.text("abc 0", max_size=40), min_size=1, max_size=40))
def test_labels_of_an_axis_stand_apart_and_within_the_chart(labels):
    ticks_named = [(float(i), text) for i, text in enumerate(labels)]
    spans = tick_boxes(Chart("", "share", x=(0, max(len(labels) - 1, 1)), x_ticks=ticks_named))
    assert spans
    assert all(end <= start + 0.01 for (_, end), (start, _) in pairwise(spans))
    assert all(start >= -0.01 and end <= 460.01 for start, end in spans)


def test_what_is_cut_off_a_label_can_be_read_by_the_pointer():
    long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch"
    svg = Chart("", "share", x=(0, 1), x_ticks=[(0.0, long)]).svg()
    assert f"<title>{long}</title>" in svg and f">{long}<" not in svg.replace(f"<title>{long}</title>", "")


def test_no_sign_of_a_text_moves_a_terminal_or_turns_its_order():
    odd = "a\x1b]0;x\x07b\u202ec\u2066d\x9b"
    shown = page(odd, [Section(odd, table((odd,), [(odd,)]), odd)], lead=odd, footer=odd)
    assert not set(odd) & set("\x1b\x07\u202e\u2066\x9b") & set(shown)
    assert "a\ufffd]0;x\ufffdb\ufffdc\ufffdd\ufffd" in shown


def test_a_number_is_not_broken_and_words_in_its_place_are() -> None:
    why = "no interval: 66 days are needed, and there are 12"
    shown = table(("part", "gain"), [("all", "-0.004 (-0.020 to +0.012)"), ("a", why)], numbers=(1,))
    assert "<td class=n>-0.004 (-0.020 to +0.012)</td>" in shown and f'<td class="n t">{why}</td>' in shown


def test_bars_of_shares_say_so():
    html = bars_across([("a", 0.25, 0.25, 0.25), ("b", 1.0, 1.0, 1.0)], percent=True)
    assert ">25.0%<" in html and ">100.0%<" in html and "<title>a: 25.0%</title>" in html
